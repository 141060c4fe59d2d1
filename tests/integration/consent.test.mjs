// What a person allows an application, what is remembered of it, and what saying no leads to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser, signIn, typePassword } from '../support/browser.mjs';
import { ALICE, seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { assertErrorRedirect, authorizeUrl, makePkce, obtainTokens } from '../support/relying_party.mjs';

onEachBackend('consent', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'post', 'trusted'], users: ['alice', 'mallory'] });
  });
  after(() => server?.stop());

  const request = (client, parameters = {}) => authorizeUrl(server, client,
    { code_challenge: makePkce().challenge, code_challenge_method: 'S256', ...parameters });
  const toConsent = async (client, parameters, user = fixtures.alice) => {
    const browser = new Browser(server);
    const page = await typePassword(browser, await browser.open(request(client, parameters)), user);
    assert.ok(page.has('consent-allow'), `${page.title} ${page.redirect}`);
    return { browser, page };
  };

  test('the page names the application and what it will see', async () => {
    const { page } = await toConsent(fixtures.web, { scope: 'openid profile email offline_access' });
    assert.match(page.title, /Web/);
    assert.ok(page.text.includes('rp.test'));
    assert.ok(page.text.includes('alice@example.com'));
    assert.ok(page.text.includes('Your e-mail address'));
    assert.ok(!page.text.includes('Your phone number'));
  });

  test('no: access_denied at the application, and nothing is remembered', async () => {
    const { browser, page } = await toConsent(fixtures.web, {});
    const denied = await browser.submit(page, 'consent-deny');
    assertErrorRedirect(denied, 'access_denied', { client: fixtures.web, issuer: server.issuer });
    assert.ok((await browser.open(request(fixtures.web))).has('consent-allow'));
  });

  test('yes is remembered, for these scopes, this application and this person', async () => {
    const { browser, page } = await toConsent(fixtures.post, { scope: 'openid email' }, fixtures.mallory);
    assert.ok((await browser.submit(page, 'consent-allow')).parameters.code);
    assert.ok((await browser.open(request(fixtures.post, { scope: 'openid email' }))).redirect);
    assert.ok((await browser.open(request(fixtures.post, { scope: 'openid' }))).redirect);
    assert.ok((await browser.open(request(fixtures.post, { scope: 'openid email phone' }))).has('consent-allow'));
    assert.ok((await browser.open(request(fixtures.web, { scope: 'openid email' }))).has('consent-allow'));
    const elsewhere = new Browser(server);
    const again = await typePassword(elsewhere,
      await elsewhere.open(request(fixtures.post, { scope: 'openid email' })), fixtures.mallory);
    assert.ok(again.redirect, again.title);
    await toConsent(fixtures.post, { scope: 'openid email' });
  });

  test('first-party applications are not asked about', async () => {
    const page = await signIn(new Browser(server), request(fixtures.trusted, { scope: 'openid email' }),
      fixtures.alice, { decision: 'deny' });
    assert.ok(page.parameters.code);
  });

  test('another account: the page of consent leads to the sign-in page', async () => {
    const { browser, page } = await toConsent(fixtures.web, { state: 'switch' });
    const other = await browser.submit(page, 'consent-switch');
    assert.ok(other.has('login-email'));
    let here = await typePassword(browser, other, fixtures.mallory);
    assert.ok(here.has('consent-allow'));
    assert.ok(here.text.includes('mallory@example.com'));
    here = await browser.submit(here, 'consent-allow');
    assert.equal(here.parameters.state, 'switch');
  });

  test('going back and allowing twice gives a code both times, or the page again', async () => {
    const { browser, page } = await toConsent(fixtures.web, { scope: 'openid address' });
    const first = await browser.submit(page, 'consent-allow');
    const second = await browser.submit(page, 'consent-allow');
    assert.ok(first.parameters.code);
    assert.ok(second.redirect || second.has('consent-allow') || second.has('login-email'), second.title);
    if (second.redirect) assert.notEqual(second.parameters.code, first.parameters.code);
  });

  test('without offline_access a refresh token is given too, as long as the session lives', async () => {
    const tokens = await obtainTokens(server, fixtures.trusted, ALICE, { scope: 'openid' });
    assert.ok(tokens.refresh_token);
  });
});
