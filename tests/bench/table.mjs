// Owns: the figures of a run as one Markdown table, each ratio beside its gate.
export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** How far the extremes lie apart, as a part of the median. */
export const spread = (numbers) =>
  (numbers.length < 2 ? 0 : (Math.max(...numbers) - Math.min(...numbers)) / median(numbers));

const count = (number) => (number >= 10_000 ? `${(number / 1000).toFixed(1)}k` : number.toFixed(number < 100 ? 1 : 0));
const times = (number) => `${number.toFixed(number < 10 ? 2 : 1)} ×`;
const percent = (number) => `${(number * 100).toFixed(0)} %`;
const verdict = (isMet) => (isMet ? 'met' : '**missed**');
// A latency that other programs disturbed proves nothing when it is too long.
const calmVerdict = (isMet, isWide) => (isWide && !isMet ? 'not measurable' : verdict(isMet));

const P99_GATE = 10; // milliseconds, at 64 connections

// The limit and oidc-provider wait for nothing, so with 64 connections they fill their core.
const FULL = 0.85;
const fill = (part) => (part.rate * part.cpuUs) / 1e6;

// Rates say nothing when something else took the cores: then CPU time decides.
function rateLine(row, tooWide) {
  const { limit, peer, ours } = row.parts;
  const widest = Math.max(limit.spread, peer.spread, ours.spread);
  const isWide = widest > tooWide || fill(limit) < FULL || fill(peer) < FULL;
  const ratio = (other) => (isWide ? other.cpuUs / ours.cpuUs : ours.rate / other.rate);
  const toPeer = ratio(peer);
  const ofLimit = ratio(limit);
  const mark = isWide ? ' (CPU)' : '';
  return [
    row.title, `${count(limit.rate)} (${row.limitOf})`, count(peer.rate), count(ours.rate),
    `${times(toPeer)}${mark}`, row.peerGate ? `≥ ${row.peerGate} ${verdict(toPeer >= row.peerGate)}` : '–', `${percent(ofLimit)}${mark}`,
    row.limitGate ? `≥ ${percent(row.limitGate)} ${verdict(ofLimit >= row.limitGate)}` : '–',
    `${peer.p50.toFixed(1)} / ${peer.p99.toFixed(1)}`, `${ours.p50.toFixed(1)} / ${ours.p99.toFixed(1)}`,
    `≤ ${P99_GATE} ${calmVerdict(ours.p99 <= P99_GATE, isWide)}`,
    `${limit.cpuUs.toFixed(0)} / ${peer.cpuUs.toFixed(0)} / ${ours.cpuUs.toFixed(0)}`,
    percent(widest),
  ];
}

function scalarLine(row) {
  const show = (value) => (value === undefined ? '–' : `${count(value)} ${row.unit}`);
  const toPeer = row.peer === undefined ? undefined : row.ours / row.peer;
  const toLimit = row.limit === undefined ? undefined : row.ours / row.limit;
  const peerGates = [];
  if (row.mostOfPeer) peerGates.push(`≤ ${row.mostOfPeer} ${calmVerdict(toPeer <= row.mostOfPeer, row.isWide)}`);
  if (row.most) peerGates.push(`≤ ${row.most} ${row.unit} ${calmVerdict(row.ours <= row.most, row.isWide)}`);
  let limitGate = '–';
  if (row.leastOfLimit) limitGate = `≥ ${percent(row.leastOfLimit)} ${verdict(toLimit >= row.leastOfLimit)}`;
  if (row.mostOfLimit) limitGate = `≤ ${percent(row.mostOfLimit)} ${calmVerdict(toLimit <= row.mostOfLimit, row.isWide)}`;
  return [
    row.title, row.limit === undefined ? '–' : `${show(row.limit)} (${row.limitOf})`, show(row.peer), show(row.ours),
    toPeer === undefined ? '–' : times(toPeer), peerGates.join('; ') || '–',
    toLimit === undefined ? '–' : percent(toLimit), limitGate, '–',
    row.p50 === undefined ? '–' : `${row.p50.toFixed(1)} / ${row.p99.toFixed(1)}`, '–', '–', '–',
  ];
}

const HEADINGS = [
  '1/s', 'limit', 'oidc-provider', 'Latchkey', 'to oidc-provider', 'gate', 'of the limit', 'gate',
  'oidc-provider p50 / p99 ms', 'Latchkey p50 / p99 ms', 'gate', 'CPU µs (limit / oidc-provider / Latchkey)', 'spread',
];

export function table(rates, scalars, { limits, seconds, rounds, mostRounds, tooWide, load }) {
  const lines = [HEADINGS, HEADINGS.map((_, i) => (i === 0 ? '---' : '---:')),
    ...rates.map((row) => rateLine(row, tooWide)), ...scalars.map(scalarLine)];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

Median of ${rounds} interleaved rounds of ${seconds} s, of up to ${mostRounds} where they lay more than ${percent(tooWide)}
apart. Where they stayed so, or a server did not get its core to itself, the ratios are those of CPU time per
answer, marked (CPU). Load of the machine, of which this benchmark makes up about two:
${load.map((one) => one.toFixed(0)).join(', ')}. One core alone, 1/s: RS256 signatures
${count(limits.rs256)}, ES256 signatures ${count(limits.es256)}, Argon2id ${count(limits.argon2)}; durable rotations at 64 per commit \
${count(limits.rotations)}.
`;
}
