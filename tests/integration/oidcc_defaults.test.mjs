// With the settings that an operator gets: what is switched off answers as the specifications say, in the
// right place, and everything of the code flow works.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { unsignedJwt } from '../support/assertion.mjs';
import { send } from '../support/http_client.mjs';
import { register } from '../support/registration.mjs';
import { RESPONSE_TYPES, RelyingParty, startWorld } from '../support/suite.mjs';
import { modulesFor, runPlan } from '../support/suite_modules.mjs';

const DEFAULTS = { allow_implicit: false, allow_unsigned: false };
const UNSIGNED = /unsigned|request-object-with-redirect-uri/;

runPlan('defaults: basic', [{ responseType: 'code' }, { responseType: 'code', responseMode: 'form_post' }],
  { settings: DEFAULTS, backends: ['sqlite'], modules: (variant) => modulesFor(variant).filter((name) => !UNSIGNED.test(name)) });

describe('defaults', () => {
  let world;
  let rp;
  before(async () => {
    world = await startWorld({ settings: DEFAULTS });
    rp = await RelyingParty.register(world, { responseType: 'code' });
  });
  after(() => world?.stop());

  test('discovery names nothing of what is off', () => {
    assert.deepEqual(world.discovery.response_types_supported, ['code']);
    assert.deepEqual(world.discovery.grant_types_supported, ['authorization_code', 'refresh_token']);
    for (const name of ['id_token_signing_alg_values_supported', 'userinfo_signing_alg_values_supported',
      'request_object_signing_alg_values_supported']) {
      assert.ok(world.discovery[name].includes('RS256') && !world.discovery[name].includes('none'), name);
    }
  });

  for (const responseType of [...RESPONSE_TYPES.slice(1), 'token', 'none', 'nonsense']) {
    // Whatever could have held a token goes to the fragment, and form_post goes where it is told.
    const place = /\b(id_token|token)\b/.test(responseType) ? 'fragment' : 'query';

    test(`response_type ${responseType}: unsupported_response_type, in the ${place}`, async () => {
      rp.checkError(await rp.authorize({ response_type: responseType }), 'unsupported_response_type', place);
      rp.checkError(await rp.authorize({ response_type: responseType, prompt: 'none' }), 'unsupported_response_type', place);
      rp.checkError(await rp.authorize({ response_type: responseType, response_mode: 'form_post' }), 'unsupported_response_type', 'form_post');
    });

    test(`response_type ${responseType}: cannot be registered`, async () => {
      const answer = await register(world.server, { ...RelyingParty.metadata({}), response_types: [responseType] }, world.token);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json().error, 'invalid_client_metadata');
    });
  }

  test('response_mode: fragment and form_post with a code, by wish; query for nothing that holds a token', async () => {
    for (const response_mode of ['query', 'fragment', 'form_post']) {
      const asked = new RelyingParty(world, { responseType: 'code', responseMode: response_mode }, rp.client);
      await asked.complete();
    }
    rp.checkError(await rp.authorize({ response_mode: 'nonsense' }), 'invalid_request', 'query');
  });

  test('unsigned request objects and ID tokens', async () => {
    const { state, nonce, ...visible } = rp.request();
    const object = unsignedJwt({ ...visible, state, nonce });
    rp.checkError(await rp.authorize({ state: 'outer', request: object }), 'invalid_request_object');
    for (const field of ['id_token_signed_response_alg', 'request_object_signing_alg', 'userinfo_signed_response_alg']) {
      const answer = await register(world.server, RelyingParty.metadata({}, { [field]: 'none' }), world.token);
      assert.equal(answer.status, 400, field);
      assert.equal(answer.json().error, 'invalid_client_metadata');
    }
  });

  test('registering needs an initial access token', async () => {
    for (const token of [undefined, 'nonsense', `${world.token}x`]) {
      const answer = await register(world.server, RelyingParty.metadata({}), token);
      assert.equal(answer.status, 401, answer.text);
      assert.match(answer.headers['www-authenticate'], /^Bearer/);
    }
  });

  test('registration closed: no endpoint in discovery, and none that takes anything', async () => {
    const closed = await startWorld({ settings: { ...DEFAULTS, registration: 'closed' } });
    try {
      assert.equal(closed.discovery.registration_endpoint, undefined);
      const answer = await register(closed.server, RelyingParty.metadata({}), world.token);
      assert.ok([401, 403, 404].includes(answer.status), `${answer.status}`);
      assert.equal((await send(closed.server.url('/register/x'), { headers: { authorization: 'Bearer x' } })).status, answer.status);
    } finally {
      await closed.stop();
    }
  });
});

describe('implicit and hybrid, allowed but not to this application', () => {
  let world;
  before(async () => { world = await startWorld(); });
  after(() => world?.stop());

  for (const responseType of RESPONSE_TYPES.slice(1)) {
    test(`${responseType}: unauthorized_client for an application of the code flow`, async () => {
      const rp = await RelyingParty.register(world, { responseType: 'code' });
      rp.checkError(await rp.authorize({ response_type: responseType }), 'unauthorized_client', 'fragment');
    });

    test(`${responseType}: never in the query`, async () => {
      const rp = await RelyingParty.register(world, { responseType });
      rp.checkError(await rp.authorize({ response_mode: 'query' }), 'invalid_request', 'fragment');
      await rp.authorize({ response_mode: 'fragment' }).then((answer) => rp.checkSuccess(answer));
    });

    test(`${responseType}: no other combination than the registered one`, async () => {
      const rp = await RelyingParty.register(world, { responseType });
      for (const other of RESPONSE_TYPES.filter((type) => type !== responseType)) {
        rp.checkError(await rp.authorize({ response_type: other }), 'unauthorized_client', other === 'code' ? 'query' : 'fragment');
      }
    });

    test(`${responseType}: no unsigned ID token through the browser`, async () => {
      if (responseType === 'code token') return;
      const answer = await RelyingParty.attempt(world, { responseType }, { id_token_signed_response_alg: 'none' });
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json().error, 'invalid_client_metadata');
    });
  }

  test('web applications with the implicit grant: https only, and not localhost', async () => {
    for (const uri of ['http://127.0.0.1/cb', 'http://localhost/cb', 'https://localhost/cb']) {
      const answer = await RelyingParty.attempt(world, { responseType: 'id_token' }, { redirect_uris: [uri] });
      assert.equal(answer.status, 400, uri);
      assert.equal(answer.json().error, 'invalid_redirect_uri');
    }
  });
});
