-- The first schema, for SQLite. 0001_initial.postgresql.sql holds the same: a test compares them.
-- What tables and columns mean stands in README.md.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO meta (name, value) VALUES ('node_sequence', 0);

CREATE TABLE clients (
  client_id TEXT PRIMARY KEY,
  metadata TEXT NOT NULL,
  client_secret_digest TEXT NOT NULL,
  first_party INTEGER NOT NULL CHECK (first_party IN (0, 1)),
  pkce_required INTEGER NOT NULL CHECK (pkce_required IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE TABLE client_redirect_uris (
  client_id TEXT NOT NULL REFERENCES clients (client_id),
  position INTEGER NOT NULL,
  uri TEXT NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (client_id, position)
) STRICT;

CREATE TABLE client_origins (
  origin TEXT NOT NULL,
  client_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (origin, client_id, position),
  FOREIGN KEY (client_id, position) REFERENCES client_redirect_uris (client_id, position)
) STRICT;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
  claims TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  credentials_changed_at INTEGER NOT NULL,
  signed_in_at INTEGER
) STRICT;

CREATE TABLE user_emails (
  fold TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  position INTEGER NOT NULL,
  address TEXT NOT NULL,
  verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
  UNIQUE (user_id, position)
) STRICT;

CREATE TABLE authenticators (
  id INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL CHECK (length(kind) > 0),
  data TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX authenticators_by_user ON authenticators (user_id);
CREATE UNIQUE INDEX authenticators_one_password ON authenticators (user_id)
  WHERE kind = 'password';

CREATE TABLE browsers (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  browser_id INTEGER NOT NULL REFERENCES browsers (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  sid TEXT NOT NULL,
  auth_time INTEGER NOT NULL,
  amr TEXT NOT NULL,
  acr TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX sessions_by_browser ON sessions (browser_id);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE session_clients (
  session_id INTEGER NOT NULL REFERENCES sessions (id),
  client_id TEXT NOT NULL REFERENCES clients (client_id),
  first_at INTEGER NOT NULL,
  PRIMARY KEY (session_id, client_id)
) STRICT;

CREATE TABLE consents (
  user_id TEXT NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL REFERENCES clients (client_id),
  scope TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, client_id)
) STRICT;

CREATE TABLE grants (
  id INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL REFERENCES clients (client_id),
  session_id INTEGER,
  scope TEXT NOT NULL,
  offline_access INTEGER NOT NULL CHECK (offline_access IN (0, 1)),
  auth_time INTEGER NOT NULL,
  amr TEXT NOT NULL,
  acr TEXT NOT NULL,
  sid TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX grants_by_user ON grants (user_id);

CREATE TABLE authorization_codes (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  grant_id INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  code_challenge TEXT NOT NULL,
  nonce TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;

CREATE TABLE refresh_tokens (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  grant_id INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  parent_row INTEGER,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  absolute_expires_at INTEGER NOT NULL,
  used_at INTEGER,
  successor_row INTEGER,
  successor_sealed TEXT
) STRICT;
CREATE INDEX refresh_tokens_sealed ON refresh_tokens (used_at)
  WHERE successor_sealed IS NOT NULL;

CREATE TABLE revoked_tokens (
  jti TEXT PRIMARY KEY,
  revoked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  alg TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('announced', 'active', 'verifying', 'retired')),
  public_jwk TEXT NOT NULL,
  sealed_private TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  signs_from INTEGER NOT NULL,
  verifies_until INTEGER
) STRICT;

CREATE TABLE purpose_keys (
  id TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE throttle (
  bucket TEXT PRIMARY KEY,
  count INTEGER NOT NULL CHECK (count >= 0),
  window_ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX throttle_by_end ON throttle (window_ends_at);

CREATE TABLE failures (
  id TEXT PRIMARY KEY,
  occurred_at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  rule TEXT NOT NULL,
  expected TEXT NOT NULL,
  received TEXT NOT NULL,
  client_id TEXT NOT NULL,
  source TEXT NOT NULL,
  route TEXT NOT NULL,
  status INTEGER NOT NULL
) STRICT;
CREATE INDEX failures_by_time ON failures (occurred_at);

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  occurred_at INTEGER NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  address TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
