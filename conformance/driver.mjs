// Runs Latchkey against a running OpenID Foundation conformance suite: starts Latchkey, creates the plans of
// conformance/plans.json over the suite's REST API, runs their modules, and compares what came out with
// conformance/expected.json. Does not install or start the suite.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { browserScript, SIGN_IN_HINT } from './browser.mjs';
import { glob, judge, notableConditions, skipReason } from './judge.mjs';
import { Provider } from './provider.mjs';
import { resultsPage, savePages } from './report.mjs';
import { Suite } from './suite.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, '..');
const OUT = join(ROOT, 'build/conformance');
const ROTATES = 'oidcc-server-rotate-keys';
const TOKEN_USES = 100_000;
/** The response types that the setting allow_implicit adds. */
const FRONT_CHANNEL_TYPES = ['id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token'];

const HELP = `Usage: conformance/run [OPTIONS]

Runs Latchkey against a conformance suite that is already running.

  --campaign NAME   full: implicit and unsigned switched on (default); defaults: nothing changed
  --plan GLOB       Only plans whose id or name fits (* and {a,b}); may be repeated
  --module GLOB     Only modules whose name fits; may be repeated
  --parallel N      Modules at a time [3]; plans with static clients run one at a time
  --program FILE    Latchkey [LATCHKEY_PROGRAM, else build/release/latchkey]
  --database URL    postgresql://...; an empty database [a temporary SQLite file]
  --keep            Keep every module's log and the server's data folder, and say where
  --list            Say which plans the campaign has, and stop
  --help

Environment:
  CONFORMANCE_SERVER     Address of the suite [https://127.0.0.1:8443/]
  CONFORMANCE_TOKEN      Its API token, when it does not run in development mode
  CONFORMANCE_DEV_MODE   1: no token, any certificate [1 unless there is a token]

Ends with 0 if every result is PASSED or stands in conformance/expected.json.
conformance/results.md is written when the whole campaign ran.
`;

const readJson = (name) => JSON.parse(readFileSync(join(HERE, name), 'utf8'));

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      campaign: { type: 'string', default: 'full' },
      plan: { type: 'string', multiple: true },
      module: { type: 'string', multiple: true },
      parallel: { type: 'string', default: '3' },
      program: { type: 'string', default: process.env.LATCHKEY_PROGRAM ?? join(ROOT, 'build/release/latchkey') },
      database: { type: 'string' },
      keep: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const parallel = Number(values.parallel);
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > 16) throw new Error('--parallel takes 1 to 16');
  return { ...values, parallel, program: resolve(values.program) };
}

const fits = (globs, ...names) => !globs || globs.some((one) => names.some((name) => glob(one).test(name)));

/** Do this plan's modules register clients of their own? */
const registers = ({ plan, variant }) => variant.client_registration === 'dynamic_client'
  || /^oidcc-(dynamic|3rdparty)-/.test(plan);

/** The configuration that the suite wants for a plan; static clients are registered for it. */
async function planConfiguration(provider, suite, plan, token) {
  const config = {
    description: `Latchkey, ${plan.id}`,
    server: {
      discoveryUrl: `${provider.issuer}/.well-known/openid-configuration`,
      login_hint: SIGN_IN_HINT,
      ui_locales: 'en',
      jwks_refresh_delay: 5,
    },
    client: { client_name: 'First application', initial_access_token: token },
    client2: { client_name: 'Second application', initial_access_token: token },
    options: { browsercontrol_css_enable: false },
    ...browserScript(provider.issuer),
  };
  if (plan.variant.client_registration !== 'static_client') return config;
  config.alias = `latchkey-${plan.id}-${Date.now().toString(36)}`;
  const home = `${suite.base}/test/a/${config.alias}`;
  const { allow_implicit: implicit } = provider.settings;
  const metadata = {
    redirect_uris: [`${home}/callback`],
    post_logout_redirect_uris: [`${home}/post_logout_redirect`],
    grant_types: ['authorization_code', 'refresh_token', ...(implicit ? ['implicit'] : [])],
    response_types: ['code', ...(implicit ? FRONT_CHANNEL_TYPES : [])],
    scope: 'openid profile email address phone offline_access',
  };
  // The suite takes a sign-out on a channel that the plan is not about for a mistake.
  for (const channel of ['frontchannel', 'backchannel'].filter((name) => plan.plan.includes(name))) {
    metadata[`${channel}_logout_uri`] = `${home}/${channel}_logout`;
    metadata[`${channel}_logout_session_required`] = true;
  }
  const add = async (name, method) => {
    const made = await provider.addClient({ ...metadata, client_name: name, token_endpoint_auth_method: method });
    return { client_id: made.client_id, client_secret: made.client_secret };
  };
  config.client = await add('First application', 'client_secret_basic');
  config.client2 = await add('Second application', 'client_secret_basic');
  config.client_secret_post = await add('Third application', 'client_secret_post');
  return config;
}

/** The suite makes this module, waits for new keys, and wants to be told when they are there. */
async function rotateThenStart(context, id) {
  await context.suite.waitState(id, 'CONFIGURED,FINISHED,INTERRUPTED');
  await context.provider.rotateKeys();
  await context.suite.startModule(id);
}

async function runModule(context, plan, planId, { testModule, variant }) {
  const { suite } = context;
  const started = Date.now();
  const run = { campaign: context.campaign, plan, module: testModule, variant: variant ?? {}, conditions: [] };
  try {
    const id = await suite.createModule(planId, testModule, variant);
    run.id = id;
    if (testModule === ROTATES) await rotateThenStart(context, id);
    const ended = await suite.finish(id);
    const log = await suite.log(id);
    const info = await suite.info(id);
    run.result = ended && info.status === 'FINISHED' ? info.result : 'INTERRUPTED';
    run.conditions = notableConditions(log);
    if (run.result === 'SKIPPED') run.skipped = skipReason(log);
    run.pages = savePages(join(OUT, 'pages', context.campaign), run, log);
    if (context.keep || !['PASSED', 'REVIEW', 'SKIPPED'].includes(run.result)) saveLog(run, log);
  } catch (problem) {
    run.result = 'INTERRUPTED';
    run.conditions.push({ name: 'driver', result: 'FAILURE', message: problem.message });
  }
  run.ms = Date.now() - started;
  Object.assign(run, judge(context.expected, run));
  tell(run);
  return run;
}

function saveLog(run, log) {
  const folder = join(OUT, 'logs', run.campaign, run.plan.id);
  mkdirSync(folder, { recursive: true });
  const variant = Object.values(run.variant).join('-').replaceAll(' ', '-');
  const name = [run.module, variant].filter(Boolean).join('.');
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(log, null, 1));
}

function tell(run) {
  const variant = Object.values(run.variant).join(' ');
  const mark = run.accepted ? ' ' : '!';
  process.stdout.write(`${mark} ${run.result.padEnd(11)} ${run.module}${variant ? ` [${variant}]` : ''} ${
    (run.ms / 1000).toFixed(1)} s\n`);
  if (run.accepted) return;
  if (run.reason) process.stdout.write(`      ${run.reason}\n`);
  for (const { name, result, message } of run.conditions) {
    process.stdout.write(`      ${result} ${name}: ${message.slice(0, 400)}\n`);
  }
  if (run.skipped) process.stdout.write(`      ${run.skipped}\n`);
}

async function runPlan(context, plan) {
  const { suite, provider, options } = context;
  process.stdout.write(`\n${plan.id}: ${plan.plan} ${JSON.stringify(plan.variant)}\n`);
  const started = Date.now();
  const config = await planConfiguration(provider, suite, plan, context.token);
  const made = await suite.createPlan(plan.plan, plan.variant, config);
  const queue = made.modules.filter(({ testModule }) => fits(options.module, testModule));
  const runs = new Array(queue.length);
  let next = 0;
  const worker = async () => {
    while (next < queue.length && !provider.gone) {
      const at = next++;
      runs[at] = await runModule(context, plan, made.id, queue[at]);
    }
  };
  // With an alias every module has the same redirect URI, and a second one would stop the first.
  await Promise.all(Array.from({ length: config.alias ? 1 : options.parallel }, worker));
  if (provider.gone) throw new Error(`Latchkey ended while ${plan.id} ran; see its log under build/conformance`);
  return { plan, runs, ms: Date.now() - started };
}

/** What a campaign found is kept, so that results.md can tell of all campaigns. */
function writeResults(context, result, plans) {
  const { campaign } = context;
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, `results-${campaign}.json`), JSON.stringify(result, null, 1));
  const all = Object.keys(plans.campaigns)
    .map((name) => join(OUT, `results-${name}.json`)).filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')));
  writeFileSync(join(HERE, 'results.md'), resultsPage(all, plans.not_run));
}

async function prepare(options, plans) {
  const token = process.env.CONFORMANCE_TOKEN;
  const devMode = process.env.CONFORMANCE_DEV_MODE ? process.env.CONFORMANCE_DEV_MODE !== '0' : !token;
  const suite = new Suite(process.env.CONFORMANCE_SERVER ?? 'https://127.0.0.1:8443/', { devMode, token });
  const suiteVersion = await suite.version().catch((problem) => {
    throw new Error(`no conformance suite answers at ${suite.address}: ${problem.message}`);
  });
  mkdirSync(OUT, { recursive: true });
  rmSync(join(OUT, 'pages', options.campaign), { recursive: true, force: true });
  rmSync(join(OUT, 'logs', options.campaign), { recursive: true, force: true });
  const provider = await Provider.create({
    program: options.program,
    logFile: join(OUT, `latchkey-${options.campaign}.log`),
    database: options.database,
    suiteCertificate: await suite.certificate(),
    suiteHost: suite.address.hostname,
    settings: plans.campaigns[options.campaign].settings,
  });
  return { suite, provider, suiteVersion };
}

async function campaign(options, plans) {
  const chosen = plans.plans.filter((plan) =>
    plan.campaigns.includes(options.campaign) && fits(options.plan, plan.id, plan.plan));
  if (chosen.length === 0) throw new Error('no plan of this campaign fits --plan');
  if (options.list) {
    for (const { id, plan, variant } of chosen) process.stdout.write(`${id}: ${plan} ${JSON.stringify(variant)}\n`);
    return true;
  }
  const { suite, provider, suiteVersion } = await prepare(options, plans);
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  process.once('exit', () => provider.end());
  try {
    await provider.start();
    await provider.addPerson();
    const context = {
      suite, provider, options, campaign: options.campaign, keep: options.keep, expected: readJson('expected.json'),
      token: chosen.some(registers) ? await provider.addInitialAccessToken(TOKEN_USES) : undefined,
    };
    const done = [];
    for (const plan of chosen) done.push(await runPlan(context, plan));
    const result = {
      title: plans.campaigns[options.campaign].title, settings: plans.campaigns[options.campaign].settings,
      latchkey: await provider.version(), backend: provider.backend, suite: suiteVersion,
      date: new Date().toISOString().slice(0, 10), parallel: options.parallel, plans: done,
    };
    if (!options.plan && !options.module) writeResults(context, result, plans);
    return summary(done);
  } finally {
    await provider.stop({ keep: options.keep });
    if (options.keep) process.stdout.write(`Kept: ${provider.folder} and build/conformance\n`);
  }
}

function summary(done) {
  const runs = done.flatMap((plan) => plan.runs);
  const unexpected = runs.filter((run) => !run.accepted);
  process.stdout.write(`\n${runs.length} modules, ${runs.length - unexpected.length} as expected, ${
    unexpected.length} not\n`);
  for (const run of unexpected) {
    process.stdout.write(`  ${run.plan.id} ${run.module} ${Object.values(run.variant).join(' ')}: ${run.result}\n`);
  }
  return unexpected.length === 0;
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const plans = readJson('plans.json');
  if (!plans.campaigns[options.campaign]) {
    throw new Error(`--campaign takes ${Object.keys(plans.campaigns).join(' or ')}`);
  }
  if (!await campaign(options, plans)) process.exitCode = 1;
}

main().then(() => process.exit(), (problem) => {
  process.stderr.write(`conformance/run: ${problem.message}\n`);
  process.exit(2);
});
