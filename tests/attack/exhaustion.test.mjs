// Attacks by numbers: connections that are slow, that say nothing, and more of them than there can be (HT-10, RX-02).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { describe, test } from 'node:test';

import { send } from '../support/http_client.mjs';
import { IdleConnections } from '../support/idle_connections.mjs';
import { startLatchkey } from '../support/latchkey.mjs';
import { figuresOf, probeFor, startProbe } from '../support/probe.mjs';

// LATCHKEY_SLOW=2000 and LATCHKEY_CONNECTIONS=30000 for the full size, with the figures of time.
const SLOW = Number(process.env.LATCHKEY_SLOW ?? 60);
const CONNECTIONS = Number(process.env.LATCHKEY_CONNECTIONS ?? 600);
const IS_FULL_SLOW = process.env.LATCHKEY_SLOW !== undefined;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** A connection that sends `first`, then `more` every two seconds; resolves with the ms that it lived. */
function dribble(port, first, more) {
  return new Promise((done) => {
    const since = Date.now();
    const socket = net.connect(port, '127.0.0.1', () => socket.write(first));
    const timer = setInterval(() => socket.write(more), 2000);
    socket.on('error', () => {});
    socket.resume();
    socket.on('close', () => {
      clearInterval(timer);
      done(Date.now() - since);
    });
  });
}

/** Asks for far more than the kernel keeps for it, reads nothing for 20 s; the answers that are there then. */
async function readNothing(server, path) {
  const ASKED = 2000;
  const socket = net.connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${server.host}\r\n\r\n`.repeat(ASKED));
  await pause(20_000);
  let answers = 0;
  socket.on('data', (chunk) => { answers += chunk.toString('latin1').split('HTTP/1.1 200').length - 1; });
  const closed = new Promise((done) => { socket.on('close', () => done(true)); });
  socket.resume();
  const isClosed = await Promise.race([closed, pause(3000).then(() => false)]);
  socket.destroy();
  return { isClosed, answers, asked: ASKED };
}

describe('exhaustion', () => {
  test('HT-10 who is slow to ask, to send or to read is closed, others are served', { timeout: 120_000 }, async (t) => {
    const server = await startLatchkey();
    try {
      const host = `Host: ${server.host}`;
      const [, style] = (await send(server.url('/'))).text.match(/href="(\/static\/[^"]+\.css)"/);
      const calm = IS_FULL_SLOW ? await probeFor(server.url('/livez'), 4000, { pauseMs: 5, fresh: true }) : undefined;
      const probe = startProbe(server.url('/livez'), { pauseMs: 5, fresh: true });
      const times = (count, make) => Promise.all(Array.from({ length: count }, make));
      const slow = [
        times(SLOW, () => dribble(server.port, 'GET /livez HTTP/1.1\r\n', 'X: y\r\n')),
        times(Math.ceil(SLOW / 4), () => dribble(server.port, `POST /token HTTP/1.1\r\n${host}\r\nContent-Length: 1000\r\n` +
          'Content-Type: application/x-www-form-urlencoded\r\n\r\n', 'x')),
        times(Math.ceil(SLOW / 20), () => readNothing(server, style)),
      ];
      await pause(8000);
      const meanwhile = await probe.stop();
      const [heads, bodies, readers] = await Promise.all(slow);
      for (const elapsed of heads) assert.ok(elapsed < 16_000, `a head closed after ${elapsed} ms`);
      for (const elapsed of bodies) assert.ok(elapsed < 20_000, `a body closed after ${elapsed} ms`);
      for (const { isClosed, answers, asked } of readers) {
        assert.ok(isClosed, 'a connection that reads nothing was left open');
        assert.ok(answers < asked, `${answers} answers were kept for who reads nothing`);
      }
      assert.equal(meanwhile.failed, 0);
      assert.ok(meanwhile.p90 < 500, figuresOf(meanwhile));
      if (!IS_FULL_SLOW) return;
      t.diagnostic(`without: ${figuresOf(calm)}`);
      t.diagnostic(`beside ${heads.length} heads, ${bodies.length} bodies, ${readers.length} readers: ${figuresOf(meanwhile)}`);
      t.diagnostic(`closed after at most ${Math.max(...heads)} ms (heads), ${Math.max(...bodies)} ms (bodies)`);
      assert.ok(meanwhile.p99 < 50, figuresOf(meanwhile));
    } finally {
      await server.stop();
    }
  });

  test('RX-02 more connections than there are files', { timeout: 300_000 }, async (t) => {
    const server = await startLatchkey({ settings: { max_connections: 1_000_000 } });
    const idle = new IdleConnections();
    try {
      const files = Math.floor(CONNECTIONS * 2 / 3);
      execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${files}:${files}`]);
      const since = performance.now();
      await idle.open(server, CONNECTIONS);
      const opened = performance.now() - since;
      assert.equal((await send(server.url('/livez'), { fresh: true })).status, 200);
      const served = performance.now() - since - opened;
      const states = await idle.states();
      const share = (part, state) => part.filter((each) => each === state).length / part.length;
      const tenth = Math.ceil(CONNECTIONS / 10);
      assert.ok(share(states.slice(0, tenth), 'closed') > 0.9, 'the oldest are still there');
      assert.ok(share(states.slice(-tenth), 'open') > 0.9, 'new ones were refused');
      // Standing at the limit costs nothing.
      const before = await server.processorMs();
      await pause(2000);
      const used = await server.processorMs() - before;
      assert.ok(used < 600, `${used} ms of processor time in 2 s`);
      idle.close();
      await pause(500);
      for (let i = 0; i < 20; i++) assert.equal((await send(server.url('/jwks'), { fresh: true })).status, 200);
      t.diagnostic(`${CONNECTIONS} connections, ${files} files: all opened after ${(opened / 1000).toFixed(1)} s, the next ` +
        `request answered after ${served.toFixed(0)} ms, ${used} ms of processor time in the 2 s that followed`);
    } finally {
      idle.close();
      await server.stop();
    }
  });
});
