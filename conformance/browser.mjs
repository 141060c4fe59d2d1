// Owns: what the suite's scripted browser does on Latchkey's pages, as the `browser` and `override` members
// of a test configuration. Where a module wants a screenshot, the text of the page is stored instead, and
// the text that must stand there is named here.
import { PERSON } from './provider.mjs';

/** What the suite sends as login_hint. */
export const SIGN_IN_HINT = PERSON.email;

const SECONDS = 20;

const verified = (path, more = {}) => ({ task: 'Returned to the suite', match: `*/test/*/${path}*`, ...more });

/** Signs in, allows, and returns; a text makes the sign-in page fill a placeholder if there is one. */
function signIn(issuer, text) {
  const look = ['wait', 'xpath', '//*', SECONDS, text, 'update-image-placeholder-optional'];
  return {
    match: `${issuer}/authorize*`,
    tasks: [
      {
        task: 'Sign in', optional: true, match: `${issuer}/login*`,
        commands: [
          ...(text ? [look] : []),
          ['text', 'id', 'login-email', PERSON.email, 'optional'],
          ['text', 'id', 'login-password', PERSON.password],
          ['click', 'id', 'login-submit'],
        ],
      },
      {
        task: 'Consent', optional: true, match: `${issuer}/consent*`,
        commands: [['click', 'id', 'consent-allow']],
      },
      verified('callback', { commands: [['wait', 'id', 'submission_complete', SECONDS]] }),
    ],
  };
}

/** A request that ends on a page of ours with this text and, if named, this element. */
const endsOnPage = (issuer, path, page, text, element) => ({
  match: `${issuer}${path}*`,
  tasks: [{
    task: 'Page with the text expected', match: `${issuer}${page}*`,
    commands: [
      ...(element ? [['wait', 'css', element, SECONDS]] : []),
      ['wait', 'xpath', '//*', SECONDS, text, 'update-image-placeholder'],
    ],
  }],
});

const signOut = (issuer) => ({
  match: `${issuer}/logout*`,
  tasks: [
    {
      task: 'Confirm', optional: true, match: `${issuer}/logout*`,
      commands: [['click', 'id', 'logout-confirm', 'optional'],
        ['wait', 'contains', '/post_logout_redirect', SECONDS]],
    },
    verified('post_logout_redirect'),
  ],
});

/** A sign-out that cannot return: confirmed on our page, and it says so. */
const signOutHere = (issuer) => ({
  match: `${issuer}/logout*`,
  tasks: [
    {
      task: 'Confirm', match: `${issuer}/logout*`,
      commands: [['click', 'id', 'logout-confirm', 'optional']],
    },
    {
      task: 'Signed out', match: `${issuer}/logout*`,
      commands: [['wait', 'xpath', '//*', SECONDS, 'You are signed out', 'update-image-placeholder']],
    },
  ],
});

const sessionCheck = (page, result) => ({
  match: `*/test/*/${page}`,
  tasks: [{ task: 'Ask the session frame', commands: [['wait', 'contains', `/${result}`, SECONDS]] }],
});

/** @returns {object} the members `browser` and `override` */
export function browserScript(issuer) {
  const only = (...browser) => ({ browser });
  const badRedirect = only(endsOnPage(issuer, '/authorize', '/authorize',
    'redirect_uri of the request is not registered'));
  const noRedirect = only(endsOnPage(issuer, '/authorize', '/authorize', 'redirect_uri is missing'));
  const loginPage = (text, element) => only(endsOnPage(issuer, '/authorize', '/login', text, element));
  const signedOut = only(signIn(issuer), signOutHere(issuer));
  const notReturned = (text) => only(signIn(issuer), endsOnPage(issuer, '/logout', '/logout', text));
  const notRegistered = notReturned('post_logout_redirect_uri is not registered');
  const notOurs = notReturned('id_token_hint is no ID token that this server issued');
  const again = only(signIn(issuer, 'Sign in to continue'));
  return {
    browser: [
      signIn(issuer),
      signOut(issuer),
      sessionCheck('session_verify', 'session_result'),
      sessionCheck('second_session_verify', 'second_session_result'),
    ],
    override: {
      'oidcc-prompt-login': again,
      'oidcc-max-age-1': again,
      'oidcc-ensure-registered-redirect-uri': badRedirect,
      'oidcc-ensure-redirect-uri-in-authorization-request': noRedirect,
      'oidcc-redirect-uri-query-added': badRedirect,
      'oidcc-redirect-uri-query-mismatch': badRedirect,
      'oidcc-registration-logo-uri': loginPage('Sign in to continue', 'img.logo'),
      'oidcc-registration-policy-uri': loginPage('Privacy policy'),
      'oidcc-registration-tos-uri': loginPage('Terms of service'),
      'oidcc-rp-initiated-logout-no-params': signedOut,
      'oidcc-rp-initiated-logout-no-post-logout-redirect-uri': signedOut,
      'oidcc-rp-initiated-logout-only-state': signedOut,
      'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri': notRegistered,
      'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri': notRegistered,
      'oidcc-rp-initiated-logout-modified-id-token-hint': notOurs,
      'oidcc-rp-initiated-logout-bad-id-token-hint': notOurs,
      'oidcc-rp-initiated-logout-no-id-token-hint': notReturned('needs an id_token_hint or a client_id'),
    },
  };
}
