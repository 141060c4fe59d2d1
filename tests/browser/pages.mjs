// Owns: every page and every state of a page that a person can meet, and how to get there. Two servers:
// `latchkey dev`, and `latchkey serve` behind https as it stands on the internet.
import { makeCertificate } from '../support/certificate.mjs';
import { planLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { register as registerStranger } from '../support/registration.mjs';
import { authorizeUrl, makePkce } from '../support/relying_party.mjs';
import { startDev } from './dev_server.mjs';
import { goOn, openSignIn, signIn, typePassword } from './person.mjs';

const ISSUER = 'https://id.example.com';
const DAISY = { email: 'daisy@example.com', name: 'Daisy Meadows', password: 'violet-Harbour-92-lantern' };
const LONG = {
  email: 'maximiliane.konstantinopolitanische-dudelsackpfeifenmacherin@verwaltungsgemeinschaft.example.com',
  name: 'Maximiliane Konstantinopolitanische-Dudelsackpfeifenmacherin von und zu Unterammergau',
  password: 'amber-Teapot-31-gravel',
};
const NOOR = { email: 'noor@example.com', name: 'نور الهدى', password: 'quiet-Marble-58-thicket' };
const EVERYTHING = 'openid profile email address phone offline_access';

async function startSite() {
  const plan = await planLatchkey({ scheme: 'https' });
  const { certificate, key } = makeCertificate(temporaryFolder());
  plan.issuer = ISSUER;
  plan.host = new URL(ISSUER).host;
  Object.assign(plan.settings, { issuer: ISSUER, tls_cert_file: certificate, tls_key_file: key, throttle_account_attempts: 3,
    registration: 'open' });
  return plan.start();
}

async function register(site) {
  const about = { policy_uri: 'https://notes.example.com/privacy', tos_uri: 'https://notes.example.com/terms' };
  return {
    notes: await site.addClient({ name: 'Meadow Notes', redirect_uris: ['https://notes.example.com/cb'],
      metadata: { ...about, post_logout_redirect_uris: ['https://notes.example.com/'] } }),
    native: await site.addClient({ name: 'Meadow for phones', redirect_uris: ['com.example.meadow:/cb'],
      public: true, first_party: true }),
    long: await site.addClient({
      name: 'Donaudampfschifffahrtsgesellschaftskapitänsmützenverwaltung für Unterammergau und Umgebung e. V.',
      redirect_uris: ['https://a-rather-long-name-of-a-host.department.subsidiary.example-company.example.com/cb'],
      metadata: about }),
    arabic: await site.addClient({ name: 'مذكرات المرج', redirect_uris: ['https://notes.example.com/arabic'] }),
    posting: await site.addClient({ name: 'Meadow Post', redirect_uris: ['https://post.example.com/cb'] }),
    // Its page is one of the issuer's, because that is there and may be framed.
    told: await site.addClient({ name: 'Meadow Mail', redirect_uris: [`${ISSUER}/health`], first_party: true,
      metadata: { frontchannel_logout_uri: `${ISSUER}/check_session` } }),
    stranger: (await registerStranger(site, { client_name: 'Meadow Prizes', ...about,
      redirect_uris: ['https://prizes.example.net/cb'] })).json(),
  };
}

/** Both servers with the people and applications of the pages below. */
export async function startWorld() {
  const [dev, site] = await Promise.all([startDev(), startSite()]);
  const clients = await register(site);
  await site.addUser({ ...DAISY, claims: { phone_number: '+49 30 5550100', picture: 'https://notes.example.com/daisy.png',
    address: { formatted: '1 Example Street\n10115 Berlin\nGermany' }, birthdate: '1990-05-17', locale: 'en' } });
  for (const person of [LONG, NOOR]) await site.addUser(person);
  await site.addUser({ ...DAISY, email: 'bob@example.com', name: 'Bob' });
  return {
    dev,
    site,
    clients,
    /** Chromium's flags to find the second server. */
    flags: [`--host-resolver-rules=MAP id.example.com 127.0.0.1:${site.port}`],
    stop: () => Promise.all([dev.stop(), site.stop()]),
  };
}

const request = ({ site, clients }, name, parameters) => authorizeUrl(site, clients[name],
  { code_challenge: makePkce().challenge, code_challenge_method: 'S256', scope: EVERYTHING, ...parameters });

const toSignIn = (name, parameters) => (world, page) => page.goto(request(world, name, parameters));

const toConsent = (name, person, parameters) => async (world, page) => {
  await page.goto(request(world, name, parameters));
  await typePassword(page, person);
  await page.waitForSelector('#consent-allow');
};

async function demo({ dev }, page, decision) {
  await openSignIn(page, dev);
  await typePassword(page, dev.alice);
  // Whether the demo was allowed before is up to the pages before this one.
  await page.waitForURL((url) => url.pathname !== '/login');
  if (await page.locator(decision).count()) await page.click(decision);
  else if (decision === '#consent-allow') await goOn(page, dev.alice);
}

/** `status` is that of the page itself, 200 unless named. */
export const PAGES = [
  { name: 'home', open: ({ site }, page) => page.goto(site.url('/')) },
  { name: 'home-dev', open: ({ dev }, page) => page.goto(dev.url('/')) },
  { name: 'sign-in', open: toSignIn('notes') },
  { name: 'sign-in-hint', open: toSignIn('notes', { login_hint: DAISY.email }) },
  { name: 'sign-in-wrong', open: async (world, page) => {
    await page.goto(request(world, 'notes'));
    await typePassword(page, { ...DAISY, password: 'not-the-password' });
    await page.waitForSelector('#login-notice');
  } },
  { name: 'sign-in-throttled', status: 429, open: async (world, page) => {
    await page.goto(request(world, 'notes'));
    for (let attempt = 0; attempt < 4; attempt++) {
      const answer = page.waitForResponse((response) => response.request().isNavigationRequest()
        && [200, 429].includes(response.status()));
      await typePassword(page, { email: 'bob@example.com', password: 'not-the-password' });
      await answer;
      await page.waitForSelector('#login-notice');
    }
  } },
  { name: 'sign-in-rebound', open: async (world, page) => {
    await page.goto(request(world, 'notes'));
    await page.context().clearCookies();
    await typePassword(page, DAISY);
    await page.waitForSelector('#login-notice');
  } },
  { name: 'sign-in-again', open: async (world, page) => {
    await toConsent('notes', DAISY)(world, page);
    await page.goto(request(world, 'notes', { prompt: 'login' }));
  } },
  { name: 'sign-in-long', open: toSignIn('long', { login_hint: LONG.email }) },
  { name: 'sign-in-arabic', open: toSignIn('arabic') },
  { name: 'consent', open: toConsent('notes', DAISY) },
  { name: 'consent-usual', open: toConsent('notes', DAISY, { scope: 'openid profile email' }) },
  { name: 'consent-least', open: toConsent('notes', DAISY, { scope: 'openid' }) },
  { name: 'consent-long', open: toConsent('long', LONG) },
  { name: 'consent-arabic', open: toConsent('arabic', NOOR) },
  { name: 'consent-unverified', open: toConsent('stranger', DAISY, { scope: 'openid profile email' }) },
  { name: 'form-post', open: async (world, page) => {
    // It would be gone before anybody could look at it.
    await page.route('**/static/form_post.*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    await toConsent('posting', DAISY, { response_mode: 'form_post' })(world, page);
    await page.click('#consent-allow');
    await page.waitForSelector('#form-post-continue');
  } },
  { name: 'error-unverified', status: 400, open: toSignIn('stranger', { scope: 'openid', prompt: 'none' }) },
  { name: 'confirm', open: async (world, page) => {
    // Signed in before, so that no password page tells the person what is going on.
    await toConsent('notes', DAISY)(world, page);
    await page.goto(request(world, 'native', { scope: 'openid profile' }));
    await page.waitForSelector('#consent-allow');
  } },
  { name: 'sign-out', open: async (world, page) => {
    await toConsent('notes', DAISY)(world, page);
    await page.goto(world.site.url(`/logout?client_id=${world.clients.notes.client_id}`));
  } },
  { name: 'sign-out-unnamed', open: async (world, page) => {
    await toConsent('notes', DAISY)(world, page);
    await page.goto(world.site.url('/logout'));
  } },
  { name: 'signed-out', open: ({ site }, page) => page.goto(site.url('/logout')) },
  { name: 'front-channel-logout', open: async (world, page) => {
    await page.goto(request(world, 'told'));
    await typePassword(page, DAISY);
    await page.waitForURL('**/health?*');
    await page.goto(world.site.url('/logout'));
    await page.click('#logout-confirm');
    await page.waitForSelector('#logout-applications');
  } },
  { name: 'error-redirect', status: 400, open: toSignIn('notes', { redirect_uri: 'https://evil.example.com/cb' }) },
  { name: 'error-client', status: 400, open: toSignIn('notes', { client_id: 'nobody' }) },
  { name: 'error-lost', status: 400, open: ({ site }, page) => page.goto(site.url('/login?t=nonsense')) },
  { name: 'error-sign-out', status: 400, open: ({ site }, page) => page.goto(site.url('/logout?id_token_hint=nonsense')) },
  { name: 'not-found', status: 404, open: ({ site }, page) => page.goto(site.url('/nothing-here')) },
  { name: 'demo', open: ({ dev }, page) => page.goto(dev.url('/demo')) },
  { name: 'demo-declined', open: (world, page) => demo(world, page, '#consent-deny') },
  { name: 'demo-signed-in', open: (world, page) => demo(world, page, '#consent-allow') },
  { name: 'demo-refreshed', open: async ({ dev }, page) => {
    await signIn(page, dev);
    await page.click('#demo-refresh');
    await page.waitForURL('**/demo?notice=refreshed');
  } },
  { name: 'demo-signed-out', open: async ({ dev }, page) => {
    await signIn(page, dev);
    await page.click('#demo-sign-out');
    await page.waitForURL('**/demo?notice=signed_out');
  } },
];
