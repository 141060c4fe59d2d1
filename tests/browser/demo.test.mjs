// The demo application signs people in: by mouse, by keyboard alone, without JavaScript, and in the ways
// in which people go wrong.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { runProgram } from '../support/latchkey.mjs';
import { useChromium, watch } from './chromium.mjs';
import { startDev } from './dev_server.mjs';
import { assertReached, focused, goOn, heading, openSignIn, path, signIn, tabTo, typePassword } from './person.mjs';

describe('signing in at /demo', () => {
  const chromium = useChromium();
  let server;

  before(async () => { server = await startDev(); });
  after(() => server?.stop());

  /** A fresh browser without this server's memory of a consent. */
  async function fresh(options) {
    const context = await chromium.fresh(options);
    return { context, complaints: await watch(context), page: await context.newPage() };
  }

  async function forgetConsents() {
    await server.stop();
    server = await startDev();
  }

  test('by mouse: sign in, allow, refresh, sign out', async () => {
    const { context, complaints, page } = await fresh();
    await openSignIn(page, server);
    assert.match(await heading(page), /^Sign in to continue to Latchkey demo$/);
    await typePassword(page, server.alice);
    assert.match(await heading(page), /^Allow Latchkey demo to use your account\?$/);
    await page.click('#consent-allow');
    await assertReached(page, server.alice);
    const expires = async () => (await page.locator('tr', { hasText: 'Access token ends' }).textContent()).match(/\d{10}/)?.[0];
    const first = await expires();
    await page.waitForTimeout(1100);
    await page.click('#demo-refresh');
    await assertReached(page, server.alice);
    assert.match(await page.locator('.notice').textContent(), /refreshed/);
    assert.ok(Number(await expires()) > Number(first), 'the new access token ends later');
    await page.click('#demo-sign-out');
    await page.waitForSelector('#demo-sign-in');
    assert.match(await page.locator('.notice').textContent(), /signed out/);
    // The provider's session is over too: signing in asks for the password.
    await page.click('#demo-sign-in');
    assert.equal(path(page), '/login');
    // Consent was given already, so that page does not come again.
    assert.deepEqual(await goOn(page, server.alice), ['password']);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('with a live session nothing is asked', async () => {
    const { context, page } = await fresh();
    await signIn(page, server);
    await page.goto(server.url('/demo/sign-in'));
    await assertReached(page, server.alice);
    await context.close();
  });

  test('by keyboard alone, and the focus can always be seen', async () => {
    await forgetConsents();
    const { context, complaints, page } = await fresh();
    await page.goto(server.url('/demo'));
    await tabTo(page, 'demo-sign-in');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/login?t=*');
    assert.equal((await focused(page)).id, 'login-email', 'typing can start at once');
    await page.keyboard.type(server.alice.email);
    await page.keyboard.press('Tab');
    assert.equal((await focused(page)).id, 'login-password');
    await page.keyboard.type(server.alice.password);
    assert.ok((await focused(page)).visible);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/consent?t=*');
    const stops = await tabTo(page, 'consent-allow');
    assert.deepEqual(stops, ['consent-switch', 'consent-deny', 'consent-allow']);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/demo');
    await assertReached(page, server.alice);
    await tabTo(page, 'demo-refresh');
    await page.keyboard.press('Space');
    await page.waitForURL('**/demo?notice=refreshed');
    await tabTo(page, 'demo-sign-out');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/demo?notice=signed_out');
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('the password can be shown and hidden by keyboard, and is sent as a password', async () => {
    const { context, page } = await fresh();
    await openSignIn(page, server);
    await page.fill('#login-email', server.alice.email);
    await page.fill('#login-password', server.alice.password);
    const type = () => page.getAttribute('#login-password', 'type');
    const reveal = page.getByRole('button', { name: /show password/i });
    await reveal.focus();
    await page.keyboard.press('Space');
    assert.equal(await type(), 'text');
    await page.getByRole('button', { name: /hide password/i }).press('Enter');
    assert.equal(await type(), 'password');
    await page.getByRole('button', { name: /show password/i }).click();
    await page.press('#login-password', 'Enter');
    await page.waitForURL((url) => url.pathname !== '/login');
    await goOn(page, server.alice);
    await context.close();
  });

  test('without JavaScript: the whole way, with a wrong password on it', async () => {
    await forgetConsents();
    const { context, complaints, page } = await fresh({ javaScriptEnabled: false });
    await openSignIn(page, server);
    assert.equal(await page.locator('[data-reveal]:visible').count(), 0, 'no button that needs a script');
    await typePassword(page, { ...server.alice, password: 'not-the-password' });
    await page.waitForSelector('#login-notice');
    await page.fill('#login-password', server.alice.password);
    await page.click('#login-submit');
    await page.click('#consent-allow');
    await assertReached(page, server.alice);
    await page.click('#demo-refresh');
    await assertReached(page, server.alice);
    await page.click('#demo-sign-out');
    await page.waitForSelector('#demo-sign-in');
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('a wrong password, then the right one', async () => {
    const { context, page } = await fresh();
    await openSignIn(page, server);
    await typePassword(page, { ...server.alice, password: 'not-the-password' });
    await page.waitForSelector('#login-notice[role=alert]');
    const notice = await page.locator('#login-notice').innerText();
    assert.match(notice, /Reference/);
    assert.equal(await page.inputValue('#login-email'), server.alice.email, 'the address is kept');
    assert.equal(await page.inputValue('#login-password'), '', 'the password is not');
    assert.equal((await focused(page)).id, 'login-password');
    // The words are the same for an account that does not exist.
    await typePassword(page, { email: 'nobody@example.com', password: 'not-the-password' });
    await page.waitForFunction(() => document.getElementById('login-email').value === 'nobody@example.com');
    const words = (text) => text.split('Reference')[0];
    assert.equal(words(await page.locator('#login-notice').innerText()), words(notice));
    await goOn(page, server.alice);
    await context.close();
  });

  test('the reference on the page is explained by the command line', async () => {
    const { context, page } = await fresh();
    await openSignIn(page, server);
    await typePassword(page, { ...server.alice, password: 'not-the-password' });
    const reference = await page.locator('#login-notice code').textContent();
    // Failures are written in batches, within seconds.
    let explained;
    for (let attempt = 0; attempt < 20 && explained?.code !== 0; attempt++) {
      if (explained) await page.waitForTimeout(250);
      explained = await runProgram(['explain', reference], { cwd: server.folder, settings: { data_dir: server.folder } });
    }
    assert.equal(explained.code, 0, explained.stderr);
    assert.match(explained.stdout, new RegExp(reference));
    await context.close();
  });

  test('the address is typed with capitals and spaces around it', async () => {
    const { context, page } = await fresh();
    await openSignIn(page, server);
    await typePassword(page, { email: ' Alice@Example.COM ', password: server.alice.password });
    await page.waitForURL((url) => url.pathname !== '/login');
    await goOn(page, server.alice);
    await context.close();
  });

  test('declining leads back to the application, which can ask again', async () => {
    await forgetConsents();
    const { context, page } = await fresh();
    await openSignIn(page, server);
    await typePassword(page, server.alice);
    await page.click('#consent-deny');
    await page.waitForSelector('#demo-sign-in');
    assert.equal(new URL(page.url()).searchParams.get('notice'), 'declined');
    assert.match(await page.locator('.notice').textContent(), /declined/);
    await page.click('#demo-sign-in');
    assert.match(await heading(page), /^Allow/, 'signed in, but nothing was remembered');
    await page.click('#consent-allow');
    await assertReached(page, server.alice);
    await context.close();
  });

  test('"Use another account" signs in someone else', async () => {
    await forgetConsents();
    const bob = { email: 'bob@example.com', password: 'amber-Teapot-31-gravel' };
    const added = await runProgram(['user', 'add', '--email', bob.email, '--name', 'Bob', '--password-stdin', '--json'],
      { cwd: server.folder, input: `${bob.password}\n`,
        settings: { data_dir: server.folder, password_memory_kib: 7168, password_iterations: 1 } });
    assert.equal(added.code, 0, added.stderr);
    const { context, page } = await fresh();
    await openSignIn(page, server);
    await typePassword(page, server.alice);
    await page.waitForSelector('#consent-switch');
    assert.match(await page.locator('.account').innerText(), /alice@example\.com/);
    await page.click('#consent-switch');
    await page.waitForURL('**/login?t=*');
    await typePassword(page, bob);
    await page.waitForSelector('#consent-allow');
    assert.match(await page.locator('.account').innerText(), /bob@example\.com/);
    await page.click('#consent-allow');
    await page.waitForSelector('#demo-sign-out');
    await assertReached(page, bob);
    await context.close();
  });

  for (const javaScriptEnabled of [true, false]) {
    test(`impatient double clicks, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
      await forgetConsents();
      const { context, page } = await fresh({ javaScriptEnabled });
      await openSignIn(page, server);
      await page.fill('#login-email', server.alice.email);
      await page.fill('#login-password', server.alice.password);
      await page.dblclick('#login-submit');
      await page.waitForSelector('#consent-allow');
      await page.dblclick('#consent-allow');
      await page.waitForSelector('#demo-sign-out');
      await assertReached(page, server.alice);
      assert.equal(await page.locator('.notice').count(), 0, await page.locator('main').innerText());
      await context.close();
    });
  }
});
