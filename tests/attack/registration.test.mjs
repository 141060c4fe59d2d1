// Attacks on dynamic registration (RG), and on redirect URIs at registration (AZ-07, AZ-13, AZ-14).
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { readFileSync, statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Browser, signIn, typePassword } from '../support/browser.mjs';
import { makeCertificate } from '../support/certificate.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { addInitialAccess, manage, register } from '../support/registration.mjs';
import { assertOAuthError, authorizeUrl, call, introspect, makePkce, obtainCode, redeem, refresh }
  from '../support/relying_party.mjs';

const METADATA = { client_name: 'Attacker', redirect_uris: ['https://rp.test/cb'] };
// How many registrations the flood sends, twice; LATCHKEY_FLOOD=10000 for the full size.
const FLOOD = Number(process.env.LATCHKEY_FLOOD ?? 600);

/** Counts whoever connects to loopback, by IPv4 or IPv6. */
class Canary {
  hits = 0;

  async start() {
    this.servers = ['127.0.0.1', '::1'].map((host) => ({ host, server: net.createServer((socket) => {
      this.hits += 1;
      socket.on('error', () => {});
      socket.destroy();
    }) }));
    for (const { host, server } of this.servers) {
      await new Promise((done, reject) => {
        server.on('error', reject);
        server.listen(this.port ?? 0, host, done);
      });
      this.port = server.address().port;
    }
    return this;
  }

  stop() {
    for (const { server } of this.servers ?? []) server.close();
  }
}

onEachBackend('RG', (backend) => {
  let server;
  let token;
  let canary;

  before(async () => {
    canary = await new Canary().start();
    server = await startLatchkey({ backend });
    token = (await addInitialAccess(server, '--uses', '100000')).initial_access_token;
  });
  after(async () => {
    canary?.stop();
    await server?.stop();
  });

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

  test('RG-03 addresses inside, at registration', async () => {
    const hosts = ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:169.254.169.254]',
      '169.254.169.254', '0.0.0.0', '0', '2130706433', '0x7f000001', '0177.0.0.1', '0177.1', '127.1', '10.0.0.1',
      '192.168.0.1', '172.16.0.1', '100.64.0.1', '[fe80::1]', '[fc00::1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]',
      'localhost', 'localhost.', 'LOCALHOST', '127.0.0.1.', 'user@127.0.0.1'];
    const urls = hosts.map((host) => `https://${host}:${canary.port}/x`);
    urls.push(`http://127.0.0.1:${canary.port}/x`, `http://[::1]:${canary.port}/x`, 'file:///etc/passwd',
      'gopher://127.0.0.1/x', 'https://rp.test:22/x', 'https://rp.test:25/x');
    const jwks = { keys: [] };
    for (const url of urls) {
      for (const metadata of [{ jwks_uri: url }, { sector_identifier_uri: url }, { logo_uri: url },
        { request_uris: ['https://rp.test/r', `${url}#f`] }, { backchannel_logout_uri: url },
        { sector_identifier_uri: url, subject_type: 'pairwise', jwks }]) {
        const answer = await register(server, { ...METADATA, ...metadata }, token);
        assert.equal(answer.status, 400, `${JSON.stringify(metadata)}: ${answer.status}`);
        assertOAuthError(answer, 400, 'invalid_client_metadata');
      }
    }
    const made = await registered();
    for (const field of ['jwks_uri', 'sector_identifier_uri', 'backchannel_logout_uri']) {
      assertOAuthError(await manage(server, 'PUT', made.client_id, made.registration_access_token,
        { ...METADATA, client_id: made.client_id, [field]: `https://127.0.0.1:${canary.port}/x` }), 400,
      'invalid_client_metadata');
    }
    assert.equal(canary.hits, 0);
  });

  test('RG-03 names that lead inside are not connected to, at registration or at use', async () => {
    for (const host of ['tenant.localhost', 'a.b.localhost', 'localhost.localdomain']) {
      const url = `https://${host}:${canary.port}/x`;
      const sector = await register(server, { ...METADATA, sector_identifier_uri: url }, token);
      assertOAuthError(sector, 400, 'invalid_client_metadata');
      const answer = await register(server, { ...METADATA, jwks_uri: url,
        token_endpoint_auth_method: 'private_key_jwt' }, token);
      assert.ok([201, 400].includes(answer.status), answer.text);
      if (answer.status === 400) continue;
      const { client_id: id } = answer.json();
      const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const assertion = `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss: id, sub: id, aud: server.issuer, jti: 'j',
        exp: Math.floor(Date.now() / 1000) + 60 })}.${'A'.repeat(342)}`;
      const used = await send(server.url('/token'), { form: { grant_type: 'authorization_code', code: 'x',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion } });
      assert.ok([400, 401, 503].includes(used.status), `${used.status}`);
    }
    assert.equal(canary.hits, 0);
  });

  test('RG-03 a sector document is not looked for behind a redirect, and its error tells nothing', async () => {
    const files = makeCertificate(temporaryFolder());
    let behaviour = () => {};
    const outside = https.createServer({ cert: readFileSync(files.certificate), key: readFileSync(files.key) },
      (request, response) => behaviour(response));
    await new Promise((done) => { outside.listen(0, '127.0.0.1', done); });
    const inside = http.createServer((request, response) => { inside.hits += 1; response.end(JSON.stringify(METADATA.redirect_uris)); });
    inside.hits = 0;
    await new Promise((done) => { inside.listen(0, '127.0.0.1', done); });
    let lax;
    try {
      lax = await startLatchkey({ backend, settings: { outbound_ca_file: files.certificate,
        outbound_allowed_addresses: '127.0.0.1', outbound_timeout: '1s' } });
      const access = (await addInitialAccess(lax, '--uses', '100')).initial_access_token;
      const texts = new Set();
      const huge = `["${'x'.repeat(200_000)}"]`;
      const base = `https://localhost:${outside.address().port}`;
      for (const answer of [
        (response) => response.writeHead(302, { location: `http://127.0.0.1:${inside.address().port}/x` }).end(),
        (response) => response.writeHead(301, { location: `${base}/again` }).end(JSON.stringify(METADATA.redirect_uris)),
        (response) => response.writeHead(404).end(JSON.stringify(METADATA.redirect_uris)),
        (response) => response.writeHead(500).end('secret of the inside'),
        (response) => response.writeHead(200).end(huge),
        (response) => response.writeHead(200).write('["'),
        (response) => response.destroy(),
      ]) {
        behaviour = answer;
        const refused = await register(lax, { ...METADATA, sector_identifier_uri: `${base}/x` }, access);
        assertOAuthError(refused, 400, 'invalid_client_metadata');
        assert.ok(!refused.text.includes('secret of the inside'));
        texts.add(refused.json().error_description.replace(/LK-[0-9A-Z-]+/, 'LK'));
      }
      assert.equal(texts.size, 1, [...texts].join('\n'));
      assert.equal(inside.hits, 0);
    } finally {
      outside.close();
      outside.closeAllConnections();
      inside.close();
      await lax?.stop();
    }
  });

  test('RG-06 schemes of links and logos', async () => {
    for (const uri of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'DATA:image/svg+xml,x',
      'vbscript:x', ' javascript:x', 'java\tscript:x', 'file:///etc/passwd', 'blob:https://rp.test/x', '//rp.test/x',
      'https:rp.test', 'https://', 'https://a@rp.test', 'https://rp.test/"><script>', 'https://rp.test/\u0000', 'http://rp.test/x']) {
      for (const field of ['client_uri', 'policy_uri', 'tos_uri', 'logo_uri', 'initiate_login_uri', 'jwks_uri',
        'frontchannel_logout_uri', 'backchannel_logout_uri']) {
        const answer = await register(server, { ...METADATA, [field]: uri }, token);
        assertOAuthError(answer, 400, 'invalid_client_metadata');
      }
      const after = await register(server, { ...METADATA, post_logout_redirect_uris: [uri] }, token);
      assertOAuthError(after, 400, 'invalid_client_metadata');
      const redirect = await register(server, { ...METADATA, redirect_uris: [uri] }, token);
      assertOAuthError(redirect, 400, ['invalid_redirect_uri', 'invalid_client_metadata']);
    }
  });

  describe('redirect URIs', () => {
    const refuses = async (uris) => {
      const made = await registered();
      for (const uri of uris) {
        const redirect_uris = ['https://rp.test/cb', uri];
        assertOAuthError(await register(server, { ...METADATA, redirect_uris }, token), 400, 'invalid_redirect_uri');
        assertOAuthError(await manage(server, 'PUT', made.client_id, made.registration_access_token,
          { ...METADATA, client_id: made.client_id, redirect_uris }), 400, 'invalid_redirect_uri');
      }
    };

    test('AZ-07 fragment', () => refuses(['https://rp.test/cb#f', 'https://rp.test/cb#', 'https://rp.test/cb?a=b#f',
      'com.ex.app:/cb#f', 'http://127.0.0.1/cb#f']));

    test('AZ-13 wildcard', () => refuses(['https://*.rp.test/cb', 'https://rp.test/*', 'http://localhost:*', '*',
      'https://*', 'https://rp.test/cb?x=*', 'https://rp.*/cb', 'com.ex.app:/*']));

    test('AZ-14 dangerous schemes', () => refuses(['javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' data:text/html,x',
      'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', 'blob:https://rp.test/x', 'about:blank', 'AbOuT:blank',
      'view-source:https://rp.test', 'intent://x#Intent;end', 'http://rp.test/cb', 'http://localhost.evil.test/cb',
      'https://rp.test@evil.test/cb', 'https://rp.test/../cb', '', '/cb', 'rp.test/cb']));
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

onEachBackend('RG quarantine', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend, settings: { registration: 'open', registration_address_attempts: 1000 } });
    fixtures = await seed(server, { clients: [], users: ['alice'] });
  });
  after(() => server?.stop());

  test('a stranger\'s client gets no refresh token and no way around it', async () => {
    const wanted = { ...METADATA, grant_types: ['authorization_code', 'refresh_token'],
      scope: 'openid email offline_access' };
    const made = (await register(server, wanted)).json();
    assert.deepEqual(made.grant_types, ['authorization_code']);
    assert.equal(made.scope, 'openid email');
    for (const metadata of [wanted, { ...wanted, scope: undefined }, { ...wanted, scope: 'offline_access' }]) {
      const answer = await manage(server, 'PUT', made.client_id, made.registration_access_token,
        { ...metadata, client_id: made.client_id, quarantined: false });
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.json().grant_types, ['authorization_code']);
      assert.ok(!answer.json().scope.split(' ').includes('offline_access'));
      assert.ok(answer.json().scope.length > 0);
    }
    await manage(server, 'PUT', made.client_id, made.registration_access_token, { ...wanted, client_id: made.client_id });
    const grant = await obtainCode(server, made, fixtures.alice, { scope: 'openid email', prompt: 'consent' });
    const tokens = (await redeem(server, made, grant)).json();
    assert.ok(tokens.access_token);
    assert.equal(tokens.refresh_token, undefined);
    assertOAuthError(await refresh(server, made, 'lkr_x'), 400, ['unauthorized_client', 'invalid_grant']);
  });

  test('no redirect before a person has acted', async () => {
    const made = (await register(server, { ...METADATA, redirect_uris: ['https://evil.test/cb'] })).json();
    const pkce = { code_challenge: makePkce().challenge, code_challenge_method: 'S256' };
    for (const parameters of [{ prompt: 'none' }, { response_type: 'zzz' }, { scope: 'nonsense' }, { max_age: '-1' },
      { prompt: 'none login' }, { code_challenge: undefined, code_challenge_method: undefined, response_mode: 'zzz' }]) {
      const page = await new Browser(server).open(authorizeUrl(server, made, { ...pkce, ...parameters }));
      assert.equal(page.redirect, undefined, JSON.stringify(parameters));
    }
    const page = await signIn(new Browser(server), authorizeUrl(server, made, pkce), fixtures.alice, { decision: 'deny' });
    assert.equal(page.parameters.error, 'access_denied');
  });

  test('the consent page says so, and where it leads', async () => {
    const made = (await register(server, { ...METADATA, client_name: 'Your Bank', redirect_uris: ['https://evil.test/cb'] })).json();
    const pkce = { code_challenge: makePkce().challenge, code_challenge_method: 'S256' };
    const browser = new Browser(server);
    const page = await typePassword(browser, await browser.open(authorizeUrl(server, made, pkce)), fixtures.alice);
    assert.ok(page.has('consent-unverified'), page.text.slice(0, 400));
    assert.match(page.text, /evil\.test/);
  });

  test('no CORS for a stranger\'s origin', async () => {
    const made = (await register(server, { ...METADATA, redirect_uris: ['https://cors.evil.test/cb'] })).json();
    const answer = await call(server, '/token', made, { grant_type: 'authorization_code', code: 'x' },
      { headers: { origin: 'https://cors.evil.test' } });
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });
});

onEachBackend('RG bounds', (backend) => {
  /** Bytes of an SQLite database with its log; 0 for PostgreSQL. */
  const databaseBytes = (server) => readdirSync(server.folder).filter((name) => name.startsWith('latchkey.db'))
    .reduce((sum, name) => sum + statSync(join(server.folder, name)).size, 0);

  test('strangers are counted by source', async () => {
    const server = await startLatchkey({ backend, settings: { registration: 'open', registration_address_attempts: 5 } });
    try {
      const answers = await Promise.all(Array.from({ length: 30 }, () => register(server, METADATA)));
      assert.equal(answers.filter((answer) => answer.status === 201).length, 5);
      const refused = answers.find((answer) => answer.status !== 201);
      assertOAuthError(refused, 429, 'temporarily_unavailable');
      assert.ok(Number(refused.headers['retry-after']) >= 1);
      assert.ok(Number(refused.headers['retry-after']) <= 3600);
      // Updates of theirs count too: they make the server fetch. A token does not count.
      const made = answers.find((answer) => answer.status === 201).json();
      assertOAuthError(await manage(server, 'PUT', made.client_id, made.registration_access_token,
        { ...METADATA, client_id: made.client_id }), 429, 'temporarily_unavailable');
      const { initial_access_token: token } = await addInitialAccess(server);
      assert.equal((await register(server, METADATA, token)).status, 201);
    } finally {
      await server.stop();
    }
  });

  test(`${FLOOD} hostile registrations stay bounded`, async () => {
    const most = 100;
    const server = await startLatchkey({ backend, settings: { registration: 'open',
      registration_address_attempts: 1_000_000, registration_most_unverified: most } });
    try {
      const fixtures = await seed(server, { clients: ['web'], users: ['alice'] });
      const filler = 'x'.repeat(60_000);
      const hostile = [
        () => register(server, { ...METADATA, client_name: 'y'.repeat(200), contacts: Array(28).fill('z'.repeat(2000)) }),
        () => register(server, METADATA),
        () => register(server, { ...METADATA, unknown: filler }),
        () => register(server, '{"redirect_uris":'),
        () => register(server, { ...METADATA, sector_identifier_uri: 'https://[64:ff9b::7f00:1]/x' }),
        () => register(server, METADATA, 'lki_AAAA'),
        () => manage(server, 'DELETE', 'unknown', 'lkg_AAAA'),
        () => register(server, 'x'.repeat(70_000)),
      ];
      const statuses = new Map();
      let sent = 0;
      const worker = async () => {
        while (sent < FLOOD) {
          const answer = await hostile[sent++ % hostile.length]();
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
      const resident = await server.residentKib();
      const size = databaseBytes(server);
      assert.equal(statuses.get(201), most, JSON.stringify([...statuses]));
      assert.deepEqual([...statuses.keys()].filter((status) => ![201, 400, 401, 413, 503].includes(status)), []);
      const unverified = JSON.parse((await server.command(['client', 'list', '--limit', '1000', '--json'])).stdout)
        .filter((client) => client.unverified);
      assert.equal(unverified.length, most);
      assert.ok(size < 64 * 1024 * 1024, `database ${size} bytes`);
      // The same again adds nothing.
      sent = 0;
      await Promise.all(Array.from({ length: 16 }, worker));
      assert.equal(statuses.get(201), most);
      const grown = await server.residentKib() - resident;
      assert.ok(grown < 48 * 1024, `resident memory grew by ${grown} KiB`);
      // People sign in as before.
      assert.equal((await redeem(server, fixtures.web, await obtainCode(server, fixtures.web, fixtures.alice))).status, 200);
    } finally {
      await server.stop();
    }
  });

  test('registering and deleting in turns is bounded by the source', async () => {
    const server = await startLatchkey({ backend, settings: { registration: 'open', registration_address_attempts: 10,
      registration_most_unverified: 2 } });
    try {
      let made = 0;
      for (let i = 0; i < 20; ++i) {
        const answer = await register(server, METADATA);
        if (answer.status !== 201) {
          assertOAuthError(answer, 429, 'temporarily_unavailable');
          continue;
        }
        made += 1;
        const { client_id: id, registration_access_token: access } = answer.json();
        assert.equal((await manage(server, 'DELETE', id, access)).status, 204);
      }
      assert.equal(made, 10);
    } finally {
      await server.stop();
    }
  });
});
