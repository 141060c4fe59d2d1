// `latchkey brand …` and `latchkey client set`, and what pages, mail and /brand/* make of them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Browser } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, runProgram } from '../support/latchkey.mjs';
import { register } from '../support/registration.mjs';
import { authorizeUrl, makePkce } from '../support/relying_party.mjs';
import { askForLink, startWithMail, takeMail } from '../support/sign_in_mail.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
const LIGHT = { card: '#ffffff', ground: '#f3f4f8' };
const DARK = { card: '#171a24', ground: '#0e1017' };

function luminance(color) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one, other) {
  const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

/** The variables of the style sheet, for light and for dark. */
function readVariables(css) {
  const blocks = [...css.matchAll(/:root\{([^}]*)\}/g)].map(([, inside]) =>
    Object.fromEntries(inside.split(';').map((line) => line.replace('--', '').split(':'))));
  assert.equal(blocks.length, 2, css);
  return { light: blocks[0], dark: blocks[1] };
}

const linkTo = (page, pattern) => page.text.match(pattern)?.[0];
const STYLE = /\/brand\/[\w.%-]+\.css/;
const LOGO = /\/brand\/[\w.%-]+\.(?:png|jpg|gif|webp)/;
const settle = () => new Promise((done) => { setTimeout(done, 1200); });

onEachBackend('branding', (backend) => {
  let world;
  let server;
  let fixtures;
  let logo;

  before(async () => {
    world = await startWithMail({ backend, settings: { registration: 'open' } });
    server = world.server;
    fixtures = await seed(server, { clients: ['web', 'post'] });
    logo = join(server.folder, 'logo.png');
    writeFileSync(logo, PNG);
  });
  after(() => world?.stop());

  const brand = async (...args) => JSON.parse((await server.command(['brand', ...args, '--json'])).stdout);
  const fails = async (args, pattern) => {
    const result = await runProgram(args, { settings: server.settings, cwd: server.folder });
    assert.ok(result.code === 1 || result.code === 2, `${args.join(' ')}: ${result.code} ${result.stdout}`);
    assert.match(result.stderr, pattern);
  };
  const signInPage = async (client, browser = new Browser(server)) => browser.open(authorizeUrl(server, client,
    { code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
  const get = (path) => send(server.url(path), { port: server.port });

  test('without a record pages have our own looks', async () => {
    const page = await signInPage(fixtures.web);
    assert.ok(page.has('login-email'));
    assert.equal(linkTo(page, STYLE), undefined);
    assert.equal(linkTo(page, LOGO), undefined);
    await fails(['brand', 'show'], /no default record/);
  });

  test('a record of an application shows there, in its mail, and nowhere else', async () => {
    const set = await brand('set', '--client', fixtures.web.client_id, '--name', 'Acme & <Söhne>', '--color', '#1A5FB4',
      '--logo', logo, '--from-name', 'Acme accounts', '--reply-to', 'help@acme.test', '--support-email', 'help@acme.test',
      '--support-url', 'https://acme.test/help');
    assert.equal(set.primary_color, '#1A5FB4');
    assert.deepEqual(set.logo, { type: 'image/png', bytes: PNG.length });
    assert.deepEqual(await brand('show', '--client', fixtures.web.client_id), set);
    await settle();

    const browser = new Browser(server);
    const page = await signInPage(fixtures.web, browser);
    assert.ok(page.text.includes('<bdi>Acme &amp; &lt;Söhne&gt;</bdi>'), page.text);
    assert.ok(page.text.includes('mailto:help@acme.test') && page.text.includes('https://acme.test/help'));
    assert.match(page.headers['content-security-policy'], /style-src 'self'; img-src 'self'/);
    const style = await get(linkTo(page, STYLE));
    assert.equal(style.status, 200);
    assert.match(style.headers['content-type'], /^text\/css/);
    assert.match(style.headers['cache-control'], /immutable/);
    assert.ok(readVariables(style.text).light.button === '#1a5fb4', style.text);
    const picture = await get(linkTo(page, LOGO));
    assert.equal(picture.status, 200);
    assert.equal(picture.headers['content-type'], 'image/png');
    assert.equal(picture.headers['x-content-type-options'], 'nosniff');
    assert.match(picture.headers['content-security-policy'], /sandbox/);
    assert.match(picture.headers['cache-control'], /immutable/);

    await askForLink(browser, page, fixtures.alice.email);
    const mail = await takeMail(world.mails, fixtures.alice.email);
    assert.ok(mail.text.includes('Söhne'), mail.text);
    const other = await signInPage(fixtures.post);
    assert.equal(linkTo(other, STYLE), undefined);
    assert.ok(!other.text.includes('Acme'));
  });

  test('the sign-out page is that of the application, too', async () => {
    const page = await new Browser(server).open(`${server.issuer}/logout?client_id=${fixtures.web.client_id}`);
    assert.ok(page.text.includes('Acme &amp;'), page.text);
  });

  test('what is not there is not found, and an older address ends with its record', async () => {
    const page = await signInPage(fixtures.web);
    const [style, picture] = [linkTo(page, STYLE), linkTo(page, LOGO)];
    await brand('set', '--client', fixtures.web.client_id, '--color', '#26a269', '--logo', '');
    await settle();
    for (const path of [style, picture, '/brand/', '/brand/default.css', '/brand/default.0123456789abcdef.css',
      '/brand/x.0123456789abcdef.png', '/brand/%00.0123456789abcdef.css', '/brand/..%2f..%2fetc.passwd.css']) {
      const answer = await get(path);
      assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert.ok(!answer.headers['cache-control']?.includes('immutable'), path);
    }
    const now = await signInPage(fixtures.web);
    assert.notEqual(linkTo(now, STYLE), style);
    assert.equal(linkTo(now, LOGO), undefined);
  });

  test('the default record is for all without one of their own', async () => {
    await brand('set', '--name', 'House', '--color', '#ffcc00');
    await settle();
    const other = await signInPage(fixtures.post);
    assert.ok(other.text.includes('<bdi>House</bdi>'));
    assert.match(linkTo(other, STYLE), /^\/brand\/default\./);
    const home = await new Browser(server).open(server.issuer);
    assert.equal(linkTo(home, STYLE), linkTo(other, STYLE));
    const own = await signInPage(fixtures.web);
    assert.ok(!own.text.includes('House'));
    await server.command(['brand', 'remove', '--client', fixtures.web.client_id]);
    await settle();
    assert.ok((await signInPage(fixtures.web)).text.includes('<bdi>House</bdi>'));
    await fails(['brand', 'remove', '--client', fixtures.web.client_id], /no such record/);
  });

  test('every colour can be read where it is text, line or ground', async () => {
    for (const color of ['#ffffff', '#000000', '#ffcc00', '#777777', '#00ff00', '#ff0000', '#0000ff', '#123456']) {
      await brand('set', '--color', color);
      await settle();
      const page = await signInPage(fixtures.post);
      const { light, dark } = readVariables((await get(linkTo(page, STYLE))).text);
      for (const [shown, { card, ground }] of [[light, LIGHT], [dark, DARK]]) {
        const pairs = [[shown.button, shown['on-button']], [shown['accent-strong'], shown['on-accent']],
          [shown.accent, shown['on-accent']], [shown.accent, card], [shown.accent, ground], [shown.accent, shown.tint],
          [shown['accent-strong'], card], [shown.tint, card === LIGHT.card ? '#171a26' : '#eef0f6']];
        for (const [one, two] of pairs) {
          assert.ok(contrast(one, two) >= 4.5, `${color}: ${one} on ${two}: ${contrast(one, two)}`);
        }
      }
    }
  });

  test('what a record may not hold is refused in a sentence', async () => {
    const file = join(server.folder, 'logo.svg');
    writeFileSync(file, SVG);
    const large = join(server.folder, 'large.png');
    writeFileSync(large, Buffer.concat([PNG, Buffer.alloc(256 * 1024)]));
    const set = (...args) => ['brand', 'set', ...args];
    const earlier = await brand('show');
    await fails(set(), /Say what to set/);
    await fails(set('--color', 'red'), /--color is not written as #rrggbb\./);
    await fails(set('--color', '#12345;}'), /--color/);
    await fails(set('--logo', file), /logo is not a PNG, JPEG, GIF or WebP image\./);
    await fails(set('--logo', large), /larger than 256 KB/);
    await fails(set('--logo', join(server.folder, 'none.png')), /cannot be read/);
    await fails(set('--name', 'x'.repeat(101)), /--name is longer/);
    await fails(set('--from-name', 'A\r\nBcc: b@b.test'), /--from-name/);
    await fails(set('--reply-to', 'nobody'), /--reply-to is not an e-mail address/);
    await fails(set('--support-url', 'javascript:alert(1)'), /--support-url is not an https address/);
    await fails(set('--client', 'nothing', '--name', 'X'), /no client nothing/);
    assert.deepEqual(await brand('show'), earlier);
  });

  test('preview writes pages, mails and files that refer to each other', async () => {
    await brand('set', '--name', 'Preview house', '--color', '#ffcc00', '--logo', logo);
    const folder = join(server.folder, 'preview');
    const { files } = await brand('preview', '--dir', folder, '--client', fixtures.post.client_id);
    for (const name of ['sign-in.html', 'consent.html', 'link-sent.html', 'error.html', 'mail-sign-in.html',
      'mail-sign-in.txt', 'mail-password-changed.html']) assert.ok(files.includes(name), name);
    assert.equal(files.filter((name) => /^mail-.*\.(html|txt)$/.test(name)).length, 9 * 2, 'every kind of mail');
    const html = readFileSync(join(folder, 'sign-in.html'), 'utf8');
    assert.ok(html.includes('Preview house'));
    for (const [, address] of html.matchAll(/(?:href|src)="((?:static|brand)\/[^"]+)"/g)) {
      assert.ok(existsSync(join(folder, address)), address);
    }
    assert.ok(/href="brand\/default\./.test(html) && /src="brand\/default\./.test(html));
    assert.ok(readFileSync(join(folder, 'mail-sign-in.html'), 'utf8').includes('#ffcc00'));
    await brand('preview', '--dir', folder, '--language', 'de');
    assert.ok(readFileSync(join(folder, 'sign-in.html'), 'utf8').includes('lang="de"'));
  });

  test('client add and client set: how people sign in to one application', async () => {
    const { stdout } = await server.command(['client', 'add', '--name', 'Ruled', '--redirect-uri', 'https://ruled.test/cb',
      '--login-method', 'magic_link', '--self-signup', 'true', '--json']);
    const ruled = JSON.parse(stdout);
    assert.equal(ruled.login_method, 'magic_link');
    const first = await signInPage(ruled);
    assert.ok(first.has('link-send') && !first.has('login-password'));
    assert.match(first.text, /\/signup\?t=/);
    const set = async (...args) => JSON.parse((await server.command(['client', 'set', ruled.client_id, ...args])).stdout);
    const changed = await set('--login-method', 'password', '--self-signup', 'false', '--required-acr', 'urn:latchkey:acr:pwd');
    assert.equal(changed.required_acr, 'urn:latchkey:acr:pwd');
    await settle();
    const second = await signInPage(ruled);
    assert.ok(!second.has('link-send') && second.has('login-password'));
    assert.doesNotMatch(second.text, /\/signup\?t=/);
    const shown = JSON.parse((await server.command(['client', 'show', ruled.client_id, '--json'])).stdout);
    assert.deepEqual([shown.login_method, shown.self_signup, shown.required_acr],
      ['password', false, 'urn:latchkey:acr:pwd']);
    const reset = await set('--login-method', 'default', '--self-signup', 'default', '--required-acr', 'default');
    assert.deepEqual([reset.login_method, reset.self_signup, reset.required_acr], [undefined, undefined, undefined]);
    await fails(['client', 'set', ruled.client_id], /Say what to set/);
    await fails(['client', 'set', ruled.client_id, '--login-method', 'guess'], /login-method/);
    await fails(['client', 'set', ruled.client_id, '--required-acr', 'urn:x'], /required-acr/);
    await fails(['client', 'set', 'nothing', '--self-signup', 'true'], /no client nothing/);
  });

  describe('pages beside the way', () => {
    const HOUSE = '<bdi>House</bdi>';
    const SHOP = '<bdi>Corner shop</bdi>';
    const request = (client, parameters) => authorizeUrl(server, client,
      { code_challenge: makePkce().challenge, code_challenge_method: 'S256', ...parameters });
    const open = (url, headers = {}) => {
      const browser = new Browser(server);
      browser.extraHeaders = headers;
      return browser.open(url);
    };
    let stranger;

    before(async () => {
      await brand('set', '--name', 'House', '--color', '#26a269', '--logo', '');
      await brand('set', '--client', fixtures.web.client_id, '--name', 'Corner shop', '--color', '#1a5fb4',
        '--support-email', 'help@shop.test');
      const metadata = JSON.stringify({ client_name: 'Prizes', redirect_uris: ['https://prizes.test/cb'] });
      stranger = (await register(server, metadata)).json();
      await brand('set', '--client', stranger.client_id, '--name', 'Corner shop');
      await settle();
    });

    test('form_post: the application\'s, in the language that it asked for', async () => {
      const url = request(fixtures.web, { response_mode: 'form_post', ui_locales: 'ja', prompt: 'none' });
      const page = await open(url, { 'accept-language': 'de' });
      assert.ok(page.has('form-post') && page.text.includes(SHOP), page.text);
      assert.ok(page.text.includes('lang="ja"') && page.text.includes('help@shop.test'));
      assert.match(linkTo(page, STYLE), new RegExp(`/brand/${fixtures.web.client_id}\\.`));
    });

    test('an address that is not the application\'s: the house\'s, whoever it names', async () => {
      for (const parameters of [{ redirect_uri: 'https://evil.test/cb' }, { client_id: 'nobody' }]) {
        const page = await open(request(fixtures.web, { ...parameters, ui_locales: 'fr' }), { 'accept-language': 'de' });
        assert.equal(page.status, 400);
        assert.ok(page.text.includes(HOUSE) && !page.text.includes(SHOP) && !page.text.includes('help@shop.test'), page.text);
        assert.match(linkTo(page, STYLE), /^\/brand\/default\./);
        assert.ok(page.text.includes('lang="fr"'));
      }
    });

    test('an application that nobody vouched for: the house\'s', async () => {
      const client = { ...fixtures.web, ...stranger };
      for (const parameters of [{}, { prompt: 'none' }]) {
        const page = await open(authorizeUrl(server, client, { code_challenge: makePkce().challenge,
          code_challenge_method: 'S256', redirect_uri: 'https://prizes.test/cb', scope: 'openid', ...parameters }));
        assert.ok(page.text.includes(HOUSE) && !page.text.includes(SHOP), page.text);
      }
    });

    test('where nothing is: the house\'s, in the reader\'s language', async () => {
      for (const [path, status] of [['/nothing-here', 404], ['/m/send', 405], ['/login?t=nonsense', 400], ['/logout?id_token_hint=x', 400]]) {
        const page = await open(path, { 'accept-language': 'es' });
        assert.equal(page.status, status, path);
        assert.ok(page.text.includes(HOUSE) && page.text.includes('lang="es"'), path);
      }
    });

    test('after a start as well', async () => {
      const second = await server.secondNode();
      const answer = await send(`${server.issuer}/nothing-here`, { port: second.port, headers: { accept: 'text/html' } });
      assert.ok(answer.text.includes(HOUSE), answer.text);
      await second.stop();
    });
  });
});
