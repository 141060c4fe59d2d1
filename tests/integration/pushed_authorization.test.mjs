// Pushed authorization requests (RFC 9126), and request objects by value and by reference (OpenID Connect Core
// section 6, RFC 9101), as sound applications use them.
import assert from 'node:assert/strict';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import * as openid from 'openid-client';

import { addKeyClient, makeKey, nowSeconds, proof, signJwt, unsignedJwt } from '../support/assertion.mjs';
import { Browser, signIn } from '../support/browser.mjs';
import { makeCertificate } from '../support/certificate.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { assertErrorRedirect, assertLocalError, assertOAuthError, authorizeUrl, call, makePkce, redeem }
  from '../support/relying_party.mjs';

onEachBackend('PAR', (backend) => {
  let server;
  let fixtures;
  let alice;
  let files;
  const answers = new Map();
  let store;

  before(async () => {
    files = makeCertificate(temporaryFolder());
    store = https.createServer({ key: readFileSync(files.key), cert: readFileSync(files.certificate) }, (request, answer) => {
      const body = answers.get(request.url);
      answer.writeHead(body ? 200 : 404, { 'content-type': 'application/oauth-authz-req+jwt' });
      answer.end(body ?? '');
    });
    await new Promise((done) => { store.listen(0, '127.0.0.1', done); });
    server = await startLatchkey({ backend, settings: { allow_unsigned: true, outbound_ca_file: files.certificate,
      outbound_allowed_addresses: '127.0.0.1,::1' } });
    fixtures = await seed(server, { clients: ['web', 'post', 'spa', 'trusted'] });
    ({ alice } = fixtures);
  });
  after(async () => {
    store?.close();
    store?.closeAllConnections();
    await server?.stop();
  });

  const parameters = (client, changes = {}) => ({ client_id: client.client_id, response_type: 'code',
    redirect_uri: client.redirect_uris[0], scope: 'openid', state: 'pushed-state', ...changes });
  const push = (client, changes = {}, form = {}) =>
    call(server, '/par', client, { ...parameters(client, changes), ...form });
  async function pushed(client, changes = {}, form = {}) {
    const { verifier, challenge } = makePkce();
    const answer = await push(client, { code_challenge: challenge, code_challenge_method: 'S256', ...changes }, form);
    assert.equal(answer.status, 201, answer.text);
    const { request_uri: uri, expires_in: life, ...rest } = answer.json();
    assert.match(uri, /^urn:ietf:params:oauth:request_uri:lkp_[\w-]{60,}$/);
    assert.equal(life, 90);
    assert.deepEqual(rest, {});
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.match(answer.headers['cache-control'], /no-store/);
    return { uri, verifier, redirect_uri: client.redirect_uris[0] };
  }
  const goTo = (client, request_uri, more = {}) => {
    const url = new URL(server.url('/authorize'));
    for (const [name, value] of Object.entries({ client_id: client.client_id, request_uri, ...more })) {
      url.searchParams.set(name, value);
    }
    return url.href;
  };

  for (const name of ['web', 'post', 'spa']) {
    test(`${name}: pushed, signed in, redeemed`, async () => {
      const client = fixtures[name];
      const { uri, verifier, redirect_uri } = await pushed(client);
      const page = await signIn(new Browser(server), goTo(client, uri), alice);
      assert.equal(page.parameters.state, 'pushed-state');
      const tokens = await redeem(server, client, { code: page.parameters.code, verifier, redirect_uri });
      assert.equal(tokens.status, 200, tokens.text);
    });
  }

  test('a client that signs its assertions', async () => {
    const key = makeKey();
    const client = await addKeyClient(server, [key]);
    const stranger = { ...client, token_endpoint_auth_method: 'none' };
    const { uri, verifier, redirect_uri } = await pushed(stranger, {}, proof(server, client, key));
    const page = await signIn(new Browser(server), goTo(client, uri), alice);
    const tokens = await redeem(server, stranger, { code: page.parameters.code, verifier, redirect_uri },
      proof(server, client, key));
    assert.equal(tokens.status, 200, tokens.text);
  });

  test('used once, but opened as often as it takes', async () => {
    const client = fixtures.trusted;
    const { uri } = await pushed(client);
    const browser = new Browser(server);
    assert.ok((await new Browser(server).open(goTo(client, uri))).has('login-email'));
    assert.ok((await browser.open(goTo(client, uri))).has('login-email'));
    const page = await signIn(browser, goTo(client, uri), alice);
    assert.ok(page.parameters.code);
    assertLocalError(await browser.open(goTo(client, uri)));
  });

  test('what stands beside the request_uri does not count', async () => {
    const client = fixtures.trusted;
    const { uri } = await pushed(client);
    const page = await signIn(new Browser(server), goTo(client, uri, { state: 'other', scope: 'openid email',
      redirect_uri: 'https://evil.test/cb', response_type: 'token', code_challenge: 'x' }), alice);
    assert.ok(page.redirect.startsWith(`${client.redirect_uris[0]}?`), page.redirect);
    assert.equal(page.parameters.state, 'pushed-state');
    assert.ok(page.parameters.code);
  });

  test('of another client, made up, expired', async () => {
    const { uri } = await pushed(fixtures.web);
    const browser = new Browser(server);
    assertLocalError(await browser.open(goTo(fixtures.spa, uri)));
    for (const wrong of [`${uri}A`, uri.slice(0, -1), `${uri.slice(0, -5)}AAAAA`, 'urn:ietf:params:oauth:request_uri:',
      'urn:ietf:params:oauth:request_uri:guess', 'urn:ietf:params:oauth:request_uri:1']) {
      assertLocalError(await browser.open(goTo(fixtures.web, wrong)));
      const back = await browser.open(goTo(fixtures.web, wrong, { redirect_uri: fixtures.web.redirect_uris[0], state: 's' }));
      assertErrorRedirect(back, 'invalid_request_uri', { client: fixtures.web, issuer: server.issuer, state: 's' });
    }
    const short = await startLatchkey({ backend, settings: { pushed_request_lifetime: '5s' } });
    try {
      const { web } = await seed(short);
      const answer = await call(short, '/par', web, { ...parameters(web), code_challenge: makePkce().challenge,
        code_challenge_method: 'S256' });
      assert.equal(answer.json().expires_in, 5);
      await new Promise((done) => { setTimeout(done, 5300); });
      const url = new URL(short.url('/authorize'));
      url.searchParams.set('client_id', web.client_id);
      url.searchParams.set('request_uri', answer.json().request_uri);
      assertLocalError(await new Browser(short).open(url.href));
    } finally {
      await short.stop();
    }
  });

  test('what is wrong is said at once, in JSON', async () => {
    const { web, spa } = fixtures;
    const good = { code_challenge: makePkce().challenge, code_challenge_method: 'S256' };
    const rows = [[{ redirect_uri: 'https://evil.test/cb' }, 'invalid_request'], [{ redirect_uri: undefined }, 'invalid_request'],
      [{ response_type: undefined }, 'invalid_request'], [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ scope: 'nonsense' }, 'invalid_scope'], [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      [{ prompt: 'none login' }, 'invalid_request'], [{ max_age: '-1' }, 'invalid_request'],
      [{ request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'invalid_request'], [{ request: 'x' }, 'invalid_request_object'],
      [{ registration: '{}' }, 'registration_not_supported'], [{ state: 'x'.repeat(5000) }, 'invalid_request']];
    for (const [changes, error] of rows) {
      for (const client of [web, spa]) assertOAuthError(await push(client, { ...good, ...changes }), 400, error);
    }
    assertOAuthError(await push({ ...web, client_secret: 'x' }, good), 401, 'invalid_client');
    assertOAuthError(await push({ ...web, token_endpoint_auth_method: 'none' }, good), 401, 'invalid_client');
    const repeated = [...Object.entries({ ...parameters(spa), ...good }), ['state', 'again']];
    assertOAuthError(await send(server.url('/par'), { method: 'POST', form: repeated }), 400, 'invalid_request');
    assertOAuthError(await push(web, { ...good, padding: 'x'.repeat(17_000) }), 400, 'invalid_request');
    assert.equal((await push(web, { ...good, padding: 'x'.repeat(70_000) })).status, 413);
    assert.equal((await send(server.url('/par'))).status, 405);
    assertOAuthError(await send(server.url(`/par?client_id=${spa.client_id}`), { method: 'POST', form: {} }), 400, 'invalid_request');
  });

  test('the largest request that is taken can be finished', async () => {
    const client = fixtures.web;
    const { verifier, challenge } = makePkce();
    let answer;
    for (let size = 4200; answer?.status !== 201; size -= 20) {
      assert.ok(size > 3500, `${size}: ${answer?.text}`);
      if (answer) assertOAuthError(answer, 400, 'invalid_request');
      answer = await push(client, { code_challenge: challenge, code_challenge_method: 'S256', padding: 'x'.repeat(size) });
    }
    const page = await signIn(new Browser(server), goTo(client, answer.json().request_uri), alice);
    const { code } = page.parameters;
    assert.equal((await redeem(server, client, { code, verifier, redirect_uri: client.redirect_uris[0] })).status, 200);
  });

  test('a client bound to PAR', async () => {
    const client = await server.addClient({ name: 'Bound', redirect_uris: ['https://bound.test/cb'], first_party: true,
      metadata: { require_pushed_authorization_requests: true } });
    const { challenge } = makePkce();
    const page = await new Browser(server).open(authorizeUrl(server, client, { code_challenge: challenge,
      code_challenge_method: 'S256' }));
    assertErrorRedirect(page, 'invalid_request', { client, issuer: server.issuer });
    const { uri } = await pushed(client);
    assert.ok((await signIn(new Browser(server), goTo(client, uri), alice)).parameters.code);
  });

  test('openid-client pushes', async () => {
    const { client_id: id, client_secret: secret, redirect_uris: [redirect_uri] } = fixtures.web;
    const config = await openid.discovery(new URL(server.issuer), id, secret, openid.ClientSecretBasic(secret),
      { execute: [openid.allowInsecureRequests] });
    assert.equal(config.serverMetadata().pushed_authorization_request_endpoint, server.url('/par'));
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const url = await openid.buildAuthorizationUrlWithPAR(config, { redirect_uri, scope: 'openid', state: 's', nonce: 'n',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256' });
    const page = await signIn(new Browser(server), url.href, alice);
    const tokens = await openid.authorizationCodeGrant(config, new URL(page.redirect), { pkceCodeVerifier,
      expectedState: 's', expectedNonce: 'n', idTokenExpected: true });
    assert.equal(tokens.claims().nonce, 'n');
  });

  const object = (client, key, claims, options = {}) => signJwt({ iss: client.client_id, aud: server.issuer,
    client_id: client.client_id, exp: nowSeconds() + 60, ...claims }, { key: key.privateKey, alg: key.alg, ...options });

  test('request objects by value: signed, and unsigned where it is switched on', async () => {
    const { challenge } = makePkce();
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
    for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
      const key = makeKey(alg);
      const client = await addKeyClient(server, [key], { first_party: true });
      const request = object(client, key, { ...pkce, state: 'inner', nonce: 'n', max_age: 3600,
        claims: { userinfo: { name: { essential: true } } } }, { header: { typ: 'oauth-authz-req+jwt' } });
      const page = await signIn(new Browser(server), authorizeUrl(server, client, { request, state: 'outer' }), alice);
      assert.equal(page.parameters.state, 'inner', `${alg} ${page.redirect}`);
    }
    const client = fixtures.trusted;
    const request = unsignedJwt({ ...parameters(client), ...pkce, state: 'inner' });
    const page = await signIn(new Browser(server), authorizeUrl(server, client, { request, state: undefined,
      redirect_uri: `${client.redirect_uris[0]}_invalid` }), alice);
    assert.equal(page.parameters.state, 'inner');
    assert.ok(page.redirect.startsWith(`${client.redirect_uris[0]}?`));
  });

  test('request objects at /par, and where they are required', async () => {
    const key = makeKey();
    const client = await addKeyClient(server, [key], { first_party: true, metadata: { require_signed_request_object: true,
      request_object_signing_alg: 'ES256' } });
    const stranger = { ...client, token_endpoint_auth_method: 'none' };
    const { challenge } = makePkce();
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
    const whole = object(client, key, { ...parameters(client), ...pkce, state: 'inner' });
    assertOAuthError(await push(stranger, pkce, proof(server, client, key)), 400, 'invalid_request');
    assertErrorRedirect(await new Browser(server).open(authorizeUrl(server, client, pkce)), 'invalid_request',
      { client, issuer: server.issuer });
    const { uri } = await pushed(stranger, { state: 'outer', scope: 'openid email', request: whole }, proof(server, client, key));
    const page = await signIn(new Browser(server), goTo(client, uri), alice);
    assert.equal(page.parameters.state, 'inner');
    assert.equal(page.parameters.error, undefined);
    // Nothing outside the object counts, so a scope that is only there is missing.
    const { scope, ...rest } = parameters(client, { ...pkce, request: object(client, key, pkce) });
    assertOAuthError(await call(server, '/par', stranger, { ...rest, scope, ...proof(server, client, key) }), 400, 'invalid_request');
  });

  test('request_uri: registered with its fragment, fetched without it', async () => {
    const key = makeKey('RS256');
    const base = `https://localhost:${store.address().port}`;
    const uri = `${base}/object#${'f'.repeat(43)}`;
    const client = await addKeyClient(server, [key], { first_party: true, metadata: { request_uris: [uri, `${base}/none`],
      request_object_signing_alg: 'RS256' } });
    const { challenge } = makePkce();
    answers.set('/object', `${object(client, key, { state: 'fetched', code_challenge: challenge, code_challenge_method: 'S256' })}\n`);
    const page = await signIn(new Browser(server), authorizeUrl(server, client, { request_uri: uri }), alice);
    assert.equal(page.parameters.state, 'fetched', page.redirect);
    for (const wrong of [`${base}/none`, `${base}/object`, `${uri}f`]) {
      const back = await new Browser(server).open(authorizeUrl(server, client, { request_uri: wrong }));
      assertErrorRedirect(back, 'invalid_request_uri', { client, issuer: server.issuer });
    }
  });

  if (backend === 'sqlite') {
    test('no secret of the client is kept with the request', async () => {
      const client = fixtures.post;
      const { uri } = await pushed(client, { login_hint: 'kept-marker' });
      const kept = ['', '-wal'].map((end) => readFileSync(`${server.folder}/latchkey.db${end}`, 'latin1')).join('');
      assert.ok(kept.includes('kept-marker'));
      assert.ok(!kept.includes(client.client_secret));
      assert.ok(!kept.includes(uri.split(':').pop()));
    });
  }
});
