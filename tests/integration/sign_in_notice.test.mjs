// A person is told of a browser that was not seen before, whatever the way in, and of nothing else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend } from '../support/latchkey.mjs';
import { openAccount, openFrom, takeNotice } from '../support/people.mjs';
import { register } from '../support/registration.mjs';
import { authorizeUrl, makePkce } from '../support/relying_party.mjs';
import { askForLink, numberOn, startWithMail, takeMail } from '../support/sign_in_mail.mjs';

const NEW = 'copper-Lantern-47-meadow';
const TABLET = 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0';
let counter = 0;

onEachBackend('the notice of a new sign-in', (backend) => {
  let world;
  let fixtures;

  before(async () => {
    world = await startWithMail({ backend, settings: { self_signup: true, registration: 'open' } });
    fixtures = await seed(world.server, { clients: ['trusted'], users: [] });
  });
  after(() => world?.stop());

  async function person() {
    const user = { email: `ida${counter++}@example.com`, name: 'Ida', password: 'violet-Harbour-92-lantern' };
    await world.server.addUser(user);
    return user;
  }
  function newBrowser() {
    const browser = new Browser(world.server);
    browser.extraHeaders = { 'user-agent': TABLET };
    return browser;
  }
  const signInPage = (browser, client = fixtures.trusted) => browser.open(authorizeUrl(world.server, client,
    { code_challenge: makePkce().challenge, code_challenge_method: 'S256', prompt: 'login' }));
  /** The kinds of all mails to a person, oldest first. They are queued with what they tell of. */
  async function kinds(user) {
    const { stdout } = await world.server.command(['mail', 'list', '--address', user.email, '--json']);
    return JSON.parse(stdout).map(({ kind }) => kind).reverse();
  }
  const notices = async (user) => (await kinds(user)).filter((kind) => kind === 'new_sign_in').length;

  const mailed = async (browser, user) => {
    const sent = await askForLink(browser, await signInPage(browser), user.email);
    return { sent, mail: await takeMail(world.mails, user.email) };
  };
  const ways = {
    password: async (browser, user) => typePassword(browser, await signInPage(browser), user),
    link: async (browser, user) => {
      const { mail } = await mailed(browser, user);
      return browser.submit(await browser.open(mail.link), 'link-confirm');
    },
    code: async (browser, user) => {
      const { sent, mail } = await mailed(browser, user);
      return browser.submit(sent, 'link-code-submit', { code: mail.code });
    },
    'number entered on another device': async (browser, user) => {
      const { sent, mail } = await mailed(browser, user);
      const phone = new Browser(world.server);
      await phone.submit(await phone.open(mail.link), 'link-approve', { number: numberOn(sent) });
      return browser.submit(await browser.open(sent.url), 'link-continue');
    },
  };

  for (const [way, signIn] of Object.entries(ways)) {
    test(`by ${way}: once for each browser`, async () => {
      const user = await person();
      const browser = newBrowser();
      assert.match((await signIn(browser, user)).redirect ?? '', /[?&]code=/);
      const notice = await takeNotice(world.mails, user.email, /New sign-in/);
      for (const part of [notice.text, notice.html]) {
        assert.ok(part.includes('Firefox on Android, 127.0.0.1'), part);
        assert.ok(part.includes(`${world.server.issuer}/account/security`), part);
        assert.ok(part.includes('Trusted'), part);
        assert.match(part, /When: .*\d/);
      }
      for (const again of Object.values(ways)) {
        assert.match((await again(browser, user)).redirect ?? '', /[?&]code=/);
      }
      assert.equal(await notices(user), 1, 'the browser is known, by every way in');
      await signIn(newBrowser(), user);
      assert.equal(await notices(user), 2, 'another one is not');
    });
  }

  test('none for the first sign-in, at sign-up', async () => {
    const user = { email: `ida${counter++}@example.com`, password: NEW };
    const browser = newBrowser();
    const form = await openFrom(browser, await signInPage(browser), 'login-signup');
    const sent = await browser.submit(form, 'signup-submit', { email: user.email, name: 'Ida', new_password: NEW });
    const { code } = await takeMail(world.mails, user.email);
    assert.match((await browser.submit(sent, 'link-code-submit', { code })).redirect ?? '', /[?&]code=/);
    assert.deepEqual(await kinds(user), ['sign_up']);
    await ways.password(browser, user);
    assert.deepEqual(await kinds(user), ['sign_up'], 'nor for the next one there');
  });

  test('none beside the notice of a new password, chosen at /account or from a mail', async () => {
    const user = await person();
    const { browser } = await openAccount(world.server, user);
    const form = await browser.open('/account/password');
    const changed = await browser.submit(form, 'password-submit', { password: user.password, new_password: NEW });
    assert.equal(changed.url.pathname, '/account/security', changed.title);
    assert.deepEqual(await kinds(user), ['new_sign_in', 'password_changed']);

    const other = newBrowser();
    const sent = await other.submit(await other.open('/reset'), 'reset-send', { email: user.email });
    const { code } = await takeMail(world.mails, user.email);
    const finish = await other.submit(sent, 'link-code-submit', { code });
    const login = await other.submit(finish, 'reset-submit', { new_password: 'quiet-Marble-58-thicket' });
    await typePassword(other, login, { ...user, password: 'quiet-Marble-58-thicket' });
    assert.deepEqual(await kinds(user), ['new_sign_in', 'password_changed', 'reset_password', 'password_changed']);
    // The browser that had the old password is a stranger again.
    await ways.password(browser, { ...user, password: 'quiet-Marble-58-thicket' });
    assert.equal(await notices(user), 2);
  });

  test('what an application in quarantine calls itself stands in no mail', async () => {
    const user = await person();
    const answer = await register(world.server, { client_name: 'Alpine Bank', redirect_uris: ['https://prizes.test/cb'] });
    assert.equal(answer.status, 201, answer.text);
    const browser = newBrowser();
    const sent = await askForLink(browser, await signInPage(browser, answer.json()), user.email);
    const mail = await takeMail(world.mails, user.email);
    await browser.submit(sent, 'link-code-submit', { code: mail.code });
    const notice = await takeNotice(world.mails, user.email, /New sign-in/);
    for (const { headers, text, html } of [mail, notice]) {
      assert.doesNotMatch(`${headers.subject} ${headers.from} ${text} ${html}`, /Alpine/);
    }
  });
});
