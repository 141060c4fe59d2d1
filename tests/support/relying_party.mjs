// Owns: the application's side of the protocol in single steps, for tests that must be able to do each of
// them wrongly. What a sound application does is left to openid-client and oauth4webapi.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';

import { Browser, signIn } from './browser.mjs';
import { send } from './http_client.mjs';

export const randomText = (bytes = 24) => randomBytes(bytes).toString('base64url');
export const sha256 = (text) => createHash('sha256').update(text).digest('base64url');

export function makePkce() {
  const verifier = randomText(32);
  return { verifier, challenge: sha256(verifier) };
}

export function decodeJwt(token) {
  const [header, payload] = token.split('.').slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  return { header, payload };
}

/** An authorization request; a parameter set to undefined is left out. */
export function authorizeUrl(server, client, parameters = {}) {
  const url = new URL(server.url('/authorize'));
  const all = {
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: client.redirect_uris[0],
    scope: 'openid',
    state: 'state-1',
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

export const formEncode = (text) => encodeURIComponent(text).replaceAll('%20', '+');
export const basic = (id, secret) =>
  `Basic ${Buffer.from(`${formEncode(id)}:${formEncode(secret)}`).toString('base64')}`;

/** Headers and form parameters by which this client says who it is. */
export function credentials(client) {
  if (client.token_endpoint_auth_method === 'client_secret_post') {
    return { headers: {}, form: { client_id: client.client_id, client_secret: client.client_secret } };
  }
  if (client.token_endpoint_auth_method === 'none') return { headers: {}, form: { client_id: client.client_id } };
  return { headers: { authorization: basic(client.client_id, client.client_secret) }, form: {} };
}

/** A POST to one of the endpoints that clients call. */
export function call(server, path, client, parameters, options = {}) {
  const own = client ? credentials(client) : { headers: {}, form: {} };
  return send(server.url(path), {
    method: 'POST',
    form: Object.entries({ ...own.form, ...parameters }).filter(([, value]) => value !== undefined),
    headers: { ...own.headers, ...options.headers },
    port: server.port,
    fresh: options.fresh,
  });
}

export const introspect = async (server, client, token) =>
  (await call(server, '/introspect', client, { token })).json();
export const revoke = (server, client, token, more = {}) => call(server, '/revoke', client, { token, ...more });
export const refresh = (server, client, token, more = {}, options = {}) =>
  call(server, '/token', client, { grant_type: 'refresh_token', refresh_token: token, ...more }, options);
export const userinfo = (server, token) =>
  send(server.url('/userinfo'), { headers: { authorization: `Bearer ${token}` }, port: server.port });

/** Signs the person in and comes back with a code and what redeeming it needs. */
export async function obtainCode(server, client, user, parameters = {}, { browser = new Browser(server) } = {}) {
  const { verifier, challenge } = makePkce();
  const all = { code_challenge: challenge, code_challenge_method: 'S256', ...parameters };
  const page = await signIn(browser, authorizeUrl(server, client, all), user);
  const answer = page.parameters;
  assert.ok(answer.code, `no code in ${page.redirect}`);
  return {
    code: answer.code,
    verifier: all.code_challenge ? verifier : undefined,
    redirect_uri: parameters.redirect_uri ?? client.redirect_uris[0],
    answer,
    browser,
  };
}

export function redeem(server, client, { code, verifier, redirect_uri }, more = {}, options = {}) {
  return call(server, '/token', client, {
    grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier, ...more,
  }, options);
}

/** Tokens of a fresh sign-in, or of the session that the browser given has. */
export async function obtainTokens(server, client, user, parameters = {}, options = {}) {
  const grant = await obtainCode(server, client, user, parameters, options);
  const answer = await redeem(server, client, grant);
  assert.equal(answer.status, 200, answer.text);
  return { ...answer.json(), grant, browser: grant.browser };
}

/** An OAuth error (RFC 6749 §5.2): status, code, and a description in the characters that it may hold. */
export function assertOAuthError(answer, status, error) {
  const wanted = [error].flat();
  const statuses = [status].flat();
  assert.ok(statuses.includes(answer.status), `status ${answer.status}, wanted ${statuses}: ${answer.text}`);
  const body = answer.json();
  assert.ok(wanted.includes(body.error), `error ${body.error}, wanted ${wanted}: ${answer.text}`);
  assert.match(body.error_description ?? '', /^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/);
  assert.match(answer.headers['cache-control'] ?? '', /no-store/);
  assert.equal(body.access_token, undefined);
  assert.equal(body.refresh_token, undefined);
}

/** A page of ours that says no and leads nowhere. */
export function assertLocalError(page, statuses = [400]) {
  assert.ok(statuses.includes(page.status), `status ${page.status}: ${page.redirect ?? page.text.slice(0, 300)}`);
  assert.equal(page.answer?.location ?? page.location, undefined);
  assert.match(page.headers['content-type'] ?? '', /^text\/html/);
  assert.match(page.headers['cache-control'] ?? '', /no-store/);
}

/** A redirect to the application that carries an error and nothing of worth. */
export function assertErrorRedirect(page, error, { client, issuer, state = 'state-1' }) {
  assert.ok(page.redirect, `no redirect, status ${page.status}: ${page.title}`);
  assert.ok(page.redirect.startsWith(client.redirect_uris[0]), page.redirect);
  const answer = page.parameters;
  assert.ok([error].flat().includes(answer.error), `error ${answer.error}, wanted ${error}: ${page.redirect}`);
  assert.equal(answer.iss, issuer);
  assert.equal(answer.state, state);
  for (const name of ['code', 'access_token', 'id_token', 'token']) assert.equal(answer[name], undefined);
  assert.match(answer.error_description ?? '', /^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/);
}
