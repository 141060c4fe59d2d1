// Owns: what a person does with the pages at /demo, with the mouse or with the keyboard alone, and going on
// from whatever page is shown until the application is reached.
import assert from 'node:assert/strict';

export const heading = async (page) => (await page.locator('h1').textContent()).trim();
export const path = (page) => new URL(page.url()).pathname;

export async function openSignIn(page, server) {
  await page.goto(server.url('/demo'));
  await page.click('#demo-sign-in');
  await page.waitForURL('**/login?t=*');
}

export async function typePassword(page, { email, password }) {
  await page.fill('#login-email', email);
  await page.fill('#login-password', password);
  await page.click('#login-submit');
}

/** Signs in at /demo from the start and allows what it asks. */
export async function signIn(page, server) {
  await openSignIn(page, server);
  await goOn(page, server.alice);
}

/** The demo's page once it knows the person. */
export async function assertReached(page, { email }) {
  assert.equal(path(page), '/demo');
  assert.equal(await heading(page), 'You are signed in');
  assert.ok((await page.locator('table').first().textContent()).includes(email));
  const notices = await page.locator('.notice').allInnerTexts();
  assert.ok(!notices.some((notice) => /did not work/.test(notice)), `signed in, and told: ${notices.join(' ')}`);
}

async function step(page, person) {
  if (await page.locator('#login-password').count()) {
    await typePassword(page, person);
    return 'password';
  }
  if (await page.locator('#consent-allow').count()) {
    await page.click('#consent-allow');
    return 'consent';
  }
  if (await page.locator('#demo-sign-in').count()) {
    await page.click('#demo-sign-in');
    return 'once more';
  }
  throw new Error(`stuck at ${path(page)}: ${await page.locator('main').innerText()}`);
}

/**
 * Does what each page asks until the demo application shows who signed in.
 * @returns {Promise<string[]>} the steps that it took: password, consent, once more
 */
export async function goOn(page, person) {
  const steps = [];
  while (await page.locator('#demo-sign-out').count() === 0) {
    if (steps.length >= 6) throw new Error(`does not end: ${steps.join(', ')} at ${path(page)}`);
    const before = page.url();
    steps.push(await step(page, person));
    // The answer to a form may be the same page at another address, never at the same one.
    await page.waitForURL((url) => url.href !== before);
    await page.waitForLoadState();
  }
  await assertReached(page, person);
  return steps;
}

/** What the keyboard is on: id, and whether it can be seen that it is. */
export const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  return {
    id: element.id,
    tag: element.tagName,
    visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
  };
});

/** Presses Tab until the element is reached; every stop on the way must be visible. */
export async function tabTo(page, id) {
  const stops = [];
  for (let presses = 0; presses < 25; presses++) {
    const here = await focused(page);
    if (here.tag !== 'BODY') {
      stops.push(here.id || here.tag);
      assert.ok(here.visible, `the focus cannot be seen on ${here.id || here.tag}`);
    }
    if (here.id === id) return stops;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${id}: ${stops.join(', ')}`);
}
