// The checks of oidcc-dynamic-certification-test-plan for all six response types, of the config plan, and of
// oidcc-3rdparty-init-login-certification-test-plan.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

import { makeKey } from '../support/assertion.mjs';
import { Browser } from '../support/browser.mjs';
import { send } from '../support/http_client.mjs';
import { BACKENDS } from '../support/latchkey.mjs';
import { manage } from '../support/registration.mjs';
import { until } from '../support/rotation.mjs';
import { RESPONSE_TYPES, RelyingParty, checkErrorPage, clientKey, has, publish, sleep, startWorld, timesFetched, word }
  from '../support/suite.mjs';
import { MODULES, runPlan } from '../support/suite_modules.mjs';

/** Registration is refused: 400, JSON, one of these errors. */
async function refused(suite, metadata, errors) {
  const answer = await RelyingParty.attempt(suite.world, suite.variant, metadata);
  assert.equal(answer.status, 400, answer.text);
  assert.match(answer.headers['content-type'], /^application\/json/);
  assert.ok(errors.includes(answer.json().error), answer.text);
}

/** The sign-in page of an application with this field shows `found`. */
async function signInPage(suite, metadata, found) {
  const rp = await suite.register(metadata);
  const page = await suite.browser().open(
    `${suite.world.discovery.authorization_endpoint}?${new URLSearchParams(rp.request())}`);
  assert.ok(page.has('login-email'), page.title);
  assert.match(page.text, found(rp));
  return page;
}

const link = (name) => [`${name}_uri`, 'https://rp.test/about'];
const showsLink = (name) => (suite) => signInPage(suite, Object.fromEntries([link(name)]),
  () => /<a [^>]*href="https:\/\/rp\.test\/about"/);

async function userinfoSigned(suite, alg) {
  const rp = await suite.register({ userinfo_signed_response_alg: alg });
  const { accessToken, claims } = await rp.complete({ scope: 'openid email' });
  const answer = await rp.fetchUserInfo(accessToken);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers['content-type'], /^application\/jwt/);
  const { payload } = await jwtVerify(answer.text, createLocalJWKSet(await suite.world.jwks()),
    { issuer: suite.world.server.issuer, audience: rp.client.client_id, algorithms: [alg] });
  assert.equal(payload.sub, claims.sub);
  assert.equal(payload.email, suite.world.person.email);
  assert.equal(payload.nonce, undefined);
}

/** Public keys at an address of the application. */
function publishKey(suite, key) {
  const path = `/${word(12)}/jwks`;
  const put = (next) => publish(suite.world.host, path, { keys: [next.jwk] });
  return { uri: put(key), put };
}
const withKid = () => ({ ...clientKey(), jwk: { ...clientKey().jwk, kid: word(8) } });

async function queryInRedirectUri(suite, change) {
  const rp = await suite.register({ redirect_uris: [`https://rp.test/${word(8)}/callback?foo=bar`] });
  if (!change) return rp.complete();
  return checkErrorPage(await rp.authorize({ redirect_uri: change(rp.redirectUri) }));
}

async function sectorDocument(suite, redirectUri, inDocument) {
  return { subject_type: 'pairwise', redirect_uris: [redirectUri],
    sector_identifier_uri: publish(suite.world.host, `/${word(12)}/redirect_uris.json`, inDocument) };
}

const MORE = {
  'oidcc-userinfo-rs256': (suite) => userinfoSigned(suite, 'RS256'),
  'oidcc-ensure-redirect-uri-in-authorization-request': async (suite) => {
    const rp = await suite.register({ redirect_uris: ['https://rp.test/one', 'https://rp.test/two'] });
    checkErrorPage(await rp.authorize({ redirect_uri: undefined }));
  },
  'oidcc-redirect-uri-query-OK': (suite) => queryInRedirectUri(suite),
  'oidcc-redirect-uri-query-mismatch': (suite) => queryInRedirectUri(suite, (uri) => uri.replace('foo=bar', 'bar=foo')),
  'oidcc-redirect-uri-query-added': (suite) => queryInRedirectUri(suite, (uri) => `${uri}&xyz=abc`),
  'oidcc-redirect-uri-regfrag': (suite) => refused(suite, { redirect_uris: ['https://rp.test/callback#foo'] },
    ['invalid_redirect_uri', 'invalid_client_metadata']),
  'oidcc-discovery-endpoint-verification': (suite) => checkDiscovery(suite.world),
  'oidcc-server': MODULES['oidcc-server'],
  'oidcc-registration-logo-uri': async (suite) => {
    const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
      'base64');
    const path = `/${word(8)}/logo.png`;
    const page = await signInPage(suite, { logo_uri: publish(suite.world.host, path, picture, 'image/png') },
      (rp) => new RegExp(`<img [^>]*src="/logo/${rp.client.client_id}"`));
    const [, address] = page.text.match(/src="(\/logo\/[^"]+)"/);
    const shown = await send(suite.world.server.url(address));
    assert.equal(shown.status, 200);
    assert.equal(shown.headers['content-type'], 'image/png');
    assert.equal(timesFetched(suite.world.host, path), 1);
  },
  'oidcc-registration-policy-uri': showsLink('policy'),
  'oidcc-registration-tos-uri': showsLink('tos'),
  'oidcc-registration-jwks-uri': async (suite) => {
    const key = withKid();
    const rp = await suite.register({ jwks: undefined, jwks_uri: publishKey(suite, key).uri });
    rp.key = key;
    await rp.complete();
  },
  'oidcc-registration-sector-uri': async (suite) => {
    const redirectUri = `https://rp.test/${word(8)}/callback`;
    const rp = await suite.register(await sectorDocument(suite, redirectUri, [redirectUri]));
    const { claims } = await rp.complete();
    assert.notEqual(claims.sub, (await (await suite.register()).complete()).claims.sub);
  },
  'oidcc-registration-sector-bad': async (suite) => {
    const metadata = await sectorDocument(suite, 'https://rp.test/callback', ['https://rp.test/another']);
    await refused(suite, metadata, ['invalid_client_metadata']);
  },
  'oidcc-refresh-token-rp-key-rotation': async (suite) => {
    const first = withKid();
    const keys = publishKey(suite, first);
    const { grant_types: grants } = RelyingParty.metadata(suite.variant);
    const rp = await suite.register({ jwks: undefined, jwks_uri: keys.uri, grant_types: [...grants, 'refresh_token'] });
    rp.key = first;
    const { tokens } = await rp.complete({ scope: 'openid offline_access', prompt: 'consent' });
    await sleep(2500);
    const next = makeKey('RS256', { kid: word(8) });
    keys.put(next);
    rp.key = next;
    rp.checkTokenAnswer(await rp.refresh(tokens.refresh_token));
  },
  'oidcc-ensure-client-assertion-with-iss-aud-succeeds': async (suite) => {
    const rp = await suite.register();
    rp.assertion = { aud: suite.world.server.issuer };
    await rp.complete();
  },
};

// With a code, and so a call of the token endpoint: what only these show.
const WITH_CODE = ['oidcc-registration-jwks-uri', 'oidcc-refresh-token-rp-key-rotation', 'oidcc-refresh-token',
  'oidcc-ensure-client-assertion-with-iss-aud-succeeds'];
const WITHOUT = { 'oidcc-idtoken-unsigned': (type) => has(type, 'id_token'),
  'oidcc-userinfo-rs256': (type) => type === 'id_token' };
const NAMES = ['oidcc-idtoken-rs256', 'oidcc-idtoken-unsigned', ...Object.keys(MORE), 'oidcc-request-uri-unsigned',
  'oidcc-request-uri-signed-rs256', 'oidcc-ensure-request-object-with-redirect-uri', 'oidcc-refresh-token'];

const modulesFor = ({ responseType }) => NAMES.filter((name) =>
  !WITHOUT[name]?.(responseType) && (has(responseType, 'code') || !WITH_CODE.includes(name)));
const variants = RESPONSE_TYPES.map((responseType) => ({ responseType, authMethod: 'private_key_jwt' }));

runPlan('dynamic', variants.slice(0, 1), { modules: modulesFor, more: MORE });
runPlan('dynamic', variants.slice(1), { modules: modulesFor, more: MORE, backends: ['sqlite'] });

// --- discovery ----------------------------------------------------------------------------------

// Of the suite's schema: a member outside it is a warning there.
const KNOWN = new Set(`issuer authorization_endpoint token_endpoint userinfo_endpoint jwks_uri registration_endpoint
  introspection_endpoint revocation_endpoint end_session_endpoint check_session_iframe pushed_authorization_request_endpoint
  scopes_supported response_types_supported response_modes_supported grant_types_supported acr_values_supported
  subject_types_supported id_token_signing_alg_values_supported userinfo_signing_alg_values_supported
  request_object_signing_alg_values_supported token_endpoint_auth_methods_supported
  token_endpoint_auth_signing_alg_values_supported introspection_endpoint_auth_methods_supported
  introspection_endpoint_auth_signing_alg_values_supported revocation_endpoint_auth_methods_supported
  revocation_endpoint_auth_signing_alg_values_supported display_values_supported claim_types_supported claims_supported
  service_documentation claims_locales_supported ui_locales_supported claims_parameter_supported request_parameter_supported
  request_uri_parameter_supported require_request_uri_registration op_policy_uri op_tos_uri code_challenge_methods_supported
  frontchannel_logout_supported frontchannel_logout_session_supported backchannel_logout_supported
  backchannel_logout_session_supported require_pushed_authorization_requests authorization_response_iss_parameter_supported
  prompt_values_supported require_signed_request_object`.split(/\s+/));

async function checkDiscovery({ server }) {
  const answer = await send(server.url('/.well-known/openid-configuration'));
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /^application\/json/);
  const document = answer.json();
  assert.equal(document.issuer, server.issuer);
  for (const [name, value] of Object.entries(document)) {
    assert.ok(KNOWN.has(name), `${name} is not in the suite's schema`);
    if (name.endsWith('_endpoint') || name === 'jwks_uri' || name === 'check_session_iframe') assert.match(value, /^https:/, name);
    if (Array.isArray(value)) assert.ok(value.length > 0 && value.every((item) => typeof item === 'string'), name);
    if (/_(supported|required)$/.test(name) && !Array.isArray(value)) assert.equal(typeof value, 'boolean', name);
  }
  const lists = { response_types_supported: RESPONSE_TYPES, grant_types_supported: ['authorization_code', 'implicit', 'refresh_token'],
    response_modes_supported: ['query', 'fragment', 'form_post'], subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: ['RS256', 'none'], userinfo_signing_alg_values_supported: ['RS256'],
    request_object_signing_alg_values_supported: ['RS256', 'none'], scopes_supported: ['openid', 'offline_access', 'profile'],
    code_challenge_methods_supported: ['S256'], claims_supported: ['sub', 'name', 'email'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'] };
  for (const [name, wanted] of Object.entries(lists)) {
    for (const value of wanted) assert.ok(document[name].includes(value), `${name}: ${value}`);
  }
  for (const name of ['claims_parameter_supported', 'request_parameter_supported', 'request_uri_parameter_supported']) {
    assert.equal(document[name], true, name);
  }
}

async function checkJwks(world) {
  const { keys } = await world.jwks();
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
  for (const key of keys) {
    assert.ok(key.kid);
    assert.ok(['RSA', 'EC', 'OKP'].includes(key.kty));
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(key[secret], undefined);
    for (const name of ['n', 'e', 'x', 'y']) if (key[name]) assert.match(key[name], /^[A-Za-z0-9_-]+$/);
  }
  return keys;
}

for (const backend of BACKENDS) {
  describe(`config, rotation, third-party-initiated login [${backend}]`, () => {
    let world;
    before(async () => { world = await startWorld({ backend, settings: { jwks_cache: '1s' } }); });
    after(() => world?.stop());

    test('oidcc-discovery-endpoint-verification', () => checkDiscovery(world));

    test('oidcc-server-rotate-keys', async () => {
      const old = await checkJwks(world);
      const rp = await RelyingParty.register(world, { responseType: 'code id_token', authMethod: 'private_key_jwt' });
      const { idToken } = await rp.complete();
      await world.server.command(['keys', 'rotate', '--alg', 'RS256']);
      await sleep(1200);
      const now = await checkJwks(world);
      const fresh = now.filter(({ kid }) => !old.some((key) => key.kid === kid));
      assert.equal(fresh.length, 1);
      assert.equal(fresh[0].kty, 'RSA');
      assert.ok(!old.some(({ n }) => n === fresh[0].n));
      for (const { kid } of old) assert.ok(now.some((key) => key.kid === kid), 'the old key went too early');
      // It signs once every cached JWKS has it.
      await until(async () => decodeProtectedHeader((await rp.complete()).idToken).kid === fresh[0].kid, 15_000, 'the new key signs');
      await jwtVerify(idToken, createLocalJWKSet(await world.jwks()), { issuer: world.server.issuer });
    });

    for (const responseType of RESPONSE_TYPES) {
      const variant = { responseType };
      test(`oidcc-3rd_party-init-login, ${responseType}`, async () => {
        const uri = 'https://rp.test/start';
        const { client } = await RelyingParty.register(world, variant, { initiate_login_uri: uri });
        assert.equal(client.initiate_login_uri, uri);
        const read = await manage(world.server, 'GET', client.client_id, client.registration_access_token);
        assert.equal(read.status, 200);
        assert.match(read.headers['content-type'], /^application\/json/);
        assert.equal(read.json().initiate_login_uri, uri);
      });

      test(`oidcc-3rd_party-init-login-nohttps, ${responseType}`, () => refused({ world, variant },
        { initiate_login_uri: 'http://rp.test/start' }, ['invalid_client_metadata']));
    }
  });
}

describe('addresses of pictures', () => {
  test('in place of a logo that is no picture stands a plain tile', async () => {
    const world = await startWorld();
    try {
      const logo = publish(world.host, '/logo', '<script>alert(1)</script>', 'text/html');
      const rp = await RelyingParty.register(world, { responseType: 'code' }, { logo_uri: logo });
      const answer = await new Browser(world.server).exchange(world.server.url(`/logo/${rp.client.client_id}`));
      assert.match(answer.headers['content-type'], /^image\//);
      assert.match(answer.headers['content-security-policy'], /default-src 'none'.*sandbox/);
      assert.ok(!answer.text.includes('alert'));
    } finally {
      await world.stop();
    }
  });
});
