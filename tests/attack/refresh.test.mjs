// Attacks on refresh tokens (TR).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';

import { seed } from '../support/fixtures.mjs';
import { BACKENDS, onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { postgres } from '../support/postgres.mjs';
import { assertOAuthError, introspect, obtainTokens, refresh, revoke, userinfo } from '../support/relying_party.mjs';

const ROUNDS = Number(process.env.LATCHKEY_ROUNDS ?? 5);
const RACERS = 64;
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

onEachBackend('TR', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend, settings: { refresh_grace: '2s' } });
    fixtures = await seed(server, { clients: ['web', 'spa', 'evil', 'codeOnly'] });
  });
  after(() => server?.stop());

  const tokensOf = (client = fixtures.web, parameters) => obtainTokens(server, client, fixtures.alice, parameters);
  const rotate = async (client, token) => {
    const answer = await refresh(server, client, token);
    assert.equal(answer.status, 200, answer.text);
    return answer.json();
  };
  const assertDead = async (client, { access_token: access, refresh_token: token }) => {
    assertOAuthError(await refresh(server, client, token), 400, 'invalid_grant');
    assert.equal((await userinfo(server, access)).status, 401);
  };

  test('TR-01 rotation: a token used again after the grace ends the family', async () => {
    for (const client of [fixtures.web, fixtures.spa]) {
      const first = await tokensOf(client);
      const second = await rotate(client, first.refresh_token);
      assert.notEqual(second.refresh_token, first.refresh_token);
      await pause(2300);
      assertOAuthError(await refresh(server, client, first.refresh_token), 400, 'invalid_grant');
      await assertDead(client, second);
      assert.equal((await userinfo(server, first.access_token)).status, 401);
    }
  });

  test('TR-01 within the grace, but the successor is used: the family ends', async () => {
    const first = await tokensOf();
    const second = await rotate(fixtures.web, first.refresh_token);
    const third = await rotate(fixtures.web, second.refresh_token);
    assertOAuthError(await refresh(server, fixtures.web, first.refresh_token), 400, 'invalid_grant');
    await assertDead(fixtures.web, third);
    assert.deepEqual(await introspect(server, fixtures.web, third.refresh_token), { active: false });
  });

  test('TR-01 within the grace the same successor comes again; with another scope it does not', async () => {
    const first = await tokensOf(fixtures.web, { scope: 'openid email' });
    const one = await rotate(fixtures.web, first.refresh_token);
    const two = await rotate(fixtures.web, first.refresh_token);
    assert.equal(two.refresh_token, one.refresh_token);
    const other = await refresh(server, fixtures.web, first.refresh_token, { scope: 'openid' });
    if (other.status === 200) assert.equal(other.json().refresh_token, one.refresh_token);
    else assertOAuthError(other, 400, ['invalid_grant', 'invalid_scope']);
  });

  test('TR-02 concurrent rotation', { timeout: 600_000 }, async () => {
    const nodes = [server];
    if (backend === 'postgresql') nodes.push(await server.secondNode());
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const first = await tokensOf();
        const answers = await Promise.all(Array.from({ length: RACERS }, (_, racer) => refresh(
          { url: server.url.bind(server), port: nodes[racer % nodes.length].port }, fixtures.web, first.refresh_token)));
        const good = answers.filter((answer) => answer.status === 200);
        assert.ok(good.length >= 1, `round ${round}: ${answers[0].text}`);
        assert.equal(new Set(good.map((answer) => answer.json().refresh_token)).size, 1);
        for (const answer of answers.filter((each) => each.status !== 200)) assertOAuthError(answer, 400, 'invalid_grant');
        if (good.length === RACERS) await rotate(fixtures.web, good[0].json().refresh_token);
      }
    } finally {
      await nodes[1]?.stop();
    }
  });

  test('TR-04 restart: what was used stays used, what was revoked stays revoked', async () => {
    const first = await tokensOf();
    const second = await rotate(fixtures.web, first.refresh_token);
    const third = await rotate(fixtures.web, second.refresh_token);
    const revoked = await tokensOf();
    assert.equal((await revoke(server, fixtures.web, revoked.refresh_token)).status, 200);
    const accessRevoked = await tokensOf();
    assert.equal((await revoke(server, fixtures.web, accessRevoked.access_token)).status, 200);
    await server.restart();
    assertOAuthError(await refresh(server, fixtures.web, first.refresh_token), 400, 'invalid_grant');
    await assertDead(fixtures.web, third);
    await assertDead(fixtures.web, revoked);
    assert.equal((await userinfo(server, accessRevoked.access_token)).status, 401);
  });

  test('TR-07 a refresh token of one client at another', async () => {
    const tokens = await tokensOf();
    for (const name of ['evil', 'spa']) {
      assertOAuthError(await refresh(server, fixtures[name], tokens.refresh_token), 400, 'invalid_grant');
    }
    assertOAuthError(await refresh(server, fixtures.codeOnly, tokens.refresh_token), 400, ['invalid_grant', 'unauthorized_client']);
    await rotate(fixtures.web, tokens.refresh_token);
  });

  test('TR-08 client authentication on refresh', async () => {
    const tokens = await tokensOf();
    const nameOnly = { client_id: fixtures.web.client_id, token_endpoint_auth_method: 'none' };
    assertOAuthError(await refresh(server, nameOnly, tokens.refresh_token), 401, 'invalid_client');
    assertOAuthError(await refresh(server, { ...fixtures.web, client_secret: 'x' }, tokens.refresh_token), 401, 'invalid_client');
    assertOAuthError(await refresh(server, undefined, tokens.refresh_token), [400, 401], ['invalid_client', 'invalid_request']);
    await rotate(fixtures.web, tokens.refresh_token);
  });

  test('TR-07 changed and made-up tokens', async () => {
    const { refresh_token: token } = await tokensOf();
    for (const wrong of ['', 'x', `${token}A`, token.slice(0, -1), token.toLowerCase(), token.toUpperCase(),
      token.slice(0, -4) + (token.endsWith('AAAA') ? 'BBBB' : 'AAAA'), 'a'.repeat(9000), `${token} `, "'--"]) {
      if (wrong === token) continue;
      assertOAuthError(await refresh(server, fixtures.web, wrong), 400, ['invalid_grant', 'invalid_request']);
    }
    await rotate(fixtures.web, token);
  });

  const endings = {
    'disabled person': (person) => server.command(['user', 'disable', person.email]),
    'changed password': (person) => server.command(['user', 'set-password', person.email, '--password-stdin'],
      'glossy-Walnut-73-harbor\n'),
    'signed-out session': (person) => server.command(['user', 'sign-out', person.email]),
  };
  for (const [what, end] of Object.entries(endings)) {
    test(`TR-10 state of the person: ${what}`, async () => {
      const person = await server.addUser({ email: `${what.replace(' ', '-')}@example.com`,
        password: 'sturdy-Lemon-36-glacier' });
      const session = await obtainTokens(server, fixtures.web, person);
      const offline = await obtainTokens(server, fixtures.web, person, { scope: 'openid offline_access' });
      await end(person);
      assertOAuthError(await refresh(server, fixtures.web, session.refresh_token), 400, 'invalid_grant');
      const answer = await refresh(server, fixtures.web, offline.refresh_token);
      if (what === 'signed-out session') assert.equal(answer.status, 200);
      else assertOAuthError(answer, 400, 'invalid_grant');
    });
  }
});

describe('TR-05 failed transaction', () => {
  test('TR-05 PostgreSQL away during ten rotations, then back [postgresql]',
    { skip: !BACKENDS.includes('postgresql') }, async () => {
      const server = await startLatchkey({ backend: 'postgresql',
        settings: { database_timeout: '1s', refresh_grace: '0s' } });
      const { web, alice } = await seed(server);
      const tokens = await obtainTokens(server, web, alice);
      const cluster = await postgres();
      await cluster.stop('immediate');
      try {
        for (let round = 0; round < 10; round++) {
          assertOAuthError(await refresh(server, web, tokens.refresh_token), 503, 'temporarily_unavailable');
        }
        // UI-08: a revocation that was not written is not said to be done.
        assert.equal((await revoke(server, web, tokens.refresh_token)).status, 503);
      } finally {
        await cluster.start();
      }
      let answer = await refresh(server, web, tokens.refresh_token);
      for (let tries = 0; answer.status === 503 && tries < 50; tries++) {
        await pause(100);
        answer = await refresh(server, web, tokens.refresh_token);
      }
      assert.equal(answer.status, 200, answer.text);
      assert.equal((await refresh(server, web, answer.json().refresh_token)).status, 200);
      await server.stop();
    });

  test('TR-05, UI-08 another process holds the write lock of SQLite [sqlite]',
    { skip: !BACKENDS.includes('sqlite') }, async () => {
      const server = await startLatchkey({ settings: { refresh_grace: '0s' } });
      const { web, alice } = await seed(server);
      const tokens = await obtainTokens(server, web, alice);
      const blocker = new DatabaseSync(server.settings.database.slice('sqlite:'.length));
      blocker.exec('BEGIN IMMEDIATE');
      for (let round = 0; round < 3; round++) {
        assertOAuthError(await refresh(server, web, tokens.refresh_token), 503, 'temporarily_unavailable');
      }
      assert.equal((await revoke(server, web, tokens.refresh_token)).status, 503);
      assert.equal((await userinfo(server, tokens.access_token)).status, 200);
      blocker.exec('ROLLBACK');
      blocker.close();
      const answer = await refresh(server, web, tokens.refresh_token);
      assert.equal(answer.status, 200, answer.text);
      await server.stop();
    });
});
