// Owns: the peer of the benchmark: oidc-provider from npm in one process, with its tokens in a Map (its own
// default store drops the oldest of 1000 entries, grants too). Its sign-in page is replaced by one that
// signs in whoever comes. Access tokens are opaque, as is its default; with the parameter `resource` they
// are JWTs signed with RS256, as Latchkey's are.
//   node oidc_provider.mjs PORT SETTINGS.json     SETTINGS: { clients, fillers, subject, resource }
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const [, , port, file] = process.argv;
const settings = JSON.parse(readFileSync(file, 'utf8'));
const rows = new Map();
const byGrant = new Map();

class MapAdapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    rows.set(this.key(id), payload);
    if (payload.uid) rows.set(`uid:${payload.uid}`, id);
    if (payload.grantId && this.model !== 'Session') {
      const list = byGrant.get(payload.grantId);
      if (list) list.push(this.key(id));
      else byGrant.set(payload.grantId, [this.key(id)]);
    }
  }

  async find(id) {
    return rows.get(this.key(id));
  }

  async findByUid(uid) {
    return this.find(rows.get(`uid:${uid}`));
  }

  async findByUserCode() {
    return undefined;
  }

  async consume(id) {
    rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    rows.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const key of byGrant.get(grantId) ?? []) rows.delete(key);
    byGrant.delete(grantId);
  }
}

for (let i = 0; i < settings.fillers; i++) {
  const id = `filler-${i}`;
  rows.set(`Client:${id}`, { ...settings.clients[0], client_id: id });
}

const makeKey = (kind, options, alg) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig',
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: MapAdapter,
  clients: settings.clients,
  jwks: {
    keys: [makeKey('rsa', { modulusLength: 2048 }, 'RS256'), makeKey('ec', { namedCurve: 'P-256' }, 'ES256')],
  },
  cookies: { keys: ['a key that only the benchmark uses'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    registration: { enabled: true, initialAccessToken: false },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: 'openid', audience: settings.resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  findAccount: async (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, name: 'Bench', email: 'bench@example.com', email_verified: true }),
  }),
});

async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: settings.subject, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  grant.addResourceScope(settings.resource, 'openid');
  await provider.interactionFinished(request, response, {
    login: { accountId: settings.subject }, consent: { grantId: await grant.save() },
  });
}

const serve = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return serve(request, response);
  return interact(request, response).catch((error) => response.writeHead(500).end(String(error)));
}).listen(Number(port), '127.0.0.1');
