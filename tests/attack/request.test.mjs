// Attacks on response type, PKCE, mix-up and request objects (AR).
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { Browser, signIn, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { makeMasterKey, onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { assertErrorRedirect, assertOAuthError, authorizeUrl, makePkce, obtainCode, obtainTokens, randomText, redeem,
  userinfo } from '../support/relying_party.mjs';

onEachBackend('AR', (backend) => {
  let server;
  let fixtures;
  let masterKey;

  before(async () => {
    masterKey = makeMasterKey();
    server = await startLatchkey({ backend, masterKey });
    fixtures = await seed(server, { clients: ['web', 'spa', 'native', 'legacy', 'trusted'] });
  });
  after(() => server?.stop());

  const pkce = () => ({ code_challenge: makePkce().challenge, code_challenge_method: 'S256' });
  const signedIn = async () => (await obtainCode(server, fixtures.trusted, fixtures.alice)).browser;
  const open = async (browser, client, parameters) =>
    browser.open(authorizeUrl(server, client, { ...pkce(), ...parameters }));
  const refused = (page, error, client, more = {}) =>
    assertErrorRedirect(page, error, { client, issuer: server.issuer, ...more });

  test('AR-01 implicit and hybrid are off', async () => {
    const browser = await signedIn();
    for (const response_type of ['token', 'id_token', 'id_token token', 'code token', 'code id_token',
      'code id_token token', 'none', 'code  id_token', 'token code', 'code code', 'CODE', 'code ', ' code']) {
      for (const prompt of [undefined, 'none']) {
        const page = await open(browser, fixtures.trusted, { response_type, prompt, nonce: 'n' });
        refused(page, 'unsupported_response_type', fixtures.trusted);
        // What could have held a token is answered in the fragment, errors too.
        const atFragment = new URL(page.redirect).hash.includes('error=');
        assert.equal(atFragment, /\b(id_token|token)\b/.test(response_type), response_type);
      }
    }
    refused(await open(browser, fixtures.trusted, { response_type: undefined }), 'invalid_request', fixtures.trusted);
    refused(await open(browser, fixtures.trusted, { response_mode: 'nonsense' }), 'invalid_request', fixtures.trusted);
  });

  test('AR-02 flow coercion in the middle', async () => {
    const browser = new Browser(server);
    const first = await open(browser, fixtures.web, { state: 'mine' });
    const t = first.url.searchParams.get('t');
    assert.ok(t, first.url.href);
    const coerced = new URL(first.url);
    for (const [name, value] of Object.entries({ response_type: 'token', redirect_uri: 'https://evil.test/cb',
      client_id: fixtures.spa.client_id, scope: 'openid phone', state: 'theirs', prompt: 'none' })) {
      coerced.searchParams.set(name, value);
    }
    const shown = await browser.open(coerced);
    assert.ok(shown.has('login-email'));
    let page = await browser.submit(shown, 'login-submit', { email: fixtures.alice.email,
      password: fixtures.alice.password, response_type: 'token', redirect_uri: 'https://evil.test/cb' });
    if (page.has('consent-allow')) page = await browser.submit(page, 'consent-allow', { scope: 'openid phone' });
    assert.ok(page.redirect.startsWith('https://rp.test/cb?'));
    assert.equal(page.parameters.state, 'mine');
    assert.ok(page.parameters.code);
    assert.equal(page.parameters.access_token, undefined);
    // The seal itself: any changed character, another step, nothing at all.
    const flipped = [0, 5, Math.floor(t.length / 2), t.length - 2].map((at) =>
      t.slice(0, at) + (t[at] === 'A' ? 'B' : 'A') + t.slice(at + 1));
    for (const bad of [...flipped, '', 'x', t.slice(0, -4), `${t}AAAA`, 'A'.repeat(6000), `${t}${t}`]) {
      for (const path of ['/login', '/consent']) {
        const tried = await browser.open(`${path}?t=${encodeURIComponent(bad)}`);
        assert.equal(tried.redirect, undefined, tried.redirect);
        assert.ok(tried.status >= 400 && tried.status < 500, `${tried.status}`);
      }
    }
  });

  test('AR-04 PKCE missing for a public client, and for those that client add made', async () => {
    for (const name of ['spa', 'native', 'web']) {
      const page = await new Browser(server).open(authorizeUrl(server, fixtures[name]));
      refused(page, 'invalid_request', fixtures[name]);
    }
  });

  test('AR-05 PKCE plain, or no method', async () => {
    const { verifier, challenge } = makePkce();
    for (const code_challenge_method of ['plain', undefined, 's256', 'S512', '', 'S256 plain']) {
      for (const name of ['spa', 'web', 'legacy']) {
        const page = await open(new Browser(server), fixtures[name], { code_challenge: verifier, code_challenge_method });
        refused(page, 'invalid_request', fixtures[name]);
      }
    }
    for (const code_challenge of ['', 'short', challenge.slice(1), `${challenge}=`, `${challenge}x`, 'a'.repeat(129),
      `${challenge.slice(1)}+`]) {
      const page = await open(new Browser(server), fixtures.spa, { code_challenge });
      refused(page, 'invalid_request', fixtures.spa);
    }
  });

  test('AR-06 PKCE downgrade: challenge given, verifier missing or wrong', async () => {
    for (const name of ['web', 'spa', 'legacy']) {
      const grant = await obtainCode(server, fixtures[name], fixtures.alice);
      for (const code_verifier of [undefined, '', randomText(32), grant.verifier.slice(1), `${grant.verifier}A`,
        grant.verifier.toLowerCase() === grant.verifier ? grant.verifier.toUpperCase() : grant.verifier.toLowerCase(),
        'a'.repeat(129)]) {
        const answer = await redeem(server, fixtures[name], grant, { code_verifier });
        assertOAuthError(answer, 400, ['invalid_grant', 'invalid_request']);
        if (code_verifier === undefined) assertOAuthError(answer, 400, 'invalid_grant');
      }
    }
  });

  test('AR-07 PKCE downgrade: no challenge, but a verifier', async () => {
    const plain = { code_challenge: undefined, code_challenge_method: undefined };
    const grant = await obtainCode(server, fixtures.legacy, fixtures.alice, plain);
    assertOAuthError(await redeem(server, fixtures.legacy, grant, { code_verifier: randomText(32) }), 400, 'invalid_grant');
    const fair = await obtainCode(server, fixtures.legacy, fixtures.alice, plain);
    assert.equal((await redeem(server, fixtures.legacy, fair)).status, 200);
  });

  test('AR-11 iss in every response', async () => {
    const { issuer } = (await send(server.url('/.well-known/openid-configuration'))).json();
    const browser = await signedIn();
    const good = await open(browser, fixtures.trusted, {});
    assert.equal(good.parameters.iss, issuer);
    refused(await open(browser, fixtures.trusted, { prompt: 'bad' }), 'invalid_request', fixtures.trusted);
    refused(await open(new Browser(server), fixtures.trusted, { prompt: 'none' }), 'login_required', fixtures.trusted);
    const denied = await signIn(new Browser(server), authorizeUrl(server, fixtures.web,
      { ...pkce(), prompt: 'consent' }), fixtures.alice, { decision: 'deny' });
    refused(denied, 'access_denied', fixtures.web);
  });

  test('AR-12 mix-up of issuers: Host, cookie, code and token of another', async () => {
    const other = await startLatchkey({ backend, masterKey });
    try {
      const theirs = await seed(other, { clients: ['web'] });
      // Host B at A.
      for (const host of [other.host, 'evil.test', `evil.test:${server.port}`, `localhost:${server.port}.evil.test`]) {
        const answer = await send(server.url('/.well-known/openid-configuration'), { headers: { host } });
        assert.ok([400, 421].includes(answer.status), `${host}: ${answer.status}`);
        const asked = await send(authorizeUrl(server, fixtures.web, pkce()), { headers: { host } });
        assert.ok([400, 421].includes(asked.status), `${host}: ${asked.status}`);
        assert.equal(asked.location, undefined);
      }
      // The session cookie of A at B.
      const { browser } = await obtainCode(server, fixtures.web, fixtures.alice);
      const moved = new Browser(other);
      for (const [name, cookie] of browser.jar) moved.jar.set(name, cookie);
      const page = await moved.open(authorizeUrl(other, theirs.web, { ...pkce(), prompt: 'none' }));
      assert.equal(page.parameters.error, 'login_required');
      // A page of A, continued at B.
      const shown = await new Browser(server).open(authorizeUrl(server, fixtures.web, pkce()));
      const carried = await moved.open(`/login?t=${encodeURIComponent(shown.url.searchParams.get('t'))}`);
      assert.equal(carried.redirect, undefined);
      assert.ok(carried.status >= 400);
      // A code and a token of A at B.
      const grant = await obtainCode(server, fixtures.web, fixtures.alice);
      assertOAuthError(await redeem(other, theirs.web, grant), 400, 'invalid_grant');
      const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
      assert.equal((await userinfo(other, tokens.access_token)).status, 401);
    } finally {
      await other.stop();
    }
  });

  const unsigned = (claims) => `${[{ alg: 'none' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;

  test('AR-13 request object without a signature', async () => {
    const request = unsigned({ client_id: fixtures.web.client_id, redirect_uri: 'https://evil.test/cb',
      response_type: 'token', scope: 'openid' });
    const browser = await signedIn();
    // An empty one counts as absent (RFC 6749 §3.1).
    for (const value of [request, 'x']) {
      const page = await open(browser, fixtures.web, { request: value });
      refused(page, 'invalid_request_object', fixtures.web);
    }
  });

  test('AR-16 request_uri fetches nothing', async () => {
    let hits = 0;
    const canary = http.createServer((_, answer) => {
      hits++;
      answer.end();
    });
    await new Promise((done) => { canary.listen(0, '127.0.0.1', done); });
    const { port } = canary.address();
    for (const request_uri of ['http://169.254.169.254/', `http://127.0.0.1:${port}/`, `http://[::1]:${port}/`,
      'file:///etc/passwd', `https://localhost:${port}/r`, 'urn:ietf:params:oauth:request_uri:guess', 'x']) {
      const page = await open(new Browser(server), fixtures.web, { request_uri });
      refused(page, 'invalid_request_uri', fixtures.web);
    }
    assert.equal(hits, 0);
    await new Promise((done) => { canary.close(done); });
  });

  test('AR-02 a page of one browser leads nowhere in another', async () => {
    const browser = new Browser(server);
    const shown = await open(browser, fixtures.trusted, {});
    const stranger = new Browser(server);
    const page = await typePassword(stranger, shown, fixtures.alice);
    assert.equal(page.redirect, undefined);
    assert.ok(page.has('login-email'));
  });
});
