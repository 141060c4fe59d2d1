// Attacks on keys and on tokens made of them (KY).
// Runs alone: it counts requests a second, and when keys come and go.
import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { calculateJwkThumbprint } from 'jose';

import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { makeMasterKey, onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { postgres } from '../support/postgres.mjs';
import { authorizeUrl, decodeJwt, introspect, makePkce, obtainTokens, userinfo } from '../support/relying_party.mjs';
import { RefreshLoad, publishedKids, until } from '../support/rotation.mjs';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

onEachBackend('KY', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web'] });
  });
  after(() => server?.stop());

  const publicKeys = async () => (await send(server.url('/jwks'))).json().keys;

  test('KY-01 JWKS privacy', async () => {
    const keys = await publicKeys();
    assert.ok(keys.length >= 2);
    for (const key of keys) {
      for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) assert.equal(key[name], undefined, name);
      assert.ok(['RSA', 'EC', 'OKP'].includes(key.kty));
      assert.equal(key.use, 'sig');
      assert.ok(key.alg);
      assert.equal(key.kid, await calculateJwkThumbprint(key));
      if (key.kty === 'RSA') assert.ok(Buffer.from(key.n, 'base64url').length >= 256);
    }
  });

  test('KY-02 rotation under load', async () => {
    const settings = { jwks_cache: '3s', access_token_lifetime: '5s', id_token_lifetime: '5s' };
    const rotating = await startLatchkey({ backend, settings });
    try {
      const { web, alice } = await seed(rotating, { clients: ['web'] });
      const kids = new Set(await publishedKids(rotating));
      const load = await new RefreshLoad([rotating], web, { everyMs: 100 }).start(alice, 24);
      const stolen = await obtainTokens(rotating, web, alice);
      const oldKid = decodeJwt(stolen.access_token).header.kid;
      const announcedFrom = Date.now();
      await rotating.command(['keys', 'rotate']);
      await until(async () => (await publishedKids(rotating)).length === 2 * kids.size, 1500, 'the new keys are published');
      const isNew = (kid) => !kids.has(kid);
      await until(() => [...load.seen.keys()].some(isNew), 15_000, 'the new keys sign');
      const first = Math.min(...[...load.seen].filter(([kid]) => isNew(kid)).map(([, seen]) => seen.first));
      assert.ok(first - announcedFrom >= 3000, 'a key signed before every cached JWKS held it');
      await until(async () => (await publishedKids(rotating)).every(isNew), 20_000, 'the old keys leave');
      await load.stop();
      assert.deepEqual(load.failures, []);
      assert.ok(load.perSecond >= 100, `only ${load.perSecond} requests a second`);
      assert.ok(Date.now() - load.seen.get(oldKid).last >= 5000, 'a key left before its last token had ended');
      // What has ended stays ended, whatever the key's state.
      assert.equal((await userinfo(rotating, stolen.access_token)).status, 401);
      assert.deepEqual(await introspect(rotating, web, stolen.access_token), { active: false });
    } finally {
      await rotating.stop();
    }
  });

  /** Everything that lies on disk or in the database, as one text. */
  async function atRest() {
    if (backend === 'postgresql') return (await postgres()).dump(server.database.name);
    return readdirSync(server.folder).filter((name) => name.startsWith('latchkey.db'))
      .map((name) => readFileSync(join(server.folder, name), 'latin1')).join('\n');
  }

  test('KY-05 keys at rest, and everything else that must not lie there in clear', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice, { scope: 'openid email offline_access' });
    const text = await atRest();
    assert.doesNotMatch(text, /-----BEGIN|PRIVATE KEY|"d"\s*:|"p"\s*:/);
    // The DER headers of PKCS #8 and of an RSA private key.
    assert.ok(!text.includes('MIIEv') && !text.includes('MIIEp') && !text.includes('\x30\x82\x04\xbd\x02\x01\x00'));
    const cookies = [...tokens.browser.jar.values()].map((cookie) => cookie.value).filter((value) => value.length > 20);
    const secrets = { 'refresh token': tokens.refresh_token, code: tokens.grant.code, 'access token': tokens.access_token,
      'client secret': fixtures.web.client_secret, password: fixtures.alice.password };
    cookies.forEach((value, index) => { secrets[`cookie ${index}`] = value; });
    for (const [name, value] of Object.entries(secrets)) {
      assert.ok(!text.includes(value), `the ${name} lies in clear`);
      const secretPart = value.split(/[._]/).at(-1);
      if (secretPart.length >= 30) assert.ok(!text.includes(secretPart), `the secret of the ${name} lies in clear`);
    }
    assert.match(text, /\$argon2id\$/);
  });

  test('KY-05 sealed keys that changed their rows do not open', async () => {
    const victim = await startLatchkey({ backend });
    await victim.stop();
    await swapSealedKeys(victim);
    await assert.rejects(victim.start({ readyWithin: 10_000 }), /before it was ready/);
  });

  test('KY-05 a wrong master key stops the start', async () => {
    const victim = await startLatchkey({ backend });
    await victim.stop();
    victim.settings.master_key_file = makeMasterKey();
    await assert.rejects(victim.start({ readyWithin: 10_000 }), /before it was ready/);
  });

  test('KY-08 alg, kid and signature changed', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice, { scope: 'openid email' });
    const [head, body, signature] = tokens.access_token.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url'));
    const payload = JSON.parse(Buffer.from(body, 'base64url'));
    const keys = await publicKeys();
    const rsa = keys.find((key) => key.kid === header.kid);
    const ec = keys.find((key) => key.alg === 'ES256');
    const pem = createPublicKey({ key: rsa, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const hmac = (key, more = {}) => {
      const input = `${encode({ ...header, alg: 'HS256', ...more })}.${body}`;
      return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
    };
    const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signedByMe = (more) => {
      const input = `${encode({ ...header, ...more })}.${body}`;
      return `${input}.${sign('sha256', Buffer.from(input), own.privateKey).toString('base64url')}`;
    };
    const jwk = own.publicKey.export({ format: 'jwk' });
    const forged = {
      none: `${encode({ ...header, alg: 'none' })}.${body}.`,
      'none with signature': `${encode({ ...header, alg: 'none' })}.${body}.${signature}`,
      nOnE: `${encode({ ...header, alg: 'nOnE' })}.${body}.`,
      'no alg': `${encode({ typ: header.typ, kid: header.kid })}.${body}.${signature}`,
      'HS256 with the PEM': hmac(pem),
      'HS256 with the PEM, trimmed': hmac(pem.trim()),
      'HS256 with the modulus': hmac(Buffer.from(rsa.n, 'base64url')),
      'HS256 with the JWK': hmac(JSON.stringify(rsa)),
      'HS256 with nothing': hmac(''),
      'another kid': `${encode({ ...header, kid: ec.kid })}.${body}.${signature}`,
      'ES256 with the RSA kid': `${encode({ ...header, alg: 'ES256' })}.${body}.${signature}`,
      'PS256': `${encode({ ...header, alg: 'PS256' })}.${body}.${signature}`,
      'kid that walks': signedByMe({ kid: '../../../../dev/null' }),
      'kid with SQL': signedByMe({ kid: "' OR 1=1--" }),
      'no kid': signedByMe({ kid: undefined }),
      'kid that is a number': signedByMe({ kid: 1 }),
      'own key': signedByMe({}),
      'own key in the header': signedByMe({ jwk, kid: undefined }),
      'own key in the header, our kid': signedByMe({ jwk }),
      'own key behind jku': signedByMe({ jku: 'http://127.0.0.1:9/jwks' }),
      crit: `${encode({ ...header, crit: ['x'], x: 1 })}.${body}.${signature}`,
      'typ of an ID token': `${encode({ ...header, typ: 'JWT' })}.${body}.${signature}`,
      'another subject': `${head}.${encode({ ...payload, sub: 'other' })}.${signature}`,
      'a longer life': `${head}.${encode({ ...payload, exp: payload.exp + 9999 })}.${signature}`,
      'a signature cut short': `${head}.${body}.${signature.slice(0, -8)}`,
      'a zero signature': `${head}.${body}.${Buffer.alloc(256).toString('base64url')}`,
      'ES256, r = s = 0': `${encode({ ...header, alg: 'ES256', kid: ec.kid })}.${body}.${Buffer.alloc(64).toString('base64url')}`,
      'padding': `${tokens.access_token}=`,
      'four parts': `${tokens.access_token}.x`,
      'two parts': `${head}.${body}`,
      'line break': `${head}.${body}.\n${signature}`.replace('\n', '%0a'),
    };
    for (const [what, token] of Object.entries(forged)) {
      const answer = await userinfo(server, token);
      assert.equal(answer.status, 401, `${what}: ${answer.status}`);
      assert.deepEqual(await introspect(server, fixtures.web, token), { active: false }, what);
    }
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
  });

  test('KY-08 a forged id_token_hint', async () => {
    const tokens = await obtainTokens(server, fixtures.web, fixtures.alice);
    const [head, body, signature] = tokens.id_token.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url'));
    const payload = JSON.parse(Buffer.from(body, 'base64url'));
    for (const hint of [`${encode({ ...header, alg: 'none' })}.${body}.`, `${head}.${encode({ ...payload, sub: 'x' })}.${signature}`,
      tokens.access_token, tokens.refresh_token]) {
      const page = await tokens.browser.open(authorizeUrl(server, fixtures.web, { id_token_hint: hint, prompt: 'none',
        code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
      assert.ok(page.parameters.error, page.redirect);
      assert.equal(page.parameters.code, undefined);
    }
  });
});

/** Puts the sealed private key of each signing key into the row of another; the names are looked up. */
async function swapSealedKeys(server) {
  const swap = (table, key, sealed, rows) => {
    assert.ok(rows.length >= 2, 'fewer than two signing keys');
    return [`UPDATE ${table} SET ${sealed} = 'swapped' WHERE ${key} = '${rows[0][0]}'`,
      `UPDATE ${table} SET ${sealed} = '${rows[0][1]}' WHERE ${key} = '${rows[1][0]}'`,
      `UPDATE ${table} SET ${sealed} = '${rows[1][1]}' WHERE ${key} = '${rows[0][0]}'`];
  };
  if (server.backend === 'sqlite') {
    const database = new DatabaseSync(server.settings.database.slice('sqlite:'.length));
    const table = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%kid%'").all()
      .map(({ name }) => ({ name, columns: database.prepare(`PRAGMA table_info(${name})`).all().map((row) => row.name) }))
      .find(({ columns }) => columns.includes('kid') && columns.some((name) => name.includes('sealed')));
    const sealed = table.columns.find((name) => name.includes('sealed'));
    const rows = database.prepare(`SELECT kid, ${sealed} AS sealed FROM ${table.name}`).all()
      .map((row) => [row.kid, row.sealed]);
    for (const sql of swap(table.name, 'kid', sealed, rows)) database.exec(sql);
    database.close();
    return;
  }
  const cluster = await postgres();
  const { name } = server.database;
  const [line] = await cluster.query(name, `SELECT a.table_name, a.column_name FROM information_schema.columns a
    JOIN information_schema.columns b ON a.table_name = b.table_name AND b.column_name = 'kid'
    WHERE a.column_name LIKE '%sealed%' AND a.table_schema = 'public'`);
  const [table, sealed] = line.split('|');
  const rows = (await cluster.query(name, `SELECT kid, ${sealed} FROM ${table}`)).map((row) => row.split('|'));
  for (const sql of swap(table, 'kid', sealed, rows)) await cluster.query(name, sql);
}
