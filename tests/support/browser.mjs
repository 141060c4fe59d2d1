// Owns: a person's browser without a screen: cookies, redirects inside the issuer, and the forms of pages.
// Runs no script, as the pages promise to be complete without.
import { send } from './http_client.mjs';

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function decodeHtml(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
}

function attributes(tag) {
  const found = {};
  for (const [, name, value] of tag.matchAll(/([\w-]+)(?:\s*=\s*"([^"]*)")?/g)) {
    found[name.toLowerCase()] ??= decodeHtml(value ?? '');
  }
  return found;
}

function readForms(html) {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, tag, inside]) => ({
    ...attributes(tag),
    inputs: [...inside.matchAll(/<input\b([^>]*)>/gi)].map(([, input]) => attributes(input)),
    buttons: [...inside.matchAll(/<button\b([^>]*)>/gi)].map(([, button]) => attributes(button)),
  }));
}

/** What stands in the window after a navigation: a page of ours, or a redirect that leads away. */
export class Page {
  constructor(url, answer, visited) {
    this.url = url;
    this.answer = answer;
    this.visited = visited;
    this.status = answer.status;
    this.text = answer.text;
    this.headers = answer.headers;
    const leads = answer.status >= 300 && answer.status < 400 ? answer.location : undefined;
    /** The address that this browser would go to next, away from the issuer. */
    this.redirect = leads;
  }

  has(id) {
    return this.text.includes(`id="${id}"`);
  }

  get forms() {
    return readForms(this.text);
  }

  /** The form that holds an element with this id. */
  formWith(id) {
    return this.forms.find((form) => [...form.inputs, ...form.buttons].some((part) => part.id === id));
  }

  get title() {
    return decodeHtml(this.text.match(/<h1[^>]*>([\s\S]*?)<\/h1>/)?.[1].replace(/<[^>]*>/g, '') ?? '').trim();
  }

  /** The event id that the page shows. */
  get reference() {
    return this.text.match(/Reference <code>([^<]+)<\/code>/)?.[1];
  }

  /** Parameters of the redirect, wherever they stand. */
  get parameters() {
    const url = new URL(this.redirect);
    return Object.fromEntries([...url.searchParams, ...new URLSearchParams(url.hash.slice(1))]);
  }
}

export class Browser {
  /** @param server where to connect; another node of the same issuer does as well */
  constructor(server) {
    this.server = server;
    this.jar = new Map();
    this.extraHeaders = {};
  }

  /** A copy with the same cookies, such as a thief would have. */
  clone() {
    const copy = new Browser(this.server);
    for (const [name, cookie] of this.jar) copy.jar.set(name, { ...cookie });
    return copy;
  }

  get cookieHeader() {
    return [...this.jar].map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  #store(answer) {
    for (const line of answer.cookies) {
      const [pair, ...rest] = line.split(';').map((part) => part.trim());
      const cut = pair.indexOf('=');
      const name = pair.slice(0, cut);
      const flags = Object.fromEntries(rest.map((part) => {
        const [key, value = ''] = part.split('=');
        return [key.toLowerCase(), value];
      }));
      if (flags['max-age'] === '0' || new Date(flags.expires ?? '9999-01-01') < new Date()) this.jar.delete(name);
      else this.jar.set(name, { value: pair.slice(cut + 1), flags, line });
    }
  }

  /** One exchange with cookies, no redirects followed. */
  async exchange(url, options = {}) {
    const headers = { ...this.extraHeaders, ...options.headers };
    if (this.jar.size > 0) headers.cookie ??= this.cookieHeader;
    headers.accept ??= 'text/html,application/xhtml+xml,*/*;q=0.8';
    const answer = await send(url, { ...options, headers, port: options.port ?? this.server.port });
    this.#store(answer);
    return answer;
  }

  /** Goes to an address as a link or a form would, through redirects of the issuer itself. */
  async open(url, options = {}) {
    const visited = [];
    let here = new URL(url, this.server.issuer);
    let answer = await this.exchange(here, options);
    for (let hops = 0; answer.status >= 300 && answer.status < 400 && answer.location; hops++) {
      visited.push({ url: here.href, status: answer.status, location: answer.location });
      if (hops > 10) throw new Error(`redirects in a circle at ${here.href}`);
      let next;
      try {
        next = new URL(answer.location, here);
      } catch {
        break;
      }
      if (next.origin !== this.server.issuer) break;
      here = next;
      answer = await this.exchange(here);
    }
    return new Page(here, answer, visited);
  }

  /** Presses a button of a page; `fields` are typed in, hidden ones are kept unless named. */
  async submit(page, button, fields = {}, options = {}) {
    const form = page.formWith(button);
    if (!form) throw new Error(`no form with ${button} on "${page.title}" (${page.status})`);
    const values = new URLSearchParams();
    for (const input of form.inputs) {
      if (input.name) values.set(input.name, input.value ?? '');
    }
    const pressed = form.buttons.find((part) => part.id === button);
    if (pressed?.name) values.set(pressed.name, pressed.value ?? '');
    for (const [name, value] of Object.entries(fields)) values.set(name, value);
    return this.open(new URL(pressed?.formaction || form.action || page.url, page.url), {
      form: values,
      headers: { origin: this.server.issuer, ...options.headers },
    });
  }
}

/** Types e-mail address and password into a sign-in page. */
export function typePassword(browser, page, user) {
  return browser.submit(page, 'login-submit', { email: user.email, password: user.password });
}

/**
 * Follows an authorization request through sign-in and consent to the redirect that leaves the issuer.
 * @returns {Promise<Page>} its `redirect` is the address with the code
 */
export async function signIn(browser, url, user, { decision = 'allow' } = {}) {
  let page = await browser.open(url);
  let typed = false;
  while (!page.redirect) {
    if (page.has('login-email') && !typed) {
      typed = true;
      page = await typePassword(browser, page, user);
    } else if (page.has('consent-allow')) {
      page = await browser.submit(page, `consent-${decision}`);
    } else {
      const text = page.text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').slice(0, 500);
      throw new Error(`sign-in stopped at ${page.url.pathname} with ${page.status}: ${text}`);
    }
  }
  return page;
}
