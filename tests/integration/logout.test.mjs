// OpenID Connect RP-Initiated Logout 1.0.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { assertLocalError, assertOAuthError, authorizeUrl, introspect, makePkce, obtainTokens, refresh, userinfo }
  from '../support/relying_party.mjs';

onEachBackend('sign-out', (backend) => {
  let server;
  let web;
  let alice;
  let mallory;
  let spa;

  before(async () => {
    server = await startLatchkey({ backend });
    ({ web, alice, mallory, spa } = await seed(server, { clients: ['web', 'spa'], users: ['alice', 'mallory'] }));
  });
  after(() => server?.stop());

  const address = (parameters) => {
    const url = new URL(server.url('/logout'));
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  };
  const probe = (browser) => browser.open(authorizeUrl(server, web, {
    prompt: 'none', code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
  const isSignedIn = async (browser) => Boolean((await probe(browser)).parameters.code);
  /** Follows a sign-out to its end, pressing the button when asked. */
  const signOut = async (browser, parameters) => {
    const page = await browser.open(address(parameters));
    return page.has('logout-confirm') ? browser.submit(page, 'logout-confirm') : page;
  };

  test('with hint, address and state: back at the application, session and its tokens over', async () => {
    const tokens = await obtainTokens(server, web, alice, { scope: 'openid email' });
    const { browser } = tokens;
    const page = await signOut(browser, {
      id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://rp.test/out', state: 'a b&c=d' });
    const url = new URL(page.redirect);
    assert.equal(`${url.origin}${url.pathname}`, 'https://rp.test/out');
    assert.equal(url.searchParams.get('state'), 'a b&c=d');
    assert.equal(await isSignedIn(browser), false);
    assertOAuthError(await refresh(server, web, tokens.refresh_token), 400, 'invalid_grant');
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    assert.equal((await introspect(server, web, tokens.access_token)).active, false);
  });

  test('the query of a registered address stays', async () => {
    const tokens = await obtainTokens(server, web, alice);
    const page = await signOut(tokens.browser, {
      id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://rp.test/out?a=b', state: 'x' });
    assert.equal(page.redirect, 'https://rp.test/out?a=b&state=x');
  });

  test('client_id instead of a hint', async () => {
    const tokens = await obtainTokens(server, web, alice);
    const page = await signOut(tokens.browser, {
      client_id: web.client_id, post_logout_redirect_uri: 'https://rp.test/out' });
    assert.equal(page.redirect, 'https://rp.test/out');
    assert.equal(await isSignedIn(tokens.browser), false);
  });

  test('nothing at all: asks, and then says that it is done', async () => {
    const { browser } = await obtainTokens(server, web, alice);
    const page = await browser.open('/logout');
    assert.ok(page.has('logout-confirm'));
    assert.equal(await isSignedIn(browser), true);
    const done = await browser.submit(page, 'logout-confirm');
    assert.equal(done.redirect, undefined);
    assert.equal(done.status, 200);
    assert.equal(await isSignedIn(browser), false);
  });

  test('offline_access outlives sign-out', async () => {
    const tokens = await obtainTokens(server, web, alice, { scope: 'openid offline_access' });
    await signOut(tokens.browser, { id_token_hint: tokens.id_token });
    assert.equal(await isSignedIn(tokens.browser), false);
    assert.equal((await refresh(server, web, tokens.refresh_token)).status, 200);
  });

  test('an address that is not registered is refused, on a page of ours', async () => {
    const tokens = await obtainTokens(server, web, alice);
    const wrong = ['https://evil.test/', 'https://rp.test/out/', 'https://rp.test/OUT', 'https://rp.test/out#f',
      'https://rp.test/out?a=c', 'https://rp.test/cb', 'javascript:alert(1)', '//evil.test', 'x'];
    for (const post_logout_redirect_uri of wrong) {
      const page = await tokens.browser.open(address({ id_token_hint: tokens.id_token, post_logout_redirect_uri }));
      assertLocalError(page);
    }
    // Neither without anything that names the client.
    const page = await signOut(tokens.browser, { post_logout_redirect_uri: 'https://rp.test/out' });
    assert.equal(page.redirect, undefined);
  });

  test('a hint of another client, or one that is broken, moves nobody', async () => {
    const tokens = await obtainTokens(server, web, alice);
    const other = await obtainTokens(server, spa, alice);
    const [head, body, signature] = tokens.id_token.split('.');
    const broken = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
    const tries = [
      { id_token_hint: broken, post_logout_redirect_uri: 'https://rp.test/out' },
      { id_token_hint: unsigned, post_logout_redirect_uri: 'https://rp.test/out' },
      { id_token_hint: tokens.access_token, post_logout_redirect_uri: 'https://rp.test/out' },
      { id_token_hint: other.id_token, post_logout_redirect_uri: 'https://rp.test/out' },
      { id_token_hint: other.id_token, client_id: web.client_id, post_logout_redirect_uri: 'https://rp.test/out' },
    ];
    for (const parameters of tries) {
      const page = await tokens.browser.open(address(parameters));
      assert.equal(page.redirect, undefined, JSON.stringify(parameters));
    }
    assert.equal(await isSignedIn(tokens.browser), true);
  });

  test('the hint of another person does not sign this one out without asking', async () => {
    const own = await obtainTokens(server, web, alice);
    const others = await obtainTokens(server, web, mallory);
    const page = await own.browser.open(address({ id_token_hint: others.id_token }));
    assert.equal(page.redirect, undefined);
    assert.equal(await isSignedIn(own.browser), true);
  });

  test('an expired hint and revoked tokens still count', async () => {
    const short = await startLatchkey({ backend, settings: { id_token_lifetime: '1s' } });
    try {
      const { web: client, alice: person } = await seed(short);
      const tokens = await obtainTokens(short, client, person);
      await new Promise((done) => { setTimeout(done, 1500); });
      const url = new URL(short.url('/logout'));
      url.searchParams.set('id_token_hint', tokens.id_token);
      url.searchParams.set('post_logout_redirect_uri', 'https://rp.test/out');
      let page = await tokens.browser.open(url.href);
      if (page.has('logout-confirm')) page = await tokens.browser.submit(page, 'logout-confirm');
      assert.equal(page.redirect, 'https://rp.test/out');
    } finally {
      await short.stop();
    }
  });

  test('POST, from the page of another site', async () => {
    const tokens = await obtainTokens(server, web, alice);
    const page = await tokens.browser.open('/logout', {
      form: { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://rp.test/out', state: 's' },
      headers: { origin: 'https://rp.test' },
    });
    const done = page.has('logout-confirm') ? await tokens.browser.submit(page, 'logout-confirm') : page;
    assert.equal(done.redirect, 'https://rp.test/out?state=s');
    assert.equal(await isSignedIn(tokens.browser), false);
  });

  test('nobody is signed in: back at the application all the same', async () => {
    const tokens = await obtainTokens(server, web, alice);
    const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://rp.test/out' };
    await signOut(tokens.browser, parameters);
    assert.equal((await signOut(tokens.browser, parameters)).redirect, 'https://rp.test/out');
  });
});
