// Mail against a server that really speaks SMTP: what is accepted, put off, refused for good; what happens when
// the server is away or breaks off, when TLS is missing, when Latchkey is killed, and when two nodes share a queue.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { startDev } from '../browser/dev_server.mjs';
import { Browser } from '../support/browser.mjs';
import { BACKENDS, onEachBackend, planLatchkey, runProgram, startLatchkey, temporaryFolder }
  from '../support/latchkey.mjs';
import { makeCertificate } from '../support/certificate.mjs';
import { freePort } from '../support/ports.mjs';
import { authorizeUrl } from '../support/relying_party.mjs';
import { MailServer } from '../support/smtp_server.mjs';

/** How long the mail server is away; by hand a minute and more. */
const OUTAGE_S = Number(process.env.LATCHKEY_OUTAGE ?? 3);
const PERSON = { email: 'Alice@example.com', name: 'Alice', password: 'violet-Harbour-92-lantern' };
const FOLD = 'alice@example.com';
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

const certificate = makeCertificate(temporaryFolder());
const servers = [];
after(async () => {
  for (const server of servers) await server.stop();
});

async function mailServer(options = {}) {
  const server = new MailServer({ certificate, ...options });
  servers.push(server);
  return options.away ? server : server.start();
}

const settingsFor = (server, more = {}) => ({
  smtp_url: server.setting(),
  mail_from: 'id@id.example.com',
  outbound_ca_file: certificate.certificate,
  login_method: 'password_or_magic_link',
  mail_attempts_address: 1000,
  mail_attempts_source: 10_000,
  ...more,
});

/** A Latchkey with one application and one person, and what is needed to ask it for mail. */
async function startWith(server, { backend = 'sqlite', settings = {} } = {}) {
  const latchkey = await startLatchkey({ backend, settings: settingsFor(server, settings) });
  const client = await latchkey.addClient({ name: 'Notes', redirect_uris: ['https://rp.test/cb'], pkce_optional: true });
  await latchkey.addUser(PERSON);
  return { latchkey, client };
}

/** Asks for a sign-in link in a fresh browser, as a person does. */
async function askForLink({ latchkey, client }, email = PERSON.email, node = latchkey) {
  const browser = new Browser(node);
  const page = await browser.open(authorizeUrl(latchkey, client));
  const sent = await browser.submit(page, 'link-send', { email });
  assert.equal(sent.status, 200, sent.text);
  return sent;
}

async function ledger(latchkey, ...flags) {
  return JSON.parse((await latchkey.command(['mail', 'list', '--json', ...flags])).stdout);
}

async function suppressed(latchkey) {
  const { stdout } = await latchkey.command(['mail', 'suppressed', 'list', '--json']);
  return JSON.parse(stdout).map(({ address }) => address);
}

/** Waits until the newest mail of the ledger is as wanted. */
async function ledgerUntil(latchkey, wanted, within = 20_000) {
  const end = Date.now() + within;
  for (;;) {
    const rows = await ledger(latchkey);
    if (wanted(rows)) return rows;
    if (Date.now() > end) throw new Error(`the ledger stays ${JSON.stringify(rows)}`);
    await pause(200);
  }
}

onEachBackend('mail', (backend) => {
  test('is sent over STARTTLS, to the stored address, and stands in the ledger as accepted', async () => {
    const server = await mailServer({ user: { name: 'latchkey@relay', password: 'p:a/s%s' } });
    const at = await startWith(server, { backend });
    await askForLink(at, 'ALICE@EXAMPLE.COM');
    const [mail] = await server.waitFor(1);
    assert.deepEqual(mail.to, [PERSON.email]);
    assert.equal(mail.from, 'id@id.example.com');
    assert.equal(mail.user, 'latchkey@relay');
    assert.ok(mail.secure);
    assert.equal(mail.hello, 'localhost');
    assert.match(mail.headers.subject, /Notes/);
    assert.match(mail.headers['message-id'], /^<latchkey\.\d+@id\.example\.com>$/);
    assert.equal(mail.headers['auto-submitted'], 'auto-generated');
    const link = mail.text.match(/^http:\/\/localhost:\d+\/m\/\S+$/m)?.[0];
    assert.ok(link?.startsWith(`${at.latchkey.issuer}/m/`), mail.text);
    assert.ok(mail.html.includes(`href="${link.replaceAll('&', '&amp;')}"`));
    assert.doesNotMatch(mail.html, /<img|<script|src=|url\(/);
    const [row] = await ledgerUntil(at.latchkey, ([first]) => first?.state === 'accepted');
    assert.equal(row.kind, 'sign_in');
    assert.equal(row.address, FOLD);
    assert.equal(row.attempts, 1);
    const log = at.latchkey.log;
    assert.match(log, /mailer\.sent/);
    assert.doesNotMatch(log, /alice@|p:a|p%3Aa/i);
    await at.latchkey.stop();
  });

  test('to an address that nobody has is never sent, and the page says the same', async () => {
    const server = await mailServer();
    const at = await startWith(server, { backend });
    const known = await askForLink(at);
    const unknown = await askForLink(at, 'nobody@example.com');
    assert.equal(unknown.title, known.title);
    await server.waitFor(1);
    await pause(1_500);
    assert.equal(server.messages.length, 1);
    const states = (await ledger(at.latchkey)).map(({ state }) => state).sort();
    assert.deepEqual(states, ['accepted', 'decoy']);
    await at.latchkey.stop();
  });

  test('refused for good: bounced, suppressed, shown to the operator and to nobody else', async () => {
    const server = await mailServer();
    server.judgeRecipient = () => [550, '5.1.1 no such user here'];
    const at = await startWith(server, { backend });
    const first = await askForLink(at);
    const [row] = await ledgerUntil(at.latchkey, ([newest]) => newest?.state === 'bounced');
    assert.match(row.last_result, /550 5\.1\.1 no such user/);
    assert.match(at.latchkey.log, /mailer\.suppressed/);
    assert.doesNotMatch(at.latchkey.log, /alice@example/i);
    assert.deepEqual(await suppressed(at.latchkey), [FOLD]);
    // The next one is not even tried, and the page does not tell.
    const asked = server.recipientsAsked;
    const second = await askForLink(at);
    assert.equal(second.title, first.title);
    await ledgerUntil(at.latchkey, ([newest]) => newest?.state === 'suppressed');
    assert.equal(server.recipientsAsked, asked);
    const shown = await at.latchkey.command(['mail', 'list', '--address', PERSON.email]);
    assert.match(shown.stdout, /bounced.*address suppressed\n/);
    assert.match(shown.stderr, /alice@example\.com is suppressed.*latchkey mail suppressed remove alice@example\.com/);
    assert.equal((await ledger(at.latchkey))[0].address_suppressed, true);
    // The operator lets it in again.
    server.judgeRecipient = () => undefined;
    await at.latchkey.command(['mail', 'suppressed', 'remove', PERSON.email]);
    await askForLink(at);
    await server.waitFor(1);
    assert.ok((await ledger(at.latchkey)).every((mail) => !mail.address_suppressed));
    const again = await runProgram(['mail', 'suppressed', 'remove', PERSON.email],
      { settings: at.latchkey.settings, cwd: at.latchkey.folder });
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is not suppressed/);
    await at.latchkey.stop();
  });

  test('refused because of its contents fails and suppresses nobody, whatever the bare code', async () => {
    const server = await mailServer();
    const at = await startWith(server, { backend });
    for (const refusal of [[554, '5.7.1 looks like spam'], [550, 'message rejected'], [553, 'not today'], [550, '5.2.1 disabled']]) {
      server.judgeMessage = () => refusal;
      await askForLink(at);
      await ledgerUntil(at.latchkey, ([newest]) => newest?.state === 'failed' && newest.last_result === refusal.join(' '));
    }
    assert.deepEqual(await suppressed(at.latchkey), []);
    // The next mail goes out.
    server.judgeMessage = () => undefined;
    await askForLink(at);
    await server.waitFor(1);
    // An enhanced code speaks of the address wherever it is said.
    server.judgeMessage = () => [550, '5.1.1 no such user'];
    await askForLink(at);
    await ledgerUntil(at.latchkey, ([newest]) => newest?.state === 'bounced');
    assert.deepEqual(await suppressed(at.latchkey), [FOLD]);
    await at.latchkey.stop();
  });

  test('a recipient refused without an enhanced code is suppressed; for a rule of the server it is not', async () => {
    const server = await mailServer();
    const at = await startWith(server, { backend });
    for (const [refusal, state] of [[[554, 'relay access denied'], 'failed'], [[550, '5.7.1 no relaying'], 'failed'],
      [[550, 'mailbox unavailable'], 'bounced']]) {
      server.judgeRecipient = () => refusal;
      await askForLink(at);
      await ledgerUntil(at.latchkey, ([newest]) => newest?.last_result === refusal.join(' ') && newest.state === state);
      assert.deepEqual(await suppressed(at.latchkey), state === 'bounced' ? [FOLD] : []);
    }
    await at.latchkey.stop();
  });

  test('put off with 450 is tried again after half a minute, with the same Message-ID', async () => {
    const server = await mailServer();
    const refusedAt = [];
    server.judgeMessage = () => {
      refusedAt.push(Date.now());
      return refusedAt.length === 1 ? [450, '4.7.1 greylisted'] : undefined;
    };
    const at = await startWith(server, { backend });
    await askForLink(at);
    const [waiting] = await ledgerUntil(at.latchkey, ([newest]) => newest?.attempts === 1 && newest.last_result);
    assert.equal(waiting.state, 'queued');
    assert.match(waiting.last_result, /450 4\.7\.1 greylisted/);
    await server.waitFor(1, { within: 40_000 });
    assert.ok(refusedAt[1] - refusedAt[0] >= 29_000);
    const [row] = await ledgerUntil(at.latchkey, ([newest]) => newest?.state === 'accepted');
    assert.equal(row.attempts, 2);
    assert.equal(server.messages[0].headers['message-id'], `<latchkey.${row.id}@id.example.com>`);
    await at.latchkey.stop();
  });

  test(`waits while the server is away (${OUTAGE_S} s), and goes out when it is back, each once`, async (context) => {
    const server = await mailServer({ away: true });
    server.port = await freePort();
    const at = await startWith(server, { backend });
    const began = Date.now();
    for (let i = 0; i < 3; i++) await askForLink(at);
    await ledgerUntil(at.latchkey, (rows) => rows.some(({ last_result }) => last_result));
    while (Date.now() - began < OUTAGE_S * 1_000) await pause(100);
    await askForLink(at);
    const waiting = await ledger(at.latchkey);
    assert.equal(waiting.length, 4);
    assert.ok(waiting.every(({ state }) => state === 'queued'), JSON.stringify(waiting));
    await server.start();
    const back = Date.now();
    await server.waitFor(4, { within: 40_000 });
    const rows = await ledgerUntil(at.latchkey, (all) => all.every(({ state }) => state === 'accepted'));
    assert.equal(server.messages.length, 4);
    assert.equal(new Set(server.messages.map(({ headers }) => headers['message-id'])).size, 4);
    const attempts = rows.map((row) => row.attempts).join(', ');
    context.diagnostic(`away for ${Math.round((back - began) / 1_000)} s; all accepted ${Date.now() - back} ms later; attempts ${attempts}`);
    await at.latchkey.stop();
  });

  test('whose connection breaks in the middle is sent again', async () => {
    const server = await mailServer();
    let dropped = 0;
    server.judgeMessage = () => (dropped++ === 0 ? 'drop' : undefined);
    const at = await startWith(server, { backend });
    await askForLink(at);
    await ledgerUntil(at.latchkey, ([newest]) => newest?.state === 'queued' && newest.attempts === 1 && newest.last_result);
    await server.waitFor(1, { within: 40_000 });
    assert.equal(server.messages.length, 1);
    await at.latchkey.stop();
  });

  test('that is queued when Latchkey is killed goes out after the restart, each once', async () => {
    const server = await mailServer({ away: true });
    server.port = await freePort();
    const at = await startWith(server, { backend });
    for (let i = 0; i < 8; i++) await askForLink(at);
    await at.latchkey.kill();
    await server.start();
    await at.latchkey.start();
    // One that had been taken comes back when its lease has ended.
    await server.waitFor(8, { within: 60_000 });
    await ledgerUntil(at.latchkey, (rows) => rows.every(({ state }) => state === 'accepted'));
    assert.equal(new Set(server.messages.map(({ headers }) => headers['message-id'])).size, 8);
    assert.equal(server.messages.length, 8);
    await at.latchkey.stop();
  });
}, { concurrency: 4 });  // each has servers of its own, and most of them wait

async function untilHeld(server) {
  for (let i = 0; server.held === 0; i++) {
    assert.ok(i < 200, 'no message came');
    await pause(50);
  }
}

test('mail that is on its way when Latchkey is killed comes back when its lease has ended', async () => {
  const server = await mailServer();
  server.judgeMessage = () => 'hold';
  const at = await startWith(server);
  await askForLink(at);
  await untilHeld(server);
  await at.latchkey.kill();
  server.judgeMessage = () => undefined;
  await at.latchkey.start();
  await server.waitFor(1, { within: 60_000 });
  const [row] = await ledgerUntil(at.latchkey, ([newest]) => newest?.state === 'accepted');
  assert.equal(row.attempts, 2);
  await at.latchkey.stop();
});

test('mail that is on its way when Latchkey is stopped goes out at the next start', async () => {
  const server = await mailServer();
  server.judgeMessage = () => 'hold';
  const at = await startWith(server);
  await askForLink(at);
  await untilHeld(server);
  const began = Date.now();
  await at.latchkey.stop();
  assert.ok(Date.now() - began < 10_000);
  server.judgeMessage = () => undefined;
  await at.latchkey.start();
  await server.waitFor(1, { within: 10_000 });
  await at.latchkey.stop();
});

describe('a mail server without TLS', () => {
  test('gets nothing', async () => {
    const server = await mailServer({ startTls: false });
    const at = await startWith(server);
    await askForLink(at);
    const [row] = await ledgerUntil(at.latchkey, ([newest]) => newest?.last_result);
    assert.equal(row.state, 'queued');
    assert.equal(server.recipientsAsked, 0);
    assert.match(at.latchkey.log, /mailer\.smtp_failed/);
    await at.latchkey.stop();
  });

  test('gets mail when smtp_plain allows it', async () => {
    const server = await mailServer({ startTls: false });
    const at = await startWith(server, { settings: { smtp_plain: true } });
    await askForLink(at);
    const [mail] = await server.waitFor(1);
    assert.equal(mail.secure, false);
    await at.latchkey.stop();
  });
});

test('TLS from the first byte (smtps)', async () => {
  const server = await mailServer({ wrapped: true });
  const at = await startWith(server);
  await askForLink(at);
  const [mail] = await server.waitFor(1);
  assert.ok(mail.secure);
  await at.latchkey.stop();
});

test('a certificate that is not trusted gets nothing', async () => {
  const server = await mailServer();
  const other = makeCertificate(temporaryFolder());
  const at = await startWith(server, { settings: { outbound_ca_file: other.certificate } });
  await askForLink(at);
  await ledgerUntil(at.latchkey, ([newest]) => newest?.last_result);
  assert.equal(server.recipientsAsked, 0);
  await at.latchkey.stop();
});

test('a server that does not let us in gets no mail, and none is lost', async () => {
  const server = await mailServer({ user: { name: 'latchkey', password: 'right' } });
  const at = await startWith(server, { settings: { smtp_url: server.setting({ user: { name: 'latchkey', password: 'wrong' } }) } });
  await askForLink(at);
  const [row] = await ledgerUntil(at.latchkey, ([newest]) => newest?.last_result);
  assert.equal(row.state, 'queued');
  assert.match(row.last_result, /535/);
  await at.latchkey.stop();
});

test('two nodes on one database send each mail once', { skip: !BACKENDS.includes('postgresql') }, async () => {
  const server = await mailServer();
  const at = await startWith(server, { backend: 'postgresql' });
  const second = await at.latchkey.secondNode();
  await Promise.all(Array.from({ length: 20 }, (_, i) => askForLink(at, PERSON.email, i % 2 ? second : at.latchkey)));
  await server.waitFor(20);
  await ledgerUntil(at.latchkey, (rows) => rows.every(({ state }) => state === 'accepted'));
  await pause(1_000);
  assert.equal(server.messages.length, 20);
  assert.equal(new Set(server.messages.map(({ headers }) => headers['message-id'])).size, 20);
  await second.stop();
  await at.latchkey.stop();
});

test('settings that cannot send mail are refused with one sentence each', async () => {
  const cases = [
    [{ login_method: 'magic_link' }, /login_method magic_link mails links and codes: set smtp_url/],
    [{ self_signup: true }, /self_signup proves addresses by mail: set smtp_url/],
    [{ smtp_url: 'smtp://localhost:25' }, /Set mail_from/],
    [{ smtp_url: 'smtp://localhost:25', mail_from: 'a b@c.example' }, /mail_from must be an address/],
    [{ smtp_url: 'http://u:hidden@localhost', mail_from: 'id@example.com' }, /smtp_url must be smtp:/],
    [{ smtp_url: 'smtp://u:hidden@localhost:0', mail_from: 'id@example.com' }, /smtp_url must be smtp:/],
    [{ smtp_url: 'smtp://u:hidden@localhost/path', mail_from: 'id@example.com' }, /smtp_url must be smtp:/],
  ];
  const { settings, folder } = await planLatchkey();
  for (const [more, sentence] of cases) {
    const result = await runProgram(['serve', '--check-config'], { settings: { ...settings, ...more }, cwd: folder });
    assert.equal(result.code, 1, JSON.stringify(more));
    assert.match(result.stderr, sentence);
    assert.doesNotMatch(result.stderr, /hidden/);
  }
});

test('metrics count mail by what became of it', async () => {
  const server = await mailServer();
  const port = await freePort();
  const at = await startWith(server, { settings: { management_listen: `127.0.0.1:${port}` } });
  await askForLink(at);
  await server.waitFor(1);
  await ledgerUntil(at.latchkey, ([newest]) => newest?.state === 'accepted');
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(text, /latchkey_mails_total\{outcome="queued"\} 1/);
  assert.match(text, /latchkey_mails_total\{outcome="accepted"\} 1/);
  await at.latchkey.stop();
});

test('latchkey dev catches mail in its inbox, and latchkey serve has none', async () => {
  const dev = await startDev();
  const browser = new Browser(dev);
  const page = await browser.open(dev.url('/demo/sign-in'));
  await browser.submit(page, 'link-send', { email: dev.alice.email });
  let mails = [];
  for (let i = 0; mails.length === 0 && i < 100; i++) {
    await pause(100);
    mails = JSON.parse((await browser.open(dev.url('/dev/inbox.json'))).text);
  }
  assert.equal(mails[0].to, dev.alice.email);
  const link = mails[0].text.match(/^http\S+\/m\/\S+$/m)[0];
  const list = await browser.open(dev.url('/dev/inbox'));
  assert.ok(list.text.includes(`href="/dev/inbox/${mails[0].id}"`));
  const shown = await browser.open(dev.url(`/dev/inbox/${mails[0].id}`));
  assert.ok(shown.text.includes(`<a href="${link}">`));
  const html = await browser.open(dev.url(`/dev/inbox/${mails[0].id}/html`));
  assert.match(html.headers['content-security-policy'], /default-src 'none'.*sandbox/);
  assert.equal((await browser.open(dev.url('/dev/inbox/1'))).status, 404);
  await dev.stop();
  const server = await startLatchkey();
  for (const path of ['/dev/inbox', '/dev/inbox.json', '/dev/inbox/1']) {
    assert.equal((await new Browser(server).open(path)).status, 404);
  }
  await server.stop();
});
