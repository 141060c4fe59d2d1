-- The first schema, for PostgreSQL. 0001_initial.sqlite.sql holds the same: a test compares them.
-- What tables and columns mean stands in README.md.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value bigint NOT NULL
);
INSERT INTO meta (name, value) VALUES ('node_sequence', 0);

CREATE TABLE clients (
  client_id TEXT PRIMARY KEY,
  metadata TEXT NOT NULL,
  client_secret_digest TEXT NOT NULL,
  first_party bigint NOT NULL CHECK (first_party IN (0, 1)),
  pkce_required bigint NOT NULL CHECK (pkce_required IN (0, 1)),
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  removed_at bigint
);

CREATE TABLE client_redirect_uris (
  client_id TEXT NOT NULL REFERENCES clients (client_id),
  position bigint NOT NULL,
  uri TEXT NOT NULL,
  expires_at bigint,
  PRIMARY KEY (client_id, position)
);

CREATE TABLE client_origins (
  origin TEXT NOT NULL,
  client_id TEXT NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (origin, client_id, position),
  FOREIGN KEY (client_id, position) REFERENCES client_redirect_uris (client_id, position)
);

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
  claims TEXT NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  credentials_changed_at bigint NOT NULL,
  signed_in_at bigint
);

CREATE TABLE user_emails (
  fold TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  position bigint NOT NULL,
  address TEXT NOT NULL,
  verified bigint NOT NULL CHECK (verified IN (0, 1)),
  UNIQUE (user_id, position)
);

CREATE TABLE authenticators (
  id bigint PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL CHECK (length(kind) > 0),
  data TEXT NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX authenticators_by_user ON authenticators (user_id);
CREATE UNIQUE INDEX authenticators_one_password ON authenticators (user_id)
  WHERE kind = 'password';

CREATE TABLE browsers (
  id bigint PRIMARY KEY,
  digest TEXT NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ended_at bigint
);

CREATE TABLE sessions (
  id bigint PRIMARY KEY,
  browser_id bigint NOT NULL REFERENCES browsers (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  sid TEXT NOT NULL,
  auth_time bigint NOT NULL,
  amr TEXT NOT NULL,
  acr TEXT NOT NULL,
  created_at bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ended_at bigint
);
CREATE INDEX sessions_by_browser ON sessions (browser_id);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE session_clients (
  session_id bigint NOT NULL REFERENCES sessions (id),
  client_id TEXT NOT NULL REFERENCES clients (client_id),
  first_at bigint NOT NULL,
  PRIMARY KEY (session_id, client_id)
);

CREATE TABLE consents (
  user_id TEXT NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL REFERENCES clients (client_id),
  scope TEXT NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (user_id, client_id)
);

CREATE TABLE grants (
  id bigint PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL REFERENCES clients (client_id),
  session_id bigint,
  scope TEXT NOT NULL,
  offline_access bigint NOT NULL CHECK (offline_access IN (0, 1)),
  auth_time bigint NOT NULL,
  amr TEXT NOT NULL,
  acr TEXT NOT NULL,
  sid TEXT NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  revoked_at bigint
);
CREATE INDEX grants_by_user ON grants (user_id);

CREATE TABLE authorization_codes (
  id bigint PRIMARY KEY,
  digest TEXT NOT NULL,
  grant_id bigint NOT NULL,
  client_id TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  code_challenge TEXT NOT NULL,
  nonce TEXT NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint
);

CREATE TABLE refresh_tokens (
  id bigint PRIMARY KEY,
  digest TEXT NOT NULL,
  grant_id bigint NOT NULL,
  client_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  parent_row bigint,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  absolute_expires_at bigint NOT NULL,
  used_at bigint,
  successor_row bigint,
  successor_sealed TEXT
);
CREATE INDEX refresh_tokens_sealed ON refresh_tokens (used_at)
  WHERE successor_sealed IS NOT NULL;

CREATE TABLE revoked_tokens (
  jti TEXT PRIMARY KEY,
  revoked_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  alg TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('announced', 'active', 'verifying', 'retired')),
  public_jwk TEXT NOT NULL,
  sealed_private TEXT NOT NULL,
  created_at bigint NOT NULL,
  signs_from bigint NOT NULL,
  verifies_until bigint
);

CREATE TABLE purpose_keys (
  id TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  sealed TEXT NOT NULL,
  created_at bigint NOT NULL
);

CREATE TABLE throttle (
  bucket TEXT PRIMARY KEY,
  count bigint NOT NULL CHECK (count >= 0),
  window_ends_at bigint NOT NULL
);
CREATE INDEX throttle_by_end ON throttle (window_ends_at);

CREATE TABLE failures (
  id TEXT PRIMARY KEY,
  occurred_at bigint NOT NULL,
  kind TEXT NOT NULL,
  rule TEXT NOT NULL,
  expected TEXT NOT NULL,
  received TEXT NOT NULL,
  client_id TEXT NOT NULL,
  source TEXT NOT NULL,
  route TEXT NOT NULL,
  status bigint NOT NULL
);
CREATE INDEX failures_by_time ON failures (occurred_at);

CREATE TABLE audit (
  id bigint PRIMARY KEY,
  occurred_at bigint NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  address TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
);
