// Attacks on authorization codes at the token endpoint (TC).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { seed } from '../support/fixtures.mjs';
import { BACKENDS, onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { assertOAuthError, call, introspect, obtainCode, obtainTokens, redeem, refresh, userinfo }
  from '../support/relying_party.mjs';

const ROUNDS = Number(process.env.LATCHKEY_ROUNDS ?? 5);
const RACERS = 64;

onEachBackend('TC', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend, settings: { authorization_code_lifetime: '60s' } });
    fixtures = await seed(server, { clients: ['web', 'evil', 'spa', 'legacy'], users: ['alice', 'mallory'] });
  });
  after(() => server?.stop());

  test('TC-01 code replay', async () => {
    for (const name of ['web', 'spa']) {
      const client = fixtures[name];
      const grant = await obtainCode(server, client, fixtures.alice, { scope: 'openid offline_access' });
      const first = (await redeem(server, client, grant)).json();
      assertOAuthError(await redeem(server, client, grant), 400, 'invalid_grant');
      assertOAuthError(await refresh(server, client, first.refresh_token), 400, 'invalid_grant');
      assert.equal((await userinfo(server, first.access_token)).status, 401);
      if (name === 'web') {
        for (const token of [first.access_token, first.refresh_token]) {
          assert.deepEqual(await introspect(server, client, token), { active: false });
        }
      }
      assertOAuthError(await redeem(server, client, grant), 400, 'invalid_grant');
    }
  });

  test('TC-01 a replay that does not fit revokes nothing', async () => {
    const grant = await obtainCode(server, fixtures.web, fixtures.alice);
    const tokens = (await redeem(server, fixtures.web, grant)).json();
    assertOAuthError(await redeem(server, fixtures.evil, grant), 400, 'invalid_grant');
    assertOAuthError(await redeem(server, fixtures.web, grant, { code_verifier: 'x'.repeat(43) }), 400, 'invalid_grant');
    assertOAuthError(await redeem(server, fixtures.web, grant, { redirect_uri: 'https://rp.test/x' }), 400, 'invalid_grant');
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
    assert.equal((await refresh(server, fixtures.web, tokens.refresh_token)).status, 200);
  });

  test('TC-01 an expired code, a made-up code, a code with changes', async () => {
    const short = await startLatchkey({ backend, settings: { authorization_code_lifetime: '1s' } });
    try {
      const { web, alice } = await seed(short);
      const grant = await obtainCode(short, web, alice);
      await new Promise((done) => { setTimeout(done, 1300); });
      assertOAuthError(await redeem(short, web, grant), 400, 'invalid_grant');
    } finally {
      await short.stop();
    }
    const grant = await obtainCode(server, fixtures.web, fixtures.alice);
    const { code } = grant;
    const changed = [`${code}A`, code.slice(0, -1), code.toUpperCase(), ` ${code}`, `${code}\u0000`, 'x', `${code}.`,
      code.slice(0, -3) + (code.endsWith('AAA') ? 'BBB' : 'AAA'), 'a'.repeat(5000), "' OR 1=1--", '9'.repeat(40), 'ü'];
    for (const wrong of changed.filter((text) => text !== code)) {
      const answer = await redeem(server, fixtures.web, { ...grant, code: wrong });
      assertOAuthError(answer, 400, ['invalid_grant', 'invalid_request']);
    }
    assertOAuthError(await redeem(server, fixtures.web, { ...grant, code: undefined }), 400, 'invalid_request');
    assert.equal((await redeem(server, fixtures.web, grant)).status, 200);
  });

  test('TC-03 a code of one client at another', async () => {
    const grant = await obtainCode(server, fixtures.web, fixtures.alice);
    assertOAuthError(await redeem(server, fixtures.evil, grant), 400, 'invalid_grant');
    assertOAuthError(await redeem(server, fixtures.evil, grant, { redirect_uri: 'https://evil.test/cb' }), 400, 'invalid_grant');
    assertOAuthError(await redeem(server, fixtures.spa, grant), 400, 'invalid_grant');
    // Only the name of the confidential client, no secret.
    const nameOnly = { client_id: fixtures.web.client_id, token_endpoint_auth_method: 'none' };
    assertOAuthError(await redeem(server, nameOnly, grant), 401, 'invalid_client');
    // Strangers burn nothing.
    assert.equal((await redeem(server, fixtures.web, grant)).status, 200);
  });

  test('TC-03 an access token, a refresh token and an ID token are no codes', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
    for (const code of [tokens.access_token, tokens.refresh_token, tokens.id_token]) {
      assertOAuthError(await redeem(server, fixtures.web, { ...tokens.grant, code }), 400, ['invalid_grant', 'invalid_request']);
    }
    const { code } = await obtainCode(server, fixtures.web, fixtures.alice);
    assertOAuthError(await refresh(server, fixtures.web, code), 400, 'invalid_grant');
    assert.equal((await userinfo(server, code)).status, 401);
  });

  test('TC-04 redirect binding', async () => {
    const grant = await obtainCode(server, fixtures.web, fixtures.alice);
    for (const redirect_uri of [undefined, '', 'https://rp.test/CB', 'https://rp.test/cb/', 'https://evil.test/cb',
      'https://rp.test/cb?x', 'HTTPS://rp.test/cb']) {
      const answer = await redeem(server, fixtures.web, grant, { redirect_uri });
      assertOAuthError(answer, 400, redirect_uri ? 'invalid_grant' : ['invalid_grant', 'invalid_request']);
    }
    assert.equal((await redeem(server, fixtures.web, grant)).status, 200);
  });

  test('TC-04 a person who was disabled after the code was issued', async () => {
    const person = await server.addUser({ email: 'late@example.com', password: 'mellow-Bridge-27-falcon' });
    const grant = await obtainCode(server, fixtures.web, person);
    await server.command(['user', 'disable', person.email]);
    assertOAuthError(await redeem(server, fixtures.web, grant), 400, 'invalid_grant');
  });
});

describe('TC-02 concurrent redemption', () => {
  for (const backend of BACKENDS) {
    test(`TC-02 ${RACERS} racers, ${ROUNDS} rounds [${backend}]`, { timeout: 600_000 }, async () => {
      const server = await startLatchkey({ backend });
      const nodes = [server];
      if (backend === 'postgresql') nodes.push(await server.secondNode());
      try {
        const { trusted, alice } = await seed(server, { clients: ['trusted'] });
        const { browser } = await obtainCode(server, trusted, alice);
        for (let round = 0; round < ROUNDS; round++) {
          const grant = await obtainCode(server, trusted, alice, {}, { browser });
          const answers = await Promise.all(Array.from({ length: RACERS }, (_, racer) => call(
            { url: server.url.bind(server), port: nodes[racer % nodes.length].port }, '/token', trusted, {
              grant_type: 'authorization_code', code: grant.code, redirect_uri: grant.redirect_uri,
              code_verifier: grant.verifier,
            })));
          const good = answers.filter((answer) => answer.status === 200);
          assert.equal(good.length, 1, `round ${round}: ${answers.map((answer) => answer.status)}`);
          for (const answer of answers) {
            if (answer !== good[0]) assertOAuthError(answer, 400, 'invalid_grant');
          }
        }
      } finally {
        await Promise.all(nodes.map((node) => node.stop()));
      }
    });
  }
});
