// Signing in by link, by code and across devices, with openid-client as the application and no Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as client from 'openid-client';

import { Browser, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { askForLink, numberOn, startWithMail, takeMail, waitAddress } from '../support/sign_in_mail.mjs';

const LINK = 'urn:latchkey:acr:link';
const PASSWORD = 'urn:latchkey:acr:pwd';

onEachBackend('sign-in by mail', (backend) => {
  let world;
  let fixtures;
  let config;

  before(async () => {
    world = await startWithMail({ backend });
    fixtures = await seed(world.server, { clients: ['web', 'trusted'] });
    config = await client.discovery(new URL(world.server.issuer), fixtures.web.client_id, fixtures.web.client_secret,
      client.ClientSecretBasic(fixtures.web.client_secret), { execute: [client.allowInsecureRequests] });
  });
  after(() => world?.stop());

  /** The application's side: the address to start at, and what it makes of the answer. */
  async function application(parameters = {}) {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const expectedState = client.randomState();
    const expectedNonce = client.randomNonce();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: fixtures.web.redirect_uris[0], scope: 'openid email offline_access',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256',
      state: expectedState, nonce: expectedNonce, ...parameters,
    });
    return {
      url,
      tokens: (page) => client.authorizationCodeGrant(config, new URL(page.redirect),
        { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }),
    };
  }
  const allow = async (browser, page) => (page.has('consent-allow') ? browser.submit(page, 'consent-allow') : page);
  async function start(parameters) {
    const app = await application(parameters);
    const browser = new Browser(world.server);
    const sent = await askForLink(browser, await browser.open(app.url), fixtures.alice.email);
    return { app, browser, sent, mail: await takeMail(world.mails, fixtures.alice.email) };
  }
  async function assertSignedIn(app, page, acr = LINK) {
    const tokens = await app.tokens(page);
    const claims = tokens.claims();
    const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(person.email, fixtures.alice.email);
    assert.equal(claims.acr, acr);
    assert.deepEqual(claims.amr, acr === LINK ? ['email'] : ['pwd']);
    return tokens;
  }

  test('discovery names both classes', () => {
    assert.deepEqual([...config.serverMetadata().acr_values_supported].sort(), [LINK, PASSWORD].sort());
  });

  test('by link in the browser that asked', async () => {
    const { app, browser, mail } = await start();
    const page = await browser.open(mail.link);
    assert.ok(page.text.includes(fixtures.alice.email) && page.text.includes('Web'));
    const tokens = await assertSignedIn(app, await allow(browser, await browser.submit(page, 'link-confirm')));
    const later = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal(later.claims().acr, LINK);
    const used = await browser.open(mail.link);
    assert.ok(used.has('link-go-on'), used.title);
  });

  test('by code', async () => {
    const { app, browser, sent, mail } = await start();
    const wrong = await browser.submit(sent, 'link-code-submit', { code: mail.code === '123 456' ? '123 457' : '123 456' });
    assert.ok(wrong.has('link-notice') && wrong.has('link-code'), wrong.title);
    await assertSignedIn(app, await allow(browser, await browser.submit(wrong, 'link-code-submit', { code: mail.code.replace(' ', '') })));
  });

  test('by link on another device: the browser that asked goes on', async () => {
    const { app, browser, sent, mail } = await start();
    const phone = new Browser(world.server);
    phone.extraHeaders = { 'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1' };
    const asked = await phone.open(mail.link);
    assert.ok(asked.text.includes(fixtures.alice.email) && asked.text.includes('127.0.0.1'));
    const told = await phone.submit(asked, 'link-approve', { number: numberOn(sent) });
    assert.ok(told.status === 200 && !told.has('link-approve'), told.title);
    assert.equal(phone.jar.size, 0);
    assert.equal((await browser.exchange(new URL(waitAddress(sent), world.server.issuer))).status, 200);
    const ready = await browser.open(sent.url);
    await assertSignedIn(app, await allow(browser, await browser.submit(ready, 'link-continue')));
  });

  test('an expired link, and a page left open: a new mail from there', async () => {
    const short = await startWithMail({ backend, settings: { email_challenge_lifetime: '1m', interaction_lifetime: '1h' } });
    try {
      const { web } = await seed(short.server, { clients: ['web'] });
      const browser = new Browser(short.server);
      const url = new URL('/authorize', short.server.issuer);
      Object.entries({ client_id: web.client_id, response_type: 'code', redirect_uri: web.redirect_uris[0], scope: 'openid',
        code_challenge: await client.calculatePKCECodeChallenge('x'.repeat(43)), code_challenge_method: 'S256' })
        .forEach(([name, value]) => url.searchParams.set(name, value));
      const sent = await askForLink(browser, await browser.open(url), fixtures.alice.email);
      const first = await takeMail(short.mails, fixtures.alice.email);
      // A newer mail ends the older one, as time does.
      const again = await browser.submit(sent, 'link-again');
      assert.ok(again.has('link-notice'));
      const second = await takeMail(short.mails, fixtures.alice.email);
      const ended = await browser.open(first.link);
      assert.ok(ended.has('link-again') && !ended.has('link-confirm'), ended.title);
      const elsewhere = await new Browser(short.server).open(first.link);
      assert.ok(!elsewhere.has('link-again') && !elsewhere.has('link-approve'), elsewhere.title);
      const page = await browser.submit(await browser.open(second.link), 'link-confirm');
      assert.ok(page.has('consent-allow') || page.redirect, page.title);
      const unknown = await browser.open(`${short.server.issuer}/m/lkm_x`);
      assert.equal(unknown.status, 404);
    } finally {
      await short.stop();
    }
  });

  test('acr: a session by mail is raised by a password where the application asks for it', async () => {
    const { app, browser, mail } = await start({ acr_values: LINK });
    await assertSignedIn(app, await allow(browser, await browser.submit(await browser.open(mail.link), 'link-confirm')));
    const strong = await application({ acr_values: PASSWORD });
    const page = await browser.open(strong.url);
    assert.ok(page.has('login-password') && !page.has('link-send'), 'only what is good enough is offered');
    await assertSignedIn(strong, await allow(browser, await typePassword(browser, page, fixtures.alice)), PASSWORD);
    const essential = await application({ claims: JSON.stringify({ id_token: { acr: { essential: true, values: [PASSWORD] } } }) });
    await assertSignedIn(essential, await allow(browser, await browser.open(essential.url)), PASSWORD);
    const beyond = await application({ claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:x:gold'] } } }) });
    assert.equal((await browser.open(beyond.url)).parameters.error, 'unmet_authentication_requirements');
  });

  test('prompt=none with a session below what is essential: login_required', async () => {
    const { browser, mail } = await start();
    await browser.submit(await browser.open(mail.link), 'link-confirm');
    const silent = await application({ prompt: 'none',
      claims: JSON.stringify({ id_token: { acr: { essential: true, values: [PASSWORD] } } }) });
    assert.equal((await browser.open(silent.url)).parameters.error, 'login_required');
  });

  test('where mail is not set up, it is never offered', async () => {
    const plain = await startLatchkey({ backend });
    try {
      const { web, alice } = await seed(plain, { clients: ['web'] });
      const browser = new Browser(plain);
      const url = new URL('/authorize', plain.issuer);
      Object.entries({ client_id: web.client_id, response_type: 'code', redirect_uri: web.redirect_uris[0], scope: 'openid',
        code_challenge: await client.calculatePKCECodeChallenge('x'.repeat(43)), code_challenge_method: 'S256' })
        .forEach(([name, value]) => url.searchParams.set(name, value));
      const page = await browser.open(url);
      assert.ok(page.has('login-password') && !page.has('link-send'));
      const t = page.formWith('login-submit').inputs.find(({ name }) => name === 't').value;
      const forced = await browser.open('/m/send', { form: { t, email: alice.email }, headers: { origin: plain.issuer } });
      assert.ok(forced.has('login-password'), forced.title);
    } finally {
      await plain.stop();
    }
  });
});
