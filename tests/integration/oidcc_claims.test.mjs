// The claims parameter in full (OpenID Connect Core §5.5), acr, UserInfo and ID tokens in every algorithm,
// and pairwise subjects (§8.1): what the suite asks only in part.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

import { Browser, typePassword } from '../support/browser.mjs';
import { BACKENDS } from '../support/latchkey.mjs';
import { introspect } from '../support/relying_party.mjs';
import { RESPONSE_TYPES, RelyingParty, SCOPE_CLAIMS, halfHash, has, publish, startWorld, word } from '../support/suite.mjs';

const CODE = { responseType: 'code' };
const OURS = 'urn:latchkey:acr:pwd';
const EVERYTHING = Object.values(SCOPE_CLAIMS).flat();
const ask = (claims) => ({ claims: JSON.stringify(claims) });
const each = (names) => Object.fromEntries(names.map((name) => [name, null]));

for (const backend of BACKENDS) {
  describe(`claims [${backend}]`, { concurrency: 6 }, () => {
    let world;
    before(async () => { world = await startWorld({ backend }); });
    after(() => world?.stop());
    const register = (changes, variant = CODE) => RelyingParty.register(world, variant, changes);

    for (const responseType of RESPONSE_TYPES) {
      test(`${responseType}: each section gives what it names, and no more`, async () => {
        const rp = await register({}, { responseType });
        const inToken = ['email', 'birthdate'];
        const done = await rp.complete(ask({ userinfo: each(['name', 'address']), id_token: each(inToken) }), { given: inToken });
        assert.equal(done.claims.email, world.person.email);
        assert.equal(done.claims.birthdate, '1984-02-29');
        assert.equal(done.claims.name, undefined);
        if (!done.userinfo) return;
        assert.deepEqual(Object.keys(done.userinfo).sort(), ['address', 'name', 'sub']);
      });
    }

    test('every claim, one by one, in both places', async () => {
      const rp = await register();
      const done = await rp.complete(ask({ userinfo: each(EVERYTHING), id_token: each(EVERYTHING) }), { given: EVERYTHING });
      for (const name of EVERYTHING) {
        assert.notEqual(done.claims[name], undefined, name);
        assert.deepEqual(done.userinfo[name], done.claims[name], name);
      }
    });

    test('beside scopes, and with what is not known', async () => {
      const rp = await register();
      const done = await rp.complete({ scope: 'openid email', ...ask({
        userinfo: { 'https://other.test/claim': { essential: true }, nickname: { essential: false }, gender: { value: 'x' } },
        id_token: { auth_time: { essential: true }, 'name#de': null }, other: { name: null } }) });
      assert.deepEqual(Object.keys(done.userinfo).sort(), ['email', 'email_verified', 'gender', 'nickname', 'sub']);
      assert.ok(done.claims.auth_time);
    });

    test('a refreshed token still gives them', async () => {
      const rp = await register({ grant_types: ['authorization_code', 'refresh_token'] });
      const done = await rp.complete({ scope: 'openid offline_access', prompt: 'consent', ...ask({ userinfo: each(['name']) }) });
      const fresh = rp.checkTokenAnswer(await rp.refresh(done.tokens.refresh_token));
      assert.equal((await rp.userInfo(fresh.access_token, done.claims.sub)).name, 'Alice Beatrice Example');
    });

    test('the person is asked for each, and again for a new one only', async () => {
      const rp = await register();
      const browser = new Browser(world.server);
      const url = (changes) => `${world.discovery.authorization_endpoint}?${new URLSearchParams(rp.request(changes))}`;
      const page = await typePassword(browser, await browser.open(url(ask({ userinfo: each(['phone_number']) }))), world.person);
      assert.match(page.text, /Your phone number/);
      await browser.submit(page, 'consent-allow');
      assert.deepEqual((await rp.authorize(ask({ userinfo: each(['phone_number']) }), { browser })).steps, []);
      assert.deepEqual((await rp.authorize(ask({ id_token: each(['birthdate']) }), { browser })).steps, ['consent']);
      rp.checkError(await rp.authorize({ prompt: 'none', ...ask({ userinfo: each(['gender']) }) }, { browser }), 'consent_required');
    });

    test('what is no such object', async () => {
      const rp = await register();
      for (const claims of ['x', '[]', '1', '{"userinfo":1}', '{"userinfo":{"name":1}}', '{"userinfo":{"name":{"essential":1}}}',
        '{"userinfo":{"name":{"values":1}}}', '{"userinfo":{},"userinfo":{}}', `{"userinfo":{"${'x'.repeat(5000)}":null}}`]) {
        rp.checkError(await rp.authorize({ claims }), 'invalid_request');
      }
    });

    test('sub with a value: that person or nobody', async () => {
      const rp = await register();
      const { browser, claims } = await rp.complete();
      const insist = (value) => ask({ id_token: { sub: { value } } });
      rp.checkSuccess(await rp.authorize({ prompt: 'none', ...insist(claims.sub) }, { browser }));
      rp.checkError(await rp.authorize({ prompt: 'none', ...insist('somebody') }, { browser }), 'login_required');
    });

    test('acr: what is asked for and had stands in the ID token; essential and not to be had is an error', async () => {
      const rp = await register();
      const acr = (wish) => ask({ id_token: { acr: wish } });
      for (const wish of [null, { essential: true }, { essential: true, values: ['urn:other', OURS] }, { value: OURS },
        { values: ['urn:other'] }]) {
        assert.equal((await rp.complete(acr(wish))).claims.acr, OURS, JSON.stringify(wish));
      }
      for (const wish of [{ essential: true, value: 'urn:other' }, { essential: true, values: ['urn:other', 'urn:more'] }]) {
        for (const prompt of [undefined, 'none']) {
          rp.checkError(await rp.authorize({ prompt, ...acr(wish) }), 'unmet_authentication_requirements');
        }
      }
      // A wish of acr_values alone is a voluntary one.
      assert.equal((await rp.complete({ acr_values: 'urn:other' })).claims.acr, OURS);
    });

    test('default_max_age and require_auth_time', async () => {
      const rp = await register({ default_max_age: 10_000, require_auth_time: true, default_acr_values: [OURS] });
      const { claims } = await rp.complete();
      assert.ok(claims.auth_time);
      assert.equal(claims.acr, OURS);
      const strict = await register({ default_max_age: 0 });
      const { browser } = await strict.complete();
      assert.ok((await strict.authorize({}, { browser })).steps.includes('password'));
    });

    for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA']) {
      test(`${alg}: UserInfo as a JWT`, async () => {
        const rp = await register({ userinfo_signed_response_alg: alg });
        const { accessToken, claims } = await rp.complete({ scope: 'openid profile' });
        for (const how of ['get', 'header', 'body']) {
          const answer = await rp.fetchUserInfo(accessToken, how);
          assert.equal(answer.status, 200, answer.text);
          assert.match(answer.headers['content-type'], /^application\/jwt/);
          assert.match(answer.headers['cache-control'], /no-store/);
          const { payload } = await jwtVerify(answer.text, createLocalJWKSet(await world.jwks()),
            { issuer: world.server.issuer, audience: rp.client.client_id, algorithms: [alg] });
          assert.equal(payload.sub, claims.sub);
          assert.equal(payload.name, 'Alice Beatrice Example');
          assert.equal(payload.nonce, undefined);
        }
        assert.equal((await rp.fetchUserInfo('x')).status, 401);
      });

      test(`${alg}: ID tokens from both endpoints, with the hashes of that algorithm`, async () => {
        const rp = await register({ id_token_signed_response_alg: alg }, { responseType: 'code id_token token' });
        const { idToken, claims, answer } = await rp.complete();
        assert.equal(decodeProtectedHeader(idToken).alg, alg);
        assert.equal(claims.c_hash, halfHash(alg, answer.parameters.code));
        assert.equal(claims.at_hash, halfHash(alg, answer.parameters.access_token));
      });
    }
  });

  describe(`pairwise subjects [${backend}]`, () => {
    let world;
    before(async () => { world = await startWorld({ backend }); });
    after(() => world?.stop());
    const register = (changes, variant = CODE) => RelyingParty.register(world, variant, changes);
    const on = (host, more) => ({ redirect_uris: [`https://${host}/${word(8)}`], subject_type: 'pairwise', ...more });

    test('the same for one sector, another for each other, and never the public one', async () => {
      const rps = [await register(), await register(on('one.test')), await register(on('one.test')), await register(on('two.test'))];
      const subs = [];
      for (const rp of rps) subs.push((await rp.complete()).claims.sub);
      const [open, one, same, two] = subs;
      assert.equal(one, same);
      assert.equal(new Set([open, one, two]).size, 3);
      assert.equal((await rps[1].complete()).claims.sub, one);
    });

    test('several hosts share a sector by its document', async () => {
      const uris = [`https://one.test/${word(8)}`, `https://two.test/${word(8)}`];
      const uri = publish(world.host, `/${word(8)}/sector.json`, uris);
      const [first, second] = [await register(on('', { redirect_uris: [uris[0]], sector_identifier_uri: uri })),
        await register(on('', { redirect_uris: [uris[1]], sector_identifier_uri: uri }))];
      assert.equal((await first.complete()).claims.sub, (await second.complete()).claims.sub);
      const refused = await RelyingParty.attempt(world, CODE, { subject_type: 'pairwise', redirect_uris: uris });
      assert.equal(refused.status, 400);
      assert.equal(refused.json().error, 'invalid_client_metadata');
    });

    test('in every token, at UserInfo, at introspection, in hints, over refreshes and restarts', async () => {
      const grant_types = ['authorization_code', 'implicit', 'refresh_token'];
      for (const responseType of ['code', 'code id_token token']) {
        const rp = await register(on('one.test', { grant_types }), { responseType });
        const done = await rp.complete({ scope: 'openid offline_access', prompt: 'consent' });
        const { sub } = done.claims;
        const about = await introspect(world.server, rp.client, done.accessToken);
        assert.equal(about.active, true);
        assert.equal(about.sub, sub);
        assert.equal((await introspect(world.server, rp.client, done.tokens.refresh_token)).sub, sub);
        const again = await rp.complete({ prompt: 'none', id_token_hint: done.idToken }, { browser: done.browser });
        assert.equal(again.claims.sub, sub);
        rp.checkSuccess(await rp.authorize({ prompt: 'none', ...ask({ id_token: { sub: { value: sub } } }) }, { browser: done.browser }));
        await world.server.restart();
        const fresh = rp.checkTokenAnswer(await rp.refresh(done.tokens.refresh_token));
        assert.equal((await rp.userInfo(fresh.access_token, sub)).sub, sub);
        if (has(responseType, 'id_token')) assert.equal(done.atToken.sub, sub);
      }
    });

    test('the public subject of the person is no hint for such a client', async () => {
      const [open, hidden] = [await register(), await register(on('one.test'))];
      const { browser, idToken, claims } = await open.complete();
      hidden.checkSuccess(await hidden.authorize({}, { browser }));
      hidden.checkError(await hidden.authorize({ prompt: 'none', ...ask({ id_token: { sub: { value: claims.sub } } }) }, { browser }),
        'login_required');
      const { parameters } = await hidden.authorize({ prompt: 'none', id_token_hint: idToken }, { browser });
      assert.ok(parameters.error);
    });
  });
}
