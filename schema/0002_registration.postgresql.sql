-- Registration, pushed requests, assertions, logout deliveries and key rotation, for PostgreSQL.
-- 0002_registration.sqlite.sql holds the same: a test compares them.

ALTER TABLE clients ADD COLUMN client_secret_sealed TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN quarantined bigint NOT NULL DEFAULT 0
  CHECK (quarantined IN (0, 1));
ALTER TABLE clients ADD COLUMN registration_access_token_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN last_used_at bigint;
CREATE INDEX clients_unverified ON clients (COALESCE(last_used_at, created_at))
  WHERE quarantined = 1 AND removed_at IS NULL;
INSERT INTO meta (name, value) VALUES ('quarantined_clients', 0);
CREATE INDEX client_origins_by_client ON client_origins (client_id, position);

CREATE TABLE initial_access_tokens (
  id bigint PRIMARY KEY,
  digest TEXT NOT NULL,
  label TEXT NOT NULL,
  uses_left bigint NOT NULL CHECK (uses_left >= 0),
  uses_total bigint NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  last_used_at bigint,
  revoked_at bigint
);

CREATE TABLE pushed_requests (
  id bigint PRIMARY KEY,
  digest TEXT NOT NULL,
  client_id TEXT NOT NULL,
  parameters TEXT NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint
);

CREATE TABLE client_assertions (
  digest TEXT PRIMARY KEY,
  expires_at bigint NOT NULL
);
CREATE INDEX client_assertions_by_end ON client_assertions (expires_at);

ALTER TABLE grants ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN claims TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN resources TEXT NOT NULL DEFAULT '';

ALTER TABLE sessions ADD COLUMN ending bigint;
CREATE INDEX sessions_by_ending ON sessions (ending) WHERE ending IS NOT NULL;
ALTER TABLE session_clients ADD COLUMN subject TEXT NOT NULL DEFAULT '';

CREATE TABLE logout_deliveries (
  id bigint PRIMARY KEY,
  client_id TEXT NOT NULL,
  uri TEXT NOT NULL,
  sid TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'delivered', 'failed')),
  attempts bigint NOT NULL,
  last_result TEXT NOT NULL,
  created_at bigint NOT NULL,
  next_attempt_at bigint NOT NULL,
  finished_at bigint
);
CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at)
  WHERE state = 'queued';
CREATE INDEX logout_deliveries_finished ON logout_deliveries (finished_at)
  WHERE finished_at IS NOT NULL;

ALTER TABLE signing_keys ADD COLUMN kept_until bigint;
CREATE UNIQUE INDEX signing_keys_one_announced ON signing_keys (alg) WHERE state = 'announced';
