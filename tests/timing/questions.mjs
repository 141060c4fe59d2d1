// Owns: what the check asks the server, and of whom: groups of people (or applications) who must not be told apart
// by the time of the answer, the first of each group being the one that the others are compared with.
import { Browser } from '../support/browser.mjs';
import { startLatchkey } from '../support/latchkey.mjs';
import { authorizeUrl, basic, makePkce } from '../support/relying_party.mjs';
import { startMailSink } from './mail_sink.mjs';

const RIGHT = 'violet-Harbour-92-lantern';
const WRONG = 'copper-Lantern-47-meadow';
// An address gets mail_attempts_address mails an hour, at most 1000; the next one takes over before.
const PER_ADDRESS = 900;

/** As operators run it: hashes at their usual cost. Limits are out of the way, so that every sample takes one path. */
const USUAL = {
  password_memory_kib: 19456, password_iterations: 2, self_signup: true,
  login_method: 'password_or_magic_link', smtp_plain: true, mail_from: 'id@id.test',
  mail_attempts_address: 1000, mail_attempts_source: 100_000,
};
/** The second question about an address is one too many. */
const TIGHT = { ...USUAL, throttle_account_attempts: 1, mail_attempts_address: 1 };

/** Addresses of one length. Kinds: known, other (no account), ended (disabled), plain (without a password). */
const address = (kind, index) => `${kind}-${String(index).padStart(3, '0')}@example.com`;

async function addPeople(server, most) {
  for (let index = 0; index * PER_ADDRESS < most; index++) {
    await server.addUser({ email: address('known', index), password: RIGHT });
    await server.addUser({ email: address('equal', index), password: RIGHT });
    await server.addUser({ email: address('ended', index), password: RIGHT });
    await server.command(['user', 'disable', address('ended', index)]);
    await server.command(['user', 'add', '--email', address('plain', index), '--email-verified']);
  }
}

/** A form of ours that can be sent any number of times: where to, its cookies, and the sealed step in it. */
async function openForm(server, url, button) {
  const browser = new Browser(server);
  const page = await browser.open(url);
  const form = page.formWith(button);
  const pressed = form.buttons.find(({ id }) => id === button);
  return {
    path: new URL(pressed.formaction || form.action || page.url, page.url).pathname,
    headers: { Cookie: browser.cookieHeader, 'User-Agent': 'timing', Accept: 'text/html' },
    t: form.inputs.find(({ name }) => name === 't').value,
  };
}

/** A group whose kinds differ in the address, and perhaps in other fields, that the form is sent with. */
function group(title, form, status, kinds, fields = () => ({}), perAddress = PER_ADDRESS) {
  return {
    title,
    status,
    kinds: Object.entries(kinds).map(([name, kind]) => ({
      name,
      ask: (count) => ({ path: form.path, headers: form.headers,
        form: { t: form.t, email: address(kind.replace('+', ''), Math.floor(count / perAddress)), ...fields(kind) } }),
    })),
  };
}

async function openWorld(backend, settings, most) {
  const sink = await startMailSink();
  const server = await startLatchkey({ backend, settings: { ...settings, smtp_url: sink.address } });
  await addPeople(server, most);
  const client = await server.addClient({ name: 'Timing', redirect_uris: ['https://rp.test/cb'], first_party: true });
  const { challenge } = makePkce();
  const signIn = authorizeUrl(server, client, { code_challenge: challenge, code_challenge_method: 'S256' });
  return { server, client, signIn, stop: () => Promise.all([server.stop(), sink.stop()]) };
}

async function usualWorld(backend, cost, most) {
  const world = await openWorld(backend, { ...USUAL, ...cost }, most);
  const { server, client, signIn } = world;
  const [login, link] = [await openForm(server, signIn, 'login-submit'), await openForm(server, signIn, 'link-send')];
  const reset = await openForm(server, '/reset', 'reset-send');
  const signup = await openForm(server, '/signup', 'signup-submit');
  // "ended+" types the password that the account has.
  const typed = (kind) => ({ password: kind.endsWith('+') ? RIGHT : WRONG });
  const asClient = (id) => () => ({ path: '/token', headers: { Authorization: basic(id, 'x'.repeat(43)) },
    form: { grant_type: 'refresh_token', refresh_token: 'x' } });
  const strangers = client.client_id.replace(/./g, 'x');
  return { ...world, groups: [
    group('control: wrong password', login, 303, { 'one known account': 'known', 'another known account': 'equal' }, typed),
    group('wrong password', login, 303, { 'known account': 'known', 'no account': 'other', disabled: 'ended',
      'disabled, right password': 'ended+', 'without a password': 'plain' }, typed),
    group('sign-in link', link, 303, { 'known account': 'known', 'no account': 'other', disabled: 'ended' }),
    group('new password', reset, 303, { 'known account': 'known', 'no account': 'other', disabled: 'ended' }),
    group('sign-up', signup, 303, { 'known account': 'known', 'no account': 'other', disabled: 'ended' },
      () => ({ name: 'Somebody', new_password: WRONG })),
    // Who is registered is no secret (RFC 6749 section 2.2): /authorize says so openly.
    { title: 'client authentication', status: 401, open: true, kinds: [
      { name: 'known client, wrong secret', ask: asClient(client.client_id) },
      { name: 'unknown client', ask: asClient(strangers) }] },
  ] };
}

async function tightWorld(backend, cost, most) {
  const world = await openWorld(backend, { ...TIGHT, ...cost }, most);
  const { server, signIn } = world;
  const kinds = { 'known account': 'known', 'no account': 'other', disabled: 'ended' };
  const throttled = async (title, url, button) => group(`${title}, throttled`, await openForm(server, url, button), 429,
    kinds, () => ({ password: WRONG }), Infinity);
  return { ...world, groups: [
    await throttled('wrong password', signIn, 'login-submit'),
    await throttled('sign-in link', signIn, 'link-send'),
    await throttled('new password', '/reset', 'reset-send'),
  ] };
}

/** Makers of servers, each with the groups to ask it; `cost` are settings of hashes, `most` the questions about one kind. */
export const WORLDS = [usualWorld, tightWorld];
