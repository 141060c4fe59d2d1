// Takes a picture of every kind of mail, HTML and text, wide and narrow, light and dark, in languages of each
// script. The mails are those of `latchkey brand preview`. Run by hand:
//   LATCHKEY_PROGRAM=… tests/node_modules/.bin/node tests/browser/mail_pictures.mjs FOLDER [LANGUAGE…] [-- FLAG…]
// FLAGs go to `latchkey brand set` before: --color '#ffcc00' --support-email help@example.com
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { planLatchkey } from '../support/latchkey.mjs';
import { launch } from './chromium.mjs';

const WIDTHS = [320, 800];
/** As mail programs show plain text: it is wrapped, and its direction is that of its first letters. */
const asPage = (text) => `<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">
  <pre style="white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.4 monospace;unicode-bidi:plaintext">${
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</pre>`;

const cut = process.argv.indexOf('--');
const [folder, ...languages] = process.argv.slice(2, cut < 0 ? undefined : cut);
const flags = cut < 0 ? [] : process.argv.slice(cut + 1);
if (!folder) throw new Error('name a folder for the pictures');
if (languages.length === 0) languages.push('en', 'de', 'ar', 'ja');

const latchkey = await (await planLatchkey()).start();
const browser = await launch();
try {
  if (flags.length > 0) await latchkey.command(['brand', 'set', ...flags]);
  mkdirSync(folder, { recursive: true });
  for (const language of languages) {
    const source = resolve(latchkey.folder, `preview-${language}`);
    await latchkey.command(['brand', 'preview', '--dir', source, '--language', language]);
    for (const file of readdirSync(source).filter((name) => /^mail-.*\.(html|txt)$/.test(name))) {
      const contents = readFileSync(join(source, file), 'utf8');
      const page = await browser.newPage();
      await page.setContent(file.endsWith('.txt') ? asPage(contents) : contents);
      for (const width of WIDTHS) {
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 400 });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          if (wide > 0) console.error(`${language} ${file} at ${width}: ${wide} px too wide`);
          const name = `${file.replace(/^mail-/, '').replace(/\.(html|txt)$/, file.endsWith('.txt') ? '.text' : '')}`;
          await page.screenshot({ path: join(folder, `${name}-${language}-${width}-${colorScheme}.png`), fullPage: true });
        }
      }
      await page.close();
    }
    console.log(language);
  }
} finally {
  await browser.close();
  await latchkey.stop();
}
