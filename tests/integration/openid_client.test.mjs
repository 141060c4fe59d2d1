// openid-client from npm, unmodified: what an application with this library meets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as client from 'openid-client';

import { Browser, signIn } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';

const METHODS = {
  web: (secret) => client.ClientSecretBasic(secret),
  post: (secret) => client.ClientSecretPost(secret),
  spa: () => client.None(),
};

async function rejectsWith(promise, error) {
  await assert.rejects(promise, (thrown) => {
    assert.equal(thrown.error, error, `${thrown}`);
    return true;
  });
}

onEachBackend('openid-client', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'post', 'spa'] });
  });
  after(() => server?.stop());

  async function discover(name) {
    const { client_id: id, client_secret: secret } = fixtures[name];
    return client.discovery(new URL(server.issuer), id, secret, METHODS[name](secret),
      { execute: [client.allowInsecureRequests] });
  }

  /** @returns the tokens of a complete sign-in */
  async function authorize(config, name, parameters = {}) {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const nonce = client.randomNonce();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: fixtures[name].redirect_uris[0],
      scope: 'openid profile email offline_access',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...parameters,
    });
    const page = await signIn(new Browser(server), url, fixtures.alice);
    return client.authorizationCodeGrant(config, new URL(page.redirect), {
      pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
    });
  }

  for (const name of Object.keys(METHODS)) {
    test(`${name}: sign-in, userinfo, refresh, revocation`, async () => {
      const config = await discover(name);
      client.enableNonRepudiationChecks(config);
      const tokens = await authorize(config, name);
      const { sub } = tokens.claims();
      assert.equal(tokens.token_type, 'bearer');
      assert.ok(tokens.expires_in > 0 && tokens.expires_in <= 900);

      const person = await client.fetchUserInfo(config, tokens.access_token, sub);
      assert.equal(person.email, 'alice@example.com');
      assert.equal(person.email_verified, true);
      assert.equal(person.name, 'Alice Example');

      const second = await client.refreshTokenGrant(config, tokens.refresh_token);
      assert.notEqual(second.refresh_token, tokens.refresh_token);
      assert.equal(second.claims().sub, sub);
      assert.equal(second.claims().auth_time, tokens.claims().auth_time);
      assert.equal((await client.fetchUserInfo(config, second.access_token, sub)).sub, sub);

      await client.tokenRevocation(config, second.refresh_token);
      await rejectsWith(client.refreshTokenGrant(config, second.refresh_token), 'invalid_grant');
      await assert.rejects(client.fetchUserInfo(config, second.access_token, sub));
    });
  }

  test('introspection tells the life of a token', async () => {
    const config = await discover('web');
    const tokens = await authorize(config, 'web');
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      const answer = await client.tokenIntrospection(config, token);
      assert.equal(answer.active, true);
      assert.equal(answer.client_id, fixtures.web.client_id);
      assert.equal(answer.sub, tokens.claims().sub);
      assert.ok(answer.exp > Date.now() / 1000);
      assert.deepEqual(new Set(answer.scope.split(' ')), new Set(['openid', 'profile', 'email', 'offline_access']));
    }
    assert.deepEqual(await client.tokenIntrospection(config, 'nonsense'), { active: false });
    await client.tokenRevocation(config, tokens.access_token, { token_type_hint: 'access_token' });
    assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false });
    await client.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'access_token' });
    assert.deepEqual(await client.tokenIntrospection(config, tokens.refresh_token), { active: false });
  });

  test('a refresh token used twice ends the family', async () => {
    const config = await discover('web');
    const first = await authorize(config, 'web');
    const second = await client.refreshTokenGrant(config, first.refresh_token);
    const third = await client.refreshTokenGrant(config, second.refresh_token);
    await rejectsWith(client.refreshTokenGrant(config, first.refresh_token), 'invalid_grant');
    await rejectsWith(client.refreshTokenGrant(config, third.refresh_token), 'invalid_grant');
    for (const token of [first, second, third]) {
      assert.equal((await client.tokenIntrospection(config, token.access_token)).active, false);
    }
  });

  test('a smaller scope can be asked for at refresh, a larger one cannot', async () => {
    const config = await discover('web');
    const first = await authorize(config, 'web', { scope: 'openid email profile' });
    const smaller = await client.refreshTokenGrant(config, first.refresh_token, { scope: 'openid email' });
    assert.deepEqual(new Set(smaller.scope.split(' ')), new Set(['openid', 'email']));
    const person = await client.fetchUserInfo(config, smaller.access_token, smaller.claims().sub);
    assert.equal(person.name, undefined);
    assert.equal(person.email, 'alice@example.com');
    await rejectsWith(client.refreshTokenGrant(config, smaller.refresh_token, { scope: 'openid phone' }),
      'invalid_scope');
  });

  test('sign-out address', async () => {
    const config = await discover('web');
    const tokens = await authorize(config, 'web');
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://rp.test/out', state: 's',
    });
    assert.equal(url.origin + url.pathname, server.url('/logout'));
  });
});
