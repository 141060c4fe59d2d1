// Attacks on userinfo, introspection and revocation (UI).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { makeMasterKey, onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { assertOAuthError, call, introspect, obtainTokens, refresh, revoke, userinfo } from '../support/relying_party.mjs';

onEachBackend('UI', (backend) => {
  let server;
  let fixtures;
  const masterKey = makeMasterKey();

  before(async () => {
    server = await startLatchkey({ backend, masterKey });
    fixtures = await seed(server, { clients: ['web', 'spa', 'evil', 'post'] });
  });
  after(() => server?.stop());

  async function assertRefused(at, token) {
    const answer = await userinfo(at, token);
    assert.equal(answer.status, 401, answer.text);
    assert.match(answer.headers['www-authenticate'], /^Bearer .*error="invalid_token"/);
    assert.match(answer.headers['cache-control'], /no-store/);
  }

  test('UI-01 other kinds of token at userinfo', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice, { scope: 'openid email' });
    for (const token of [tokens.id_token, tokens.refresh_token, tokens.grant.code, 'x', 'a.b.c', `${tokens.access_token}x`,
      tokens.access_token.slice(0, -1), 'A'.repeat(7000), fixtures.web.client_secret]) await assertRefused(server, token);
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
  });

  test('UI-01 a token that was revoked, alone or with its family', async () => {
    const one = await obtainTokens(server, fixtures.web, fixtures.alice);
    assert.equal((await revoke(server, fixtures.web, one.access_token)).status, 200);
    await assertRefused(server, one.access_token);
    const two = await obtainTokens(server, fixtures.web, fixtures.alice);
    assert.equal((await userinfo(server, two.access_token)).status, 200);
    const rotated = (await refresh(server, fixtures.web, two.refresh_token)).json();
    assert.equal((await revoke(server, fixtures.web, rotated.refresh_token)).status, 200);
    await assertRefused(server, two.access_token);
    await assertRefused(server, rotated.access_token);
    assertOAuthError(await refresh(server, fixtures.web, rotated.refresh_token), 400, 'invalid_grant');
  });

  test('UI-01 an expired token, and one of another issuer with the same master key', async () => {
    const other = await startLatchkey({ backend, masterKey, settings: { access_token_lifetime: '1s' } });
    try {
      const theirs = await seed(other);
      const tokens = await obtainTokens(other, theirs.web, theirs.alice);
      assert.equal((await userinfo(other, tokens.access_token)).status, 200);
      await assertRefused(server, tokens.access_token);
      assert.deepEqual(await introspect(server, fixtures.web, tokens.access_token), { active: false });
      await new Promise((done) => { setTimeout(done, 2100); });
      await assertRefused(other, tokens.access_token);
      assert.deepEqual(await introspect(other, theirs.web, tokens.access_token), { active: false });
    } finally {
      await other.stop();
    }
  });

  test('UI-01 a revocation reaches the other node', async () => {
    const node = await server.secondNode();
    try {
      const there = { url: server.url.bind(server), port: node.port };
      const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
      assert.equal((await userinfo(there, tokens.access_token)).status, 200);
      await revoke(server, fixtures.web, tokens.access_token);
      await new Promise((done) => { setTimeout(done, 1200); });
      assert.equal((await userinfo(there, tokens.access_token)).status, 401);
      assert.deepEqual(await introspect(there, fixtures.web, tokens.access_token), { active: false });
    } finally {
      await node.stop();
    }
  });

  test('UI-04 introspection: nobody, a public client, and another client', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      assertOAuthError(await call(server, '/introspect', undefined, { token }), [400, 401], ['invalid_client', 'invalid_request']);
      assertOAuthError(await call(server, '/introspect', fixtures.spa, { token }), [400, 401], ['invalid_client', 'unauthorized_client']);
      assert.deepEqual(await introspect(server, fixtures.evil, token), { active: false });
      assert.equal((await introspect(server, fixtures.web, token)).active, true);
      const bearer = await call(server, '/introspect', undefined, { token },
        { headers: { authorization: `Bearer ${tokens.access_token}` } });
      assert.ok([400, 401].includes(bearer.status));
    }
    assert.equal((await send(server.url(`/introspect?token=${tokens.access_token}`))).status, 405);
    assertOAuthError(await call(server, '/introspect', fixtures.web, {}), 400, 'invalid_request');
    for (const token of ['', 'x', tokens.id_token, tokens.grant.code, 'a'.repeat(9000), '%00']) {
      const answer = await call(server, '/introspect', fixtures.web, { token });
      if (answer.status === 200) assert.deepEqual(answer.json(), { active: false });
      else assertOAuthError(answer, 400, 'invalid_request');
    }
  });

  test('UI-07 revoking what belongs to another', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      for (const name of ['evil', 'spa', 'post']) {
        for (const token_type_hint of [undefined, 'access_token', 'refresh_token', 'nonsense']) {
          const answer = await revoke(server, fixtures[name], token, { token_type_hint });
          assert.ok([200, 400].includes(answer.status), answer.text);
        }
      }
      assertOAuthError(await revoke(server, undefined, token), [400, 401], ['invalid_client', 'invalid_request']);
      assertOAuthError(await revoke(server, { ...fixtures.web, client_secret: 'x' }, token), 401, 'invalid_client');
      const nameOnly = { client_id: fixtures.web.client_id, token_endpoint_auth_method: 'none' };
      assertOAuthError(await revoke(server, nameOnly, token), 401, 'invalid_client');
    }
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
    assert.equal((await refresh(server, fixtures.web, tokens.refresh_token)).status, 200);
  });

  test('UI-07 revoking what is no token is no error (RFC 7009 section 2.2)', async () => {
    for (const token of ['x', 'a.b.c', 'A'.repeat(3000)]) {
      assert.equal((await revoke(server, fixtures.web, token)).status, 200);
    }
    assertOAuthError(await call(server, '/revoke', fixtures.web, {}), 400, 'invalid_request');
  });
});
