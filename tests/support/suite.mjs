// Owns: an OpenID provider with everything switched on, and an application as the OpenID Foundation's
// conformance suite plays it: registers, sends a person through the browser, reads the answer wherever it
// travels, and checks every token by the rules that hold in all of the suite's modules.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { UnsecuredJWT, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

import { asAssertion, assertionClaims, makeKey, signJwt } from './assertion.mjs';
import { Browser, typePassword } from './browser.mjs';
import { makeCertificate } from './certificate.mjs';
import { send } from './http_client.mjs';
import { HttpsParty } from './https_party.mjs';
import { startLatchkey, temporaryFolder } from './latchkey.mjs';
import { addInitialAccess, manage, register } from './registration.mjs';
import { basic } from './relying_party.mjs';

export const SCOPE_CLAIMS = {
  profile: ['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'profile', 'picture', 'website', 'gender',
    'birthdate', 'zoneinfo', 'locale', 'updated_at', 'preferred_username'],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

const PERSON = {
  email: 'alice@example.com', password: 'violet-Harbour-92-lantern',
  claims: {
    name: 'Alice Beatrice Example', given_name: 'Alice', middle_name: 'Beatrice', family_name: 'Example', nickname: 'Ally',
    preferred_username: 'alice', profile: 'https://people.test/alice', picture: 'https://people.test/alice.png',
    website: 'https://alice.test', gender: 'female', birthdate: '1984-02-29', zoneinfo: 'Europe/Berlin', locale: 'en-GB',
    phone_number: '+1 555 0100', phone_number_verified: true,
    address: { formatted: '1 Harbour Street\nExampletown 12345', street_address: '1 Harbour Street',
      locality: 'Exampletown', postal_code: '12345', country: 'Exampleland' },
  },
};

export const RESPONSE_TYPES = ['code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token'];
export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
/** Random letters and digits; `end` stands behind them. */
export const word = (length, end = '') =>
  [...randomBytes(length - end.length)].map((byte) => LETTERS[byte % LETTERS.length]).join('') + end;
export const has = (responseType, part) => responseType.split(' ').includes(part);

// RSA keys take long to make, and one does for all: each client registers it for itself.
let sharedKey;
export const clientKey = () => (sharedKey ??= makeKey('RS256'));

/**
 * A provider on https with a person who has every claim, and a host of the application.
 * @param {object} options backend, settings, uses (registrations that the initial access token is good for)
 */
export async function startWorld({ backend, settings = {}, uses = 5000 } = {}) {
  const host = await new HttpsParty().start();
  const { certificate, key } = makeCertificate(temporaryFolder());
  const server = await startLatchkey({ backend, scheme: 'https', settings: { tls_cert_file: certificate, tls_key_file: key,
    allow_implicit: true, allow_unsigned: true, ...host.settings, ...settings } });
  const world = { server, host, person: await server.addUser(PERSON) };
  if (settings.registration !== 'closed') {
    world.token = (await addInitialAccess(server, '--uses', String(uses))).initial_access_token;
  }
  world.discovery = (await send(server.url('/.well-known/openid-configuration'))).json();
  world.jwks = async () => (await send(world.discovery.jwks_uri)).json();
  world.stop = async () => {
    await server.stop();
    await host.stop();
  };
  return world;
}

/** A document on the application's host, from now on. @returns its address */
export function publish(host, path, body, type = 'application/json') {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  host.answers[path] = () => ({ headers: { 'content-type': type }, body: text });
  return host.url(path);
}

export const timesFetched = (host, path) => host.requests.filter((request) => request.path === path).length;

// --- what is read off the answers ---------------------------------------------------------------

function unique(pairs, where) {
  const values = Object.fromEntries(pairs);
  assert.equal(Object.keys(values).length, pairs.length, `a parameter stands twice in the ${where}`);
  return values;
}

function readFormPost(page, redirectUri) {
  const form = page.formWith('form-post-continue');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type'], /^text\/html/);
  assert.match(page.headers['cache-control'], /no-store/);
  assert.equal(form.method.toLowerCase(), 'post');
  assert.equal(form.action, redirectUri);
  assert.equal(form.enctype ?? 'application/x-www-form-urlencoded', 'application/x-www-form-urlencoded');
  return { mode: 'form_post', parameters: unique(form.inputs.map(({ name, value = '' }) => [name, value]), 'form') };
}

/** Where the answer travels and what it says; neither, when the browser shows a page of the provider. */
function readAnswer(page, redirectUri) {
  if (page.has('form-post')) return readFormPost(page, redirectUri);
  if (!page.redirect) return {};
  const url = new URL(page.redirect);
  const registered = new URL(redirectUri);
  assert.equal(url.origin + url.pathname, registered.origin + registered.pathname);
  const own = [...registered.searchParams];
  assert.deepEqual([...url.searchParams].slice(0, own.length), own, 'the registered query is kept');
  const query = [...url.searchParams].slice(own.length);
  const fragment = [...new URLSearchParams(url.hash.slice(1))];
  assert.ok(query.length === 0 || fragment.length === 0, page.redirect);
  return fragment.length > 0
    ? { mode: 'fragment', parameters: unique(fragment, 'fragment') }
    : { mode: 'query', parameters: unique(query, 'query') };
}

function entropy(text) {
  const counts = new Map();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return text.length * [...counts.values()].reduce((sum, count) =>
    sum - (count / text.length) * Math.log2(count / text.length), 0);
}

/** A code or token that cannot be guessed. */
export function checkSecret(text, name) {
  assert.match(text, /^[\x20-\x7E]{16,}$/, name);
  assert.ok(entropy(text) > 96, `${name} has an entropy of ${entropy(text)}`);
}

function checkDescription(text = '') {
  assert.match(text, /^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/);
}

/** RFC 6749 §5.2. */
export function checkTokenError(answer, error) {
  assert.equal(answer.status, 400, answer.text);
  assert.match(answer.headers['content-type'], /^application\/json/);
  const body = answer.json();
  assert.equal(body.error, error, answer.text);
  checkDescription(body.error_description);
}

/** A page of the provider that says no and leads nowhere. */
export function checkErrorPage({ page, mode }) {
  assert.equal(mode, undefined, page.redirect);
  assert.ok(page.status >= 400 && page.status < 500, `${page.status} at ${page.url}`);
  assert.match(page.headers['content-type'], /^text\/html/);
}

const nowSeconds = () => Date.now() / 1000;

/** Claims of a person, wherever they stand (Core §5.1). */
export function checkPersonClaims(claims) {
  for (const name of Object.values(SCOPE_CLAIMS).flat()) {
    const value = claims[name];
    if (value === undefined) continue;
    if (name.endsWith('_verified')) assert.equal(typeof value, 'boolean', name);
    else if (name === 'updated_at') assert.ok(value > 631_152_000 && value <= nowSeconds() + 5, `${value}`);
    else if (name === 'address') {
      assert.ok(Object.values(value).every((part) => typeof part === 'string' && part.trim()), JSON.stringify(value));
    } else assert.ok(typeof value === 'string' && value.trim() && value !== 'null', `${name}: ${value}`);
  }
  if (claims.birthdate !== undefined) assert.match(claims.birthdate, /^(\d{4}-\d\d-\d\d|\d{4})$/);
  assert.match(claims.sub, /^[\x20-\x7E]{1,255}$/);
}

const PROTOCOL_CLAIMS = ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'azp', 'at_hash', 'c_hash',
  'nbf', 'jti', 'sid', 's_hash'];

/** Core §3.1.3.6: the left half of the hash that belongs to the algorithm. */
export function halfHash(alg, text) {
  const digest = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256').update(text).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

async function verifyIdToken(world, client, token, alg) {
  if (alg === 'none') {
    return { payload: UnsecuredJWT.decode(token, { issuer: world.server.issuer, audience: client.client_id }).payload };
  }
  const header = decodeProtectedHeader(token);
  const jwks = await world.jwks();
  const key = jwks.keys.find(({ kid }) => kid === header.kid);
  assert.ok(header.kid && key, `no key ${header.kid} in the JWKS`);
  if (key.alg) assert.equal(key.alg, header.alg);
  if (key.use) assert.equal(key.use, 'sig');
  return jwtVerify(token, createLocalJWKSet(jwks), { issuer: world.server.issuer, audience: client.client_id, algorithms: [alg],
    requiredClaims: ['exp', 'iat', 'sub'] });
}

// --- the application ----------------------------------------------------------------------------

export class RelyingParty {
  /** @param {object} variant responseType, responseMode, authMethod, registration ("static": by the operator) */
  constructor(world, variant, client) {
    Object.assign(this, { world, variant, client, alg: client.id_token_signed_response_alg ?? 'RS256' });
    [this.redirectUri] = client.redirect_uris;
  }

  static metadata({ responseType = 'code', authMethod = 'client_secret_basic' }, changes = {}) {
    const grants = [];
    if (has(responseType, 'code')) grants.push('authorization_code');
    if (has(responseType, 'id_token') || has(responseType, 'token')) grants.push('implicit');
    return { client_name: 'Suite', grant_types: grants, response_types: [responseType], jwks: { keys: [clientKey().jwk] },
      token_endpoint_auth_method: authMethod, redirect_uris: [`https://rp.test/${word(12)}/callback`],
      contacts: ['suite@rp.test'], ...changes };
  }

  static attempt(world, variant, changes) {
    return register(world.server, RelyingParty.metadata(variant, changes), world.token);
  }

  static async register(world, variant, changes = {}) {
    if (variant.registration === 'static') {
      const { client_name: name, redirect_uris, ...metadata } = RelyingParty.metadata(variant, changes);
      const { grant_types, token_endpoint_auth_method: method, jwks, ...rest } = metadata;
      return new RelyingParty(world, variant, await world.server.addClient({ name, redirect_uris, grant_types, method,
        pkce_optional: true, metadata: method === 'private_key_jwt' ? { jwks, ...rest } : rest }));
    }
    const answer = await RelyingParty.attempt(world, variant, changes);
    assert.equal(answer.status, 201, answer.text);
    assert.match(answer.headers['content-type'], /^application\/json/);
    const client = answer.json();
    assert.ok(client.client_id && !client.error);
    if (client.client_secret !== undefined) assert.equal(typeof client.client_secret_expires_at, 'number');
    assert.match(client.registration_client_uri, /^https:/);
    assert.ok(client.registration_access_token);
    return new RelyingParty(world, variant, client);
  }

  /** RFC 7592 §2.3. */
  async unregister() {
    const { client_id: id, registration_access_token: token } = this.client;
    assert.equal((await manage(this.world.server, 'DELETE', id, token)).status, 204);
  }

  get mode() {
    if (this.variant.responseMode) return this.variant.responseMode;
    return this.variant.responseType === 'code' ? 'query' : 'fragment';
  }

  /** The parameters of an authorization request; undefined leaves one out. */
  request(changes = {}) {
    const all = { client_id: this.client.client_id, redirect_uri: this.redirectUri, scope: 'openid', state: word(10),
      nonce: word(10), response_type: this.variant.responseType, response_mode: this.variant.responseMode, ...changes };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  /** The answer may say what a request object said, which `inner` repeats. */
  async authorize(changes = {}, { browser = new Browser(this.world.server), method = 'GET', inner = {} } = {}) {
    const sent = this.request(changes);
    const endpoint = this.world.discovery.authorization_endpoint;
    let page = method === 'POST' ? await browser.open(endpoint, { form: sent })
      : await browser.open(`${endpoint}?${new URLSearchParams(sent)}`);
    const steps = [];
    while (!page.redirect && !page.has('form-post')) {
      if (page.has('login-email') && !steps.includes('password')) {
        steps.push('password');
        page = await typePassword(browser, page, this.world.person);
      } else if (page.has('consent-allow') && !steps.includes('consent')) {
        steps.push('consent');
        page = await browser.submit(page, 'consent-allow');
      } else break;
    }
    const meant = { ...sent, ...inner };
    return { sent: meant, page, steps, browser, ...readAnswer(page, inner.redirect_uri ?? this.redirectUri) };
  }

  checkSuccess({ sent, page, mode, parameters }) {
    assert.equal(mode, this.mode, `${page.status} ${page.redirect ?? page.title}`);
    assert.equal(parameters.error, undefined, `${parameters.error}: ${parameters.error_description}`);
    assert.equal(parameters.state, sent.state);
    assert.equal(parameters.iss, this.world.server.issuer);
    const type = this.variant.responseType;
    const names = ['state', 'iss', 'session_state'];
    if (has(type, 'code')) names.push('code');
    if (has(type, 'id_token')) names.push('id_token');
    if (has(type, 'token')) names.push('access_token', 'token_type', 'expires_in', 'scope');
    for (const name of Object.keys(parameters)) assert.ok(names.includes(name), `${name} in an answer to ${type}`);
    for (const name of type.split(' ')) assert.ok(parameters[name === 'token' ? 'access_token' : name], name);
    if (parameters.code) checkSecret(parameters.code, 'code');
    if (parameters.access_token) {
      assert.equal(parameters.token_type.toLowerCase(), 'bearer');
      assert.match(parameters.expires_in, /^[1-9]\d*$/);
      checkSecret(parameters.access_token, 'access_token');
    }
  }

  checkError({ sent, page, mode, parameters }, errors, expectedMode = this.mode) {
    assert.equal(mode, expectedMode, `${page.status} ${page.redirect ?? page.title}`);
    assert.ok([errors].flat().includes(parameters.error), `${parameters.error}: ${parameters.error_description}`);
    assert.equal(parameters.state, sent.state);
    assert.equal(parameters.iss, this.world.server.issuer);
    const names = ['error', 'error_description', 'error_uri', 'state', 'session_state', 'iss'];
    for (const name of Object.keys(parameters)) assert.ok(names.includes(name), `${name} in an error`);
    checkDescription(parameters.error_description);
  }

  /** @returns the claims, `given` among them: those that stand there because they were asked for one by one */
  async checkIdToken(token, { nonce, accessToken, code, atFront = false, given = [] }) {
    const { client, world } = this;
    const { payload } = await verifyIdToken(world, client, token, this.alg);
    assert.equal(payload.iss, world.server.issuer);
    assert.ok([payload.aud].flat().includes(client.client_id));
    if ([payload.aud].flat().length > 1) assert.equal(payload.azp, client.client_id);
    assert.ok(Math.abs(payload.iat - nowSeconds()) < 300);
    assert.ok(payload.exp > nowSeconds());
    assert.ok(payload.auth_time === undefined || payload.auth_time <= nowSeconds() + 2);
    assert.notEqual(payload.acr, '');
    assert.equal(payload.nonce, nonce);
    if (atFront && accessToken) assert.ok(payload.at_hash, 'at_hash must stand beside an access token');
    if (atFront && code) assert.ok(payload.c_hash, 'c_hash must stand beside a code');
    if (payload.at_hash) assert.equal(payload.at_hash, halfHash(this.alg, accessToken));
    if (payload.c_hash) assert.equal(payload.c_hash, halfHash(this.alg, code));
    checkPersonClaims(payload);
    for (const name of Object.keys(payload)) {
      assert.ok([...PROTOCOL_CLAIMS, ...given].includes(name), `${name} in the ID token`);
    }
    return payload;
  }

  /** Headers and form parameters by which this client says who it is. */
  proof() {
    const { client_id: id, client_secret: secret } = this.client;
    const claims = () => assertionClaims(this.world.server, this.client, { aud: this.world.discovery.token_endpoint,
      ...this.assertion });
    switch (this.variant.authMethod ?? 'client_secret_basic') {
      case 'client_secret_basic': return { headers: { authorization: basic(id, secret) }, form: {} };
      case 'client_secret_post': return { headers: {}, form: { client_id: id, client_secret: secret } };
      case 'client_secret_jwt': return { headers: {}, form: asAssertion(signJwt(claims(), { key: secret, alg: 'HS256' })) };
      case 'private_key_jwt': {
        const key = this.key ?? clientKey();
        return { headers: {}, form: asAssertion(signJwt(claims(), { key: key.privateKey, alg: key.alg,
          header: key.jwk.kid ? { kid: key.jwk.kid } : {} })) };
      }
      default: return { headers: {}, form: { client_id: id } };
    }
  }

  token(parameters) {
    const { headers, form } = this.proof();
    return send(this.world.discovery.token_endpoint, { headers, form: { ...form, ...parameters } });
  }

  redeem({ sent, parameters }, more = {}) {
    return this.token({ grant_type: 'authorization_code', code: parameters.code, redirect_uri: sent.redirect_uri, ...more });
  }

  refresh(token, more = {}) {
    return this.token({ grant_type: 'refresh_token', refresh_token: token, ...more });
  }

  checkTokenAnswer(answer) {
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.match(answer.headers['cache-control'], /no-store/);
    const body = answer.json();
    assert.equal(body.token_type.toLowerCase(), 'bearer');
    assert.ok(Number.isInteger(body.expires_in) && body.expires_in > 0 && body.expires_in <= 31_536_000);
    checkSecret(body.access_token, 'access_token');
    if (body.refresh_token) checkSecret(body.refresh_token, 'refresh_token');
    return body;
  }

  /** @param {'get' | 'header' | 'body'} how */
  fetchUserInfo(token, how = 'get') {
    const headers = how === 'body' ? {} : { authorization: `Bearer ${token}` };
    const form = { get: undefined, header: {}, body: { access_token: token } }[how];
    return send(this.world.discovery.userinfo_endpoint, { headers, form });
  }

  async userInfo(token, sub, how) {
    const answer = await this.fetchUserInfo(token, how);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers['content-type'], /^application\/json/);
    const claims = answer.json();
    assert.equal(claims.sub, sub);
    checkPersonClaims(claims);
    return claims;
  }

  /** One whole sign-in with every check; `given`, `inner` and `redeem` as in the methods above. */
  async complete(changes = {}, options = {}) {
    const answer = await this.authorize(changes, options);
    this.checkSuccess(answer);
    const { parameters, sent, browser, steps } = answer;
    const done = { answer, browser, steps, accessToken: parameters.access_token };
    const { given, how } = options;
    if (parameters.id_token) {
      done.idToken = parameters.id_token;
      done.claims = await this.checkIdToken(parameters.id_token, { nonce: sent.nonce, accessToken: parameters.access_token,
        code: parameters.code, atFront: true, given });
    }
    if (parameters.code) {
      done.tokens = this.checkTokenAnswer(await this.redeem(answer, options.redeem));
      done.accessToken = done.tokens.access_token;
      const claims = await this.checkIdToken(done.tokens.id_token, { nonce: sent.nonce, accessToken: done.accessToken,
        code: parameters.code, given });
      if (done.claims) assert.equal(claims.sub, done.claims.sub);
      done.idToken ??= done.tokens.id_token;
      done.claims ??= claims;
      done.atToken = claims;
    }
    const plain = this.client.userinfo_signed_response_alg === undefined;
    if (done.accessToken && plain) done.userinfo = await this.userInfo(done.accessToken, done.claims.sub, how);
    if (parameters.access_token && plain) await this.userInfo(parameters.access_token, done.claims.sub, how);
    return done;
  }
}
