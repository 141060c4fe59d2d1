// Attacks on request objects and request_uri (AR-13, AR-16).
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { addKeyClient, assertionClaims, makeKey, nowSeconds, signJwt, unsignedJwt } from '../support/assertion.mjs';
import { Browser, signIn } from '../support/browser.mjs';
import { makeCertificate } from '../support/certificate.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { assertErrorRedirect, assertLocalError, authorizeUrl, call, makePkce, obtainTokens }
  from '../support/relying_party.mjs';

onEachBackend('AR request objects', (backend) => {
  let server;
  let fixtures;
  let key;
  let client;
  let files;

  before(async () => {
    files = makeCertificate(temporaryFolder());
    server = await startLatchkey({ backend, settings: { outbound_ca_file: files.certificate,
      outbound_allowed_addresses: '127.0.0.1,::1' } });
    fixtures = await seed(server, { clients: ['web', 'spa', 'trusted'] });
    key = makeKey('ES256');
    client = await addKeyClient(server, [key], { first_party: true });
  });
  after(() => server?.stop());

  const pkce = () => ({ code_challenge: makePkce().challenge, code_challenge_method: 'S256' });
  const open = (of, parameters, at = server) => new Browser(at).open(authorizeUrl(at, of, { ...pkce(), ...parameters }));
  const refused = (page, error, of = client, at = server) => assertErrorRedirect(page, error, { client: of, issuer: at.issuer });
  const sign = (claims, options = {}) => signJwt({ iss: client.client_id, aud: server.issuer, state: 'inner', ...claims },
    { key: key.privateKey, alg: 'ES256', ...options });

  test('AR-13 unsigned, in every spelling', async () => {
    const claims = { client_id: client.client_id, redirect_uri: 'https://evil.test/cb', scope: 'openid', state: 'inner' };
    for (const of of [client, fixtures.web]) {
      for (const alg of ['none', 'None', 'nOnE', 'NONE', ' none', '', null, 0, ['none']]) {
        for (const request of [unsignedJwt({ ...claims, client_id: of.client_id }, { alg }),
          `${unsignedJwt({ ...claims, client_id: of.client_id }, { alg })}AAAA`]) {
          refused(await open(of, { request }), 'invalid_request_object', of);
        }
      }
    }
  });

  test('AR-13 unsigned where it is switched on, but the client said otherwise', async () => {
    const lax = await startLatchkey({ backend, settings: { allow_unsigned: true } });
    try {
      const bound = [await addKeyClient(lax, [key], { metadata: { request_object_signing_alg: 'ES256' } }),
        await addKeyClient(lax, [key], { metadata: { require_signed_request_object: true } })];
      for (const of of bound) {
        refused(await open(of, { request: unsignedJwt({ state: 'inner' }) }, lax), 'invalid_request_object', of, lax);
      }
    } finally {
      await lax.stop();
    }
  });

  test('AR-13 signed wrongly', async () => {
    const spki = key.publicKey.export({ type: 'spki', format: 'pem' });
    const thief = makeKey('ES256');
    const now = nowSeconds();
    for (const request of ['x', 'a.b.c', 'a.b.c.d.e', sign({}, { key: thief.privateKey }),
      sign({}, { key: thief.privateKey, header: { jwk: thief.jwk } }), sign({}, { key: spki, alg: 'HS256' }),
      sign({}, { key: spki, alg: 'HS256', header: { alg: 'ES256' } }), sign({}, { header: { crit: ['x'] } }),
      sign({}, { header: { b64: false } }), sign({}, { header: { typ: 'at+jwt' } }), sign({}, { header: { kid: 7 } }),
      sign({ iss: 'other' }), sign({ aud: 'https://other.test' }), sign({ aud: [] }), sign({ exp: now - 300 }),
      sign({ nbf: now + 300 }), sign({ client_id: fixtures.web.client_id }), sign({ response_type: 'code token' }),
      sign({ request: unsignedJwt({}) }), sign({ request_uri: 'https://rp.test/r' }), sign({ state: null }),
      signJwt('{"state":"inner","state":"other"}', { key: key.privateKey, alg: 'ES256' }),
      // An assertion for the token endpoint is no request object (RFC 9101 section 10.8).
      signJwt(assertionClaims(server, client), { key: key.privateKey, alg: 'ES256' })]) {
      refused(await open(client, { request }), 'invalid_request_object');
    }
    // Of one client under the name of another.
    refused(await open(fixtures.web, { request: sign({}) }), 'invalid_request_object', fixtures.web);
    const other = await addKeyClient(server, [makeKey('ES256')]);
    refused(await open(other, { request: sign({ iss: undefined }) }), 'invalid_request_object', other);
    // What this server signed itself.
    const tokens = await obtainTokens(server, fixtures.trusted, fixtures.alice);
    for (const request of [tokens.id_token, tokens.access_token]) {
      refused(await open(client, { request }), 'invalid_request_object');
    }
    const page = await signIn(new Browser(server), authorizeUrl(server, client, { ...pkce(), request: sign({}) }), fixtures.alice);
    assert.equal(page.parameters.state, 'inner');
    assert.ok(page.parameters.code);
  });

  test('AR-13 a signature does not widen what the client may do', async () => {
    assertLocalError(await open(client, { request: sign({ redirect_uri: 'https://evil.test/cb' }) }));
    refused(await open(client, { request: sign({ code_challenge: '', response_type: 'code', state: 'state-1' }),
      code_challenge: undefined, code_challenge_method: undefined }), 'invalid_request');
    refused(await open(client, { request: sign({ code_challenge_method: 'plain', state: 'state-1' }) }), 'invalid_request');
    refused(await open(client, { request: sign({ scope: 'nonsense', state: 'state-1' }) }), 'invalid_scope');
    const twice = `${authorizeUrl(server, client, { ...pkce(), request: sign({}) })}&request=${sign({})}`;
    assert.equal((await new Browser(server).open(twice)).parameters.error, 'invalid_request');
    refused(await open(client, { request: sign({}), request_uri: 'https://rp.test/r' }), 'invalid_request');
  });

  test('AR-16 request_uri: nothing is fetched that is not registered', async () => {
    let hits = 0;
    const count = (_, answer) => {
      hits++;
      answer.end(sign({}));
    };
    const plain = http.createServer(count);
    const tls = https.createServer({ key: readFileSync(files.key), cert: readFileSync(files.certificate) }, count);
    for (const canary of [plain, tls]) await new Promise((done) => { canary.listen(0, '127.0.0.1', done); });
    const good = `https://localhost:${tls.address().port}`;
    const of = await addKeyClient(server, [key], { metadata: { request_uris: [`${good}/r#one`] } });
    try {
      for (const request_uri of ['http://169.254.169.254/', `http://127.0.0.1:${plain.address().port}/`,
        `http://[::1]:${plain.address().port}/`, 'file:///etc/passwd', `${good}/r`, `${good}/r#two`, `${good}/r?x#one`,
        `${good}/R#one`, `${good}//r#one`, `${good}@evil.test/r#one`, `${good.replace('https', 'HTTPS')}/r#one`, `${good}/r#one `,
        'gopher://127.0.0.1/', 'urn:ietf:params:oauth:request_uri:guess', 'URN:ietf:params:oauth:request_uri:guess', 'x', ' ',
        'data:,x', '//evil.test/']) {
        for (const whose of [of, client]) {
          refused(await open(whose, { request_uri }), 'invalid_request_uri', whose);
        }
      }
      // A registered one of somebody else.
      refused(await open(client, { request_uri: `${good}/r#one` }), 'invalid_request_uri');
      assert.equal(hits, 0);
    } finally {
      for (const canary of [plain, tls]) {
        canary.close();
        canary.closeAllConnections();
      }
    }
  });

  test('AR-16 a registered request_uri that turns bad', async () => {
    let hits = 0;
    const canary = http.createServer((_, answer) => {
      hits++;
      answer.end();
    });
    await new Promise((done) => { canary.listen(0, '127.0.0.1', done); });
    const bad = {
      '/redirect': [302, { location: `http://127.0.0.1:${canary.address().port}/` }, ''],
      '/self': [307, { location: '/good' }, ''],
      '/large': [200, {}, 'x'.repeat(1_000_000)],
      '/missing': [404, {}, sign({})],
      '/error': [500, {}, ''],
      '/empty': [200, {}, ''],
      '/html': [200, { 'content-type': 'text/html' }, '<html></html>'],
      '/unsigned': [200, {}, unsignedJwt({ state: 'inner' })],
      '/forged': [200, {}, sign({}, { key: makeKey('ES256').privateKey })],
    };
    const tls = https.createServer({ key: readFileSync(files.key), cert: readFileSync(files.certificate) }, (request, answer) => {
      const [status, headers, body] = bad[request.url] ?? [200, {}, sign({})];
      answer.writeHead(status, headers);
      answer.end(body);
    });
    await new Promise((done) => { tls.listen(0, '127.0.0.1', done); });
    const base = `https://localhost:${tls.address().port}`;
    const of = await addKeyClient(server, [key], { metadata: { request_uris: Object.keys(bad).map((path) => base + path) } });
    try {
      for (const path of Object.keys(bad)) {
        refused(await open(of, { request_uri: base + path }), ['invalid_request_uri', 'invalid_request_object'], of);
      }
      assert.equal(hits, 0);
      tls.close();
      tls.closeAllConnections();
      refused(await open(of, { request_uri: `${base}/empty` }), 'invalid_request_uri', of);
    } finally {
      canary.close();
      tls.closeAllConnections();
    }
  });

  test('a stranger cannot fill the database by pushing requests as a public client', async () => {
    const { spa } = fixtures;
    const push = () => call(server, '/par', spa, { client_id: spa.client_id, response_type: 'code', scope: 'openid',
      redirect_uri: spa.redirect_uris[0], ...pkce() });
    const statuses = new Map();
    for (let round = 0; round < 13; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, push));
      for (const answer of answers) {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status === 429) assert.match(answer.headers['retry-after'], /^[1-9][0-9]*$/);
      }
    }
    assert.deepEqual(Object.fromEntries(statuses), { 201: 600, 429: 50 });
  });
});
