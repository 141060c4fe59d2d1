// The statistics of script/timing against values that are known.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compare, isConfirmed, mannWhitney, median, sensitivity, twoSided } from '../timing/rank_sum.mjs';

const near = (value, wanted, within) => assert.ok(Math.abs(value - wanted) <= within, `${value}, wanted ${wanted}`);

/** The same numbers in every run: a linear congruential generator, and from it the sum of twelve, which is about normal. */
function makeNormal(seed) {
  let state = BigInt(seed);
  const uniform = () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number(state >> 11n) / 2 ** 53;
  };
  return () => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6);
}
const draw = (normal, count, mean = 0) => Array.from({ length: count }, () => mean + normal());

test('the normal distribution has its tabled quantiles', () => {
  const table = [[0, 1], [0.6744897501960817, 0.5], [1.6448536269514722, 0.1], [1.959963984540054, 0.05],
    [2.5758293035489004, 0.01], [3.2905267314918945, 0.001], [4.417173413467605, 1e-5], [5.326723886384098, 1e-7]];
  for (const [z, p] of table) {
    near(twoSided(z) / p, 1, 1e-9);
    assert.equal(twoSided(-z), twoSided(z));
  }
});

test('medians', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('two small sets without ties', () => {
  // U by counting pairs: 35 of 50. Mean 25, variance 10·5·16/12, less a half: z = 9.5/√66.67.
  const { u, z, p } = mannWhitney([0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
    [1.15, 0.88, 0.90, 0.74, 1.21]);
  assert.equal(u, 35);
  near(z, 1.163508, 1e-6);
  near(p, 0.244624, 1e-6);
});

test('ties share a rank and lessen the variance', () => {
  // Ranks 1.5 1.5 4 6.5 | 4 4 6.5 8; U = 13.5 - 10; ties 2, 3 and 2: 6 + 24 + 6 = 36; variance 16/12·(9 - 36/56).
  const { u, z, p } = mannWhitney([1, 1, 2, 3], [2, 2, 3, 4]);
  assert.equal(u, 3.5);
  near(z, -4 / Math.sqrt(16 / 12 * (9 - 36 / 56)), 1e-12);
  near(p, 0.231, 0.001);
  assert.deepEqual(mannWhitney([5, 5], [5, 5]), { u: 2, z: 0, p: 1 });
});

test('the sides can be exchanged', () => {
  const normal = makeNormal(7);
  const [first, second] = [draw(normal, 40), draw(normal, 60, 0.5)];
  const [one, other] = [mannWhitney(first, second), mannWhitney(second, first)];
  near(one.p, other.p, 1e-12);
  near(one.z, -other.z, 1e-12);
  near(one.u + other.u, 40 * 60, 1e-9);
});

test('equal sets are called different as often as the limit says', () => {
  const normal = makeNormal(11);
  const seen = Array.from({ length: 1000 }, () => mannWhitney(draw(normal, 50), draw(normal, 50)).p);
  near(seen.filter((p) => p <= 0.05).length / 1000, 0.05, 0.025);
  near(seen.filter((p) => p <= 0.01).length / 1000, 0.01, 0.01);
});

test('a small delay in 500 samples is seen, and sensitivity() says from where', () => {
  const normal = makeNormal(13);
  const samples = draw(normal, 500, 30);
  const least = sensitivity(samples);
  // Of normal times with a deviation of 1 ms: 2.576·√(π/1500) ≈ 0.16, as the ranks of 2 × 500 promise.
  near(least, 2 * Math.sqrt(Math.PI) * 2.5758 / Math.sqrt(12 * 250), 0.02);
  assert.ok(compare(samples, samples.map((value) => value + 2 * least)).p < 0.01);
  assert.ok(compare(samples, samples.map((value) => value + least / 4)).p > 0.01);
});

test('the rule: p above a hundredth, and less than 2 ms between the medians', () => {
  const normal = makeNormal(17);
  const [base, same] = [draw(normal, 500, 30), draw(normal, 500, 30)];
  assert.equal(compare(base, same).alike, true);
  const slower = draw(normal, 500, 30.5);
  assert.equal(compare(base, slower).alike, false);
  assert.equal(compare(base, slower, { open: true }).alike, true);
  assert.equal(compare(base, draw(normal, 500, 33), { open: true }).alike, false);
  // A wide set can hide 2 ms from the ranks: the medians count by themselves.
  const wide = [0, 0, 0, 100, 100];
  const other = compare(wide, [0, 0, 50, 100, 100]);
  assert.ok(other.p > 0.01);
  assert.equal(other.alike, false);
});

test('a difference counts when a second measurement finds it again, on the same side', () => {
  const made = (difference, alike) => ({ difference, alike });
  assert.equal(isConfirmed(made(0.5, false), made(0.4, false)), true);
  assert.equal(isConfirmed(made(0.5, false), made(-0.4, false)), false);
  assert.equal(isConfirmed(made(0.5, false), made(0.4, true)), false);
  assert.equal(isConfirmed(made(0.5, true), made(0.4, false)), false);
});
