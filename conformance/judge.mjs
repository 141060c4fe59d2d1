// Owns: what a module's outcome means: which deviations conformance/expected.json accepts, and which
// conditions made a module deviate.

/** `*` is anything, `{a,b}` is one of them; all else is itself. */
export function glob(pattern) {
  const source = pattern.replace(/[.+?^$()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
    .replace(/\{([^}]*)\}/g, (_, words) => `(?:${words.replaceAll(',', '|')})`);
  return new RegExp(`^${source}$`);
}

/** The conditions of a module's log that did not simply succeed, without repetition. */
export function notableConditions(log) {
  const seen = new Map();
  for (const entry of log) {
    if (!['FAILURE', 'WARNING'].includes(entry.result)) continue;
    const condition = { name: entry.src, result: entry.result, message: String(entry.msg ?? '') };
    seen.set(`${condition.name} ${condition.result} ${condition.message}`, condition);
  }
  return [...seen.values()];
}

/** Why a module was skipped, as the suite says. */
export const skipReason = (log) => log.find((entry) => entry.result === 'SKIPPED')?.msg
  ?? log.findLast((entry) => /skip/i.test(entry.msg ?? ''))?.msg;

const includes = (wanted, given) =>
  Object.entries(wanted ?? {}).every(([name, value]) => given[name] === value);

/** The first entry of expected.json for this run, if any. */
function entryFor(expected, run) {
  return expected.find((entry) =>
    glob(entry.campaign ?? '*').test(run.campaign) && glob(entry.plan ?? '*').test(run.plan.id)
    && glob(entry.module).test(run.module) && includes(entry.variant, { ...run.plan.variant, ...run.variant }));
}

/**
 * @param {object[]} expected the entries of expected.json
 * @param {object} run campaign, plan, module, variant, result, conditions
 * @returns {{ accepted: boolean, reason: string }}
 */
export function judge(expected, run) {
  const entry = entryFor(expected, run);
  if (!entry) return { accepted: run.result === 'PASSED', reason: '' };
  if (run.result !== entry.result) {
    return { accepted: false, reason: `expected.json says ${entry.result}` };
  }
  const names = [...new Set(run.conditions.map(({ name }) => name))].sort();
  const wanted = [...entry.conditions ?? []].sort();
  if (names.join() !== wanted.join()) {
    return { accepted: false, reason: `expected.json names the conditions: ${wanted.join(', ') || 'none'}` };
  }
  return { accepted: true, reason: entry.reason };
}
