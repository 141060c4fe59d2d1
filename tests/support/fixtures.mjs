// Owns: the applications and people that the tests share, registered through the command line.
export const ALICE = { email: 'alice@example.com', name: 'Alice Example', password: 'violet-Harbour-92-lantern' };
export const MALLORY = { email: 'mallory@example.com', name: 'Mallory', password: 'crooked-Pebble-17-orchard' };
export const DISABLED = { email: 'disabled@example.com', name: 'Gone', password: 'quiet-Marble-58-thicket' };

const CLIENTS = {
  web: { name: 'Web', redirect_uris: ['https://rp.test/cb'],
    metadata: { post_logout_redirect_uris: ['https://rp.test/out', 'https://rp.test/out?a=b'] } },
  post: { name: 'Post', redirect_uris: ['https://post.test/cb'], method: 'client_secret_post' },
  spa: { name: 'Single page', redirect_uris: ['https://spa.test/cb'], public: true },
  native: { name: 'Native', redirect_uris: ['http://127.0.0.1/cb', 'http://[::1]/cb', 'com.ex.app:/cb'],
    public: true },
  evil: { name: 'Evil', redirect_uris: ['https://evil.test/cb'] },
  trusted: { name: 'Trusted', redirect_uris: ['https://trusted.test/cb'], first_party: true },
  legacy: { name: 'Legacy', redirect_uris: ['https://legacy.test/cb'], pkce_optional: true },
  codeOnly: { name: 'Code only', redirect_uris: ['https://code.test/cb'], grant_types: ['authorization_code'] },
};

const USERS = { alice: ALICE, mallory: MALLORY, disabled: DISABLED };

/**
 * @param server a Latchkey
 * @param {{ clients?: string[], users?: string[] }} what names from the lists above
 * @returns {Promise<Record<string, any>>} clients and people by name
 */
export async function seed(server, { clients = ['web'], users = ['alice'] } = {}) {
  const made = {};
  for (const name of clients) made[name] = await server.addClient(CLIENTS[name]);
  for (const name of users) made[name] = await server.addUser(USERS[name]);
  if (users.includes('disabled')) await server.command(['user', 'disable', DISABLED.email]);
  return made;
}
