// Making an account oneself: by link, by typed code, from another device; where it is offered, which domains
// may, what known addresses are told, and the account chooser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend } from '../support/latchkey.mjs';
import { assertNoMail, canSignIn, openFrom, takeNotice } from '../support/people.mjs';
import { authorizeUrl, makePkce, redeem, userinfo } from '../support/relying_party.mjs';
import { numberOn, startWithMail, takeMail } from '../support/sign_in_mail.mjs';

const PASSWORD = 'amber-Teapot-31-gravel';
let counter = 0;
const fresh = (domain = 'corp.test') => `new${++counter}@${domain}`;

onEachBackend('sign-up', (backend) => {
  let world;
  let server;
  let fixtures;

  before(async () => {
    world = await startWithMail({ backend, settings: { self_signup: true, signup_domains: 'corp.test,corp.example' } });
    server = world.server;
    fixtures = await seed(server, { clients: ['web'], users: ['alice', 'mallory'] });
  });
  after(() => world?.stop());

  function request(parameters = {}) {
    const { verifier, challenge } = makePkce();
    const url = authorizeUrl(server, fixtures.web,
      { scope: 'openid email profile', code_challenge: challenge, code_challenge_method: 'S256', ...parameters });
    return { url, verifier };
  }
  async function form(browser, url) {
    return openFrom(browser, await browser.open(url), 'login-signup');
  }
  async function ask(email, { name = 'Nova', browser = new Browser(server) } = {}) {
    const { url, verifier } = request();
    const sent = await browser.submit(await form(browser, url), 'signup-submit',
      { email, name, new_password: PASSWORD });
    return { browser, sent, verifier };
  }
  async function claimsOf(browser, page, verifier) {
    const end = page.has('consent-allow') ? await browser.submit(page, 'consent-allow') : page;
    assert.ok(end.redirect, `${end.status} ${end.title}`);
    const answer = await redeem(server, fixtures.web,
      { code: end.parameters.code, verifier, redirect_uri: fixtures.web.redirect_uris[0] });
    assert.equal(answer.status, 200, answer.text);
    return (await userinfo(server, answer.json().access_token)).json();
  }

  test('by link: the account is made, its person signed in, the application goes on', async () => {
    const email = fresh();
    const { browser, sent, verifier } = await ask(email.toUpperCase(), { name: '  Nova Lumen ' });
    assert.ok(sent.has('link-code'), sent.title);
    const mail = await takeMail(world.mails, email.toUpperCase());
    const confirm = await browser.open(mail.link);
    const claims = await claimsOf(browser, await browser.submit(confirm, 'link-confirm'), verifier);
    assert.equal(claims.email.toLowerCase(), email);
    assert.equal(claims.email_verified, true);
    assert.equal(claims.name, 'Nova Lumen');
    assert.ok(await canSignIn(server, email, PASSWORD));
    const used = await browser.open(mail.link);
    assert.equal(used.has('link-confirm'), false);
  });

  test('by typed code', async () => {
    const email = fresh();
    const { browser, sent, verifier } = await ask(email);
    const { code } = await takeMail(world.mails, email);
    const claims = await claimsOf(browser, await browser.submit(sent, 'link-code-submit', { code }), verifier);
    assert.equal(claims.email, email);
  });

  test('who has an account may take an address of a domain that may not sign up', async () => {
    const email = fresh();
    const { browser, sent, verifier } = await ask(email);
    const { code } = await takeMail(world.mails, email);
    await claimsOf(browser, await browser.submit(sent, 'link-code-submit', { code }), verifier);
    const other = fresh('elsewhere.test');
    await browser.submit(await browser.open('/account/email'), 'email-submit', { email: other, password: PASSWORD });
    const { link } = await takeMail(world.mails, other);
    await browser.submit(await browser.open(link), 'link-confirm');
    await takeNotice(world.mails, email, /address was changed/);
    assert.ok(await canSignIn(server, other, PASSWORD));
  });

  test('from another device, by the number', async () => {
    const email = fresh();
    const { browser, sent, verifier } = await ask(email);
    const { link } = await takeMail(world.mails, email);
    const phone = new Browser(server);
    const asks = await phone.open(link);
    const approved = await phone.submit(asks, 'link-approve', { number: numberOn(sent) });
    assert.equal(approved.redirect, undefined);
    assert.ok(!phone.cookieHeader.includes('latchkey_session'), phone.cookieHeader);
    const ready = await browser.open(sent.url);
    const done = await browser.submit(ready, ready.forms[0].buttons[0].id);
    assert.equal((await claimsOf(browser, done, verifier)).email, email);
  });

  test('who has an account gets the same page, and a mail that says so and opens nothing', async () => {
    const email = 'known@corp.test';
    await server.addUser({ email, name: 'Known', password: 'quiet-Marble-58-thicket' });
    const { browser, sent } = await ask(email);
    const stranger = fresh();
    const other = await ask(stranger);
    const shape = (page) => page.text.replace(/t=[\w-]+|value="[\w-]+"|>\d \d \d</g, '').replaceAll(email, '')
      .replace(/new\d+@corp\.test/g, '');
    assert.equal(shape(sent), shape(other.sent));
    await takeMail(world.mails, stranger);
    const mail = await takeNotice(world.mails, email, /already/);
    assert.doesNotMatch(mail.text, /\/m\//);
    assert.doesNotMatch(mail.text, /^\s*\d{3} \d{3}\s*$/m);
    const wrong = await browser.submit(sent, 'link-code-submit', { code: '123 456' });
    assert.ok(wrong.has('link-notice'), wrong.title);
    assert.ok(await canSignIn(server, email, 'quiet-Marble-58-thicket'));
    assert.equal(await canSignIn(server, email, PASSWORD), false);
  });

  test('the entry is checked, kept, and explained', async () => {
    const browser = new Browser(server);
    const page = await form(browser, request().url);
    assert.match(page.text, /corp\.test, corp\.example/);
    const cases = [
      [{ email: 'nobody', new_password: PASSWORD }, /not a complete e.mail address/],
      [{ email: 'a@elsewhere.test', new_password: PASSWORD }, /cannot be used here/],
      [{ email: fresh(), new_password: 'short1' }, /too short/],
      [{ email: fresh(), new_password: 'password1' }, /easily guessed[\s\S]*Strength: 0 of 4; at least 2 is needed/],
      [{ email: 'garibaldi@corp.test', new_password: 'garibaldi@corp' }, /whoever knows you/],
      [{ email: fresh(), new_password: `vq8Zk2mP${'x'.repeat(249)}` }, /too long/],
      [{ email: fresh(), name: 'x'.repeat(101), new_password: PASSWORD }, /name cannot be used/],
    ];
    for (const [fields, said] of cases) {
      const refused = await browser.submit(page, 'signup-submit', fields);
      assert.equal(refused.status, 422, JSON.stringify(fields));
      assert.match(refused.text, said);
      assert.ok(refused.text.includes(`value="${fields.email}"`));
      const typed = refused.formWith('signup-submit').inputs.find(({ name }) => name === 'new_password');
      assert.equal(typed.value, undefined);
    }
    await assertNoMail(world.mails);
  });

  test('a form from elsewhere makes nothing', async () => {
    const browser = new Browser(server);
    const page = await form(browser, request().url);
    const email = fresh();
    const thief = new Browser(server);
    for (const [who, headers] of [[thief, {}], [browser, { origin: 'https://evil.test' }]]) {
      const again = await who.submit(page, 'signup-submit', { email, new_password: PASSWORD }, { headers });
      assert.ok(again.has('signup-submit'), again.title);
    }
    await assertNoMail(world.mails);
  });

  test('two windows, one address: one account', async () => {
    const email = fresh();
    const one = await ask(email);
    const first = await takeMail(world.mails, email);
    const two = await ask(email);
    const second = await takeMail(world.mails, email);
    const made = await one.browser.submit(one.sent, 'link-code-submit', { code: first.code });
    assert.ok(made.has('consent-allow'), made.title);
    const late = await two.browser.submit(two.sent, 'link-code-submit', { code: second.code });
    assert.ok(!late.has('consent-allow'), late.title);
    assert.ok(!late.redirect);
  });

  test('not offered where the application does not want it', async () => {
    const closed = await startWithMail({ backend });
    try {
      const { web } = await seed(closed.server, { clients: ['web'], users: [] });
      const browser = new Browser(closed.server);
      const page = await browser.open(authorizeUrl(closed.server, web, { code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
      assert.ok(page.has('login-submit') && !page.has('login-signup'));
      const t = page.formWith('login-submit').inputs.find(({ name }) => name === 't').value;
      const direct = await browser.open(`/signup?t=${t}`);
      assert.ok(direct.has('login-submit'), direct.title);
      const posted = await browser.open('/signup', { form: new URLSearchParams({ t, email: 'x@corp.test', new_password: PASSWORD }),
        headers: { origin: closed.server.issuer } });
      assert.ok(posted.has('login-submit'), posted.title);
      assert.equal(closed.mails.messages.length, 0);
    } finally {
      await closed.stop();
    }
  });

  test('the chooser: two accounts in one browser, another one, and nobody elses', async () => {
    const browser = new Browser(server);
    const plain = request();
    await typePassword(browser, await browser.open(plain.url), fixtures.alice);
    const select = () => request({ prompt: 'select_account' });
    const first = await browser.open(select().url);
    assert.equal(first.url.pathname, '/choose');
    assert.ok(first.has('choose-0') && !first.has('choose-1') && first.text.includes(fixtures.alice.email));
    const login = await browser.submit(first, 'choose-other');
    assert.ok(login.has('login-email'), login.title);
    const asMallory = await typePassword(browser, login, fixtures.mallory);
    assert.ok(asMallory.has('consent-allow') && asMallory.text.includes(fixtures.mallory.email), asMallory.title);

    const { url, verifier } = select();
    const both = await browser.open(url);
    assert.ok(both.has('choose-0') && both.has('choose-1'));
    const alices = both.formWith('choose-0').buttons
      .find(({ value }, at) => both.text.split('id="choose-')[at + 1].split('</button>')[0].includes(fixtures.alice.email)).id;
    const chosen = await browser.submit(both, alices);
    assert.equal((await claimsOf(browser, chosen, verifier)).email, fixtures.alice.email);

    const stranger = new Browser(server);
    const foreign = await stranger.submit(both, 'choose-0');
    assert.ok(!foreign.redirect && !foreign.has('consent-allow'), foreign.title);
    const forged = await browser.submit(both, 'choose-0', { account: 'no-such-session' });
    assert.equal(forged.url.pathname, '/choose');
  });
});
