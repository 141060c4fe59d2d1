-- Signing in by mail, sign-up, the mail queue, history and branding, for SQLite.
-- 0003_people.postgresql.sql holds the same: a test compares them.

ALTER TABLE clients ADD COLUMN login_method TEXT NOT NULL DEFAULT ''
  CHECK (login_method IN ('', 'password', 'magic_link', 'password_or_magic_link'));
ALTER TABLE clients ADD COLUMN self_signup INTEGER CHECK (self_signup IN (0, 1));
ALTER TABLE clients ADD COLUMN required_acr TEXT NOT NULL DEFAULT '';

ALTER TABLE users ADD COLUMN deleted_at INTEGER;

ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';

CREATE TABLE email_challenges (
  id INTEGER PRIMARY KEY,
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
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  code_attempts INTEGER NOT NULL,
  number_attempts INTEGER NOT NULL,
  approved_at INTEGER,
  used_at INTEGER
) STRICT;
CREATE INDEX email_challenges_by_email ON email_challenges (email_fold);
CREATE INDEX email_challenges_by_user ON email_challenges (user_id);

CREATE TABLE mail (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  address_fold TEXT NOT NULL,
  sealed TEXT NOT NULL,
  client_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('queued', 'accepted', 'bounced', 'failed', 'expired', 'suppressed', 'decoy')),
  attempts INTEGER NOT NULL,
  last_result TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;
CREATE INDEX mail_due ON mail (next_attempt_at) WHERE state = 'queued';
CREATE INDEX mail_decoys ON mail (finished_at) WHERE state = 'decoy';
CREATE INDEX mail_finished ON mail (finished_at)
  WHERE finished_at IS NOT NULL AND state <> 'decoy';
CREATE INDEX mail_by_address ON mail (address_fold, id);

CREATE TABLE mail_suppressions (
  address_fold TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_history (
  id INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL,
  occurred_at INTEGER NOT NULL,
  what TEXT NOT NULL,
  method TEXT NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL,
  client_id TEXT NOT NULL
) STRICT;
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
  updated_at INTEGER NOT NULL
) STRICT;
