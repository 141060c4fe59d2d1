// Tokens as `jose` sees them, with nothing but /jwks: RFC 9068 for access tokens, OpenID Connect Core §2 and
// §3.1.3.6 for ID tokens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createHash } from 'node:crypto';

import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { obtainTokens, refresh, userinfo } from '../support/relying_party.mjs';

const leftHalf = (text) => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');

onEachBackend('tokens', (backend) => {
  let server;
  let fixtures;
  let keys;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'spa'] });
    keys = createRemoteJWKSet(new URL(server.url('/jwks')));
  });
  after(() => server?.stop());

  test('the access token is an RFC 9068 JWT', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice, { scope: 'openid email' });
    const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, {
      issuer: server.issuer, audience: server.issuer, typ: 'at+jwt', algorithms: ['RS256'],
    });
    assert.ok(protectedHeader.kid);
    assert.equal(payload.client_id, fixtures.web.client_id);
    assert.equal(payload.scope, 'openid email');
    assert.ok(payload.jti.length >= 16);
    assert.equal(payload.exp - payload.iat, 900);
    assert.ok(tokens.expires_in === 900 || tokens.expires_in === 899);
    assert.ok(Math.abs(payload.iat - Date.now() / 1000) < 10);
    assert.equal(payload.email, undefined);
    assert.equal((await userinfo(server, tokens.access_token)).json().sub, payload.sub);
  });

  test('the ID token has the claims of OpenID Connect Core', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice,
      { scope: 'openid', nonce: 'n-0S6_WzA2Mj', max_age: '1000' });
    const { payload, protectedHeader } = await jwtVerify(tokens.id_token, keys, {
      issuer: server.issuer, audience: fixtures.web.client_id, algorithms: ['RS256'],
    });
    assert.notEqual(protectedHeader.typ, 'at+jwt');
    assert.equal(payload.nonce, 'n-0S6_WzA2Mj');
    assert.equal(payload.at_hash, leftHalf(tokens.access_token));
    assert.ok(Math.abs(payload.auth_time - Date.now() / 1000) < 10);
    assert.deepEqual(payload.amr, ['pwd']);
    assert.equal(payload.acr, 'urn:latchkey:acr:pwd');
    assert.ok(payload.sid);
    assert.ok([undefined, fixtures.web.client_id].includes(payload.azp));
    assert.equal(payload.exp - payload.iat, 900);
  });

  test('a refreshed ID token keeps subject, audience, session and time of sign-in', async () => {
    const first = await obtainTokens(server, fixtures.web, fixtures.alice, { nonce: 'first', max_age: '1000' });
    const before = (await jwtVerify(first.id_token, keys)).payload;
    const answer = (await refresh(server, fixtures.web, first.refresh_token)).json();
    const after = (await jwtVerify(answer.id_token, keys, { issuer: server.issuer })).payload;
    for (const name of ['iss', 'sub', 'aud', 'auth_time', 'sid']) assert.deepEqual(after[name], before[name]);
    assert.ok([undefined, 'first'].includes(after.nonce));
    assert.equal(after.at_hash, leftHalf(answer.access_token));
  });

  test('the subject is the same for every application, and says nothing', async () => {
    const one = await obtainTokens(server, fixtures.web, fixtures.alice);
    const other = await obtainTokens(server, fixtures.spa, fixtures.alice);
    const subjects = await Promise.all([one, other].map(async (tokens) =>
      (await jwtVerify(tokens.id_token, keys)).payload.sub));
    assert.equal(subjects[0], subjects[1]);
    assert.ok(subjects[0].length <= 255);
    assert.doesNotMatch(subjects[0], /alice|@/);
  });

  test('a client that registered ES256 gets ES256', async () => {
    const client = await server.addClient({ name: 'Curve', redirect_uris: ['https://curve.test/cb'],
      metadata: { id_token_signed_response_alg: 'ES256' } });
    const tokens = await obtainTokens(server, client, fixtures.alice);
    const { protectedHeader } = await jwtVerify(tokens.id_token, keys,
      { issuer: server.issuer, audience: client.client_id });
    assert.equal(protectedHeader.alg, 'ES256');
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
  });

  test('without openid there is no ID token, and userinfo refuses', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice, { scope: 'email' });
    assert.equal(tokens.id_token, undefined);
    const answer = await userinfo(server, tokens.access_token);
    assert.equal(answer.status, 403);
    assert.match(answer.headers['www-authenticate'], /insufficient_scope/);
  });

  test('tokens verify after a restart', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
    await server.restart();
    await jwtVerify(tokens.access_token, createRemoteJWKSet(new URL(server.url('/jwks'))));
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
    assert.equal((await refresh(server, fixtures.web, tokens.refresh_token)).status, 200);
  });
});
