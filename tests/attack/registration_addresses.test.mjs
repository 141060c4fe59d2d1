// Attacks by the addresses that metadata names: what the server would fetch (RG-03), what it shows as a link
// (RG-06), and redirect URIs at registration (AZ-07, AZ-13, AZ-14).
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { makeCertificate } from '../support/certificate.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { addInitialAccess, manage, register } from '../support/registration.mjs';
import { assertOAuthError } from '../support/relying_party.mjs';

const METADATA = { client_name: 'Attacker', redirect_uris: ['https://rp.test/cb'] };

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

onEachBackend('RG addresses', (backend) => {
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

  async function registered() {
    const answer = await register(server, METADATA, token);
    assert.equal(answer.status, 201, answer.text);
    return answer.json();
  }

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
});
