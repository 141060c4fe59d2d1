// Owns: the check that strangers cannot tell by time who has an account: it asks in random order, compares, asks again
// where there seems to be a difference, prints one table, and ends with 1 when a difference was found twice.
// docs/security.md describes it; script/timing runs it.
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

import { BACKENDS } from '../support/latchkey.mjs';
import { KeepAlive } from './keep_alive.mjs';
import { WORLDS } from './questions.mjs';
import { compare, isConfirmed, sensitivity } from './rank_sum.mjs';

const WARM_UP = 20;

const { values: flags } = parseArgs({ options: {
  samples: { type: 'string', default: '500' }, only: { type: 'string', default: '' }, 'cheap-hashes': { type: 'boolean' } } });
// The least that the program takes. What differs beside the hash then stands out.
const COST = flags['cheap-hashes'] ? { password_memory_kib: 7168, password_iterations: 1 } : {};
const SAMPLES = Number(flags.samples);
if (!Number.isInteger(SAMPLES) || SAMPLES < 20) throw new Error('--samples takes a whole number, 20 or more');

const say = (text) => process.stderr.write(`timing: ${text}\n`);

function shuffle(list) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

/**
 * Times of each kind of a group. The whole sequence is shuffled, not each round of it: so what the answer before
 * still costs (a mail that goes out, pages to write) falls on all kinds alike.
 */
async function measure(server, { title, status, kinds }, asked) {
  const connection = new KeepAlive(server);
  const ask = (index) => connection.post(kinds[index].ask(asked[index]++));
  try {
    // The first of these only fill the counters of a throttled group.
    for (let i = 0; i < WARM_UP; i++) {
      for (const index of kinds.keys()) await ask(index);
    }
    const times = kinds.map(() => []);
    for (const index of shuffle(kinds.flatMap((_, i) => Array(SAMPLES).fill(i)))) {
      const answer = await ask(index);
      if (answer.status !== status) {
        throw new Error(`${title}, ${kinds[index].name}: ${answer.status} instead of ${status}\n${answer.body.slice(0, 600)}`);
      }
      times[index].push(answer.ms);
    }
    return times;
  } finally {
    connection.close();
  }
}

async function check(server, group, backend) {
  const asked = group.kinds.map(() => 0);
  const results = (times) => times.slice(1).map((own) => compare(times[0], own, group));
  const times = await measure(server, group, asked);
  const first = results(times);
  const doubtful = first.some(({ alike }) => !alike);
  if (doubtful) say(`${backend}, ${group.title}: seems to differ, measuring again`);
  const second = doubtful ? results(await measure(server, group, asked)) : [];
  const seen = sensitivity(times[0]);
  return first.map((result, i) => ({ backend, title: group.title, open: group.open, seen,
    names: [group.kinds[0].name, group.kinds[i + 1].name], result, again: result.alike ? undefined : second[i],
    differs: !result.alike && isConfirmed(result, second[i]) }));
}

const milliseconds = (value, sign = '') => `${value > 0 ? sign : ''}${value.toFixed(3)}`;
const probability = (p) => (p < 0.001 ? p.toExponential(0) : p.toFixed(3));

function verdict({ open, again, differs }) {
  if (differs) return '**differs**';
  if (again) return 'alike at the second measurement';
  return open ? 'alike to 2 ms, and no secret' : 'alike';
}

function line(row) {
  const { names, result, again } = row;
  const both = (show) => [result, again].filter(Boolean).map(show).join('; ');
  return [row.backend, row.title, names[0], names[1], ...result.medians.map((value) => milliseconds(value)),
    both(({ difference }) => milliseconds(difference, '+')), both(({ p }) => probability(p)), milliseconds(row.seen), verdict(row)];
}

const HEADINGS = ['database', 'question', 'A', 'B', 'median A, ms', 'median B, ms', 'B − A, ms', 'p', 'a delay shows from, ms', ''];

function table(rows) {
  const rule = HEADINGS.map((_, i) => (i > 3 && i < 9 ? '---:' : '---'));
  return [HEADINGS, rule, ...rows.map(line)].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

// What ends this process ends its servers.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const rows = [];
const load = [loadavg()[0]];
for (const backend of BACKENDS) {
  for (const open of WORLDS) {
    const world = await open(backend, COST, 2 * (SAMPLES + WARM_UP));
    try {
      for (const group of world.groups.filter(({ title }) => title.startsWith(flags.only))) {
        say(`${backend}, ${group.title}`);
        rows.push(...await check(world.server, group, backend));
        load.push(loadavg()[0]);
      }
    } finally {
      await world.stop();
    }
  }
}
if (rows.length === 0) throw new Error(`no question begins with "${flags.only}"`);
process.stdout.write(`${table(rows)}\n\n${SAMPLES} samples of each, shuffled; hashes at their ${flags['cheap-hashes'] ? 'least' : 'usual'} cost; ${availableParallelism()} cores, load ` +
  `${Math.min(...load).toFixed(1)} to ${Math.max(...load).toFixed(1)}.\n`);
process.exit(rows.some(({ differs }) => differs) ? 1 : 0);
