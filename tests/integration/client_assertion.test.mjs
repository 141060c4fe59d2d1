// private_key_jwt and client_secret_jwt (OpenID Connect Core section 9, RFC 7523) as sound applications use them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';

import { addKeyClient, makeKey, nowSeconds, proof } from '../support/assertion.mjs';
import { makeCertificate } from '../support/certificate.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { call, obtainCode, redeem } from '../support/relying_party.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };

onEachBackend('client assertions', (backend) => {
  let server;
  let alice;
  let files;

  before(async () => {
    files = makeCertificate(temporaryFolder());
    server = await startLatchkey({ backend, settings: { outbound_ca_file: files.certificate,
      outbound_allowed_addresses: '127.0.0.1,::1' } });
    ({ alice } = await seed(server, { clients: [] }));
  });
  after(() => server?.stop());

  const introspect = (form) => call(server, '/introspect', undefined, { token: 'x', ...form });

  test('a key of every algorithm, without a kid', async () => {
    for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
      const key = makeKey(alg);
      const client = await addKeyClient(server, [key], { metadata: { token_endpoint_auth_signing_alg: alg } });
      assert.equal(client.client_secret, undefined);
      assert.equal((await introspect(proof(server, client, key))).status, 200, alg);
      assert.equal((await introspect({ ...proof(server, client, key), client_id: client.client_id })).status, 200);
    }
  });

  test('several keys: chosen by kid, or tried', async () => {
    const keys = [makeKey('ES256', { kid: 'one' }), makeKey('ES256', { kid: 'two' }), makeKey('RS256', { kid: 'three' })];
    const client = await addKeyClient(server, keys);
    for (const key of keys) {
      assert.equal((await introspect(proof(server, client, key))).status, 200);
      const { kid } = key.jwk;
      assert.equal((await introspect(proof(server, client, key, {}, { header: { kid } }))).status, 200);
      const wrong = await introspect(proof(server, client, key, {}, { header: { kid: 'four' } }));
      assert.equal(wrong.status, 401);
    }
  });

  test('audience: the issuer or the token endpoint, at every endpoint', async () => {
    const key = makeKey();
    const client = await addKeyClient(server, [key]);
    for (const aud of [server.issuer, server.url('/token')]) {
      assert.equal((await introspect(proof(server, client, key, { aud }))).status, 200);
      const revoked = await call(server, '/revoke', undefined, { token: 'x', ...proof(server, client, key, { aud }) });
      assert.equal(revoked.status, 200);
    }
  });

  test('clocks that differ by a few seconds, and typ', async () => {
    const key = makeKey();
    const client = await addKeyClient(server, [key]);
    const ahead = nowSeconds() + 8;
    assert.equal((await introspect(proof(server, client, key, { nbf: ahead, iat: ahead }))).status, 200);
    for (const typ of ['JWT', 'client-authentication+jwt']) {
      assert.equal((await introspect(proof(server, client, key, {}, { header: { typ } }))).status, 200);
    }
  });

  test('the whole code flow with assertions', async () => {
    const key = makeKey('PS256');
    const client = await addKeyClient(server, [key]);
    const grant = await obtainCode(server, client, alice, { scope: 'openid offline_access' });
    const stranger = { ...client, token_endpoint_auth_method: 'none' };
    // call() adds client_id, which may stand beside an assertion.
    const tokens = await redeem(server, stranger, grant, proof(server, client, key));
    assert.equal(tokens.status, 200, tokens.text);
    const again = await call(server, '/token', undefined, { grant_type: 'refresh_token',
      refresh_token: tokens.json().refresh_token, ...proof(server, client, key) });
    assert.equal(again.status, 200, again.text);
  });

  test('client_secret_jwt', async () => {
    const client = await server.addClient({ name: 'Shared', redirect_uris: ['https://shared.test/cb'],
      method: 'client_secret_jwt' });
    assert.ok(client.client_secret.length >= 32);
    assert.equal((await introspect(proof(server, client))).status, 200);
    const answer = await introspect(proof(server, { ...client, client_secret: `${client.client_secret}x` }));
    assert.equal(answer.status, 401);
    // The sealed secret opens on every node and after a restart.
    await server.restart();
    assert.equal((await introspect(proof(server, client))).status, 200);
  });

  test('keys at a jwks_uri, replaced while the server runs', async () => {
    let key = makeKey('RS256', { kid: 'first' });
    let fetches = 0;
    const site = https.createServer({ key: readFileSync(files.key), cert: readFileSync(files.certificate) }, (_, answer) => {
      fetches++;
      answer.end(JSON.stringify({ keys: [key.jwk] }));
    });
    await new Promise((done) => { site.listen(0, '127.0.0.1', done); });
    try {
      const client = await server.addClient({ name: 'Remote', redirect_uris: ['https://remote.test/cb'],
        method: 'private_key_jwt', metadata: { jwks_uri: `https://localhost:${site.address().port}/keys` } });
      const ask = (own) => introspect(proof(server, client, own, {}, { header: { kid: own.jwk.kid } }));
      assert.equal((await ask(key)).status, 200);
      assert.equal((await ask(key)).status, 200);
      assert.equal(fetches, 1);
      const old = key;
      key = makeKey('RS256', { kid: 'second' });
      await new Promise((done) => { setTimeout(done, 2200); });
      assert.equal((await ask(key)).status, 200);
      assert.equal(fetches, 2);
      assert.equal((await ask(old)).status, 401);
      // A forger's kids cost the application a bounded number of fetches.
      await Promise.all(Array.from({ length: 20 }, (_, index) => ask(makeKey('ES256', { kid: `guess-${index}` }))));
      assert.ok(fetches <= 4, `${fetches} fetches`);
      // What was read stays good for a while without the site.
      site.close();
      site.closeAllConnections();
      assert.equal((await ask(key)).status, 200);
    } finally {
      site.closeAllConnections();
    }
  });

  test('oauth4webapi with both methods', async () => {
    const issuer = new URL(server.issuer);
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    for (const method of ['private_key_jwt', 'client_secret_jwt']) {
      assert.ok(as.token_endpoint_auth_methods_supported.includes(method), method);
    }
    const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    const keyed = await addKeyClient(server, [{ jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid: 'k' } }]);
    const shared = await server.addClient({ name: 'Shared', redirect_uris: ['https://shared.test/cb'],
      method: 'client_secret_jwt' });
    for (const [client, auth] of [[keyed, oauth.PrivateKeyJwt({ key: privateKey, kid: 'k' })],
      [shared, oauth.ClientSecretJwt(shared.client_secret)]]) {
      const answer = await oauth.introspectionRequest(as, { client_id: client.client_id }, auth, 'x', insecure);
      const body = await oauth.processIntrospectionResponse(as, { client_id: client.client_id }, answer);
      assert.equal(body.active, false);
    }
  });
});
