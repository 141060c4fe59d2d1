// Takes a picture of every page, wide and narrow, light and dark. Run by hand:
//   tests/node_modules/.bin/node tests/browser/screenshots.mjs FOLDER [LANGUAGE [NAME…]]
//     all pictures into FOLDER, in English or another language; or those of some pages only
//   tests/node_modules/.bin/node tests/browser/screenshots.mjs
//     only those that the README shows
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { launch } from './chromium.mjs';
import { PAGES, startWorld } from './pages.mjs';

const IMAGES = resolve(dirname(fileURLToPath(import.meta.url)), '../../docs/images');
/** Pages, and the names of their pictures in docs/images. */
const README = { 'sign-in': 'sign-in', 'consent-usual': 'consent' };
const SHOWN = { width: 640, height: 760 };
const SIZES = [{ width: 1280, height: 800 }, { width: 320, height: 640 }];

/** Letters much as most people's systems show them, in place of the stopgap that a bare server has. */
const commonLetters = (page) => page.evaluate(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('body { font-family: "Liberation Sans", sans-serif; } :lang(ja) { font-family: "IPAPGothic", sans-serif; }');
  document.adoptedStyleSheets = [sheet];
});

async function take(page, name) {
  if (!folder) {
    await page.setViewportSize(SHOWN);
    await page.screenshot({ path: join(IMAGES, `${README[name]}.png`) });
    return;
  }
  for (const colorScheme of ['light', 'dark']) {
    for (const size of SIZES) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(size);
      if (await page.locator('iframe:visible').count()) {
        // What a frame shows is painted in the window only.
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.setViewportSize({ ...size, height });
      }
      await page.screenshot({ path: join(folder, `${name}-${size.width}-${colorScheme}.png`), fullPage: true });
    }
  }
}

const [folder, language = 'en', ...names] = process.argv.slice(2);
const world = await startWorld();
const browser = await launch(world.flags);
try {
  mkdirSync(folder ?? IMAGES, { recursive: true });
  for (const { name, open } of PAGES) {
    if (!folder && !README[name]) continue;
    if (names.length > 0 && !names.includes(name)) continue;
    const context = await browser.newContext({ locale: language, ignoreHTTPSErrors: true, reducedMotion: 'reduce',
      viewport: SIZES[0] });
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    try {
      await open(world, page);
      await page.waitForLoadState();
      await page.evaluate(() => document.querySelectorAll('details').forEach((part) => { part.open = true; }));
      await commonLetters(page);
      await take(page, name);
      console.log(name);
    } catch (error) {
      process.exitCode = 1;
      console.error(`${name}: ${error.message} at ${page.url()}`);
    }
    await context.close();
  }
} finally {
  await browser.close();
  await world.stop();
}
