// Owns: the three servers of the benchmark, each pinned to cpu 0: starting, seeding, memory and CPU time.
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';

import { ASSERTION_TYPE, makeKey, signJwt } from '../support/assertion.mjs';
import { Browser, signIn } from '../support/browser.mjs';
import { send } from '../support/http_client.mjs';

export const ROOT = resolve(import.meta.dirname, '../..');
export const BUILT = join(ROOT, 'build/bench');
const LATCHKEY = join(ROOT, 'build/release/latchkey');
const NODE = join(ROOT, 'tests/node_modules/.bin/node');
export const FILLERS = 10_000;
const DEAD_TOKENS = 100_000;

export const PERSON = { email: 'bench@example.com', password: 'violet-Harbour-92-lantern', name: 'Bench' };
export const REDIRECT = 'https://rp.example/cb';
const RESOURCE = 'https://api.example/';
const VERIFIER = 'bench-verifier-bench-verifier-bench-verifier-1234';
export const CONNECTIONS = 64;

export const freePort = () => new Promise((done) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});

const basic = ({ client_id: id, client_secret: secret }) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
const encode = (form) => new URLSearchParams(form).toString();

// Signs the assertions of private_key_jwt, for both servers.
const KEY = makeKey('ES256');
const KEY_METADATA = {
  token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks: { keys: [KEY.jwk] },
};
export const REGISTRATION = { client_name: 'Registered', redirect_uris: [REDIRECT] };

/** One running server. `clients` maps RS256 and ES256 to a client of that ID token algorithm, `key` to one with a key. */
class Server {
  constructor(plan) {
    Object.assign(this, plan);
    this.issuer = `http://127.0.0.1:${this.port}`;
  }

  async start() {
    const log = openSync(join(this.folder, `${this.name}.log`), 'a');
    const [program, ...args] = this.command;
    this.child = spawn('taskset', ['-c', '0', program, ...args], {
      cwd: this.folder, env: { ...process.env, NODE_ENV: 'production' }, stdio: ['ignore', log, log],
    });
    this.child.once('exit', (code) => { this.ended = code ?? 'a signal'; });
    for (let tries = 0; ; tries++) {
      try {
        const answer = await send(`${this.issuer}${this.probe}`, { fresh: true });
        if (answer.status === 200) return this;
        throw new Error(`status ${answer.status}`);
      } catch (error) {
        if (this.ended !== undefined || tries > 400) {
          throw new Error(`${this.name} did not start (${this.ended ?? error.message}): see ${this.folder}`);
        }
        await sleep(25);
      }
    }
  }

  async stop() {
    if (this.ended !== undefined) return;
    this.child.kill('SIGTERM');
    while (this.ended === undefined) await sleep(20);
  }

  /** Resident memory in MiB. */
  memory() {
    return Number(readFileSync(`/proc/${this.child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
  }

  /** CPU seconds used so far, all threads. */
  cpuSeconds() {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  authorizationPath(algorithm, extra = {}) {
    return `${this.paths.authorize}?${encode({
      response_type: 'code',
      client_id: this.clients[algorithm].client_id,
      redirect_uri: REDIRECT,
      scope: 'openid email profile',
      state: 'state-of-the-benchmark',
      nonce: 'nonce-of-the-benchmark',
      code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
      code_challenge_method: 'S256',
      ...extra,
    })}`;
  }

  authorization(algorithm) {
    return basic(this.clients[algorithm]);
  }

  /** What a client pushes to /par. */
  pushedForm() {
    return this.authorizationPath('RS256').split('?')[1];
  }

  /** Assertions of private_key_jwt that were not used yet, as the rest of a form, each on a line. */
  assertions(count) {
    const path = join(this.folder, `${this.name}-assertions`);
    const id = this.clients.key.client_id;
    const iat = Math.floor(Date.now() / 1000);
    const lines = Array.from({ length: count }, () => `&client_assertion_type=${encodeURIComponent(ASSERTION_TYPE)}` +
      `&client_assertion=${signJwt({ iss: id, sub: id, aud: this.issuer, jti: randomUUID(), iat, exp: iat + 300 },
        { key: KEY.privateKey, alg: 'ES256' })}`);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }

  codeForm() {
    return encode({ grant_type: 'authorization_code', redirect_uri: REDIRECT, code_verifier: VERIFIER });
  }

  loginForm() {
    return encode({ email: PERSON.email, password: PERSON.password });
  }

  /** A browser that is signed in. */
  async browser(algorithm) {
    const browser = new Browser(this);
    await this.codeOf(browser, algorithm);
    return browser;
  }

  async codeOf(browser, algorithm, extra) {
    const url = `${this.issuer}${this.authorizationPath(algorithm, extra)}`;
    return (await signIn(browser, url, PERSON)).parameters.code;
  }

  /** @returns {Promise<object>} the token response of a code flow */
  async tokens(browser, algorithm, extra) {
    const code = await this.codeOf(browser, algorithm, extra);
    const answer = await send(`${this.issuer}${this.paths.token}`, {
      body: `${this.codeForm()}&code=${code}`,
      headers: {
        authorization: this.authorization(algorithm), 'content-type': 'application/x-www-form-urlencoded',
      },
    });
    if (answer.status !== 200) throw new Error(`${this.name}: no tokens: ${answer.status} ${answer.text}`);
    return answer.json();
  }

  /** Files with what each connection of flow_load begins with: one line each. */
  async prepare(file, makeLine) {
    const lines = [];
    for (let i = 0; i < CONNECTIONS; i++) lines.push(await makeLine());
    const path = join(this.folder, `${this.name}-${file}`);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }

  async prepareFlows() {
    const browser = await this.browser('RS256');
    this.chains = {};
    for (const algorithm of ['RS256', 'ES256']) {
      this.chains[algorithm] = await this.prepare(`refresh-${algorithm}`,
        async () => (await this.tokens(browser, algorithm)).refresh_token);
    }
    if (this.resource) {
      this.chains.jwt = await this.prepare('refresh-jwt',
        async () => (await this.tokens(browser, 'RS256', { resource: this.resource })).refresh_token);
    }
    this.sessions = await this.prepare('sessions', async () => (await this.browser('RS256')).cookieHeader);
    this.accessToken = (await this.tokens(browser, 'RS256')).access_token;
  }
}

export async function bareBeast(folder) {
  const port = await freePort();
  return new Server({
    name: 'bare-beast', folder, port, command: [join(BUILT, 'bare_beast'), String(port)], probe: '/plain',
  });
}

export async function oidcProvider(folder) {
  const port = await freePort();
  const clients = Object.fromEntries(['RS256', 'ES256'].map((algorithm) => [algorithm, {
    client_id: `bench-${algorithm.toLowerCase()}`,
    client_secret: 'a-secret-of-the-benchmark-as-long-as-latchkeys-1',
    redirect_uris: [REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: algorithm,
  }]));
  clients.key = { client_id: 'bench-key', redirect_uris: [REDIRECT], grant_types: ['authorization_code'],
    response_types: ['code'], ...KEY_METADATA };
  const settings = join(folder, 'oidc-provider.json');
  writeFileSync(settings, JSON.stringify({
    clients: Object.values(clients), fillers: FILLERS, subject: 'bench', resource: RESOURCE,
  }));
  return new Server({
    name: 'oidc-provider', folder, port, clients, resource: RESOURCE,
    command: [NODE, join(import.meta.dirname, 'oidc_provider.mjs'), String(port), settings],
    probe: '/.well-known/openid-configuration',
    paths: {
      discovery: '/.well-known/openid-configuration', jwks: '/jwks', userinfo: '/me', authorize: '/auth',
      token: '/token', introspection: '/token/introspection', pushed: '/request', registration: '/reg',
    },
  });
}

/** 10,000 more clients like the first and 100,000 spent refresh tokens, written past the program. */
function fill(file, clientId) {
  const database = new DatabaseSync(file);
  const columns = database.prepare("SELECT name FROM pragma_table_info('clients')").all().map((row) => row.name);
  const counter = (most) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${most})`;
  database.exec(`BEGIN;
    ${counter(FILLERS)} INSERT INTO clients
      SELECT ${columns.map((name) => (name === 'client_id' ? "'filler-' || i" : name)).join(', ')}
      FROM clients, n WHERE client_id = '${clientId}';
    ${counter(FILLERS)} INSERT INTO client_redirect_uris
      SELECT 'filler-' || i, position, uri, expires_at FROM client_redirect_uris, n WHERE client_id = '${clientId}';
    ${counter(DEAD_TOKENS)} INSERT INTO refresh_tokens (id, digest, grant_id, client_id, scope, created_at,
        expires_at, absolute_expires_at, used_at)
      SELECT i, hex(randomblob(21)), 1, '${clientId}', 'openid email profile', 1800000000000, 4000000000000,
        4000000000000, 1800000000000 FROM n;
    COMMIT;`);
  database.close();
}

export async function latchkey(folder) {
  const port = await freePort();
  const flags = [
    `--issuer=http://127.0.0.1:${port}`, `--listen=127.0.0.1:${port}`, `--data-dir=${folder}`, '--io-threads=1',
    '--management-listen=', '--throttle-account-attempts=1000000', '--throttle-account-daily-attempts=100000000',
    '--throttle-address-attempts=1000000',
    '--throttle-site-attempts=100000000',
  ];
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_')));
  const run = (args, input) => JSON.parse(execFileSync(LATCHKEY, args, {
    cwd: folder, input, encoding: 'utf8', env: { ...environment, LATCHKEY_DATA_DIR: folder },
  }));
  const clients = {};
  for (const algorithm of ['RS256', 'ES256']) {
    const metadata = join(folder, `client-${algorithm}.json`);
    writeFileSync(metadata, JSON.stringify({ id_token_signed_response_alg: algorithm }));
    clients[algorithm] = run(['client', 'add', '--name', `Bench ${algorithm}`, '--redirect-uri', REDIRECT,
      '--grant-type', 'authorization_code', '--grant-type', 'refresh_token', '--first-party',
      '--metadata', metadata, '--json']);
  }
  const keyFile = join(folder, 'client-key.json');
  writeFileSync(keyFile, JSON.stringify(KEY_METADATA));
  clients.key = run(['client', 'add', '--name', 'Bench key', '--redirect-uri', REDIRECT, '--metadata', keyFile, '--json']);
  const { initial_access_token: initialAccessToken } =
    run(['client', 'token', 'add', '--uses', '1000000', '--json']);
  run(['user', 'add', '--email', PERSON.email, '--name', PERSON.name, '--email-verified', '--password-stdin',
    '--json'], `${PERSON.password}\n`);
  fill(join(folder, 'latchkey.db'), clients.RS256.client_id);
  return new Server({
    name: 'latchkey', folder, port, clients, initialAccessToken, command: [LATCHKEY, 'serve', ...flags],
    probe: '/.well-known/openid-configuration',
    paths: {
      discovery: '/.well-known/openid-configuration', jwks: '/jwks', userinfo: '/userinfo',
      authorize: '/authorize', token: '/token', introspection: '/introspect', pushed: '/par', registration: '/register',
    },
  });
}
