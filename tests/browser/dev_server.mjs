// Owns: `latchkey dev` on a folder of its own: starting, restarting with the same data, and restarting
// later, by a shifted clock.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { PROGRAM, temporaryFolder } from '../support/latchkey.mjs';
import { freePort } from '../support/ports.mjs';

/** Debian's libfaketime, which the program is started under to live later. */
function clockLibrary() {
  const folder = '/usr/lib';
  const found = readdirSync(folder).map((name) => join(folder, name, 'faketime/libfaketimeMT.so.1')).find(existsSync);
  if (!found) throw new Error('libfaketime is missing: run script/bootstrap');
  return found;
}

const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function environment(hoursLater) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_')));
  if (!hoursLater) return clean;
  // Only the time of day moves; timers run on.
  return { ...clean, LD_PRELOAD: clockLibrary(), FAKETIME: `+${hoursLater}h`, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}

export class DevServer {
  #child;
  #ended;

  constructor(port, settings) {
    this.port = port;
    this.folder = temporaryFolder();
    this.issuer = `http://localhost:${port}`;
    this.settings = { password_memory_kib: 7168, password_iterations: 1, ...settings };
    this.log = '';
  }

  /** @param {number} hoursLater how far ahead the server's clock is */
  async start(hoursLater = 0) {
    const args = ['dev', '--data-dir', this.folder, '--listen', `127.0.0.1:${this.port},[::1]:${this.port}`,
      ...Object.entries(this.settings).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`)];
    const child = spawn(PROGRAM, args,
      { cwd: this.folder, env: environment(hoursLater), stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    this.#ended = new Promise((done) => {
      child.on('close', (code, signal) => {
        running.delete(child);
        done(code ?? signal);
      });
    });
    const from = this.log.length;
    await new Promise((done, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready:\n${this.log.slice(from)}`)), 20_000);
      const seen = (text) => {
        this.log += text;
        if (/^latchkey: listening on /m.test(this.log.slice(from))) {
          clearTimeout(timer);
          done();
        }
      };
      child.stdout.setEncoding('utf8').on('data', seen);
      child.stderr.setEncoding('utf8').on('data', seen);
      child.on('error', reject);
      this.#ended.then((end) => reject(new Error(`ended with ${end}:\n${this.log.slice(from)}`)));
    });
    this.alice = { email: 'alice@example.com', password: readFileSync(join(this.folder, 'dev-password'), 'utf8').trim() };
    return this;
  }

  /** SIGTERM, as a service manager would. */
  async stop() {
    if (!this.#child) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 30_000);
    const end = await this.#ended;
    clearTimeout(timer);
    this.#child = undefined;
    if (end !== 0) throw new Error(`SIGTERM ended the server with ${end}:\n${this.log.slice(-3000)}`);
  }

  async restart(hoursLater = 0) {
    await this.stop();
    return this.start(hoursLater);
  }

  url(path) {
    return `${this.issuer}${path}`;
  }
}

/** @returns {Promise<DevServer>} a development server that is ready */
export async function startDev(settings = {}) {
  return new DevServer(await freePort(), settings).start();
}
