// Signing in by mail in Chromium: the link in the same browser, on another device, the typed code; by mouse,
// by keyboard alone, without JavaScript, narrow, and what axe-core says of each page.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import axe from 'axe-core';

import { send } from '../support/http_client.mjs';
import { useChromium, watch } from './chromium.mjs';
import { startDev } from './dev_server.mjs';
import { assertReached, goOn, openSignIn, path, tabTo } from './person.mjs';

const SETTINGS = { login_method: 'password_or_magic_link', mail_attempts_address: 1000, mail_attempts_source: 1000 };

describe('signing in by mail at /demo', () => {
  const chromium = useChromium();
  let server;
  let seen; // ids of mails that were read already

  before(async () => { server = await startDev(SETTINGS); });
  after(() => server?.stop());
  beforeEach(() => { seen = new Set(); });

  async function takeMail() {
    const end = Date.now() + 20_000;
    for (;;) {
      const { text } = await send(server.url('/dev/inbox.json'), { port: server.port });
      const mail = JSON.parse(text).find((one) => !seen.has(one.id) && one.to === server.alice.email && one.text.includes('/m/'));
      if (mail) {
        seen.add(mail.id);
        return { ...mail, link: mail.text.match(/http:\/\/\S+\/m\/\S+/)[0], code: mail.text.match(/^\s*(\d{3} \d{3})\s*$/m)[1] };
      }
      if (Date.now() > end) throw new Error('no mail came');
      await new Promise((done) => { setTimeout(done, 50); });
    }
  }
  async function noteOldMails() {
    const { text } = await send(server.url('/dev/inbox.json'), { port: server.port });
    for (const { id } of JSON.parse(text)) seen.add(id);
  }

  async function fresh(options) {
    const context = await chromium.fresh(options);
    return { context, complaints: await watch(context), page: await context.newPage() };
  }
  /** The page that waits, and the mail. */
  async function ask(page) {
    await noteOldMails();
    await openSignIn(page, server);
    await page.fill('#login-email', server.alice.email);
    await page.click('#link-send');
    await page.waitForSelector('#link-code');
    return { mail: await takeMail(), number: (await page.locator('#link-number').innerText()).replace(/\s/g, '') };
  }

  async function check(page, where) {
    await page.evaluate(axe.source);
    for (const width of [1280, 320]) {
      await page.setViewportSize({ width, height: 800 });
      const found = await page.evaluate(async () => (await window.axe.run(document)).violations
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`));
      assert.deepEqual(found, [], `${where} at ${width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${where} at ${width}: ${wide} px too wide`);
      const small = await page.evaluate(() => [...document.querySelectorAll('.button, input')]
        .filter((part) => part.type !== 'hidden' && part.getBoundingClientRect().height < 44).map((part) => part.id));
      assert.deepEqual(small, [], `${where} at ${width}`);
    }
  }

  test('the link in the same browser', async () => {
    const { context, complaints, page } = await fresh();
    const { mail } = await ask(page);
    await check(page, 'the page that waits');
    const second = await context.newPage();
    await second.goto(mail.link);
    await check(second, 'the page of the link');
    assert.ok((await second.locator('main').innerText()).includes(server.alice.email));
    await second.click('#link-confirm');
    await goOn(second, server.alice);
    // The first tab leads on, too.
    await page.waitForSelector('#link-go-on');
    await page.click('#link-go-on');
    await page.waitForURL('**/demo*');
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('the link on another device: this browser goes on by itself', async () => {
    const { context, complaints, page } = await fresh();
    const phone = await fresh({ viewport: { width: 320, height: 640 } });
    const { mail, number } = await ask(page);
    await phone.page.goto(mail.link);
    await check(phone.page, 'the page that wants the number');
    await phone.page.fill('#link-number', number === '999' ? '998' : '999');
    await phone.page.click('#link-approve');
    await phone.page.waitForSelector('#link-notice');
    await check(phone.page, 'after a wrong number');
    await phone.page.fill('#link-number', number);
    await phone.page.click('#link-approve');
    await phone.page.waitForFunction(() => !document.querySelector('#link-approve'));
    await check(phone.page, 'after the right number');
    await page.waitForURL((url) => url.pathname === '/demo' || url.pathname === '/consent');
    await goOn(page, server.alice);
    assert.ok(!(await phone.context.cookies()).some(({ name }) => /session|device/.test(name)));
    assert.deepEqual([...complaints, ...phone.complaints], []);
    await phone.context.close();
    await context.close();
  });

  test('the code, by keyboard alone', async () => {
    const { context, complaints, page } = await fresh();
    await noteOldMails();
    await openSignIn(page, server);
    await tabTo(page, 'login-email').catch(() => page.focus('#login-email'));
    await page.keyboard.type(server.alice.email);
    await tabTo(page, 'link-send');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#link-code');
    const { code } = await takeMail();
    await tabTo(page, 'link-code');
    await page.keyboard.type('000 000');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#link-notice');
    await check(page, 'after a wrong code');
    await tabTo(page, 'link-code');
    await page.keyboard.type(code);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === '/demo' || url.pathname === '/consent');
    await goOn(page, server.alice);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('without JavaScript, on another device', async () => {
    const { context, page } = await fresh({ javaScriptEnabled: false });
    const phone = await fresh({ javaScriptEnabled: false });
    const { mail, number } = await ask(page);
    await page.click('#link-entered');
    assert.equal(path(page), '/m/sent', 'nothing was entered yet');
    await phone.page.goto(mail.link);
    await phone.page.fill('#link-number', number);
    await phone.page.click('#link-approve');
    await page.click('#link-entered');
    await page.click('#link-continue');
    await page.waitForURL((url) => url.pathname === '/demo' || url.pathname === '/consent');
    if (path(page) === '/consent') await page.click('#consent-allow');
    await assertReached(page, server.alice);
    await phone.context.close();
    await context.close();
  });

  test('a new mail, an old link, a link of nobody: each page leads on', async () => {
    const { context, page } = await fresh();
    const { mail } = await ask(page);
    await page.click('#link-again');
    await page.waitForSelector('#link-notice');
    const newer = await takeMail();
    const second = await context.newPage();
    await second.goto(mail.link);
    await check(second, 'an ended link');
    await second.click('#link-again');
    await second.waitForSelector('#link-code');
    const newest = await takeMail();
    assert.notEqual(newest.link, newer.link);
    await second.goto(server.url('/m/lkm_nothing'));
    await check(second, 'an unknown link');
    await second.goto(newest.link);
    await second.click('#link-confirm');
    await goOn(second, server.alice);
    await page.reload();
    assert.ok(await page.locator('#link-go-on, #link-again').count() > 0);
    await context.close();
  });

  test('back to the password', async () => {
    const { context, page } = await fresh();
    await ask(page);
    await page.click('#link-back');
    await page.waitForSelector('#login-password');
    assert.equal(await page.inputValue('#login-email'), server.alice.email);
    await goOn(page, server.alice);
    await context.close();
  });
});
