// What operators see: health, metrics, the log, and what `latchkey explain` says about a failure.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Browser, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { BACKENDS, onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { freePort } from '../support/ports.mjs';
import { postgres } from '../support/postgres.mjs';
import { authorizeUrl, call, makePkce, obtainTokens, userinfo } from '../support/relying_party.mjs';

const EVENT = /LK-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/;
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

onEachBackend('explain', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web'] });
  });
  after(() => server?.stop());

  /** The failures are written in batches, so the first question may come too early. */
  async function explain(id) {
    for (let tries = 0; ; tries++) {
      try {
        return (await server.command(['explain', id])).stdout;
      } catch (error) {
        if (tries === 20) throw error;
        await pause(250);
      }
    }
  }

  test('a redirect URI that is not registered: the page, the log and explain name the same event', async () => {
    const page = await new Browser(server).open(
      authorizeUrl(server, fixtures.web, { redirect_uri: 'https://rp.test/cb2' }));
    assert.match(page.reference, EVENT);
    assert.ok(server.log.includes(page.reference));
    const text = await explain(page.reference);
    assert.match(text, /redirect_uri/);
    assert.ok(text.includes('https://rp.test/cb2'), text);
    assert.ok(text.includes(fixtures.web.client_id));
  });

  test('a token error has its event in error_description', async () => {
    const answer = await call(server, '/token', fixtures.web, { grant_type: 'authorization_code', code: 'nonsense',
      redirect_uri: 'https://rp.test/cb' });
    const [id] = answer.json().error_description.match(EVENT);
    const text = await explain(id.toLowerCase().replaceAll('-', ''));
    assert.match(text, /invalid_grant/);
    assert.match(text, /\/token/);
  });

  test('a wrong password', async () => {
    const browser = new Browser(server);
    const first = await browser.open(authorizeUrl(server, fixtures.web,
      { code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
    const page = await typePassword(browser, first, { ...fixtures.alice, password: 'not-My-password-1' });
    assert.match(page.reference ?? '', EVENT);
    const text = await explain(page.reference);
    assert.match(text, /password/i);
    assert.ok(!text.includes('not-My-password-1'));
  });

  test('an event that nobody knows', async () => {
    await assert.rejects(server.command(['explain', 'LK-0000-0000-0000-0000']), (error) => {
      assert.ok(error.result.stderr.length > 0);
      return true;
    });
    await assert.rejects(server.command(['explain', 'what?']));
  });
});

describe('health', () => {
  let server;
  before(async () => { server = await startLatchkey(); });
  after(() => server?.stop());

  test('/health says status and version', async () => {
    const answer = await send(server.url('/health'));
    assert.equal(answer.status, 200);
    const body = answer.json();
    assert.match(body.status, /^(ok|pass|up)$/i);
    assert.match(body.version, /^\d+\.\d+\.\d+/);
    assert.match(answer.headers['cache-control'] ?? '', /no-store/);
  });

  test('/livez and /readyz answer whatever the Host, /health does not', async () => {
    for (const path of ['/livez', '/readyz']) {
      assert.equal((await send(server.url(path), { headers: { host: '10.0.0.7:4711' } })).status, 200);
    }
    assert.ok([400, 421].includes((await send(server.url('/health'), { headers: { host: 'other.test' } })).status));
  });

  test('the log is one JSON object per line', () => {
    const lines = server.log.split('\n').filter((line) => line && !line.startsWith('latchkey: '));
    for (const line of lines) assert.equal(typeof JSON.parse(line), 'object', line);
  });
});

describe('metrics', () => {
  let server;
  let metrics;
  let port;
  before(async () => {
    port = await freePort();
    server = await startLatchkey({ settings: { management_listen: `127.0.0.1:${port}`,
      management_hosts: 'metrics.internal' } });
    metrics = (host = `127.0.0.1:${port}`) => send(`http://127.0.0.1:${port}/metrics`, { headers: { host } });
  });
  after(() => server?.stop());

  test('count requests and sign-ins, and name nobody', async () => {
    const { web, alice } = await seed(server);
    const tokens = await obtainTokens(server, web, alice, { scope: 'openid email' });
    await userinfo(server, tokens.access_token);
    const answer = await metrics();
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^text\/plain/);
    assert.match(answer.text, /\{[^}]*route="\/token"[^}]*\}/);
    assert.match(answer.text, /outcome="success"/);
    assert.match(answer.text, /queue/);
    for (const secret of ['alice', web.client_id, tokens.access_token.slice(0, 30)]) {
      assert.ok(!answer.text.includes(secret), secret);
    }
    for (const line of answer.text.split('\n').filter(Boolean)) {
      assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [-+0-9.eInfNa]+)$/);
    }
  });

  test('are not on the public listener, and only for loopback or configured names', async () => {
    assert.equal((await send(server.url('/metrics'))).status, 404);
    for (const host of ['localhost', `localhost:${port}`, '[::1]', 'metrics.internal']) {
      assert.equal((await metrics(host)).status, 200, host);
    }
    for (const host of ['evil.test', `evil.test:${port}`, '127.0.0.1.evil.test', 'metrics.internal.evil.test']) {
      assert.ok([400, 403, 421].includes((await metrics(host)).status), host);
    }
  });
});

describe('PostgreSQL goes away', { skip: !BACKENDS.includes('postgresql') }, () => {
  test('503 while it is gone, discovery and JWKS still answer, and it heals by itself', async () => {
    const server = await startLatchkey({ backend: 'postgresql', settings: { database_timeout: '2s' } });
    const { web, alice } = await seed(server);
    const tokens = await obtainTokens(server, web, alice);
    const cluster = await postgres();
    await cluster.stop('immediate');
    try {
      const answer = await call(server, '/token', web,
        { grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
      assert.equal(answer.status, 503, answer.text);
      assert.equal(answer.json().error, 'temporarily_unavailable');
      assert.ok(Number(answer.headers['retry-after']) >= 1);
      for (const path of ['/jwks', '/.well-known/openid-configuration', '/livez']) {
        assert.equal((await send(server.url(path))).status, 200, path);
      }
      await pause(2000);
      assert.equal((await send(server.url('/readyz'))).status, 503);
    } finally {
      await cluster.start();
    }
    const since = Date.now();
    while ((await send(server.url('/readyz'))).status !== 200) {
      assert.ok(Date.now() - since < 5000, 'not ready within 5 s of the return of the database');
      await pause(100);
    }
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
    await server.stop();
  });
});
