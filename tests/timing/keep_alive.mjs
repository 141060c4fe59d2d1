// Owns: one connection that is kept open, over which requests go one at a time, and the time from the last byte
// written to the last byte of the answer. As little as possible stands between the clock and the socket.
import { once } from 'node:events';
import net from 'node:net';

export class KeepAlive {
  #socket;
  #waiting;
  #bytes = Buffer.alloc(0);

  constructor(server) {
    this.server = server;
  }

  async #connect() {
    const socket = net.connect(this.server.port, '127.0.0.1');
    socket.setNoDelay(true);
    await once(socket, 'connect');
    this.#bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#socket = undefined;
      this.#waiting?.reject(new Error('the server closed the connection in the middle of an answer'));
    });
    this.#socket = socket;
  }

  #take(chunk) {
    const at = process.hrtime.bigint();
    this.#bytes = this.#bytes.length ? Buffer.concat([this.#bytes, chunk]) : chunk;
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#bytes.toString('latin1', 0, end);
    const length = Number(head.match(/^content-length: (\d+)$/im)?.[1] ?? 0);
    if (this.#bytes.length < end + 4 + length) return;
    const answer = { status: Number(head.slice(9, 12)), head, body: this.#bytes.toString('utf8', end + 4) };
    this.#bytes = Buffer.alloc(0);
    this.#waiting?.resolve({ ...answer, at });
  }

  /**
   * A POST of a form.
   * @param {{ path: string, headers?: Record<string, string>, form: Record<string, string> }} what
   * @returns {Promise<{ status: number, head: string, body: string, ms: number }>}
   */
  async post({ path, headers = {}, form }) {
    if (!this.#socket) await this.#connect();
    const body = new URLSearchParams(form).toString();
    const lines = Object.entries({ Host: this.server.host, Origin: this.server.issuer,
      'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': body.length, ...headers });
    const bytes = `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
    const answer = new Promise((resolve, reject) => { this.#waiting = { resolve, reject }; });
    const from = process.hrtime.bigint();
    this.#socket.write(bytes);
    try {
      const { at, ...rest } = await answer;
      return { ...rest, ms: Number(at - from) / 1e6 };
    } finally {
      this.#waiting = undefined;
    }
  }

  close() {
    this.#socket?.destroy();
  }
}
