// Attacks on the redirect URI of the authorization request (AZ).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser, signIn } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, runProgram, startLatchkey } from '../support/latchkey.mjs';
import { assertLocalError, authorizeUrl, makePkce, obtainCode } from '../support/relying_party.mjs';

onEachBackend('AZ', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'native', 'spa', 'trusted'] });
  });
  after(() => server?.stop());

  const pkce = () => ({ code_challenge: makePkce().challenge, code_challenge_method: 'S256' });
  /** Every one of these addresses must meet a page of ours, signed in or not. */
  async function refusesAll(client, addresses, more = {}) {
    const { browser } = await obtainCode(server, fixtures.trusted, fixtures.alice);
    for (const redirect_uri of addresses) {
      for (const who of [new Browser(server), browser]) {
        for (const prompt of [undefined, 'none']) {
          const page = await who.open(authorizeUrl(server, client, { ...pkce(), redirect_uri, prompt, ...more }));
          assertLocalError(page);
          assert.ok(!page.text.includes(`href="${redirect_uri}`));
        }
      }
    }
  }
  const register = (uri) => runProgram(['client', 'add', '--name', 'Bad', '--redirect-uri', uri, '--json'],
    { settings: server.settings, cwd: server.folder });
  async function registrationRefuses(uris) {
    for (const uri of uris) {
      const result = await register(uri);
      assert.notEqual(result.code, 0, `registered ${uri}`);
      assert.notEqual(result.code, null);
      assert.match(result.stderr, /redirect/i);
    }
  }

  test('AZ-01 unknown client + any redirect', async () => {
    const unknown = { client_id: 'nope', redirect_uris: ['https://evil.test'] };
    await refusesAll(unknown, ['https://evil.test', 'https://rp.test/cb']);
    for (const client_id of [undefined, '', ' ', `${fixtures.web.client_id} `, fixtures.web.client_id.toUpperCase(),
      'a'.repeat(5000), "' OR 1=1--", `${fixtures.web.client_id}\u0000`]) {
      if (client_id === fixtures.web.client_id) continue;
      const page = await new Browser(server).open(authorizeUrl(server, fixtures.web, { ...pkce(), client_id }));
      assert.ok([400, 414, 431].includes(page.status), `${page.status}`);
      assert.equal(page.redirect, undefined);
    }
  });

  test('AZ-02 known client, unregistered redirect, other parameters broken', async () => {
    for (const more of [{ response_type: 'zzz' }, { response_type: undefined }, { scope: undefined },
      { prompt: 'none' }, { code_challenge: undefined, code_challenge_method: undefined },
      { request: 'x.y.z' }, { request_uri: 'https://evil.test/r' }, { response_mode: 'fragment' }, { max_age: '-1' }]) {
      const page = await new Browser(server).open(authorizeUrl(server, fixtures.web,
        { ...pkce(), redirect_uri: 'https://evil.test/cb', ...more }));
      assertLocalError(page);
    }
  });

  test('AZ-03 prefix', async () => {
    await refusesAll(fixtures.web, ['https://rp.test/cb/../../evil', 'https://rp.test/cbevil', 'https://rp.test/cb/x',
      'https://rp.test/cb?x=1', 'https://rp.test/cb?', 'https://rp.test/cb;a', 'https://rp.test/cb/..;/x',
      'https://rp.test/cb/', 'https://rp.test/', 'https://rp.test', 'https://rp.test/%63b', 'https://rp.test/./cb',
      'https://rp.test//cb', 'https://rp.test:443/cb', 'https://rp.test:8443/cb', 'https://rp.test/cb%20',
      ' https://rp.test/cb', 'https://rp.test/cb ', 'https://rp.test\\/cb', 'https://evil.test/?https://rp.test/cb']);
  });

  test('AZ-04 userinfo', async () => {
    await refusesAll(fixtures.web, ['https://rp.test@evil.test/cb', 'https://rp.test:x@evil.test',
      'https://a@b@rp.test/cb', 'http://localhost:8090%25@evil.test', 'https://x@rp.test/cb', 'https://rp.test\\@evil.test/cb']);
    await registrationRefuses(['https://x@rp.test/cb', 'https://x:y@rp.test/cb']);
  });

  test('AZ-05 case', async () => {
    await refusesAll(fixtures.web, ['https://rp.test/CB', 'HTTPS://rp.test/cb', 'https://RP.test/cb', 'Https://rp.test/cb']);
  });

  test('AZ-07 fragment', async () => {
    await refusesAll(fixtures.web, ['https://rp.test/cb#f', 'https://rp.test/cb#', 'https://rp.test/cb%23f']);
    await registrationRefuses(['https://rp.test/cb#f', 'https://rp.test/cb#']);
  });

  test('AZ-11 loopback extras', async () => {
    await refusesAll(fixtures.native, ['http://127.0.0.1:1/cb?x=1', 'http://127.0.0.1/other', 'http://127.0.0.1:1/cb/',
      'http://127.0.0.1.evil.test/cb', 'http://127.0.0.1@evil.test/cb', 'http://127.0.0.1:80@evil.test/cb',
      'http://0.0.0.0/cb', 'http://[::ffff:127.0.0.1]/cb', 'http://localhost:1/cb', 'https://127.0.0.1:1/cb',
      'http://127.0.0.2/cb', 'http://127.1/cb', 'http://2130706433/cb', 'http://127.0.0.1:99999/cb',
      'http://127.0.0.1:-1/cb', 'http://127.0.0.1:x/cb', 'http://[::1%25lo]/cb', 'http://[0:0:0:0:0:0:0:1]/cb',
      'http://127.0.0.1:1/cb#f', 'com.ex.app:/other', 'com.ex.app://cb', 'COM.EX.APP:/cb', 'com.ex.app:/cb?x']);
  });

  test('AZ-13 wildcard', async () => {
    await registrationRefuses(['https://*.rp.test/cb', 'https://rp.test/*', 'http://localhost:*', 'https://*', '*']);
  });

  test('AZ-14 dangerous schemes', async () => {
    const bad = ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' data:text/html,x', 'data:text/html,x', 'vbscript:x',
      'file:///etc/passwd', 'blob:https://rp.test/x', 'about:blank', 'java\nscript:alert(1)', '\u0001javascript:x',
      'ftp://rp.test/cb', 'http://rp.test/cb', 'mailto:a@b.test', 'rp.test/cb', '//rp.test/cb', 'https:/rp.test', 'https:'];
    await registrationRefuses(bad);
    await refusesAll(fixtures.web, bad);
  });

  test('AZ-20 response parameter injection', async () => {
    const { browser } = await obtainCode(server, fixtures.trusted, fixtures.alice);
    const states = ['a\r\nSet-Cookie: x=1', '"><script>alert(1)</script>', 'a&code=forged&iss=https://evil.test',
      'a#code=forged', 'ü\u2028%0d%0a', 'x'.repeat(4096)];
    for (const state of states) {
      for (const who of [browser, new Browser(server)]) {
        let page;
        try {
          page = await signIn(who, authorizeUrl(server, fixtures.trusted, { ...pkce(), state }), fixtures.alice);
        } catch (error) {
          // Control characters may also be refused on a page of ours.
          assert.match(error.message, /with 400/);
          assert.match(state, /\r\n/);
          continue;
        }
        assert.ok(page.parameters.code && page.parameters.code !== 'forged');
        assert.equal(page.parameters.state, state);
        assert.equal(page.parameters.iss, server.issuer);
        assert.doesNotMatch(page.redirect, /[\r\n"<>#]/);
        assert.ok(!page.answer.cookies.some((line) => line.startsWith('x=1')));
      }
      const error = await browser.open(authorizeUrl(server, fixtures.trusted, { ...pkce(), state, response_type: 'zzz' }));
      if (error.redirect) {
        assert.equal(error.parameters.state, state);
        assert.doesNotMatch(error.redirect, /[\r\n"<>]/);
      } else assert.equal(error.status, 400);
    }
  });

  test('AZ-20 what a page repeats is text', async () => {
    const page = await new Browser(server).open(authorizeUrl(server, fixtures.web,
      { ...pkce(), redirect_uri: 'https://evil.test/"><img src=x onerror=alert(1)>' }));
    assertLocalError(page);
    assert.ok(!page.text.includes('<img src=x'));
    assert.match(page.headers['content-security-policy'], /default-src 'none'/);
    assert.doesNotMatch(page.headers['content-security-policy'], /unsafe/);
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
  });
});
