// Owns: one measurement: a load generator on cpu 1 against a server on cpu 0, and the server's CPU time.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { BUILT, CONNECTIONS } from './servers.mjs';

const run = promisify(execFile);

async function measure(server, command, environment = {}) {
  const before = server.cpuSeconds();
  const [program, ...args] = command;
  const { stdout, stderr } = await run('taskset', ['-c', '1', program, ...args],
    { env: { ...process.env, ...environment }, maxBuffer: 1 << 24 });
  const cpu = server.cpuSeconds() - before;
  const line = stdout.split('\n').find((text) => text.startsWith('RESULT '));
  if (!line) throw new Error(`${program} printed no result: ${stdout}${stderr}`);
  const result = JSON.parse(line.slice(7));
  if (result.completed === 0 || result.failed > 0) {
    throw new Error(`${server.name}: ${result.failed} of ${result.completed} failed: ${stderr || args.join(' ')}`);
  }
  return {
    rate: result.completed / result.seconds, p50: result.p50_us / 1000, p99: result.p99_us / 1000,
    cpuUs: (cpu * 1e6) / result.completed,
  };
}

/** The same request again and again. @param request path, method, body, authorization, type, once (a file) */
export function wrk(server, request, seconds, connections = CONNECTIONS) {
  const environment = { BENCH_METHOD: request.method ?? 'GET' };
  if (request.body) environment.BENCH_BODY = request.body;
  if (request.authorization) environment.BENCH_AUTHORIZATION = request.authorization;
  if (request.type) environment.BENCH_MEDIA_TYPE = request.type;
  if (request.once) environment.BENCH_ONCE = request.once;
  return measure(server, ['wrk', '-t1', `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`, '--timeout',
    '10s', '-s', join(import.meta.dirname, 'wrk_report.lua'), `${server.issuer}${request.path}`], environment);
}

/** Requests that depend on one another. @param flow mode, algorithm, file, refresh_form */
export function flows(server, flow, seconds, connections = CONNECTIONS) {
  const settings = {
    mode: flow.mode, port: server.port, seconds, connections, token: server.paths.token,
    authorize: server.authorizationPath(flow.algorithm), authorization: server.authorization(flow.algorithm),
    code_form: server.codeForm(), login_form: server.loginForm(),
    refresh_form: `grant_type=refresh_token${flow.resource ? `&resource=${encodeURIComponent(flow.resource)}` : ''}`,
    file: flow.file ?? '',
  };
  return measure(server, [join(BUILT, 'flow_load'),
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)]);
}
