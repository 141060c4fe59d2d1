// Scopes and the claims that they open: OpenID Connect Core §5.1, §5.3 and §5.4.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { call, obtainTokens, userinfo } from '../support/relying_party.mjs';

const PROFILE = {
  name: 'Robin Fuller', given_name: 'Robin', family_name: 'Fuller', middle_name: 'Q', nickname: 'rob',
  preferred_username: 'robin', profile: 'https://people.test/robin', picture: 'https://people.test/robin.png',
  website: 'https://robin.test', gender: 'other', birthdate: '1990-10-31', zoneinfo: 'Europe/Paris', locale: 'fr-FR',
};
const ADDRESS = { street_address: '12 Rue Zoë', locality: 'Paris', region: 'IDF', postal_code: '75001',
  country: 'France', formatted: '12 Rue Zoë\n75001 Paris' };
const PHONE = { phone_number: '+33 1 23 45 67 89', phone_number_verified: true };

onEachBackend('userinfo', (backend) => {
  let server;
  let web;
  let robin;
  let plain;

  before(async () => {
    server = await startLatchkey({ backend });
    ({ web } = await seed(server, { users: [] }));
    robin = await server.addUser({ email: 'robin@example.com', password: 'steady-Lantern-40-maple',
      claims: { ...PROFILE, address: ADDRESS, ...PHONE } });
    plain = await server.addUser({ email: 'plain@example.com', password: 'woollen-Anchor-71-brook', verified: false });
  });
  after(() => server?.stop());

  const claimsFor = async (scope, user = robin) => {
    const tokens = await obtainTokens(server, web, user, { scope });
    return (await userinfo(server, tokens.access_token)).json();
  };

  test('openid alone: the subject and nothing else', async () => {
    assert.deepEqual(Object.keys(await claimsFor('openid')), ['sub']);
  });

  test('profile', async () => {
    const { sub, updated_at: updated, ...rest } = await claimsFor('openid profile');
    assert.deepEqual(rest, PROFILE);
    assert.ok(sub);
    assert.ok(Number.isInteger(updated) && Math.abs(updated - Date.now() / 1000) < 600);
  });

  test('email, address, phone', async () => {
    const { sub, ...rest } = await claimsFor('openid email address phone');
    assert.ok(sub);
    assert.deepEqual(rest, { email: 'robin@example.com', email_verified: true, address: ADDRESS, ...PHONE });
  });

  test('what a person does not have is left out; an unverified address says so', async () => {
    const { sub, updated_at: updated, ...rest } = await claimsFor('openid profile email address phone', plain);
    assert.ok(sub && (updated === undefined || Number.isInteger(updated)));
    assert.deepEqual(rest, { email: 'plain@example.com', email_verified: false });
  });

  test('GET, POST with the header, and POST with the token in the body', async () => {
    const { access_token: token } = await obtainTokens(server, web, robin, { scope: 'openid email' });
    const answers = [
      await userinfo(server, token),
      await call(server, '/userinfo', undefined, {}, { headers: { authorization: `Bearer ${token}` } }),
      await call(server, '/userinfo', undefined, { access_token: token }),
      await send(server.url('/userinfo'), { headers: { authorization: `bearer ${token}` } }),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json().email, 'robin@example.com');
      assert.match(answer.headers['content-type'], /^application\/json/);
      assert.match(answer.headers['cache-control'], /no-store/);
    }
  });

  test('no token: 401 with a bare challenge; two of them, or one in the address: refused', async () => {
    const { access_token: token } = await obtainTokens(server, web, robin, { scope: 'openid email' });
    const none = await send(server.url('/userinfo'));
    assert.equal(none.status, 401);
    assert.match(none.headers['www-authenticate'], /^Bearer/);
    assert.doesNotMatch(none.headers['www-authenticate'], /error=/);
    const both = await call(server, '/userinfo', undefined, { access_token: token },
      { headers: { authorization: `Bearer ${token}` } });
    assert.equal(both.status, 400);
    assert.match(both.headers['www-authenticate'], /invalid_request/);
    const inAddress = await send(server.url(`/userinfo?access_token=${token}`));
    assert.ok([400, 401].includes(inAddress.status));
  });
});
