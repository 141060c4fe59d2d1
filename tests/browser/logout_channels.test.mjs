// Front-channel logout and session management as a browser sees them: frames of another site, cookies in
// frames, scripts on and off.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { ALICE } from '../support/fixtures.mjs';
import { HttpsParty } from '../support/https_party.mjs';
import { startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { authorizeUrl } from '../support/relying_party.mjs';
import { openTolerantProfile, useChromium, watch } from './chromium.mjs';
import { typePassword } from './person.mjs';

describe('logout in the browser', () => {
  const chromium = useChromium();
  let party;
  let server;
  let alice;
  let client;
  let context;
  let complaints;
  let page;

  // The provider is https://localhost:…, the application https://127.0.0.1:…: two sites.
  const home = (path) => party.url(path, '127.0.0.1');

  before(async () => {
    party = await new HttpsParty().start();
    server = await startLatchkey({
      scheme: 'https',
      settings: { ...party.settings, tls_cert_file: party.certificate, tls_key_file: party.key } });
    alice = await server.addUser(ALICE);
    client = await server.addClient({
      name: 'Watcher', redirect_uris: [home('/cb')], first_party: true, pkce_optional: true,
      metadata: {
        post_logout_redirect_uris: [home('/out')],
        frontchannel_logout_uri: home('/front'),
        frontchannel_logout_session_required: true,
      } });
    // What the frame says, as the specification's own example of an application's page asks for it.
    party.answers['/watch'] = () => ({ body: `<!doctype html><title>watch</title>
      <iframe id="op" src="${server.url('/check_session')}"></iframe>
      <script>
        window.ask = (message) => new Promise((done) => {
          addEventListener('message', (event) => done([event.data, event.origin]), { once: true });
          document.getElementById('op').contentWindow.postMessage(message, '${server.issuer}');
        });
      </script>` });
  });
  after(async () => {
    await server?.stop();
    await party?.stop();
  });
  beforeEach(async () => {
    await context?.close();
    context = await chromium.fresh({ ignoreHTTPSErrors: true });
    complaints = await watch(context);
    page = await context.newPage();
    party.answers['/front'] = () => ({ body: 'signed out here too' });
    party.requests.length = 0;
  });

  /** Signs in, and returns what the application got. */
  async function signIn(tab = page) {
    await tab.goto(authorizeUrl(server, client));
    if (await tab.locator('#login-password').count()) await typePassword(tab, alice);
    await tab.waitForURL((url) => url.pathname === '/cb');
    return Object.fromEntries(new URL(tab.url()).searchParams);
  }

  async function openLogout(tab = page) {
    const url = new URL(server.url('/logout'));
    url.searchParams.set('client_id', client.client_id);
    url.searchParams.set('post_logout_redirect_uri', home('/out'));
    url.searchParams.set('state', 'x y');
    await tab.goto(url.href);
    await tab.click('#logout-confirm');
  }

  const framed = () => party.requests.filter(({ path }) => path === '/front');

  test('the application is opened in a frame, and then the browser goes on', async () => {
    await signIn();
    await openLogout();
    await page.waitForURL((url) => url.pathname === '/out');
    assert.equal(new URL(page.url()).search, '?state=x%20y');
    assert.equal(framed().length, 1);
    assert.deepEqual([...framed()[0].query.keys()].sort(), ['iss', 'sid']);
    assert.equal(framed()[0].query.get('iss'), server.issuer);
    assert.equal(framed()[0].headers['sec-fetch-dest'], 'iframe');
    assert.equal(framed()[0].headers.referer, undefined);
    assert.deepEqual(complaints, []);
  });

  test('an application that hangs does not hold the person', async () => {
    party.answers['/front'] = () => new Promise(() => {});
    await signIn();
    await openLogout();
    await page.waitForURL((url) => url.pathname === '/out', { timeout: 10_000 });
  });

  test('a frame cannot lead the window away', async () => {
    party.answers['/front'] = () => ({ body: `<script>top.location = '${home('/stolen')}';</script>` });
    await signIn();
    await openLogout();
    await page.waitForURL((url) => url.pathname === '/out');
    assert.equal(party.requests.filter(({ path }) => path === '/stolen').length, 0);
  });

  test('without script', async () => {
    await context.close();
    context = await chromium.fresh({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
    page = await context.newPage();
    await signIn();
    await openLogout();
    await page.waitForSelector('#logout-continue');
    assert.match(await page.locator('main').innerText(), /Watcher/);
    await party.received('/front');
    // By itself after five seconds, or at once by the link.
    await page.waitForURL((url) => url.pathname === '/out', { timeout: 15_000 });
    await signIn();
    await openLogout();
    await page.click('#logout-continue');
    await page.waitForURL((url) => url.pathname === '/out', { timeout: 4_000 });
  });

  test('check_session: unchanged while the session lasts, changed afterwards', async () => {
    await context.close();
    context = await openTolerantProfile(temporaryFolder(), { ignoreHTTPSErrors: true });
    complaints = await watch(context);
    page = await context.newPage();
    const { session_state: state } = await signIn();
    const watcher = await context.newPage();
    await watcher.goto(home('/watch'));
    const ask = (message) => watcher.evaluate((text) => window.ask(text), message);
    const good = `${client.client_id} ${state}`;
    assert.deepEqual(await ask(good), ['unchanged', server.issuer]);
    assert.deepEqual(await ask(good), ['unchanged', server.issuer]);
    assert.equal((await ask(`${client.client_id} ${state}x`))[0], 'changed');
    assert.equal((await ask(`another ${state}`))[0], 'changed');
    for (const wrong of ['', 'x', `${client.client_id}`, `${client.client_id}  ${state}`, `${good} more`]) {
      assert.equal((await ask(wrong))[0], 'error', wrong);
    }
    // A second request of the same session has a state of its own, and both hold.
    const { session_state: again } = await signIn();
    assert.notEqual(again, state);
    assert.equal((await ask(`${client.client_id} ${again}`))[0], 'unchanged');
    assert.equal((await ask(good))[0], 'unchanged');
    await openLogout();
    await page.waitForURL((url) => url.pathname === '/out');
    assert.equal((await ask(good))[0], 'changed');
    const { session_state: next } = await signIn();
    assert.equal((await ask(good))[0], 'changed');
    assert.equal((await ask(`${client.client_id} ${next}`))[0], 'unchanged');
    // Another origin cannot use what this one was given.
    party.answers['/other'] = party.answers['/watch'];
    await watcher.goto(party.url('/other', 'localhost'));
    assert.equal((await ask(`${client.client_id} ${next}`))[0], 'changed');
    assert.deepEqual(complaints, []);
  });

  test('check_session: where frames of other sites get no cookies, the application asks once more', async () => {
    const { session_state: state } = await signIn();
    const watcher = await context.newPage();
    const message = `${client.client_id} ${state}`;
    await watcher.goto(home('/watch'));
    assert.equal((await watcher.evaluate((text) => window.ask(text), message))[0], 'changed');
    await page.goto(authorizeUrl(server, client, { prompt: 'none' }));
    await page.waitForURL((url) => url.pathname === '/cb');
    assert.ok(new URL(page.url()).searchParams.has('code'));
  });

  test('check_session: the answer of prompt=none says whether somebody is signed in', async () => {
    const { session_state: state } = await signIn();
    await openLogout();
    await page.waitForURL((url) => url.pathname === '/out');
    await page.goto(authorizeUrl(server, client, { prompt: 'none' }));
    await page.waitForURL((url) => url.pathname === '/cb');
    const answer = new URL(page.url()).searchParams;
    assert.equal(answer.get('error'), 'login_required');
    if (answer.has('session_state')) assert.notEqual(answer.get('session_state'), state);
  });
});
