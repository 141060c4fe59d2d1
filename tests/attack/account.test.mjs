// Attacks on a person's own pages: other sites' forms, other people's sessions and applications, stale sign-ins,
// framing, and what a stolen cookie is good for (attacks.md BR-01, BR-07, BR-15).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser, typePassword } from '../support/browser.mjs';
import { onEachBackend } from '../support/latchkey.mjs';
import { assertNoMail, canSignIn, hidden, openAccount } from '../support/people.mjs';
import { obtainTokens, refresh } from '../support/relying_party.mjs';
import { startWithMail, takeMail } from '../support/sign_in_mail.mjs';

const OLD = 'violet-Harbour-92-lantern';
const NEW = 'copper-Lantern-47-meadow';
let counter = 0;

const FORMS = [
  ['/account', 'profile-save', '/account/profile', { name: 'Owned' }],
  ['/account/security', 'session-end-others', '/account/sessions/end-others', {}],
  ['/account/password', 'password-submit', '/account/password', { password: OLD, new_password: NEW }],
  ['/account/email', 'email-submit', '/account/email', { email: 'evil@example.com', password: OLD }],
  ['/account/delete', 'delete-submit', '/account/delete', { confirm: 'yes', password: OLD }],
];

onEachBackend('attacks on the own pages', (backend) => {
  let world;
  let server;
  let web;

  before(async () => {
    world = await startWithMail({ backend });
    server = world.server;
    web = await server.addClient({ name: 'Web', redirect_uris: ['https://rp.test/cb'] });
  });
  after(() => world?.stop());

  const person = () => server.addUser({ email: `victim${++counter}@example.com`, name: 'Vic', password: OLD });
  const post = (browser, path, fields, headers = {}) => browser.exchange(server.url(path),
    { method: 'POST', form: new URLSearchParams(fields), headers: { origin: server.issuer, ...headers } });

  async function unharmed(user, browser) {
    assert.ok(await canSignIn(server, user.email, OLD));
    const page = await browser.open('/account');
    assert.equal(page.url.pathname, '/account');
    assert.ok(page.text.includes('value="Vic"'), 'the profile is as it was');
    await assertNoMail(world.mails);
  }

  test("a form without our seal, with another's, or from another site does nothing", async () => {
    const [alice, mallory] = [await person(), await person()];
    const { browser } = await openAccount(server, alice);
    await openAccount(server, alice); // something for end-others to end
    const { browser: evil } = await openAccount(server, mallory);
    await openAccount(server, mallory);
    for (const [page, button, path, fields] of FORMS) {
      const own = hidden(await browser.open(page), button);
      const foreign = hidden(await evil.open(page), button);
      const other = hidden(await browser.open(page === '/account' ? '/account/email' : '/account'),
        page === '/account' ? 'email-submit' : 'profile-save');
      for (const t of ['', 'x', foreign, other, `${own}A`]) {
        const answer = await post(browser, path, { ...fields, t });
        assert.equal(answer.status, 303, `${path} with ${t.slice(0, 8)}`);
      }
      for (const headers of [{ origin: 'https://evil.test' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
        assert.equal((await post(browser, path, { ...fields, t: own }, headers)).status, 303, path);
      }
      const nobody = new Browser(server);
      const answer = await post(nobody, path, { ...fields, t: own });
      assert.match(answer.location, /^\/login\?/);
    }
    await unharmed(alice, browser);
    assert.ok((await browser.open('/account/security')).has('session-end-others'));
  });

  test("other people's sessions and applications cannot be ended", async () => {
    const [alice, mallory] = [await person(), await person()];
    const tokens = await obtainTokens(server, web, alice, { scope: 'openid email offline_access' });
    const { browser } = await openAccount(server, alice);
    const { browser: other } = await openAccount(server, alice);
    const { browser: evil } = await openAccount(server, mallory);
    await openAccount(server, mallory);
    await obtainTokens(server, web, mallory, { scope: 'openid email' }, { browser: evil });
    const page = await browser.open('/account/security');
    const sids = page.forms.flatMap(({ buttons }) => buttons).filter(({ name }) => name === 'session').map(({ value }) => value);
    assert.ok(sids.length >= 1);
    const t = hidden(await evil.open('/account/security'), 'session-end-1');
    for (const session of sids) await post(evil, '/account/sessions/end', { t, session });
    assert.equal((await other.open('/account')).url.pathname, '/account');
    const applications = await evil.open('/account/applications');
    await post(evil, '/account/applications/revoke', { t: hidden(applications, 'application-revoke-0'), client: web.client_id });
    assert.equal((await refresh(server, web, tokens.refresh_token)).status, 200);
    const as = await evil.open(`/account?as=${sids[0]}`);
    assert.ok(as.text.includes(mallory.email) && !as.text.includes(alice.email));
  });

  test('the change of an address ends with the session that asked for it', async () => {
    const alice = await person();
    const { browser } = await openAccount(server, alice);
    const sent = await browser.submit(await browser.open('/account/email'), 'email-submit', { email: 'thief@example.com', password: OLD });
    const { code, link } = await takeMail(world.mails, 'thief@example.com');
    const { browser: own } = await openAccount(server, alice);
    await own.submit(await own.open('/account/security'), 'session-end-others');
    await browser.submit(sent, 'link-code-submit', { code });
    const confirm = await browser.open(link);
    if (confirm.has('link-confirm')) await browser.submit(confirm, 'link-confirm');
    assert.ok(await canSignIn(server, alice.email, OLD));
    assert.equal(await canSignIn(server, 'thief@example.com', OLD), false);
  });

  test('a proof of an address of one account is no use to another', async () => {
    const [alice, mallory] = [await person(), await person()];
    const { browser } = await openAccount(server, mallory);
    const address = `wanted${++counter}@example.com`;
    const sent = await browser.submit(await browser.open('/account/email'), 'email-submit', { email: address, password: OLD });
    const { code } = await takeMail(world.mails, address);
    const { browser: victim } = await openAccount(server, alice);
    const page = await victim.submit(sent, 'link-code-submit', { code });
    assert.ok(!page.text.includes('address was changed'), page.title);
    assert.ok(await canSignIn(server, alice.email, OLD));
  });

  test('no page can be framed or stored, and none can be read by another site', async () => {
    const { browser } = await openAccount(server, await person());
    for (const path of ['/account', '/account/security', '/account/applications', '/account/activity', '/account/password',
      '/account/email', '/account/delete', '/signup', '/reset']) {
      const page = await browser.open(path);
      assert.match(page.headers['content-security-policy'], /frame-ancestors 'none'/, path);
      assert.equal(page.headers['x-frame-options'], 'DENY');
      assert.match(page.headers['cache-control'], /no-store/);
      assert.equal(page.headers['access-control-allow-origin'], undefined);
    }
  });

  test('a notice cannot be put on a page from outside', async () => {
    const [alice, mallory] = [await person(), await person()];
    const { browser } = await openAccount(server, alice);
    const { browser: evil } = await openAccount(server, mallory);
    const saved = await evil.submit(await evil.open('/account'), 'profile-save', { name: 'M' });
    const n = saved.url.searchParams.get('n');
    assert.ok(n && saved.has('form-notice'));
    for (const notice of [n, 'account_password_changed', 'x']) {
      assert.ok(!(await browser.open(`/account?n=${notice}`)).has('form-notice'));
    }
  });

  test('guessing the present password is throttled as signing in is', async () => {
    const guesses = {
      '/account/password': ['password-submit', { new_password: NEW }],
      '/account/email': ['email-submit', { email: 'thief@example.com' }],
      '/account/delete': ['delete-submit', { confirm: 'yes' }],
    };
    const tight = await startWithMail({ backend, settings: { throttle_account_attempts: 3 } });
    try {
      for (const [path, [button, fields]] of Object.entries(guesses)) {
        const user = await tight.server.addUser({ email: `v${++counter}@example.com`, name: 'V', password: OLD });
        const { browser } = await openAccount(tight.server, user);
        const form = await browser.open(path);
        const statuses = [];
        for (let i = 0; i < 8; i++) {
          statuses.push((await browser.submit(form, button, { ...fields, password: `no-${i}` })).status);
        }
        assert.ok(statuses.includes(422) && statuses.at(-1) === 429, `${path}: ${statuses.join(' ')}`);
        const right = await browser.submit(form, button, { ...fields, password: OLD });
        assert.equal(right.status, 429, path);
        assert.equal((await browser.open('/account')).url.pathname, '/account');
      }
      await assertNoMail(tight.mails);
    } finally {
      await tight.stop();
    }
  });

  test('a stolen session alone changes neither the address nor ends the account, however fresh it is', async () => {
    const alice = await person();
    const { browser } = await openAccount(server, alice);
    const thief = browser.clone();
    for (const fields of [{}, { password: '' }, { password: 'x'.repeat(5000) }]) {
      const email = await thief.submit(await thief.open('/account/email'), 'email-submit', { email: 'thief@example.com', ...fields });
      assert.equal(email.status, 422);
      const gone = await thief.submit(await thief.open('/account/delete'), 'delete-submit', { confirm: 'yes', ...fields });
      assert.equal(gone.status, 422);
    }
    await unharmed(alice, browser);
  });

  test('LG-04 attempts cannot fill the history: one row per network and day, further networks together', async () => {
    const open = await startWithMail({ backend, settings: { throttle_account_attempts: 1000,
      throttle_account_daily_attempts: 1000, trusted_proxies: '127.0.0.1' } });
    try {
      const user = await open.server.addUser({ email: 'v@example.com', name: 'V', password: OLD });
      const { browser } = await openAccount(open.server, user);
      for (let i = 0; i < 60; i++) {
        const from = new Browser(open.server);
        from.extraHeaders = { 'x-forwarded-for': `198.51.100.${1 + (i % 30)}` };
        await typePassword(from, await from.open('/account'), { email: user.email, password: `no-${i}` });
      }
      const { text } = await browser.open('/account/activity');
      const rows = [...text.matchAll(/<li>([\s\S]*?)<\/li>/g)].map(([, row]) => row);
      assert.equal(rows.filter((row) => row.includes('Signed in with')).length, 1);
      const refused = rows.filter((row) => row.includes('wrong password'));
      assert.ok(refused.length === 20 || refused.length === 21, `${refused.length}`);
      assert.ok(refused.some((row) => row.includes('From many other networks')), refused.join('\n'));
    } finally {
      await open.stop();
    }
  });
});
