// OpenID Connect Back-Channel Logout 1.0 and Front-Channel Logout 1.0, without a script-running browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createRemoteJWKSet, jwtVerify } from 'jose';

import { Browser, decodeHtml } from '../support/browser.mjs';
import { ALICE, MALLORY } from '../support/fixtures.mjs';
import { HttpsParty } from '../support/https_party.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { decodeJwt, obtainTokens } from '../support/relying_party.mjs';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

onEachBackend('logout channels', (backend) => {
  let party;
  let server;
  let alice;
  let mallory;

  before(async () => {
    party = await new HttpsParty().start();
    server = await startLatchkey({ backend, settings: { ...party.settings, outbound_timeout: '500ms' } });
    alice = await server.addUser(ALICE);
    mallory = await server.addUser(MALLORY);
  });
  after(async () => {
    await server?.stop();
    await party?.stop();
  });

  const addClient = (name, metadata) => server.addClient({
    name, redirect_uris: [party.url('/cb')], first_party: true,
    metadata: { post_logout_redirect_uris: [party.url('/out')], ...metadata },
  });
  const logoutUrl = (parameters) => {
    const url = new URL(server.url('/logout'));
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  };
  const signOut = (tokens, more = {}) => tokens.browser.open(logoutUrl({ id_token_hint: tokens.id_token, ...more }));
  const ledger = async (client, args = []) => JSON.parse(
    (await server.command(['logout', 'list', '--json', '--limit', '1000', ...args])).stdout)
    .filter((row) => row.client_id === client.client_id);
  const settled = async (client, state, { within = 15_000 } = {}) => {
    const until = Date.now() + within;
    while (true) {
      const [row] = await ledger(client);
      if (row?.state === state) return row;
      assert.ok(Date.now() < until, `not ${state} but ${JSON.stringify(row)}`);
      await sleep(100);
    }
  };
  const verify = async (request, client) => {
    const form = new URLSearchParams(request.body);
    assert.deepEqual([...form.keys()], ['logout_token']);
    return jwtVerify(form.get('logout_token'), createRemoteJWKSet(new URL(server.url('/jwks'))),
      { issuer: server.issuer, audience: client.client_id, typ: 'logout+jwt', algorithms: ['RS256', 'ES256'] });
  };

  test('back-channel: every application of the session is told, with a token that says it all', async () => {
    const told = await addClient('Told', { backchannel_logout_uri: party.url('/told') });
    const elliptic = await addClient('Elliptic', {
      backchannel_logout_uri: party.url('/elliptic?a=b'), id_token_signed_response_alg: 'ES256' });
    const untold = await addClient('Untold', {});
    const first = await obtainTokens(server, told, alice);
    const second = await obtainTokens(server, elliptic, alice, {}, { browser: first.browser });
    await obtainTokens(server, untold, alice, {}, { browser: first.browser });
    // Somebody else's session with the same application goes on.
    await obtainTokens(server, told, mallory);
    await signOut(first);
    const [request] = await party.received('/told');
    assert.equal(request.method, 'POST');
    assert.equal(request.protocol, 'TLSv1.3');
    assert.match(request.headers['content-type'], /^application\/x-www-form-urlencoded$/);
    const { payload, protectedHeader } = await verify(request, told);
    const hint = decodeJwt(first.id_token).payload;
    assert.deepEqual(Object.keys(payload).sort(), ['aud', 'events', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']);
    assert.equal(payload.sid, hint.sid);
    assert.equal(payload.sub, hint.sub);
    assert.deepEqual(payload.events, { [EVENT]: {} });
    assert.ok(payload.exp - payload.iat <= 120);
    assert.equal(protectedHeader.alg, 'RS256');

    const [other] = await party.received('/elliptic');
    assert.equal(other.query.get('a'), 'b');
    const checked = await verify(other, elliptic);
    assert.equal(checked.protectedHeader.alg, 'ES256');
    assert.equal(checked.payload.sid, decodeJwt(second.id_token).payload.sid);

    const row = await settled(told, 'delivered');
    assert.equal(row.last_result, 'HTTP 200');
    assert.equal(row.attempts, 1);
    await sleep(1500);
    assert.equal((await party.received('/told')).length, 1);
    assert.deepEqual(await ledger(untold), []);
  });

  test('back-channel: 503 is tried again later, 400 is not', async () => {
    const busy = await addClient('Busy', { backchannel_logout_uri: party.url('/busy') });
    const refuses = await addClient('Refuses', { backchannel_logout_uri: party.url('/refuses') });
    party.answers['/busy'] = () => ({ status: party.requests.filter((r) => r.path === '/busy').length > 1 ? 204 : 503 });
    party.answers['/refuses'] = () => ({ status: 400, body: '{"error":"invalid_request"}' });
    const tokens = await obtainTokens(server, busy, alice);
    await obtainTokens(server, refuses, alice, {}, { browser: tokens.browser });
    await signOut(tokens);
    await party.received('/busy');
    const failed = await settled(refuses, 'failed');
    assert.equal(failed.last_result, 'HTTP 400');
    assert.equal(failed.attempts, 1);
    const [queued] = await ledger(busy, ['--state', 'queued']);
    assert.equal(queued.last_result, 'HTTP 503');
    assert.ok(queued.next_attempt_at >= queued.created_at + 9);
    const row = await settled(busy, 'delivered', { within: 20_000 });
    assert.equal(row.attempts, 2);
    const [one, two] = await party.received('/busy', 2);
    assert.notEqual((await verify(one, busy)).payload.jti, (await verify(two, busy)).payload.jti);
    assert.equal((await party.received('/refuses')).length, 1);
    const text = (await server.command(['logout', 'list', '--state', 'failed'])).stdout;
    assert.match(text, /failed .*\/refuses .*HTTP 400/);
  });

  test('back-channel: sign-out by the operator tells too, two nodes tell once, none is lost', async () => {
    const many = await addClient('Many', { backchannel_logout_uri: party.url('/many') });
    const bob = await server.addUser({ ...ALICE, email: 'bob@example.com' });
    const sids = [];
    for (let i = 0; i < 25; i++) {
      sids.push(decodeJwt((await obtainTokens(server, many, bob)).id_token).payload.sid);
    }
    const second = await server.secondNode();
    try {
      await server.command(['user', 'sign-out', bob.email]);
      const requests = await party.received('/many', 25, { within: 20_000 });
      const told = requests.map(({ body }) => decodeJwt(new URLSearchParams(body).get('logout_token')).payload.sid);
      assert.deepEqual(told.sort(), sids.sort());
      await sleep(1500);
      assert.equal((await party.received('/many')).length, 25);
      assert.equal((await ledger(many, ['--state', 'delivered'])).length, 25);
    } finally {
      await second.stop();
    }
  });

  test('back-channel: what was queued or under way survives a kill', async () => {
    const slow = await addClient('Slow', { backchannel_logout_uri: party.url('/slow') });
    const late = await addClient('Late', { backchannel_logout_uri: party.url('/late') });
    let release;
    const released = new Promise((done) => { release = done; });
    party.answers['/slow'] = async () => {
      await released;
      return {};
    };
    const first = await obtainTokens(server, slow, alice);
    await signOut(first);
    await party.received('/slow');
    const second = await obtainTokens(server, late, mallory);
    await signOut(second);
    await server.kill();
    release();
    await server.start();
    const [request] = await party.received('/late');
    await verify(request, late);
    // What the dead process had taken is free again when its lease has ended.
    await party.received('/slow', 2, { within: 15_000 });
    await settled(slow, 'delivered');
  });

  test('back-channel: a stop does not wait for a slow application, and an address inside is not asked', async () => {
    const own = await startLatchkey({ backend, settings: { ...party.settings, outbound_timeout: '30s' } });
    try {
      const person = await own.addUser(ALICE);
      const client = await own.addClient({
        name: 'Hangs', redirect_uris: [party.url('/cb')], first_party: true,
        metadata: { backchannel_logout_uri: party.url('/hangs') } });
      const rows = async () => JSON.parse((await own.command(['logout', 'list', '--json'])).stdout);
      party.answers['/hangs'] = () => new Promise(() => {});
      const tokens = await obtainTokens(own, client, person);
      await tokens.browser.open(`${own.url('/logout')}?id_token_hint=${tokens.id_token}`);
      await party.received('/hangs');
      const started = Date.now();
      await own.stop();
      assert.ok(Date.now() - started < 5000, `${Date.now() - started} ms`);
      assert.equal((await rows())[0].state, 'queued');
      // As if the name had become one of the inside after it was registered.
      delete own.settings.outbound_allowed_addresses;
      const before = party.connections;
      await own.start();
      const until = Date.now() + 10_000;
      let row;
      do {
        assert.ok(Date.now() < until, JSON.stringify(row));
        await sleep(100);
        [row] = await rows();
      } while (row.attempts < 2);
      await sleep(500);
      [row] = await rows();
      assert.equal(row.state, 'queued');
      assert.match(row.last_result, /not a public address/);
      assert.equal(party.connections, before);
    } finally {
      await own.stop();
    }
  });

  test('front-channel: one frame for each application, with iss and sid where they are asked for', async () => {
    const framed = await addClient('Fra<med>', {
      frontchannel_logout_uri: party.url('/fc?x=1'), frontchannel_logout_session_required: true });
    const plain = await addClient('Plain', { frontchannel_logout_uri: party.url('/fc-plain') });
    await addClient('Stranger', { frontchannel_logout_uri: party.url('/fc-stranger') });
    const tokens = await obtainTokens(server, framed, alice);
    await obtainTokens(server, plain, alice, {}, { browser: tokens.browser });
    const page = await signOut(tokens, { post_logout_redirect_uri: party.url('/out'), state: 'a&b' });
    assert.equal(page.status, 200);
    assert.equal(page.title, 'You are signed out');
    const frames = [...page.text.matchAll(/<iframe src="([^"]*)"/g)].map(([, src]) => new URL(decodeHtml(src)));
    assert.equal(frames.length, 2);
    const withSid = frames.find(({ pathname }) => pathname === '/fc');
    assert.deepEqual(Object.fromEntries(withSid.searchParams),
      { x: '1', iss: server.issuer, sid: decodeJwt(tokens.id_token).payload.sid });
    const without = frames.find(({ pathname }) => pathname === '/fc-plain');
    assert.equal(without.search, '');
    const policy = page.headers['content-security-policy'];
    assert.ok(policy.includes(`frame-src ${party.url('').replace(/\/$/, '')};`), policy);
    assert.match(policy, /frame-ancestors 'none'/);
    const next = party.url('/out?state=a%26b');
    assert.equal(decodeHtml(page.text.match(/id="logout-continue" href="([^"]*)"/)[1]), next);
    assert.equal(decodeHtml(page.text.match(/http-equiv="refresh" content="5;url=([^"]*)"/)[1]), next);
    assert.ok(page.text.includes('Fra&lt;med&gt;'));
    assert.ok(page.text.includes('Plain'));
    assert.match(page.headers['cache-control'], /no-store/);
    // The session is over whether the frames load or not, and the page is shown once.
    assert.equal((await signOut(tokens, { post_logout_redirect_uri: party.url('/out') })).redirect, party.url('/out'));
  });

  test('front-channel: without an address to go to, the page stays', async () => {
    const client = await addClient('Stays', { frontchannel_logout_uri: party.url('/fc-stays') });
    const { browser } = await obtainTokens(server, client, alice);
    const asked = await browser.open('/logout');
    assert.ok(asked.has('logout-confirm'));
    assert.ok(!asked.text.includes('<iframe'));
    const done = await browser.submit(asked, 'logout-confirm');
    assert.equal(done.status, 200);
    assert.ok(done.text.includes('/fc-stays'));
    assert.ok(!done.has('logout-continue'));
    assert.ok(!done.text.includes('http-equiv'));
  });

  test('the state cookie is readable, and another one after sign-in and sign-out', async () => {
    const client = await addClient('Watches', {});
    const tokens = await obtainTokens(server, client, alice);
    const cookie = () => tokens.browser.jar.get('latchkey_state');
    const signedIn = cookie();
    assert.match(signedIn.value, /^[\w-]{22}$/);
    assert.doesNotMatch(signedIn.line, /HttpOnly/i);
    assert.match(signedIn.line, /Path=\//i);
    assert.match(tokens.grant.answer.session_state, /^[\w-]{43}\.[\w-]+$/);
    await obtainTokens(server, client, alice, {}, { browser: tokens.browser });
    assert.equal(cookie().value, signedIn.value, 'nothing changed: the same session');
    await signOut(tokens);
    assert.notEqual(cookie().value, signedIn.value);
    const fresh = await obtainTokens(server, client, alice, {}, { browser: tokens.browser });
    assert.notEqual(cookie().value, signedIn.value);
    assert.notEqual(fresh.grant.answer.session_state, tokens.grant.answer.session_state);
  });

  test('/check_session may be framed, and nothing else may', async () => {
    const page = await new Browser(server).open('/check_session');
    assert.equal(page.status, 200);
    assert.match(page.headers['content-security-policy'], /frame-ancestors \*/);
    assert.equal(page.headers['x-frame-options'], undefined);
    const script = page.text.match(/<script src="([^"]*)"/)[1];
    assert.equal((await new Browser(server).open(script)).status, 200);
    for (const path of ['/logout', '/login', '/']) {
      const other = await new Browser(server).open(path);
      assert.match(other.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/, path);
    }
    const off = await startLatchkey({ backend, settings: { session_management: false } });
    try {
      assert.equal((await new Browser(off).open('/check_session')).status, 404);
      const found = await new Browser(off).open('/.well-known/openid-configuration');
      assert.equal(JSON.parse(found.text).check_session_iframe, undefined);
    } finally {
      await off.stop();
    }
  });
});
