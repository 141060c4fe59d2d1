// Attacks on client assertions (CA-01, CA-02, CA-12 to CA-15).
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { addKeyClient, asAssertion, ASSERTION_TYPE, assertionClaims, makeKey, nowSeconds, proof, signJwt, unsignedJwt }
  from '../support/assertion.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { assertOAuthError, basic, call, randomText } from '../support/relying_party.mjs';

const RACERS = 32;

onEachBackend('CA assertions', (backend) => {
  let server;
  let fixtures;
  let rsa;
  let ec;
  let rsaClient;
  let ecClient;
  let shared;

  before(async () => {
    server = await startLatchkey({ backend });
    fixtures = await seed(server, { clients: ['web', 'post', 'spa'] });
    rsa = makeKey('RS256');
    ec = makeKey('ES256', { kid: 'ec-1' });
    rsaClient = await addKeyClient(server, [rsa]);
    ecClient = await addKeyClient(server, [ec], { metadata: { token_endpoint_auth_signing_alg: 'ES256' } });
    shared = await server.addClient({ name: 'Shared', redirect_uris: ['https://shared.test/cb'],
      method: 'client_secret_jwt' });
  });
  after(() => server?.stop());

  const ask = (form, headers = {}, at = server) =>
    call(at, '/introspect', undefined, { token: 'x', ...form }, { headers });
  const refused = async (form, headers) => assertOAuthError(await ask(form, headers), 401, 'invalid_client');
  const accepted = async (form) => assert.equal((await ask(form)).status, 200);
  const ecProof = (changes, options) => proof(server, ecClient, ec, changes, options);

  test('CA-01 an assertion and another method at once', async () => {
    const { web } = fixtures;
    const header = { authorization: basic(web.client_id, web.client_secret) };
    assertOAuthError(await ask(ecProof(), header), 400, 'invalid_request');
    assertOAuthError(await ask({ ...ecProof(), client_secret: 'x' }), 400, 'invalid_request');
    assertOAuthError(await ask(ecProof(), { authorization: 'Bearer x' }), 400, 'invalid_request');
    assertOAuthError(await ask({ client_assertion_type: ASSERTION_TYPE }, header), 400, 'invalid_request');
    const twice = [['token', 'x'], ...Object.entries(ecProof()), ...Object.entries(ecProof())];
    assertOAuthError(await send(server.url('/introspect'), { method: 'POST', form: twice }), 400, 'invalid_request');
  });

  test('CA-02 the registered method and no other', async () => {
    await refused({ client_id: ecClient.client_id });
    await refused({ client_id: ecClient.client_id, client_secret: 'x' });
    await refused({}, { authorization: basic(ecClient.client_id, '') });
    await refused({ client_id: shared.client_id, client_secret: shared.client_secret });
    await refused({}, { authorization: basic(shared.client_id, shared.client_secret) });
    for (const client of [fixtures.web, fixtures.post, fixtures.spa]) {
      await refused(proof(server, client, ec));
      if (client.client_secret) await refused(proof(server, client));
    }
    await refused(proof(server, { ...ecClient, client_secret: 'x' }));
    await refused(proof(server, shared, ec));
    await refused({ ...ecProof(), client_id: rsaClient.client_id });
    for (const type of ['', 'x', 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer', `${ASSERTION_TYPE} `]) {
      await refused({ ...ecProof(), client_assertion_type: type });
    }
  });

  test('CA-12 algorithm confusion', async () => {
    const claims = () => assertionClaims(server, rsaClient);
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
    const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' });
    const secrets = [pem, pem.trim(), pkcs1, rsa.publicKey.export({ type: 'spki', format: 'der' }),
      rsa.publicKey.export({ type: 'pkcs1', format: 'der' }), JSON.stringify(rsa.jwk), rsa.jwk.n,
      Buffer.from(rsa.jwk.n, 'base64url'), ''];
    for (const key of secrets) {
      await refused(asAssertion(signJwt(claims(), { key, alg: 'HS256' })));
      await refused(asAssertion(signJwt(claims(), { key, alg: 'HS256', header: { alg: 'RS256' } })));
    }
    for (const alg of ['none', 'None', 'nOnE', 'NONE', '', null, 0, 'RS1', 'HS256 ', ['RS256']]) {
      await refused(asAssertion(unsignedJwt(claims(), { alg })));
      await refused(asAssertion(`${unsignedJwt(claims(), { alg })}AAAA`));
    }
    // Another algorithm than the one registered, or than the one of the key.
    const both = makeKey('RS256', { kid: 'r' });
    const strict = await addKeyClient(server, [both, makeKey('ES256', { kid: 'e' })],
      { metadata: { token_endpoint_auth_signing_alg: 'ES256' } });
    await refused(proof(server, strict, both));
    await refused(proof(server, rsaClient, rsa, {}, { alg: 'PS256' }));
    await accepted(proof(server, rsaClient, rsa));
    // The secret of one as the key of another.
    await refused(asAssertion(signJwt(assertionClaims(server, shared), { key: '', alg: 'HS256' })));
    await refused(asAssertion(signJwt(assertionClaims(server, shared), { key: fixtures.web.client_secret, alg: 'HS256' })));
    const input = unsignedJwt(assertionClaims(server, shared), { alg: 'HS256' }).slice(0, -1);
    await refused(asAssertion(`${input}.${createHmac('sha256', shared.client_secret).update(input).digest()
      .subarray(0, 16).toString('base64url')}`));
  });

  test('CA-13 keys and other orders in the header', async () => {
    let hits = 0;
    const canary = http.createServer((_, answer) => {
      hits++;
      answer.end(JSON.stringify({ keys: [thief.jwk] }));
    });
    const thief = makeKey('ES256', { kid: 'thief' });
    await new Promise((done) => { canary.listen(0, '127.0.0.1', done); });
    const url = `http://127.0.0.1:${canary.address().port}/keys`;
    try {
      for (const header of [{ jwk: thief.jwk }, { jku: url }, { x5u: url }, { x5c: ['AAAA'] }, { jku: url, kid: 'thief' },
        { kid: '../../etc/passwd' }, { kid: '/dev/null' }, { kid: "' OR 1=1--" }, { kid: 'thief' }, { kid: '' }, {}]) {
        await refused(proof(server, ecClient, { ...thief, alg: 'ES256' }, {}, { header }));
      }
      // Signed rightly, the header's keys are still not looked at, and orders not understood are refused.
      await accepted(ecProof({}, { header: { jku: url, x5u: url, kid: 'ec-1' } }));
      for (const header of [{ crit: ['x'] }, { crit: ['x'], x: 1 }, { crit: [] }, { b64: false }, { b64: false, crit: ['b64'] },
        { kid: 7 }, { kid: null }, { typ: 'at+jwt' }, { typ: 'oauth-authz-req+jwt' }, { typ: 'dpop+jwt' }, { typ: 7 },
        { kid: '../../etc/passwd' }, { kid: "ec-1' OR 1=1--" }]) {
        await refused(ecProof({}, { header }));
      }
      assert.equal(hits, 0);
    } finally {
      await new Promise((done) => { canary.close(done); });
    }
  });

  test('CA-14 audience and the other claims', async () => {
    const { issuer } = server;
    for (const aud of [undefined, null, '', 'https://other.test', 'https://other.test/token', `${issuer}/`, `${issuer}/par`,
      `${issuer}/token/`, `${issuer}/token?x`, issuer.toUpperCase(), `${issuer}.evil.test`, [issuer],
      [issuer, 'https://other.test/token'], [`${issuer}/token`], [], { issuer }, 1]) {
      await refused(ecProof({ aud }));
    }
    for (const name of ['iss', 'sub', 'jti', 'exp']) {
      for (const value of [undefined, null, '', 0, [ecClient.client_id]]) await refused(ecProof({ [name]: value }));
    }
    await refused(ecProof({ iss: rsaClient.client_id }));
    await refused(ecProof({ sub: rsaClient.client_id }));
    await refused(ecProof({ iss: rsaClient.client_id, sub: rsaClient.client_id }));
    await refused(ecProof({ iss: 'nobody', sub: 'nobody' }));
    await refused(ecProof({ jti: 'j'.repeat(256) }));
    const now = nowSeconds();
    for (const times of [{ exp: now - 300 }, { exp: now + 3600 }, { exp: 1e308 }, { exp: `${now + 60}` }, { exp: -1 },
      { nbf: now + 75 }, { nbf: '0' }, { iat: now + 75 }, { iat: true }]) {
      await refused(ecProof(times));
    }
    await accepted(ecProof());
    // A claim that stands twice: readers differ in which one counts.
    const good = JSON.stringify(assertionClaims(server, ecClient));
    await refused(asAssertion(signJwt(`${good.slice(0, -1)},"aud":"https://other.test"}`, { key: ec.privateKey, alg: 'ES256' })));
    await refused(asAssertion(signJwt(`${good.slice(0, -1)},"jti":"${randomText()}"}`, { key: ec.privateKey, alg: 'ES256' })));
    for (const text of ['x', 'a.b', 'a.b.c', '..', 'a.b.c.d.e', 'x'.repeat(20_000)]) await refused(asAssertion(text));
  });

  test('CA-14 one answer for an unknown client and a wrong signature', async () => {
    const thief = makeKey('ES256');
    const descriptions = [];
    for (const client of [ecClient, { client_id: 'nobody' }]) {
      const answer = await ask(proof(server, client, thief));
      assertOAuthError(answer, 401, 'invalid_client');
      descriptions.push(answer.json().error_description.replace(/\S*\d\S*/g, ''));
    }
    assert.equal(descriptions[0].split(':')[0], descriptions[1].split(':')[0]);
  });

  test('CA-15 an assertion counts once', async () => {
    const form = ecProof();
    await accepted(form);
    await refused(form);
    // At another endpoint, and signed anew with the same jti.
    assertOAuthError(await call(server, '/revoke', undefined, { token: 'x', ...form }), 401, 'invalid_client');
    const jti = randomText();
    await accepted(ecProof({ jti }));
    await refused(ecProof({ jti }));
    // A jti belongs to one client.
    await accepted(proof(server, rsaClient, rsa, { jti }));
    // A forger uses nothing up.
    const spared = randomText();
    await refused(proof(server, ecClient, makeKey('ES256'), { jti: spared }));
    await refused(ecProof({ jti: spared, aud: 'https://other.test' }));
    await accepted(ecProof({ jti: spared }));
    await server.restart();
    await refused(form);
    await refused(ecProof({ jti }));
  });

  test(`CA-15 ${RACERS} at once on every node`, async () => {
    const nodes = [server];
    if (backend === 'postgresql') nodes.push(await server.secondNode());
    try {
      for (let round = 0; round < 3; round++) {
        const form = ecProof();
        const answers = await Promise.all(Array.from({ length: RACERS }, (_, index) =>
          call({ url: (path) => server.url(path), port: nodes[index % nodes.length].port }, '/introspect', undefined,
            { token: 'x', ...form }, { fresh: true })));
        const statuses = answers.map(({ status }) => status);
        assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join(' '));
        assert.equal(statuses.filter((status) => status === 401).length, RACERS - 1, statuses.join(' '));
      }
    } finally {
      for (const node of nodes.slice(1)) await node.stop();
    }
  });
});
