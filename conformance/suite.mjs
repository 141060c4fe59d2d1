// Owns: talking to the conformance suite over its REST API. Knows nothing of Latchkey.
import { once } from 'node:events';
import https from 'node:https';
import tls from 'node:tls';

const ENDED = 'FINISHED,INTERRUPTED';
const POLL_MS = 20_000;
/** A module that waits and logs nothing for this many polls gets nowhere any more. */
const IDLE_POLLS = 3;

export class Suite {
  #agent;
  #headers = { accept: 'application/json' };

  /**
   * @param {string} address where the suite answers
   * @param {{ devMode: boolean, token?: string }} options in development mode the suite wants no token, and
   *   its certificate is nobody's
   */
  constructor(address, { devMode, token }) {
    this.address = new URL(address);
    this.devMode = devMode;
    this.#agent = new https.Agent({ keepAlive: true, maxSockets: 16, rejectUnauthorized: !devMode });
    if (token) this.#headers.authorization = `Bearer ${token}`;
  }

  /** The address without the slash at its end, as it stands in redirect URIs. */
  get base() {
    return this.address.href.replace(/\/$/, '');
  }

  /** @returns {Promise<string>} the certificate that the suite shows, as PEM */
  async certificate() {
    const socket = tls.connect({
      host: this.address.hostname, port: Number(this.address.port || 443), rejectUnauthorized: !this.devMode,
    });
    await once(socket, 'secureConnect');
    const der = socket.getPeerCertificate(false).raw;
    socket.destroy();
    const lines = der.toString('base64').match(/.{1,64}/g);
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  }

  #once(method, path, body) {
    return new Promise((done, reject) => {
      const headers = { ...this.#headers };
      if (body !== undefined || method === 'POST') headers['content-type'] = 'application/json';
      const request = https.request(new URL(path, this.address),
        { method, headers, agent: this.#agent, timeout: 120_000 }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part) => { text += part; });
          response.on('end', () => done({ status: response.statusCode, text }));
          response.on('error', reject);
        });
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  async #call(method, path, { query = {}, body, want = [200] } = {}) {
    const target = `${path}?${new URLSearchParams(query)}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    let answer;
    try {
      answer = await this.#once(method, target, text);
    } catch (problem) {
      if (method !== 'GET') throw problem;
      answer = await this.#once(method, target, text);  // a kept connection may have been closed
    }
    if (!want.includes(answer.status)) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
    }
    return answer.text ? JSON.parse(answer.text) : undefined;
  }

  async version() {
    const about = await this.#call('GET', '/api/server');
    return [about.version, about.revision].filter(Boolean).join(', commit ');
  }

  /** @returns {Promise<{ id: string, modules: { testModule: string, variant: object }[] }>} */
  createPlan(name, variant, config) {
    return this.#call('POST', '/api/plan', {
      query: { planName: name, variant: JSON.stringify(variant) }, body: config, want: [201],
    });
  }

  /** Creates a module and, unless the suite wants it started by hand, starts it. @returns its id */
  async createModule(planId, module, variant) {
    const query = { test: module, plan: planId, variant: JSON.stringify(variant ?? {}) };
    return (await this.#call('POST', '/api/runner', { query, want: [201] })).id;
  }

  startModule(id) {
    return this.#call('POST', `/api/runner/${id}`);
  }

  info(id) {
    return this.#call('GET', `/api/info/${id}`);
  }

  log(id) {
    return this.#call('GET', `/api/log/${id}`);
  }

  /** @returns {Promise<string | undefined>} the state that was reached, if any was */
  async waitState(id, states, timeoutMs = POLL_MS) {
    const answer = await this.#call('GET', `/api/runner/${id}/wait-state`,
      { query: { states, timeoutMs }, want: [200, 404] });
    if (answer?.error) return (await this.info(id)).status;
    return answer?.state;
  }

  cancel(id) {
    return this.#call('DELETE', `/api/runner/${id}`, { want: [200, 404] });
  }

  /**
   * Waits for the module's end. One that waits for something that will not come is cancelled.
   * @returns {Promise<boolean>} false: it had to be cancelled
   */
  async finish(id, limitMs = 300_000) {
    const deadline = Date.now() + limitMs;
    let length = -1;
    for (let idle = 0; idle < IDLE_POLLS && Date.now() < deadline;) {
      if (ENDED.split(',').includes(await this.waitState(id, ENDED))) return true;
      const now = (await this.log(id)).length;
      idle = now === length ? idle + 1 : 0;
      length = now;
    }
    await this.cancel(id);
    await this.waitState(id, ENDED);
    return false;
  }
}
