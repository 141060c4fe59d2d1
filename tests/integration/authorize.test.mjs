// The parameters of the authorization request: OpenID Connect Core §3.1.2.1, RFC 6749 §4.1.1, RFC 8252.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser, signIn, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { assertErrorRedirect, assertLocalError, authorizeUrl, decodeJwt, makePkce, obtainCode, obtainTokens, redeem }
  from '../support/relying_party.mjs';

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

onEachBackend('authorization request', (backend) => {
  let server;
  let fixtures;
  let web;
  let alice;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'native', 'trusted', 'spa'], users: ['alice', 'mallory'] });
    ({ web, alice } = fixtures);
  });
  after(() => server?.stop());

  const withPkce = (parameters = {}, client = web) => {
    const { verifier, challenge } = makePkce();
    const all = { code_challenge: challenge, code_challenge_method: 'S256', ...parameters };
    return { verifier, url: authorizeUrl(server, client, all) };
  };
  /** Opens a request in a browser that may be signed in, without typing anything. */
  const open = (browser, parameters, client = web) => browser.open(withPkce(parameters, client).url);
  const signedIn = async (client = web, user = alice) =>
    (await obtainCode(server, client, user, { scope: 'openid profile email' })).browser;
  const refused = (page, error, more = {}) =>
    assertErrorRedirect(page, error, { client: web, issuer: server.issuer, ...more });

  test('a person with a session and consent goes straight through', async () => {
    const page = await open(await signedIn());
    assert.ok(page.parameters.code);
    assert.equal(page.parameters.iss, server.issuer);
    assert.equal(page.parameters.state, 'state-1');
  });

  test('without state there is none in the answer; query parameters of the redirect URI stay', async () => {
    const page = await open(await signedIn(), { state: undefined });
    assert.equal('state' in page.parameters, false);
    const client = await server.addClient({ name: 'Query', redirect_uris: ['https://q.test/cb?tenant=1&x=%20y'] });
    const { answer } = await obtainCode(server, client, alice);
    assert.equal(answer.tenant, '1');
    assert.equal(answer.x, ' y');
  });

  test('POST does what GET does', async () => {
    const url = new URL(withPkce().url);
    const browser = new Browser(server);
    const first = await browser.open('/authorize', { form: url.searchParams });
    assert.ok(first.has('login-email'), first.text.slice(0, 300));
    const page = await typePassword(browser, first, alice);
    assert.ok(page.redirect || page.has('consent-allow'));
  });

  test('a redirect_uri that is the only one may not be left out with openid', async () => {
    const page = await open(new Browser(server), { redirect_uri: undefined });
    assertLocalError(page);
  });

  test('prompt=none: with a session a code, without one login_required, without consent consent_required', async () => {
    const browser = await signedIn();
    assert.ok((await open(browser, { prompt: 'none' })).parameters.code);
    refused(await open(new Browser(server), { prompt: 'none' }), 'login_required');
    refused(await open(browser, { prompt: 'none', scope: 'openid phone' }), ['consent_required', 'interaction_required']);
    refused(await open(browser, { prompt: 'none login' }), 'invalid_request');
    refused(await open(browser, { prompt: 'nonsense' }), 'invalid_request');
  });

  test('prompt=login asks again, and the new sign-in has a new time', async () => {
    const first = await obtainTokens(server, web, alice, { max_age: '1000' });
    const { browser } = first;
    await pause(1100);
    const { verifier, url } = withPkce({ prompt: 'login', max_age: '1000' });
    const asked = await browser.open(url);
    assert.ok(asked.has('login-email'));
    const page = await signIn(browser, url, alice);
    const answer = await redeem(server, web,
      { code: page.parameters.code, verifier, redirect_uri: web.redirect_uris[0] });
    const times = [first.id_token, answer.json().id_token].map((token) => decodeJwt(token).payload.auth_time);
    assert.ok(times[1] > times[0], `${times}`);
  });

  test('prompt=login cannot be skipped by reloading the address', async () => {
    const browser = await signedIn();
    const { url } = withPkce({ prompt: 'login' });
    const asked = await browser.open(url);
    const again = await browser.open(asked.url);
    assert.ok(again.has('login-email'));
    assert.equal(again.redirect, undefined);
  });

  test('prompt=consent asks again although it is remembered', async () => {
    const page = await open(await signedIn(), { prompt: 'consent' });
    assert.ok(page.has('consent-allow'));
  });

  test('prompt=select_account shows who is signed in, and the sign-in page where nobody is', async () => {
    const page = await open(await signedIn(), { prompt: 'select_account' });
    assert.ok(page.has('choose-0') && page.has('choose-other'));
    assert.ok((await open(new Browser(server), { prompt: 'select_account' })).has('login-email'));
  });

  test('another person can sign in on the page of prompt=select_account', async () => {
    const browser = await signedIn();
    const { verifier, url } = withPkce({ prompt: 'select_account' });
    const login = await browser.submit(await browser.open(url), 'choose-other');
    const page = await signIn(browser, login.url, fixtures.mallory);
    const answer = await redeem(server, web,
      { code: page.parameters.code, verifier, redirect_uri: web.redirect_uris[0] });
    const { sub } = decodeJwt(answer.json().id_token).payload;
    const own = await obtainTokens(server, web, alice);
    assert.notEqual(sub, decodeJwt(own.id_token).payload.sub);
  });

  test('max_age: old sign-ins are asked again, young ones are not; auth_time is in the ID token', async () => {
    const browser = await signedIn();
    await pause(1500);
    assert.ok((await open(browser, { max_age: '1' })).has('login-email'));
    assert.ok((await open(browser, { max_age: '0' })).has('login-email'));
    refused(await open(browser, { max_age: '1', prompt: 'none' }), 'login_required');
    const grant = await obtainCode(server, web, alice, { max_age: '3600' }, { browser });
    const tokens = (await redeem(server, web, grant)).json();
    assert.ok(decodeJwt(tokens.id_token).payload.auth_time > 0);
    for (const max_age of ['-1', 'x', '1.5', '99999999999999999999999']) {
      refused(await open(browser, { max_age }), 'invalid_request');
    }
  });

  test('login_hint fills in the address, and stays text', async () => {
    const page = await open(new Browser(server), { login_hint: 'bob"><script>@example.com' });
    assert.ok(!page.text.includes('<script>@'));
    const input = page.formWith('login-email').inputs.find((part) => part.id === 'login-email');
    assert.equal(input.value, 'bob"><script>@example.com');
  });

  test('id_token_hint: the same person goes on, another one does not', async () => {
    const own = await obtainTokens(server, web, alice);
    const others = await obtainTokens(server, web, fixtures.mallory);
    const { browser } = own;
    assert.ok((await open(browser, { id_token_hint: own.id_token, prompt: 'none' })).parameters.code);
    refused(await open(browser, { id_token_hint: others.id_token, prompt: 'none' }), 'login_required');
    const page = await open(browser, { id_token_hint: others.id_token });
    assert.ok(page.has('login-email'));
    refused(await open(browser, { id_token_hint: 'x.y.z' }), 'invalid_request');
    refused(await open(browser, { id_token_hint: own.access_token }), 'invalid_request');
  });

  test('acr_values, ui_locales, claims_locales and display are accepted', async () => {
    const tokens = await obtainTokens(server, web, alice, {
      acr_values: 'urn:latchkey:acr:pwd urn:other', ui_locales: 'fr-CA fr en', claims_locales: 'de', display: 'popup',
    });
    assert.equal(decodeJwt(tokens.id_token).payload.acr, 'urn:latchkey:acr:pwd');
    const browser = await signedIn();
    for (const display of ['page', 'touch', 'wap']) assert.ok((await open(browser, { display })).parameters.code);
  });

  test('unknown parameters are ignored', async () => {
    assert.ok((await open(await signedIn(), { extra: 'foobar' })).parameters.code);
  });

  test('unknown scopes are left out, and the answer says so', async () => {
    const tokens = await obtainTokens(server, web, alice, { scope: 'openid email made:up' });
    assert.deepEqual(new Set(tokens.scope.split(' ')), new Set(['openid', 'email']));
  });

  test('a client limited to some scopes gets no others', async () => {
    const client = await server.addClient({ name: 'Small', redirect_uris: ['https://small.test/cb'],
      scope: 'openid email' });
    const page = await signIn(new Browser(server), withPkce({ scope: 'openid email phone' }, client).url, alice);
    if (page.parameters.error) assert.equal(page.parameters.error, 'invalid_scope');
    else {
      const browser = new Browser(server);
      const tokens = await obtainTokens(server, client, alice, { scope: 'openid email phone' }, { browser });
      assert.deepEqual(new Set(tokens.scope.split(' ')), new Set(['openid', 'email']));
    }
  });

  test('a parameter that stands twice', async () => {
    const browser = await signedIn();
    refused(await browser.open(`${withPkce().url}&nonce=a&nonce=b`), 'invalid_request');
    assertLocalError(await browser.open(`${withPkce().url}&client_id=${web.client_id}`));
    assertLocalError(await browser.open(`${withPkce().url}&redirect_uri=${encodeURIComponent(web.redirect_uris[0])}`));
  });

  test('a claims parameter: claims that it adds are asked about like scopes', async () => {
    const browser = await signedIn();
    const page = await open(browser, { claims: '{"userinfo":{"name":null}}' });
    assert.ok(page.has('consent-allow'));
    assert.ok((await browser.submit(page, 'consent-allow')).parameters.code);
    assert.ok((await open(browser, { claims: '{"id_token":{"auth_time":{"essential":true}}}' })).parameters.code);
  });

  test('native applications: any port on the loopback literal, and the private-use scheme', async () => {
    for (const redirect_uri of ['http://127.0.0.1:51004/cb', 'http://[::1]:61023/cb', 'com.ex.app:/cb']) {
      const grant = await obtainCode(server, fixtures.native, alice, { redirect_uri });
      assert.equal((await redeem(server, fixtures.native, grant)).status, 200, redirect_uri);
    }
  });

  test('first-party applications skip consent, others meet it once', async () => {
    const skipped = await open(await signedIn(fixtures.trusted), {}, fixtures.trusted);
    assert.ok(skipped.parameters.code);
    const browser = new Browser(server);
    const first = await open(browser, {}, fixtures.trusted);
    const page = await typePassword(browser, first, alice);
    assert.ok(page.redirect, page.title);
  });

  test('a wrong password is said, and the right one still works on that page', async () => {
    const browser = new Browser(server);
    const first = await open(browser);
    const again = await typePassword(browser, first, { ...alice, password: 'wrong-Password-00' });
    assert.ok(again.has('login-email'));
    assert.ok(again.has('login-notice'));
    assert.equal(again.formWith('login-email').inputs.find((part) => part.id === 'login-email').value, alice.email);
    assert.equal(again.formWith('login-email').inputs.find((part) => part.id === 'login-password').value ?? '', '');
    const page = await typePassword(browser, again, alice);
    assert.ok(page.redirect || page.has('consent-allow'));
  });

  test('two tabs, a reload of each page, a restart in the middle and lost cookies all reach the application', async () => {
    const browser = new Browser(server);
    const one = await open(browser, { state: 'one' });
    const two = await open(browser, { state: 'two' });
    await server.restart();
    const done = async (page) => {
      let here = page;
      if (here.has('consent-allow')) here = await browser.submit(here, 'consent-allow');
      return here.parameters;
    };
    const first = await done(await typePassword(browser, await browser.open(one.url), alice));
    assert.equal(first.state, 'one');
    assert.ok(first.code);
    const second = await done(await typePassword(browser, two, alice));
    assert.equal(second.state, 'two');
    assert.ok(second.code);

    const three = await open(browser, { state: 'three', prompt: 'login' });
    browser.jar.clear();
    const shown = await typePassword(browser, three, alice);
    assert.ok(shown.has('login-email'), shown.title);
    const third = await done(await typePassword(browser, shown, alice));
    assert.equal(third.state, 'three');
    assert.ok(third.code);
  });
});
