// Owns: the rows of the benchmark and the order in which they are measured. The gates are the ones that a
// release should hold; docs/performance.md explains the rows.
//   node bench.mjs [--seconds N] [--quick]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { flows, wrk } from './load.mjs';
import { bareBeast, BUILT, FILLERS, latchkey, oidcProvider, REGISTRATION } from './servers.mjs';
import { median, spread, table } from './table.mjs';

const { values } = parseArgs({ options: {
  seconds: { type: 'string', default: '3' }, quick: { type: 'boolean', default: false }, only: { type: 'string' },
} });
const SECONDS = values.quick ? 1 : Number(values.seconds);
const ROUNDS = values.quick ? 1 : 3;
const MOST_ROUNDS = values.quick ? 1 : 5;
const TOO_WIDE = 0.25;
if (!(SECONDS >= 1)) throw new Error('--seconds takes a number from 1');

const say = (text) => process.stderr.write(`bench: ${text}\n`);

/** Measures all parts of a row in turn, round by round; more rounds when one varies too much. */
async function measureRow(row) {
  const names = Object.keys(row.parts);
  const found = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of names) await row.parts[name](name === 'peer' && !values.quick ? 3 : 1);  // warm-up
  const wide = () => names.some((name) => spread(found[name].map((one) => one.rate)) > TOO_WIDE);
  for (let round = 0; round < ROUNDS || (round < MOST_ROUNDS && wide()); round++) {
    for (const name of names) found[name].push(await row.parts[name](SECONDS));
  }
  const parts = Object.fromEntries(names.map((name) => {
    const rates = found[name].map((one) => one.rate);
    const part = { spread: spread(rates), rounds: rates.length };
    for (const key of ['rate', 'p50', 'p99', 'cpuUs']) part[key] = median(found[name].map((one) => one[key]));
    return [name, part];
  }));
  say(`${row.title}: ${names.map((name) => `${name} ${parts[name].rate.toFixed(0)}/s`).join(', ')}`);
  return { ...row, parts };
}

function rows(bare, peer, ours) {
  const get = (server, path) => (seconds) => wrk(server, { path }, seconds);
  const limit = (path) => get(bare, path);
  const userinfo = (server) => (seconds) =>
    wrk(server, { path: server.paths.userinfo, authorization: `Bearer ${server.accessToken}` }, seconds);
  const introspection = (server) => (seconds) => wrk(server, {
    path: server.paths.introspection, method: 'POST', body: `token=${server.accessToken}`,
    authorization: server.authorization('RS256'),
  }, seconds);
  const refresh = (server, algorithm, chain = algorithm, resource = undefined) => (seconds) => flows(server,
    { mode: 'refresh', algorithm, file: server.chains[chain], resource }, seconds);
  const session = (server) => (seconds) =>
    flows(server, { mode: 'session', algorithm: 'RS256', file: server.sessions }, seconds);
  const pushed = (server) => (seconds) => wrk(server, {
    path: server.paths.pushed, method: 'POST', body: server.pushedForm(), authorization: server.authorization('RS256'),
  }, seconds);
  const registration = (server) => (seconds) => wrk(server, {
    path: server.paths.registration, method: 'POST', body: JSON.stringify(REGISTRATION), type: 'application/json',
    authorization: server.initialAccessToken && `Bearer ${server.initialAccessToken}`,
  }, seconds);
  const withKey = (server) => (seconds) => wrk(server, {
    path: server.paths.introspection, method: 'POST', body: `token=${server.accessToken}`,
    once: server.assertions(20_000 * Math.ceil(seconds)),
  }, seconds);
  const both = (make) => ({ peer: make(peer), ours: make(ours) });

  return [
    { title: 'discovery', limitOf: 'bare Beast, 300 bytes', peerGate: 7, limitGate: 0.6,
      parts: { limit: limit('/plain'), ...both((server) => get(server, server.paths.discovery)) } },
    { title: 'jwks', limitOf: 'bare Beast, 300 bytes', peerGate: 5, limitGate: 0.6,
      parts: { limit: limit('/plain'), ...both((server) => get(server, server.paths.jwks)) } },
    { title: 'userinfo', limitOf: 'Beast + RS256 verification', peerGate: 11, limitGate: 0.5,
      parts: { limit: limit('/verify'), ...both(userinfo) } },
    { title: 'introspection', limitOf: 'Beast + RS256 verification', peerGate: 12, limitGate: 0.5,
      parts: { limit: limit('/verify'), ...both(introspection) } },
    { title: 'refresh, RS256 ID token', limitOf: 'Beast + 2 RS256 signatures', peerGate: 1.4,
      parts: { limit: limit('/rs256x2'), ...both((server) => refresh(server, 'RS256')) } },
    { title: 'refresh, RS256, both with JWT access tokens', limitOf: 'Beast + 2 RS256 signatures', peerGate: 1.4,
      parts: { limit: limit('/rs256x2'), peer: refresh(peer, 'RS256', 'jwt', peer.resource),
        ours: refresh(ours, 'RS256') } },
    { title: 'refresh, ES256 ID token', limitOf: 'Beast + 2 ES256 signatures', peerGate: 2.7,
      parts: { limit: limit('/es256x2'), ...both((server) => refresh(server, 'ES256')) } },
    { title: 'code + PKCE with a session (2 requests)', limitOf: 'Beast + 2 RS256 signatures', peerGate: 3,
      parts: { limit: limit('/rs256x2'), ...both(session) } },
    { title: 'pushed request', limitOf: 'bare Beast, 300 bytes',
      parts: { limit: limit('/plain'), ...both(pushed) } },
    { title: 'registration', limitOf: 'bare Beast, 300 bytes',
      parts: { limit: limit('/plain'), ...both(registration) } },
    { title: 'introspection, private_key_jwt ES256', limitOf: 'Beast + ES256 verification',
      parts: { limit: limit('/verify_es256'), ...both(withKey) } },
  ].filter((row) => !values.only || row.title.startsWith(values.only));
}

async function unloaded(peer, ours) {
  const parts = async (title, gate, make) => {
    const found = { peer: [], ours: [] };
    for (let round = 0; round < ROUNDS; round++) {
      found.peer.push((await make(peer)).p50 * 1000);
      found.ours.push((await make(ours)).p50 * 1000);
    }
    const isWide = Math.max(spread(found.peer), spread(found.ours)) > TOO_WIDE;
    return { title, unit: 'µs', peer: median(found.peer), ours: median(found.ours), mostOfPeer: gate, isWide };
  };
  return [
    await parts('p50 alone: discovery', 0.6, (server) => wrk(server, { path: server.paths.discovery }, 1, 1)),
    await parts('p50 alone: refresh, ES256 ID token', 0.35, (server) =>
      flows(server, { mode: 'refresh', algorithm: 'ES256', file: server.chains.ES256 }, 1, 1)),
  ];
}

/** Sign-ins with Argon2id at its default cost, and what they do to everybody else. */
async function signIns(ours, argon2) {
  const flow = { mode: 'sign_in', algorithm: 'RS256' };
  const discovery = () => wrk(ours, { path: ours.paths.discovery }, Math.max(2, SECONDS), 1);
  await flows(ours, flow, 1, 8);
  const alone = [await discovery(), await discovery()];
  const load = flows(ours, flow, Math.max(5, SECONDS + 3), 8);
  const meanwhile = await discovery();
  const busy = await load;
  const quiet = await flows(ours, flow, Math.max(3, SECONDS), 8);
  return [
    { title: 'sign-ins for each second of CPU (Argon2id, 19 MiB, t=2)', unit: '1/s', limit: argon2,
      ours: 1e6 / quiet.cpuUs, p50: quiet.p50, p99: quiet.p99, leastOfLimit: 0.9,
      limitOf: 'Argon2id alone' },
    { title: 'p99 of discovery while people sign in', unit: 'ms', limit: Math.min(...alone.map((one) => one.p99)),
      ours: meanwhile.p99, mostOfLimit: 2, isWide: spread(alone.map((one) => one.p99)) > TOO_WIDE,
      limitOf: `p99 when nobody does; ${busy.rate.toFixed(0)} sign-ins/s meanwhile` },
  ];
}

function startTimes(bare, peer, ours) {
  const time = (server) => {
    const found = [];
    for (let i = 0; i < (values.quick ? 3 : 9); i++) {
      found.push(JSON.parse(execFileSync('taskset', ['-c', '0', join(BUILT, 'start_time'), String(server.port),
        server.probe, ...server.command], { cwd: server.folder, encoding: 'utf8' })));
    }
    return { wall: found.map((one) => one[0]), cpu: median(found.map((one) => one[1])) };
  };
  const [limit, them, us] = [bare, peer, ours].map(time);
  const isWide = Math.max(spread(them.wall), spread(us.wall)) > 2 * TOO_WIDE;
  return [
    { title: 'start to first discovery (110,000 rows)', unit: 'ms', limit: median(limit.wall),
      peer: median(them.wall), ours: median(us.wall), mostOfPeer: 0.12, most: 25, isWide,
      limitOf: 'bare Beast, with key generation' },
    { title: 'CPU time to start, answer once and stop', unit: 'ms', limit: limit.cpu, peer: them.cpu, ours: us.cpu,
      mostOfPeer: 0.12, most: 25, limitOf: 'bare Beast, with key generation' },
  ];
}

async function main() {
  const folder = mkdtempSync(join(BUILT, 'run-'));
  const servers = [];
  try {
    say('seeding');
    const limits = JSON.parse(execFileSync('taskset',
      ['-c', '0', join(BUILT, 'limits'), folder, String(Math.min(SECONDS, 2))], { encoding: 'utf8' }));
    for (const make of [bareBeast, oidcProvider, latchkey]) servers.push(await make(folder));
    const [bare, peer, ours] = servers;
    const scalars = startTimes(bare, peer, ours);
    for (const server of servers) await server.start();
    const idle = { peer: peer.memory(), ours: ours.memory() };
    for (const server of [peer, ours]) await server.prepareFlows();
    const measured = [];
    const loads = [];
    for (const row of rows(bare, peer, ours)) {
      measured.push(await measureRow(row));
      loads.push(loadavg()[0]);
    }
    scalars.push(...await unloaded(peer, ours));
    scalars.push(
      { title: `memory when idle, ${FILLERS} clients`, unit: 'MiB', ...idle, mostOfPeer: 0.27, most: 20 },
      { title: 'memory after this load', unit: 'MiB', peer: peer.memory(), ours: ours.memory(), most: 40 });
    scalars.push(...await signIns(ours, limits.argon2));
    scalars.push({ title: 'memory after the sign-ins', unit: 'MiB', ours: ours.memory() });
    process.stdout.write(table(measured, scalars, {
      limits, seconds: SECONDS, rounds: ROUNDS, mostRounds: MOST_ROUNDS, tooWide: TOO_WIDE, load: loads,
    }));
  } finally {
    for (const server of servers) if (server.child) await server.stop();
    if (!process.env.LATCHKEY_BENCH_KEEP) rmSync(folder, { recursive: true, force: true });
  }
}

await main();
