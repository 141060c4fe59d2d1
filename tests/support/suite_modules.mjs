// Owns: what the modules of the conformance suite's basic, implicit and hybrid plans ask, under the suite's
// own names, for any response type and response mode; and running lists of them as tests.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { decodeProtectedHeader } from 'jose';

import { nowSeconds, signJwt, unsignedJwt } from './assertion.mjs';
import { Browser } from './browser.mjs';
import { BACKENDS } from './latchkey.mjs';
import { makePkce } from './relying_party.mjs';
import { RelyingParty, SCOPE_CLAIMS, checkErrorPage, checkSecret, checkTokenError, clientKey, has, publish, sleep, startWorld,
  timesFetched, word } from './suite.mjs';

const NOT_SIGNED_IN = ['login_required', 'interaction_required', 'account_selection_required', 'consent_required'];

/** Does the only token of this flow come from the authorization endpoint, without an access token beside it? */
const idTokenOnly = (suite) => suite.variant.responseType === 'id_token';
const claimsOf = (scope) => scope.split(' ').flatMap((name) => SCOPE_CLAIMS[name] ?? []);

function scopeModule(scope) {
  return async (suite) => {
    const rp = await suite.register();
    const wanted = claimsOf(scope);
    const done = await rp.complete({ scope }, { given: idTokenOnly(suite) ? wanted : [] });
    const where = idTokenOnly(suite) ? done.claims : done.userinfo;
    for (const name of wanted) assert.notEqual(where[name], undefined, `${name} is missing`);
    if (!scope.includes('profile')) assert.equal(where.name, undefined);
  };
}

/** The request goes through, with parameters that change nothing or little. */
const succeeds = (parameters, options) => async (suite) => {
  const rp = await suite.register();
  return rp.complete(typeof parameters === 'function' ? parameters(suite) : parameters, options);
};

async function withRequestObject(suite, { alg, byUri, metadata = {}, inner = {}, outer = {} }) {
  const path = `/${word(12)}/request.jwt`;
  // The fragment is no hash: it is not sent, and it belongs to the address as registered.
  const address = `${suite.world.host.url(path)}#${word(16)}`;
  const rp = await suite.register({ ...(byUri ? { request_uris: [address] } : {}), ...metadata });
  const { state, nonce, ...visible } = rp.request();
  const claims = { ...visible, state, nonce, iss: rp.client.client_id, aud: suite.world.server.issuer, ...inner };
  const { privateKey: key } = clientKey();
  const object = alg === 'none' ? unsignedJwt(claims)
    : signJwt({ ...claims, exp: nowSeconds() + 60 }, { key, alg });
  if (byUri) publish(suite.world.host, path, object, 'application/oauth-authz-req+jwt');
  const done = await rp.complete(
    { state: undefined, nonce: undefined, [byUri ? 'request_uri' : 'request']: byUri ? address : object, ...outer(rp) },
    { inner: { state, nonce, redirect_uri: rp.redirectUri } });
  if (byUri) assert.ok(timesFetched(suite.world.host, path) >= 1);
  return done;
}

async function refreshTwice(suite) {
  const grants = (type) => [...RelyingParty.metadata({ responseType: type }).grant_types, 'refresh_token'];
  const metadata = { grant_types: grants(suite.variant.responseType) };
  const scope = suite.world.discovery.scopes_supported.includes('offline_access') ? 'openid offline_access' : 'openid';
  const [first, second] = [await suite.register(metadata), await suite.register(metadata)];
  const done = [await first.complete({ scope, prompt: 'consent' }),
    await second.complete({ scope, prompt: 'consent', nonce: word(43) })];
  for (const { tokens } of done) checkSecret(tokens.refresh_token, 'refresh_token');
  await sleep(1100);
  for (const [rp, { tokens, atToken: before }, more] of [[first, done[0], { scope }], [second, done[1], {}]]) {
    const fresh = rp.checkTokenAnswer(await rp.refresh(tokens.refresh_token, more));
    await rp.userInfo(fresh.access_token, before.sub);
    if (fresh.id_token) {
      const now = await rp.checkIdToken(fresh.id_token, { accessToken: fresh.access_token, nonce: before.nonce })
        .catch(() => rp.checkIdToken(fresh.id_token, { accessToken: fresh.access_token }));
      for (const name of ['iss', 'sub', 'aud', 'azp', 'auth_time']) assert.deepEqual(now[name], before[name], name);
      assert.notEqual(now.iat, before.iat);
    }
    if (rp === second) checkTokenError(await first.refresh(fresh.refresh_token ?? tokens.refresh_token), 'invalid_grant');
  }
}

async function codeReuse(suite, pause) {
  const rp = await suite.register();
  const answer = await rp.authorize();
  const { access_token: token } = rp.checkTokenAnswer(await rp.redeem(answer));
  assert.equal((await rp.fetchUserInfo(token)).status, 200);
  await sleep(pause);
  checkTokenError(await rp.redeem(answer), 'invalid_grant');
  const status = (await rp.fetchUserInfo(token)).status;
  assert.ok(status >= 400 && status < 500, `the access token of a code that came twice: ${status}`);
}

/** Two sign-ins in one browser; `pause` in ms. */
async function twice(suite, first, second, pause = 0) {
  const rp = await suite.register();
  const one = await rp.complete(first);
  await sleep(pause);
  return [one, await rp.complete(second(one), { browser: one.browser })];
}

/** Not asked again: the same person, signed in at the same time. */
async function silent(suite, first, second) {
  const [one, two] = await twice(suite, first, second);
  assert.deepEqual(two.steps, []);
  assert.equal(two.claims.sub, one.claims.sub);
  assert.equal(two.claims.auth_time, one.claims.auth_time);
  return two;
}

async function askedAgain(suite, second, pause) {
  const [one, two] = await twice(suite, {}, () => second, pause);
  assert.ok(two.steps.includes('password'));
  assert.ok(two.claims.auth_time > one.claims.auth_time);
  assert.ok(nowSeconds() - two.claims.auth_time < 300);
}

export const MODULES = {
  'oidcc-server': async (suite) => {
    const rp = await suite.register();
    await rp.complete({ state: word(128, '-._~') });
    if (suite.variant.registration !== 'static') await rp.unregister();
  },
  'oidcc-response-type-missing': async (suite) => {
    const rp = await suite.register();
    // What the answer would hold is not known, so nothing speaks for the fragment.
    rp.checkError(await rp.authorize({ response_type: undefined }), ['invalid_request', 'unsupported_response_type'],
      suite.variant.responseMode ?? 'query');
  },
  'oidcc-idtoken-signature': async (suite) => {
    const { idToken } = await succeeds({})(suite);
    const header = decodeProtectedHeader(idToken);
    assert.equal(header.alg, 'RS256');
    assert.ok(header.kid);
  },
  'oidcc-idtoken-unsigned': async (suite) => {
    const rp = await suite.register({ id_token_signed_response_alg: 'none' });
    const { idToken } = await rp.complete();
    assert.equal(JSON.parse(Buffer.from(idToken.split('.')[0], 'base64url')).alg, 'none');
    assert.ok(idToken.endsWith('.'));
  },
  'oidcc-userinfo-get': succeeds({}, { how: 'get' }),
  'oidcc-userinfo-post-header': succeeds({}, { how: 'header' }),
  'oidcc-userinfo-post-body': succeeds({}, { how: 'body' }),
  'oidcc-ensure-request-without-nonce-succeeds-for-code-flow': succeeds({ nonce: undefined }),
  'oidcc-ensure-request-without-nonce-fails': async (suite) => {
    const rp = await suite.register();
    rp.checkError(await rp.authorize({ nonce: undefined }), 'invalid_request');
  },
  'oidcc-scope-profile': scopeModule('openid profile'),
  'oidcc-scope-email': scopeModule('openid email'),
  'oidcc-scope-address': scopeModule('openid address'),
  'oidcc-scope-phone': scopeModule('openid phone'),
  'oidcc-scope-all': scopeModule('openid profile email phone address'),
  'oidcc-alternate-happy-flow': async (suite) => {
    const rp = await suite.register();
    const response_type = suite.variant.responseType.split(' ').reverse().join(' ');
    const { nonce, state, ...rest } = rp.request({ scope: 'email openid', response_type });
    await rp.complete({ nonce, state, ...rest }, { given: idTokenOnly(suite) ? SCOPE_CLAIMS.email : [] });
  },
  'oidcc-display-page': succeeds({ display: 'page' }),
  'oidcc-display-popup': succeeds({ display: 'popup' }),
  'oidcc-prompt-login': (suite) => askedAgain(suite, { prompt: 'login' }, 1100),
  'oidcc-prompt-none-not-logged-in': async (suite) => {
    const rp = await suite.register();
    rp.checkError(await rp.authorize({ prompt: 'none', state: word(128, '-._~') }), NOT_SIGNED_IN);
  },
  'oidcc-prompt-none-logged-in': (suite) => silent(suite, {}, () => ({ prompt: 'none' })),
  'oidcc-max-age-1': (suite) => askedAgain(suite, { max_age: '1' }, 2100),
  'oidcc-max-age-10000': async (suite) => {
    const two = await silent(suite, { max_age: '15000' }, () => ({ max_age: '10000' }));
    assert.ok(two.claims.auth_time);
  },
  'oidcc-ensure-request-with-unknown-parameter-succeeds': succeeds({ extra: 'foobar' }),
  'oidcc-id-token-hint': (suite) => silent(suite, {}, (one) => ({ prompt: 'none', id_token_hint: one.idToken })),
  'oidcc-login-hint': succeeds((suite) => ({ login_hint: `buffy@${new URL(suite.world.server.issuer).hostname}` })),
  'oidcc-ui-locales': succeeds({ ui_locales: 'se' }),
  'oidcc-claims-locales': succeeds({ claims_locales: 'se' }),
  'oidcc-ensure-request-with-acr-values-succeeds': async (suite) => {
    const values = suite.world.discovery.acr_values_supported;
    const { claims } = await succeeds({ acr_values: values.join(' ') })(suite);
    assert.ok(values.includes(claims.acr), claims.acr);
  },
  'oidcc-codereuse': (suite) => codeReuse(suite, 0),
  // The suite waits longer; what it asks does not depend on how long.
  'oidcc-codereuse-30seconds': (suite) => codeReuse(suite, 1500),
  'oidcc-ensure-registered-redirect-uri': async (suite) => {
    const rp = await suite.register();
    for (const redirect_uri of [`${rp.redirectUri}/${word(8)}`, `${rp.redirectUri}?a=b`, 'https://other.test/callback']) {
      checkErrorPage(await rp.authorize({ redirect_uri }));
    }
  },
  'oidcc-ensure-post-request-succeeds': succeeds({}, { method: 'POST' }),
  'oidcc-server-client-secret-post': async (suite) => {
    const variant = { ...suite.variant, authMethod: 'client_secret_post' };
    await (await RelyingParty.register(suite.world, variant)).complete();
  },
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported': (suite) => withRequestObject(suite,
    { alg: 'none', byUri: true, metadata: { request_object_signing_alg: 'none' }, outer: () => ({}) }),
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported': (suite) => withRequestObject(suite,
    { alg: 'none', outer: () => ({}) }),
  'oidcc-ensure-request-object-with-redirect-uri': (suite) => withRequestObject(suite,
    { alg: 'none', outer: (rp) => ({ redirect_uri: `${rp.redirectUri}_invalid` }) }),
  'oidcc-claims-essential': async (suite) => {
    const section = idTokenOnly(suite) ? 'id_token' : 'userinfo';
    const done = await succeeds({ claims: JSON.stringify({ [section]: { name: { essential: true } } }) },
      { given: idTokenOnly(suite) ? ['name'] : [] })(suite);
    assert.equal((section === 'userinfo' ? done.userinfo : done.claims).name, 'Alice Beatrice Example');
  },
  'oidcc-refresh-token': refreshTwice,
  'oidcc-ensure-request-with-valid-pkce-succeeds': async (suite) => {
    const { verifier, challenge } = makePkce();
    const rp = await suite.register();
    const parameters = { code_challenge: challenge, code_challenge_method: 'S256' };
    await rp.complete(parameters, { redeem: { code_verifier: verifier } });
    checkTokenError(await rp.redeem(await rp.authorize(parameters)), 'invalid_grant');
  },
  // Of the dynamic plan, by the same means.
  'oidcc-idtoken-rs256': async (suite) => {
    const rp = await suite.register({ id_token_signed_response_alg: 'RS256' });
    assert.equal(decodeProtectedHeader((await rp.complete()).idToken).alg, 'RS256');
  },
  'oidcc-request-uri-unsigned': (suite) => withRequestObject(suite,
    { alg: 'none', byUri: true, metadata: { request_object_signing_alg: 'none' }, outer: () => ({}) }),
  'oidcc-request-uri-signed-rs256': (suite) => withRequestObject(suite,
    { alg: 'RS256', byUri: true, metadata: { request_object_signing_alg: 'RS256' }, outer: () => ({}) }),
};

const IMPLICIT = ['oidcc-server', 'oidcc-idtoken-signature', 'oidcc-ensure-request-without-nonce-fails', 'oidcc-scope-profile',
  'oidcc-scope-email', 'oidcc-scope-address', 'oidcc-scope-phone', 'oidcc-scope-all', 'oidcc-alternate-happy-flow',
  'oidcc-display-page', 'oidcc-display-popup', 'oidcc-prompt-login', 'oidcc-prompt-none-not-logged-in',
  'oidcc-prompt-none-logged-in', 'oidcc-max-age-1', 'oidcc-max-age-10000',
  'oidcc-ensure-request-with-unknown-parameter-succeeds', 'oidcc-id-token-hint', 'oidcc-login-hint', 'oidcc-ui-locales',
  'oidcc-claims-locales', 'oidcc-ensure-request-with-acr-values-succeeds', 'oidcc-ensure-registered-redirect-uri',
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported',
  'oidcc-ensure-request-object-with-redirect-uri', 'oidcc-claims-essential'];
const WITH_ACCESS_TOKEN = ['oidcc-userinfo-get', 'oidcc-userinfo-post-header', 'oidcc-userinfo-post-body'];
const WITH_CODE = ['oidcc-codereuse', 'oidcc-codereuse-30seconds', 'oidcc-server-client-secret-post', 'oidcc-refresh-token'];
const NEEDS_DYNAMIC = /idtoken-(signature|unsigned)|request-uri-unsigned/;

/** Which of the three plans' modules run with a response type, as the suite's plans have them. */
export function modulesFor({ responseType, registration }) {
  const names = new Set(IMPLICIT);
  if (has(responseType, 'token') || has(responseType, 'code')) for (const name of WITH_ACCESS_TOKEN) names.add(name);
  if (has(responseType, 'code')) for (const name of WITH_CODE) names.add(name);
  if (!has(responseType, 'id_token')) {
    names.delete('oidcc-ensure-request-without-nonce-fails');
    names.add('oidcc-ensure-request-without-nonce-succeeds-for-code-flow');
  }
  if (responseType === 'code') {
    names.add('oidcc-idtoken-unsigned');
    names.add('oidcc-ensure-post-request-succeeds');
  }
  if (['code', 'code id_token'].includes(responseType)) names.add('oidcc-ensure-request-with-valid-pkce-succeeds');
  if (['code', 'code id_token', 'id_token token'].includes(responseType)) names.add('oidcc-response-type-missing');
  if (['code token', 'code id_token token'].includes(responseType)) names.delete('oidcc-alternate-happy-flow');
  return [...names].filter((name) => registration !== 'static' || !NEEDS_DYNAMIC.test(name));
}

/** What a module is given. */
export const suiteFor = (world, variant) => ({ world, variant,
  register: (changes) => RelyingParty.register(world, variant, changes), browser: () => new Browser(world.server) });

const describeVariant = (variant) => Object.values(variant).join(', ');

/**
 * One test for each module, variant and database.
 * @param {string} plan
 * @param {object[]} variants
 * @param {object} options modules (variant => names), more (modules beside those above), settings, backends
 */
export function runPlan(plan, variants, { modules = modulesFor, more = {}, settings, backends = BACKENDS } = {}) {
  for (const backend of backends) {
    describe(`${plan} [${backend}]`, { concurrency: 1 }, () => {
      let world;
      before(async () => { world = await startWorld({ backend, settings }); });
      after(() => world?.stop());
      for (const variant of variants) {
        describe(describeVariant(variant), { concurrency: 8 }, () => {
          for (const name of modules(variant)) {
            test(name, () => (more[name] ?? MODULES[name])(suiteFor(world, variant)));
          }
        });
      }
    });
  }
}
