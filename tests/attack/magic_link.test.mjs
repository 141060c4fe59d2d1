// Attacks on signing in by mail (ML), and what the form for it tells strangers (LG-01).
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { launch } from '../browser/chromium.mjs';
import { Browser } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend } from '../support/latchkey.mjs';
import { authorizeUrl, makePkce } from '../support/relying_party.mjs';
import { askForLink, numberOn, startWithMail, takeMail, untaken, waitAddress } from '../support/sign_in_mail.mjs';

const request = (server, client, parameters = {}) => authorizeUrl(server, client,
  { code_challenge: makePkce().challenge, code_challenge_method: 'S256', ...parameters });
const hasSession = (browser) => [...browser.jar.keys()].some((name) => name.includes('session'));

onEachBackend('ML', (backend) => {
  let world;
  let fixtures;
  let chromium;

  before(async () => {
    world = await startWithMail({ backend, settings: { trusted_proxies: '127.0.0.1' } });
    fixtures = await seed(world.server, { clients: ['trusted'], users: ['alice', 'mallory', 'disabled'] });
    chromium = await launch();
  });
  after(async () => {
    await chromium?.close();
    await world?.stop();
  });

  const newBrowser = (address = '198.51.100.7') => {
    const browser = new Browser(world.server);
    browser.extraHeaders = { 'x-forwarded-for': address };
    return browser;
  };
  async function start(person = fixtures.alice) {
    const browser = newBrowser();
    const page = await browser.open(request(world.server, fixtures.trusted));
    const sent = await askForLink(browser, page, person.email);
    return { browser, sent, mail: await takeMail(world.mails, person.email) };
  }
  /** The person's own click in the browser that asked. */
  async function finish(browser, link) {
    const page = await browser.open(link);
    assert.ok(page.has('link-confirm'), page.title);
    return browser.submit(page, 'link-confirm');
  }

  /** A scanner with a real browser: runs the page, presses all buttons, submits all forms. */
  async function scanWithChromium(link) {
    const context = await chromium.newContext({ extraHTTPHeaders: { 'x-forwarded-for': '203.0.113.99' } });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    const visit = async () => {
      await page.waitForLoadState('networkidle');
      await page.goto(link, { waitUntil: 'networkidle' });
    };
    for (let round = 0; round < 4; round++) {
      await visit();
      const buttons = await page.locator('button, input[type=submit], a').count();
      for (let index = 0; index < buttons; index++) {
        await visit();
        for (const field of await page.locator('input:visible').all()) await field.fill(['12', '', 'test', '0'][round]);
        const button = page.locator('button, input[type=submit], a').nth(index);
        if (!await button.count() || !await button.isVisible()) continue;
        const form = await button.evaluate((part) => part.form?.checkValidity() ?? true);
        const sent = form ? page.waitForNavigation() : undefined;
        await button.click();
        await sent;
      }
      await visit();
      const forms = await page.locator('form').count();
      for (let index = 0; index < forms; index++) {
        await visit();
        const sent = page.waitForNavigation();
        await page.evaluate((at) => document.forms[at]?.submit(), index);
        await sent;
      }
    }
    const cookies = await context.cookies();
    await context.close();
    return cookies;
  }

  test('ML-01 a scanner opens, runs, presses and submits everything, and the person still gets in', async () => {
    const { browser, mail } = await start();
    const scanner = { headers: { 'x-forwarded-for': '203.0.113.99', 'user-agent': 'Mozilla/5.0 (scanner)' }, port: world.server.port };
    assert.equal((await send(mail.link, { ...scanner, method: 'HEAD' })).status, 200);
    for (let times = 0; times < 3; times++) {
      const answer = await send(mail.link, scanner);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.cookies, []);
      assert.ok(!answer.text.includes('link-confirm'));
    }
    const cookies = await scanWithChromium(mail.link);
    assert.ok(!cookies.some(({ name }) => /session|device/.test(name)), JSON.stringify(cookies));
    for (const form of [{ decision: 'confirm' }, { number: '' }, { t: 'x' }, {}]) {
      const answer = await send(mail.link, { ...scanner, form, headers: { ...scanner.headers, origin: world.server.issuer } });
      assert.deepEqual(answer.cookies, []);
    }
    const page = await finish(browser, mail.link);
    assert.match(page.redirect ?? page.title, /[?&]code=/);
    assert.ok(hasSession(browser));
  });

  test('ML-01 the scanner took the number away: the code of the mail remains', async () => {
    const { browser, sent, mail } = await start();
    const right = numberOn(sent);
    const phone = newBrowser('203.0.113.98');
    for (let times = 0; times < 3; times++) {
      const page = await phone.open(mail.link);
      if (page.has('link-approve')) await phone.submit(page, 'link-approve', { number: right === '100' ? '101' : '100' });
    }
    const page = await phone.open(mail.link);
    assert.ok(!page.has('link-approve'), 'the way by number is closed');
    await phone.open(mail.link, { form: { number: right }, headers: { origin: world.server.issuer } });
    assert.equal((await browser.exchange(new URL(waitAddress(sent), world.server.issuer))).status, 204);
    const done = await browser.submit(sent, 'link-code-submit', { code: mail.code });
    assert.match(done.redirect, /[?&]code=/);
    assert.equal(hasSession(phone), false);
  });

  test('ML-02 sixty-four at once: one session', async () => {
    const { browser, sent, mail } = await start();
    const cookie = browser.cookieHeader;
    const t = sent.formWith('link-code-submit').inputs.find(({ name }) => name === 't').value;
    const own = { cookie, origin: world.server.issuer };
    const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => (index % 2
      ? send(mail.link, { form: { decision: 'confirm' }, headers: own, port: world.server.port })
      : send(world.server.url('/m/code'), { form: { t, code: mail.code }, headers: own, port: world.server.port }))));
    const sessions = answers.filter((answer) => answer.cookies.some((line) => line.includes('latchkey_session=')));
    assert.equal(sessions.length, 1, answers.map(({ status }) => status).join(' '));
    for (const answer of answers) assert.ok(answer.status < 500, `${answer.status}`);
    const again = await send(mail.link, { form: { decision: 'confirm' }, headers: own, port: world.server.port });
    assert.ok(!again.cookies.some((line) => line.includes('latchkey_session=')));
  });

  test('ML-04 a link that mallory sends to alice: names the account, and does nothing without the number', async () => {
    const { browser: mallory, sent, mail } = await start(fixtures.mallory);
    const alice = newBrowser('192.0.2.44');
    await alice.open(request(world.server, fixtures.trusted)); // she has a binding cookie of her own
    const page = await alice.open(mail.link);
    assert.ok(page.text.includes(fixtures.mallory.email));
    assert.ok(!page.has('link-confirm'));
    for (const form of [{ decision: 'confirm' }, { decision: 'confirm', number: '1' }]) {
      await alice.open(mail.link, { form, headers: { origin: world.server.issuer } });
      assert.equal(hasSession(alice), false);
    }
    // Neither do mallory's pages in alice's browser, nor forms of other origins in mallory's.
    const t = sent.formWith('link-code-submit').inputs.find(({ name }) => name === 't').value;
    for (const path of ['/m/code', '/m/continue', '/m/again']) {
      await alice.open(path, { form: { t, code: mail.code }, headers: { origin: world.server.issuer } });
      assert.equal(hasSession(alice), false, path);
    }
    const shown = await alice.open(`/m/sent?t=${t}`);
    assert.ok(!shown.has('link-number'), 'the number is for the browser that asked');
    await mallory.open(mail.link, { form: { decision: 'confirm' }, headers: { origin: 'https://evil.test' } });
    assert.equal(hasSession(mallory), false);
  });

  test('ML-05 host poisoning: the link has the address from the settings, or there is no mail', async () => {
    const { port, host, issuer } = world.server;
    const evil = [
      { 'x-forwarded-host': 'evil.test' }, { forwarded: 'host=evil.test;proto=https' }, { 'x-host': 'evil.test' },
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.test:443' }, { 'x-original-url': 'http://evil.test/' },
    ];
    for (const headers of evil) {
      const browser = newBrowser();
      Object.assign(browser.extraHeaders, headers);
      const page = await browser.open(request(world.server, fixtures.trusted));
      await askForLink(browser, page, fixtures.alice.email);
      const mail = await takeMail(world.mails, fixtures.alice.email);
      assert.ok(mail.link.startsWith(`${issuer}/m/`), mail.link);
      assert.ok(!/evil/.test(mail.text + mail.html));
    }
    const browser = newBrowser();
    const page = await browser.open(request(world.server, fixtures.trusted));
    const t = page.formWith('link-send').inputs.find(({ name }) => name === 't').value;
    const body = new URLSearchParams({ t, email: fixtures.alice.email }).toString();
    const raw = (target, hosts) => new Promise((done) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.write(`POST ${target} HTTP/1.1\r\n${hosts.map((name) => `Host: ${name}\r\n`).join('')}` +
          `Cookie: ${browser.cookieHeader}\r\nOrigin: ${issuer}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
          `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
      });
      let text = '';
      socket.on('data', (chunk) => { text += chunk; });
      socket.on('error', () => {});
      socket.on('close', () => done(Number(text.split(' ')[1])));
    });
    for (const [target, hosts] of [['/m/send', ['evil.test']], ['/m/send', [`${host}:evil@x`]], ['/m/send', [host, 'evil.test']],
      ['/m/send', ['evil.test', host]], ['http://evil.test/m/send', [host]], ['/m/send', []]]) {
      const status = await raw(target, hosts);
      assert.ok([400, 421].includes(status), `${target} ${hosts}: ${status}`);
    }
    assert.equal(untaken(world.mails).length, 0, 'no mail for any of these');
  });

  test('LG-01 the form for a link tells nobody who has an account', async () => {
    const people = { known: fixtures.alice.email, unknown: 'nobody@example.com', 'unknown domain': 'x@nowhere.test',
      disabled: fixtures.disabled.email };
    const seen = {};
    for (const [name, email] of Object.entries(people)) {
      const browser = newBrowser();
      const page = await browser.open(request(world.server, fixtures.trusted));
      const t = page.formWith('link-send').inputs.find((input) => input.name === 't').value;
      const mask = (text) => text.replaceAll(email, 'EMAIL').replaceAll(encodeURIComponent(email), 'EMAIL')
        .replace(/LK(-[0-9A-Z]{4}){4}/g, 'EVENT').replace(/[A-Za-z0-9_-]{40,}/g, 'OPAQUE').replace(/>\d \d \d</g, '>N N N<');
      const told = async (path, form) => {
        const answer = await browser.exchange(new URL(path, world.server.issuer),
          form ? { form, headers: { origin: world.server.issuer } } : {});
        const headers = Object.entries(answer.headers).filter(([key]) => !['date', 'content-length'].includes(key));
        return { answer, line: [answer.status, mask(JSON.stringify(headers)), mask(answer.text)] };
      };
      const lines = [];
      let step = await told('/m/send', { t, email });
      lines.push(step.line);
      step = await told(step.answer.location);
      lines.push(step.line);
      const sealed = step.answer.text.match(/name="t" value="([^"]+)"/)[1];
      lines.push((await told(`/m/wait?t=${sealed}`)).line);
      for (let times = 0; times < 6; times++) {
        step = await told('/m/code', { t: sealed, code: '000 00x' });
        lines.push(step.line);
        lines.push((await told(step.answer.location)).line);
      }
      lines.push((await told('/m/again', { t: sealed })).line);
      seen[name] = { lines, cookies: [...browser.jar.keys()] };
    }
    for (const name of Object.keys(seen)) assert.deepEqual(seen[name], seen.known, name);
    const first = await takeMail(world.mails, fixtures.alice.email);
    const second = await takeMail(world.mails, fixtures.alice.email);
    assert.notEqual(first.link, second.link);
    await new Promise((done) => { setTimeout(done, 1000); });
    assert.deepEqual(untaken(world.mails).map(({ to }) => to), [], 'nobody else gets mail');
  });

  test('ML guessing codes is bounded for all mails of a day, and a stranger cannot wear that way in out', async () => {
    const small = await startWithMail({ backend, settings: { throttle_account_daily_attempts: 10, trusted_proxies: '127.0.0.1' } });
    try {
      const { trusted, alice } = await seed(small.server, { clients: ['trusted'] });
      const at = (address) => {
        const browser = new Browser(small.server);
        browser.extraHeaders = { 'x-forwarded-for': address };
        return browser;
      };
      const ask = async (browser) => {
        const sent = await askForLink(browser, await browser.open(request(small.server, trusted, { prompt: 'login' })), alice.email);
        return { sent, mail: await takeMail(small.mails, alice.email) };
      };
      /** Wrong codes of one mail, until the way is closed. */
      const guess = async (address) => {
        const browser = at(address);
        let { sent: page } = await ask(browser);
        let tried = 0;
        for (; page.has('link-code-submit'); tried++) page = await browser.submit(page, 'link-code-submit', { code: '999 99x' });
        return tried - 1; // the last one was not looked at
      };
      const enter = async (browser) => {
        const { sent, mail } = await ask(browser);
        return { mail, page: await browser.submit(sent, 'link-code-submit', { code: mail.code }) };
      };

      assert.equal(await guess('198.51.100.1'), 2, 'a fifth from one network');
      assert.equal(await guess('198.51.100.1'), 0);
      const known = at('198.51.100.8');
      assert.match((await enter(known)).page.redirect ?? '', /[?&]code=/, 'from elsewhere the code still works');
      known.extraHeaders = { 'x-forwarded-for': '198.51.100.1' };
      assert.match((await enter(known)).page.redirect ?? '', /[?&]code=/, 'a browser that is known has a count of its own');

      let all = 2;
      for (let network = 1; network <= 15; network++) all += await guess(`203.0.113.${network}`);
      assert.equal(all, 30, 'three times the setting from everywhere');
      const stranger = at('192.0.2.1');
      const { mail, page } = await enter(stranger);
      assert.ok(!page.redirect && !page.has('link-code-submit'), page.title);
      assert.match((await enter(known)).page.redirect ?? '', /[?&]code=/);
      // The link is not held up by any of that.
      const confirm = await stranger.open(mail.link);
      assert.match((await stranger.submit(confirm, 'link-confirm')).redirect, /[?&]code=/);
    } finally {
      await small.stop();
    }
  });

  test('ML caps on mails: per address, whatever the source, and per source, whatever the address', async () => {
    const capped = await startWithMail({ backend, settings: { mail_attempts_address: 3, mail_attempts_source: 6,
      trusted_proxies: '127.0.0.1' } });
    try {
      const { trusted } = await seed(capped.server, { clients: ['trusted'], users: [] });
      const attempt = async (email, address) => {
        const browser = new Browser(capped.server);
        browser.extraHeaders = { 'x-forwarded-for': address };
        const page = await browser.open(request(capped.server, trusted));
        return (await browser.submit(page, 'link-send', { email })).status;
      };
      const spellings = ['nora@example.com', 'NORA@example.com', ' nora@EXAMPLE.com', 'nora@example.com'];
      const statuses = [];
      for (const [index, email] of spellings.entries()) statuses.push(await attempt(email, `198.51.100.${index}`));
      assert.deepEqual(statuses, [200, 200, 200, 429]);
      const bySource = [];
      for (let index = 0; index < 8; index++) bySource.push(await attempt(`p${index}@example.com`, `2001:db8:1:2::${index}`));
      assert.deepEqual(bySource, [200, 200, 200, 200, 200, 200, 429, 429], 'an IPv6 /64 is one source');
    } finally {
      await capped.stop();
    }
  });
});
