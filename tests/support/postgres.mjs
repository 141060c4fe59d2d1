// Owns: a PostgreSQL cluster for one test process: in a temporary folder, on a unix socket only, without
// fsync. It is started at the first use and removed when the process ends.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROLE = 'latchkey';

function programs() {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).map(Number).sort((a, b) => b - a) : [];
  const folder = versions.map((version) => join(root, String(version), 'bin'))
    .find((candidate) => existsSync(join(candidate, 'initdb')));
  if (!folder) throw new Error('PostgreSQL is not installed: run script/bootstrap');
  return folder;
}

/** PostgreSQL refuses to run as root, so root lends it to the user that the package made. */
function command(program, args) {
  return process.getuid() === 0
    ? ['runuser', ['-u', 'postgres', '--', program, ...args]]
    : [program, args];
}

class Cluster {
  #bin = programs();
  #next = 1;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'latchkey-pg-'));
    this.data = join(this.folder, 'data');
    this.socket = join(this.folder, 'socket');
    mkdirSync(this.data, { mode: 0o700 });
    mkdirSync(this.socket, { mode: 0o777 });
    chmodSync(this.folder, 0o755);
    if (process.getuid() === 0) {
      const uid = Number(execFileSync('id', ['-u', 'postgres']).toString());
      for (const path of [this.folder, this.data, this.socket]) chownSync(path, uid, -1);
    }
  }

  #call(program, args, options = {}) {
    const [file, rest] = command(join(this.#bin, program), args);
    return run(file, rest, { cwd: this.folder, maxBuffer: 64 * 1024 * 1024, ...options });
  }

  async create() {
    await this.#call('initdb', ['--pgdata', this.data, '--username', ROLE, '--auth', 'trust',
      '--encoding', 'UTF8', '--locale', 'C.UTF-8', '--no-sync']);
    await this.start();
  }

  async start() {
    const settings = [
      `-c unix_socket_directories=${this.socket}`, '-c listen_addresses=', '-c fsync=off',
      '-c full_page_writes=off', '-c max_connections=200',
      '-c shared_buffers=64MB',
    ].join(' ');
    await this.#call('pg_ctl', ['--pgdata', this.data, '--wait', '--silent',
      '--log', join(this.folder, 'log'), '--options', settings, 'start'], { stdio: 'ignore' });
  }

  /** @param {'fast' | 'immediate'} mode */
  async stop(mode = 'fast') {
    await this.#call('pg_ctl', ['--pgdata', this.data, '--wait', '--silent', '--mode', mode, 'stop']);
  }

  /** A new, empty database and its address. */
  async database() {
    const name = `db${this.#next++}`;
    await this.#call('createdb', ['--host', this.socket, '--username', ROLE, name]);
    return { name, url: `postgresql://${ROLE}@/${name}?host=${encodeURIComponent(this.socket)}` };
  }

  /** Rows of a query, one line each, columns parted by "|". */
  async query(name, sql) {
    const { stdout } = await this.#call('psql', ['--host', this.socket, '--username', ROLE, '--dbname', name,
      '--no-align', '--tuples-only', '--set', 'ON_ERROR_STOP=1', '--command', sql]);
    return stdout.split('\n').filter(Boolean);
  }

  async dump(name) {
    const { stdout } = await this.#call('pg_dump', ['--host', this.socket, '--username', ROLE, name]);
    return stdout;
  }

  removeNow() {
    try {
      const [file, args] = command(join(this.#bin, 'pg_ctl'),
        ['--pgdata', this.data, '--silent', '--mode', 'immediate', 'stop']);
      execFileSync(file, args, { cwd: '/', stdio: 'ignore' });
    } catch {
      // Stopped already.
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let started;

/** @returns {Promise<Cluster>} the cluster of this process */
export function postgres() {
  started ??= (async () => {
    const cluster = new Cluster();
    process.once('exit', () => cluster.removeNow());
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
    await cluster.create();
    return cluster;
  })();
  return started;
}
