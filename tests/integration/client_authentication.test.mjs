// How applications say who they are: RFC 6749 §2.3.1 with its form encoding, the body, and nothing at all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { assertOAuthError, call, formEncode, obtainCode, redeem } from '../support/relying_party.mjs';

const encodeEverything = (text) => [...Buffer.from(text)]
  .map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const header = (id, secret) => ({ authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` });

onEachBackend('client authentication', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'post', 'spa'] });
  });
  after(() => server?.stop());

  const ask = (headers, form) => call(server, '/introspect', undefined, { token: 'x', ...form }, { headers });

  test('Basic: plain, form-encoded, and every byte encoded', async () => {
    const { client_id: id, client_secret: secret } = fixtures.web;
    for (const encode of [(text) => text, formEncode, encodeEverything]) {
      const answer = await ask(header(encode(id), encode(secret)));
      assert.deepEqual(answer.json(), { active: false });
      assert.equal(answer.status, 200);
    }
    const lower = header(id, secret).authorization.replace('Basic', 'bAsIc');
    assert.equal((await ask({ authorization: lower })).status, 200);
  });

  test('Basic with client_id repeated in the body is fine, with another one it is not', async () => {
    const { client_id: id, client_secret: secret } = fixtures.web;
    assert.equal((await ask(header(id, secret), { client_id: id })).status, 200);
    assertOAuthError(await ask(header(id, secret), { client_id: fixtures.post.client_id }), [400, 401],
      ['invalid_request', 'invalid_client']);
  });

  test('a wrong Basic is answered with 401 and the challenge', async () => {
    const { client_id: id } = fixtures.web;
    const wrong = [header(id, 'wrong'), header('nobody', 'wrong'), header(id, ''), header('', ''),
      { authorization: 'Basic' }, { authorization: 'Basic %%%' }, header(id, '%zz'),
      { authorization: `Basic ${Buffer.from('no-colon').toString('base64')}` }];
    for (const headers of wrong) {
      const answer = await ask(headers);
      assertOAuthError(answer, [401, 400], ['invalid_client', 'invalid_request']);
      if (answer.status === 401) assert.match(answer.headers['www-authenticate'], /^Basic /);
    }
    assert.equal((await ask(header(id, 'wrong'))).status, 401);
  });

  test('a refused authentication burns nothing', async () => {
    for (const name of ['web', 'post']) {
      const grant = await obtainCode(server, fixtures[name], fixtures.alice);
      const liar = { ...fixtures[name], client_secret: `${fixtures[name].client_secret}x` };
      assertOAuthError(await redeem(server, liar, grant), 401, 'invalid_client');
      assert.equal((await redeem(server, fixtures[name], grant)).status, 200);
    }
  });

  test('a public client needs only its id', async () => {
    const grant = await obtainCode(server, fixtures.spa, fixtures.alice);
    assert.equal((await redeem(server, fixtures.spa, grant)).status, 200);
  });

  test('nobody at all', async () => {
    assertOAuthError(await call(server, '/token', undefined, { grant_type: 'authorization_code', code: 'x' }),
      [400, 401], ['invalid_client', 'invalid_request']);
  });

  test('headers that some libraries send over plain http do not disturb', async () => {
    const { client_id: id, client_secret: secret } = fixtures.web;
    const answer = await ask({ ...header(id, secret), connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c',
      'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA', 'accept-encoding': ['gzip', 'deflate'] });
    assert.equal(answer.status, 200);
  });

  test('token answers are not cached and say bearer', async () => {
    const answer = await redeem(server, fixtures.web, await obtainCode(server, fixtures.web, fixtures.alice));
    assert.match(answer.headers['cache-control'], /no-store/);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.match(answer.json().token_type, /^bearer$/i);
  });

  test('a body of another type is refused', async () => {
    const answer = await call(server, '/token', fixtures.web, { grant_type: 'authorization_code' },
      { headers: { 'content-type': 'application/json' } });
    assertOAuthError(answer, [400, 415], 'invalid_request');
  });
});
