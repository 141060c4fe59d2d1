// Takes a picture of every page, wide and narrow, light and dark. Run by hand:
//   tests/node_modules/.bin/node tests/browser/screenshots.mjs FOLDER   all pictures into FOLDER
//   tests/node_modules/.bin/node tests/browser/screenshots.mjs          only those that the README shows
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { launch } from './chromium.mjs';
import { PAGES, startWorld } from './pages.mjs';

const IMAGES = resolve(dirname(fileURLToPath(import.meta.url)), '../../docs/images');
/** Pages, and the names of their pictures in docs/images. */
const README = { 'sign-in': 'sign-in', 'consent-usual': 'consent' };
const SIZES = [{ width: 1280, height: 800 }, { width: 320, height: 640 }];

/** Letters much as most people's systems show them, in place of the stopgap that a bare server has. */
const commonLetters = (page) => page.evaluate(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('body { font-family: "Liberation Sans", sans-serif; }');
  document.adoptedStyleSheets = [sheet];
});

const [folder] = process.argv.slice(2);
const world = await startWorld();
const browser = await launch(world.flags);
try {
  mkdirSync(folder ?? IMAGES, { recursive: true });
  for (const { name, open } of PAGES) {
    if (!folder && !README[name]) continue;
    const context = await browser.newContext({ locale: 'en', ignoreHTTPSErrors: true, reducedMotion: 'reduce',
      viewport: SIZES[0] });
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    await open(world, page);
    await page.waitForLoadState();
    await commonLetters(page);
    if (!folder) {
      await page.screenshot({ path: join(IMAGES, `${README[name]}.png`) });
    } else {
      for (const colorScheme of ['light', 'dark']) {
        for (const size of SIZES) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize(size);
          await page.screenshot({ path: join(folder, `${name}-${size.width}-${colorScheme}.png`), fullPage: true });
        }
      }
    }
    console.log(name);
    await context.close();
  }
} finally {
  await browser.close();
  await world.stop();
}
