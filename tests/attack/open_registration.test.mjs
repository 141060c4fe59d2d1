// Attacks on open registration (RG): what a stranger's client may not do, and how many strangers there can be.
import assert from 'node:assert/strict';
import { statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Browser, signIn, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { addInitialAccess, manage, register } from '../support/registration.mjs';
import { assertOAuthError, authorizeUrl, call, makePkce, obtainCode, redeem, refresh }
  from '../support/relying_party.mjs';

const METADATA = { client_name: 'Attacker', redirect_uris: ['https://rp.test/cb'] };
// How many registrations the flood sends, twice; LATCHKEY_FLOOD=10000 for the full size.
const FLOOD = Number(process.env.LATCHKEY_FLOOD ?? 600);

onEachBackend('RG quarantine', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend, settings: { registration: 'open', registration_address_attempts: 1000 } });
    fixtures = await seed(server, { clients: [], users: ['alice'] });
  });
  after(() => server?.stop());

  test('a stranger\'s client gets no refresh token and no way around it', async () => {
    const wanted = { ...METADATA, grant_types: ['authorization_code', 'refresh_token'],
      scope: 'openid email offline_access' };
    const made = (await register(server, wanted)).json();
    assert.deepEqual(made.grant_types, ['authorization_code']);
    assert.equal(made.scope, 'openid email');
    for (const metadata of [wanted, { ...wanted, scope: undefined }, { ...wanted, scope: 'offline_access' }]) {
      const answer = await manage(server, 'PUT', made.client_id, made.registration_access_token,
        { ...metadata, client_id: made.client_id, quarantined: false });
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.json().grant_types, ['authorization_code']);
      assert.ok(!answer.json().scope.split(' ').includes('offline_access'));
      assert.ok(answer.json().scope.length > 0);
    }
    await manage(server, 'PUT', made.client_id, made.registration_access_token, { ...wanted, client_id: made.client_id });
    const grant = await obtainCode(server, made, fixtures.alice, { scope: 'openid email', prompt: 'consent' });
    const tokens = (await redeem(server, made, grant)).json();
    assert.ok(tokens.access_token);
    assert.equal(tokens.refresh_token, undefined);
    assertOAuthError(await refresh(server, made, 'lkr_x'), 400, ['unauthorized_client', 'invalid_grant']);
  });

  test('no redirect before a person has acted', async () => {
    const made = (await register(server, { ...METADATA, redirect_uris: ['https://evil.test/cb'] })).json();
    const pkce = { code_challenge: makePkce().challenge, code_challenge_method: 'S256' };
    for (const parameters of [{ prompt: 'none' }, { response_type: 'zzz' }, { scope: 'nonsense' }, { max_age: '-1' },
      { prompt: 'none login' }, { code_challenge: undefined, code_challenge_method: undefined, response_mode: 'zzz' }]) {
      const page = await new Browser(server).open(authorizeUrl(server, made, { ...pkce, ...parameters }));
      assert.equal(page.redirect, undefined, JSON.stringify(parameters));
    }
    const page = await signIn(new Browser(server), authorizeUrl(server, made, pkce), fixtures.alice, { decision: 'deny' });
    assert.equal(page.parameters.error, 'access_denied');
  });

  test('the consent page says so, and where it leads', async () => {
    const made = (await register(server, { ...METADATA, client_name: 'Your Bank', redirect_uris: ['https://evil.test/cb'] })).json();
    const pkce = { code_challenge: makePkce().challenge, code_challenge_method: 'S256' };
    const browser = new Browser(server);
    const page = await typePassword(browser, await browser.open(authorizeUrl(server, made, pkce)), fixtures.alice);
    assert.ok(page.has('consent-unverified'), page.text.slice(0, 400));
    assert.match(page.text, /evil\.test/);
  });

  test('no CORS for a stranger\'s origin', async () => {
    const made = (await register(server, { ...METADATA, redirect_uris: ['https://cors.evil.test/cb'] })).json();
    const answer = await call(server, '/token', made, { grant_type: 'authorization_code', code: 'x' },
      { headers: { origin: 'https://cors.evil.test' } });
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });
});

onEachBackend('RG bounds', (backend) => {
  /** Bytes of an SQLite database with its log; 0 for PostgreSQL. */
  const databaseBytes = (server) => readdirSync(server.folder).filter((name) => name.startsWith('latchkey.db'))
    .reduce((sum, name) => sum + statSync(join(server.folder, name)).size, 0);

  test('strangers are counted by source', async () => {
    const server = await startLatchkey({ backend, settings: { registration: 'open', registration_address_attempts: 5 } });
    try {
      const answers = await Promise.all(Array.from({ length: 30 }, () => register(server, METADATA)));
      assert.equal(answers.filter((answer) => answer.status === 201).length, 5);
      const refused = answers.find((answer) => answer.status !== 201);
      assertOAuthError(refused, 429, 'temporarily_unavailable');
      assert.ok(Number(refused.headers['retry-after']) >= 1);
      assert.ok(Number(refused.headers['retry-after']) <= 3600);
      // Updates of theirs count too: they make the server fetch. A token does not count.
      const made = answers.find((answer) => answer.status === 201).json();
      assertOAuthError(await manage(server, 'PUT', made.client_id, made.registration_access_token,
        { ...METADATA, client_id: made.client_id }), 429, 'temporarily_unavailable');
      const { initial_access_token: token } = await addInitialAccess(server);
      assert.equal((await register(server, METADATA, token)).status, 201);
    } finally {
      await server.stop();
    }
  });

  test(`${FLOOD} hostile registrations stay bounded`, async () => {
    const most = 100;
    const server = await startLatchkey({ backend, settings: { registration: 'open',
      registration_address_attempts: 1_000_000, registration_most_unverified: most } });
    try {
      const fixtures = await seed(server, { clients: ['web'], users: ['alice'] });
      const filler = 'x'.repeat(60_000);
      const hostile = [
        () => register(server, { ...METADATA, client_name: 'y'.repeat(200), contacts: Array(28).fill('z'.repeat(2000)) }),
        () => register(server, METADATA),
        () => register(server, { ...METADATA, unknown: filler }),
        () => register(server, '{"redirect_uris":'),
        () => register(server, { ...METADATA, sector_identifier_uri: 'https://[64:ff9b::7f00:1]/x' }),
        () => register(server, METADATA, 'lki_AAAA'),
        () => manage(server, 'DELETE', 'unknown', 'lkg_AAAA'),
        () => register(server, 'x'.repeat(70_000)),
      ];
      const statuses = new Map();
      let sent = 0;
      const worker = async () => {
        while (sent < FLOOD) {
          const answer = await hostile[sent++ % hostile.length]();
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
      const resident = await server.residentKib();
      const size = databaseBytes(server);
      assert.equal(statuses.get(201), most, JSON.stringify([...statuses]));
      assert.deepEqual([...statuses.keys()].filter((status) => ![201, 400, 401, 413, 503].includes(status)), []);
      const unverified = JSON.parse((await server.command(['client', 'list', '--limit', '1000', '--json'])).stdout)
        .filter((client) => client.unverified);
      assert.equal(unverified.length, most);
      assert.ok(size < 64 * 1024 * 1024, `database ${size} bytes`);
      // The same again adds nothing.
      sent = 0;
      await Promise.all(Array.from({ length: 16 }, worker));
      assert.equal(statuses.get(201), most);
      const grown = await server.residentKib() - resident;
      assert.ok(grown < 48 * 1024, `resident memory grew by ${grown} KiB`);
      // People sign in as before.
      assert.equal((await redeem(server, fixtures.web, await obtainCode(server, fixtures.web, fixtures.alice))).status, 200);
    } finally {
      await server.stop();
    }
  });

  test('registering and deleting in turns is bounded by the source', async () => {
    const server = await startLatchkey({ backend, settings: { registration: 'open', registration_address_attempts: 10,
      registration_most_unverified: 2 } });
    try {
      let made = 0;
      for (let i = 0; i < 20; ++i) {
        const answer = await register(server, METADATA);
        if (answer.status !== 201) {
          assertOAuthError(answer, 429, 'temporarily_unavailable');
          continue;
        }
        made += 1;
        const { client_id: id, registration_access_token: access } = answer.json();
        assert.equal((await manage(server, 'DELETE', id, access)).status, 204);
      }
      assert.equal(made, 10);
    } finally {
      await server.stop();
    }
  });
});
