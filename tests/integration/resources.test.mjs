// Resource indicators (RFC 8707): which API an access token is for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from '../support/browser.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend } from '../support/latchkey.mjs';
import { basic, decodeJwt, introspect, makePkce } from '../support/relying_party.mjs';
import { RelyingParty, checkTokenError, startWorld } from '../support/suite.mjs';

const MAIL = 'https://mail.api.test/';
const FILES = 'https://files.api.test/v1';

onEachBackend('resources', (backend) => {
  let world;
  let rp;
  before(async () => {
    world = await startWorld({ backend, settings: { resources: `${MAIL},${FILES}` } });
    rp = await RelyingParty.register(world, { responseType: 'code' }, { grant_types: ['authorization_code', 'refresh_token'] });
  });
  after(() => world?.stop());

  /** An authorization request with any number of resources; a name may repeat in a form. */
  async function authorize(resources, changes = {}, options = {}) {
    const repeated = resources.map((uri) => `&resource=${encodeURIComponent(uri)}`).join('');
    const party = options.party ?? rp;
    const sent = party.request({ scope: 'openid email', ...changes });
    // Signed in before, so that what is looked at is the answer alone.
    const { browser } = await party.authorize({ scope: 'openid email' });
    const page = await browser.open(`${world.discovery.authorization_endpoint}?${new URLSearchParams(sent)}${repeated}`);
    assert.ok(page.redirect, page.title);
    const url = new URL(page.redirect);
    return { sent, page, mode: 'query', parameters: Object.fromEntries([...url.searchParams, ...new URLSearchParams(url.hash.slice(1))]) };
  }

  /** A call of the token endpoint with any number of resources. */
  const call = (form, resources = []) => send(world.discovery.token_endpoint, {
    headers: { authorization: basic(rp.client.client_id, rp.client.client_secret) },
    form: [...Object.entries(form), ...resources.map((uri) => ['resource', uri])] });
  const redeem = ({ parameters, sent }, resources) => call({ grant_type: 'authorization_code', code: parameters.code,
    redirect_uri: sent.redirect_uri }, resources);
  const refresh = (token, resources) => call({ grant_type: 'refresh_token', refresh_token: token }, resources);
  const audience = (answer) => decodeJwt(rp.checkTokenAnswer(answer).access_token).payload.aud;

  test('none named: the token is for the issuer', async () => {
    assert.equal(audience(await redeem(await authorize([]))), world.server.issuer);
  });

  test('one named: for that one, and not for UserInfo', async () => {
    const tokens = rp.checkTokenAnswer(await redeem(await authorize([MAIL])));
    const { payload, header } = decodeJwt(tokens.access_token);
    assert.equal(payload.aud, MAIL);
    assert.equal(header.typ, 'at+jwt');
    const answer = await rp.fetchUserInfo(tokens.access_token);
    assert.equal(answer.status, 401);
    assert.match(answer.headers['www-authenticate'], /invalid_token/);
    assert.deepEqual([(await introspect(world.server, rp.client, tokens.access_token)).aud].flat(), [MAIL]);
    // The ID token is for the application as ever.
    assert.equal(decodeJwt(tokens.id_token).payload.aud, rp.client.client_id);
  });

  test('two named: both, and each request at the token endpoint may take fewer', async () => {
    const grant = await authorize([MAIL, FILES]);
    const tokens = rp.checkTokenAnswer(await redeem(grant));
    assert.deepEqual(decodeJwt(tokens.access_token).payload.aud, [MAIL, FILES]);
    const narrow = rp.checkTokenAnswer(await refresh(tokens.refresh_token, [FILES]));
    assert.equal(decodeJwt(narrow.access_token).payload.aud, FILES);
    // What was narrowed was one token, not the grant.
    assert.deepEqual(audience(await refresh(narrow.refresh_token)), [MAIL, FILES]);
    assert.equal(audience(await redeem(await authorize([FILES, MAIL]), [MAIL])), MAIL);
    assert.deepEqual(audience(await redeem(await authorize([MAIL, FILES]), [FILES, MAIL])), [FILES, MAIL]);
  });

  test('one that was not asked for at the authorization endpoint: invalid_target, and the code is still good', async () => {
    const grant = await authorize([MAIL]);
    checkTokenError(await redeem(grant, [FILES]), 'invalid_target');
    checkTokenError(await redeem(grant, ['https://other.test/']), 'invalid_target');
    const tokens = rp.checkTokenAnswer(await redeem(grant, [MAIL]));
    checkTokenError(await refresh(tokens.refresh_token, [MAIL, FILES]), 'invalid_target');
    assert.equal(audience(await refresh(tokens.refresh_token, [MAIL])), MAIL);
  });

  test('one that the operator does not list, or that is no such address: invalid_target', async () => {
    for (const uri of ['https://other.test/', MAIL.slice(0, -1), MAIL.toUpperCase(), `${MAIL}#f`, `${MAIL}?a`, 'mail', '/mail', 'urn:x']) {
      rp.checkError(await authorize([uri]), 'invalid_target');
      rp.checkError(await authorize([MAIL, uri]), 'invalid_target');
      rp.checkError(await authorize([uri], { prompt: 'none' }), 'invalid_target');
    }
  });

  test('the same one twice counts once; an empty one is none', async () => {
    assert.equal(audience(await redeem(await authorize([MAIL, MAIL]))), MAIL);
    assert.equal(audience(await redeem(await authorize(['']))), world.server.issuer);
  });

  test('the access token from the authorization endpoint too', async () => {
    const hybrid = await RelyingParty.register(world, { responseType: 'code token' });
    const { parameters, sent } = await authorize([FILES], {}, { party: hybrid });
    assert.equal(decodeJwt(parameters.access_token).payload.aud, FILES);
    const tokens = (await hybrid.redeem({ parameters, sent })).json();
    assert.equal(decodeJwt(tokens.access_token).payload.aud, FILES);
  });

  test('pushed requests, and requests sent by POST', async () => {
    const form = (changes) => [...Object.entries(rp.request({ scope: 'openid', ...changes })), ['resource', MAIL], ['resource', FILES]];
    const pushed = await send(world.discovery.pushed_authorization_request_endpoint, {
      headers: { authorization: basic(rp.client.client_id, rp.client.client_secret) }, form: form() });
    assert.equal(pushed.status, 201, pushed.text);
    const { browser } = await rp.authorize();
    const url = new URL(world.discovery.authorization_endpoint);
    url.searchParams.set('client_id', rp.client.client_id);
    url.searchParams.set('request_uri', pushed.json().request_uri);
    const parameters = (await browser.open(url)).parameters;
    assert.deepEqual(audience(await redeem({ parameters, sent: { redirect_uri: rp.redirectUri } })), [MAIL, FILES]);
    const posted = await browser.open(world.discovery.authorization_endpoint, { form: form() });
    assert.ok(posted.redirect, posted.title);
    assert.deepEqual(audience(await redeem({ parameters: posted.parameters, sent: { redirect_uri: rp.redirectUri } })), [MAIL, FILES]);
  });

  test('through sign-in and consent the resources stay', async () => {
    const { verifier, challenge } = makePkce();
    const answer = await rp.authorize({ resource: FILES, code_challenge: challenge, code_challenge_method: 'S256' },
      { browser: new Browser(world.server) });
    assert.ok(answer.steps.includes('password'));
    assert.equal(audience(await rp.redeem(answer, { code_verifier: verifier })), FILES);
  });
});
