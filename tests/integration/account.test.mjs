// A person's own pages at /account: profile, password, address, sessions, applications, history, the end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser, typePassword } from '../support/browser.mjs';
import { onEachBackend } from '../support/latchkey.mjs';
import { assertNoMail, canSignIn, openAccount, takeNotice } from '../support/people.mjs';
import { obtainTokens, refresh, userinfo } from '../support/relying_party.mjs';
import { numberOn, startWithMail, takeMail } from '../support/sign_in_mail.mjs';

const NEW = 'copper-Lantern-47-meadow';
const OLD = 'violet-Harbour-92-lantern';
let counter = 0;

onEachBackend('account', (backend) => {
  let world;
  let server;
  let web;

  before(async () => {
    world = await startWithMail({ backend });
    server = world.server;
    web = await server.addClient({ name: 'Meadow Notes', redirect_uris: ['https://rp.test/cb'] });
  });
  after(() => world?.stop());

  const person = (more = {}) => server.addUser({ email: `person${++counter}@example.com`, name: 'Pat', password: OLD, ...more });

  test('leads to the sign-in page and back, to the page that was asked for', async () => {
    const user = await person();
    const browser = new Browser(server);
    const login = await browser.open('/account/activity');
    assert.ok(login.has('login-email'), login.title);
    const page = await typePassword(browser, login, user);
    assert.equal(page.url.pathname, '/account/activity');
    assert.ok(page.text.includes('Signed in with the password'), page.text);
    assert.match(page.headers['content-security-policy'], /frame-ancestors 'none'/);
  });

  test('profile: own fields are saved, others stay as they are', async () => {
    const user = await person({ claims: { locale: 'de', phone_number: '+49 30 5550100', nickname: 'P' } });
    const { browser, page } = await openAccount(server, user);
    assert.ok(page.text.includes('+49 30 5550100'));
    const saved = await browser.submit(page, 'profile-save',
      { name: '  Pat <b>Garrett</b> ', given_name: 'Pat', nickname: '', phone_number: '666' });
    assert.ok(saved.has('form-notice'), saved.title);
    assert.ok(!saved.text.includes('<b>Garrett'));
    const tokens = await obtainTokens(server, web, user, { scope: 'openid profile phone' });
    const claims = (await userinfo(server, tokens.access_token)).json();
    assert.equal(claims.name, 'Pat <b>Garrett</b>');
    assert.equal(claims.given_name, 'Pat');
    assert.equal(claims.nickname, undefined);
    assert.equal(claims.phone_number, '+49 30 5550100');
    assert.equal(claims.locale, 'de');
    const refused = await browser.submit(page, 'profile-save', { name: 'x'.repeat(101) });
    assert.equal(refused.status, 422);
  });

  test('password: the old one is needed; all else ends; this browser gets a new cookie', async () => {
    const user = await person();
    const tokens = await obtainTokens(server, web, user, { scope: 'openid offline_access' });
    const { browser: other } = await openAccount(server, user);
    const { browser } = await openAccount(server, user);
    const thief = browser.clone();
    const form = await browser.open('/account/password');
    const wrong = await browser.submit(form, 'password-submit', { password: 'not-it', new_password: NEW });
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /present password is not right/);
    const weak = await browser.submit(form, 'password-submit', { password: OLD, new_password: 'Password1' });
    assert.match(weak.text, /easily guessed/);
    assert.ok(await canSignIn(server, user.email, OLD));
    const done = await browser.submit(form, 'password-submit', { password: OLD, new_password: NEW });
    assert.equal(done.url.pathname, '/account/security', done.title);
    assert.match(done.text, /Your password was changed/);
    await takeNotice(world.mails, user.email, /password was changed/);
    assert.equal(await canSignIn(server, user.email, OLD), false);
    assert.ok(await canSignIn(server, user.email, NEW));
    for (const gone of [other, thief]) assert.ok((await gone.open('/account')).has('login-email'));
    assert.equal((await browser.open('/account')).url.pathname, '/account');
    assert.equal((await refresh(server, web, tokens.refresh_token)).status, 400);
  });

  test('address: proved by the code, told to the old one; sessions stay', async () => {
    const user = await person();
    const { browser } = await openAccount(server, user);
    const form = await browser.open('/account/email');
    const same = await browser.submit(form, 'email-submit', { email: user.email.toUpperCase() });
    assert.equal(same.status, 422);
    const fresh = `fresh${++counter}@example.com`;
    for (const password of ['', 'not-it']) {
      const wrong = await browser.submit(form, 'email-submit', { email: fresh, password });
      assert.equal(wrong.status, 422);
      assert.match(wrong.text, /present password is not right/);
      assert.ok(wrong.text.includes(`value="${fresh}"`), 'what was typed stays');
    }
    await assertNoMail(world.mails, { addresses: [fresh] });
    const sent = await browser.submit(form, 'email-submit', { email: fresh, password: OLD });
    assert.ok(sent.has('link-code'), sent.title);
    const { code } = await takeMail(world.mails, fresh);
    const done = await browser.submit(sent, 'link-code-submit', { code });
    assert.equal(done.url.pathname, '/account/security');
    assert.match(done.text, /address was changed/);
    assert.ok(done.text.includes(fresh));
    await takeNotice(world.mails, user.email, /address was changed/);
    assert.ok(await canSignIn(server, fresh, OLD));
    assert.equal(await canSignIn(server, user.email, OLD), false);
    const tokens = await obtainTokens(server, web, { email: fresh, password: OLD }, { scope: 'openid email' });
    const claims = (await userinfo(server, tokens.access_token)).json();
    assert.equal(claims.email, fresh);
    assert.equal(claims.email_verified, true);
    assert.equal(claims.sub, user.sub);
  });

  test('address: by link in the same browser; a taken address looks the same and changes nothing', async () => {
    const user = await person();
    const taken = await person();
    const { browser } = await openAccount(server, user);
    const fresh = `fresh${++counter}@example.com`;
    await browser.submit(await browser.open('/account/email'), 'email-submit', { email: fresh, password: OLD });
    const { link } = await takeMail(world.mails, fresh);
    const done = await browser.submit(await browser.open(link), 'link-confirm');
    assert.match(done.text, /address was changed/);
    await takeNotice(world.mails, user.email, /address was changed/);
    const sent = await browser.submit(await browser.open('/account/email'), 'email-submit', { email: taken.email, password: OLD });
    assert.ok(sent.has('link-code'));
    const wrong = await browser.submit(sent, 'link-code-submit', { code: '123 456' });
    assert.ok(wrong.has('link-notice'));
    await assertNoMail(world.mails, { addresses: [taken.email] });
  });

  test('activity: what was refused stands there, counted, and does not drive off what was done', async () => {
    const tight = await startWithMail({ backend, settings: { throttle_account_attempts: 6, trusted_proxies: '127.0.0.1' } });
    try {
      const user = await tight.server.addUser({ email: 'watched@example.com', name: 'Wat', password: OLD });
      const { browser } = await openAccount(tight.server, user);
      assert.ok(!(await browser.open('/account/activity')).text.includes('wrong password'));
      const attacker = async (address, email = user.email) => {
        const from = new Browser(tight.server);
        from.extraHeaders = { 'x-forwarded-for': address, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0' };
        return { from, page: await from.open('/account'), email };
      };
      for (const address of ['198.51.100.7', '198.51.100.7', '2001:db8::1', '2001:db8::2']) {
        const { from, page, email } = await attacker(address);
        await typePassword(from, page, { email, password: 'not-it' });
      }
      const asking = await attacker('203.0.113.9');
      const sent = await asking.from.submit(asking.page, 'link-send', { email: user.email });
      const { code, link } = await takeMail(tight.mails, user.email);
      await asking.from.submit(sent, 'link-code-submit', { code: code === '123 456' ? '123 457' : '123 456' });
      const elsewhere = (await attacker('203.0.113.10')).from;
      const number = numberOn(sent) === '11' ? '12' : '11';
      await elsewhere.submit(await elsewhere.open(link), 'link-approve', { number });
      for (let i = 0; i < 5; i++) {
        const { from, page, email } = await attacker('192.0.2.77');
        await typePassword(from, page, { email, password: 'not-it' });
      }
      const { text } = await browser.open('/account/activity');
      const rows = [...text.matchAll(/<li>([\s\S]*?)<\/li>/g)].map(([, row]) => row.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '));
      const row = (what, from) => rows.filter((each) => each.includes(what) && each.includes(from));
      assert.equal(row('A wrong password was entered', '198.51.100.7').length, 1, rows.join('\n'));
      assert.match(row('A wrong password was entered', '198.51.100.7')[0], /Attempts: 2/);
      assert.match(row('A wrong password was entered', '198.51.100.7')[0], /Firefox/);
      assert.match(row('A wrong password was entered', '2001:db8::2')[0], /Attempts: 2/);
      assert.equal(row('A wrong code was entered', '203.0.113.9').length, 1);
      assert.equal(row('A wrong number was entered', '203.0.113.10').length, 1);
      assert.equal(row('Sign-ins were held back', '192.0.2.77').length, 1);
      assert.equal(row('Signed in with the password', '127.0.0.1').length, 1, 'what was done is still there');
    } finally {
      await tight.stop();
    }
  });

  test('sessions: one ends, then all others', async () => {
    const user = await person();
    const browsers = [];
    for (const agent of ['Firefox/130.0', 'Chrome/140.0 Safari/537.36', 'Firefox/131.0']) {
      const browser = new Browser(server);
      browser.extraHeaders['user-agent'] = `Mozilla/5.0 (X11; Linux x86_64) ${agent}`;
      browsers.push((await openAccount(server, user, { browser })).browser);
    }
    const [one, two, three] = browsers;
    const page = await one.open('/account/security');
    assert.ok(page.text.includes('This browser') && page.text.includes('127.0.0.1'));
    assert.ok(page.has('session-end-1') && page.has('session-end-2') && !page.has('session-end-0'));
    const ended = await one.submit(page, 'session-end-1');
    assert.match(ended.text, /was signed out/);
    const there = async (browser) => (await browser.open('/account')).url.pathname === '/account';
    assert.deepEqual([await there(one), await there(two), await there(three)], [true, true, false]);
    const others = await one.submit(ended, 'session-end-others');
    assert.match(others.text, /All other browsers/);
    assert.deepEqual([await there(one), await there(two)], [true, false]);
    assert.ok(!others.has('session-end-others'));
  });

  test('applications: what was allowed, until it is withdrawn', async () => {
    const user = await person();
    const { browser, page: first } = await openAccount(server, user);
    assert.ok(first);
    assert.match((await browser.open('/account/applications')).text, /You have allowed no application/);
    const tokens = await obtainTokens(server, web, user, { scope: 'openid email offline_access' }, { browser });
    const page = await browser.open('/account/applications');
    assert.ok(page.text.includes('Meadow Notes') && page.text.includes('Your e-mail address'), page.text);
    const done = await browser.submit(page, 'application-revoke-0');
    assert.match(done.text, /no longer use your account/);
    assert.ok(!done.text.includes('Meadow Notes'));
    assert.equal((await refresh(server, web, tokens.refresh_token)).status, 400);
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
  });

  test('several accounts: each page is of the one chosen', async () => {
    const [one, two] = [await person(), await person()];
    const { browser } = await openAccount(server, one);
    const chooser = await browser.open('/account/switch');
    assert.ok(chooser.has('choose-0'), chooser.title);
    const login = await browser.submit(chooser, 'choose-other');
    const second = await typePassword(browser, login, two);
    assert.ok(second.text.includes(two.email));
    const both = await browser.open('/account/switch');
    const of = (user) => [0, 1].find((at) => both.text.split(`id="choose-${at}"`)[1].split('</button>')[0].includes(user.email));
    const page = await browser.submit(both, `choose-${of(one)}`);
    assert.ok(page.text.includes(one.email) && !page.text.includes(two.email));
    const saved = await browser.submit(page, 'profile-save', { name: 'Just one' });
    assert.ok(saved.text.includes('Just one') && saved.text.includes(one.email));
    const tokens = await obtainTokens(server, web, two, { scope: 'openid profile' });
    assert.equal((await userinfo(server, tokens.access_token)).json().name, 'Pat');
  });

  test('the end: confirmed, everything gone, a notice, and the address is free', async () => {
    const user = await person();
    const tokens = await obtainTokens(server, web, user, { scope: 'openid offline_access' });
    const { browser } = await openAccount(server, user);
    const page = await browser.open('/account/delete');
    const unconfirmed = await browser.submit(page, 'delete-submit', { confirm: '' });
    assert.equal(unconfirmed.status, 422);
    assert.ok(await canSignIn(server, user.email, OLD));
    for (const password of ['', 'not-it']) {
      const wrong = await browser.submit(page, 'delete-submit', { confirm: 'yes', password });
      assert.equal(wrong.status, 422);
      assert.match(wrong.text, /present password is not right/);
    }
    assert.ok(await canSignIn(server, user.email, OLD));
    const done = await browser.submit(page, 'delete-submit', { confirm: 'yes', password: OLD });
    assert.match(done.text, /Your account was deleted/);
    await takeNotice(world.mails, user.email, /deleted/);
    assert.ok((await browser.open('/account')).has('login-email'));
    assert.equal(await canSignIn(server, user.email, OLD), false);
    assert.equal((await refresh(server, web, tokens.refresh_token)).status, 400);
    const again = await server.addUser({ email: user.email, name: 'Another', password: OLD });
    assert.notEqual(again.sub, user.sub);
  });
});
