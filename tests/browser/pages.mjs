// Owns: every page and every state of a page that a person can meet, and how to get there.
import { DatabaseSync } from 'node:sqlite';

import { send } from '../support/http_client.mjs';
import { openSignIn, goOn, signIn, typePassword } from './person.mjs';
import { BOB, DAISY, LONG, NOOR, askElsewhere, askForLink, forget, holdForms, press, request, signUp, toAccount, toConsent,
  toNewPassword, toSignIn } from './world.mjs';

export { startWorld } from './world.mjs';

async function demo({ dev }, page, decision) {
  await openSignIn(page, dev);
  await typePassword(page, dev.alice);
  // Whether the demo was allowed before is up to the pages before this one.
  await page.waitForURL((url) => url.pathname !== '/login');
  if (await page.locator(decision).count()) await page.click(decision);
  else if (decision === '#consent-allow') await goOn(page, dev.alice);
}

const openDatabase = ({ site }) => new DatabaseSync(site.settings.database.slice('sqlite:'.length));

/** Where a mail of the demo is shown. */
async function mailOfDemo({ dev }, page) {
  await openSignIn(page, dev);
  await page.fill('#login-email', dev.alice.email);
  await press(page, '#link-send', '#link-code');
  for (;;) {
    const [mail] = JSON.parse((await send(dev.url('/dev/inbox.json'), { port: dev.port })).text);
    if (mail) return dev.url(`/dev/inbox/${mail.id}`);
  }
}

// An operator's colours are brought to 4.5:1 (WCAG 2.2 §1.4.3), not to the 7:1 of ours.
const BRANDED = ['color-contrast-enhanced'];

/** `status` is that of the page itself, 200 unless named; `notAsked` are rules of axe-core that only a look by hand answers. */
export const PAGES = [
  // First, because other pages bring mail.
  { name: 'inbox-empty', open: ({ dev }, page) => page.goto(dev.url('/dev/inbox')) },
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
      await typePassword(page, { ...BOB, password: 'not-the-password' });
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
  { name: 'sign-in-both', open: toSignIn('both') },
  { name: 'sign-in-both-again', open: async (world, page) => {
    await toConsent('both', DAISY)(world, page);
    await page.goto(request(world, 'both', { prompt: 'login' }));
  } },
  { name: 'sign-in-link', open: toSignIn('mailed') },
  { name: 'sign-in-bad-address', open: async (world, page) => {
    await page.goto(request(world, 'both'));
    await page.fill('#login-email', 'nobody');
    await press(page, '#link-send', '#login-notice');
  } },
  { name: 'sign-in-branded', notAsked: BRANDED, open: toSignIn('branded') },
  { name: 'sign-in-account', open: ({ site }, page) => page.goto(site.url('/account')) },
  { name: 'link-sent', open: (world, page) => askForLink(world, page) },
  { name: 'link-sent-long', open: (world, page) => askForLink(world, page, { person: LONG }) },
  { name: 'link-sent-again', open: async (world, page) => {
    await askForLink(world, page);
    await press(page, '#link-again', '#link-notice');
  } },
  { name: 'link-sent-wrong-code', open: async (world, page) => {
    await askForLink(world, page);
    await page.fill('#link-code', '000 000');
    await press(page, '#link-code-submit', '#link-notice');
  } },
  { name: 'link-sent-throttled', open: async (world, page) => {
    await askForLink(world, page);
    for (let mail = 0; mail < 5; mail++) {
      const answer = page.waitForResponse((response) => new URL(response.url()).pathname === '/m/sent');
      await page.click('#link-again');
      await answer;
      await page.waitForLoadState();
    }
  } },
  { name: 'link-sent-branded', notAsked: BRANDED, open: (world, page) => askForLink(world, page, { name: 'branded' }) },
  { name: 'link-ready', open: async (world, page) => {
    await holdForms(page);
    const { reader, number } = await askForLink(world, page);
    const { link } = await world.mailTo(reader);
    const there = await page.context().browser().newContext({ ignoreHTTPSErrors: true });
    const other = await there.newPage();
    await other.goto(link);
    await other.fill('#link-number', number);
    await other.click('#link-approve');
    await page.waitForSelector('#link-continue');
    await there.close();
  } },
  { name: 'link-confirm', open: async (world, page) => {
    const { reader } = await askForLink(world, page);
    await page.goto((await world.mailTo(reader)).link);
  } },
  { name: 'link-number', open: async (world, page) => page.goto((await askElsewhere(world, page)).mail.link) },
  { name: 'link-number-wrong', open: async (world, page) => {
    const { mail, number } = await askElsewhere(world, page);
    await page.goto(mail.link);
    await page.fill('#link-number', number === '999' ? '998' : '999');
    await press(page, '#link-approve', '#link-notice');
  } },
  { name: 'link-number-closed', open: async (world, page) => {
    const { mail, number } = await askElsewhere(world, page);
    await page.goto(mail.link);
    for (let attempt = 0; await page.locator('#link-approve').count() && attempt < 9; attempt++) {
      await page.fill('#link-number', number === '999' ? '998' : '999');
      await page.click('#link-approve');
      await page.waitForLoadState();
    }
  } },
  { name: 'link-approved', open: async (world, page) => {
    const { mail, number } = await askElsewhere(world, page);
    await page.goto(mail.link);
    await page.fill('#link-number', number);
    await page.click('#link-approve');
    await page.waitForFunction(() => !document.querySelector('#link-approve'));
  } },
  { name: 'link-used', open: async (world, page) => {
    const { reader } = await askForLink(world, page);
    const { link } = await world.mailTo(reader);
    await page.goto(link);
    await press(page, '#link-confirm', '#consent-allow');
    await page.goto(link);
  } },
  { name: 'link-used-elsewhere', open: async (world, page) => {
    const { mail, there } = await askElsewhere(world, page);
    await there.goto(mail.link);
    await press(there, '#link-confirm', '#consent-allow');
    await page.goto(mail.link);
  } },
  { name: 'link-expired', open: async (world, page) => {
    const { reader } = await askForLink(world, page);
    const { link } = await world.mailTo(reader);
    await press(page, '#link-again', '#link-notice');
    await page.goto(link);
  } },
  { name: 'link-unknown', status: 404, open: ({ site }, page) => page.goto(site.url('/m/lkm_nothing')) },
  { name: 'sign-up', open: async (world, page) => {
    await page.goto(request(world, 'both'));
    await press(page, '#login-signup', '#signup-submit');
  } },
  { name: 'sign-up-without-password', open: async (world, page) => {
    await page.goto(request(world, 'mailed'));
    await press(page, '#login-signup', '#signup-submit');
  } },
  { name: 'sign-up-branded', notAsked: BRANDED, open: async (world, page) => {
    await page.goto(request(world, 'branded'));
    await press(page, '#login-signup', '#signup-submit');
  } },
  { name: 'sign-up-domain', status: 422, open: (world, page) => signUp(world, page, { email: 'robin@elsewhere.example.net' }) },
  { name: 'sign-up-weak', status: 422, open: (world, page) => signUp(world, page, { password: 'password1' }) },
  { name: 'sign-up-sent', open: (world, page) => signUp(world, page) },
  { name: 'sign-up-confirm', open: async (world, page) => {
    const { reader } = await signUp(world, page);
    await page.goto((await world.mailTo(reader)).link);
  } },
  { name: 'sign-up-number', open: async (world, page) => page.goto((await askElsewhere(world, page, signUp)).mail.link) },
  { name: 'reset', open: async (world, page) => {
    await page.goto(request(world, 'both'));
    await press(page, '#login-reset', '#reset-send');
  } },
  { name: 'reset-sent', open: (world, page) => forget(world, page) },
  { name: 'reset-confirm', open: async (world, page) => {
    const { reader } = await forget(world, page);
    await page.goto((await world.mailTo(reader)).link);
  } },
  { name: 'reset-number', open: async (world, page) => page.goto((await askElsewhere(world, page, forget)).mail.link) },
  { name: 'new-password', open: (world, page) => toNewPassword(world, page) },
  { name: 'new-password-weak', status: 422, open: async (world, page) => {
    await toNewPassword(world, page);
    await page.fill('#new-password', 'password1');
    await press(page, '#reset-submit', '#form-notice');
  } },
  { name: 'sign-in-new-password', open: async (world, page) => {
    await toNewPassword(world, page);
    await page.fill('#new-password', 'copper-Lantern-47-meadow');
    await press(page, '#reset-submit', '#login-notice');
  } },
  { name: 'chooser', open: async (world, page) => {
    await toAccount('')(world, page);
    await page.goto(request(world, 'notes', { prompt: 'login' }));
    await typePassword(page, LONG);
    await page.waitForSelector('#consent-allow');
    await page.goto(request(world, 'notes', { prompt: 'select_account' }));
  } },
  { name: 'consent', open: toConsent('notes', DAISY) },
  { name: 'consent-usual', open: toConsent('notes', DAISY, { scope: 'openid profile email' }) },
  { name: 'consent-least', open: toConsent('notes', DAISY, { scope: 'openid' }) },
  { name: 'consent-long', open: toConsent('long', LONG) },
  { name: 'consent-arabic', open: toConsent('arabic', NOOR) },
  { name: 'consent-unverified', open: toConsent('stranger', DAISY, { scope: 'openid profile email' }) },
  { name: 'form-post', open: async (world, page) => {
    await holdForms(page);
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
  { name: 'error-request', status: 400, open: ({ site }, page) => page.goto(site.url('/authorize?client_id=%')) },
  { name: 'error-method', status: 405, open: ({ site }, page) => page.goto(site.url('/m/send')) },
  { name: 'error-busy', status: 503, notAsked: BRANDED, open: async (world, page) => {
    await page.goto(request(world, 'branded'));
    const database = openDatabase(world);
    database.exec('BEGIN IMMEDIATE');
    await page.fill('#login-email', BOB.email);
    await page.click('#link-send');
    await page.waitForSelector('.reference');
    database.exec('ROLLBACK');
    database.close();
  } },
  { name: 'error-expired', status: 400, open: async ({ leftOpen }, page) => page.goto(await leftOpen()) },
  { name: 'error-large', status: 413, open: async (world, page) => {
    await page.goto(request(world, 'notes'));
    await typePassword(page, { ...DAISY, password: 'a long text '.repeat(10_000) });
    await page.waitForSelector('.reference');
  } },
  { name: 'error-long', status: 414, open: toSignIn('notes', { state: 'x'.repeat(9000) }) },
  { name: 'error-host', status: 421, open: ({ dev }, page) => page.goto(`http://127.0.0.1:${dev.port}/demo`) },
  { name: 'error-failed', status: 500, open: async (world, page) => {
    const { reader } = await askForLink(world, page);
    const { link } = await world.mailTo(reader);
    const database = openDatabase(world);
    // A damaged row, as a careless repair by hand leaves it.
    database.exec('PRAGMA ignore_check_constraints = ON');
    database.prepare("UPDATE email_challenges SET purpose = 'nothing' WHERE email_fold = ?").run(reader.email);
    database.close();
    await page.goto(link);
  } },
  { name: 'not-found', status: 404, open: ({ site }, page) => page.goto(site.url('/nothing-here')) },
  { name: 'account', open: toAccount() },
  { name: 'account-saved', open: async (world, page) => {
    await toAccount('', await world.reader())(world, page);
    await press(page, '#profile-save', '#form-notice');
  } },
  { name: 'account-several', open: async (world, page) => {
    await toAccount()(world, page);
    await page.goto(request(world, 'notes', { prompt: 'login' }));
    await typePassword(page, LONG);
    await page.waitForSelector('#consent-allow');
    await page.goto(world.site.url('/account'));
  } },
  { name: 'account-security', open: async (world, page) => {
    const other = await page.context().browser().newContext({ ignoreHTTPSErrors: true,
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' });
    const reader = await world.reader();
    await toAccount('', reader)(world, await other.newPage());
    await toAccount('/security', reader)(world, page);
    await other.close();
  } },
  { name: 'account-applications-none', open: async (world, page) => toAccount('/applications', await world.reader())(world, page) },
  { name: 'account-applications', open: async (world, page) => {
    const reader = await world.reader();
    await toConsent('maps', reader)(world, page);
    await page.click('#consent-allow');
    await page.waitForURL('**/health?*');
    await page.goto(world.site.url('/account/applications'));
  } },
  { name: 'account-activity', open: async (world, page) => {
    const reader = await world.reader();
    await page.goto(world.site.url('/account/activity'));
    await typePassword(page, { ...reader, password: 'not-the-password' });
    await page.waitForSelector('#login-notice');
    await typePassword(page, reader);
    await page.waitForURL('**/account/activity*');
  } },
  { name: 'account-password', open: toAccount('/password') },
  { name: 'account-password-wrong', status: 422, open: async (world, page) => {
    await toAccount('/password', await world.reader())(world, page);
    await page.fill('#password', 'not-the-password');
    await page.fill('#new-password', 'copper-Lantern-47-meadow');
    await press(page, '#password-submit', '#form-notice');
  } },
  { name: 'account-password-changed', open: async (world, page) => {
    const reader = await world.reader();
    await toAccount('/password', reader)(world, page);
    await page.fill('#password', reader.password);
    await page.fill('#new-password', 'copper-Lantern-47-meadow');
    await press(page, '#password-submit', '#form-notice');
  } },
  { name: 'account-email', open: toAccount('/email') },
  { name: 'account-email-sent', open: async (world, page) => {
    const reader = await world.reader();
    await toAccount('/email', reader)(world, page);
    await page.fill('#email', world.stranger());
    if (await page.locator('#password').count()) await page.fill('#password', reader.password);
    await press(page, '#email-submit', '#link-code');
  } },
  { name: 'account-delete', open: toAccount('/delete') },
  { name: 'account-deleted', open: async (world, page) => {
    const reader = await world.reader();
    await toAccount('/delete', reader)(world, page);
    if (await page.locator('#password').count()) await page.fill('#password', reader.password);
    await page.check('#delete-confirm');
    await page.click('#delete-submit');
    await page.waitForFunction(() => !document.querySelector('#delete-submit'));
  } },
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
  { name: 'inbox', notAsked: ['identical-links-same-purpose'], open: async (world, page) => {
    await mailOfDemo(world, page);
    await page.goto(world.dev.url('/dev/inbox'));
  } },
  // Its long address in a narrow window is more than axe-core can tell the ground of.
  { name: 'inbox-mail', notAsked: ['frame-tested', 'color-contrast', 'color-contrast-enhanced'], open: async (world, page) => page.goto(await mailOfDemo(world, page)) },
];
