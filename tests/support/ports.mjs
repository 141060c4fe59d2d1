// Owns: free TCP ports of this machine, for test files that run at the same time.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';

// Below what Linux gives to outgoing connections (ip_local_port_range).
const FIRST = 10_000;
const LAST = 32_000;

/** A listening server, or null when the place is taken. */
function listen(where) {
  return new Promise((done) => {
    const server = net.createServer();
    server.on('error', () => done(null));
    server.listen(where, () => done(server));
  });
}

/**
 * A port nobody listens on, and that no other test is given while this process lives: a socket in
 * Linux's abstract namespace holds it, and goes with the process.
 */
export async function freePort() {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    const claim = await listen(`\0latchkey-test-port-${port}`);
    if (!claim) continue;
    claim.unref();
    const probe = await listen({ port, host: '127.0.0.1' });
    if (probe) {
      probe.close();
      await once(probe, 'close');
      return port;
    }
    claim.close();
  }
}
