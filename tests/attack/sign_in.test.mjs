// Attacks on signing in with a password (LG).
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';

import { Browser, signIn, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, runProgram, startLatchkey } from '../support/latchkey.mjs';
import { figuresOf, startProbe } from '../support/probe.mjs';
import { authorizeUrl, decodeJwt, makePkce, obtainTokens } from '../support/relying_party.mjs';

// LATCHKEY_SIGN_INS=500 for the full size, with the figures of time and memory.
const IS_FULL_FLOOD = process.env.LATCHKEY_SIGN_INS !== undefined;
const BURST = Number(process.env.LATCHKEY_SIGN_INS ?? 120);
const FLOOD = Number(process.env.LATCHKEY_SIGN_INS ?? 60);

const request = (server, client, parameters = {}) => authorizeUrl(server, client,
  { code_challenge: makePkce().challenge, code_challenge_method: 'S256', ...parameters });
const start = async (server, client, browser = new Browser(server)) =>
  ({ browser, page: await browser.open(request(server, client, { prompt: 'login' })) });

/** What the sign-in page said to an attempt. */
function outcome(page) {
  if (page.redirect || page.has('consent-allow')) return 'in';
  if (page.text.includes('match.')) return 'wrong';
  if (page.text.includes('too many attempts')) return 'throttled';
  if (page.text.includes('Many people are signing in') || page.status === 503) return 'busy';
  return `other: ${page.status} ${page.title}`;
}
/** One attempt from a browser without a past. */
async function attempt(server, client, user, headers = {}) {
  const browser = new Browser(server);
  browser.extraHeaders = headers;
  const { page } = await start(server, client, browser);
  return outcome(await typePassword(browser, page, user));
}
/**
 * Sends the form of one sign-in page over and over, each time on a connection of its own, so that any number goes at once.
 * @returns {Promise<(email: string, password: string) => Promise<{ result: string, retryAfter?: string, ms: number }>>}
 */
async function makePost(server, client) {
  const { browser, page } = await start(server, client);
  const t = page.formWith('login-submit').inputs.find((input) => input.name === 't').value;
  return async (email, password) => {
    const since = performance.now();
    const { status, headers, location } = await browser.exchange(new URL('/login', server.issuer),
      { form: { t, email, password }, headers: { origin: server.issuer }, fresh: true });
    const ms = performance.now() - since;
    const named = { 303: location?.startsWith('/login?') ? 'wrong' : 'in', 429: 'throttled', 503: 'busy' };
    return { result: named[status] ?? `other: ${status}`, retryAfter: headers['retry-after'], ms };
  };
}

onEachBackend('LG', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['trusted'], users: ['alice', 'mallory', 'disabled'] });
  });
  after(() => server?.stop());

  test('LG-01 enumeration by body, status, headers and cookies', async () => {
    const { alice, disabled, trusted } = fixtures;
    const people = {
      known: { email: alice.email, password: 'wrong-Password-11' },
      unknown: { email: 'nobody@example.com', password: 'wrong-Password-11' },
      'unknown domain': { email: 'nobody@nowhere.test', password: 'wrong-Password-11' },
      disabled: { email: disabled.email, password: 'wrong-Password-11' },
      'disabled, right password': disabled,
      'no address': { email: 'nobody', password: 'wrong-Password-11' },
    };
    const seen = {};
    for (const [name, person] of Object.entries(people)) {
      const browser = new Browser(server);
      const { page } = await start(server, trusted, browser);
      const form = page.formWith('login-submit');
      const t = form.inputs.find((input) => input.name === 't').value;
      const posted = await browser.exchange(new URL('/login', server.issuer),
        { form: { t, email: person.email, password: person.password }, headers: { origin: server.issuer } });
      const shown = posted.location ? await browser.exchange(new URL(posted.location, server.issuer)) : posted;
      const mask = (text) => text.replaceAll(person.email, 'EMAIL').replaceAll(encodeURIComponent(person.email), 'EMAIL')
        .replace(/LK(-[0-9A-Z]{4}){4}/g, 'EVENT').replace(/[A-Za-z0-9_-]{40,}/g, 'OPAQUE');
      const headersOf = (answer) => mask(JSON.stringify(Object.entries(answer.headers)
        .filter(([key]) => !['date', 'content-length'].includes(key))));
      seen[name] = [posted.status, headersOf(posted), mask(posted.text), shown.status, headersOf(shown), mask(shown.text)];
      assert.ok(shown.text.includes('login-notice'), name);
    }
    for (const name of Object.keys(seen)) assert.deepEqual(seen[name], seen.known, name);
  });

  test('LG-01 a wrong password leaves as many rows for an unknown account', { skip: backend !== 'sqlite' }, async () => {
    const database = new DatabaseSync(server.settings.database.slice('sqlite:'.length), { readOnly: true });
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all().map(({ name }) => name)
      .filter((name) => name !== 'failures'); // written later, for all together
    const rows = () => tables.map((name) => [name, database.prepare(`SELECT COUNT(*) AS n FROM ${name}`).get().n]);
    const left = {};
    try {
      for (const email of ['known@example.com', 'unknown@example.com', 'turned-off@example.com', 'no address']) {
        const password = 'velvet-Comet-45-island';
        if (/^known|^turned/.test(email)) await server.addUser({ email, password });
        if (email.startsWith('turned')) await server.command(['user', 'disable', email]);
        left[email] = [];
        for (let attempts = 0; attempts < 12; attempts++) {
          const { browser, page } = await start(server, fixtures.trusted);
          const before = rows();
          await typePassword(browser, page, { email, password: 'wrong-Password-11' });
          left[email].push(rows().map(([name, count], at) => [name, count - before[at][1]]).filter(([, more]) => more !== 0));
        }
      }
    } finally {
      database.close();
    }
    assert.deepEqual(left['known@example.com'][0], [['refused_sign_ins', 1], ['throttle', 2]]
      .sort(([a], [b]) => tables.indexOf(a) - tables.indexOf(b)));
    for (const [email, changes] of Object.entries(left)) assert.deepEqual(changes, left['known@example.com'], email);
  });

  test('LG-07 one account under each spelling of its address', async () => {
    const { alice, trusted } = fixtures;
    const own = await obtainTokens(server, trusted, alice);
    const { sub } = decodeJwt(own.id_token).payload;
    for (const email of ['ALICE@example.com', 'alice@EXAMPLE.COM', ' alice@example.com', 'alice@example.com ']) {
      const result = await attempt(server, trusted, { ...alice, email });
      assert.equal(result, 'in', email);
    }
    for (const email of ['alice\u0000@example.com', 'alice@example.com\u0000', 'alice', 'alice@example.com.',
      'alice@example.com@', '"alice"@example.com', '%61lice@example.com', '']) {
      const result = await attempt(server, trusted, { ...alice, email });
      assert.notEqual(result, 'in', JSON.stringify(email));
    }
    // No second account that folds to the first.
    const add = (email) => runProgram(['user', 'add', '--email', email, '--password-stdin', '--json'],
      { settings: server.settings, cwd: server.folder, input: 'velvet-Comet-45-island\n' });
    for (const email of ['Alice@example.com', 'alice@EXAMPLE.com', ' alice@example.com ', 'alice@example.com\u200b']) {
      const result = await add(email);
      if (result.code === 0) assert.equal(JSON.parse(result.stdout).email, email.trim(), 'a second alice');
      assert.notEqual(result.code, 0, `registered ${JSON.stringify(email)}`);
    }
    // Compatibility forms (NFKC) either are the same account, or another one: never both.
    for (const email of ['\uff41lice@example.com', 'alice@\uff45xample.com']) {
      const same = await attempt(server, trusted, { ...alice, email }) === 'in';
      if (same) assert.notEqual((await add(email)).code, 0, `registered ${email}, which signs alice in`);
    }
    const again = await obtainTokens(server, trusted, alice);
    assert.equal(decodeJwt(again.id_token).payload.sub, sub);
  });

  test('LG-09 long passwords', async () => {
    const { alice, trusted } = fixtures;
    for (const length of [257, 1025, 5000, 30_000]) {
      const result = await attempt(server, trusted, { ...alice, password: 'x'.repeat(length) });
      assert.ok(result === 'wrong' || result.startsWith('other: 4'), `${length}: ${result}`);
    }
    for (const length of [1_000_000, 16_000_000]) {
      const { browser, page } = await start(server, trusted);
      const t = page.formWith('login-submit').inputs.find((input) => input.name === 't').value;
      let status;
      try {
        ({ status } = await browser.exchange(new URL('/login', server.issuer), { fresh: true,
          form: { t, email: alice.email, password: 'x'.repeat(length) }, headers: { origin: server.issuer } }));
      } catch (error) {
        // The server answered and closed before it had read all of that.
        assert.match(error.code ?? '', /ECONNRESET|EPIPE/);
      }
      assert.ok([undefined, 400, 413].includes(status), `${status}`);
    }
    const passwords = { multibyte: 'ß漢字🦊é'.repeat(13).slice(0, 64), long: `${'q8Zr-'.repeat(25)}end` };
    for (const [name, password] of Object.entries(passwords)) {
      const person = await server.addUser({ email: `${name}@example.com`, password });
      assert.equal(await attempt(server, trusted, person), 'in', name);
      for (const cut of [72, 64, password.length - 1]) {
        if (cut >= password.length) continue;
        assert.equal(await attempt(server, trusted, { ...person, password: password.slice(0, cut) }), 'wrong', `${cut}`);
      }
      assert.equal(await attempt(server, trusted, { ...person, password: `${password} ` }), 'wrong');
      assert.equal(await attempt(server, trusted, { ...person, password: `${password}\u0000` }) === 'in', false);
    }
  });
});

onEachBackend('LG throttled', (backend) => {
  let server;
  let fixtures;
  const LIMIT = 10;

  before(async () => {
    server = await startLatchkey({ backend, settings: { throttle_account_attempts: LIMIT, password_queue: 2000,
      throttle_window: '15m', trusted_proxies: '127.0.0.1' } });
    fixtures = await seed(server, { clients: ['trusted'], users: [] });
  });
  after(() => server?.stop());

  let next = 0;
  const newPerson = () => server.addUser({ email: `person${++next}@example.com`, password: `copper-Window-${20 + next}-garden` });

  test('LG-04 brute force from one address, and from fifty', async () => {
    for (const address of [() => '198.51.100.7', (index) => `198.51.100.${10 + (index % 50)}`]) {
      const person = await newPerson();
      const results = [];
      for (let index = 0; index < 40; index++) {
        results.push(await attempt(server, fixtures.trusted, { ...person, password: `guess-${index}-Xyzzy` },
          { 'x-forwarded-for': address(index) }));
      }
      assert.deepEqual(results.slice(0, LIMIT), Array(LIMIT).fill('wrong'));
      assert.deepEqual(results.slice(LIMIT), Array(40 - LIMIT).fill('throttled'));
      // Then the right one does not help either, in a browser that was never in.
      assert.equal(await attempt(server, fixtures.trusted, person), 'throttled');
    }
    assert.ok(server.log.includes('throttle'), 'nothing in the log');
  });

  test('LG-04 unknown accounts are throttled alike', async () => {
    const person = { email: 'never-there@example.com', password: 'guess-guess-1' };
    const results = [];
    for (let index = 0; index < LIMIT + 5; index++) results.push(await attempt(server, fixtures.trusted, person));
    assert.deepEqual(results, [...Array(LIMIT).fill('wrong'), ...Array(5).fill('throttled')]);
  });

  test('LG-04 success gives the attempt back', async () => {
    const person = await newPerson();
    for (let index = 0; index < LIMIT * 2; index++) {
      assert.equal(await attempt(server, fixtures.trusted, person), 'in', `${index}`);
    }
  });

  test('LG-05 an attacked person still gets in, in a browser that was in before', async () => {
    const person = await newPerson();
    const { browser } = await obtainTokens(server, fixtures.trusted, person);
    for (let index = 0; index < LIMIT + 3; index++) {
      await attempt(server, fixtures.trusted, { ...person, password: `guess-${index}-Xyzzy` });
    }
    assert.equal(await attempt(server, fixtures.trusted, person), 'throttled');
    const { page } = await start(server, fixtures.trusted, browser);
    assert.equal(outcome(await typePassword(browser, page, person)), 'in');
    // That browser's own bucket has the same limit.
    const results = [];
    for (let index = 0; index < LIMIT + 3; index++) {
      const asked = (await start(server, fixtures.trusted, browser)).page;
      results.push(outcome(await typePassword(browser, asked, { ...person, password: `guess-${index}-Xyzzy` })));
    }
    assert.deepEqual(results, [...Array(LIMIT).fill('wrong'), ...Array(3).fill('throttled')]);
  });

  test('LG-05 the mark of one person\'s browser does nothing for another account', async () => {
    const [one, other] = [await newPerson(), await newPerson()];
    const { browser } = await obtainTokens(server, fixtures.trusted, one);
    const results = [];
    for (let index = 0; index < LIMIT + 2; index++) {
      const { page } = await start(server, fixtures.trusted, browser);
      results.push(outcome(await typePassword(browser, page, { ...other, password: `guess-${index}-Xyzzy` })));
    }
    assert.deepEqual(results.slice(LIMIT), ['throttled', 'throttled']);
  });

  test('LG-06 one burst: counted exactly, and the right password after the limit is refused', async () => {
    const person = await newPerson();
    const post = await makePost(server, fixtures.trusted);
    const answers = await Promise.all(Array.from({ length: BURST }, (_, index) => post(person.email, `guess-${index}-Xyzzy`)));
    const count = (what) => answers.filter(({ result }) => result === what).length;
    assert.equal(count('wrong'), LIMIT, `${[...new Set(answers.map(({ result }) => result))]}`);
    assert.equal(count('throttled'), BURST - LIMIT);
    assert.equal(await attempt(server, fixtures.trusted, person), 'throttled');
  });

  test('LG-06 a burst over two nodes', { skip: backend !== 'postgresql' }, async () => {
    const node = await server.secondNode();
    try {
      const person = await newPerson();
      const pages = [];
      for (let index = 0; index < 60; index++) pages.push(await start(server, fixtures.trusted));
      const results = await Promise.all(pages.map(async ({ browser, page }, index) => {
        if (index % 2) browser.server = { issuer: server.issuer, port: node.port };
        return outcome(await typePassword(browser, page, { ...person, password: `guess-${index}-Xyzzy` }));
      }));
      assert.equal(results.filter((result) => result === 'wrong').length, LIMIT, `${results}`);
    } finally {
      await node.stop();
    }
  });

  test('LG-07 spellings share one counter', async () => {
    const person = await newPerson();
    const [name, domain] = person.email.split('@');
    const spellings = [person.email, `${name.toUpperCase()}@${domain}`, `${name}@${domain.toUpperCase()}`,
      ` ${person.email}`, `${person.email} `];
    const results = [];
    for (let index = 0; index < LIMIT + 5; index++) {
      results.push(await attempt(server, fixtures.trusted,
        { email: spellings[index % spellings.length], password: `guess-${index}-Xyzzy` }));
    }
    assert.deepEqual(results.slice(LIMIT), Array(5).fill('throttled'));
  });

  test('LG-04 the counters stay over a restart', async () => {
    const person = await newPerson();
    for (let index = 0; index < LIMIT; index++) {
      await attempt(server, fixtures.trusted, { ...person, password: `guess-${index}-Xyzzy` });
    }
    await server.restart();
    assert.equal(await attempt(server, fixtures.trusted, person), 'throttled');
  });
});

describe('LG equal work', () => {
  test('LG-02 an unknown, a disabled and a known account cost the same', async () => {
    // A hash so expensive that nothing else counts.
    const server = await startLatchkey({ settings: { password_memory_kib: 65536, password_iterations: 3 } });
    try {
      const { trusted, alice, disabled } = await seed(server, { clients: ['trusted'], users: ['alice', 'disabled'] });
      const people = { known: alice.email, unknown: 'nobody@example.com', disabled: disabled.email };
      const work = Object.fromEntries(Object.keys(people).map((name) => [name, 0]));
      for (let round = 0; round < 5; round++) {
        for (const [name, email] of Object.entries(people)) {
          const { browser, page } = await start(server, trusted);
          const before = await server.processorMs();
          assert.equal(outcome(await typePassword(browser, page, { email, password: 'wrong-Password-11' })), 'wrong');
          work[name] += await server.processorMs() - before;
        }
      }
      assert.ok(work.known > 200, JSON.stringify(work));
      for (const name of Object.keys(people)) {
        const ratio = work[name] / work.known;
        assert.ok(ratio > 0.75 && ratio < 1.35, JSON.stringify(work));
      }
      const page = await signIn(new Browser(server), request(server, trusted), alice);
      assert.ok(page.parameters.code);
    } finally {
      await server.stop();
    }
  });

  test('LG-10 a flood of sign-ins: the rest answers, the excess hears 503 with Retry-After', { timeout: 300_000 }, async (t) => {
    const COST_KIB = 32768;
    const server = await startLatchkey({ settings: { password_memory_kib: COST_KIB, password_iterations: 2,
      password_queue: 8, password_threads: 1 } });
    try {
      const { trusted, alice } = await seed(server, { clients: ['trusted'] });
      const post = await makePost(server, trusted);
      await post(alice.email, 'wrong-Password-11');
      const before = await server.residentKib();
      const answers = [];
      const usedBefore = await server.processorMs();
      let resident = before;
      const probe = startProbe(server.url('/jwks'), { pauseMs: 2 });
      // Each sends again as soon as it is answered, so that the flood lasts.
      const flood = Promise.all(Array.from({ length: FLOOD }, async () => {
        for (let i = 0; i < (IS_FULL_FLOOD ? 5 : 1); i++) answers.push(await post(alice.email, 'wrong-Password-11'));
      })).then(() => true);
      while (!await Promise.race([flood, new Promise((done) => { setTimeout(done, 20, false); })])) {
        resident = Math.max(resident, await server.residentKib());
      }
      const others = await probe.stop();
      const results = new Set(answers.map(({ result }) => result));
      assert.deepEqual([...results].toSorted(), ['busy', 'wrong']);
      const busy = answers.filter(({ result }) => result === 'busy');
      for (const { retryAfter } of busy) assert.ok(Number(retryAfter) >= 1, `Retry-After: ${retryAfter}`);
      assert.equal(others.failed, 0);
      assert.ok(others.p50 < 300, figuresOf(others));
      assert.ok(resident - before < 60_000, `${resident} KiB after ${before}`);
      if (!IS_FULL_FLOOD) return;
      const slowest = Math.max(...busy.map(({ ms }) => ms));
      const used = await server.processorMs() - usedBefore;
      t.diagnostic(`${FLOOD} at a time: ${answers.length - busy.length} checked, ${busy.length} told to come back, the slowest of ` +
        `them after ${slowest.toFixed(0)} ms; others meanwhile: ${figuresOf(others)}; ${before} KiB before, ${resident} KiB at most; ${(used / answers.length).toFixed(2)} ms of processor time per answer`);
      assert.ok(resident <= (before + COST_KIB) * 1.1, `${resident} KiB after ${before}`);
      assert.ok(others.p99 < 50, figuresOf(others));
      assert.ok(slowest < 1000, `${slowest} ms`);
    } finally {
      await server.stop();
    }
  });
});
