// Owns: thousands of connections that say nothing, held by processes of their own because one process may not have
// that many files. From several loopback addresses, because one address has not that many ports.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

const PER_PROCESS = 5000;
const AT_ONCE = 200;
const [, , port, count, source] = process.argv;

async function hold() {
  const states = Array(Number(count)).fill('new');
  let next = 0;
  const open = () => new Promise((done) => {
    const at = next++;
    const socket = net.connect({ port: Number(port), host: '127.0.0.1', localAddress: source });
    socket.on('connect', () => {
      states[at] = 'open';
      done();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      states[at] = 'closed';
      done();
    });
    socket.resume();
  });
  process.on('message', () => process.send(states));
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < states.length) await open();
  }));
  process.send('done');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await hold();

export class IdleConnections {
  #children = [];

  /** Opens them, the oldest first; resolves when each was opened or refused. */
  async open(server, total) {
    process.once('exit', () => this.close());
    for (let from = 0; from < total; from += PER_PROCESS) {
      const child = fork(fileURLToPath(import.meta.url),
        [String(server.port), String(Math.min(PER_PROCESS, total - from)), `127.0.0.${2 + this.#children.length}`],
        { serialization: 'advanced' });
      this.#children.push(child);
      await once(child, 'message');
    }
  }

  /** What became of each, in the order of opening: 'open' or 'closed'. */
  async states() {
    const all = [];
    for (const child of this.#children) {
      child.send('states');
      all.push(...(await once(child, 'message'))[0]);
    }
    return all;
  }

  close() {
    for (const child of this.#children.splice(0)) child.kill('SIGKILL');
  }
}
