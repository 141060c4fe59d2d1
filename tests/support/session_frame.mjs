// Owns: the provider's check_session_iframe without a browser: its script run where it finds a window, a
// document with the browser's cookies, and messages (OpenID Connect Session Management 1.0 §3.2).
import assert from 'node:assert/strict';
import vm from 'node:vm';

import { send } from './http_client.mjs';

/**
 * @param {string} address of the frame
 * @returns {Promise<Function>} (message, origin of the application, browser) => what the frame answers
 */
export async function runFrame(address) {
  const page = await send(address);
  assert.equal(page.status, 200);
  const [, path] = page.text.match(/<script[^>]*\bsrc="([^"]+)"/);
  const script = await send(new URL(path, address));
  assert.equal(script.status, 200);
  return (message, origin, browser) => {
    const listeners = [];
    const answers = [];
    // Only what a script may read.
    const cookie = [...browser.jar].filter(([, { flags }]) => flags.httponly === undefined)
      .map(([name, { value }]) => `${name}=${value}`).join('; ');
    const window = { addEventListener: (type, listener) => type === 'message' && listeners.push(listener) };
    vm.runInNewContext(script.text, { window, document: { cookie }, escape, unescape, encodeURIComponent });
    const source = { postMessage: (text, target) => answers.push({ text, target }) };
    for (const listener of listeners) listener({ data: message, origin, source });
    assert.deepEqual(answers.map(({ target }) => target), [origin]);
    return answers[0].text;
  };
}
