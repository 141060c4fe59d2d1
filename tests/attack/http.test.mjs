// Attacks on the HTTP layer, over raw sockets (HT).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Browser, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { startLatchkey } from '../support/latchkey.mjs';
import { exchange, rawRequest } from '../support/raw_http.mjs';
import { authorizeUrl, makePkce } from '../support/relying_party.mjs';

describe('HT', () => {
  let server;
  let host;
  const FORM = 'Content-Type: application/x-www-form-urlencoded';
  // Were it answered, its path would show in a 404, or its status as a second answer.
  let smuggled;

  before(async () => {
    server = await startLatchkey({ settings: { throttle_address_attempts: 6 } });
    host = `Host: ${server.host}`;
    smuggled = rawRequest('GET /livez HTTP/1.1', [host]);
  });
  after(() => server?.stop());

  const raw = (bytes, options) => exchange(server.port, bytes, options);
  /** One answer with 400 (or what is given), the connection closed, nothing after it. */
  function assertRefused(result, what, statuses = [400]) {
    assert.equal(result.statuses.length, 1, `${what}: ${result.statuses}\n${result.text}`);
    assert.ok(statuses.includes(result.statuses[0]), `${what}: ${result.statuses}`);
    assert.ok(result.closed, `${what}: left open`);
    assert.match(result.text, /^connection: close\r$/im, what);
  }

  test('a sound request, and two in a row, are answered', async () => {
    const one = await raw(rawRequest('GET /livez HTTP/1.1', [host]), { quietMs: 300 });
    assert.deepEqual(one.statuses, [200]);
    const two = await raw(smuggled + smuggled, { quietMs: 300 });
    assert.deepEqual(two.statuses, [200, 200]);
    const old = await raw(rawRequest('GET /livez HTTP/1.0', [host]), { quietMs: 1500 });
    assert.deepEqual(old.statuses, [200]);
    assert.ok(old.closed);
  });

  test('HT-01 Content-Length and Transfer-Encoding, in both orders', async () => {
    const fields = ['Content-Length: 4', 'Transfer-Encoding: chunked'];
    for (const order of [fields, fields.toReversed()]) {
      for (const body of ['0\r\n\r\n', `5c\r\n${'x'.repeat(0x5c)}\r\n0\r\n\r\n`]) {
        const result = await raw(rawRequest('POST /token HTTP/1.1', [host, FORM, ...order], `${body}${smuggled}`));
        assertRefused(result, order.join(), [400, 411]);
      }
    }
  });

  test('HT-02 Transfer-Encoding in every disguise', async () => {
    const disguises = ['gzip', 'xchunked', 'chunked, identity', 'identity', 'chunked;q=1', 'Chunked', 'chunked, chunked',
      '\x0bchunked', '"chunked"', 'chunked\t', ' chunked', '', 'identity, chunked'];
    const lines = [...disguises.map((value) => [`Transfer-Encoding: ${value}`]),
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
      ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], ['Transfer-Encoding : chunked'],
      [' Transfer-Encoding: chunked'], ['TRANSFER-ENCODING: chunked'], ['Transfer-Encoding:chunked'],
      ['Foo: bar\r\n\tTransfer-Encoding: chunked', 'Transfer-Encoding: x'], ['Transfer-Encoding\t: chunked']];
    for (const fields of lines) {
      for (const length of [[], ['Content-Length: 0']]) {
        const result = await raw(rawRequest('POST /token HTTP/1.1', [host, FORM, ...fields, ...length],
          `0\r\n\r\n${smuggled}`), { quietMs: 500 });
        assertRefused(result, JSON.stringify(fields), [400, 411]);
      }
    }
  });

  test('HT-03 HTTP/1.0 with chunked', async () => {
    assertRefused(await raw(rawRequest('POST /token HTTP/1.0', [host, FORM, 'Transfer-Encoding: chunked'],
      `0\r\n\r\n${smuggled}`)), '1.0', [400, 411]);
  });

  test('HT-04 Content-Length in every disguise', async () => {
    const disguises = [['Content-Length: +4'], ['Content-Length: -4'], ['Content-Length: 0x4'], ['Content-Length: 4 4'],
      ['Content-Length: 4, 4'], ['Content-Length: 4', 'Content-Length: 4'], ['Content-Length: 4', 'Content-Length: 5'],
      ['Content-Length: '], ['Content-Length: 4a'], ['Content-Length: 18446744073709551620'], ['Content-Length: 4.0'],
      ['Content-Length : 4'], ['Content-Length: \x0b4'], ['Content-Length: "4"']];
    for (const fields of disguises) {
      const result = await raw(rawRequest('POST /token HTTP/1.1', [host, FORM, ...fields], `abcd${smuggled}`), { quietMs: 500 });
      assertRefused(result, JSON.stringify(fields), [400, 411, 413]);
    }
    // A GET with a body: the body is no request.
    const got = await raw(rawRequest('GET /livez HTTP/1.1', [host, `Content-Length: ${smuggled.length}`], smuggled), { quietMs: 400 });
    assert.ok(got.statuses.length === 1, `${got.statuses}`);
  });

  test('HT-05 trailers', async () => {
    const trailers = 'Host: evil.test\r\nAuthorization: Basic eDp5\r\nCookie: a=b\r\n';
    for (const fields of [['Trailer: Host, Authorization, Cookie', 'Transfer-Encoding: chunked'],
      ['Trailer: Host'], ['Trailer: X', 'Content-Length: 0'], ['Transfer-Encoding: chunked']]) {
      const result = await raw(rawRequest('POST /token HTTP/1.1', [host, FORM, ...fields],
        `0\r\n${trailers}\r\n${smuggled}`), { quietMs: 500 });
      assertRefused(result, fields.join(), [400, 411]);
    }
  });

  test('HT-08 Host', async () => {
    const lines = [[], [host, host], [host, 'Host: evil.test'], ['Host: evil.test', host], ['Host: '], ['Host'],
      [`Host: ${server.host},evil.test`], [`Host: ${server.host} evil.test`], [`Host: user@${server.host}`],
      [`Host: ${server.host}:x`], ['Host: localhost:99999'], [`Host: ${server.host}/x`], [`Host: ${server.host}#`],
      ['Host: evil.test'], [`Host: evil.test:${server.port}`], ['Host: 192.0.2.1'], ['Host: [::ffff:127.0.0.1]'],
      [`Host: ${server.host}.`], [`Host: ${server.host}:`], ['Host: localhost:\t80'], [`Host : ${server.host}`],
      [`Host: good:evil@${server.host}`], [`Host: %6cocalhost:${server.port}`]];
    for (const fields of lines) {
      for (const path of ['/.well-known/openid-configuration', '/authorize', '/login']) {
        const result = await raw(rawRequest(`GET ${path} HTTP/1.1`, fields), { quietMs: 400 });
        assert.equal(result.statuses.length, 1, JSON.stringify(fields));
        assert.ok([400, 421].includes(result.statuses[0]), `${JSON.stringify(fields)}: ${result.statuses}`);
        assert.doesNotMatch(result.text, /^location:/im);
        assert.ok(!result.text.includes('https://evil') && !result.text.includes('http://evil'));
      }
    }
    for (const fields of lines.slice(0, 6)) {
      const result = await raw(rawRequest('GET /livez HTTP/1.1', fields), { quietMs: 400 });
      assertRefused(result, JSON.stringify(fields));
    }
    const upper = await raw(rawRequest('GET /livez HTTP/1.1', [`Host: ${server.host.toUpperCase()}`]), { quietMs: 300 });
    assert.deepEqual(upper.statuses, [200]);
  });

  test('HT-08 an unknown Host and an address that is too long: browsers get a page, which repeats nothing', async () => {
    const page = 'Accept: text/html,*/*;q=0.8';
    const asked = {
      421: (...fields) => rawRequest('GET /authorize?client_id=markzero HTTP/1.1', ['Host: evil.test', ...fields]),
      414: (...fields) => rawRequest(`GET /authorize?state=${'markzero'.repeat(1100)} HTTP/1.1`, [host, ...fields]),
    };
    for (const [status, make] of Object.entries(asked)) {
      const shown = await raw(make(page, 'Accept-Language: de') + smuggled);
      assertRefused(shown, status, [Number(status)]);
      assert.match(shown.text, /^content-type: text\/html/im);
      assert.match(shown.text, /^content-security-policy: default-src 'none'/im);
      assert.match(shown.text, /<html lang="de"/);
      assert.doesNotMatch(shown.text, /evil\.test|markzero/);
      assert.equal(shown.text.includes(`href="${server.issuer}"`), status === '421');
      const told = await raw(make('Accept: application/json') + smuggled);
      assertRefused(told, status, [Number(status)]);
      assert.match(told.text, /^content-type: application\/json/im);
      assert.match(told.text, /"error":"invalid_request"/);
    }
    // What the page is made of can be had under any name, and nothing else.
    const { text } = await send(server.url('/nothing-here'), { headers: { accept: 'text/html' } });
    for (const [, path] of text.matchAll(/href="(\/static\/[^"]+)"/g)) {
      assert.equal((await send(server.url(path), { headers: { host: 'evil.test' } })).status, 200, path);
      assert.equal((await send(server.url(`${path}x`), { headers: { host: 'evil.test' } })).status, 421, path);
    }
  });

  test('HT-08 targets that are not of origin form', async () => {
    for (const target of [`http://${server.host}/livez`, 'http://evil.test/livez', `https://${server.host}/livez`, '*',
      `${server.host}`, 'livez', '/liv\\ez', '/livez%00', '/l\xefvez', '/liv ez', '//evil.test/livez', '/livez#x', '']) {
      const result = await raw(rawRequest(`GET ${target} HTTP/1.1`, [host]), { quietMs: 400 });
      assert.equal(result.statuses.length, 1, target);
      assert.ok([400, 404].includes(result.statuses[0]), `${target}: ${result.statuses}`);
      assert.doesNotMatch(result.text, /^location:/im);
    }
    for (const line of ['GET /livez', 'GET /livez HTTP/2.0', 'GET /livez HTTP/1.2', 'GET  /livez HTTP/1.1', 'GET /livez HTTP/1.1 x',
      'CONNECT evil.test:443 HTTP/1.1', 'TRACE /livez HTTP/1.1', 'PRI * HTTP/2.0', 'BREW /livez HTTP/1.1', 'get /livez HTTP/1.1']) {
      const result = await raw(rawRequest(line, [host]), { quietMs: 400 });
      assert.ok(result.statuses.every((status) => [400, 404, 405, 501, 505].includes(status)), `${line}: ${result.statuses}`);
      assert.ok(result.statuses.length <= 1);
    }
  });

  test('HT-08 a poisoned Host or forwarded header moves no redirect (as ML-05)', async () => {
    const { web } = await seed(server);
    const url = new URL(authorizeUrl(server, web, { code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
    for (const headers of [{ 'x-forwarded-host': 'evil.test' }, { forwarded: 'host=evil.test;proto=https' },
      { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https', 'x-forwarded-port': '444' },
      { 'x-forwarded-prefix': '/evil' }, { 'x-original-url': '/evil' }, { 'x-rewrite-url': '/evil' },
      { 'x-host': 'evil.test' }, { origin: 'https://evil.test', referer: 'https://evil.test/' }]) {
      const browser = new Browser(server);
      browser.extraHeaders = headers;
      const page = await browser.open(url);
      assert.ok(page.has('login-email'), `${JSON.stringify(headers)} ${page.status}`);
      for (const step of page.visited) assert.ok(!step.location.includes('evil'), step.location);
      assert.ok(!page.text.includes('evil'));
      const discovery = await send(server.url('/.well-known/openid-configuration'), { headers });
      assert.ok(!discovery.text.includes('evil'));
      assert.equal(discovery.json().issuer, server.issuer);
    }
    const poisoned = await raw(rawRequest(`GET http://evil.test${url.pathname}${url.search} HTTP/1.1`, [host]), { quietMs: 400 });
    assertRefused(poisoned, 'absolute form');
  });

  test('HT-02 fields: too many, too long, badly made', async () => {
    const bad = {
      'too many': Array.from({ length: 150 }, (_, index) => `X-${index}: y`),
      'too long': [`X: ${'y'.repeat(17 * 1024)}`],
      'no colon': ['Nonsense'],
      'space in a name': ['X Y: z'],
      'no name': [': z'],
      'a bare CR': ['X: y\rz'],
      'a NUL': ['X: y\0z'],
      'a control character': ['X: y\x01z'],
      'a folded line': ['X: y\r\n z'],
    };
    for (const [what, fields] of Object.entries(bad)) {
      const result = await raw(rawRequest('GET /livez HTTP/1.1', [host, ...fields]), { quietMs: 500 });
      if (what === 'a folded line' && result.statuses[0] === 200) continue; // Read as one line: harmless.
      assertRefused(result, what, [400, 431]);
    }
    const longTarget = await raw(rawRequest(`GET /livez?${'x'.repeat(20_000)} HTTP/1.1`, [host]), { quietMs: 500 });
    assert.ok([400, 414, 431].includes(longTarget.statuses[0]), `${longTarget.statuses}`);
    const bareLf = await raw(`GET /livez HTTP/1.1\n${host}\n\n`, { quietMs: 1000 });
    assert.ok(bareLf.statuses.length <= 1 && bareLf.statuses[0] !== 200, bareLf.text);
  });

  test('HT-14 static traversal', async () => {
    const page = await send(server.url('/'));
    const [, style] = page.text.match(/href="(\/static\/[^"]+\.css)"/);
    const good = await send(server.url(style));
    assert.equal(good.status, 200);
    assert.match(good.headers['content-type'], /^text\/css/);
    assert.match(good.headers['cache-control'], /immutable/);
    assert.equal(good.headers['x-content-type-options'], 'nosniff');
    const name = style.slice('/static/'.length);
    for (const target of ['/static/../../etc/passwd', '/static/%2e%2e/%2e%2e/etc/passwd', '/static/..%5c..%5cetc/passwd',
      `/static/${name}%00.css`, '/static//etc/passwd', '/static/', '/static', `/static/../static/${name}`, `/static/./${name}`,
      `/static/${name}/`, '/static/style.css', '/etc/passwd', '/..', '/%2e%2e/etc/passwd', `/static/${name.toUpperCase()}`,
      '/static/....//etc/passwd', '/static/%252e%252e/etc/passwd']) {
      const result = await raw(rawRequest(`GET ${target} HTTP/1.1`, [host]), { quietMs: 300 });
      assert.ok([400, 404].includes(result.statuses[0]), `${target}: ${result.statuses}`);
      assert.ok(!result.text.includes('root:'));
    }
  });

  test('HT-17 X-Forwarded-* from a peer that is no trusted proxy', async () => {
    const fixtures = await server.addClient({ name: 'Forwarded', redirect_uris: ['https://f.test/cb'], first_party: true });
    const url = authorizeUrl(server, fixtures, { code_challenge: makePkce().challenge, code_challenge_method: 'S256' });
    const results = [];
    for (let index = 0; index < 9; index++) {
      const browser = new Browser(server);
      browser.extraHeaders = { 'x-forwarded-for': `203.0.113.${index}`, 'x-real-ip': `203.0.113.${index}`,
        forwarded: `for=203.0.113.${index}`, 'x-forwarded-proto': 'https' };
      const page = await browser.open(url);
      for (const [name, cookie] of browser.jar) {
        assert.ok(!name.startsWith('__Host-'));
        assert.doesNotMatch(cookie.line, /; Secure/i);
      }
      const answer = await typePassword(browser, page, { email: `n${index}@example.com`, password: 'guess-guess-1' });
      results.push(answer.text.includes('too many attempts') ? 'throttled' : 'wrong');
    }
    assert.deepEqual(results, [...Array(6).fill('wrong'), ...Array(3).fill('throttled')]);
  });
});
