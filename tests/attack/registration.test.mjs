// Attacks on dynamic registration (RG): tokens, the management of clients, and what metadata may say.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from '../support/browser.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { addInitialAccess, manage, register } from '../support/registration.mjs';
import { assertOAuthError, authorizeUrl, call, introspect } from '../support/relying_party.mjs';

const METADATA = { client_name: 'Attacker', redirect_uris: ['https://rp.test/cb'] };

onEachBackend('RG', (backend) => {
  let server;
  let token;

  before(async () => {
    server = await startLatchkey({ backend });
    token = (await addInitialAccess(server, '--uses', '100000')).initial_access_token;
  });
  after(() => server?.stop());

  async function registered(metadata = {}) {
    const answer = await register(server, { ...METADATA, ...metadata }, token);
    assert.equal(answer.status, 201, answer.text);
    return answer.json();
  }
  const clients = async () =>
    JSON.parse((await server.command(['client', 'list', '--limit', '1000', '--json'])).stdout);

  test('RG-01 no token, no registration', async () => {
    const other = await startLatchkey({ backend });
    try {
      const foreign = (await addInitialAccess(other)).initial_access_token;
      const once = (await addInitialAccess(server)).initial_access_token;
      assert.equal((await register(server, METADATA, once)).status, 201);
      const short = (await addInitialAccess(server, '--lifetime', '1m')).initial_access_token;
      const ended = await addInitialAccess(server, '--uses', '5');
      await server.command(['client', 'token', 'revoke', ended.id]);
      const made = await registered();
      const before = (await clients()).length;
      const flip = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      for (const bad of ['', 'x', 'lki_', foreign, once, ended.initial_access_token, flip(token, 20), flip(token, 50),
        token.slice(0, -1), `${token}A`, token.toUpperCase(), token.replace('lki_', 'lkg_'),
        made.registration_access_token, made.client_secret, `${token} ${token}`, 'a'.repeat(4000)]) {
        const answer = await register(server, METADATA, bad);
        assert.ok([400, 401].includes(answer.status), `${answer.status} for ${bad.slice(0, 40)}`);
        if (bad.length > 0) assertOAuthError(answer, 401, 'invalid_token');
      }
      assertOAuthError(await register(server, METADATA), 401, 'invalid_token');
      // Elsewhere than in the header it does not count (RFC 6750 §2.3, RFC 9700 §4.3.2).
      for (const path of [`/register?access_token=${token}`, `/register?initial_access_token=${token}`]) {
        const answer = await send(server.url(path), { method: 'POST', body: JSON.stringify(METADATA),
          headers: { 'content-type': 'application/json' } });
        assertOAuthError(answer, 401, 'invalid_token');
      }
      assertOAuthError(await register(server, { ...METADATA, access_token: token }), 401, 'invalid_token');
      const basic = Buffer.from(`x:${token}`).toString('base64');
      const answer = await register(server, METADATA, undefined, { authorization: `Basic ${basic}` });
      assert.ok([400, 401].includes(answer.status));
      assert.equal((await clients()).length, before);
      assert.equal((await register(server, METADATA, short)).status, 201);
    } finally {
      await other.stop();
    }
  });

  test('RG-01 one token, many at once: as many as it is good for', async () => {
    const few = (await addInitialAccess(server, '--uses', '3')).initial_access_token;
    const answers = await Promise.all(Array.from({ length: 40 }, () => register(server, METADATA, few)));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 3);
    for (const answer of answers) assert.ok([201, 401].includes(answer.status), `${answer.status}`);
  });

  test('RG-01 the management of one client is for its token alone', async () => {
    const [mine, theirs] = [await registered(), await registered()];
    const texts = new Set();
    for (const [id, given] of [[theirs.client_id, mine.registration_access_token], ['unknown', mine.registration_access_token],
      [theirs.client_id, token], [theirs.client_id, theirs.client_secret], [theirs.client_id, 'lkg_x'],
      [theirs.client_id, undefined], [`${theirs.client_id}%00`, theirs.registration_access_token],
      [`${theirs.client_id}/`, theirs.registration_access_token], ['', theirs.registration_access_token],
      ['x'.repeat(300), theirs.registration_access_token], [`../register/${'a'.repeat(22)}`, mine.registration_access_token],
      ['%27%20OR%201=1--', mine.registration_access_token]]) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await manage(server, method, id, given, method === 'PUT' ? { ...METADATA, client_id: id } : undefined);
        if (answer.status === 400 && id.includes('%00')) continue;
        // "../register" is resolved by the client that sends it; "/register/" alone has an empty id.
        assertOAuthError(answer, 401, 'invalid_token');
        if (given !== undefined) {
          texts.add(answer.json().error_description.replace(/LK-[0-9A-Z-]+/, 'LK'));
          assert.match(answer.headers['www-authenticate'], /^Bearer /);
        }
      }
    }
    assert.equal(texts.size, 1, [...texts].join('\n'));
    // A client of the operator has no such token, whatever is tried.
    const ours = await server.addClient({ name: 'Ours', redirect_uris: ['https://ours.test/cb'] });
    for (const given of ['', 'lkg_', ours.client_secret, mine.registration_access_token]) {
      assert.ok([400, 401].includes((await manage(server, 'GET', ours.client_id, given)).status));
    }
    assert.equal((await manage(server, 'GET', theirs.client_id, theirs.registration_access_token)).status, 200);
  });

  test('RG-02 mass assignment', async () => {
    const made = await registered({
      client_id: 'chosen', client_secret: 'chosen', client_secret_expires_at: 9, client_id_issued_at: 1,
      client_secret_digest: 'chosen', client_secret_sealed: 'chosen', registration_access_token: 'chosen',
      registration_access_token_digest: 'chosen', registration_client_uri: 'https://evil.test', trusted: true,
      first_party: true, skip_consent: true, pkce_required: false, quarantined: false, unverified: false,
      org_id: 'org', organisation: 'org', roles: ['admin'], sector_identifier: 'bank.test', scope: 'openid admin',
      created_at: 1, removed_at: 1, ['__proto__']: { first_party: true }, constructor: { first_party: true },
    });
    assert.ok(!JSON.stringify(made).includes('chosen'));
    assert.equal(made.scope, 'openid');
    for (const name of ['first_party', 'trusted', 'skip_consent', 'org_id', 'roles', 'sector_identifier']) {
      assert.equal(made[name], undefined, name);
    }
    const shown = JSON.parse((await server.command(['client', 'show', made.client_id])).stdout);
    assert.equal(shown.first_party, false);
    for (const grant_types of [['password'], ['client_credentials'], ['authorization_code', 'password'],
      ['urn:ietf:params:oauth:grant-type:token-exchange'], ['implicit']]) {
      assertOAuthError(await register(server, { ...METADATA, grant_types }, token), 400, 'invalid_client_metadata');
    }
    assertOAuthError(await register(server, { ...METADATA, scope: 'admin' }, token), 400, 'invalid_client_metadata');
    // Nor does an update do what the registration could not.
    const answer = await manage(server, 'PUT', made.client_id, made.registration_access_token, { ...METADATA,
      client_id: made.client_id, first_party: true, pkce_required: false, registration_access_token: 'chosen',
      client_id_issued_at: 1, quarantined: false });
    assert.equal(answer.status, 200);
    assert.equal(answer.json().registration_access_token, made.registration_access_token);
    assert.equal(answer.json().client_id_issued_at, made.client_id_issued_at);
    const after = JSON.parse((await server.command(['client', 'show', made.client_id])).stdout);
    assert.equal(after.first_party, false);
  });

  test('RG-02 a public client does not become confidential by naming a secret', async () => {
    const made = await registered({ token_endpoint_auth_method: 'none' });
    const put = (more) => manage(server, 'PUT', made.client_id, made.registration_access_token,
      { ...METADATA, client_id: made.client_id, ...more });
    assertOAuthError(await put({ token_endpoint_auth_method: 'client_secret_post', client_secret: 'chosen' }), 400,
      'invalid_client_metadata');
    assertOAuthError(await put({ token_endpoint_auth_method: 'none', client_secret: '' }), 400, 'invalid_client_metadata');
    const chosen = { client_id: made.client_id, client_secret: 'chosen', token_endpoint_auth_method: 'client_secret_post' };
    assertOAuthError(await call(server, '/introspect', chosen, { token: 'x' }), 401, 'invalid_client');
    // The change itself is allowed: with a secret of the server's, and PKCE stays required.
    const changed = (await put({ token_endpoint_auth_method: 'client_secret_post' })).json();
    assert.deepEqual(await introspect(server, changed, 'x'), { active: false });
    const page = await new Browser(server).open(authorizeUrl(server, changed));
    assert.equal(page.parameters.error, 'invalid_request');
    // And back: the secret has ended.
    await put({ token_endpoint_auth_method: 'none' });
    assertOAuthError(await call(server, '/introspect', changed, { token: 'x' }), 401, 'invalid_client');
  });

  test('metadata that tries the reader', async () => {
    const deep = `${'['.repeat(2000)}${']'.repeat(2000)}`;
    for (const body of ['', 'null', '1', '"x"', '[]', '{', '{}}', `{"redirect_uris":${deep}}`, `{"x":${deep}}`,
      '{"redirect_uris":["https://rp.test/cb"],"redirect_uris":["https://evil.test/cb"]}',
      '{"redirect_uris":["https://rp.test/cb"],"client_name":"\\ud800"}',
      '{"redirect_uris":["https://rp.test/cb"],"client_name":"\\u0000"}',
      '{"redirect_uris":["https://rp.test/cb"],"client_name":"a\\nb"}',
      '{"redirect_uris":["https://rp.test/cb"],"default_max_age":1e999}',
      '{"redirect_uris":["https://rp.test/cb"],"default_max_age":99999999999999999999}',
      '{"redirect_uris":["https://rp.test/cb"],"default_max_age":-1}',
      `{"redirect_uris":[${Array(51).fill('"https://rp.test/cb"').join(',')}]}`,
      '{"redirect_uris":{"0":"https://rp.test/cb"}}', '\u{feff}{"redirect_uris":["https://rp.test/cb"]}']) {
      const answer = await register(server, body, token);
      assert.equal(answer.status, 400, `${answer.status}: ${body.slice(0, 80)}`);
      assertOAuthError(answer, 400, ['invalid_client_metadata', 'invalid_redirect_uri']);
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json-patch+json', '']) {
      assertOAuthError(await register(server, METADATA, token, { 'content-type': type }), 400, 'invalid_client_metadata');
    }
  });

  test('no other origin reads an answer', async () => {
    for (const headers of [{ origin: 'https://rp.test' }, { origin: 'null' }]) {
      const answer = await register(server, METADATA, token, headers);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    }
  });
});
