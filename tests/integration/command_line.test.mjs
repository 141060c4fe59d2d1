// `latchkey client …` and `latchkey user …`, with the server running on the same database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Browser, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, runProgram, startLatchkey } from '../support/latchkey.mjs';
import { assertLocalError, assertOAuthError, authorizeUrl, introspect, makePkce, obtainCode, obtainTokens, redeem,
  refresh, userinfo } from '../support/relying_party.mjs';

onEachBackend('command line', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'spa'], users: ['alice'] });
  });
  after(() => server?.stop());

  const run = (args, input) => runProgram(args, { settings: server.settings, input, cwd: server.folder });
  const json = async (args, input) => JSON.parse((await server.command([...args, '--json'], input)).stdout);
  const fails = async (args, pattern, input) => {
    const result = await run(args, input);
    assert.notEqual(result.code, 0, `${args.join(' ')} succeeded: ${result.stdout}`);
    assert.notEqual(result.code, null);
    assert.match(result.stderr, pattern);
    assert.doesNotMatch(result.stderr, /terminate|what\(\)|SQL|0x[0-9a-f]{6}/i);
  };
  /** Whether this password signs in, seen from a fresh browser. */
  const canSignIn = async (user) => {
    const browser = new Browser(server);
    const first = await browser.open(authorizeUrl(server, fixtures.web,
      { code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
    const page = await typePassword(browser, first, user);
    return !page.has('login-email');
  };

  test('client add prints RFC 7591 metadata with the secret, once', async () => {
    const client = await server.addClient({ name: 'Printed', redirect_uris: ['https://a.test/cb', 'https://b.test/cb'] });
    assert.ok(client.client_id);
    assert.match(client.client_secret, /^[A-Za-z0-9_-]{32,}$/);
    assert.equal(client.client_name, 'Printed');
    assert.deepEqual(client.redirect_uris, ['https://a.test/cb', 'https://b.test/cb']);
    assert.equal(client.token_endpoint_auth_method, 'client_secret_basic');
    assert.deepEqual(client.response_types, ['code']);
    const shown = await json(['client', 'show', client.client_id]);
    assert.equal(shown.client_name, 'Printed');
    assert.equal(shown.client_secret, undefined);
    assert.ok(!JSON.stringify(shown).includes(client.client_secret));
  });

  test('a public client has no secret', () => {
    assert.equal(fixtures.spa.client_secret, undefined);
    assert.equal(fixtures.spa.token_endpoint_auth_method, 'none');
  });

  test('client list and remove', async () => {
    const client = await server.addClient({ name: 'Doomed', redirect_uris: ['https://doomed.test/cb'] });
    const listed = await json(['client', 'list']);
    const all = Array.isArray(listed) ? listed : listed.clients;
    assert.ok(all.some((entry) => entry.client_id === client.client_id));
    const tokens = await obtainTokens(server, client, fixtures.alice);
    await server.command(['client', 'remove', client.client_id]);
    await new Promise((done) => { setTimeout(done, 1200); });
    assertOAuthError(await refresh(server, client, tokens.refresh_token), 401, 'invalid_client');
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    assertLocalError(await new Browser(server).open(authorizeUrl(server, client)));
    await fails(['client', 'show', client.client_id], /\S/);
    await fails(['client', 'remove', client.client_id], /\S/);
  });

  test('client add refuses what registration would refuse', async () => {
    const add = (...rest) => ['client', 'add', '--name', 'Bad', ...rest, '--json'];
    await fails(add(), /redirect/i);
    await fails(add('--redirect-uri', 'http://rp.test/cb'), /http/i);
    await fails(add('--redirect-uri', 'https://rp.test/cb', '--grant-type', 'password'), /grant/i);
    await fails(add('--redirect-uri', 'https://rp.test/cb', '--scope', 'openid admin'), /scope/i);
    await fails(add('--redirect-uri', 'https://rp.test/cb', '--token-endpoint-auth-method', 'magic'), /auth_method|auth-method|method/i);
    await fails(add('--redirect-uri', 'https://rp.test/cb', '--public', '--pkce', 'optional'), /pkce/i);
    await fails(add('--redirect-uri', 'https://rp.test/cb', '--no-such-flag'), /no-such-flag/);
  });

  test('client add --metadata reads a file', async () => {
    const file = join(server.folder, 'client.json');
    writeFileSync(file, JSON.stringify({
      client_name: 'From a file', redirect_uris: ['https://file.test/cb'],
      post_logout_redirect_uris: ['https://file.test/out'], token_endpoint_auth_method: 'client_secret_post',
      default_max_age: 60, require_auth_time: true, client_secret: 'mine', client_id: 'mine', first_party: true,
    }));
    const client = await json(['client', 'add', '--metadata', file]);
    assert.equal(client.client_name, 'From a file');
    assert.equal(client.token_endpoint_auth_method, 'client_secret_post');
    assert.deepEqual(client.post_logout_redirect_uris, ['https://file.test/out']);
    assert.notEqual(client.client_secret, 'mine');
    writeFileSync(file, '{"redirect_uris": [1]}');
    await fails(['client', 'add', '--metadata', file, '--json'], /redirect_uris/);
    writeFileSync(file, 'not json');
    await fails(['client', 'add', '--metadata', file, '--json'], /\S/);
    await fails(['client', 'add', '--metadata', join(server.folder, 'missing'), '--json'], /\S/);
  });

  for (const product of ['spring', 'authjs', 'grafana', 'oauth2-proxy', 'mod_auth_openidc']) {
    test(`client add --for ${product} prints its configuration`, async () => {
      const { stdout } = await server.command(['client', 'add', '--name', `For ${product}`,
        '--redirect-uri', 'https://app.test/callback', '--for', product]);
      assert.ok(stdout.includes(server.issuer), stdout);
      const id = (await json(['client', 'list']));
      const all = Array.isArray(id) ? id : id.clients;
      const made = all.find((entry) => entry.client_name === `For ${product}`);
      assert.ok(stdout.includes(made.client_id), stdout);
    });
  }
  test('client add --for something else names what there is', async () => {
    await fails(['client', 'add', '--name', 'X', '--redirect-uri', 'https://app.test/cb', '--for', 'nothing'], /grafana/);
  });

  test('user add: record, duplicate in any case, address that is none', async () => {
    const person = await server.addUser({ email: 'Carol@Example.com', password: 'tawny-Kettle-33-meadow', name: 'Carol' });
    assert.equal(person.name, 'Carol');
    assert.ok(!JSON.stringify(await json(['user', 'list'])).includes('argon2'));
    const add = (email) => ['user', 'add', '--email', email, '--password-stdin', '--json'];
    await fails(add('carol@example.COM'), /\S/, 'tawny-Kettle-33-meadow\n');
    for (const email of ['', 'no-at-sign', 'a@b@c', 'a b@example.com', '@example.com', 'a@']) {
      await fails(add(email), /\S/, 'tawny-Kettle-33-meadow\n');
    }
  });

  test('the password policy holds for add and set-password', async () => {
    for (const password of ['short', 'password', '12345678', 'aaaaaaaaaaaa', 'x'.repeat(300), '']) {
      await fails(['user', 'add', '--email', 'dave@example.com', '--password-stdin', '--json'], /\S/, `${password}\n`);
      await fails(['user', 'set-password', fixtures.alice.email, '--password-stdin'], /\S/, `${password}\n`);
    }
    assert.equal(await canSignIn(fixtures.alice), true);
  });

  test('user disable and enable', async () => {
    const person = await server.addUser({ email: 'erin@example.com', password: 'brisk-Feather-64-canal' });
    const tokens = await obtainTokens(server, fixtures.web, person, { scope: 'openid offline_access' });
    await server.command(['user', 'disable', 'ERIN@example.com']);
    assertOAuthError(await refresh(server, fixtures.web, tokens.refresh_token), 400, 'invalid_grant');
    await new Promise((done) => { setTimeout(done, 1200); });
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    assert.equal(await canSignIn(person), false);
    await server.command(['user', 'enable', 'erin@example.com']);
    assert.equal(await canSignIn(person), true);
    assertOAuthError(await refresh(server, fixtures.web, tokens.refresh_token), 400, 'invalid_grant');
    await fails(['user', 'disable', 'nobody@example.com'], /\S/);
  });

  test('user set-password ends sessions and grants', async () => {
    const person = await server.addUser({ email: 'frank@example.com', password: 'dapper-Goblet-19-spruce' });
    const tokens = await obtainTokens(server, fixtures.web, person, { scope: 'openid offline_access' });
    await server.command(['user', 'set-password', person.email, '--password-stdin'], 'lunar-Saddle-88-copper\n');
    assert.equal(await canSignIn(person), false);
    assert.equal(await canSignIn({ ...person, password: 'lunar-Saddle-88-copper' }), true);
    assertOAuthError(await refresh(server, fixtures.web, tokens.refresh_token), 400, 'invalid_grant');
    const page = await tokens.browser.open(authorizeUrl(server, fixtures.web, { prompt: 'none',
      code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
    assert.equal(page.parameters.error, 'login_required');
  });

  test('user sign-out ends sessions, not offline access', async () => {
    const person = await server.addUser({ email: 'grace@example.com', password: 'amber-Whistle-52-harvest' });
    const session = await obtainTokens(server, fixtures.web, person);
    const offline = await obtainTokens(server, fixtures.web, person, { scope: 'openid offline_access' });
    await server.command(['user', 'sign-out', person.email]);
    assertOAuthError(await refresh(server, fixtures.web, session.refresh_token), 400, 'invalid_grant');
    assert.equal((await refresh(server, fixtures.web, offline.refresh_token)).status, 200);
    assert.equal((await introspect(server, fixtures.web, session.refresh_token)).active, false);
    assert.equal(await canSignIn(person), true);
  });

  test('works while the server is down', async () => {
    await server.stop();
    const client = await server.addClient({ name: 'Night', redirect_uris: ['https://night.test/cb'] });
    await server.start();
    const grant = await obtainCode(server, client, fixtures.alice);
    assert.equal((await redeem(server, client, grant)).status, 200);
  });

  test('keys list shows the public halves', async () => {
    const { stdout } = await server.command(['keys', 'list']);
    assert.match(stdout, /RS256/);
    assert.match(stdout, /ES256/);
    assert.doesNotMatch(stdout, /PRIVATE|"d"/);
  });

  test('a sub-command that does not exist leads to the help', async () => {
    for (const args of [['cleint', 'list'], ['client', 'lsit'], ['user']]) await fails(args, /--help/);
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    for (const word of ['serve', 'dev', 'client', 'user', 'keys', 'explain', '--issuer', '--database']) {
      assert.ok(help.stdout.includes(word), word);
    }
  });
});
