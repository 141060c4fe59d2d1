// Attacks on client authentication and on the transport of requests (CA).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { exchange, rawRequest } from '../support/raw_http.mjs';
import { assertOAuthError, basic, call, obtainCode, obtainTokens, redeem, refresh } from '../support/relying_party.mjs';

onEachBackend('CA', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'post', 'spa', 'codeOnly'] });
  });
  after(() => server?.stop());

  const basicOf = ({ client_id: id, client_secret: secret }) => ({ authorization: basic(id, secret) });
  const grantForm = (grant) => ({ grant_type: 'authorization_code', code: grant.code, redirect_uri: grant.redirect_uri,
    code_verifier: grant.verifier });
  const raw = (form, headers = {}, path = '/token') =>
    send(server.url(path), { method: 'POST', form, headers, port: server.port });
  const assertion = `${[{ alg: 'HS256' }, { iss: 'x', sub: 'x' }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.c2ln`;
  const withAssertion = { client_assertion: assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' };

  test('CA-01 two methods at once', async () => {
    const { web } = fixtures;
    const grant = await obtainCode(server, web, fixtures.alice);
    for (const more of [{ client_secret: web.client_secret }, { client_id: web.client_id, client_secret: web.client_secret }, withAssertion]) {
      const answer = await raw({ ...grantForm(grant), ...more }, basicOf(web));
      assertOAuthError(answer, 400, 'invalid_request');
    }
    assertOAuthError(await raw({ ...grantForm(grant), client_id: fixtures.post.client_id,
      client_secret: fixtures.post.client_secret, ...withAssertion }), [400, 401], ['invalid_request', 'invalid_client']);
    const two = await exchange(server.port, rawRequest('POST /token HTTP/1.1', [`Host: ${server.host}`,
      `Authorization: ${basicOf(web).authorization}`, `Authorization: ${basicOf(fixtures.post).authorization}`,
      'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 10'], 'grant_type'), { quietMs: 400 });
    assert.ok([400, 401].includes(two.statuses[0]), two.text);
    assert.equal((await redeem(server, web, grant)).status, 200);
  });

  test('CA-02 method mismatch', async () => {
    const { web, post, spa } = fixtures;
    const grant = await obtainCode(server, web, fixtures.alice);
    const form = grantForm(grant);
    assertOAuthError(await raw({ ...form, client_id: web.client_id, client_secret: web.client_secret }), 401, 'invalid_client');
    assertOAuthError(await raw({ ...form, client_id: web.client_id }), 401, 'invalid_client');
    assertOAuthError(await raw(form, basicOf(post)), 401, 'invalid_client');
    assertOAuthError(await raw({ ...form, client_id: spa.client_id, client_secret: 'x' }), 401, 'invalid_client');
    assertOAuthError(await raw(form, { authorization: basic(spa.client_id, '') }), [400, 401], ['invalid_client', 'invalid_request']);
    assertOAuthError(await raw({ ...form, client_id: web.client_id, ...withAssertion }), [400, 401],
      ['invalid_client', 'invalid_request']);
    for (const authorization of ['Bearer x', 'Digest x', 'basic', '']) {
      const answer = await raw(form, { authorization });
      assert.ok([400, 401].includes(answer.status), `${authorization}: ${answer.status}`);
    }
    assert.equal((await redeem(server, web, grant)).status, 200);
  });

  test('CA-07 parameters that stand twice', async () => {
    const { web, post } = fixtures;
    const grant = await obtainCode(server, web, fixtures.alice);
    const form = Object.entries(grantForm(grant));
    for (const name of ['grant_type', 'code', 'redirect_uri', 'code_verifier']) {
      const again = form.find(([key]) => key === name);
      assertOAuthError(await raw([...form, again], basicOf(web)), 400, 'invalid_request');
      assertOAuthError(await raw([...form, [name, 'other']], basicOf(web)), 400, 'invalid_request');
    }
    assertOAuthError(await raw([...form, ['unknown', '1'], ['unknown', '2']], basicOf(web)), 400, 'invalid_request');
    assertOAuthError(await raw(form.map(([name, value]) => [name === 'code' ? 'code[]' : name, value]), basicOf(web)),
      400, 'invalid_request');
    const postGrant = await obtainCode(server, post, fixtures.alice);
    const postForm = [...Object.entries(grantForm(postGrant)), ['client_id', post.client_id],
      ['client_secret', post.client_secret]];
    assertOAuthError(await raw([...postForm, ['client_id', post.client_id]]), 400, 'invalid_request');
    assertOAuthError(await raw([...postForm, ['client_secret', 'x']]), 400, 'invalid_request');
    assertOAuthError(await raw(postForm, {}, `/token?client_id=${fixtures.web.client_id}`), 400, 'invalid_request');
    assert.equal((await redeem(server, web, grant)).status, 200);
  });

  test('CA-08 credentials in the address', async () => {
    const { post } = fixtures;
    const grant = await obtainCode(server, post, fixtures.alice);
    const secret = new URLSearchParams({ client_id: post.client_id, client_secret: post.client_secret });
    const all = new URLSearchParams({ ...grantForm(grant), ...Object.fromEntries(secret) });
    const answers = [await raw(grantForm(grant), {}, `/token?${secret}`), await raw({}, {}, `/token?${all}`),
      await raw({ client_id: post.client_id, client_secret: post.client_secret }, {},
        `/token?${new URLSearchParams(grantForm(grant))}`)];
    for (const answer of answers) assertOAuthError(answer, [400, 401], ['invalid_request', 'invalid_client', 'unsupported_grant_type']);
    assert.equal((await send(server.url(`/token?${all}`))).status, 405);
    assert.equal((await redeem(server, post, grant)).status, 200);
  });

  test('CA-11 huge bodies', async () => {
    const head = (more) => rawRequest('POST /token HTTP/1.1', [`Host: ${server.host}`,
      'Content-Type: application/x-www-form-urlencoded', ...more]);
    const before = await server.residentKib();
    const announced = await exchange(server.port, head(['Content-Length: 10737418240']), { quietMs: 1500 });
    assert.ok([400, 413].includes(announced.statuses[0]), announced.text);
    assert.ok(announced.closed);
    const overflow = await exchange(server.port, head(['Content-Length: 99999999999999999999999']), { quietMs: 1500 });
    assert.ok([400, 413].includes(overflow.statuses[0]), overflow.text);
    const endless = await exchange(server.port, [head(['Transfer-Encoding: chunked']),
      ...Array.from({ length: 20 }, () => `1000\r\n${'a'.repeat(4096)}\r\n`)], { quietMs: 1500 });
    assert.ok([400, 411, 413].includes(endless.statuses[0]), endless.text);
    assert.equal(endless.statuses.length, 1);
    assert.ok(endless.closed);
    for (const body of ['a=1&'.repeat(1_000_000), `code=${'x'.repeat(10_000_000)}`]) {
      const big = await exchange(server.port, [head([`Content-Length: ${body.length}`]), body], { quietMs: 2000 });
      assert.ok([400, 413].includes(big.statuses[0]) || (big.closed && big.statuses.length === 0), big.text);
      assert.ok(big.closed);
    }
    // Within the size, but more parameters than any request has.
    const many = Array.from({ length: 6000 }, (_, index) => `p${index}=1`).join('&');
    const answer = await send(server.url('/token'), { method: 'POST', body: many,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...basicOf(fixtures.web) } });
    assert.ok([400, 413].includes(answer.status), `${answer.status}`);
    const growth = await server.residentKib() - before;
    assert.ok(growth < 20_000, `${growth} KiB more in memory`);
  });

  test('CA-12 assertions are not taken while the method does not exist', async () => {
    for (const alg of ['HS256', 'none', 'None', 'nOnE', 'RS256']) {
      const forged = `${[{ alg }, { iss: fixtures.web.client_id, sub: fixtures.web.client_id, aud: server.issuer,
        exp: 4102444800, jti: 'x' }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
      const answer = await raw({ grant_type: 'authorization_code', code: 'x', ...withAssertion,
        client_assertion: forged, client_id: fixtures.web.client_id });
      assertOAuthError(answer, [400, 401], ['invalid_client', 'invalid_request']);
    }
  });

  test('CA-21 grants that a client does not have', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
    assertOAuthError(await refresh(server, fixtures.codeOnly, tokens.refresh_token), 400, ['unauthorized_client', 'invalid_grant']);
    assertOAuthError(await refresh(server, fixtures.codeOnly, 'x'), 400, 'unauthorized_client');
    const grants = ['client_credentials', 'password', 'implicit', 'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:token-exchange', 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      'AUTHORIZATION_CODE', 'authorization_code ', 'x'];
    for (const grant_type of grants) {
      for (const name of ['web', 'spa', 'codeOnly']) {
        const answer = await call(server, '/token', fixtures[name], { grant_type, username: fixtures.alice.email,
          password: fixtures.alice.password, device_code: 'x', subject_token: tokens.access_token,
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', scope: 'openid' });
        assertOAuthError(answer, 400, ['unsupported_grant_type', 'unauthorized_client']);
      }
    }
    for (const grant_type of [undefined, '']) {
      assertOAuthError(await call(server, '/token', fixtures.web, { grant_type }), 400,
        ['invalid_request', 'unsupported_grant_type']);
    }
    // Without refresh_token among its grants a client gets none.
    const own = await obtainTokens(server, fixtures.codeOnly, fixtures.alice, { scope: 'openid offline_access' });
    assert.equal(own.refresh_token, undefined);
  });

  test('CA-07 bytes that are no text', async () => {
    for (const body of ['grant_type=authorization_code&code=%00', 'grant_type=authorization_code&code=%ff%fe',
      'grant_type=%ed%a0%80', 'grant_type=authorization_code&code=%zz', 'grant_type=authorization_code&code=%', '\u0000=1',
      '&&&&', '=', '=x']) {
      const answer = await send(server.url('/token'), { method: 'POST', body,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...basicOf(fixtures.web) } });
      assertOAuthError(answer, 400, ['invalid_request', 'invalid_grant', 'unsupported_grant_type']);
    }
  });
});
