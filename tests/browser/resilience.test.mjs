// Pages cannot dead-end: tabs, back, reload, restarts, lost cookies and pages that were left open all lead
// to the application.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { useChromium } from './chromium.mjs';
import { startDev } from './dev_server.mjs';
import { assertReached, goOn, heading, openSignIn, path, signIn, typePassword } from './person.mjs';

const PROVIDER_COOKIES = /^latchkey_(?!demo)/;

/** Names of the cookies that belong to the provider, not to the demo application. */
async function providerCookies(context) {
  return (await context.cookies()).map((cookie) => cookie.name).filter((name) => PROVIDER_COOKIES.test(name));
}

/** What the browser's own clock would have dropped by then. */
async function dropCookiesThatEndWithin(context, hours) {
  const then = Date.now() / 1000 + hours * 3600;
  for (const { name, expires } of await context.cookies()) {
    if (expires !== -1 && expires < then) await context.clearCookies({ name });
  }
}

describe('pages cannot dead-end', () => {
  const chromium = useChromium();
  let server;
  let context;
  let page;

  before(async () => { server = await startDev(); });
  after(() => server?.stop());
  beforeEach(async () => {
    await context?.close();
    context = await chromium.fresh();
    page = await context.newPage();
  });

  async function forgetConsents() {
    await server.stop();
    server = await startDev();
  }

  /** The consent page of a browser that has just typed its password. */
  async function openConsent(tab = page) {
    await forgetConsents();
    await openSignIn(tab, server);
    await typePassword(tab, server.alice);
    await tab.waitForURL('**/consent?t=*');
  }

  describe('two tabs', () => {
    test('both on the sign-in page, one after the other', async () => {
      await forgetConsents();
      const other = await context.newPage();
      await openSignIn(page, server);
      await openSignIn(other, server);
      assert.deepEqual(await goOn(page, server.alice), ['password', 'consent']);
      assert.deepEqual(await goOn(other, server.alice), ['password']);
    });

    test('both on the consent page', async () => {
      await forgetConsents();
      const other = await context.newPage();
      await openSignIn(page, server);
      await openSignIn(other, server);
      await typePassword(page, server.alice);
      await page.waitForURL('**/consent?t=*');
      await typePassword(other, server.alice);
      await other.waitForURL('**/consent?t=*');
      await goOn(page, server.alice);
      await goOn(other, server.alice);
    });

    test('the second signs in while the first is on the consent page', async () => {
      await openConsent();
      const other = await context.newPage();
      await other.goto(server.url('/demo/sign-in'));
      await goOn(other, server.alice);
      await goOn(page, server.alice);
    });

    test('six tabs opened before anybody signed in', async () => {
      await forgetConsents();
      const tabs = [page];
      while (tabs.length < 6) tabs.push(await context.newPage());
      for (const tab of tabs) await openSignIn(tab, server);
      for (const tab of tabs) await goOn(tab, server.alice);
    });

    test('signed out in one, the other goes on from the consent page', async () => {
      await openConsent();
      const other = await context.newPage();
      await other.goto(server.url('/logout'));
      await other.click('#logout-confirm');
      await other.waitForFunction(() => document.title.match(/signed out/i));
      assert.deepEqual(await goOn(page, server.alice), ['consent', 'password', 'consent']);
    });

    test('signed out in one, the demo in the other can still refresh and sign out', async () => {
      await signIn(page, server);
      const other = await context.newPage();
      await other.goto(server.url('/logout'));
      await other.click('#logout-confirm');
      await other.waitForFunction(() => document.title.match(/signed out/i));
      // It asked for access while the person is away, which a sign-out does not end.
      await page.click('#demo-refresh');
      await page.waitForURL('**/demo?notice=refreshed');
      await assertReached(page, server.alice);
      await page.click('#demo-sign-out');
      await page.waitForURL('**/demo?notice=signed_out');
    });

    test('two sign-out pages, both pressed', async () => {
      await signIn(page, server);
      const other = await context.newPage();
      await page.goto(server.url('/logout'));
      await other.goto(server.url('/logout'));
      for (const tab of [page, other]) {
        await tab.click('#logout-confirm');
        await tab.waitForFunction(() => document.title.match(/signed out/i));
      }
    });
  });

  describe('back and reload', () => {
    test('reload on each step', async () => {
      await forgetConsents();
      await openSignIn(page, server);
      await page.reload();
      await typePassword(page, { ...server.alice, password: 'not-the-password' });
      await page.waitForSelector('#login-notice');
      await page.reload();
      assert.equal(await page.inputValue('#login-email'), server.alice.email);
      await typePassword(page, server.alice);
      await page.waitForURL('**/consent?t=*');
      await page.reload();
      await page.click('#consent-allow');
      await page.waitForURL('**/demo');
      await page.reload();
      await assertReached(page, server.alice);
      await page.click('#demo-refresh');
      await page.waitForURL('**/demo?notice=refreshed');
      await page.reload();
      await assertReached(page, server.alice);
    });

    test('back after the sign-in, to every page on the way, and on again from there', async () => {
      await forgetConsents();
      await signIn(page, server);
      await page.goBack();
      assert.equal(path(page), '/consent');
      await page.click('#consent-allow');
      await page.waitForURL('**/demo*');
      await assertReached(page, server.alice);
      await page.goBack();
      await page.goBack();
      assert.equal(path(page), '/login');
      await typePassword(page, server.alice);
      await page.waitForURL('**/demo*');
      await assertReached(page, server.alice);
    });

    test('back from the consent page, and the password again', async () => {
      await openConsent();
      await page.goBack();
      assert.equal(path(page), '/login');
      await goOn(page, server.alice);
    });

    test('back after declining, and allow', async () => {
      await openConsent();
      await page.click('#consent-deny');
      await page.waitForURL('**/demo?notice=declined');
      await page.goBack();
      await goOn(page, server.alice);
    });

    test('back after the sign-out shows no account any more', async () => {
      await signIn(page, server);
      await page.click('#demo-sign-out');
      await page.waitForURL('**/demo?notice=signed_out');
      await page.goBack();
      await page.waitForLoadState();
      assert.doesNotMatch(await page.locator('main').innerText(), /You are signed in|Alice Example/);
      await page.goto(server.url('/demo'));
      await goOn(page, server.alice);
    });

    test('the address of a sign-in page kept as a bookmark, in another browser', async () => {
      await openSignIn(page, server);
      const stranger = await chromium.fresh();
      const tab = await stranger.newPage();
      await tab.goto(page.url());
      // The demo does not know this browser's request, and asks to sign in once more, which needs no password.
      const steps = await goOn(tab, server.alice);
      assert.equal(steps.filter((step) => step === 'password').length, 1, steps.join(', '));
      await stranger.close();
    });
  });

  describe('the server restarts', () => {
    test('between the sign-in page and its answer', async () => {
      await openSignIn(page, server);
      await server.restart();
      await goOn(page, server.alice);
    });

    test('between the consent page and its answer, and before each use of the demo', async () => {
      await openConsent();
      await server.restart();
      await page.click('#consent-allow');
      await page.waitForURL('**/demo');
      await assertReached(page, server.alice);
      await server.restart();
      await page.click('#demo-refresh');
      await page.waitForURL('**/demo?notice=refreshed');
      await server.restart();
      await page.click('#demo-sign-out');
      await page.waitForURL('**/demo?notice=signed_out');
    });

    test('between the sign-out page and its answer', async () => {
      await signIn(page, server);
      await page.goto(server.url('/logout'));
      await server.restart();
      await page.click('#logout-confirm');
      await page.waitForFunction(() => document.title.match(/signed out/i));
    });
  });

  describe('cookies are cleared', () => {
    async function clearProviderCookies() {
      const names = await providerCookies(context);
      assert.ok(names.length > 0);
      for (const name of names) await context.clearCookies({ name });
    }

    test('between the sign-in page and its answer: the step is shown again, then works', async () => {
      await openSignIn(page, server);
      await clearProviderCookies();
      await typePassword(page, server.alice);
      await page.waitForSelector('#login-notice');
      assert.equal(path(page), '/login');
      assert.equal(await page.inputValue('#login-email'), server.alice.email);
      const steps = await goOn(page, server.alice);
      assert.equal(steps[0], 'password');
      assert.ok(!steps.includes('once more'), steps.join(', '));
    });

    test('between the consent page and its answer', async () => {
      await openConsent();
      await clearProviderCookies();
      await page.click('#consent-allow');
      await page.waitForURL('**/login?t=*');
      assert.deepEqual(await goOn(page, server.alice), ['password', 'consent']);
    });

    test('all of them, the application\'s too', async () => {
      await openConsent();
      await context.clearCookies();
      await page.click('#consent-allow');
      await page.waitForURL('**/login?t=*');
      const steps = await goOn(page, server.alice);
      assert.deepEqual(steps, ['password', 'consent']);
    });

    test('between the sign-out page and its answer', async () => {
      await signIn(page, server);
      await page.goto(server.url('/logout'));
      await context.clearCookies();
      await page.click('#logout-confirm');
      await page.waitForFunction(() => document.title.match(/signed out/i));
    });
  });

  describe('pages that were left open', () => {
    after(() => server.restart());

    /** The server lives that much later, and the browser has dropped what ended meanwhile. */
    async function wait(hours) {
      await server.restart(hours);
      await dropCookiesThatEndWithin(context, hours);
    }

    test('a sign-in page of three hours', async () => {
      await openSignIn(page, server);
      await wait(3);
      const steps = await goOn(page, server.alice);
      assert.equal(steps[0], 'password');
      assert.equal(steps.filter((step) => step === 'password').length, 1, 'the first try counts');
      assert.ok(!steps.includes('once more'), steps.join(', '));
    });

    test('a consent page of three hours', async () => {
      await openConsent();
      await wait(3);
      assert.deepEqual(await goOn(page, server.alice), ['consent']);
    });

    test('a demo page of three hours can refresh and sign out', async () => {
      await server.restart();
      await signIn(page, server);
      await wait(3);
      await page.click('#demo-refresh');
      await page.waitForURL('**/demo?notice=refreshed');
      await page.click('#demo-sign-out');
      await page.waitForURL('**/demo?notice=signed_out');
    });

    test('a sign-in page of thirteen hours starts anew', async () => {
      await server.restart();
      await openSignIn(page, server);
      await wait(13);
      await typePassword(page, server.alice);
      await page.waitForURL('**/login?t=*');
      assert.match(await heading(page), /^Sign in to continue to Latchkey demo$/);
      const steps = await goOn(page, server.alice);
      assert.equal(steps.filter((step) => step === 'password').length, 1, steps.join(', '));
    });

    test('a consent page of thirteen hours starts anew', async () => {
      await openConsent();
      await wait(13);
      await page.click('#consent-allow');
      await page.waitForURL('**/login?t=*');
      await goOn(page, server.alice);
    });

    test('a sign-in page of thirteen hours, reloaded', async () => {
      await server.restart();
      await openSignIn(page, server);
      await wait(13);
      await page.reload();
      await goOn(page, server.alice);
    });
  });
});
