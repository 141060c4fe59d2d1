// Owns: bytes on a socket, for requests that no HTTP client would send.
import net from 'node:net';

/**
 * Sends the bytes and collects what comes back until the server closes or `quietMs` pass without a byte.
 * @param {number} port
 * @param {string | Buffer | (string | Buffer)[]} bytes pieces are sent one after the other
 * @returns {Promise<{ text: string, closed: boolean, statuses: number[], elapsed: number }>}
 */
export function exchange(port, bytes, { quietMs = 700, pieceMs = 5, limitMs = 20_000 } = {}) {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const socket = net.connect(port, '127.0.0.1');
    const chunks = [];
    let closed = false;
    let timer;
    const done = () => {
      clearTimeout(timer);
      clearTimeout(limit);
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      const statuses = [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((match) => Number(match[1]));
      resolve({ text, closed, statuses, elapsed: Date.now() - started });
    };
    const limit = setTimeout(done, limitMs);
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(done, quietMs);
    };
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      wait();
    });
    socket.on('end', () => { closed = true; });
    socket.on('close', () => {
      closed = true;
      done();
    });
    socket.on('error', (error) => {
      if (!['ECONNRESET', 'EPIPE'].includes(error.code)) {
        clearTimeout(limit);
        clearTimeout(timer);
        reject(error);
      }
    });
    socket.on('connect', async () => {
      for (const piece of [bytes].flat()) {
        if (socket.destroyed) break;
        socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
        await new Promise((next) => { setTimeout(next, pieceMs); });
      }
      wait();
    });
  });
}

/** A request in one string; `lines` are header lines without line ends. */
export function rawRequest(requestLine, lines, body = '') {
  return `${[requestLine, ...lines].join('\r\n')}\r\n\r\n${body}`;
}
