// Every page, wide and narrow, light and dark: axe-core finds nothing, nothing needs sideways scrolling,
// what is pressed is large enough, and the browser has nothing to complain about.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import axe from 'axe-core';

import { launch, watch } from './chromium.mjs';
import { PAGES, startWorld } from './pages.mjs';

const WIDTHS = [1280, 320];
const THEMES = ['light', 'dark'];
// All rules of axe-core, those off by default as well, but for one that only asks for a look by hand.
const NOT_ASKED = ['hidden-content'];
// What depends on how the page is drawn, and not on what is in it.
const DRAWN = ['color-contrast', 'color-contrast-enhanced', 'target-size'];

async function violations(page, leftOut, asked) {
  const found = await page.evaluate(async ({ leftOut, asked }) => {
    const values = (asked ?? window.axe.getRules().map((rule) => rule.ruleId)).filter((id) => !leftOut.includes(id));
    const result = await window.axe.run(document, { runOnly: { type: 'rule', values }, resultTypes: ['violations', 'incomplete'] });
    const short = (kind) => result[kind].map((rule) => `${kind} ${rule.id}: ${rule.help}: ${
      rule.nodes.map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`);
    return [...short('violations'), ...short('incomplete')];
  }, { leftOut, asked });
  return found;
}

/** Elements that reach over the right or left edge; empty when nothing has to be scrolled sideways. */
const overflowing = (page) => page.evaluate(() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > root.clientWidth)
    .map((element) => `${element.tagName} ${element.id} ${element.className}`);
});

/** Everything that is pressed or typed into, when it is less than 44 pixels high or wide. */
const smallTargets = (page) => page.evaluate(() => [...document.querySelectorAll('button, input, a.button, .links a')]
  .filter((element) => element.checkVisibility() && element.type !== 'hidden')
  .map((element) => ({ element, box: element.getBoundingClientRect() }))
  .filter(({ box }) => box.height < 44 || box.width < 44)
  .map(({ element, box }) => `${element.id || element.textContent.trim()} ${box.width}x${box.height}`));

/** A style of the reader's own, which the page's policy does not stop. */
const addStyle = (page, text) => page.evaluate((rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [sheet];
}, text);

const TEXT_SPACING = '* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }';
const LARGE_TEXT = 'html { font-size: 200% !important; }';

describe('every page', () => {
  let world;
  let browser;

  before(async () => {
    world = await startWorld();
    browser = await launch(world.flags);
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  async function open({ name, open: reach, status = 200 }) {
    // Without transitions, so that a change of theme is complete when it is looked at.
    const context = await browser.newContext({ locale: 'en', ignoreHTTPSErrors: true, reducedMotion: 'reduce' });
    context.setDefaultTimeout(30_000);
    const complaints = await watch(context);
    const page = await context.newPage();
    let shown;
    page.on('response', (response) => {
      if (response.request().isNavigationRequest()) shown = response;
    });
    await reach(world, page);
    await page.waitForLoadState();
    assert.equal(shown.status(), status, name);
    return { context, complaints, page, shown };
  }

  for (const entry of PAGES) {
    test(entry.name, async () => {
      const { context, complaints, page } = await open(entry);
      // What can be opened is looked at open.
      await page.evaluate(() => document.querySelectorAll('details').forEach((part) => { part.open = true; }));
      await page.evaluate(axe.source);
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 800 });
          const where = `${entry.name} at ${width} px, ${colorScheme}`;
          // All rules in each width and each theme; where both were seen already, what they change together.
          const asked = (width === 1280) === (colorScheme === 'light') ? undefined : DRAWN;
          assert.deepEqual(await violations(page, [...NOT_ASKED, ...entry.notAsked ?? []], asked), [], where);
          assert.deepEqual(await overflowing(page), [], where);
          assert.deepEqual(await smallTargets(page), [], where);
        }
      }
      await page.setViewportSize({ width: 320, height: 800 });
      await addStyle(page, TEXT_SPACING);
      assert.deepEqual(await overflowing(page), [], 'with wide text spacing (WCAG 1.4.12)');
      await page.setViewportSize({ width: 640, height: 800 });
      await addStyle(page, LARGE_TEXT);
      assert.deepEqual(await overflowing(page), [], 'with text at twice its size');
      await addStyle(page, '');
      await page.setViewportSize({ width: 320, height: 800 });
      await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
      assert.deepEqual(await overflowing(page), [], 'from right to left');
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }

  test('each page has a title that tells it from the others', async () => {
    const titles = new Map();
    for (const name of ['home', 'sign-in', 'consent', 'confirm', 'sign-out', 'signed-out', 'error-redirect', 'demo']) {
      const { context, page } = await open(PAGES.find((entry) => entry.name === name));
      const title = await page.title();
      assert.ok(title.length > 3 && !titles.has(title), `${name} and ${titles.get(title)} are both "${title}"`);
      titles.set(title, name);
      await context.close();
    }
  });

  test('a sign-in page is under 20 KB with all that it loads', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    const bodies = [];
    page.on('response', (response) => { if (response.status() === 200) bodies.push(response.body()); });
    await PAGES.find((entry) => entry.name === 'sign-in').open(world, page);
    await page.waitForLoadState('networkidle');
    const sizes = (await Promise.all(bodies)).map((body) => body.length);
    assert.ok(sizes.length >= 2, 'page and style');
    const sum = sizes.reduce((total, size) => total + size, 0);
    assert.ok(sum < 20_000, `${sum} bytes: ${sizes.join(' + ')}`);
    await context.close();
  });

  test('the pages ask nobody else for anything', async () => {
    for (const name of ['home', 'sign-in', 'consent', 'error-redirect', 'demo']) {
      const entry = PAGES.find((candidate) => candidate.name === name);
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      const others = [];
      page.on('request', (sent) => {
        if (![world.site.issuer, world.dev.issuer].includes(new URL(sent.url()).origin)) others.push(sent.url());
      });
      await entry.open(world, page);
      await page.waitForLoadState('networkidle');
      assert.deepEqual(others, [], name);
      await context.close();
    }
  });
});
