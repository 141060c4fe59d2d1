// Dynamic registration (RFC 7591), its management (RFC 7592), and the command that makes the tokens for it.
import assert from 'node:assert/strict';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import * as client from 'openid-client';

import { Browser, signIn } from '../support/browser.mjs';
import { makeCertificate } from '../support/certificate.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, runProgram, startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { addInitialAccess, manage, register } from '../support/registration.mjs';
import { assertOAuthError, obtainCode, redeem } from '../support/relying_party.mjs';

const METADATA = { client_name: 'Registered', redirect_uris: ['https://rp.test/cb'] };

/** An https server on loopback that answers every path with the same document. */
async function serveDocument(folder, status = 200, headers = {}) {
  const files = makeCertificate(folder);
  const state = { body: '[]', hits: 0, held: Promise.resolve(), certificate: files.certificate };
  const server = https.createServer({ cert: readFileSync(files.certificate), key: readFileSync(files.key) },
    (request, response) => {
      state.hits += 1;
      state.held.then(() => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(state.body);
      });
    });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  state.url = `https://localhost:${server.address().port}/uris.json`;
  state.close = () => new Promise((done) => { server.close(done); server.closeAllConnections(); });
  return state;
}

onEachBackend('registration', (backend) => {
  let server;
  let fixtures;
  let token;
  let sector;

  before(async () => {
    sector = await serveDocument(temporaryFolder());
    server = await startLatchkey({ backend, settings: {
      outbound_ca_file: sector.certificate, outbound_allowed_addresses: '127.0.0.1' } });
    fixtures = await seed(server, { clients: [], users: ['alice'] });
    token = (await addInitialAccess(server, '--uses', '1000')).initial_access_token;
  });
  after(async () => {
    await sector?.close();
    await server?.stop();
  });

  const registered = async (metadata = {}) => {
    const answer = await register(server, { ...METADATA, ...metadata }, token);
    assert.equal(answer.status, 201, answer.text);
    return answer.json();
  };
  const own = (made) => [made.client_id, made.registration_access_token];

  const dynamic = (metadata, auth) => client.dynamicClientRegistration(new URL(server.issuer), { ...METADATA, ...metadata },
    auth, { initialAccessToken: token, execute: [client.allowInsecureRequests] });
  async function signInWith(config) {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: METADATA.redirect_uris[0], scope: 'openid email', state, code_challenge_method: 'S256',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    });
    const page = await signIn(new Browser(server), url, fixtures.alice);
    return client.authorizationCodeGrant(config, new URL(page.redirect),
      { pkceCodeVerifier, expectedState: state, idTokenExpected: true });
  }

  for (const [method, auth] of [
    ['client_secret_basic', (metadata) => client.ClientSecretBasic(metadata.client_secret)],
    ['client_secret_post', (metadata) => client.ClientSecretPost(metadata.client_secret)],
    ['client_secret_jwt', (metadata) => client.ClientSecretJwt(metadata.client_secret)],
    ['none', () => client.None()],
  ]) {
    test(`openid-client registers with ${method} and signs in`, async () => {
      const config = await dynamic({ token_endpoint_auth_method: method });
      const metadata = config.clientMetadata();
      assert.equal(metadata.token_endpoint_auth_method, method);
      assert.equal(typeof metadata.client_secret, method === 'none' ? 'undefined' : 'string');
      const ready = new client.Configuration(config.serverMetadata(), metadata.client_id, metadata, auth(metadata));
      client.allowInsecureRequests(ready);
      const tokens = await signInWith(ready);
      const person = await client.fetchUserInfo(ready, tokens.access_token, tokens.claims().sub);
      assert.equal(person.email, 'alice@example.com');
    });
  }

  test('openid-client registers a key without kid and signs in with private_key_jwt', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = { ...await exportJWK(publicKey), use: 'sig', alg: 'ES256' };
    const config = await dynamic({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } },
      client.PrivateKeyJwt(privateKey));
    assert.equal(config.clientMetadata().client_secret, undefined);
    assert.deepEqual(config.clientMetadata().jwks, { keys: [jwk] });
    assert.ok((await signInWith(config)).access_token);
  });

  test('the answer says what was registered', async () => {
    const answer = await register(server, METADATA, token);
    assert.equal(answer.status, 201);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.match(answer.headers['cache-control'], /no-store/);
    const made = answer.json();
    assert.match(made.client_id, /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
    assert.match(made.client_secret, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(made.client_secret_expires_at, 0);
    assert.ok(Math.abs(made.client_id_issued_at - Date.now() / 1000) < 60);
    assert.match(made.registration_access_token, /^lkg_/);
    assert.equal(made.registration_client_uri, server.url(`/register/${made.client_id}`));
    assert.deepEqual(made.redirect_uris, METADATA.redirect_uris);
    assert.deepEqual(made.grant_types, ['authorization_code']);
    assert.deepEqual(made.response_types, ['code']);
    assert.equal(made.token_endpoint_auth_method, 'client_secret_basic');
    assert.equal(made.id_token_signed_response_alg, 'RS256');
    for (const secret of [made.client_secret, made.registration_access_token, token]) {
      assert.ok(!server.log.includes(secret));
    }
  });

  test('every field comes back', async () => {
    const metadata = {
      ...METADATA,
      application_type: 'native', contacts: ['ops@rp.test'], client_uri: 'https://rp.test', logo_uri: 'https://rp.test/l.png',
      policy_uri: 'https://rp.test/policy', tos_uri: 'https://rp.test/tos', scope: 'openid email',
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
      id_token_signed_response_alg: 'ES256', userinfo_signed_response_alg: 'PS256', request_object_signing_alg: 'EdDSA',
      jwks_uri: 'https://rp.test/jwks', token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'RS256', subject_type: 'pairwise', default_max_age: 600, require_auth_time: true,
      default_acr_values: ['urn:latchkey:acr:pwd'], initiate_login_uri: 'https://rp.test/start',
      request_uris: ['https://rp.test/r#fragment'], post_logout_redirect_uris: ['https://rp.test/out'],
      frontchannel_logout_uri: 'https://rp.test/front', frontchannel_logout_session_required: true,
      backchannel_logout_uri: 'https://rp.test/back', backchannel_logout_session_required: true,
      require_pushed_authorization_requests: true, require_signed_request_object: true,
      software_id: 'id', software_version: '1',
    };
    const made = await registered(metadata);
    for (const [name, value] of Object.entries(metadata)) assert.deepEqual(made[name], value, name);
    assert.equal(made.client_secret, undefined);
    assert.equal(made.client_secret_expires_at, undefined);
    assert.equal(made.sector_identifier, undefined);
    const read = await manage(server, 'GET', ...own(made));
    assert.equal(read.status, 200);
    assert.deepEqual(read.json(), made);
    // Sent back as it came, it changes nothing.
    const written = await manage(server, 'PUT', ...own(made), read.json());
    assert.equal(written.status, 200, written.text);
    assert.deepEqual(written.json(), made);
    const listed = JSON.parse((await server.command(['client', 'show', made.client_id])).stdout);
    assert.equal(listed.backchannel_logout_uri, metadata.backchannel_logout_uri);
    assert.equal(listed.registration_access_token, undefined);
  });

  test('what is wrong is said by its code', async () => {
    for (const [metadata, error] of [
      [{ redirect_uris: ['https://rp.test/cb#f'] }, 'invalid_redirect_uri'],
      [{ redirect_uris: [] }, 'invalid_redirect_uri'],
      [{ initiate_login_uri: 'http://rp.test/start' }, 'invalid_client_metadata'],
      [{ response_types: ['id_token'] }, 'invalid_client_metadata'],
      [{ id_token_signed_response_alg: 'none' }, 'invalid_client_metadata'],
      [{ id_token_encrypted_response_alg: 'RSA-OAEP' }, 'invalid_client_metadata'],
      [{ software_statement: 'a.b.c' }, 'invalid_client_metadata'],
    ]) {
      const answer = await register(server, { ...METADATA, ...metadata }, token);
      assertOAuthError(answer, 400, error);
      assert.match(answer.json().error_description, /LK-/);
    }
    for (const body of ['', '[]', '{', '{"redirect_uris":["https://rp.test/cb"],"redirect_uris":[]}']) {
      assertOAuthError(await register(server, body, token), 400, 'invalid_client_metadata');
    }
    assertOAuthError(await register(server, METADATA, token, { 'content-type': 'text/plain' }), 400,
      'invalid_client_metadata');
    assert.equal((await register(server, { ...METADATA, client_name: 'x'.repeat(70_000) }, token)).status, 413);
  });

  test('a refusal uses nothing up', async () => {
    const once = (await addInitialAccess(server)).initial_access_token;
    assert.equal((await register(server, { redirect_uris: ['javascript:x'] }, once)).status, 400);
    assert.equal((await register(server, METADATA, once)).status, 201);
    assertOAuthError(await register(server, METADATA, once), 401, 'invalid_token');
  });

  test('of two updates at the same time neither undoes the other', async () => {
    const made = await registered({ token_endpoint_auth_method: 'none' });
    sector.body = JSON.stringify(METADATA.redirect_uris);
    let release;
    sector.held = new Promise((done) => { release = done; });
    const hits = sector.hits;
    const update = (more) => manage(server, 'PUT', ...own(made), { ...METADATA, client_id: made.client_id, ...more });
    const waiting = update({ client_name: 'Slow', sector_identifier_uri: sector.url });
    while (sector.hits === hits) await new Promise((done) => { setTimeout(done, 5); });
    const quick = await update({ client_name: 'Quick' });
    assert.equal(quick.status, 200, quick.text);
    const { client_secret: secret } = quick.json();
    assert.ok(secret);
    release();
    sector.held = Promise.resolve();
    const slow = await waiting;
    assert.equal(slow.status, 200, slow.text);
    // The later one found the secret that the other one had been given.
    assert.equal(slow.json().client_secret, undefined);
    assert.equal((await manage(server, 'GET', ...own(made))).json().client_name, 'Slow');
    const answer = await redeem(server, { client_id: made.client_id, client_secret: secret },
      { code: 'lkc_x', verifier: 'x'.repeat(43), redirect_uri: METADATA.redirect_uris[0] });
    assertOAuthError(answer, 400, 'invalid_grant');
  });

  test('updates at the same time are all answered, and one secret is right', async () => {
    const made = await registered({ token_endpoint_auth_method: 'none' });
    const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => manage(server, 'PUT', ...own(made),
      { ...METADATA, client_id: made.client_id, client_name: `Number ${at}` })));
    const secrets = [];
    for (const answer of answers) {
      assert.ok([200, 503].includes(answer.status), answer.text);
      if (answer.json().client_secret) secrets.push(answer.json().client_secret);
    }
    assert.equal(secrets.length, 1);
    const answer = await redeem(server, { client_id: made.client_id, client_secret: secrets[0] },
      { code: 'lkc_x', verifier: 'x'.repeat(43), redirect_uri: METADATA.redirect_uris[0] });
    assertOAuthError(answer, 400, 'invalid_grant');
  });

  test('sector_identifier_uri is fetched and must hold every redirect URI', async () => {
    const redirect_uris = ['https://a.test/cb', 'https://b.test/cb'];
    const pairwise = { ...METADATA, redirect_uris, subject_type: 'pairwise' };
    assertOAuthError(await register(server, pairwise, token), 400, 'invalid_client_metadata');
    sector.body = JSON.stringify([...redirect_uris, 'https://c.test/cb']);
    const before = sector.hits;
    const made = await register(server, { ...pairwise, sector_identifier_uri: sector.url }, token);
    assert.equal(made.status, 201, made.text);
    assert.equal(sector.hits, before + 1);
    assert.equal(made.json().subject_type, 'pairwise');
    assert.equal(made.json().sector_identifier_uri, sector.url);
    for (const body of [JSON.stringify(redirect_uris.slice(1)), '{}', 'nonsense', '']) {
      sector.body = body;
      assertOAuthError(await register(server, { ...pairwise, sector_identifier_uri: sector.url }, token), 400,
        'invalid_client_metadata');
      // Public clients with such a document are held to it too.
      assertOAuthError(await register(server, { ...METADATA, sector_identifier_uri: sector.url }, token), 400,
        'invalid_client_metadata');
    }
  });

  test('update replaces everything, keeps the secret and rotates nothing', async () => {
    const made = await registered({ client_uri: 'https://rp.test', post_logout_redirect_uris: ['https://rp.test/out'] });
    const next = { client_id: made.client_id, client_name: 'Renamed', redirect_uris: ['https://new.test/cb'] };
    const answer = await manage(server, 'PUT', ...own(made), next);
    assert.equal(answer.status, 200, answer.text);
    const changed = answer.json();
    assert.equal(changed.client_name, 'Renamed');
    assert.deepEqual(changed.redirect_uris, ['https://new.test/cb']);
    assert.equal(changed.client_uri, undefined);
    assert.equal(changed.post_logout_redirect_uris, undefined);
    assert.equal(changed.client_secret, undefined);
    assert.equal(changed.registration_access_token, made.registration_access_token);
    assert.equal(changed.client_id_issued_at, made.client_id_issued_at);
    assert.deepEqual((await manage(server, 'GET', ...own(made))).json(), changed);
    const working = { ...changed, client_secret: made.client_secret };
    assert.equal((await redeem(server, working, await obtainCode(server, working, fixtures.alice))).status, 200);
  });

  test('update: the id must be there, the secret is not for the client to choose', async () => {
    const made = await registered();
    const put = (more) => manage(server, 'PUT', ...own(made), { ...METADATA, ...more });
    assertOAuthError(await put({}), 400, 'invalid_client_metadata');
    assertOAuthError(await put({ client_id: 'another' }), 400, 'invalid_client_metadata');
    assertOAuthError(await put({ client_id: made.client_id, client_secret: 'mine' }), 400, 'invalid_client_metadata');
    assertOAuthError(await put({ client_id: made.client_id, redirect_uris: ['javascript:x'] }), 400, 'invalid_redirect_uri');
    assert.equal((await put({ client_id: made.client_id, client_secret: made.client_secret })).status, 200);
    const sealed = await registered({ token_endpoint_auth_method: 'client_secret_jwt' });
    const putSealed = (client_secret) => manage(server, 'PUT', ...own(sealed),
      { ...METADATA, client_id: sealed.client_id, token_endpoint_auth_method: 'client_secret_jwt', client_secret });
    assert.equal((await putSealed(sealed.client_secret)).status, 200);
    assertOAuthError(await putSealed('mine'), 400, 'invalid_client_metadata');
  });

  test('update: a changed authentication method gets a fresh secret when it needs one', async () => {
    const made = await registered({ token_endpoint_auth_method: 'none' });
    const put = async (method) => {
      const answer = await manage(server, 'PUT', ...own(made),
        { ...METADATA, client_id: made.client_id, token_endpoint_auth_method: method });
      assert.equal(answer.status, 200, answer.text);
      return answer.json();
    };
    const confidential = await put('client_secret_basic');
    assert.match(confidential.client_secret, /^[A-Za-z0-9_-]{43}$/);
    // PKCE stays required of what was public.
    const page = await new Browser(server).open(`${server.url('/authorize')}?${new URLSearchParams({
      client_id: made.client_id, redirect_uri: METADATA.redirect_uris[0], response_type: 'code', scope: 'openid' })}`);
    assert.equal(page.parameters.error, 'invalid_request');
    assert.equal((await put('client_secret_post')).client_secret, undefined);
    const sealed = await put('client_secret_jwt');
    assert.match(sealed.client_secret, /^[A-Za-z0-9_-]{43}$/);
    assert.notEqual(sealed.client_secret, confidential.client_secret);
    assert.equal((await put('none')).client_secret, undefined);
    assert.notEqual((await put('client_secret_basic')).client_secret, confidential.client_secret);
  });

  test('delete answers 204 and ends everything of the client', async () => {
    const made = await registered();
    const grant = await obtainCode(server, made, fixtures.alice);
    const tokens = (await redeem(server, made, grant)).json();
    const answer = await manage(server, 'DELETE', ...own(made));
    assert.equal(answer.status, 204);
    assert.equal(answer.text, '');
    for (const method of ['GET', 'DELETE']) {
      assertOAuthError(await manage(server, method, ...own(made)), 401, 'invalid_token');
    }
    const person = await send(server.url('/userinfo'), { headers: { authorization: `Bearer ${tokens.access_token}` } });
    assert.equal(person.status, 401);
  });

  test('client token add, list, revoke', async () => {
    const run = (args) => runProgram(args, { settings: server.settings, cwd: server.folder });
    const made = await addInitialAccess(server, '--uses', '2', '--lifetime', '1h', '--label', 'the shop');
    assert.match(made.initial_access_token, /^lki_/);
    assert.equal(made.registration_endpoint, server.url('/register'));
    assert.equal(made.expires_at - made.created_at, 3600);
    const find = async () => JSON.parse((await server.command(['client', 'token', 'list', '--limit', '1000', '--json'])).stdout)
      .find((entry) => entry.id === made.id);
    assert.deepEqual({ ...await find(), expires_at: 0, created_at: 0 },
      { id: made.id, label: 'the shop', state: 'usable', uses_left: 2, uses_total: 2, expires_at: 0, created_at: 0 });
    assert.equal((await register(server, METADATA, made.initial_access_token)).status, 201);
    assert.equal((await find()).uses_left, 1);
    await server.command(['client', 'token', 'revoke', made.id]);
    assert.equal((await find()).state, 'revoked');
    assertOAuthError(await register(server, METADATA, made.initial_access_token), 401, 'invalid_token');
    const plain = await server.command(['client', 'token', 'add']);
    assert.match(plain.stdout, /^lki_[A-Za-z0-9_-]+\n$/);
    assert.match(plain.stderr, /Good for 1 registration/);
    assert.ok(!(await server.command(['client', 'token', 'list'])).stdout.includes('lki_'));
    for (const args of [['add', '--uses', '0'], ['add', '--uses', '1000001'], ['add', '--lifetime', 'soon'],
      ['add', '--lifetime', '1s'], ['add', '--label', 'x'.repeat(201)], ['revoke', '1'], ['revoke', 'x'], ['revoke'], []]) {
      const result = await run(['client', 'token', ...args]);
      assert.ok([1, 2].includes(result.code), `${args}: ${result.code} ${result.stdout}`);
      assert.match(result.stderr, /\S/);
    }
  });

  test('client add takes the same metadata, with the operator\'s switches', async () => {
    const made = await server.addClient({ name: 'Sealed', redirect_uris: ['https://rp.test/cb'],
      method: 'client_secret_jwt', metadata: { subject_type: 'pairwise', require_pushed_authorization_requests: true } });
    assert.match(made.client_secret, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(made.subject_type, 'pairwise');
    await assert.rejects(server.addClient({ name: 'Hybrid', redirect_uris: ['https://rp.test/cb'],
      metadata: { response_types: ['code id_token'] } }), /response_types/);
    const lax = { ...server.settings, allow_implicit: true };
    const result = await runProgram(['client', 'add', '--redirect-uri', 'https://rp.test/cb', '--grant-type', 'implicit',
      '--json'], { settings: lax, cwd: server.folder });
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(JSON.parse(result.stdout).grant_types, ['implicit', 'authorization_code']);
  });

  if (backend === 'postgresql') {
    test('two nodes: registered at one, managed at the other', async () => {
      const second = await server.secondNode();
      try {
        const made = await registered();
        const answer = await send(second.url(`/register/${made.client_id}`), { port: second.port,
          headers: { authorization: `Bearer ${made.registration_access_token}` } });
        assert.equal(answer.status, 200);
      } finally {
        await second.stop();
      }
    });
  }
});

onEachBackend('registration modes', (backend) => {
  const discovery = async (server) => (await send(server.url('/.well-known/openid-configuration'))).json();

  test('token, which is the default', async () => {
    const server = await startLatchkey({ backend });
    try {
      assert.equal((await discovery(server)).registration_endpoint, server.url('/register'));
      const answer = await register(server, METADATA);
      assertOAuthError(answer, 401, 'invalid_token');
      // RFC 6750 §3.1: no error code when no token came.
      assert.match(answer.headers['www-authenticate'], /^Bearer realm="latchkey"$/);
      assert.match((await register(server, METADATA, 'lki_x')).headers['www-authenticate'], /error="invalid_token"/);
    } finally {
      await server.stop();
    }
  });

  test('closed: the command line only', async () => {
    const server = await startLatchkey({ backend, settings: { registration: 'closed' } });
    try {
      assert.equal((await discovery(server)).registration_endpoint, undefined);
      const { initial_access_token: token } = await addInitialAccess(server);
      for (const given of [undefined, token]) {
        assertOAuthError(await register(server, METADATA, given), 403, 'access_denied');
        assertOAuthError(await manage(server, 'GET', 'x', given), 403, 'access_denied');
      }
      assert.ok((await server.addClient({ name: 'Ours', redirect_uris: ['https://rp.test/cb'] })).client_id);
    } finally {
      await server.stop();
    }
  });

  test('open: the operator can vouch for a stranger', async () => {
    const server = await startLatchkey({ backend,
      settings: { registration: 'open', registration_most_unverified: '1' } });
    try {
      const metadata = { ...METADATA, grant_types: ['authorization_code', 'refresh_token'] };
      const made = (await register(server, metadata)).json();
      const update = async () => {
        const answer = await manage(server, 'PUT', made.client_id, made.registration_access_token,
          { ...metadata, client_id: made.client_id });
        assert.equal(answer.status, 200, answer.text);
        return answer.json().grant_types;
      };
      assertOAuthError(await register(server, metadata), 503, 'temporarily_unavailable');
      assert.deepEqual(await update(), ['authorization_code']);
      const command = async (id, ...flags) => server.command(['client', 'verify', id, ...flags]);
      assert.match((await command(made.client_id)).stdout, /^Verified /);
      assert.match((await command(made.client_id)).stdout, /nothing changed/);
      assert.equal(JSON.parse((await command(made.client_id, '--json')).stdout).changed, false);
      await assert.rejects(command('nobody'), /There is no client nobody/);
      assert.doesNotMatch((await server.command(['client', 'list'])).stdout, /unverified/);
      // At once, though the server may hold what it read before for a second: it finds that it changed.
      assert.deepEqual(await update(), metadata.grant_types);
      assert.equal((await register(server, metadata)).status, 201);
    } finally {
      await server.stop();
    }
  });

  test('open: anybody, and those with a token are trusted more', async () => {
    const server = await startLatchkey({ backend, settings: { registration: 'open' } });
    try {
      const metadata = { ...METADATA, grant_types: ['authorization_code', 'refresh_token'] };
      const stranger = await register(server, metadata);
      assert.equal(stranger.status, 201);
      assert.deepEqual(stranger.json().grant_types, ['authorization_code']);
      assert.ok(!stranger.json().scope.split(' ').includes('offline_access'));
      const { initial_access_token: token } = await addInitialAccess(server);
      const known = await register(server, metadata, token);
      assert.deepEqual(known.json().grant_types, metadata.grant_types);
      assert.equal(known.json().scope, undefined);
      // A token that is no longer good does not make its bearer a welcome stranger.
      assertOAuthError(await register(server, metadata, token), 401, 'invalid_token');
      const listed = (await server.command(['client', 'list'])).stdout;
      assert.match(listed, new RegExp(`${stranger.json().client_id} .*unverified`));
      assert.doesNotMatch(listed, new RegExp(`${known.json().client_id} .*unverified`));
    } finally {
      await server.stop();
    }
  });
});
