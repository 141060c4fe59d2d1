// Owns: Debian's Chromium under Playwright: one process for a test file, a context of its own (no cookies,
// no cache) for each test, and everything a page complained about.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

function program() {
  const path = process.env.CHROMIUM || '/usr/bin/chromium';
  if (!existsSync(path)) throw new Error(`${path} is missing: run script/bootstrap`);
  return path;
}

export async function launch(flags = []) {
  return chromium.launch({ executablePath: program(), headless: true, args: [...FLAGS, ...flags] });
}

/**
 * A browser with a profile whose settings let frames of other sites keep their cookies, as private windows
 * and newer defaults do not. Closing the context ends the browser.
 */
export async function openTolerantProfile(folder, options = {}) {
  mkdirSync(join(folder, 'Default'), { recursive: true });
  writeFileSync(join(folder, 'Default/Preferences'), JSON.stringify({ profile: { cookie_controls_mode: 0 } }));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: program(), headless: true, args: FLAGS, locale: 'en', ...options });
  context.setDefaultTimeout(30_000);
  return context;
}

/** Starts Chromium before the tests of a describe block and ends it afterwards. */
export function useChromium(flags) {
  const use = { contexts: [] };
  before(async () => { use.browser = await launch(flags); });
  after(() => use.browser?.close());
  /** A browser as if just installed. */
  use.fresh = async (options = {}) => {
    const context = await use.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en', ...options });
    context.setDefaultTimeout(30_000);
    return context;
  };
  return use;
}

/**
 * Collects what a person with the developer tools open would see: errors on the console, breaches of the
 * content security policy, failed requests and error answers.
 * @returns {Promise<string[]>} grows while the context lives
 */
export async function watch(context) {
  const complaints = [];
  await context.exposeBinding('reportPolicyBreach', (_, text) => { complaints.push(`policy: ${text}`); });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportPolicyBreach(`${event.violatedDirective} ${event.blockedURI} on ${location.pathname}`);
    });
  });
  context.on('console', (message) => {
    // The status of the page itself is what each test asks for.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  context.on('weberror', (error) => complaints.push(`script: ${error.error()}`));
  context.on('requestfailed', (request) => {
    // Aborted: the test went on before the picture was there.
    const reason = request.failure()?.errorText;
    if (reason !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()} ${reason}`);
  });
  context.on('response', (response) => {
    const navigation = response.request().isNavigationRequest();
    if (response.status() >= 400 && !navigation) complaints.push(`${response.status()}: ${response.url()}`);
  });
  return complaints;
}
