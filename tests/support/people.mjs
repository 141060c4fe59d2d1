// Owns: what a person does beside signing in: signing up, asking for a new password, opening their own pages;
// and notices by mail.
import assert from 'node:assert/strict';

import { Browser, typePassword } from './browser.mjs';

/** The notice to that address (a mail without a link that signs in), once it is there. */
export async function takeNotice(mails, address, subject, { within = 20_000 } = {}) {
  const end = Date.now() + within;
  for (;;) {
    const at = mails.messages.findIndex(({ to, headers }) => to.includes(address) && subject.test(headers.subject));
    if (at >= 0) return mails.messages.splice(at, 1)[0];
    if (Date.now() > end) {
      const there = mails.messages.map(({ to, headers }) => `${to}: ${headers.subject}`);
      throw new Error(`no mail ${subject} to ${address} within ${within} ms, only ${there.join('; ')}`);
    }
    await new Promise((done) => { setTimeout(done, 30); });
  }
}

/** Passes when, after a moment, no mail has come (to these) but notices of new sign-ins. */
export async function assertNoMail(mails, { addresses, wait = 400 } = {}) {
  await new Promise((done) => { setTimeout(done, wait); });
  const others = mails.messages.filter(({ to, headers }) => !/^New sign-in/.test(headers.subject)
    && (!addresses || to.some((address) => addresses.includes(address))));
  assert.deepEqual(others.map(({ to, headers }) => `${to}: ${headers.subject}`), []);
}

/** From the sign-in page of a request, or from /login's own link, to the form. */
export async function openFrom(browser, page, id) {
  const address = page.text.match(new RegExp(`<a href="([^"]+)" id="${id}"`))?.[1];
  assert.ok(address, `no link ${id} on "${page.title}"`);
  return browser.open(address.replaceAll('&amp;', '&'));
}

/** A browser that is signed in at /account, and its first page there. */
export async function openAccount(server, user, { browser = new Browser(server) } = {}) {
  let page = await browser.open('/account');
  if (page.has('login-email')) page = await typePassword(browser, page, user);
  assert.equal(page.url.pathname, '/account', `${page.status} ${page.title}`);
  return { browser, page };
}

/** Whether signing in at /account works with this password. */
export async function canSignIn(server, email, password) {
  const browser = new Browser(server);
  const page = await typePassword(browser, await browser.open('/account'), { email, password });
  return page.url.pathname === '/account';
}

export const hidden = (page, id) => page.formWith(id).inputs.find(({ name }) => name === 't').value;
