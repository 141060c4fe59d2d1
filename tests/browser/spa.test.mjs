// A single-page application on another origin, on npm's oidc-client-ts unmodified: everything it does is a
// cross-origin call from the browser.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { seed } from '../support/fixtures.mjs';
import { startLatchkey } from '../support/latchkey.mjs';
import { freePort } from '../support/ports.mjs';
import { decodeJwt, introspect } from '../support/relying_party.mjs';
import { useChromium, watch } from './chromium.mjs';
import { typePassword } from './person.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const FILES = {
  '/': ['text/html', join(HERE, 'single_page/index.html')],
  '/application.js': ['text/javascript', join(HERE, 'single_page/application.js')],
  '/oidc-client-ts.min.js': ['text/javascript', join(HERE, '../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js')],
};

/** A static web server for the application. */
async function serveApplication(settings) {
  const port = await freePort();
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://any');
    if (pathname === '/settings.json') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(settings));
    } else if (FILES[pathname]) {
      const [type, file] = FILES[pathname];
      response.setHeader('content-type', type).end(readFileSync(file));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => { server.listen(port, '127.0.0.1', done); });
  return { port, settings, stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }) };
}

describe('a single-page application on another origin', () => {
  const chromium = useChromium();
  let server;
  let alice;
  let observer;
  let application;
  let client;

  before(async () => {
    server = await startLatchkey();
    ({ alice, web: observer } = await seed(server));
    application = await serveApplication({ authority: server.issuer });
  });
  after(async () => {
    await application?.stop();
    await server?.stop();
  });

  // Another port of the same host is another origin; 127.0.0.1 is another site than localhost as well.
  for (const host of ['127.0.0.1', 'localhost']) {
    describe(`at ${host}`, () => {
      let context;
      let page;
      let complaints;
      let home;

      const state = () => page.locator('#state').textContent();
      const become = (text) => page.waitForFunction(
        (wanted) => document.getElementById('state')?.textContent.startsWith(wanted), text)
        .catch(async () => assert.equal(await state(), text));
      const user = () => page.evaluate(async () => {
        const found = await window.manager.getUser();
        return found && { ...found, expired: found.expired };
      });

      before(async () => {
        home = `http://${host}:${application.port}/`;
        client = await server.addClient({ name: 'Single page', redirect_uris: [home], public: true,
          metadata: { post_logout_redirect_uris: [home] } });
        application.settings.client_id = client.client_id;
        context = await chromium.fresh();
        complaints = await watch(context);
        page = await context.newPage();
      });
      after(() => context?.close());

      test('signs in by code and PKCE', async () => {
        await page.goto(home);
        await become('signed out');
        await page.click('#sign-in');
        await page.waitForURL('**/login?t=*');
        await typePassword(page, alice);
        await page.click('#consent-allow');
        await page.waitForURL(`${home}**`);
        await become(`signed in as ${alice.email}`);
        const answer = await page.evaluate(() => window.answer);
        assert.equal(answer.iss, server.issuer);
        assert.equal(await page.evaluate(() => window.page), 'inbox', 'the application\'s own state came back');
        const { id_token, access_token, refresh_token, profile } = await user();
        assert.ok(refresh_token);
        assert.equal(decodeJwt(id_token).payload.aud, client.client_id);
        assert.equal(decodeJwt(access_token).header.typ, 'at+jwt');
        assert.equal(profile.email, alice.email);
      });

      test('asks /userinfo', async () => {
        const claims = await page.evaluate(async () => {
          const { access_token } = await window.manager.getUser();
          const { userinfo_endpoint } = await window.manager.metadataService.getMetadata();
          const answer = await fetch(userinfo_endpoint, { headers: { authorization: `Bearer ${access_token}` } });
          return answer.json();
        });
        assert.equal(claims.email, alice.email);
        assert.equal(claims.name, alice.name ?? claims.name);
      });

      test('a reload keeps it signed in', async () => {
        await page.reload();
        await become(`signed in as ${alice.email}`);
      });

      test('renews by its refresh token, again and again', async () => {
        for (let round = 0; round < 3; round++) {
          const old = await user();
          await page.evaluate(() => { document.getElementById('state').textContent = ''; });
          await page.click('#silent');
          await become(`renewed for ${alice.email}`);
          const renewed = await user();
          assert.notEqual(renewed.access_token, old.access_token);
          assert.notEqual(renewed.refresh_token, old.refresh_token);
        }
      });

      test('an error answer can be read by the application', async () => {
        const error = await page.evaluate(async () => {
          const { token_endpoint } = await window.manager.metadataService.getMetadata();
          const answer = await fetch(token_endpoint, { method: 'POST', body: new URLSearchParams({
            grant_type: 'refresh_token', refresh_token: 'nonsense', client_id: window.manager.settings.client_id }) });
          return { status: answer.status, ...(await answer.json()) };
        });
        assert.equal(error.error, 'invalid_grant');
        assert.equal(error.status, 400);
        const challenge = await page.evaluate(async () => {
          const { userinfo_endpoint } = await window.manager.metadataService.getMetadata();
          const answer = await fetch(userinfo_endpoint, { headers: { authorization: 'Bearer nonsense' } });
          await answer.text();
          return { status: answer.status, header: answer.headers.get('www-authenticate') };
        });
        assert.equal(challenge.status, 401);
        assert.match(challenge.header ?? '', /invalid_token/, 'WWW-Authenticate is readable across origins');
        // Both answers were meant to be errors.
        complaints.splice(0, complaints.length, ...complaints.filter((text) => !/^(400|401): /.test(text)));
      });

      test('revokes its tokens', async () => {
        const { access_token, refresh_token } = await user();
        await page.click('#revoke');
        await become('revoked');
        for (const token of [access_token, refresh_token]) {
          assert.deepEqual(await introspect(server, observer, token), { active: false });
        }
        const status = await page.evaluate(async (token) => {
          const { userinfo_endpoint } = await window.manager.metadataService.getMetadata();
          const answer = await fetch(userinfo_endpoint, { headers: { authorization: `Bearer ${token}` } });
          await answer.text();
          return answer.status;
        }, access_token);
        assert.equal(status, 401);
        complaints.splice(0, complaints.length, ...complaints.filter((text) => !/^401: /.test(text)));
      });

      test('signs in again without being asked, and out', async () => {
        await page.click('#sign-in');
        await become(`signed in as ${alice.email}`);
        await page.click('#sign-out');
        await become('back from signing out');
        assert.equal(await page.evaluate(() => window.page), 'goodbye', 'state comes back from the sign-out too');
        await page.reload();
        await become('signed out');
        await page.click('#sign-in');
        await page.waitForURL('**/login?t=*');
        assert.deepEqual(complaints, []);
      });
    });
  }

  test('a page of an origin that no application has cannot read the answers', async () => {
    const stranger = await serveApplication({ authority: server.issuer, client_id: client.client_id });
    const context = await chromium.fresh();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${stranger.port}/`);
    await page.waitForFunction(() => document.getElementById('state').textContent === 'signed out');
    const outcomes = await page.evaluate(async (issuer) => {
      const read = async (path, options) => fetch(`${issuer}${path}`, options).then((answer) => answer.status, () => 'refused');
      return {
        discovery: await read('/.well-known/openid-configuration'),
        keys: await read('/jwks'),
        token: await read('/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token' }) }),
        userinfo: await read('/userinfo', { headers: { authorization: 'Bearer x' } }),
        revoke: await read('/revoke', { method: 'POST', body: new URLSearchParams({ token: 'x' }) }),
        introspect: await read('/introspect', { method: 'POST', body: new URLSearchParams({ token: 'x' }) }),
      };
    }, server.issuer);
    assert.deepEqual(outcomes, { discovery: 200, keys: 200, token: 'refused', userinfo: 'refused', revoke: 'refused',
      introspect: 'refused' });
    await context.close();
    await stranger.stop();
  });
});
