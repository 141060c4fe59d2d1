-- Signing in by mail, sign-up, the mail queue, history and branding, for PostgreSQL.
-- 0003_people.sqlite.sql holds the same: a test compares them.

ALTER TABLE clients ADD COLUMN login_method TEXT NOT NULL DEFAULT ''
  CHECK (login_method IN ('', 'password', 'magic_link', 'password_or_magic_link'));
ALTER TABLE clients ADD COLUMN self_signup bigint CHECK (self_signup IN (0, 1));
ALTER TABLE clients ADD COLUMN required_acr TEXT NOT NULL DEFAULT '';

ALTER TABLE users ADD COLUMN deleted_at bigint;

ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';

CREATE TABLE email_challenges (
  id bigint PRIMARY KEY,
  digest TEXT NOT NULL,
  purpose TEXT NOT NULL
    CHECK (purpose IN ('sign_in', 'sign_up', 'reset_password', 'change_email')),
  client_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  email_fold TEXT NOT NULL,
  binding TEXT NOT NULL,
  code_digest TEXT NOT NULL,
  number TEXT NOT NULL,
  payload TEXT NOT NULL,
  asked_from TEXT NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  code_attempts bigint NOT NULL,
  number_attempts bigint NOT NULL,
  approved_at bigint,
  used_at bigint
);
CREATE INDEX email_challenges_by_email ON email_challenges (email_fold);
CREATE INDEX email_challenges_by_user ON email_challenges (user_id);

CREATE TABLE mail (
  id bigint PRIMARY KEY,
  kind TEXT NOT NULL,
  address_fold TEXT NOT NULL,
  sealed TEXT NOT NULL,
  client_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('queued', 'accepted', 'bounced', 'failed', 'expired', 'suppressed', 'decoy')),
  attempts bigint NOT NULL,
  last_result TEXT NOT NULL,
  created_at bigint NOT NULL,
  next_attempt_at bigint NOT NULL,
  not_after bigint NOT NULL,
  finished_at bigint
);
CREATE INDEX mail_due ON mail (next_attempt_at) WHERE state = 'queued';
CREATE INDEX mail_decoys ON mail (finished_at) WHERE state = 'decoy';
CREATE INDEX mail_finished ON mail (finished_at)
  WHERE finished_at IS NOT NULL AND state <> 'decoy';
CREATE INDEX mail_by_address ON mail (address_fold, id);

CREATE TABLE mail_suppressions (
  address_fold TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  created_at bigint NOT NULL
);

CREATE TABLE user_history (
  id bigint PRIMARY KEY,
  user_id TEXT NOT NULL,
  occurred_at bigint NOT NULL,
  what TEXT NOT NULL,
  method TEXT NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL,
  client_id TEXT NOT NULL
);
CREATE INDEX user_history_by_user ON user_history (user_id, id);

CREATE TABLE branding (
  client_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  primary_color TEXT NOT NULL,
  logo_type TEXT NOT NULL,
  logo TEXT NOT NULL,
  email_from_name TEXT NOT NULL,
  reply_to_email TEXT NOT NULL,
  support_email TEXT NOT NULL,
  support_url TEXT NOT NULL,
  updated_at bigint NOT NULL
);
