// A new password for who forgot theirs: by link, by code, from another device, with and without an
// application; what it ends, and what strangers are told.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser, typePassword } from '../support/browser.mjs';
import { onEachBackend } from '../support/latchkey.mjs';
import { assertNoMail, canSignIn, openAccount, openFrom, takeNotice } from '../support/people.mjs';
import { authorizeUrl, makePkce, obtainTokens, refresh, userinfo } from '../support/relying_party.mjs';
import { numberOn, startWithMail, takeMail } from '../support/sign_in_mail.mjs';

const NEW = 'copper-Lantern-47-meadow';
const REDIRECT = 'https://rp.test/cb';
let counter = 0;

onEachBackend('reset', (backend) => {
  let world;
  let server;
  let web;

  before(async () => {
    world = await startWithMail({ backend });
    server = world.server;
    web = await server.addClient({ name: 'Web', redirect_uris: [REDIRECT] });
  });
  after(() => world?.stop());

  const person = () => server.addUser({ email: `person${++counter}@example.com`, name: 'Pat', password: 'violet-Harbour-92-lantern' });
  const requestUrl = () => authorizeUrl(server, web, { code_challenge: makePkce().challenge, code_challenge_method: 'S256' });

  async function ask(user, { browser = new Browser(server), from } = {}) {
    const form = from ? await openFrom(browser, await browser.open(from), 'login-reset') : await browser.open('/reset');
    const sent = await browser.submit(form, 'reset-send', { email: user.email });
    assert.ok(sent.has('link-code'), `${sent.status} ${sent.title}`);
    return { browser, sent, mail: await takeMail(world.mails, user.email) };
  }

  test('by link, from an application: everything ends, a notice is sent, the sign-in goes on', async () => {
    const user = await person();
    const elsewhere = await obtainTokens(server, web, user, { scope: 'openid offline_access' });
    const { browser: oldBrowser } = await openAccount(server, user);
    const { browser, mail } = await ask(user, { from: requestUrl() });
    const confirm = await browser.open(mail.link);
    const form = await browser.submit(confirm, 'link-confirm');
    assert.ok(form.has('reset-submit') && form.has('new-password'), form.title);
    assert.ok(await canSignIn(server, user.email, user.password), 'nothing has changed yet');
    const login = await browser.submit(form, 'reset-submit', { new_password: NEW });
    assert.ok(login.has('login-submit') && login.has('login-notice'), login.title);
    assert.match(login.text, /Your password was changed/);

    const notice = await takeNotice(world.mails, user.email, /password was changed/);
    assert.doesNotMatch(notice.text, /\/m\//);
    assert.equal((await refresh(server, web, elsewhere.refresh_token)).status, 400);
    assert.equal((await userinfo(server, elsewhere.access_token)).status, 401);
    assert.ok((await oldBrowser.open('/account')).has('login-email'));
    assert.equal(await canSignIn(server, user.email, user.password), false);
    const goesOn = await typePassword(browser, login, { email: user.email, password: NEW });
    assert.ok(goesOn.redirect?.startsWith(REDIRECT) || goesOn.has('consent-allow'), goesOn.title);
  });

  test('by code, without an application', async () => {
    const user = await person();
    const { browser, sent, mail } = await ask(user);
    const form = await browser.submit(sent, 'link-code-submit', { code: mail.code });
    const login = await browser.submit(form, 'reset-submit', { new_password: NEW });
    const account = await typePassword(browser, login, { email: user.email, password: NEW });
    assert.equal(account.url.pathname, '/account');
  });

  test('from another device, by the number: the form is in the browser that asked', async () => {
    const user = await person();
    const { browser, sent, mail } = await ask(user);
    const phone = new Browser(server);
    const approved = await phone.submit(await phone.open(mail.link), 'link-approve', { number: numberOn(sent) });
    assert.ok(!approved.has('reset-submit'), approved.title);
    const ready = await browser.open(sent.url);
    const form = await browser.submit(ready, ready.forms[0].buttons[0].id);
    assert.ok(form.has('reset-submit'), form.title);
  });

  test('a password that is no good is explained, and the next one works', async () => {
    const user = await person();
    const { browser, sent, mail } = await ask(user);
    let form = await browser.submit(sent, 'link-code-submit', { code: mail.code });
    for (const [new_password, said] of [['abc', /too short/], ['12345678', /easily guessed/], [user.email, /whoever knows you/]]) {
      form = await browser.submit(form, 'reset-submit', { new_password });
      assert.equal(form.status, 422);
      assert.match(form.text, said);
    }
    assert.ok((await browser.submit(form, 'reset-submit', { new_password: NEW })).has('login-submit'));
  });

  test('a stranger sees the same, and gets no mail', async () => {
    const user = await person();
    const known = await ask(user);
    const browser = new Browser(server);
    const sent = await browser.submit(await browser.open('/reset'), 'reset-send', { email: 'nobody@example.com' });
    const shape = (page) => page.text.replace(/t=[\w-]+|value="[\w-]+"|>\d \d \d</g, '').replace(/[\w.]+@example\.com/g, '');
    assert.equal(shape(sent), shape(known.sent));
    assert.deepEqual(Object.keys(sent.headers), Object.keys(known.sent.headers));
    const wrong = await browser.submit(sent, 'link-code-submit', { code: '123 456' });
    assert.ok(wrong.has('link-notice') && !wrong.has('reset-submit'));
    await assertNoMail(world.mails, { addresses: ['nobody@example.com'] });
  });

  test('where people sign in by mail only there is nothing to reset', async () => {
    const mailOnly = await startWithMail({ backend, settings: { login_method: 'magic_link', self_signup: true } });
    try {
      const browser = new Browser(mailOnly.server);
      const page = await browser.open('/reset');
      assert.ok(page.has('link-send') && !page.has('reset-send'), page.title);
      assert.ok(!page.has('login-reset'));
      // Nor is there a password to choose, or one to ask for: not even of who has one from before.
      for (const password of ['violet-Harbour-92-lantern', undefined]) {
        const email = `by-mail${++counter}@example.com`;
        const own = new Browser(mailOnly.server);
        if (password) await mailOnly.server.addUser({ email, name: 'Pat', password });
        const [first, button] = password ? ['/account', 'link-send'] : ['/signup', 'signup-submit'];
        const sent = await own.submit(await own.open(first), button, { email });
        const { code } = await takeMail(mailOnly.mails, email);
        const account = await own.submit(sent, 'link-code-submit', { code });
        assert.equal(account.url.pathname, '/account', account.title);
        const choose = await own.open('/account/password');
        assert.equal(choose.url.pathname, password ? '/account/password' : '/account/security');
        for (const [path, id] of [['/account/email', 'email-submit'], ['/account/delete', 'delete-submit']]) {
          const form = await own.open(path);
          assert.ok(form.has(id) && !form.has('password'), `${path}: ${form.title}`);
        }
        const gone = await own.submit(await own.open('/account/delete'), 'delete-submit', { confirm: 'yes' });
        assert.match(gone.text, /Your account was deleted/);
      }
    } finally {
      await mailOnly.stop();
    }
  });
});
