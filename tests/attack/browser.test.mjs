// Attacks on the pages through somebody's browser (BR).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Browser, signIn, typePassword } from '../support/browser.mjs';
import { makeCertificate } from '../support/certificate.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { assertOAuthError, authorizeUrl, decodeJwt, makePkce, obtainCode, obtainTokens, redeem, refresh, userinfo }
  from '../support/relying_party.mjs';

onEachBackend('BR', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'trusted'], users: ['alice', 'mallory'] });
  });
  after(() => server?.stop());

  const request = (client = fixtures.web, parameters = {}) => authorizeUrl(server, client,
    { code_challenge: makePkce().challenge, code_challenge_method: 'S256', ...parameters });
  const probe = (browser, client = fixtures.trusted) => browser.open(request(client, { prompt: 'none' }));
  const isSignedIn = async (browser) => Boolean((await probe(browser)).parameters.code);
  const toConsent = async (user, parameters) => {
    const browser = new Browser(server);
    const page = await typePassword(browser,
      await browser.open(request(fixtures.web, { prompt: 'consent', ...parameters })), user);
    assert.ok(page.has('consent-allow'), page.title);
    return { browser, page };
  };

  test('BR-01 clickjacking', async () => {
    const { page: consent, browser } = await toConsent(fixtures.alice);
    const pages = {
      login: await new Browser(server).open(request()),
      consent,
      logout: await browser.open('/logout'),
      error: await browser.open(authorizeUrl(server, fixtures.web, { redirect_uri: 'https://evil.test' })),
      missing: await browser.open('/nothing-here'),
      home: await browser.open('/'),
    };
    for (const [name, page] of Object.entries(pages)) {
      assert.match(page.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/, name);
      assert.equal(page.headers['x-frame-options'], 'DENY', name);
      assert.doesNotMatch(page.headers['content-security-policy'], /unsafe-|\*/, name);
      assert.doesNotMatch(page.text, /<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/i, name);
    }
  });

  test('BR-03 login CSRF: the attacker\'s credentials and page in the victim\'s browser', async () => {
    const attacker = new Browser(server);
    const prepared = await attacker.open(request());
    const victim = new Browser(server);
    for (const headers of [{}, { origin: 'https://evil.test' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
      const page = await victim.open('/login', {
        form: { t: prepared.url.searchParams.get('t'), email: fixtures.mallory.email, password: fixtures.mallory.password },
        headers,
      });
      assert.equal(page.redirect, undefined);
      assert.ok(page.has('login-email') || page.status === 403, `${page.status} ${page.title}`);
      assert.equal(await isSignedIn(victim), false);
    }
    // Nothing, or rubbish, in place of the page's seal.
    for (const t of ['', 'x', undefined]) {
      const form = { email: fixtures.mallory.email, password: fixtures.mallory.password };
      if (t !== undefined) form.t = t;
      const page = await victim.open('/login', { form });
      assert.equal(page.redirect, undefined);
      assert.ok(page.status < 500);
      assert.equal(await isSignedIn(victim), false);
    }
  });

  test('BR-04 consent CSRF and forged approval', async () => {
    const alice = await toConsent(fixtures.alice);
    const mallory = await toConsent(fixtures.mallory);
    const tokenOf = (page) => page.formWith('consent-allow').inputs.find((input) => input.name === 't').value;
    // Mallory's page in alice's browser, and the other way round.
    for (const [victim, foreign] of [[alice, mallory], [mallory, alice]]) {
      const page = await victim.browser.open('/consent',
        { form: { t: tokenOf(foreign.page), decision: 'allow' }, headers: { origin: 'https://evil.test' } });
      assert.equal(page.redirect, undefined, page.redirect);
    }
    // A browser without cookies.
    const stranger = await new Browser(server).open('/consent', { form: { t: tokenOf(alice.page), decision: 'allow' } });
    assert.equal(stranger.redirect, undefined);
    // GET never approves.
    for (const address of [`/consent?t=${encodeURIComponent(tokenOf(alice.page))}&decision=allow`,
      `${alice.page.url.pathname}${alice.page.url.search}&decision=allow`]) {
      const page = await alice.browser.open(address);
      assert.equal(page.redirect, undefined);
      assert.ok(page.has('consent-allow') || page.status === 403, `${page.status}`);
    }
    // A forged seal, a guess, and none.
    const good = tokenOf(alice.page);
    for (const t of [`${good.slice(0, -2)}${good.endsWith('AA') ? 'BB' : 'AA'}`, 'guess', '']) {
      const page = await alice.browser.open('/consent', { form: { t, decision: 'allow' } });
      assert.equal(page.redirect, undefined);
      assert.ok([400, 403].includes(page.status), `${page.status} for "${t.slice(0, 8)}"`);
    }
    // A decision that is none.
    for (const decision of ['', 'ALLOW', 'yes', undefined]) {
      const form = decision === undefined ? { t: good } : { t: good, decision };
      const page = await alice.browser.open('/consent', { form });
      assert.ok(!page.redirect || page.parameters.code === undefined, page.redirect);
    }
    // And the honest click still works.
    const done = await alice.browser.submit(alice.page, 'consent-allow');
    assert.ok(done.parameters.code);
  });

  test('BR-04 a consent shown for one account cannot be given as another', async () => {
    const { verifier, challenge } = makePkce();
    const browser = new Browser(server);
    const page = await typePassword(browser, await browser.open(request(fixtures.web,
      { prompt: 'consent', code_challenge: challenge })), fixtures.alice);
    assert.ok(page.has('consent-allow'), page.title);
    const tab = await browser.open(request(fixtures.web, { prompt: 'login' }));
    await typePassword(browser, tab, fixtures.mallory);
    const done = await browser.submit(page, 'consent-allow');
    if (done.redirect) {
      // Alice's session is still in this browser; then the code must be hers.
      const answer = await redeem(server, fixtures.web,
        { code: done.parameters.code, verifier, redirect_uri: fixtures.web.redirect_uris[0] });
      assert.equal(decodeJwt(answer.json().id_token).payload.sub, fixtures.alice.sub ?? fixtures.alice.id);
    } else {
      assert.ok(done.has('login-email') || done.has('consent-allow'), done.title);
    }
  });

  test('BR-07 session fixation', async () => {
    const names = [...(await obtainCode(server, fixtures.trusted, fixtures.alice)).browser.jar.keys()];
    const fixed = new Browser(server);
    const planted = 'A'.repeat(60);
    for (const name of names) fixed.jar.set(name, { value: planted });
    await signIn(fixed, request(fixtures.trusted), fixtures.alice);
    assert.ok(await isSignedIn(fixed));
    assert.ok(![...fixed.jar.values()].every(({ value }) => value === planted));
    const thief = new Browser(server);
    for (const name of names) thief.jar.set(name, { value: planted });
    assert.equal(await isSignedIn(thief), false);

    // A session that existed before gets a new id at the next sign-in, and the old id is dead.
    const { browser } = await obtainCode(server, fixtures.trusted, fixtures.mallory);
    const before = browser.clone();
    await signIn(browser, request(fixtures.trusted, { prompt: 'login' }), fixtures.alice);
    assert.ok(await isSignedIn(browser));
    assert.equal(await isSignedIn(before), false);
  });

  test('BR-07 a page made by the attacker approves nothing for the attacker', async () => {
    const attacker = new Browser(server);
    const prepared = await attacker.open(request(fixtures.trusted));
    const victim = new Browser(server);
    const shown = await victim.open(prepared.url);
    if (shown.has('login-email')) await typePassword(victim, shown, fixtures.alice);
    for (const address of [prepared.url, `/consent${prepared.url.search}`, request(fixtures.trusted, { prompt: 'none' })]) {
      const page = await attacker.open(address);
      assert.ok(!page.redirect || page.parameters.code === undefined, page.redirect);
    }
  });

  test('BR-13 logout CSRF', async () => {
    const { browser } = await obtainCode(server, fixtures.trusted, fixtures.alice);
    const crossSite = { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' };
    const asked = await browser.open('/logout', { headers: { 'sec-fetch-site': 'cross-site' } });
    assert.ok(asked.has('logout-confirm'));
    const posted = await browser.open('/logout', { form: {}, headers: crossSite });
    assert.equal(posted.redirect, undefined);
    assert.ok(await isSignedIn(browser));
    // The attacker's own confirmation page, posted by the victim's browser.
    const attacker = (await obtainCode(server, fixtures.trusted, fixtures.mallory)).browser;
    const foreign = await attacker.open('/logout');
    const t = foreign.formWith('logout-confirm').inputs.find((input) => input.name === 't').value;
    for (const value of [t, '', 'x', `${t.slice(0, -2)}AA`]) {
      await browser.open('/logout', { form: { t: value }, headers: crossSite });
      assert.ok(await isSignedIn(browser), `signed out by "${value.slice(0, 6)}"`);
    }
    // Other methods.
    await browser.open('/logout', { method: 'HEAD' });
    assert.ok(await isSignedIn(browser));
  });

  test('BR-15 logout is on the server', async () => {
    const node = await server.secondNode();
    try {
      const tokens = await obtainTokens(server, fixtures.trusted, fixtures.alice, { scope: 'openid' });
      const copy = tokens.browser.clone();
      const elsewhere = tokens.browser.clone();
      elsewhere.server = { issuer: server.issuer, port: node.port };
      assert.ok(await isSignedIn(elsewhere));
      const page = await tokens.browser.open('/logout');
      await tokens.browser.submit(page, 'logout-confirm');
      assert.equal(await isSignedIn(copy), false);
      assertOAuthError(await refresh(server, fixtures.trusted, tokens.refresh_token), 400, 'invalid_grant');
      assert.equal((await userinfo(server, tokens.access_token)).status, 401);
      assert.equal(await isSignedIn(elsewhere), false);
      const there = { ...node, url: server.url.bind(server), port: node.port };
      assertOAuthError(await refresh(there, fixtures.trusted, tokens.refresh_token), 400, 'invalid_grant');
      await new Promise((done) => { setTimeout(done, 1200); });
      assert.equal((await userinfo(there, tokens.access_token)).status, 401);
    } finally {
      await node.stop();
    }
  });
});

describe('BR on https', () => {
  test('BR-08 cookie flags', async () => {
    const { certificate, key } = makeCertificate(temporaryFolder());
    const server = await startLatchkey({ scheme: 'https', settings: { tls_cert_file: certificate, tls_key_file: key } });
    try {
      const { trusted, alice } = await seed(server, { clients: ['trusted'] });
      const { browser } = await obtainCode(server, trusted, alice);
      const asked = await browser.open('/logout');
      // The one that /check_session reads: no secret, and useless to whoever sends it.
      const { line: state } = browser.jar.get('latchkey_state');
      assert.match(state, /^latchkey_state=[\w-]{22}; /);
      assert.match(state, /; Secure(;|$)/i);
      assert.match(state, /; SameSite=None(;|$)/i);
      assert.match(state, /; Path=\/(;|$)/i);
      assert.doesNotMatch(state, /HttpOnly|; Domain/i);
      const lines = [...browser.jar.values()].map((cookie) => cookie.line).filter((line) => line !== state);
      assert.ok(lines.length >= 2, `${lines}`);
      await browser.submit(asked, 'logout-confirm');
      for (const line of lines) {
        assert.match(line, /^__Host-/);
        assert.match(line, /; Secure(;|$)/i);
        assert.match(line, /; HttpOnly(;|$)/i);
        assert.match(line, /; SameSite=Lax(;|$)/i);
        assert.match(line, /; Path=\/(;|$)/i);
        assert.doesNotMatch(line, /; Domain/i);
      }
    } finally {
      await server.stop();
    }
  });
});
