// Owns: the servers, people and applications of the pages in pages.mjs, and what those people do: `latchkey
// dev`, and `latchkey serve` behind https with mail, as it stands on the internet.
import { setTimeout as sleep } from 'node:timers/promises';

import { makeCertificate } from '../support/certificate.mjs';
import { send } from '../support/http_client.mjs';
import { planLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { register as registerStranger } from '../support/registration.mjs';
import { authorizeUrl, call, makePkce } from '../support/relying_party.mjs';
import { takeMail } from '../support/sign_in_mail.mjs';
import { MailServer } from '../support/smtp_server.mjs';
import { startDev } from './dev_server.mjs';
import { typePassword } from './person.mjs';

const ISSUER = 'https://id.example.com';
export const DAISY = { email: 'daisy@example.com', name: 'Daisy Meadows', password: 'violet-Harbour-92-lantern' };
export const LONG = {
  email: 'maximiliane.konstantinopolitanische-dudelsackpfeifenmacherin@verwaltungsgemeinschaft.example.com',
  name: 'Maximiliane Konstantinopolitanische-Dudelsackpfeifenmacherin von und zu Unterammergau',
  password: 'amber-Teapot-31-gravel',
};
export const NOOR = { email: 'noor@example.com', name: 'نور الهدى', password: 'quiet-Marble-58-thicket' };
export const BOB = { email: 'bob@example.com', name: 'Bob', password: DAISY.password };
/** How long sign-in pages of `latchkey dev` last here, in seconds: the least there is. */
const SHORT = 60;
const EVERYTHING = 'openid profile email address phone offline_access';

async function startSite(mails) {
  const plan = await planLatchkey({ scheme: 'https' });
  const { certificate, key } = makeCertificate(temporaryFolder());
  plan.issuer = ISSUER;
  plan.host = new URL(ISSUER).host;
  Object.assign(plan.settings, {
    issuer: ISSUER, tls_cert_file: certificate, tls_key_file: key, throttle_account_attempts: 3, registration: 'open', database_timeout: '1s',
    smtp_url: mails.setting(), smtp_plain: true, mail_from: 'id@id.example.com', mail_attempts_source: 10_000,
    login_method: 'password_or_magic_link', signup_domains: 'example.com,example.org',
  });
  return plan.start();
}

async function register(site) {
  const about = { policy_uri: 'https://notes.example.com/privacy', tos_uri: 'https://notes.example.com/terms' };
  const clients = {
    notes: await site.addClient({ name: 'Meadow Notes', redirect_uris: ['https://notes.example.com/cb'],
      metadata: { ...about, post_logout_redirect_uris: ['https://notes.example.com/'] } }),
    native: await site.addClient({ name: 'Meadow for phones', redirect_uris: ['com.example.meadow:/cb'],
      public: true, first_party: true }),
    long: await site.addClient({
      name: 'Donaudampfschifffahrtsgesellschaftskapitänsmützenverwaltung für Unterammergau und Umgebung e. V.',
      redirect_uris: ['https://a-rather-long-name-of-a-host.department.subsidiary.example-company.example.com/cb'],
      metadata: about }),
    arabic: await site.addClient({ name: 'مذكرات المرج', redirect_uris: ['https://notes.example.com/arabic'] }),
    mailed: await site.addClient({ name: 'Meadow Letters', redirect_uris: ['https://letters.example.com/cb'] }),
    both: await site.addClient({ name: 'Meadow Club', redirect_uris: ['https://club.example.com/cb'], metadata: about }),
    posting: await site.addClient({ name: 'Meadow Post', redirect_uris: ['https://post.example.com/cb'] }),
    branded: await site.addClient({ name: 'Sunflower', redirect_uris: ['https://sun.example.com/cb'], metadata: about }),
    // Their pages are some of the issuer's, because those are there and may be framed.
    maps: await site.addClient({ name: 'Meadow Maps', redirect_uris: [`${ISSUER}/health`] }),
    told: await site.addClient({ name: 'Meadow Mail', redirect_uris: [`${ISSUER}/health`], first_party: true,
      metadata: { frontchannel_logout_uri: `${ISSUER}/check_session` } }),
    stranger: (await registerStranger(site, { client_name: 'Meadow Prizes', ...about,
      redirect_uris: ['https://prizes.example.net/cb'] })).json(),
  };
  const rule = (name, ...flags) => site.command(['client', 'set', clients[name].client_id, ...flags]);
  for (const name of ['notes', 'long', 'arabic']) await rule(name, '--login-method', 'password');
  await rule('mailed', '--login-method', 'magic_link', '--self-signup', 'true');
  await rule('both', '--self-signup', 'true');
  await rule('branded', '--self-signup', 'true');
  await site.command(['brand', 'set', '--client', clients.branded.client_id, '--name', 'Sunflower & Friends', '--color', '#b3261e',
    '--support-email', 'help@sun.example.com', '--support-url', 'https://sun.example.com/help']);
  return clients;
}

/**
 * Begins a sign-in that only the application could begin again, because it pushed its request. Gives a wait
 * for the time when the page is too old, which ends with its address.
 */
async function leaveOpen(dev) {
  const pkce = { code_challenge: makePkce().challenge, code_challenge_method: 'S256' };
  const redirect = 'https://prizes.example.net/cb';
  const client = (await registerStranger(dev, { client_name: 'Meadow Prizes', redirect_uris: [redirect] })).json();
  const { request_uri } = (await call(dev, '/par', client,
    { response_type: 'code', redirect_uri: redirect, scope: 'openid', ...pkce })).json();
  const begun = await send(dev.url(`/authorize?${new URLSearchParams({ client_id: client.client_id, request_uri })}`));
  const end = Date.now() + SHORT * 1000 + 500;
  return async () => {
    await sleep(Math.max(0, end - Date.now()));
    return new URL(begun.location, dev.issuer).href;
  };
}

/** Both servers with the people and applications of the pages. */
export async function startWorld() {
  const mails = await new MailServer({ startTls: false }).start();
  const [dev, site] = await Promise.all([
    startDev({ login_method: 'password_or_magic_link', self_signup: true, registration: 'open',
      interaction_lifetime: `${SHORT}s`, mail_attempts_address: 1000, mail_attempts_source: 1000 }),
    startSite(mails)]);
  const leftOpen = await leaveOpen(dev);
  const clients = await register(site);
  await site.addUser({ ...DAISY, claims: { phone_number: '+49 30 5550100', picture: 'https://notes.example.com/daisy.png',
    address: { formatted: '1 Example Street\n10115 Berlin\nGermany' }, birthdate: '1990-05-17', locale: 'en' } });
  for (const person of [LONG, NOOR, BOB]) await site.addUser(person);
  let readers = 0;
  return {
    dev,
    site,
    clients,
    mails,
    leftOpen,
    /** Somebody who has not asked for any mail yet. */
    reader: () => site.addUser({ email: `reader${++readers}@example.com`, name: 'Robin Vale', password: DAISY.password }),
    stranger: () => `newcomer${++readers}@example.com`,
    mailTo: ({ email }) => takeMail(mails, email),
    /** Chromium's flags to find the second server. */
    flags: [`--host-resolver-rules=MAP id.example.com 127.0.0.1:${site.port}`],
    stop: () => Promise.all([dev.stop(), site.stop(), mails.stop()]),
  };
}

export const request = ({ site, clients }, name, parameters) => authorizeUrl(site, clients[name],
  { code_challenge: makePkce().challenge, code_challenge_method: 'S256', scope: EVERYTHING, ...parameters });

export const toSignIn = (name, parameters) => (world, page) => page.goto(request(world, name, parameters));

export const toConsent = (name, person, parameters) => async (world, page) => {
  await page.goto(request(world, name, parameters));
  await typePassword(page, person);
  await page.waitForSelector('#consent-allow');
};

/** A form that sends itself would be gone before anybody could look at it. */
export const holdForms = (page) => page.route('**/static/form_post.*.js',
  (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));

/** From the sign-in page of an application to the page that waits for the mail. */
export async function askForLink(world, page, { name = 'both', person, parameters } = {}) {
  const reader = person ?? await world.reader();
  await page.goto(request(world, name, parameters));
  await page.fill('#login-email', reader.email);
  await page.click('#link-send');
  await page.waitForSelector('#link-code');
  return { reader, number: (await page.locator('#link-number').innerText()).replace(/\s/g, '') };
}

/** The same in a browser of somebody else's, which stays open: its page, the mail, and the number shown there. */
export async function askElsewhere(world, page, steps = askForLink) {
  const context = await page.context().browser().newContext({ ignoreHTTPSErrors: true,
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' });
  const there = await context.newPage();
  page.once('close', () => context.close().catch(() => {}));
  const { reader, number } = await steps(world, there);
  return { there, number, reader, mail: await world.mailTo(reader) };
}

/** From an application to the form for a new account, and on to the page that waits for the mail. */
export async function signUp(world, page, { name = 'both', email = world.stranger(), password = 'amber-Teapot-31-gravel' } = {}) {
  await page.goto(request(world, name));
  await page.click('#login-signup');
  await page.fill('#email', email);
  await page.fill('#signup-name', 'Robin Vale');
  await page.fill('#new-password', password);
  await page.click('#signup-submit');
  await page.waitForSelector('#link-code, #form-notice');
  const shown = page.locator('#link-number');
  return { reader: { email }, number: await shown.count() ? (await shown.innerText()).replace(/\s/g, '') : undefined };
}

/** Up to the page that waits for the mail with which a new password is chosen. */
export async function forget(world, page, { name = 'both' } = {}) {
  const reader = await world.reader();
  await page.goto(request(world, name));
  await page.click('#login-reset');
  await page.fill('#email', reader.email);
  await page.click('#reset-send');
  await page.waitForSelector('#link-code');
  return { reader, number: (await page.locator('#link-number').innerText()).replace(/\s/g, '') };
}

/** Up to the form for a new password. */
export async function toNewPassword(world, page, parameters) {
  const { reader } = await forget(world, page, parameters);
  const { link } = await world.mailTo(reader);
  await page.goto(link);
  await page.click('#link-confirm');
  await page.waitForSelector('#reset-submit');
}

/** A person's own page, signed in for it. */
export const toAccount = (path = '', person = DAISY) => async (world, page) => {
  await page.goto(world.site.url(`/account${path}`));
  await typePassword(page, person);
  await page.waitForURL((url) => url.pathname.startsWith('/account'));
};

/** Presses a button (or link) and waits until something stands there. */
export async function press(page, id, then) {
  await page.click(id);
  await page.waitForSelector(then);
}
