// Signing keys on command: rotation while applications work, on one node and on two, and what each algorithm
// signs. How long a key lives is told in small: jwks_cache and the tokens' lives are seconds here.
// Runs alone: it counts requests a second, and when keys come and go.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { BACKENDS, onEachBackend, runProgram, startLatchkey } from '../support/latchkey.mjs';
import { authorizeUrl, decodeJwt, makePkce, obtainTokens, userinfo } from '../support/relying_party.mjs';
import { CachingVerifier, RefreshLoad, publishedKids, sleep, until } from '../support/rotation.mjs';

const SETTINGS = { jwks_cache: '2s', access_token_lifetime: '6s', id_token_lifetime: '6s' };
const ALGORITHMS = ['ES256', 'EdDSA', 'PS256', 'RS256'];

const rotate = async (server, ...args) =>
  JSON.parse((await server.command(['keys', 'rotate', ...args, '--json'])).stdout);
const list = async (server) => JSON.parse((await server.command(['keys', 'list', '--json'])).stdout);

/** Runs a command that must be refused, and returns its sentence. */
async function refused(server, args, code = 1) {
  const result = await runProgram(args, { settings: server.settings, cwd: server.folder });
  assert.equal(result.code, code, result.stderr);
  assert.equal(result.stdout, '');
  assert.match(result.stderr, /^latchkey: [^\n]+\n$/);
  return result.stderr;
}

const stateOf = async (server, kid) => (await list(server)).find((key) => key.kid === kid)?.state;

onEachBackend('keys', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend, settings: SETTINGS });
    fixtures = await seed(server, { clients: ['web'] });
  });
  after(() => server?.stop());

  test('there is one key of each algorithm at first', async () => {
    const keys = await list(server);
    assert.deepEqual(keys.map((key) => key.alg).sort(), ALGORITHMS);
    assert.ok(keys.every((key) => key.state === 'active' && key.verifies_until === null));
    assert.deepEqual((await publishedKids(server)).sort(), keys.map((key) => key.kid).sort());
    const { stdout } = await server.command(['keys', 'list']);
    for (const key of keys) assert.match(stdout, new RegExp(`^${key.kid}  ${key.alg}  active  from 20.*  until -$`, 'm'));
  });

  test('a rotation while applications refresh: no token ever fails, and the old key leaves in the end', async () => {
    const load = await new RefreshLoad([server], fixtures.web).start(fixtures.alice, 8);
    const before = await obtainTokens(server, fixtures.web, fixtures.alice);
    const oldKid = decodeJwt(before.access_token).header.kid;
    await sleep(500);
    const [next] = await rotate(server, '--alg', 'RS256');
    assert.equal(next.alg, 'RS256');
    await until(async () => (await publishedKids(server)).includes(next.kid), 1000, 'the new key is published');
    assert.ok((await publishedKids(server)).includes(oldKid));
    assert.equal(await stateOf(server, next.kid), 'announced');
    assert.match(await refused(server, ['keys', 'rotate', '--alg', 'RS256']), /rotation of RS256 is under way/);
    assert.match(await refused(server, ['keys', 'rotate']), /rotation of RS256 is under way/);
    assert.equal((await list(server)).length, 5);

    await until(() => load.seen.has(next.kid), 12_000, 'the new key signs');
    assert.ok(load.seen.get(next.kid).first >= next.signs_from * 1000, 'it signed before its time');
    assert.ok(load.seen.get(next.kid).first <= next.signs_from * 1000 + 2500, 'it was late');
    const signedAt = Date.now();
    const last = load.seen.get(oldKid).last;
    assert.ok((await publishedKids(server)).includes(oldKid));
    assert.equal(await stateOf(server, oldKid), 'verifying');
    await until(async () => !(await publishedKids(server)).includes(oldKid), 20_000, 'the old key leaves');
    assert.ok(Date.now() >= last + 6000, 'the old key left before its last token had ended');
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.ok(load.perSecond > 30, `${load.perSecond} requests a second`);
    assert.ok(load.seen.get(oldKid).last < signedAt + 1000, 'the old key went on signing');
    assert.equal(await stateOf(server, oldKid), 'retired');

    // What it signed still says who was meant.
    const page = await before.browser.open(authorizeUrl(server, fixtures.web, { prompt: 'none',
      id_token_hint: before.id_token, code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
    assert.ok(page.parameters.code, page.redirect);
  });

  test('tokens of the old key are accepted until they end', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
    const [next] = await rotate(server, '--alg', 'RS256', '--now');
    await until(async () => (await publishedKids(server)).includes(next.kid), 1000, 'the new key is published');
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
    const fresh = await obtainTokens(server, fixtures.web, fixtures.alice);
    assert.equal(decodeJwt(fresh.access_token).header.kid, next.kid);
    await new CachingVerifier(server).verify(tokens.access_token);
  });

  test('all algorithms at once, and all that was announced stays for a server that starts', async () => {
    const old = await publishedKids(server);
    const made = await rotate(server);
    assert.deepEqual(made.map((key) => key.alg).sort(), ALGORITHMS);
    await until(async () => (await publishedKids(server)).length >= old.length + 4, 1000, 'all are published');
    await server.restart();
    const kids = await publishedKids(server);
    for (const { kid } of made) assert.ok(kids.includes(kid));
  });

  test('a compromised key is withdrawn at once, even while another is announced', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
    const oldKid = decodeJwt(tokens.access_token).header.kid;
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
    const [next] = await rotate(server, '--alg=RS256', '--now', '--revoke-old');
    await until(async () => !(await publishedKids(server)).includes(oldKid), 1000, 'the old key leaves');
    assert.ok((await publishedKids(server)).includes(next.kid));
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    assert.equal(await stateOf(server, oldKid), 'withdrawn');
    const fresh = await obtainTokens(server, fixtures.web, fixtures.alice);
    assert.equal(decodeJwt(fresh.access_token).header.kid, next.kid);
    // Not even as a hint.
    const page = await new Browser(server).open(authorizeUrl(server, fixtures.web, { prompt: 'none',
      id_token_hint: tokens.id_token, code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
    assert.ok(page.parameters.error, page.redirect);
  });

  test('wrong usage is told in one sentence', async () => {
    assert.match(await refused(server, ['keys', 'rotate', '--alg', 'HS256'], 2), /RS256, ES256, PS256, EdDSA/);
    assert.match(await refused(server, ['keys', 'rotate', '--alg'], 2), /RS256, ES256, PS256, EdDSA/);
    assert.match(await refused(server, ['keys', 'rotate', '--revoke-old'], 2), /--now/);
    assert.match(await refused(server, ['keys', 'rotate', '--nwo'], 2), /--nwo/);
    assert.match(await refused(server, ['keys', 'turn'], 2), /list.*rotate/);
    assert.match(await refused(server, ['keys'], 2), /list.*rotate/);
  });
});

if (BACKENDS.includes('postgresql')) {
  test('two nodes on one database rotate together', async () => {
    const first = await startLatchkey({ backend: 'postgresql', settings: SETTINGS });
    const second = await first.secondNode();
    try {
      const { web, alice } = await seed(first, { clients: ['web'] });
      const load = await new RefreshLoad([first, second], web).start(alice, 6);
      const [next] = await rotate(first, '--alg', 'RS256');
      for (const node of [first, second]) {
        await until(async () => (await publishedKids(node)).includes(next.kid), 1000, 'the new key is published');
      }
      const oldKid = [...load.seen.keys()].find((kid) => kid !== next.kid);
      await until(() => load.seen.has(next.kid), 12_000, 'the new key signs');
      for (const node of [first, second]) {
        await until(async () => !(await publishedKids(node)).includes(oldKid), 20_000, 'the old key leaves');
      }
      await load.stop();
      assert.deepEqual(load.failures, []);
      assert.ok(load.seen.get(oldKid).last < next.signs_from * 1000 + 2500, 'a node went on with the old key');
      assert.deepEqual(await publishedKids(first), await publishedKids(second));
    } finally {
      await second.stop();
      await first.stop();
    }
  });
}
