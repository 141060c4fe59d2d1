// Owns: free TCP ports of this machine.
import net from 'node:net';

const handed = new Set();

/** A port nobody listens on, never the same twice in one process. */
export async function freePort() {
  for (;;) {
    const port = await new Promise((resolve, reject) => {
      const server = net.createServer();
      server.on('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const { port: found } = server.address();
        server.close(() => resolve(found));
      });
    });
    if (!handed.has(port)) {
      handed.add(port);
      return port;
    }
  }
}
