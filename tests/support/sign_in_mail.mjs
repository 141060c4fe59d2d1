// Owns: signing in by mail as a person does it: asking for the mail, finding link and code in it, and what the
// page that waits shows.
import assert from 'node:assert/strict';

import { startLatchkey } from './latchkey.mjs';
import { MailServer } from './smtp_server.mjs';

/** @returns {Promise<{ server, mails }>} a server that sends its mail to a mail server of its own */
export async function startWithMail({ backend, settings = {}, ...more } = {}) {
  const mails = await new MailServer({ startTls: false }).start();
  const server = await startLatchkey({ backend, ...more, settings: {
    smtp_url: mails.setting(), smtp_plain: true, mail_from: 'id@id.test', login_method: 'password_or_magic_link',
    mail_attempts_address: 1000, mail_attempts_source: 100_000, ...settings,
  } });
  return { server, mails, stop: () => Promise.all([server.stop(), mails.stop()]) };
}

/** The mail to that address that nobody has taken yet, once it is there: { link, code, … } */
export async function takeMail(mails, address, { within = 20_000 } = {}) {
  const end = Date.now() + within;
  for (;;) {
    const at = mails.messages.findIndex(({ to, text }) => to.includes(address) && text.includes('/m/'));
    if (at >= 0) {
      const [message] = mails.messages.splice(at, 1);
      const link = message.text.match(/https?:\/\/\S+\/m\/\S+/)?.[0];
      const code = message.text.match(/^\s*(\d{3} \d{3})\s*$/m)?.[1];
      return { ...message, link, code };
    }
    if (Date.now() > end) throw new Error(`no mail to ${address} within ${within} ms`);
    await new Promise((done) => { setTimeout(done, 30); });
  }
}

/** From the sign-in page to the page that waits. */
export async function askForLink(browser, page, email) {
  const sent = await browser.submit(page, 'link-send', { email });
  assert.ok(sent.has('link-code'), `${sent.status} ${sent.title}`);
  return sent;
}

/** The number on the page that waits, whose digits stand apart. */
export const numberOn = (page) => page.text.match(/id="link-number"[^>]*><bdi[^>]*>([1-9] \d \d)</)[1].replaceAll(' ', '');

/** The mails with a link that signs in which nobody has taken. */
export const untaken = (mails) => mails.messages.filter(({ text }) => text.includes('/m/'));

/** Where the page that waits asks whether there is something new. */
export const waitAddress = (page) => page.text.match(/data-wait="([^"]+)"/)[1].replaceAll('&amp;', '&');
