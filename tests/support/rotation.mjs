// Owns: applications that go on refreshing and checking their tokens while keys are rotated. Each keeps the
// JWKS for exactly as long as the server allows, and never asks again because of a `kid` that it does not know.
import { createLocalJWKSet, jwtVerify } from 'jose';

import { decodeJwt, obtainTokens, refresh } from './relying_party.mjs';
import { send } from './http_client.mjs';

export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Waits until `probe` gives something, and returns it. */
export async function until(probe, within, what) {
  const end = Date.now() + within;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${within} ms`);
    await sleep(50);
  }
}

export const publishedKids = async (server) =>
  (await send(server.url('/jwks'), { port: server.port })).json().keys.map((key) => key.kid);

/** A verifier with a JWKS cache. */
export class CachingVerifier {
  constructor(server) {
    this.server = server;
    this.fetchedAt = -Infinity;
  }

  async verify(token) {
    if (Date.now() - this.fetchedAt > this.maxAge || !this.keys) {
      // The age counts from the question, as RFC 9111 §4.2.3 has it.
      this.fetchedAt = Date.now();
      const answer = await send(this.server.url('/jwks'), { port: this.server.port });
      this.maxAge = Number(answer.headers['cache-control'].match(/max-age=(\d+)/)[1]) * 1000;
      this.keys = createLocalJWKSet(answer.json());
    }
    return jwtVerify(token, this.keys, { issuer: this.server.issuer });
  }
}

/** `chains` families of tokens, each refreshed every `everyMs` at one node after the other. */
export class RefreshLoad {
  constructor(nodes, client, { everyMs = 100 } = {}) {
    Object.assign(this, { nodes, client, everyMs, failures: [], seen: new Map(), requests: 0, running: true });
  }

  async start(user, chains) {
    const first = await Promise.all(Array.from({ length: chains }, () =>
      obtainTokens(this.nodes[0], this.client, user, { scope: 'openid offline_access' })));
    this.startedAt = Date.now();
    this.chains = first.map((tokens, index) => this.#run(tokens, index));
    return this;
  }

  /** The `kid` of a token, with the times at which such tokens came first and last. */
  #note(kid) {
    const now = Date.now();
    const entry = this.seen.get(kid) ?? { first: now, last: now };
    entry.last = now;
    this.seen.set(kid, entry);
  }

  async #run(tokens, index) {
    // A cache of its own each, so that their ages differ.
    const verifiers = this.nodes.map((node) => new CachingVerifier(node));
    let token = tokens.refresh_token;
    await sleep(index * 13);
    for (let round = index; this.running; round++) {
      const began = Date.now();
      try {
        const answer = await refresh(this.nodes[round % this.nodes.length], this.client, token);
        this.requests++;
        if (answer.status !== 200) throw new Error(`refresh: ${answer.status} ${answer.text}`);
        const fresh = answer.json();
        token = fresh.refresh_token;
        for (const jwt of [fresh.access_token, fresh.id_token]) {
          this.#note(decodeJwt(jwt).header.kid);
          for (const verifier of verifiers) await verifier.verify(jwt);
        }
      } catch (error) {
        this.failures.push(`${Date.now() - this.startedAt} ms: ${error.message}`);
        if (!(error.code ?? '').startsWith('ERR_J')) break;
      }
      await sleep(Math.max(0, this.everyMs - (Date.now() - began)));
    }
  }

  get perSecond() {
    return this.requests / ((Date.now() - this.startedAt) / 1000);
  }

  async stop() {
    this.running = false;
    await Promise.all(this.chains);
  }
}
