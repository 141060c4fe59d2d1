// Owns: what a campaign leaves behind: conformance/results.md, and the pages that modules ask a person to
// look at.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COLUMNS = ['PASSED', 'REVIEW', 'WARNING', 'SKIPPED', 'FAILED'];

/** A module that was cut short counts as failed. */
const column = (result) => (COLUMNS.includes(result) ? result : 'FAILED');
const counts = (runs) => COLUMNS.map((name) => runs.filter((run) => column(run.result) === name).length);
const cell = (text) => String(text).replaceAll('|', '\\|').replace(/\s+/g, ' ');
const describe = (variant) =>
  Object.entries(variant ?? {}).map(([name, value]) => `${name}=${value}`).join(', ');
const seconds = (ms) => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

/** The text of a page as a reader would see it, roughly. */
export function pageText(html) {
  return html.replace(/<(script|style)[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, ' ')
    .replaceAll('&nbsp;', ' ').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'").replaceAll('&amp;', '&').replace(/[ \t]+/g, ' ').replace(/\s*\n\s*/g, '\n').trim();
}

/** Stores every page that a module kept. @returns how many there were */
export function savePages(folder, run, log) {
  const pages = log.filter((entry) => entry.page_source && !entry.error);
  if (pages.length === 0) return 0;
  const into = join(folder, run.plan.id);
  mkdirSync(into, { recursive: true });
  const variant = Object.values(run.variant ?? {}).join('-').replaceAll(' ', '-');
  pages.forEach((page, index) => {
    const name = [run.module, variant, index || ''].filter(Boolean).join('.');
    writeFileSync(join(into, `${name}.html`), page.page_source);
    writeFileSync(join(into, `${name}.txt`), `${pageText(page.page_source)}\n`);
  });
  return pages.length;
}

function planTable(campaign) {
  const lines = ['| plan | variant | modules | passed | review | warnings | skipped | failed | time |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|'];
  for (const { plan, runs, ms } of campaign.plans) {
    lines.push(`| \`${plan.plan}\` | ${cell(describe(plan.variant))} | ${runs.length} | ${
      counts(runs).map((count) => count || '').join(' | ')} | ${seconds(ms)} |`);
  }
  const all = campaign.plans.flatMap(({ runs }) => runs);
  const total = campaign.plans.reduce((sum, { ms }) => sum + ms, 0);
  lines.push(`| **all** | | **${all.length}** | ${
    counts(all).map((count) => `**${count}**`).join(' | ')} | **${seconds(total)}** |`);
  return lines;
}

/** The same deviation in several plans is told once. */
function deviations(campaign) {
  const told = new Map();
  for (const { plan, runs } of campaign.plans) {
    for (const run of runs.filter(({ result }) => result !== 'PASSED')) {
      const why = run.conditions.map(({ name, message }) => `\`${name}\`: ${message}`).join('; ')
        || run.skipped || '';
      const key = [run.module, run.result, why, run.accepted, run.reason].join('\n');
      if (!told.has(key)) told.set(key, { ...run, why, where: new Map() });
      const where = told.get(key).where;
      where.set(plan.id, (where.get(plan.id) ?? 0) + 1);
    }
  }
  return [...told.values()];
}

function deviationTable(campaign) {
  const rows = deviations(campaign);
  if (rows.length === 0) return ['Every module passed.'];
  rows.sort((a, b) => COLUMNS.indexOf(column(b.result)) - COLUMNS.indexOf(column(a.result))
    || a.module.localeCompare(b.module));
  const lines = ['| module | result | conditions | accepted because | where |', '|---|---|---|---|---|'];
  for (const row of rows) {
    const times = [...row.where.values()].reduce((sum, one) => sum + one, 0);
    const where = row.accepted && times > 3
      ? `${times} times in ${row.where.size} plans` : [...row.where.keys()].join(', ');
    lines.push(`| ${row.module} | ${row.result} | ${cell(row.why)} | ${
      row.accepted ? cell(row.reason) : `**not accepted** ${cell(row.reason)}`} | ${where} |`);
  }
  return lines;
}

function campaignSection(campaign) {
  const settings = Object.entries(campaign.settings).map(([name, value]) => `\`${name} = ${value}\``);
  return [
    `## ${campaign.title}`, '',
    `Latchkey ${campaign.latchkey} on ${campaign.backend}; ${
      settings.length ? settings.join(', ') : 'no switch changed'}. Suite ${campaign.suite}. ${campaign.date}, ${
      campaign.parallel} modules at a time.`, '',
    ...planTable(campaign), '',
    '### What did not simply pass', '',
    ...deviationTable(campaign), '',
  ];
}

/** @returns {string} the whole of results.md */
export function resultsPage(campaigns, notRun) {
  return [
    '# Results of the OpenID Foundation conformance suite', '',
    'Written by `conformance/run`; see [README.md](README.md). REVIEW means that the suite wants a person to look',
    'at a page; it never becomes PASSED. Which deviations are accepted, and why, stands in `expected.json`. Every run has the',
    'throttles out of the way, cheap password hashes, and keys that sign 20 seconds after they were announced.', '',
    ...campaigns.flatMap(campaignSection),
    '## Not run', '',
    ...notRun.map(({ what, why }) => `- **${what}**: ${why}`), '',
  ].join('\n');
}
