// Owns: whether two sets of measured times differ: the Mann-Whitney U test (two-sided, normal approximation with
// corrections for ties and continuity), medians, and the rule by which the check decides.

export const LEAST_P = 0.01;
export const MOST_MS = 2;

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** P(|Z| >= z) of a standard normal Z, good to some twelve digits. */
export function twoSided(z) {
  const x = Math.abs(z);
  const density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  if (x < 3) {
    // The integral from 0 to x is density * (x + x^3/3 + x^5/(3*5) + ...).
    let term = x;
    let sum = 0;
    for (let odd = 3; term > 1e-17 * (sum + 1); odd += 2) {
      sum += term;
      term *= x * x / odd;
    }
    return 1 - 2 * density * sum;
  }
  // Mills' ratio as the continued fraction 1/(x + 1/(x + 2/(x + 3/(x + ...)))).
  let tail = x;
  for (let n = 200; n > 0; n--) tail = x + n / tail;
  return 2 * density / tail;
}

/** Ranks from 1, equal numbers sharing the mean of theirs; and the sum of t^3 - t over each set of t equals. */
function rank(numbers) {
  const order = numbers.map((value, at) => ({ value, at })).sort((a, b) => a.value - b.value);
  const ranks = new Float64Array(numbers.length);
  let ties = 0;
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && order[to].value === order[from].value) to++;
    for (let i = from; i < to; i++) ranks[order[i].at] = (from + 1 + to) / 2;
    const equal = to - from;
    ties += equal ** 3 - equal;
    from = to;
  }
  return { ranks, ties };
}

/**
 * @param {number[]} first
 * @param {number[]} second
 * @returns {{ u: number, z: number, p: number }} U counts the pairs in which `first` is larger, ties as half
 */
export function mannWhitney(first, second) {
  const [n, m] = [first.length, second.length];
  if (n === 0 || m === 0) throw new Error('Mann-Whitney needs samples on both sides');
  const { ranks, ties } = rank([...first, ...second]);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += ranks[i];
  const u = sum - n * (n + 1) / 2;
  const all = n + m;
  const variance = n * m / 12 * (all + 1 - ties / (all * (all - 1)));
  if (!(variance > 0)) return { u, z: 0, p: 1 };
  const off = u - n * m / 2;
  const z = Math.sign(off) * Math.max(0, Math.abs(off) - 0.5) / Math.sqrt(variance);
  return { u, z, p: twoSided(z) };
}

/** The smallest delay in ms, to the microsecond, that samples like these would have shown: an equal set, shifted. */
export function sensitivity(samples) {
  const shows = (delay) => mannWhitney(samples.map((value) => value + delay), samples).p <= LEAST_P;
  let [low, high] = [0, 0.001];
  while (!shows(high)) [low, high] = [high, high * 2];
  while (high - low > 0.001) {
    const middle = (low + high) / 2;
    if (shows(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * What two sets of times say.
 * @param {{ open?: boolean }} [options] open: others may know which is which, so only the difference counts
 * @returns {{ medians: number[], difference: number, p: number, z: number, alike: boolean }}
 */
export function compare(first, second, { open = false } = {}) {
  const medians = [median(first), median(second)];
  const difference = medians[1] - medians[0];
  const { p, z } = mannWhitney(first, second);
  return { medians, difference, p, z, alike: Math.abs(difference) < MOST_MS && (open || p > LEAST_P) };
}

/** Two independent measurements agree that there is a difference, and which side is the slower one. */
export function isConfirmed(one, again) {
  return !one.alike && !again.alike && Math.sign(one.difference) === Math.sign(again.difference);
}
