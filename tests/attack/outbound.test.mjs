// Attacks through the server's own requests (RG-03): what an application registered leads inside, redirects,
// answers without end, or makes the server ask again and again.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { ALICE } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { HttpsParty } from '../support/https_party.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { obtainTokens } from '../support/relying_party.mjs';

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Counts whoever connects. */
async function startCanary() {
  const canary = net.createServer((socket) => {
    canary.hits++;
    socket.destroy();
  });
  canary.hits = 0;
  await new Promise((done) => { canary.listen(0, '127.0.0.1', done); });
  canary.port = canary.address().port;
  return canary;
}

onEachBackend('outgoing requests', (backend) => {
  let party;
  let canary;

  before(async () => {
    party = await new HttpsParty().start();
    canary = await startCanary();
  });
  after(async () => {
    canary?.close();
    await party?.stop();
  });

  const addClient = (server, name, metadata, more = {}) => server.addClient({
    name, redirect_uris: ['https://rp.test/cb'], first_party: true, metadata, ...more });
  const ledger = async (server) => JSON.parse(
    (await server.command(['logout', 'list', '--json', '--limit', '1000'])).stdout);
  const signOut = (server, tokens) =>
    tokens.browser.open(`${server.url('/logout')}?id_token_hint=${tokens.id_token}`);
  /** Every row once it has been tried. */
  const tried = async (server, count) => {
    const until = Date.now() + 20_000;
    while (true) {
      const rows = await ledger(server);
      if (rows.length >= count && rows.every(({ last_result: result }) => result !== '')) return rows;
      assert.ok(Date.now() < until, JSON.stringify(rows));
      await sleep(200);
    }
  };

  test('RG-03 a logout address inside, in every spelling, is not connected to', async () => {
    const server = await startLatchkey({ backend });
    try {
      const alice = await server.addUser(ALICE);
      const hosts = ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '0177.1', '0x7f.1',
        'localhost', 'tenant.localhost', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', 'localhost.localdomain'];
      let tokens;
      let count = 0;
      for (const host of hosts) {
        const uri = `https://${host}:${canary.port}/x`;
        let client;
        try {
          client = await addClient(server, host, { backchannel_logout_uri: uri });
        } catch (error) {
          assert.match(error.message, /backchannel_logout_uri/);
          continue;
        }
        count++;
        tokens = await obtainTokens(server, client, alice, {}, tokens ? { browser: tokens.browser } : {});
      }
      assert.ok(count > 0);
      await signOut(server, tokens);
      for (const row of await tried(server, count)) {
        assert.equal(row.state, 'queued', JSON.stringify(row));
        assert.match(row.last_result, /not a public address|not one that may be asked|has no address/);
      }
      assert.equal(canary.hits, 0);
    } finally {
      await server.stop();
    }
  });

  test('RG-03 an application that redirects, floods or hangs gets nothing and delays nobody', async () => {
    const server = await startLatchkey({ backend, settings: { ...party.settings, outbound_timeout: '8s' } });
    const inside = http.createServer((request, response) => {
      inside.hits++;
      response.end();
    });
    inside.hits = 0;
    await new Promise((done) => { inside.listen(0, '127.0.0.1', done); });
    const endless = net.createServer((socket) => socket.on('error', () => {}));
    await new Promise((done) => { endless.listen(0, '127.0.0.1', done); });
    try {
      const alice = await server.addUser(ALICE);
      party.answers['/redirect'] = () =>
        ({ status: 307, headers: { location: `http://127.0.0.1:${inside.address().port}/` } });
      party.answers['/flood'] = () => ({ body: 'x'.repeat(50_000_000) });
      const clients = {
        redirect: party.url('/redirect'),
        flood: party.url('/flood'),
        silent: `https://127.0.0.1:${endless.address().port}/`,
        good: party.url('/good'),
      };
      let tokens;
      for (const [name, backchannel_logout_uri] of Object.entries(clients)) {
        const client = await addClient(server, name, { backchannel_logout_uri });
        clients[name] = client.client_id;
        tokens = await obtainTokens(server, client, alice, {}, tokens ? { browser: tokens.browser } : {});
      }
      const resident = await server.residentKib();
      await signOut(server, tokens);
      await party.received('/good', 1, { within: 5000 });  // before the silent one has timed out
      const rows = Object.fromEntries((await tried(server, 4)).map((row) => [row.client_id, row]));
      assert.equal(rows[clients.good].state, 'delivered');
      assert.equal(rows[clients.redirect].last_result, 'HTTP 307');
      assert.match(rows[clients.flood].last_result, /longer than/);
      for (const name of ['redirect', 'flood', 'silent']) assert.equal(rows[clients[name]].state, 'queued', name);
      assert.equal(inside.hits, 0);
      assert.ok(await server.residentKib() - resident < 20_000);
    } finally {
      await server.stop();
      inside.close();
      endless.close();
    }
  });

  test('RG-03 unknown key ids make the server ask an application once in two seconds', async () => {
    const server = await startLatchkey({ backend, settings: party.settings });
    try {
      party.requests.length = 0;
      party.answers['/jwks'] = () => ({ headers: { 'content-type': 'application/json' }, body: '{"keys":[]}' });
      const client = await addClient(server, 'Keys', { jwks_uri: party.url('/jwks') }, { method: 'private_key_jwt' });
      const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const started = Date.now();
      const attempt = async (i) => {
        const claims = { iss: client.client_id, sub: client.client_id, aud: server.issuer, jti: `j${i}`,
          exp: Math.floor(Date.now() / 1000) + 60 };
        const assertion = `${part({ alg: 'RS256', kid: `k${i}` })}.${part(claims)}.${'A'.repeat(342)}`;
        const answer = await send(server.url('/token'), { port: server.port, form: {
          grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://rp.test/cb',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion } });
        assert.equal(answer.status, 401, answer.text);
      };
      for (let round = 0; round < 5; round++) {
        await Promise.all(Array.from({ length: 40 }, (_, i) => attempt(round * 40 + i)));
      }
      const seconds = (Date.now() - started) / 1000;
      const asked = party.requests.filter(({ path }) => path === '/jwks').length;
      assert.ok(asked >= 1 && asked <= 1 + Math.ceil(seconds / 2), `${asked} in ${seconds} s`);
    } finally {
      await server.stop();
    }
  });
});
