// Owns: one HTTP exchange with full control over it: no redirects are followed, any header can be set, and
// the connection may go to another port than the address names (a second node, a raised Host).
import http from 'node:http';
import https from 'node:https';

const agents = {
  'http:': new http.Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64, timeout: 30_000 }),
  'https:': new https.Agent({ keepAlive: true, rejectUnauthorized: false }),
};

export class Answer {
  constructor(message, text) {
    this.status = message.statusCode;
    this.headers = message.headers;
    this.rawHeaders = message.rawHeaders;
    this.text = text;
  }

  get location() {
    return this.headers.location;
  }

  /** The Set-Cookie fields, one string each. */
  get cookies() {
    return this.headers['set-cookie'] ?? [];
  }

  json() {
    try {
      return JSON.parse(this.text);
    } catch {
      throw new Error(`no JSON in the answer with status ${this.status}: ${this.text.slice(0, 400)}`);
    }
  }
}

/**
 * @param {string | URL} url
 * @param {object} [options] method, headers, form (object, pairs or URLSearchParams), body,
 *   port (where to connect instead), fresh (a connection of its own), timeout in ms
 * @returns {Promise<Answer>}
 */
export function send(url, options = {}) {
  const target = new URL(url);
  const { form, fresh = false, timeout = 40_000 } = options;
  const headers = { host: target.host, ...options.headers };
  let body = options.body;
  if (form !== undefined) {
    body = (form instanceof URLSearchParams ? form : new URLSearchParams(form)).toString();
    headers['content-type'] ??= 'application/x-www-form-urlencoded';
  }
  if (body !== undefined) headers['content-length'] ??= Buffer.byteLength(body);
  const module = target.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = module.request({
      host: '127.0.0.1',
      port: options.port ?? target.port,
      servername: target.hostname,
      rejectUnauthorized: false,
      method: options.method ?? (body === undefined ? 'GET' : 'POST'),
      path: options.target ?? `${target.pathname}${target.search}`,
      headers,
      setHost: false,
      agent: fresh ? false : agents[target.protocol],
      timeout,
    }, (message) => {
      const chunks = [];
      message.on('data', (chunk) => chunks.push(chunk));
      message.on('error', reject);
      message.on('end', () => resolve(new Answer(message, Buffer.concat(chunks).toString('utf8'))));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeout} ms: ${target}`)));
    request.on('error', reject);
    request.end(body);
  });
}
