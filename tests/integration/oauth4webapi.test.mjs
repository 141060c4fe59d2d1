// oauth4webapi from npm, unmodified, with its strict checks of every answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';

import { Browser, signIn } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };

onEachBackend('oauth4webapi', (backend) => {
  let server;
  let fixtures;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'spa'] });
  });
  after(() => server?.stop());

  for (const algorithm of ['oidc', 'oauth2']) {
    test(`discovery (${algorithm})`, async () => {
      const issuer = new URL(server.issuer);
      const answer = await oauth.discoveryRequest(issuer, { algorithm, ...insecure });
      const as = await oauth.processDiscoveryResponse(issuer, answer);
      assert.equal(as.issuer, server.issuer);
    });
  }

  for (const name of ['web', 'spa']) {
    test(`${name}: every endpoint`, async () => {
      const issuer = new URL(server.issuer);
      const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
      const client = { client_id: fixtures[name].client_id };
      const auth = name === 'web' ? oauth.ClientSecretBasic(fixtures.web.client_secret) : oauth.None();
      const [redirectUri] = fixtures[name].redirect_uris;

      const verifier = oauth.generateRandomCodeVerifier();
      const state = oauth.generateRandomState();
      const nonce = oauth.generateRandomNonce();
      const url = new URL(as.authorization_endpoint);
      for (const [key, value] of Object.entries({
        client_id: client.client_id, redirect_uri: redirectUri, response_type: 'code', state, nonce,
        scope: 'openid email', max_age: '600', code_challenge_method: 'S256',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      })) url.searchParams.set(key, value);
      const page = await signIn(new Browser(server), url.href, fixtures.alice);
      const parameters = oauth.validateAuthResponse(as, client, new URL(page.redirect), state);

      const codeAnswer = await oauth.authorizationCodeGrantRequest(as, client, auth, parameters, redirectUri,
        verifier, insecure);
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, codeAnswer, {
        expectedNonce: nonce, maxAge: 600, requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(as, codeAnswer, insecure);
      const { sub } = oauth.getValidatedIdTokenClaims(tokens);

      const request = new Request('https://api.test/', { headers: { authorization: `Bearer ${tokens.access_token}` } });
      const claims = await oauth.validateJwtAccessToken(as, request, server.issuer, insecure);
      assert.equal(claims.sub, sub);

      const person = await oauth.processUserInfoResponse(as, client, sub,
        await oauth.userInfoRequest(as, client, tokens.access_token, insecure));
      assert.equal(person.email, 'alice@example.com');

      const second = await oauth.processRefreshTokenResponse(as, client,
        await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, insecure));
      assert.ok(second.refresh_token);

      if (name === 'web') {
        const answer = await oauth.processIntrospectionResponse(as, client,
          await oauth.introspectionRequest(as, client, auth, second.access_token, insecure));
        assert.equal(answer.active, true);
      }
      const third = await oauth.processRefreshTokenResponse(as, client,
        await oauth.refreshTokenGrantRequest(as, client, auth, second.refresh_token, insecure));
      const replayed = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, insecure);
      await assert.rejects(oauth.processRefreshTokenResponse(as, client, replayed), { error: 'invalid_grant' });
      const heir = await oauth.refreshTokenGrantRequest(as, client, auth, third.refresh_token, insecure);
      await assert.rejects(oauth.processRefreshTokenResponse(as, client, heir), { error: 'invalid_grant' });
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(as, client, auth, third.refresh_token, insecure));
    });
  }
});
