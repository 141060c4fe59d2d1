// The checks of the RP-initiated, front-channel and back-channel logout plans and of session management.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';

import { signJwt, unsignedJwt } from '../support/assertion.mjs';
import { decodeHtml } from '../support/browser.mjs';
import { send } from '../support/http_client.mjs';
import { BACKENDS } from '../support/latchkey.mjs';
import { decodeJwt } from '../support/relying_party.mjs';
import { RESPONSE_TYPES, RelyingParty, clientKey, startWorld, word } from '../support/suite.mjs';
import { runFrame } from '../support/session_frame.mjs';

const NOT_SIGNED_IN = ['login_required', 'interaction_required', 'account_selection_required', 'consent_required'];
/** The suite's: letters, digits, and what an address must not carry as it is. */
const endSessionState = () => `${word(60)}&#%"{}=?/+;:@$,<>[]\\^\`|~! '()`;

const register = (world, responseType, changes = {}) => {
  const home = `https://rp.test/${word(10)}`;
  return RelyingParty.register(world, { responseType },
    { redirect_uris: [`${home}/callback`], post_logout_redirect_uris: [`${home}/post_logout_redirect`], ...changes });
};

/** @returns the page at the end of the logout, after its question was answered with yes */
async function logOut(world, browser, parameters) {
  const url = new URL(world.discovery.end_session_endpoint);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  const page = await browser.open(url);
  return page.has('logout-confirm') ? browser.submit(page, 'logout-confirm') : page;
}

async function checkSignedOut(rp, browser) {
  rp.checkError(await rp.authorize({ prompt: 'none' }, { browser }), NOT_SIGNED_IN);
}
const checkSignedIn = async (rp, browser) => rp.checkSuccess(await rp.authorize({ prompt: 'none' }, { browser }));

/** A sign-in and its logout; `change` makes the parameters out of sound ones. */
async function run(world, responseType, change = (sound) => sound, metadata) {
  const rp = await register(world, responseType, metadata);
  const { browser, idToken, answer } = await rp.complete();
  const sound = { id_token_hint: idToken, post_logout_redirect_uri: rp.client.post_logout_redirect_uris[0], state: endSessionState() };
  const sent = change(sound, rp);
  const page = await logOut(world, browser, sent);
  return { rp, browser, sent, page, idToken, answer };
}

/** Back at the application, with the state that was sent and nothing else. */
function checkReturned({ page, sent }) {
  assert.ok(page.redirect, `${page.status} ${page.title}`);
  const url = new URL(page.redirect);
  assert.equal(url.origin + url.pathname, sent.post_logout_redirect_uri);
  assert.deepEqual([...url.searchParams], sent.state === undefined ? [] : [['state', sent.state]]);
  assert.equal(url.hash, '');
}

const stays = (change) => async (world, responseType) => {
  const done = await run(world, responseType, change);
  assert.equal(done.page.redirect, undefined);
  assert.match(done.page.headers['content-type'], /^text\/html/);
  assert.match(done.page.text, /not registered|not one|no ID token|needs an id_token_hint/i);
};

const signsOutHere = (change) => async (world, responseType) => {
  const { rp, browser, page } = await run(world, responseType, change);
  assert.equal(page.redirect, undefined);
  assert.equal(page.status, 200);
  assert.match(page.text, /You are signed out/);
  await checkSignedOut(rp, browser);
};

const INITIATED = {
  'oidcc-rp-initiated-logout': async (world, responseType) => {
    const done = await run(world, responseType);
    checkReturned(done);
    await checkSignedOut(done.rp, done.browser);
  },
  'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri': stays((sound) =>
    ({ ...sound, post_logout_redirect_uri: `https://rp.test/${word(8)}` })),
  'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri': stays((sound) =>
    ({ ...sound, post_logout_redirect_uri: `${sound.post_logout_redirect_uri}?foo=bar` })),
  'oidcc-rp-initiated-logout-modified-id-token-hint': stays((sound) => {
    const [head, body, signature] = sound.id_token_hint.split('.');
    return { ...sound, id_token_hint: `${head}.${body}.${signature.slice(5)}${signature.slice(0, 5)}` };
  }),
  'oidcc-rp-initiated-logout-no-id-token-hint': stays((sound) => ({ ...sound, id_token_hint: undefined })),
  'oidcc-rp-initiated-logout-bad-id-token-hint': async (world, responseType) => {
    const swapped = (claims) => ({ ...claims, iss: claims.aud, aud: claims.iss });
    const hints = [(claims) => unsignedJwt(claims), (claims) => signJwt(swapped(claims), { key: clientKey().privateKey, alg: 'RS256' })];
    for (const make of hints) {
      await stays((sound) => ({ ...sound, id_token_hint: make(decodeJwt(sound.id_token_hint).payload) }))(world, responseType);
    }
  },
  'oidcc-rp-initiated-logout-no-params': signsOutHere(() => ({})),
  'oidcc-rp-initiated-logout-only-state': signsOutHere(({ state }) => ({ state })),
  'oidcc-rp-initiated-logout-no-post-logout-redirect-uri': signsOutHere((sound) =>
    ({ ...sound, post_logout_redirect_uri: undefined })),
  'oidcc-rp-initiated-logout-no-state': async (world, responseType) => {
    const done = await run(world, responseType, (sound) => ({ ...sound, state: undefined }));
    checkReturned(done);
    await checkSignedOut(done.rp, done.browser);
  },
};

/** The addresses of the frames of a page. */
const frames = (page) => [...page.text.matchAll(/<iframe[^>]*\bsrc="([^"]*)"/g)].map(([, src]) => decodeHtml(src));

async function frontChannel(world, responseType) {
  const home = `https://rp.test/${word(10)}`;
  const uri = `${home}/frontchannel_logout`;
  const { rp, browser, page, sent, idToken } = await run(world, responseType, undefined, {
    redirect_uris: [`${home}/callback`], frontchannel_logout_uri: uri, frontchannel_logout_session_required: true });
  assert.equal(page.status, 200, page.redirect);
  const [frame] = frames(page);
  const url = new URL(frame);
  assert.equal(url.origin + url.pathname, uri);
  assert.deepEqual(Object.fromEntries(url.searchParams),
    { iss: world.server.issuer, sid: decodeJwt(idToken).payload.sid });
  assert.match(page.headers['content-security-policy'], /frame-src [^;]*https:\/\/rp\.test/);
  // The page goes on by itself, or at the press of a button.
  const [, next] = page.text.match(/id="logout-continue" href="([^"]+)"/);
  checkReturned({ page: { redirect: decodeHtml(next) }, sent });
  await checkSignedOut(rp, browser);
}

async function backChannel(world, responseType) {
  const path = `/${word(10)}/backchannel_logout`;
  const done = await run(world, responseType, undefined,
    { backchannel_logout_uri: world.host.url(path), backchannel_logout_session_required: true });
  checkReturned(done);
  const [received] = await world.host.received(path);
  assert.equal(received.method, 'POST');
  assert.match(received.headers['content-type'], /^application\/x-www-form-urlencoded/);
  assert.equal(received.protocol, 'TLSv1.3');
  const form = new URLSearchParams(received.body);
  assert.deepEqual([...form.keys()], ['logout_token']);
  const { payload, protectedHeader } = await jwtVerify(form.get('logout_token'), createLocalJWKSet(await world.jwks()),
    { issuer: world.server.issuer, audience: done.rp.client.client_id });
  assert.equal(protectedHeader.typ, 'logout+jwt');
  const { sub, sid } = decodeJwt(done.idToken).payload;
  assert.ok(payload.iat && payload.jti);
  assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} });
  assert.equal(payload.nonce, undefined);
  assert.ok(payload.sub === undefined || payload.sub === sub);
  assert.equal(payload.sid, sid);
  await checkSignedOut(done.rp, done.browser);
}

async function sessionManagement(world, responseType) {
  const rp = await register(world, responseType);
  const { browser, answer, idToken } = await rp.complete();
  const { origin } = new URL(rp.redirectUri);
  const ask = await runFrame(world.discovery.check_session_iframe);
  const question = `${rp.client.client_id} ${answer.parameters.session_state}`;
  assert.equal(ask(question, origin, browser), 'unchanged');
  assert.equal(ask(question, 'https://other.test', browser), 'changed');
  assert.equal(ask(`other ${answer.parameters.session_state}`, origin, browser), 'changed');
  for (const nonsense of ['', 'x', `${question} x`, { a: 1 }]) assert.equal(ask(nonsense, origin, browser), 'error');
  // Another answer in the same browser session leaves it as it is.
  await checkSignedIn(rp, browser);
  assert.equal(ask(question, origin, browser), 'unchanged');
  await logOut(world, browser, { id_token_hint: idToken });
  assert.equal(ask(question, origin, browser), 'changed');
}

const CHECKED = { 'oidcc-rp-initiated-logout': ['end_session_endpoint'],
  'oidcc-session-management': ['check_session_iframe', 'end_session_endpoint'],
  'oidcc-frontchannel-logout': ['frontchannel_logout_supported', 'frontchannel_logout_session_supported', 'end_session_endpoint'],
  'oidcc-backchannel-logout': ['backchannel_logout_supported', 'backchannel_logout_session_supported', 'end_session_endpoint'] };

for (const backend of BACKENDS) {
  describe(`logout [${backend}]`, { concurrency: 1 }, () => {
    let world;
    before(async () => { world = await startWorld({ backend }); });
    after(() => world?.stop());

    for (const [name, members] of Object.entries(CHECKED)) {
      test(`${name}-discovery-endpoint-verification`, () => {
        for (const member of members) {
          if (member.endsWith('_supported')) assert.equal(world.discovery[member], true);
          else assert.match(world.discovery[member], /^https:/);
        }
      });
    }

    for (const responseType of backend === 'sqlite' ? RESPONSE_TYPES : ['code', 'code id_token']) {
      describe(responseType, { concurrency: 6 }, () => {
        for (const [name, check] of Object.entries(INITIATED)) test(name, () => check(world, responseType));
        test('oidcc-frontchannel-rp-initiated-logout', () => frontChannel(world, responseType));
        test('oidcc-backchannel-rp-initiated-logout', () => backChannel(world, responseType));
        test('oidcc-session-management-rp-initiated-logout', () => sessionManagement(world, responseType));
      });
    }

    test('a client that the operator registered', async () => {
      const rp = await RelyingParty.register(world, { responseType: 'code', registration: 'static' },
        { post_logout_redirect_uris: ['https://rp.test/post_logout_redirect'] });
      const { browser, idToken } = await rp.complete();
      const sent = { id_token_hint: idToken, post_logout_redirect_uri: 'https://rp.test/post_logout_redirect', state: endSessionState() };
      checkReturned({ page: await logOut(world, browser, sent), sent });
    });

    test('the hint of a pairwise client ends the session too', async () => {
      const rp = await register(world, 'code', { subject_type: 'pairwise' });
      const { parameters, sent, browser } = await rp.authorize();
      const { id_token: hint } = (await rp.redeem({ sent, parameters })).json();
      const asked = { id_token_hint: hint, post_logout_redirect_uri: rp.client.post_logout_redirect_uris[0] };
      checkReturned({ page: await logOut(world, browser, asked), sent: asked });
      await checkSignedOut(rp, browser);
    });

    test('the page for session_state can be framed, and no other', async () => {
      const frame = await send(world.discovery.check_session_iframe);
      assert.equal(frame.status, 200);
      assert.equal(frame.headers['x-frame-options'], undefined);
      assert.doesNotMatch(frame.headers['content-security-policy'] ?? '', /frame-ancestors '(none|self)'/);
      const home = await send(world.server.url('/'));
      assert.equal(home.headers['x-frame-options'], 'DENY');
      assert.match(home.headers['content-security-policy'], /frame-ancestors 'none'/);
    });
  });
}
