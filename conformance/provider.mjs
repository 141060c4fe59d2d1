// Owns: the Latchkey that is tested: its settings, its process, and what is registered in it. Uses the
// outside contract only: flags, the command line, the ready line.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { makeCertificate } from '../tests/support/certificate.mjs';
import { freePort } from '../tests/support/ports.mjs';
import { asEnvironment, asFlags, cleanEnvironment, TEST_SETTINGS } from '../tests/support/settings.mjs';

const SETTINGS = {
  ...TEST_SETTINGS,
  // A key that was rotated in is announced for this long before it signs, and only then may the next one come.
  jwks_cache: '15s',
};

const ROTATION_LIMIT_MS = 60_000;

export const PERSON = {
  email: 'alice@example.com',
  password: 'violet-Harbour-92-lantern',
};

/** Every standard claim of OpenID Connect Core §5.1 but e-mail and updated_at, which the server keeps itself. */
const CLAIMS = {
  name: 'Alice Beatrice Example',
  given_name: 'Alice',
  family_name: 'Example',
  middle_name: 'Beatrice',
  nickname: 'Ally',
  preferred_username: 'alice',
  profile: 'https://example.com/people/alice',
  picture: 'https://example.com/people/alice.png',
  website: 'https://alice.example.com',
  gender: 'female',
  birthdate: '1984-02-29',
  zoneinfo: 'Europe/Berlin',
  locale: 'en-GB',
  phone_number: '+1 555 0100',
  phone_number_verified: true,
  address: {
    formatted: '1 Harbour Street\nExampletown 12345\nExampleland',
    street_address: '1 Harbour Street',
    locality: 'Exampletown',
    region: 'Examplestate',
    postal_code: '12345',
    country: 'Exampleland',
  },
};

export class Provider {
  #program;
  #child;
  #ended;
  #log;

  /**
   * @param {object} options program, logFile, database (a PostgreSQL URL; none: SQLite), suiteCertificate
   *   (PEM), suiteHost, settings (of the campaign)
   */
  static async create({ program, logFile, database, suiteCertificate, suiteHost, settings }) {
    const provider = new Provider();
    provider.#program = program;
    provider.#log = createWriteStream(logFile);
    provider.folder = mkdtempSync(join(tmpdir(), 'latchkey-conformance-'));
    const { certificate, key } = makeCertificate(provider.folder);
    const bundle = provider.#write('suite.pem', suiteCertificate);
    const master = provider.#write('master.key', `${randomBytes(32).toString('base64url')}\n`);
    const port = await freePort();
    provider.issuer = `https://localhost:${port}`;
    provider.backend = database ? 'PostgreSQL' : 'SQLite';
    provider.settings = {
      ...SETTINGS,
      issuer: provider.issuer,
      listen: `127.0.0.1:${port}`,
      tls_cert_file: certificate,
      tls_key_file: key,
      data_dir: provider.folder,
      database: database ?? `sqlite:${join(provider.folder, 'latchkey.db')}`,
      master_key_file: master,
      outbound_allowed_addresses: suiteHost,
      outbound_ca_file: bundle,
      ...settings,
    };
    return provider;
  }

  #write(name, text) {
    const file = join(this.folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  async start() {
    const child = spawn(this.#program, ['serve', ...asFlags(this.settings)],
      { cwd: this.folder, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#ended = new Promise((done) => { child.on('close', (code, signal) => done(code ?? signal)); });
    child.stdout.pipe(this.#log, { end: false });
    child.stderr.pipe(this.#log, { end: false });
    let seen = '';
    await new Promise((done, reject) => {
      const timer = setTimeout(() => reject(new Error(`Latchkey is not ready:\n${seen}`)), 30_000);
      child.stderr.setEncoding('utf8').on('data', (text) => {
        if (seen.length < 100_000) seen += text;
        if (/^latchkey: listening on /m.test(seen)) { clearTimeout(timer); done(); }
      });
      child.on('error', reject);
      this.#ended.then((code) => {
        clearTimeout(timer);
        reject(new Error(`Latchkey ended with ${code}:\n${seen}`));
      });
    });
  }

  /** Did it end by itself? */
  get gone() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async stop({ keep = false } = {}) {
    if (this.#child && !this.gone) {
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 30_000);
      await this.#ended;
      clearTimeout(timer);
    }
    this.#log.end();
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }

  /** Without waiting, when this program itself must end. */
  end() {
    if (!this.#child || this.gone) return;
    this.#child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The command line on the same database. @returns {Promise<string>} what it prints */
  command(args, input = '') {
    return new Promise((done, reject) => {
      const child = spawn(this.#program, args,
        { cwd: this.folder, env: { ...cleanEnvironment(), ...asEnvironment(this.settings) } });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text) => { stdout += text; });
      child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text; });
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0) done(stdout);
        else reject(new Error(`latchkey ${args.join(' ')} ended with ${code}: ${stderr.trim()}`));
      });
    });
  }

  async addPerson() {
    const claims = this.#write('claims.json', JSON.stringify(CLAIMS));
    await this.command(['user', 'add', '--email', PERSON.email, '--email-verified', '--claims', claims,
      '--password-stdin', '--json'], `${PERSON.password}\n`);
  }

  /** @returns {Promise<string>} an initial access token for the suite's own registrations */
  async addInitialAccessToken(uses) {
    const made = JSON.parse(await this.command(['client', 'token', 'add', '--uses', String(uses), '--json']));
    return made.initial_access_token ?? made.token;
  }

  /** @returns {Promise<object>} the client's metadata with its secret */
  async addClient(metadata) {
    const file = this.#write(`client-${randomBytes(4).toString('hex')}.json`, JSON.stringify(metadata));
    return JSON.parse(await this.command(['client', 'add', '--pkce', 'optional', '--metadata', file, '--json']));
  }

  /** Begins with a new RS256 key. Done when the server publishes it. */
  async rotateKeys() {
    const before = await this.#publishedKeys();
    const deadline = Date.now() + ROTATION_LIMIT_MS;
    for (;;) {
      try {
        await this.command(['keys', 'rotate', '--alg', 'RS256']);
        break;
      } catch (problem) {
        if (!/under way/.test(problem.message) || Date.now() > deadline) throw problem;
        await delay(1000);
      }
    }
    while (!(await this.#publishedKeys()).some((kid) => !before.includes(kid))) {
      if (Date.now() > deadline) throw new Error('the server does not publish the new key');
      await delay(200);
    }
  }

  async #publishedKeys() {
    const text = await new Promise((done, reject) => {
      https.get(`${this.issuer}/jwks`, { rejectUnauthorized: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part) => { body += part; }).on('end', () => done(body));
      }).on('error', reject);
    });
    return JSON.parse(text).keys.map(({ kid }) => kid);
  }

  async version() {
    return (await this.command(['--version'])).trim().replace(/^latchkey /, '');
  }
}
