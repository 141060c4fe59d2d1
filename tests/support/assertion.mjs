// Owns: JWTs as an application makes them (client assertions, request objects), with every part open to
// being wrong. Signs with node:crypto alone, so that nothing refuses to make a bad one.
import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto';

import { randomText } from './relying_party.mjs';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const KINDS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};

/** A key pair for one algorithm: `jwk` is the public half, without a kid unless one is given. */
export function makeKey(alg = 'ES256', members = {}) {
  const { privateKey, publicKey } = generateKeyPairSync(...KINDS[alg]);
  return { alg, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg, ...members } };
}

const SIGNERS = {
  HS256: (input, secret) => createHmac('sha256', secret).update(input).digest(),
  RS256: (input, key) => sign('sha256', input, key),
  PS256: (input, key) => sign('sha256', input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  ES256: (input, key) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (input, key) => sign(null, input, key),
};

const encode = (part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/**
 * @param {object | string} claims a string is taken as it is
 * @param {object} options key (private key or secret), alg (how it is signed), header (what it says)
 */
export function signJwt(claims, { key, alg, header = {} }) {
  const input = `${encode({ alg, ...header })}.${encode(claims)}`;
  return `${input}.${SIGNERS[alg](Buffer.from(input), key).toString('base64url')}`;
}

export const unsignedJwt = (claims, header = {}) => `${encode({ alg: 'none', ...header })}.${encode(claims)}.`;

export const nowSeconds = () => Math.floor(Date.now() / 1000);

/** The claims of a sound assertion; undefined leaves one out. */
export function assertionClaims(server, client, changes = {}) {
  const now = nowSeconds();
  return { iss: client.client_id, sub: client.client_id, aud: server.issuer, jti: randomText(), iat: now, nbf: now,
    exp: now + 60, ...changes };
}

/** The form parameters of a client assertion that is already text. */
export const asAssertion = (text) => ({ client_assertion_type: ASSERTION_TYPE, client_assertion: text });

/** Form parameters by which a client of private_key_jwt or client_secret_jwt says who it is. */
export function proof(server, client, key, changes = {}, options = {}) {
  const how = key ? { key: key.privateKey, alg: key.alg } : { key: client.client_secret, alg: 'HS256' };
  return asAssertion(signJwt(assertionClaims(server, client, changes), { ...how, ...options }));
}

/** Registers a client of private_key_jwt with these keys. */
export function addKeyClient(server, keys, { name = 'Keys', metadata = {}, ...options } = {}) {
  return server.addClient({ name, redirect_uris: ['https://keys.test/cb'], method: 'private_key_jwt', ...options,
    metadata: { jwks: { keys: keys.map(({ jwk }) => jwk) }, ...metadata } });
}
