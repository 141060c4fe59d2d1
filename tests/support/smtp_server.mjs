// Owns: a mail server that really speaks SMTP (npm's smtp-server), kept in memory, and what it can be told to
// do wrong; and reading a message as a mail program does, independent of the product.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';

import { freePort } from './ports.mjs';

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

function decodeWords(text) {
  return text.replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?b\?([^?]*)\?=/gi, (whole, base64) => Buffer.from(base64, 'base64').toString('utf8'));
}

function parseHead(text) {
  const headers = {};
  for (const line of text.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (name in headers) throw new Error(`the header ${name} stands twice`);
    headers[name] = decodeWords(line.slice(colon + 1).trim());
  }
  return headers;
}

function parsePart(text) {
  const cut = text.indexOf('\r\n\r\n');
  const headers = parseHead(text.slice(0, cut));
  const body = text.slice(cut + 4);
  const encoding = headers['content-transfer-encoding'];
  const bytes = encoding === 'base64'
    ? Buffer.from(body, 'base64')
    : Buffer.from(body.replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (whole, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1');
  return { type: headers['content-type'].split(';')[0], text: bytes.toString('utf8').replaceAll('\r\n', '\n') };
}

/** @returns {{ headers: Record<string, string>, text: string, html: string }} */
export function parseMessage(raw) {
  const cut = raw.indexOf('\r\n\r\n');
  const headers = parseHead(raw.slice(0, cut));
  const boundary = headers['content-type'].match(/boundary="([^"]+)"/)[1];
  const parts = raw.slice(cut).split(`\r\n--${boundary}`).slice(1, -1).map((part) => parsePart(part.slice(2)));
  const part = (type) => parts.find((candidate) => candidate.type === type)?.text ?? '';
  return { headers, text: part('text/plain'), html: part('text/html') };
}

const refusal = ([responseCode, text]) => Object.assign(new Error(text), { responseCode });

export class MailServer {
  messages = []; // { from, to, raw, headers, text, html, secure, user }
  connections = 0;
  recipientsAsked = 0;
  held = 0;
  /** May return [code, text] to refuse. */
  judgeRecipient = () => undefined;
  /**
   * May return [code, text] to refuse after the message, 'drop' to cut the connection in its middle, or
   * 'hold' to take the whole message and never answer.
   */
  judgeMessage = () => undefined;

  /** @param options certificate ({ certificate, key } PEM files), startTls, wrapped, user ({ name, password }), port */
  constructor({ certificate, startTls = true, wrapped = false, user, port } = {}) {
    Object.assign(this, { certificate, startTls, wrapped, user, port });
  }

  async start() {
    this.port ??= await freePort();
    const server = new SMTPServer({
      secure: this.wrapped,
      cert: this.certificate && readFileSync(this.certificate.certificate),
      key: this.certificate && readFileSync(this.certificate.key),
      disabledCommands: [...(this.startTls ? [] : ['STARTTLS']), ...(this.user ? [] : ['AUTH'])],
      disableReverseLookup: true,
      closeTimeout: 100,
      onConnect: (session, done) => {
        this.connections++;
        done();
      },
      onAuth: ({ username, password }, session, done) => {
        const good = username === this.user.name && password === this.user.password;
        done(good ? null : refusal([535, '5.7.8 Authentication failed']), good ? { user: username } : undefined);
      },
      onRcptTo: ({ address }, session, done) => {
        this.recipientsAsked++;
        const verdict = this.judgeRecipient(address);
        done(verdict ? refusal(verdict) : null);
      },
      onData: (stream, session, done) => this.#take(stream, session, done),
    });
    server.on('error', () => {});
    server.listen(this.port, '127.0.0.1');
    await once(server.server, 'listening');
    this.server = server;
    return this;
  }

  #take(stream, session, done) {
    const chunks = [];
    const verdict = this.judgeMessage(session);
    if (verdict === 'drop') {
      stream.once('data', () => {
        for (const connection of this.server.connections) {
          if (connection.id === session.id) connection._socket.destroy();
        }
      });
      stream.resume();
      return;
    }
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => {
      if (verdict === 'hold') {
        this.held++;
        return;
      }
      if (verdict) {
        done(refusal(verdict));
        return;
      }
      const raw = Buffer.concat(chunks).toString('latin1');
      this.messages.push({
        from: session.envelope.mailFrom.address,
        to: session.envelope.rcptTo.map(({ address }) => address),
        hello: session.hostNameAppearsAs,
        secure: session.secure,
        user: session.user,
        raw,
        ...parseMessage(raw),
      });
      done(null, 'OK queued');
    });
  }

  async stop() {
    const { server } = this;
    this.server = undefined;
    if (server) await new Promise((closed) => { server.close(closed); });
  }

  /** The messages, once there are that many; throws when there are not in time. */
  async waitFor(count, { within = 20_000 } = {}) {
    const end = Date.now() + within;
    while (this.messages.length < count) {
      if (Date.now() > end) throw new Error(`${this.messages.length} of ${count} mails came within ${within} ms`);
      await pause(50);
    }
    return this.messages;
  }

  setting({ user = this.user, scheme = this.wrapped ? 'smtps' : 'smtp' } = {}) {
    const login = user ? `${encodeURIComponent(user.name)}:${encodeURIComponent(user.password)}@` : '';
    return `${scheme}://${login}localhost:${this.port}`;
  }
}
