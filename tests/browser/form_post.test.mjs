// OAuth 2.0 Form Post Response Mode in Chromium: the page goes on by itself under its content security
// policy, and by its button where no script runs. And what an application that nobody vouches for meets.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { register } from '../support/registration.mjs';
import { RESPONSE_TYPES, RelyingParty, startWorld } from '../support/suite.mjs';
import { useChromium, watch } from './chromium.mjs';
import { heading, path, typePassword } from './person.mjs';

describe('form_post', () => {
  const chromium = useChromium();
  let world;
  let posted;

  before(async () => { world = await startWorld({ settings: { registration: 'open' } }); });
  after(() => world?.stop());
  beforeEach(() => { posted = []; });

  /** A browser in which the application answers, wherever it is said to be. */
  async function fresh(options = {}) {
    const context = await chromium.fresh({ ignoreHTTPSErrors: true, ...options });
    const complaints = await watch(context);
    await context.route('https://rp.test/**', (route) => {
      const request = route.request();
      posted.push({ method: request.method(), type: request.headers()['content-type'], url: request.url(),
        form: new URLSearchParams(request.postData() ?? '') });
      return route.fulfill({ contentType: 'text/html', body: '<!doctype html><html lang="en"><title>Back</title><h1>Back</h1>' });
    });
    return { context, complaints, page: await context.newPage() };
  }

  const url = (sent) => `${world.discovery.authorization_endpoint}?${new URLSearchParams(sent)}`;

  /** Through sign-in and consent to the page that follows. */
  async function goThrough(page, sent) {
    await page.goto(url(sent));
    await typePassword(page, world.person);
    await page.waitForSelector('#consent-allow');
    await page.click('#consent-allow');
  }

  function checkPosted(rp, sent) {
    assert.equal(posted.length, 1);
    const [{ method, type, form, url: address }] = posted;
    assert.equal(method, 'POST');
    assert.equal(type, 'application/x-www-form-urlencoded');
    assert.equal(address, rp.redirectUri);
    rp.checkSuccess({ sent, page: {}, mode: 'form_post', parameters: Object.fromEntries(form) });
  }

  for (const responseType of RESPONSE_TYPES) {
    const variant = { responseType, responseMode: 'form_post' };

    test(`${responseType}: the page submits itself, and the policy has nothing against it`, async () => {
      const rp = await RelyingParty.register(world, variant);
      const { context, complaints, page } = await fresh();
      const sent = rp.request({ scope: 'openid email', state: 'a b&c="d"<e>é' });
      await goThrough(page, sent);
      await page.waitForURL('https://rp.test/**');
      checkPosted(rp, sent);
      // Signed in and allowed: no page at all to see.
      posted = [];
      const again = rp.request({ scope: 'openid email' });
      await page.goto(url(again));
      await page.waitForURL('https://rp.test/**');
      checkPosted(rp, again);
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }

  test('errors go the same way', async () => {
    const rp = await RelyingParty.register(world, { responseType: 'code id_token', responseMode: 'form_post' });
    const { context, complaints, page } = await fresh();
    const sent = rp.request({ prompt: 'none' });
    await page.goto(url(sent));
    await page.waitForURL('https://rp.test/**');
    rp.checkError({ sent, page: {}, mode: 'form_post', parameters: Object.fromEntries(posted[0].form) }, 'login_required');
    await page.goto(url(rp.request()));
    await typePassword(page, world.person);
    posted = [];
    await page.click('#consent-deny');
    await page.waitForURL('https://rp.test/**');
    assert.equal(posted[0].form.get('error'), 'access_denied');
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('without scripts: a button', async () => {
    const rp = await RelyingParty.register(world, { responseType: 'code', responseMode: 'form_post' });
    const { context, complaints, page } = await fresh({ javaScriptEnabled: false });
    const sent = rp.request();
    await goThrough(page, sent);
    await page.waitForSelector('#form-post-continue');
    assert.match(await heading(page), /^Continue to/);
    assert.deepEqual(posted, []);
    await page.click('#form-post-continue');
    await page.waitForURL('https://rp.test/**');
    checkPosted(rp, sent);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('the page is kept by nobody and submits to the application alone', async () => {
    const rp = await RelyingParty.register(world, { responseType: 'code', responseMode: 'form_post' });
    const { page } = await rp.authorize();
    const policy = page.headers['content-security-policy'];
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/);
    assert.match(policy, /form-action [^;]*https:/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(page.headers['cache-control'], /no-store/);
    assert.match(page.headers['referrer-policy'], /no-referrer|same-origin|origin/);
    assert.ok(!/<script(?![^>]*\bsrc=)/.test(page.text), 'a script in the page');
  });

  // --- applications that registered without a token -----------------------------------------------

  async function stranger(metadata = {}) {
    const answer = await register(world.server, RelyingParty.metadata({}, { client_name: 'Your Bank', ...metadata }));
    assert.equal(answer.status, 201, answer.text);
    return new RelyingParty(world, { responseType: 'code', responseMode: 'form_post' }, answer.json());
  }

  test('unverified: marked as such with the host it leads to, on the page of consent', async () => {
    const rp = await stranger();
    const { context, complaints, page } = await fresh();
    await page.goto(url(rp.request({ scope: 'openid email' })));
    assert.equal(path(page), '/login');
    await typePassword(page, world.person);
    const note = page.locator('#consent-unverified');
    await note.waitFor();
    assert.match(await note.innerText(), /unverified/i);
    assert.match(await note.innerText(), /rp\.test/);
    assert.ok(await note.isVisible());
    await page.click('#consent-allow');
    await page.waitForURL('https://rp.test/**');
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('unverified: no redirect before a person acted, not even with an error', async () => {
    const rp = await stranger();
    for (const changes of [{ prompt: 'none' }, { response_type: 'nonsense' }, { scope: 'x y' }, { request: 'x' }, { max_age: 'x' }]) {
      for (const response_mode of [undefined, 'form_post', 'fragment']) {
        const { page, mode } = await rp.authorize({ ...changes, response_mode });
        assert.equal(mode, undefined, `${JSON.stringify(changes)}: ${page.redirect}`);
        assert.ok(page.status >= 400 && page.status < 500 || page.has('login-email') || page.has('consent-allow'));
      }
    }
    // Somebody who is signed in and allowed it once is not carried there silently either.
    const { browser } = await rp.authorize();
    const { page } = await rp.authorize({ prompt: 'none' }, { browser });
    assert.equal(page.redirect, undefined);
    assert.ok((await rp.authorize({}, { browser })).steps.length > 0);
  });

  test('unverified: no refresh token, whatever is asked for', async () => {
    const rp = await stranger({ grant_types: ['authorization_code', 'refresh_token'] });
    assert.ok(!rp.client.grant_types.includes('refresh_token'));
    const answer = await rp.authorize({ prompt: 'consent' });
    rp.checkSuccess(answer);
    assert.equal(rp.checkTokenAnswer(await rp.redeem(answer)).refresh_token, undefined);
    const offline = await rp.authorize({ scope: 'openid offline_access', prompt: 'consent' });
    rp.checkSuccess(offline);
    assert.equal(rp.checkTokenAnswer(await rp.redeem(offline)).refresh_token, undefined);
  });

  test('vouched for by a token: no such mark', async () => {
    const rp = await RelyingParty.register(world, { responseType: 'code' });
    const { context, page } = await fresh();
    await page.goto(url(rp.request()));
    await typePassword(page, world.person);
    await page.waitForSelector('#consent-allow');
    assert.equal(await page.locator('#consent-unverified').count(), 0);
    await context.close();
  });
});
