// Owns: dynamic registration from outside, in single steps (RFC 7591, RFC 7592).
import { send } from './http_client.mjs';

const bearer = (token) => (token === undefined ? {} : { authorization: `Bearer ${token}` });

/** What `latchkey client token add --json` prints; `initial_access_token` is the token itself. */
export async function addInitialAccess(server, ...flags) {
  return JSON.parse((await server.command(['client', 'token', 'add', ...flags, '--json'])).stdout);
}

/** POST /register; `metadata` may be text, to send what is no JSON. */
export function register(server, metadata, token, headers = {}) {
  return send(server.url('/register'), {
    method: 'POST',
    body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
    headers: { 'content-type': 'application/json', ...bearer(token), ...headers },
    port: server.port,
  });
}

/** GET, PUT or DELETE of one registered client. */
export function manage(server, method, clientId, token, metadata) {
  return send(server.url(`/register/${clientId}`), {
    method,
    body: metadata === undefined ? undefined : JSON.stringify(metadata),
    headers: { ...(metadata === undefined ? {} : { 'content-type': 'application/json' }), ...bearer(token) },
    port: server.port,
  });
}
