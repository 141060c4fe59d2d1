// Owns: an application with https pages of its own, as the provider's outgoing requests and a browser's
// frames meet it: what came is kept, and each path answers as the test says.
import { readFileSync } from 'node:fs';
import https from 'node:https';

import { makeCertificate } from './certificate.mjs';
import { temporaryFolder } from './latchkey.mjs';

export class HttpsParty {
  constructor() {
    const { certificate, key } = makeCertificate(temporaryFolder());
    this.certificate = certificate;
    this.key = key;
    /** Everything that came: { method, path, query, headers, body, protocol }. */
    this.requests = [];
    this.connections = 0;
    /** By path: (request) => { status, headers, body }, or a promise of it. */
    this.answers = {};
    this.server = https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) },
      (request, response) => this.#serve(request, response));
    this.server.on('connection', () => { this.connections++; });
  }

  async start() {
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    this.port = this.server.address().port;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((done) => { this.server.close(done); });
  }

  url(path = '/', host = 'localhost') {
    return `https://${host}:${this.port}${path}`;
  }

  /** What the provider needs to be set to, to reach this. */
  get settings() {
    return { outbound_allowed_addresses: '127.0.0.1', outbound_ca_file: this.certificate };
  }

  /** The requests to a path, once there are that many. */
  async received(path, count = 1, { within = 10_000 } = {}) {
    const until = Date.now() + within;
    while (true) {
      const found = this.requests.filter((request) => request.path === path);
      if (found.length >= count) return found;
      if (Date.now() > until) throw new Error(`${found.length} of ${count} requests to ${path} within ${within} ms`);
      await new Promise((done) => { setTimeout(done, 20); });
    }
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, 'https://localhost');
    const seen = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
      protocol: request.socket.getProtocol(),
    };
    this.requests.push(seen);
    const answer = await (this.answers[url.pathname] ?? (() => ({})))(seen);
    response.writeHead(answer.status ?? 200, { 'content-type': 'text/html; charset=utf-8', ...answer.headers });
    response.end(answer.body ?? '');
  }
}
