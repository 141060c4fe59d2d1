// Starting, refusing to start, and ending: settings from each source, and one clear sentence for each refusal.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';

import { send } from '../support/http_client.mjs';
import { BACKENDS, makeMasterKey, planLatchkey, runProgram, startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { freePort } from '../support/ports.mjs';
import { postgres } from '../support/postgres.mjs';
import { makeCertificate } from '../support/certificate.mjs';

/** Runs `serve` where it must refuse: ends soon, not with 0, and says why without looking like a crash. */
async function refuses(settings, pattern, args = []) {
  const result = await runProgram(['serve', ...args], { settings, timeout: 10_000, cwd: temporaryFolder() });
  assert.notEqual(result.code, 0, `started: ${result.stderr}`);
  assert.notEqual(result.code, null, `did not end, or crashed: ${result.stderr}`);
  assert.match(result.stderr, pattern);
  assert.doesNotMatch(result.stderr, /terminate called|core dumped|std::|what\(\)/);
}

async function minimal(more = {}) {
  const folder = temporaryFolder();
  const port = await freePort();
  return { issuer: `http://localhost:${port}`, listen: `127.0.0.1:${port}`, management_listen: '',
    database: `sqlite:${join(folder, 'latchkey.db')}`, data_dir: folder, password_memory_kib: 7168, ...more };
}

describe('refusing to start', () => {
  const issuers = {
    'http off loopback': 'http://id.example.com',
    'a path': 'https://id.example.com/tenant',
    'a slash at the end': 'https://id.example.com/',
    'a query': 'https://id.example.com?x',
    'a fragment': 'https://id.example.com#x',
    'a user': 'https://me@id.example.com',
    'upper case': 'https://ID.example.com',
    'another scheme': 'ftp://id.example.com',
    'no scheme': 'id.example.com',
    'nothing': '',
  };
  for (const [what, issuer] of Object.entries(issuers)) {
    test(`an issuer with ${what}`, async () => refuses(await minimal({ issuer }), /issuer/));
  }

  test('a master key file that others may read', async () => {
    const file = makeMasterKey();
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(file, mode);
      await refuses(await minimal({ master_key_file: file }), /master_key_file|master key/i);
    }
  });

  test('a master key file that is missing or holds something else', async () => {
    await refuses(await minimal({ master_key_file: '/nonexistent/master.key' }), /master/i);
    const file = makeMasterKey();
    writeFileSync(file, 'too short\n');
    await refuses(await minimal({ master_key_file: file }), /master/i);
  });

  test('TLS files: one without the other, a key that others may read, files that are no PEM', async () => {
    const { certificate, key } = makeCertificate(temporaryFolder());
    await refuses(await minimal({ tls_cert_file: certificate }), /tls_key_file/);
    await refuses(await minimal({ tls_cert_file: certificate, tls_key_file: '/nonexistent.pem' }), /tls_key_file/);
    chmodSync(key, 0o644);
    await refuses(await minimal({ tls_cert_file: certificate, tls_key_file: key }), /tls_key_file/);
    chmodSync(key, 0o600);
    writeFileSync(key, 'nonsense');
    await refuses(await minimal({ tls_cert_file: certificate, tls_key_file: key }), /key|PEM|TLS/i);
  });

  test('PostgreSQL without a master key file, and one that does not answer', async () => {
    const database = 'postgresql://latchkey@/none?host=/nonexistent';
    await refuses(await minimal({ database }), /master_key_file/);
    await refuses(await minimal({ database, master_key_file: makeMasterKey() }), /\S/);
  });

  test('a database in a folder that does not exist', async () => {
    await refuses(await minimal({ database: 'sqlite:/nonexistent/folder/latchkey.db' }), /\S/);
  });

  test('an address that is taken', async () => {
    const server = await startLatchkey();
    try {
      await refuses(await minimal({ listen: `127.0.0.1:${server.port}` }), /listen|address|in use|bind/i);
    } finally {
      await server.stop();
    }
  });

  test('settings that are unknown or wrong name themselves, and the nearest', async () => {
    await refuses(await minimal(), /issuer/, ['--isuer=https://x.test']);
    await refuses(await minimal({ log_level: 'loud' }), /log_level/);
    await refuses(await minimal({ access_token_lifetime: '15' }), /access_token_lifetime/);
    await refuses(await minimal({ password_memory_kib: '1' }), /password_memory_kib/);
    await refuses(await minimal({ lisen: '127.0.0.1:0' }), /LATCHKEY_LISTEN/);
    const folder = temporaryFolder();
    const file = join(folder, 'latchkey.toml');
    writeFileSync(file, 'isuer = "https://x.test"\n');
    await refuses(await minimal(), /issuer/, ['--config', file]);
    writeFileSync(file, 'issuer = \n');
    await refuses(await minimal(), /latchkey\.toml/, ['--config', file]);
  });

  for (const backend of BACKENDS) {
    test(`a database that is newer or altered [${backend}]`, async () => {
      for (const alter of ['newer', 'altered']) {
        const server = await startLatchkey({ backend });
        await server.stop();
        await alterSchema(server, alter);
        await assert.rejects(server.start({ readyWithin: 10_000 }), (error) => {
          assert.match(error.message, /before it was ready/);
          assert.match(error.message, /newer|another text/i);
          return true;
        });
      }
    });

    test(`a master key that is not the one of this database [${backend}]`, async () => {
      const server = await startLatchkey({ backend });
      await server.stop();
      server.settings.master_key_file = makeMasterKey();
      await assert.rejects(server.start({ readyWithin: 10_000 }), (error) => {
        assert.match(error.message, /before it was ready/);
        assert.match(error.message, /master key/i);
        return true;
      });
    });
  }
});

/** The table of the ladder is the one that holds checksums; its name is not part of the contract. */
async function alterSchema(server, how) {
  if (server.backend === 'sqlite') {
    const database = new DatabaseSync(server.settings.database.slice('sqlite:'.length));
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    const ladder = tables.map(({ name }) => ({ name, columns: database.prepare(`PRAGMA table_info(${name})`).all() }))
      .find(({ columns }) => columns.some((column) => /checksum|sha256/.test(column.name)) &&
        columns.some((column) => /version|number|step/.test(column.name)));
    assert.ok(ladder, 'no table of migrations');
    const [version, checksum] = pick(ladder.columns.map((column) => column.name));
    database.exec(ladderChange(how, ladder.name, version, checksum, ladder.columns.map((column) => column.name)));
    database.close();
    return;
  }
  const cluster = await postgres();
  const rows = await cluster.query(server.database.name, `SELECT table_name, string_agg(column_name, ',' ORDER BY
    ordinal_position) FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1`);
  const ladder = rows.map((row) => row.split('|')).map(([name, columns]) => ({ name, columns: columns.split(',') }))
    .find(({ columns }) => columns.some((name) => /checksum|sha256/.test(name)) &&
      columns.some((name) => /version|number|step/.test(name)));
  assert.ok(ladder, 'no table of migrations');
  const [version, checksum] = pick(ladder.columns);
  await cluster.query(server.database.name, ladderChange(how, ladder.name, version, checksum, ladder.columns));
}

const pick = (columns) => [columns.find((name) => /version|number|step/.test(name)),
  columns.find((name) => /checksum|sha256/.test(name))];

function ladderChange(how, table, version, checksum, columns) {
  if (how === 'altered') return `UPDATE ${table} SET ${checksum} = 'x' || substr(${checksum}, 2)`;
  const copied = columns.map((name) => (name === version ? '9999' : name)).join(', ');
  return `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${copied} FROM ${table} LIMIT 1`;
}

describe('starting', () => {
  test('settings come from flag, environment and file, in this order, and --print-config says so', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'latchkey.toml');
    writeFileSync(file, 'issuer = "https://file.test"\nservice_name = "File"\nlog_level = "warn"\n' +
      'database = "postgresql://me:hidden-word@db.test/x"\n');
    const { code, stdout } = await runProgram(['--config', file, '--print-config', '--service-name', 'Flag'],
      { settings: { service_name: 'Environment', log_level: 'error' } });
    assert.equal(code, 0);
    assert.match(stdout, /issuer = "https:\/\/file\.test".*latchkey\.toml/);
    assert.match(stdout, /service_name = "Flag".*flag/);
    assert.match(stdout, /log_level = "error".*LATCHKEY_LOG_LEVEL/);
    assert.match(stdout, /access_token_lifetime = "15m".*default/);
    assert.ok(!stdout.includes('hidden-word'));
  });

  test('--check-config says whether it would start', async () => {
    const good = await runProgram(['serve', '--check-config'], { settings: await minimal() });
    assert.equal(good.code, 0, good.stderr);
    const bad = await runProgram(['serve', '--check-config'], { settings: await minimal({ issuer: 'http://x.test' }) });
    assert.notEqual(bad.code, 0);
    assert.match(bad.stderr, /issuer/);
  });

  test('port 0 takes a free port and says which', async () => {
    const server = await startLatchkey({ settings: { listen: '127.0.0.1:0' } });
    const [, port] = server.address.match(/^127\.0\.0\.1:(\d+)$/);
    const answer = await send(`http://127.0.0.1:${port}/livez`);
    assert.equal(answer.status, 200);
    assert.equal(server.announcedIssuer, server.issuer);
    await server.stop();
  });

  test('the first start on SQLite makes a master key that only its owner can read', async () => {
    const server = await startLatchkey();
    const { readdirSync } = await import('node:fs');
    const keys = readdirSync(server.folder).filter((name) => /key/.test(name) && !/\.db/.test(name));
    assert.equal(keys.length, 1, `${readdirSync(server.folder)}`);
    assert.equal(statSync(join(server.folder, keys[0])).mode & 0o777, 0o600);
    const first = readFileSync(join(server.folder, keys[0]), 'utf8');
    await server.restart();
    assert.equal(readFileSync(join(server.folder, keys[0]), 'utf8'), first);
    await server.stop();
    assert.equal(statSync(join(server.folder, 'latchkey.db')).mode & 0o007, 0);
    assert.ok(!existsSync(join(server.folder, 'latchkey.db-wal')) ||
      statSync(join(server.folder, 'latchkey.db-wal')).size === 0);
  });

  for (const backend of BACKENDS) {
    test(`the keys stay over restarts, and a second node has the same [${backend}]`, async () => {
      const server = await startLatchkey({ backend });
      const before = (await send(server.url('/jwks'))).json();
      const second = await server.secondNode();
      assert.deepEqual((await send(server.url('/jwks'), { port: second.port })).json(), before);
      await second.stop();
      await server.restart();
      assert.deepEqual((await send(server.url('/jwks'))).json(), before);
      assert.ok(server.readyAfter < 5000, `${server.readyAfter} ms`);
      await server.stop();
    });
  }

  test('two nodes that start at once on an empty database agree on the keys', async () => {
    if (!BACKENDS.includes('postgresql')) return;
    const plan = await planLatchkey({ backend: 'postgresql' });
    const [one, two] = await Promise.all([plan.start(), plan.secondNode()]);
    const sets = await Promise.all([one, two].map((node) => send(plan.url('/jwks'), { port: node.port })));
    assert.deepEqual(sets[0].json(), sets[1].json());
    await Promise.all([one.stop(), two.stop()]);
  });

  test('SIGTERM lets a running request end', async () => {
    const server = await startLatchkey();
    const started = Date.now();
    const answers = Array.from({ length: 20 }, () => send(server.url('/jwks'), { fresh: true }));
    await Promise.all(answers);
    await server.stop();
    assert.ok(Date.now() - started < 10_000);
  });

  test('SIGINT ends with 0 as well, a second signal is no crash', async () => {
    const server = await startLatchkey();
    process.kill(server.pid, 'SIGINT');
    process.kill(server.pid, 'SIGTERM');
    await server.stop();
  });

  test('TLS from PEM files', async () => {
    const folder = temporaryFolder();
    const { certificate, key } = makeCertificate(folder);
    const server = await startLatchkey({ scheme: 'https',
      settings: { tls_cert_file: certificate, tls_key_file: key } });
    const answer = await send(server.url('/.well-known/openid-configuration'));
    assert.equal(answer.json().issuer, server.issuer);
    assert.match(answer.headers['strict-transport-security'], /max-age=\d+/);
    await server.stop();
  });

  test('latchkey dev refuses any address but loopback', async () => {
    for (const listen of ['0.0.0.0:0', '[::]:0', '192.0.2.1:8080']) {
      const result = await runProgram(['dev', '--listen', listen], { timeout: 8000, cwd: temporaryFolder() });
      assert.notEqual(result.code, 0);
      assert.notEqual(result.code, null);
      assert.match(result.stderr, /loopback/i);
    }
  });
});
