// kill -9 at random while applications sign people in and refresh. A ledger holds what was answered; after each
// restart it is compared: nothing that was answered is lost, nothing is redeemed twice, no family has two leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, signIn } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { assertOAuthError, authorizeUrl, decodeJwt, makePkce, redeem, refresh, revoke, userinfo }
  from '../support/relying_party.mjs';

const KILLS = Number(process.env.LATCHKEY_KILLS ?? 10);
const WORKERS = 6;
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** What was asked, and what is known of the answer: ok, refused, or unknown because the connection broke. */
class Ledger {
  codes = new Map(); // code -> { grant, ok, unknown }
  families = []; // { leaf, pending: token that may have been used, revoked, worker }
  sessions = []; // browsers whose sign-in was answered
  successors = new Map(); // used refresh token -> the successor that was answered
  operations = { signIn: 0, redeem: 0, refresh: 0, revoke: 0, broken: 0 };
}

class Worker {
  constructor(server, fixtures, ledger) {
    Object.assign(this, { server, fixtures, ledger, running: true });
  }

  /** One operation whose connection may break in the middle; undefined then. */
  async #try(kind, operation) {
    try {
      const answer = await operation();
      this.ledger.operations[kind]++;
      return answer;
    } catch (error) {
      if (!['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(error.code) && !/socket hang up/.test(error.message)) throw error;
      this.ledger.operations.broken++;
      return undefined;
    }
  }

  async run() {
    while (this.running) {
      await this.#life();
    }
  }

  /** Signs in, redeems, refreshes some times; stops where the server goes away. */
  async #life() {
    const { server, ledger } = this;
    const { trusted, alice } = this.fixtures;
    const browser = new Browser(server);
    const { verifier, challenge } = makePkce();
    const page = await this.#try('signIn', () => signIn(browser, authorizeUrl(server, trusted, {
      scope: 'openid offline_access', code_challenge: challenge, code_challenge_method: 'S256' }), alice));
    if (!page) {
      await pause(20);
      return;
    }
    const grant = { code: page.parameters.code, verifier, redirect_uri: trusted.redirect_uris[0] };
    assert.ok(grant.code, page.redirect);
    const entry = { grant, ok: 0, unknown: 0 };
    ledger.codes.set(grant.code, entry);
    ledger.sessions.push(browser);
    if (!this.running) return;
    const answer = await this.#try('redeem', () => redeem(server, trusted, grant, {}, { fresh: true }));
    if (!answer) {
      entry.unknown++;
      return;
    }
    assert.equal(answer.status, 200, answer.text);
    entry.ok++;
    const family = { leaf: answer.json(), pending: undefined, revoked: undefined };
    ledger.families.push(family);
    for (let round = 0; round < 4 && this.running; round++) {
      const used = family.leaf.refresh_token;
      family.pending = used;
      const next = await this.#try('refresh', () => refresh(server, trusted, used, {}, { fresh: true }));
      if (!next) return;
      assert.equal(next.status, 200, next.text);
      family.leaf = next.json();
      family.pending = undefined;
      this.#successor(used, family.leaf.refresh_token);
    }
    if (Math.random() < 0.3 && this.running) {
      family.revoked = 'unknown';
      const gone = await this.#try('revoke', () => revoke(server, trusted, family.leaf.refresh_token));
      if (gone) {
        assert.equal(gone.status, 200);
        family.revoked = 'ok';
      }
    }
  }

  #successor(used, next) {
    const known = this.ledger.successors.get(used);
    if (known) assert.equal(next, known, 'two different successors of one refresh token');
    this.ledger.successors.set(used, next);
  }

  /** Brings every family that was cut off to a known leaf; called within the grace after a restart. */
  async settle() {
    const { server, ledger } = this;
    const { trusted } = this.fixtures;
    for (const family of ledger.families.filter((each) => each.pending)) {
      const answer = await refresh(server, trusted, family.pending);
      assert.equal(answer.status, 200, `the retry of a refresh that was cut off: ${answer.text}`);
      this.#successor(family.pending, answer.json().refresh_token);
      family.leaf = answer.json();
      family.pending = undefined;
    }
    for (const entry of ledger.codes.values()) {
      if (entry.ok || !entry.unknown || entry.settled) continue;
      const answer = await redeem(server, trusted, entry.grant);
      if (answer.status === 200) entry.ok++;
      else assertOAuthError(answer, 400, 'invalid_grant');
      entry.settled = true;
    }
  }
}

onEachBackend('kill -9', (backend) => {
  test(`${KILLS} kills under load`, { timeout: 60_000 + KILLS * 15_000 }, async (t) => {
    const server = await startLatchkey({ backend, settings: { refresh_grace: '10s', authorization_code_lifetime: '10m' } });
    const fixtures = await seed(server, { clients: ['trusted'] });
    const { trusted } = fixtures;
    const ledger = new Ledger();
    const ready = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const workers = Array.from({ length: WORKERS }, () => new Worker(server, fixtures, ledger));
      const work = workers.map((worker) => worker.run());
      await pause(150 + Math.random() * 500);
      const killed = server.kill();
      for (const worker of workers) worker.running = false;
      await killed;
      await Promise.all(work);
      await server.start();
      ready.push(server.readyAfter);
      await workers[0].settle();
    }

    // Everything that was answered is still there.
    const { sub } = decodeJwt(ledger.families[0].leaf.id_token).payload;
    for (const family of ledger.families) {
      if (family.revoked === 'unknown') continue;
      const person = await userinfo(server, family.leaf.access_token);
      const answer = await refresh(server, trusted, family.leaf.refresh_token);
      if (family.revoked) {
        assert.equal(person.status, 401, 'a revoked token works again');
        assertOAuthError(answer, 400, 'invalid_grant');
      } else {
        assert.equal(person.status, 200, `an access token that was answered is lost: ${person.text}`);
        assert.equal(person.json().sub, sub);
        assert.equal(answer.status, 200, `a refresh token that was answered is lost: ${answer.text}`);
      }
    }
    for (const browser of ledger.sessions.slice(-40)) {
      const page = await browser.open(authorizeUrl(server, trusted, { prompt: 'none',
        code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
      assert.ok(page.parameters.code, `a session that was answered is lost: ${page.redirect}`);
    }
    // Nothing is redeemed a second time.
    for (const { grant, ok } of ledger.codes.values()) {
      assert.ok(ok <= 1);
      if (ok) assertOAuthError(await redeem(server, trusted, grant), 400, 'invalid_grant');
    }
    const slowest = Math.max(...ready);
    t.diagnostic(`${JSON.stringify(ledger.operations)}, slowest restart ${slowest} ms, ${ledger.codes.size} codes, ` +
      `${ledger.families.length} families`);
    assert.ok(ledger.operations.refresh > KILLS, 'hardly any load');
    assert.ok(slowest < 1000, `a restart took ${slowest} ms`);
    assert.ok((await new Browser(server).open(authorizeUrl(server, trusted, { code_challenge: makePkce().challenge,
      code_challenge_method: 'S256' }))).has('login-email'));
    await server.stop();
  });
});
