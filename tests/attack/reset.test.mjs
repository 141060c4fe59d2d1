// Attacks on the new password and on sign-up: skipped steps, altered and replayed states, other people's links,
// guesses, floods (attacks.md BR-10, LG-01, LG-07, LG-09, LG-14).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from '../support/browser.mjs';
import { onEachBackend } from '../support/latchkey.mjs';
import { assertNoMail, canSignIn, hidden, openAccount } from '../support/people.mjs';
import { authorizeUrl, makePkce } from '../support/relying_party.mjs';
import { numberOn, startWithMail, takeMail } from '../support/sign_in_mail.mjs';

const OLD = 'violet-Harbour-92-lantern';
const NEW = 'copper-Lantern-47-meadow';
let counter = 0;

onEachBackend('attacks on a new password', (backend) => {
  let world;
  let server;

  before(async () => {
    world = await startWithMail({ backend, settings: { self_signup: true } });
    server = world.server;
  });
  after(() => world?.stop());

  const person = () => server.addUser({ email: `victim${++counter}@example.com`, name: 'Vic', password: OLD });
  async function ask(user, browser = new Browser(server)) {
    const sent = await browser.submit(await browser.open('/reset'), 'reset-send', { email: user.email });
    return { browser, sent, mail: await takeMail(world.mails, user.email) };
  }
  const post = (browser, t, more = {}) => browser.open('/reset/finish',
    { form: new URLSearchParams({ t, new_password: NEW, ...more }), headers: { origin: server.issuer } });

  test('LG-14 the step of the mail cannot be left out', async () => {
    const user = await person();
    const browser = new Browser(server);
    const start = await browser.open('/reset');
    const sent = await browser.submit(start, 'reset-send', { email: user.email });
    await takeMail(world.mails, user.email);
    for (const t of [hidden(start, 'reset-send'), hidden(sent, 'link-code-submit'), sent.url.searchParams.get('t'), '', 'x']) {
      for (const page of [await browser.open(`/reset/finish?t=${t}`), await post(browser, t)]) {
        assert.ok(!page.has('reset-submit'), `${page.status} ${page.title}`);
      }
    }
    assert.ok(await canSignIn(server, user.email, OLD));
  });

  test('LG-14 each byte of the seal counts', async () => {
    const user = await person();
    const { browser, sent, mail } = await ask(user);
    const form = await browser.submit(sent, 'link-code-submit', { code: mail.code });
    const t = hidden(form, 'reset-submit');
    for (let at = 0; at < t.length; at += 17) {
      const altered = t.slice(0, at) + (t[at] === 'A' ? 'B' : 'A') + t.slice(at + 1);
      const page = await post(browser, altered);
      assert.ok([400, 403].includes(page.status), `${page.status} at ${at}`);
    }
    assert.ok(await canSignIn(server, user.email, OLD));
  });

  test('LG-14 another browser cannot use what was proved in this one', async () => {
    const user = await person();
    const { browser, sent, mail } = await ask(user);
    const form = await browser.submit(sent, 'link-code-submit', { code: mail.code });
    const t = hidden(form, 'reset-submit');
    const thief = new Browser(server);
    assert.ok(!(await thief.open(`/reset/finish?t=${t}`)).has('reset-submit'));
    assert.ok(!(await post(thief, t)).has('login-submit'));
    const foreign = await browser.open('/reset/finish',
      { form: new URLSearchParams({ t, new_password: NEW }), headers: { origin: 'https://evil.test' } });
    assert.ok(!foreign.has('login-submit'), foreign.title);
    assert.ok(await canSignIn(server, user.email, OLD));
  });

  test("LG-14 mallory's own proof does not open alice's account", async () => {
    const [alice, mallory] = [await person(), await person()];
    const browser = new Browser(server);
    const mine = await ask(mallory, browser);
    const hers = await browser.submit(await browser.open('/reset'), 'reset-send', { email: alice.email });
    await takeMail(world.mails, alice.email);
    const crossed = await browser.submit(hers, 'link-code-submit', { code: mine.mail.code });
    assert.ok(!crossed.has('reset-submit'), crossed.title);
    const own = await browser.submit(mine.sent, 'link-code-submit', { code: mine.mail.code });
    const login = await browser.submit(own, 'reset-submit', { new_password: NEW, email: alice.email, username: alice.email });
    assert.ok(login.has('login-submit'));
    assert.ok(await canSignIn(server, alice.email, OLD));
    assert.ok(await canSignIn(server, mallory.email, NEW));
  });

  test('LG-14 once only, and 32 at a time set one password', async () => {
    const user = await person();
    const { browser, sent, mail } = await ask(user);
    const form = await browser.submit(sent, 'link-code-submit', { code: mail.code });
    const t = hidden(form, 'reset-submit');
    const tries = Array.from({ length: 32 }, (unused, at) => `copper-Lantern-${at}-meadow`);
    const pages = await Promise.all(tries.map((new_password) => post(browser.clone(), t, { new_password })));
    const done = pages.flatMap((page, at) => (page.has('login-submit') ? [at] : []));
    assert.equal(done.length, 1);
    assert.ok(await canSignIn(server, user.email, tries[done[0]]));
    assert.ok(!(await post(browser, t)).has('login-submit'));
    assert.equal(await canSignIn(server, user.email, NEW), false);
  });

  test('LG-14 a newer mail and a new password end older ones', async () => {
    const user = await person();
    const browser = new Browser(server);
    const first = await ask(user, browser);
    const second = await ask(user, browser);
    assert.ok(!(await browser.submit(first.sent, 'link-code-submit', { code: first.mail.code })).has('reset-submit'));
    const elsewhere = await ask(user);
    const form = await browser.submit(second.sent, 'link-code-submit', { code: second.mail.code });
    assert.ok((await browser.submit(form, 'reset-submit', { new_password: NEW })).has('login-submit'));
    const late = await elsewhere.browser.submit(elsewhere.sent, 'link-code-submit', { code: elsewhere.mail.code });
    assert.ok(!late.has('reset-submit'), late.title);
  });

  test('LG-14 a link for a new password signs nobody in, and a sign-in code resets nothing', async () => {
    const user = await person();
    const { browser, mail } = await ask(user);
    await browser.submit(await browser.open(mail.link), 'link-confirm');
    assert.ok((await browser.open('/account')).has('login-email'));
    const signIn = new Browser(server);
    const sent = await signIn.submit(await signIn.open('/account'), 'link-send', { email: user.email });
    const other = await takeMail(world.mails, user.email);
    const t = hidden(sent, 'link-code-submit');
    assert.ok(!(await signIn.open(`/reset/finish?t=${t}`)).has('reset-submit'));
    const page = await signIn.submit(sent, 'link-code-submit', { code: other.code });
    assert.equal(page.url.pathname, '/account');
  });

  test('LG-14 the link and the state go to no other site, and every session ends', async () => {
    const user = await person();
    const { browser: signedIn } = await openAccount(server, user);
    const { browser, sent, mail } = await ask(user);
    const confirm = await browser.open(mail.link);
    const form = await browser.submit(confirm, 'link-confirm');
    for (const page of [sent, confirm, form]) {
      assert.equal(page.headers['referrer-policy'], 'same-origin', page.title);
      assert.match(page.headers['cache-control'], /no-store/);
      assert.doesNotMatch(page.headers['content-security-policy'], /(default|img|connect|script)-src[^;]*https?:/);
    }
    assert.ok((await browser.submit(form, 'reset-submit', { new_password: NEW })).has('login-submit'));
    assert.ok((await signedIn.open('/account')).has('login-email'));
    assert.ok((await browser.open(mail.link)).status < 500);
    assert.ok(!(await browser.open(mail.link)).has('link-confirm'));
  });

  test('BR-10 nothing on the way to a session is a session', async () => {
    const user = await person();
    const halfWay = [];
    const { browser: proved, sent, mail } = await ask(user);
    assert.ok((await proved.submit(sent, 'link-code-submit', { code: mail.code })).has('reset-submit'));
    halfWay.push(proved);
    const asking = new Browser(server);
    const waits = await asking.submit(await asking.open('/account'), 'link-send', { email: user.email });
    const { link } = await takeMail(world.mails, user.email);
    const phone = new Browser(server);
    const told = await phone.submit(await phone.open(link), 'link-approve', { number: numberOn(waits) });
    assert.ok(!told.has('link-number-wrong') && !told.has('link-approve'), told.title);
    halfWay.push(asking, phone);
    const stranger = new Browser(server);
    await stranger.submit(await stranger.open('/signup'), 'signup-submit', { email: `new${++counter}@example.com`, new_password: NEW });
    halfWay.push(stranger);
    const web = await server.addClient({ name: 'Web', redirect_uris: ['https://rp.test/cb'] });
    for (const browser of halfWay) {
      assert.ok(![...browser.jar.keys()].some((name) => /session|device/.test(name)), [...browser.jar.keys()].join());
      assert.ok((await browser.open('/account')).has('login-email'));
      const url = authorizeUrl(server, web, { prompt: 'none', code_challenge: makePkce().challenge, code_challenge_method: 'S256' });
      assert.equal((await browser.open(url)).parameters.error, 'login_required');
    }
    // Which is no accident: each goes on from there.
    assert.equal((await asking.submit(await asking.open(waits.url), 'link-continue')).url.pathname, '/account');
  });

  test('LG-01 disabled and unknown people look alike, and get nothing', async () => {
    const user = await person();
    await server.command(['user', 'disable', user.email]);
    const shape = (page) => page.text.replace(/t=[\w-]+|value="[\w-]+"|>\d \d \d</g, '').replace(/[\w.]+@example\.com/g, '');
    const pages = [];
    for (const email of [user.email, 'unknown@example.com']) {
      const browser = new Browser(server);
      pages.push(await browser.submit(await browser.open('/reset'), 'reset-send', { email }));
    }
    assert.equal(shape(pages[0]), shape(pages[1]));
    await assertNoMail(world.mails, { addresses: [user.email, 'unknown@example.com'] });
  });

  test('LG-07 one account for all spellings of an address', async () => {
    const user = await person();
    const { browser, sent, mail } = await ask({ email: user.email });
    const shouted = new Browser(server);
    const again = await shouted.submit(await shouted.open('/signup'), 'signup-submit',
      { email: ` ${user.email.toUpperCase()} `, new_password: NEW });
    assert.ok(again.has('link-code'));
    const end = Date.now() + 10_000;
    while (!world.mails.messages.some(({ headers }) => /already/.test(headers.subject)) && Date.now() < end) {
      await new Promise((done) => { setTimeout(done, 50); });
    }
    const at = world.mails.messages.findIndex(({ headers }) => /already/.test(headers.subject));
    assert.deepEqual(world.mails.messages.splice(at, 1)[0].to, [user.email]);
    assert.ok((await browser.submit(sent, 'link-code-submit', { code: mail.code })).has('reset-submit'));
  });

  test('LG-09 a very long password is refused before it is hashed', async () => {
    const browser = new Browser(server);
    const form = await browser.open('/signup');
    const before_ = await server.processorMs();
    for (let i = 0; i < 10; i++) {
      const page = await browser.submit(form, 'signup-submit', { email: 'long@example.com', new_password: 'x'.repeat(60_000) });
      assert.equal(page.status, 422);
    }
    assert.ok(await server.processorMs() - before_ < 1500);
    const huge = await browser.submit(form, 'signup-submit', { email: 'long@example.com', new_password: 'x'.repeat(1_000_000) });
    assert.equal(huge.status, 413);
  });

  test('so many mails per address and no more', async () => {
    const tight = await startWithMail({ backend, settings: { mail_attempts_address: 2, self_signup: true } });
    try {
      const statuses = [];
      for (const email of ['a@example.com', 'a@example.com', 'A@EXAMPLE.com', 'b@example.com']) {
        const browser = new Browser(tight.server);
        const page = await browser.submit(await browser.open('/reset'), 'reset-send', { email });
        statuses.push(page.status);
        if (page.status === 429) assert.ok(Number(page.headers['retry-after']) > 0);
      }
      assert.deepEqual(statuses, [200, 200, 429, 200]);
    } finally {
      await tight.stop();
    }
  });
});
