// Discovery (OpenID Connect Discovery §4, RFC 8414 §3), JWKS, and who may read what from another origin.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { startLatchkey } from '../support/latchkey.mjs';
import { call, obtainTokens } from '../support/relying_party.mjs';

describe('discovery and other origins', () => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey();
    fixtures = await seed(server, { clients: ['web', 'spa', 'native'] });
  });
  after(() => server?.stop());

  test('the document says what works', async () => {
    const answer = await send(server.url('/.well-known/openid-configuration'));
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^application\/json/);
    const document = answer.json();
    const endpoint = (path) => server.url(path);
    assert.equal(document.issuer, server.issuer);
    assert.equal(document.authorization_endpoint, endpoint('/authorize'));
    assert.equal(document.token_endpoint, endpoint('/token'));
    assert.equal(document.userinfo_endpoint, endpoint('/userinfo'));
    assert.equal(document.jwks_uri, endpoint('/jwks'));
    assert.equal(document.introspection_endpoint, endpoint('/introspect'));
    assert.equal(document.revocation_endpoint, endpoint('/revoke'));
    assert.equal(document.end_session_endpoint, endpoint('/logout'));
    assert.deepEqual(document.response_types_supported, ['code']);
    assert.deepEqual(document.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(new Set(document.grant_types_supported), new Set(['authorization_code', 'refresh_token']));
    assert.ok(document.id_token_signing_alg_values_supported.includes('RS256'));
    assert.ok(!document.id_token_signing_alg_values_supported.includes('none'));
    assert.deepEqual(document.subject_types_supported, ['public', 'pairwise']);
    assert.equal(document.request_parameter_supported, true);
    assert.equal(document.request_uri_parameter_supported, true);
    assert.equal(document.require_request_uri_registration, true);
    assert.equal(document.authorization_response_iss_parameter_supported, true);
    assert.deepEqual(document.ui_locales_supported, ['en', 'de', 'fr', 'es', 'pt', 'ja', 'zh', 'ar']);
    for (const scope of ['openid', 'profile', 'email', 'address', 'phone', 'offline_access']) {
      assert.ok(document.scopes_supported.includes(scope));
    }
  });

  test('pages come in each language that is named, and in no other', async () => {
    const { ui_locales_supported: tags } = (await send(server.url('/.well-known/openid-configuration'))).json();
    const languageOf = async (tag) => (await send(server.url(`/logout?ui_locales=${tag}`),
      { headers: { accept: 'text/html' } })).headers['content-language'];
    for (const tag of tags) {
      assert.equal(Intl.getCanonicalLocales(tag)[0], tag, 'a BCP 47 tag');
      assert.equal(await languageOf(tag), tag);
    }
    assert.equal(await languageOf('nl'), 'en');
  });

  test('both well-known paths say the same', async () => {
    const [one, other] = await Promise.all(['openid-configuration', 'oauth-authorization-server']
      .map((name) => send(server.url(`/.well-known/${name}`))));
    assert.deepEqual(one.json(), other.json());
  });

  test('HEAD is GET without the body', async () => {
    const answer = await send(server.url('/.well-known/openid-configuration'), { method: 'HEAD' });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, '');
  });

  test('JWKS can be cached, and has one key for each algorithm', async () => {
    const answer = await send(server.url('/jwks'));
    assert.equal(answer.status, 200);
    assert.match(answer.headers['cache-control'], /max-age=300\b/);
    assert.match(answer.headers['content-type'], /^application\/(jwk-set\+)?json/);
    const { keys } = answer.json();
    assert.deepEqual(keys.map((key) => key.alg).sort(), ['ES256', 'EdDSA', 'PS256', 'RS256']);
    assert.equal(new Set(keys.map((key) => key.kid)).size, keys.length);
  });

  test('methods that a path does not have: 405 with Allow; paths that do not exist: 404', async () => {
    const wrong = await send(server.url('/token'));
    assert.equal(wrong.status, 405);
    assert.match(wrong.headers.allow, /POST/);
    assert.equal((await send(server.url('/jwks'), { method: 'POST', body: '' })).status, 405);
    assert.equal((await send(server.url('/nothing-here'))).status, 404);
  });

  const SPA = 'https://spa.test';
  const preflight = (path, origin, method = 'POST', headers = 'authorization, content-type') =>
    send(server.url(path), { method: 'OPTIONS', headers: {
      origin, 'access-control-request-method': method, 'access-control-request-headers': headers } });

  test('any origin may read discovery and JWKS', async () => {
    for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks']) {
      for (const origin of ['https://anybody.test', 'null']) {
        const answer = await send(server.url(path), { headers: { origin } });
        assert.equal(answer.headers['access-control-allow-origin'], '*', path);
        assert.equal(answer.headers['access-control-allow-credentials'], undefined);
      }
    }
  });

  test('the origin of a registered application may call token, userinfo and revoke', async () => {
    for (const path of ['/token', '/userinfo', '/revoke']) {
      const answer = await preflight(path, SPA);
      assert.ok([200, 204].includes(answer.status), `${path}: ${answer.status}`);
      assert.equal(answer.headers['access-control-allow-origin'], SPA, path);
      assert.match(answer.headers['access-control-allow-methods'], /POST/);
      assert.match(answer.headers['access-control-allow-headers'], /authorization/i);
      assert.match(answer.headers['access-control-allow-headers'], /content-type/i);
      assert.match(answer.headers.vary ?? '', /origin/i);
      assert.equal(answer.headers['access-control-allow-credentials'], undefined);
    }
  });

  test('unknown origins, null, private-use schemes and other ports are not let in', async () => {
    const origins = ['https://stranger.test', 'null', 'http://spa.test', 'https://spa.test:444', 'com.ex.app:',
      'https://spa.test.evil.test', 'https://SPA.test', `${SPA},https://evil.test`];
    for (const origin of origins) {
      for (const path of ['/token', '/userinfo', '/revoke']) {
        const asked = await preflight(path, origin);
        assert.equal(asked.headers['access-control-allow-origin'], undefined, `${path} ${origin}`);
        const called = await call(server, path, undefined, { x: 'y' }, { headers: { origin } });
        assert.equal(called.headers['access-control-allow-origin'], undefined, `${path} ${origin}`);
      }
    }
  });

  test('pages, authorize, introspect and logout are for no other origin', async () => {
    for (const path of ['/authorize', '/login', '/consent', '/logout', '/introspect', '/']) {
      const answer = await preflight(path, SPA);
      assert.equal(answer.headers['access-control-allow-origin'], undefined, path);
      const got = await send(server.url(path), { headers: { origin: SPA } });
      assert.equal(got.headers['access-control-allow-origin'], undefined, path);
    }
  });

  test('answers to a registered origin can be read, errors too', async () => {
    const headers = { origin: SPA };
    const tokens = await obtainTokens(server, fixtures.spa, fixtures.alice);
    const good = await send(server.url('/userinfo'),
      { headers: { ...headers, authorization: `Bearer ${tokens.access_token}` } });
    assert.equal(good.status, 200);
    assert.equal(good.headers['access-control-allow-origin'], SPA);
    const bad = await call(server, '/token', fixtures.spa, { grant_type: 'authorization_code', code: 'x' }, { headers });
    assert.equal(bad.status, 400);
    assert.equal(bad.headers['access-control-allow-origin'], SPA);
    const refused = await send(server.url('/userinfo'), { headers: { ...headers, authorization: 'Bearer x' } });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers['access-control-allow-origin'], SPA);
    assert.match(refused.headers['access-control-expose-headers'] ?? '', /www-authenticate/i);
  });
});
