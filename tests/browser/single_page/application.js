// A single-page application on npm's oidc-client-ts, as its README shows it. /settings.json says who it is.
'use strict';

const show = (text) => { document.getElementById('state').textContent = text; };

async function start() {
  const { authority, client_id } = await (await fetch('/settings.json')).json();
  const home = `${location.origin}/`;
  const manager = new oidc.UserManager({
    authority,
    client_id,
    redirect_uri: home,
    post_logout_redirect_uri: home,
    response_type: 'code',
    scope: 'openid profile email offline_access',
    loadUserInfo: true,
    automaticSilentRenew: false,
    revokeTokenTypes: ['refresh_token', 'access_token'],
    userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
  });
  window.manager = manager;

  const describe = (user) => (user ? `signed in as ${user.profile.email}` : 'signed out');
  const run = (id, action) => {
    document.getElementById(id).addEventListener('click', async () => {
      try {
        show(await action());
      } catch (error) {
        show(`failed: ${error.message}`);
      }
    });
  };
  run('sign-in', () => manager.signinRedirect({ state: { page: 'inbox' } }).then(() => 'leaving'));
  run('silent', async () => `renewed for ${(await manager.signinSilent()).profile.email}`);
  run('revoke', () => manager.revokeTokens().then(() => 'revoked'));
  run('sign-out', () => manager.signoutRedirect({ state: { page: 'goodbye' } }).then(() => 'leaving'));

  const query = new URLSearchParams(location.search);
  try {
    if (query.has('code') || query.has('error')) {
      window.answer = Object.fromEntries(query);
      const user = await manager.signinRedirectCallback();
      window.page = user.state.page;
      history.replaceState(null, '', '/');
      show(describe(user));
    } else if (query.has('state')) {
      const { userState } = await manager.signoutRedirectCallback();
      window.page = userState.page;
      history.replaceState(null, '', '/');
      show('back from signing out');
    } else {
      show(describe(await manager.getUser()));
    }
  } catch (error) {
    show(`failed: ${error.message}`);
  }
}

start();
