// Owns: how long others wait meanwhile: a process of its own that asks for one address again and again, one request
// at a time, so that what the test itself does cannot disturb the clock.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { send } from './http_client.mjs';

const [, , url, pauseMs, fresh] = process.argv;

/** Asks until the parent says stop; a request that fails counts as one that never ends. */
async function ask() {
  const times = [];
  let isRunning = true;
  process.once('message', () => { isRunning = false; });
  while (isRunning) {
    const since = performance.now();
    const status = await send(url, { fresh: fresh === 'fresh' }).then((answer) => answer.status, (error) => error.message);
    times.push(status === 200 ? performance.now() - since : Infinity);
    if (Number(pauseMs)) await new Promise((done) => { setTimeout(done, Number(pauseMs)); });
  }
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  process.send({ count: times.length, failed: times.filter((time) => time === Infinity).length,
    p50: at(0.5), p90: at(0.9), p99: at(0.99), most: times.findLast((time) => time < Infinity) ?? Infinity }, () => process.exit());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await ask();

/**
 * @param {{ pauseMs?: number, fresh?: boolean }} [options] fresh: a connection of its own for each request
 * @returns {{ stop: () => Promise<{ count: number, failed: number, p50: number, p90: number, p99: number, most: number }> }} in ms
 */
export function startProbe(address, { pauseMs: pause = 0, fresh: isFresh = false } = {}) {
  const child = fork(fileURLToPath(import.meta.url), [address, String(pause), isFresh ? 'fresh' : 'kept'],
    { serialization: 'advanced' });
  process.once('exit', () => child.kill('SIGKILL'));
  return {
    stop: async () => {
      child.send('stop');
      const [figures] = await once(child, 'message');
      return figures;
    },
  };
}

/** Probes for a while, with nothing else going on. */
export async function probeFor(address, ms, options) {
  const probe = startProbe(address, options);
  await new Promise((done) => { setTimeout(done, ms); });
  return probe.stop();
}

export const figuresOf = ({ count, failed, p50, p99, most }) =>
  `${count} requests, ${failed} failed, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, most ${most.toFixed(1)} ms`;
