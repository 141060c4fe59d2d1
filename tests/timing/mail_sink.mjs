// Owns: a mail server in a thread of its own, so that taking mail does not hold up the clock. It keeps nothing.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

import { MailServer } from '../support/smtp_server.mjs';

if (!isMainThread) {
  const mails = await new MailServer({ startTls: false }).start();
  mails.messages.push = () => 0;
  parentPort.postMessage(mails.setting());
}

/** @returns {Promise<{ address: string, stop: () => Promise<unknown> }>} its smtp_url */
export async function startMailSink() {
  const worker = new Worker(new URL(import.meta.url));
  const [address] = await once(worker, 'message');
  return { address, stop: () => worker.terminate() };
}
