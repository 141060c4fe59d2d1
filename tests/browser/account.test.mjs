// Signing up, a new password and a person's own pages in Chromium: by mouse, by keyboard alone, without
// JavaScript, narrow, and what axe-core says of each page.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import axe from 'axe-core';

import { send } from '../support/http_client.mjs';
import { useChromium, watch } from './chromium.mjs';
import { startDev } from './dev_server.mjs';
import { assertReached, goOn, heading, openSignIn, path, tabTo, typePassword } from './person.mjs';

const SETTINGS = { login_method: 'password_or_magic_link', self_signup: true,
  mail_attempts_address: 1000, mail_attempts_source: 1000 };
const PASSWORD = 'amber-Teapot-31-gravel';
const NEW = 'copper-Lantern-47-meadow';
let counter = 0;

describe('a person and their account', () => {
  const chromium = useChromium();
  const seen = new Set();
  let server;

  before(async () => { server = await startDev(SETTINGS); });
  after(() => server?.stop());

  async function takeMail(address, subject = /./) {
    const end = Date.now() + 20_000;
    for (;;) {
      const { text } = await send(server.url('/dev/inbox.json'), { port: server.port });
      const mail = JSON.parse(text).find(({ id, to, subject: said }) => !seen.has(id) && to === address && subject.test(said));
      if (mail) {
        seen.add(mail.id);
        return { ...mail, link: mail.text.match(/http:\/\/\S+\/m\/\S+/)?.[0],
          code: mail.text.match(/^\s*(\d{3} \d{3})\s*$/m)?.[1] };
      }
      if (Date.now() > end) throw new Error(`no mail to ${address} with ${subject}`);
      await new Promise((done) => { setTimeout(done, 50); });
    }
  }
  async function fresh(options) {
    const context = await chromium.fresh(options);
    return { context, complaints: await watch(context), page: await context.newPage() };
  }
  async function check(page, where) {
    await page.waitForLoadState();
    await page.evaluate(axe.source);
    for (const width of [1280, 320]) {
      await page.setViewportSize({ width, height: 800 });
      const found = await page.evaluate(async () => (await window.axe.run(document)).violations
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`));
      assert.deepEqual(found, [], `${where} at ${width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${where} at ${width}: ${wide} px too wide`);
      const small = await page.evaluate(() => [...document.querySelectorAll('button, .button, input')]
        .filter((part) => part.checkVisibility() && part.type !== 'hidden' && part.getBoundingClientRect().height < 44)
        .map((part) => part.id));
      assert.deepEqual(small, [], `${where} at ${width}`);
    }
  }
  const leave = (page, before) => page.waitForURL((url) => url.href !== before);
  const click = async (page, id) => {
    const before = page.url();
    await page.click(id);
    await leave(page, before);
    await page.waitForLoadState();
  };

  /** A new person, made by signing up at the demo. */
  async function signUp(page, { email = `person${++counter}@example.com` } = {}) {
    await openSignIn(page, server);
    await click(page, '#login-signup');
    await page.fill('#email', email);
    await page.fill('#signup-name', 'Robin Vale');
    await page.fill('#new-password', PASSWORD);
    await click(page, '#signup-submit');
    await page.waitForSelector('#link-code');
    const { code } = await takeMail(email, /Create your account/);
    await page.fill('#link-code', code);
    await click(page, '#link-code-submit');
    return { email, password: PASSWORD };
  }

  test('sign-up by link, all its pages, and the demo knows the new person', async () => {
    const { context, complaints, page } = await fresh();
    const email = `person${++counter}@example.com`;
    await openSignIn(page, server);
    await click(page, '#login-signup');
    await check(page, 'sign-up');
    await page.fill('#email', email);
    await page.fill('#signup-name', 'Robin Vale');
    await page.fill('#new-password', 'password1');
    await page.click('#signup-submit');
    await page.waitForSelector('#form-notice');
    await check(page, 'sign-up refused');
    assert.equal(await page.inputValue('#email'), email);
    assert.equal(await page.inputValue('#new-password'), '');
    await page.fill('#new-password', PASSWORD);
    await page.click('#signup-submit');
    await page.waitForSelector('#link-code');
    await check(page, 'the page that waits');
    const { link } = await takeMail(email, /Create your account/);
    await page.goto(link);
    await check(page, 'the page of the link');
    await click(page, '#link-confirm');
    await goOn(page, { email, password: PASSWORD });
    assert.deepEqual(complaints.filter((text) => !/422/.test(text)), []);
    await context.close();
  });

  test('sign-up without JavaScript', async () => {
    const { context, page } = await fresh({ javaScriptEnabled: false });
    const user = await signUp(page);
    if (path(page) === '/consent') await click(page, '#consent-allow');
    await assertReached(page, user);
    await context.close();
  });

  test('a new password by keyboard alone', async () => {
    const { context, complaints, page } = await fresh();
    const user = await signUp(page);
    await context.clearCookies();
    await openSignIn(page, server);
    await page.focus('#login-email');
    await tabTo(page, 'login-reset');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#reset-send');
    await check(page, 'reset');
    await page.focus('#email');
    await page.keyboard.type(user.email);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#link-code');
    const { code } = await takeMail(user.email, /new password/);
    await tabTo(page, 'link-code');
    await page.keyboard.type(code);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#reset-submit');
    await check(page, 'the new password');
    await tabTo(page, 'new-password');
    await page.keyboard.type(NEW);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#login-notice');
    await check(page, 'signing in with it');
    await takeMail(user.email, /password was changed/);
    assert.equal(await page.inputValue('#login-email'), user.email);
    await goOn(page, { ...user, password: NEW });
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('a new password without JavaScript', async () => {
    const { context, page } = await fresh({ javaScriptEnabled: false });
    const user = await signUp(page);
    await context.clearCookies();
    await page.goto(server.url('/reset'));
    await page.fill('#email', user.email);
    await click(page, '#reset-send');
    await page.goto((await takeMail(user.email, /new password/)).link);
    await click(page, '#link-confirm');
    await page.fill('#new-password', NEW);
    await click(page, '#reset-submit');
    await typePassword(page, { ...user, password: NEW });
    await page.waitForURL('**/account');
    await context.close();
  });

  test('the own pages: each of them, and the profile saved', async () => {
    const { context, complaints, page } = await fresh();
    const user = await signUp(page);
    await goOn(page, user);
    await page.goto(server.url('/account'));
    for (const tab of ['profile', 'security', 'applications', 'activity']) {
      await page.click(`#tab-${tab}`);
      await page.waitForSelector(`#tab-${tab}[aria-current=page]`);
      await check(page, tab);
    }
    await page.click('#tab-profile');
    await page.waitForSelector('#profile-save');
    await page.fill('#profile-nickname', 'Birdie');
    await page.click('#profile-save');
    await page.waitForSelector('#form-notice');
    await check(page, 'profile saved');
    assert.equal(await page.inputValue('#profile-nickname'), 'Birdie');
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('another e-mail address, and the password, by keyboard alone', async () => {
    const { context, complaints, page } = await fresh();
    const user = await signUp(page);
    await page.goto(server.url('/account/security'));
    await page.focus('#tab-profile');
    await tabTo(page, 'account-email');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#email-submit');
    await check(page, 'change of address');
    const email = `new${++counter}@example.com`;
    await page.focus('#email');
    await page.keyboard.type(email);
    await tabTo(page, 'password');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#link-code');
    const { code } = await takeMail(email, /Confirm/);
    await tabTo(page, 'link-code');
    await page.keyboard.type(code);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#form-notice');
    assert.equal(path(page), '/account/security');
    await check(page, 'address changed');
    await takeMail(user.email, /address was changed/);
    await page.focus('#tab-profile');
    await tabTo(page, 'account-password');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#password-submit');
    await check(page, 'change of the password');
    await page.focus('#password');
    await page.keyboard.type(PASSWORD);
    await page.focus('#new-password');
    await page.keyboard.type(NEW);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#form-notice');
    assert.equal(path(page), '/account/security');
    await takeMail(email, /password was changed/);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('an application is withdrawn, a session of another browser ended', async () => {
    const { context, complaints, page } = await fresh();
    const user = await signUp(page);
    await goOn(page, user);
    const other = await fresh();
    await other.page.goto(server.url('/account'));
    await typePassword(other.page, user);
    await other.page.waitForURL('**/account');
    await page.goto(server.url('/account/security'));
    assert.equal(await page.locator('.rows button').count(), 1);
    await page.click('#session-end-1');
    await page.waitForSelector('#form-notice');
    await other.page.reload();
    assert.equal(path(other.page), '/login');
    await page.click('#tab-applications');
    const rows = page.locator('[id^=application-revoke-]');
    assert.equal(await rows.count(), 1);
    await page.click('#application-revoke-0');
    await page.waitForSelector('#form-notice');
    await check(page, 'withdrawn');
    assert.equal(await rows.count(), 0);
    assert.deepEqual([...complaints, ...other.complaints], []);
    await other.context.close();
    await context.close();
  });

  test('two accounts: the chooser leads to the one that is wanted', async () => {
    const { context, complaints, page } = await fresh();
    const one = await signUp(page);
    await page.goto(server.url('/account/switch'));
    await check(page, 'chooser with one');
    await click(page, '#choose-other');
    await typePassword(page, server.alice);
    await page.waitForURL('**/account');
    await page.click('#account-switch');
    await page.waitForSelector('#choose-1');
    await check(page, 'chooser with two');
    await page.locator('.pick', { hasText: one.email }).click();
    await page.waitForURL('**/account?as=*');
    assert.ok((await page.locator('main').innerText()).includes(one.email));
    await check(page, 'own page of one of two');
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('the account is deleted: the password is asked for', async () => {
    const { context, complaints, page } = await fresh();
    const user = await signUp(page);
    await page.goto(server.url('/account/delete'));
    await check(page, 'delete');
    await page.fill('#password', 'not-it');
    await page.check('#delete-confirm');
    await page.click('#delete-submit');
    await page.waitForSelector('#form-notice');
    await check(page, 'delete refused');
    await page.fill('#password', user.password);
    await page.check('#delete-confirm');
    await page.click('#delete-submit');
    await page.waitForFunction(() => !document.querySelector('#delete-submit'));
    assert.equal(await heading(page), 'Your account was deleted');
    await check(page, 'deleted');
    await takeMail(user.email, /deleted/);
    await page.goto(server.url('/account'));
    assert.equal(path(page), '/login');
    assert.deepEqual(complaints.filter((text) => !/422/.test(text)), []);
    await context.close();
  });

  test('who has no password needs a fresh sign-in for what a thief must not do', async () => {
    const here = server;
    server = await startDev({ ...SETTINGS, login_method: 'magic_link' });
    const { context, complaints, page } = await fresh();
    try {
      const email = `person${++counter}@example.com`;
      await openSignIn(page, server);
      await click(page, '#login-signup');
      await page.fill('#email', email);
      assert.equal(await page.locator('#new-password').count(), 0);
      await click(page, '#signup-submit');
      const first = await takeMail(email, /Create your account/);
      await page.fill('#link-code', first.code);
      await click(page, '#link-code-submit');
      await page.goto(server.url('/account/delete'));
      await check(page, 'delete without a password');
      assert.equal(await page.locator('#password').count(), 0);
      await server.restart(1);
      await page.goto(server.url('/account/security'));
      assert.equal(path(page), '/account/security', 'still signed in');
      for (const where of ['/account/email', '/account/delete']) {
        await page.goto(server.url(where));
        assert.equal(path(page), '/login');
      }
      await check(page, 'sign in once more');
      assert.equal(await page.inputValue('#login-email'), email);
      await page.click('#link-send');
      await page.waitForSelector('#link-code');
      const { code } = await takeMail(email, /^Sign in to/);
      await page.fill('#link-code', code);
      await page.click('#link-code-submit');
      await page.waitForURL('**/account/delete');
      await page.check('#delete-confirm');
      await page.click('#delete-submit');
      await page.waitForFunction(() => !document.querySelector('#delete-submit'));
      assert.equal(await heading(page), 'Your account was deleted');
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
      await server.stop();
      server = here;
    }
  });
});
