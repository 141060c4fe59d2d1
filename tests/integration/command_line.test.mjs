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
import { runAtTerminal } from '../support/terminal.mjs';

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

  const CALLBACKS = { spring: '/login/oauth2/code/latchkey', authjs: '/api/auth/callback/latchkey',
    grafana: '/login/generic_oauth', 'oauth2-proxy': '/oauth2/callback', mod_auth_openidc: '/oauth2callback' };
  for (const [product, callback] of Object.entries(CALLBACKS)) {
    test(`client add --for ${product} prints its configuration`, async () => {
      const add = ['client', 'add', '--name', `For ${product}`, '--for', product, '--base', 'https://app.test/sub/'];
      const { stdout, stderr } = await server.command(add);
      assert.ok(stdout.includes(server.issuer), stdout);
      assert.doesNotMatch(stdout, /\{(?:issuer|client_id|client_secret|redirect_uri|base|random)\}|""|sub\/\//);
      const made = (await json(['client', 'list'])).find((entry) => entry.client_name === `For ${product}`);
      assert.ok(stdout.includes(made.client_id), stdout);
      assert.deepEqual(made.redirect_uris, [`https://app.test/sub${callback}`]);
      assert.match(stderr, new RegExp(`${made.client_id}.*shown this once`));
      // As JSON: the registration, and the same text in it.
      const both = await json(add);
      assert.ok(both.configuration.includes(both.client_secret));
      assert.ok(both.configuration.includes(both.client_id));
      assert.equal(both.configuration.split('\n').length, stdout.split('\n').length);
    });
  }
  test('client add --for what could not work adds nothing', async () => {
    const before = (await json(['client', 'list'])).length;
    const add = (...rest) => ['client', 'add', '--name', 'X', ...rest];
    const grafana = ['--for', 'grafana', '--base', 'https://app.test'];
    await fails(add('--redirect-uri', 'https://app.test/cb', '--for', 'nothing', '--base', 'https://app.test'), /grafana/);
    await fails(add('--redirect-uri', 'https://app.test/cb', '--for', 'grafana'), /--base/);
    await fails(add('--redirect-uri', 'https://app.test/cb', '--base', 'https://app.test'), /--for/);
    await fails(add(...grafana, '--public'), /client_secret/);
    await fails(add(...grafana, '--token-endpoint-auth-method', 'private_key_jwt'), /client_secret/);
    for (const [issuer, pattern] of [['', /--issuer/], ['http://id.example', /https/], ['https://id.example/', /issuer/]]) {
      const result = await runProgram(add(...grafana),
        { settings: { ...server.settings, issuer }, cwd: server.folder });
      assert.equal(result.code, 1, issuer);
      assert.match(result.stderr, pattern);
      assert.equal(result.stdout, '');
    }
    assert.equal((await json(['client', 'list'])).length, before);
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

  test('at a terminal the password is asked for twice and not shown', async () => {
    const at = { settings: server.settings, cwd: server.folder };
    const add = (email) => ['user', 'add', '--email', email, '--password-stdin'];
    const password = 'velvet-Anchor-27-thicket';
    const twice = (second) => [[/not shown\): /, `${password}\n`], [/again: /, second]];
    const made = await runAtTerminal(add('heidi@example.com'), twice(`${password}\n`), at);
    assert.equal(made.code, 0, made.shown);
    assert.match(made.shown, /Added heidi@example\.com/);
    assert.ok(!made.shown.includes('velvet'), made.shown);
    assert.equal(await canSignIn({ email: 'heidi@example.com', password }), true);
    const differs = await runAtTerminal(add('ivan@example.com'), twice(`${password}x\n`), at);
    assert.equal(differs.code, 1);
    assert.match(differs.shown, /differ/);
    for (const key of ['\x04', '\x03']) {  // Ctrl-D, Ctrl-C
      const ended = await runAtTerminal(['user', 'set-password', 'heidi@example.com', '--password-stdin'],
        [[/not shown\): /, key]], at);
      assert.equal(ended.code, 1, ended.shown);
      assert.match(ended.shown, /No password was typed/);
    }
    assert.equal(await canSignIn({ email: 'heidi@example.com', password }), true);
    await fails(['user', 'enable', 'ivan@example.com'], /no person/);
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

  test('what was typed wrongly ends with 2 and leads to the help, a refusal with 1', async () => {
    for (const args of [['cleint', 'list'], ['client', 'lsit'], ['user'], ['client', 'token'], ['client', 'token', 'lsit'],
      ['mail', 'suppressed', 'lift', 'x'], ['client', 'show'], ['client', 'list', '--limit', '0'],
      ['client', 'list', '--limit', 'x'], ['user', 'add'], ['client', 'list', '--no-such'], ['logout', 'list', '--state', 'x'],
      ['client', 'add', '--name', 'X', '--pkce', 'no'], ['brand', 'set']]) {
      const result = await run(args);
      assert.equal(result.code, 2, args.join(' '));
      assert.match(result.stderr, /^latchkey: .*--help\.\n$/, args.join(' '));
      assert.equal(result.stdout, '');
    }
    for (const args of [['client', 'token', 'add', '--lifetime', 'long'], ['client', 'token', 'revoke', 'x'],
      ['user', 'set-password', 'x@y.example'], ['mail', 'list', '--address', 'x'], ['serve', 'now'], ['migrate', '--json']]) {
      assert.equal((await run(args)).code, 2, args.join(' '));
    }
    for (const args of [['client', 'show', 'none'], ['client', 'remove', 'none'], ['client', 'token', 'revoke', '7'],
      ['user', 'disable', 'nobody@example.com'], ['brand', 'show', '--client', 'none'], ['brand', 'remove'],
      ['mail', 'suppressed', 'remove', 'a@b.example'], ['explain', 'LK-0000-0000-0000-0000'],
      ['client', 'set', 'none', '--required-acr', 'default']]) {
      const result = await run([...args, '--json']);
      assert.equal(result.code, 1, `${args.join(' ')}: ${result.stderr}`);
      assert.match(result.stderr, /^latchkey: .*\.\n$/);
      assert.equal(result.stdout, '');
    }
  });

  test('every command has its help, and every result comes as JSON', async () => {
    const usage = (await run(['--help'])).stdout;
    for (const [group, commands] of Object.entries({ client: ['add', 'set', 'list', 'show', 'verify', 'remove', 'token'],
      user: ['add', 'list', 'disable', 'enable', 'set-password', 'sign-out'], mail: ['list', 'suppressed'],
      logout: ['list'], brand: ['set', 'show', 'remove', 'preview'], 'client token': ['add', 'list', 'revoke'],
      'mail suppressed': ['list', 'remove'] })) {
      const help = await run([...group.split(' '), '--help']);
      assert.equal(help.code, 0, group);
      for (const command of commands) {
        assert.match(help.stdout, new RegExp(`^ +${command} `, 'm'), group);
        assert.match(usage, new RegExp(`\\b${command}\\b`), command);
        const own = await run([...group.split(' '), command, '--help']);
        assert.equal(own.code, 0);
        if (!['token', 'suppressed'].includes(command)) assert.match(own.stdout, /--json/, `${group} ${command}`);
      }
    }
    const client = await server.addClient({ name: 'Brief', redirect_uris: ['https://brief.test/cb'] });
    assert.deepEqual(await json(['client', 'remove', client.client_id]), { client_id: client.client_id, removed: true });
    const { id } = await json(['client', 'token', 'add']);
    assert.deepEqual(await json(['client', 'token', 'revoke', id]), { id, revoked: true });
  });

  test('an empty list says so, and a cut one how it goes on', async () => {
    for (const args of [['client', 'list', '--after', '~'], ['user', 'list', '--after', '~'], ['logout', 'list'],
      ['mail', 'list'], ['mail', 'suppressed', 'list'], ['client', 'token', 'list', '--after', '999999999999999999']]) {
      const said = await run(args);
      assert.equal(said.code, 0);
      assert.equal(said.stdout, '');
      assert.match(said.stderr, /^latchkey: (?:There (?:are|is) no|No address) ?.*\.\n$/, args.join(' '));
      const plain = await run([...args, '--json']);
      assert.deepEqual(JSON.parse(plain.stdout), []);
      assert.equal(plain.stderr, '');
    }
    const first = await run(['client', 'list', '--limit', '1']);
    const after = first.stderr.match(/--after (\S+)\.$/m)?.[1];
    assert.ok(first.stdout.startsWith(after), first.stdout + first.stderr);
    const second = await run(['client', 'list', '--limit', '1', '--after', after]);
    assert.ok(second.stdout && !second.stdout.includes(after));
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
