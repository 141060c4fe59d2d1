// Owns: the program under test: starting `latchkey serve` on a database of its own, its command line, and
// its end. Knows the outside contract only (flags, environment, the ready line), nothing inside.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import dns from 'node:dns';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe } from 'node:test';

import { freePort } from './ports.mjs';
import { postgres } from './postgres.mjs';
import { asEnvironment, asFlags, cleanEnvironment, TEST_SETTINGS } from './settings.mjs';

// The issuer is http://localhost:PORT and the server listens on IPv4.
dns.setDefaultResultOrder('ipv4first');

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const PROGRAM = resolve(process.env.LATCHKEY_PROGRAM ?? join(ROOT, 'build/dev/latchkey'));
if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: build it, or set LATCHKEY_PROGRAM`);

/** The databases to test on; LATCHKEY_BACKENDS=sqlite leaves one out. */
export const BACKENDS = (process.env.LATCHKEY_BACKENDS ?? 'sqlite,postgresql').split(',');

/** One describe block for each database; `options` are describe's own. */
export function onEachBackend(title, define, options = {}) {
  for (const backend of BACKENDS) describe(`${title} [${backend}]`, options, () => define(backend));
}

const running = new Set();
const folders = new Set();
const endAll = () => {
  for (const child of running) child.kill('SIGKILL');
};
// A test that failed leaves its server behind, and its pipes would keep this process alive.
after(endAll);
process.once('exit', () => {
  endAll();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  folders.add(folder);
  return folder;
}

/** A master key file as an operator would make it. */
export function makeMasterKey(folder = temporaryFolder()) {
  const file = join(folder, `master-${randomBytes(4).toString('hex')}.key`);
  writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  return file;
}

/**
 * Runs the program to its end.
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export function runProgram(args, { settings = {}, input = '', cwd, environment = {}, timeout = 30_000 } = {}) {
  return new Promise((done, reject) => {
    const child = spawn(PROGRAM, args, {
      cwd: cwd ?? tmpdir(),
      env: { ...cleanEnvironment(), ...asEnvironment(settings), ...environment },
    });
    running.add(child);
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    child.stdout.setEncoding('utf8').on('data', (text) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text; });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      done({ code, stdout, stderr });
    });
  });
}

export class CommandFailed extends Error {
  constructor(args, result) {
    super(`latchkey ${args.join(' ')} ended with ${result.code}: ${result.stderr.trim()}`);
    this.result = result;
  }
}

/** One server process. Make it with startLatchkey(). */
export class Latchkey {
  #child;
  #ended;
  #stopping = false;

  constructor(plan) {
    Object.assign(this, plan);
    this.log = '';
  }

  get pid() {
    return this.#child.pid;
  }

  /** What the program writes to standard error, ready line included. */
  async start({ readyWithin = 20_000 } = {}) {
    const started = Date.now();
    const child = spawn(PROGRAM, ['serve', ...asFlags(this.settings)], {
      cwd: this.folder, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#stopping = false;
    running.add(child);
    this.#ended = new Promise((done) => {
      child.on('close', (code, signal) => {
        running.delete(child);
        done({ code, signal });
      });
    });
    const from = this.log.length;
    await new Promise((done, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`not ready within ${readyWithin} ms:\n${this.log.slice(from)}`));
      }, readyWithin);
      const seen = (text) => {
        this.log += text;
        const ready = this.log.slice(from).match(/^latchkey: listening on (\S+), issuer (\S+)$/m);
        if (ready) {
          clearTimeout(timer);
          [, this.address, this.announcedIssuer] = ready;
          done();
        }
      };
      child.stdout.setEncoding('utf8').on('data', seen);
      child.stderr.setEncoding('utf8').on('data', seen);
      child.on('error', reject);
      this.#ended.then(({ code, signal }) => {
        clearTimeout(timer);
        this.#stopping ||= !this.address;
        reject(new Error(`ended with ${code ?? signal} before it was ready:\n${this.log.slice(from)}`));
      });
    });
    this.readyAfter = Date.now() - started;
    return this;
  }

  /** SIGTERM; throws when the program does not end with 0 within half a minute. */
  async stop() {
    if (!this.#child) return;
    if (!this.#stopping && (this.#child.exitCode !== null || this.#child.signalCode)) {
      throw new Error(`the server ended by itself with ${this.#child.exitCode ?? this.#child.signalCode}:\n` +
        this.log.slice(-4000));
    }
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 30_000);
    const { code, signal } = await this.#ended;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`SIGTERM ended the server with ${code ?? signal}:\n${this.log.slice(-4000)}`);
  }

  /** kill -9. */
  async kill() {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async restart() {
    await this.stop();
    return this.start();
  }

  url(path) {
    return `${this.issuer}${path}`;
  }

  /** Processor time that the server has used, in ms: unlike the clock it tells nothing of other programs. */
  async processorMs() {
    const fields = (await readFile(`/proc/${this.pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Resident memory in KiB. */
  async residentKib() {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(status.match(/VmRSS:\s+(\d+)/)[1]);
  }

  /** The command line on the same database; throws CommandFailed unless it ends with 0. */
  async command(args, input = '') {
    const result = await runProgram(args, { settings: this.settings, input, cwd: this.folder });
    if (result.code !== 0) throw new CommandFailed(args, result);
    return result;
  }

  /**
   * @param {object} options name, redirect_uris, public, grant_types, scope, method, pkce_optional,
   *   first_party, metadata
   * @returns {Promise<object>} RFC 7591 metadata with the secret
   */
  async addClient(options) {
    const args = ['client', 'add', '--name', options.name];
    for (const uri of options.redirect_uris ?? []) args.push('--redirect-uri', uri);
    for (const type of options.grant_types ?? ['authorization_code', 'refresh_token']) {
      args.push('--grant-type', type);
    }
    if (options.public) args.push('--public');
    if (options.scope) args.push('--scope', options.scope);
    if (options.method) args.push('--token-endpoint-auth-method', options.method);
    if (options.pkce_optional) args.push('--pkce', 'optional');
    if (options.first_party) args.push('--first-party');
    if (options.metadata) {
      const file = join(this.folder, `metadata-${randomBytes(4).toString('hex')}.json`);
      writeFileSync(file, JSON.stringify(options.metadata));
      args.push('--metadata', file);
    }
    args.push('--json');
    return JSON.parse((await this.command(args)).stdout);
  }

  /** @returns {Promise<object>} the person's record, with the password that was set */
  async addUser({ email, password, name, verified = true, claims }) {
    const args = ['user', 'add', '--email', email, '--password-stdin', '--json'];
    if (name) args.push('--name', name);
    if (verified) args.push('--email-verified');
    if (claims) {
      const file = join(this.folder, `claims-${randomBytes(4).toString('hex')}.json`);
      writeFileSync(file, JSON.stringify(claims));
      args.push('--claims', file);
    }
    const { stdout } = await this.command(args, `${password}\n`);
    return { ...JSON.parse(stdout), email, password };
  }

  /** A second process on the same database with the same keys and issuer, on a port of its own. */
  async secondNode(settings = {}) {
    const port = await freePort();
    const plan = { ...this, log: '', port, settings: { ...this.settings, listen: `127.0.0.1:${port}`, ...settings } };
    return new Latchkey(plan).start();
  }
}

/**
 * What `latchkey serve` would be started with, without starting it.
 * @param {object} options backend, settings, scheme, masterKey
 */
export async function planLatchkey({ backend = 'sqlite', settings = {}, scheme = 'http', masterKey } = {}) {
  const port = await freePort();
  const folder = temporaryFolder();
  const issuer = `${scheme}://localhost:${port}`;
  const all = { ...TEST_SETTINGS, issuer, listen: `127.0.0.1:${port}`, data_dir: folder };
  let database;
  if (backend === 'postgresql') {
    database = await (await postgres()).database();
    all.database = database.url;
    all.master_key_file = masterKey ?? makeMasterKey(folder);
  } else {
    all.database = `sqlite:${join(folder, 'latchkey.db')}`;
    if (masterKey) all.master_key_file = masterKey;
  }
  return new Latchkey({
    backend, port, folder, issuer, database, host: `localhost:${port}`, settings: { ...all, ...settings },
  });
}

/** @returns {Promise<Latchkey>} a server that is ready */
export async function startLatchkey(options) {
  return (await planLatchkey(options)).start();
}
