-- Rows as a program of schema 3 writes them. The time of the test is 1800000000000.
UPDATE meta SET value = 11 WHERE name = 'node_sequence';
INSERT INTO clients (client_id, metadata, client_secret_digest, client_secret_sealed, backchannel_logout_uri, first_party, pkce_required, quarantined, registration_access_token_digest, created_at, updated_at, last_used_at, removed_at, login_method, self_signup, required_acr)
  VALUES ('mail-client', '{"application_type":"web","client_name":"Mail application","grant_types":["authorization_code"],"response_types":["code"],"token_endpoint_auth_method":"none"}', '', '', '', 1, 1, 0, '', 1799000000000, 1799000000000, NULL, NULL, 'magic_link', 0, 'urn:latchkey:mail');
INSERT INTO users (id, status, claims, created_at, updated_at, credentials_changed_at, signed_in_at, deleted_at)
  VALUES ('mail-user', 'active', '{"name":"Mail Person"}', 1799000000000, 1799000000000, 1799000000000, 1799900000000, NULL);
INSERT INTO users (id, status, claims, created_at, updated_at, credentials_changed_at, signed_in_at, deleted_at)
  VALUES ('deleted-user', 'disabled', '{}', 1799000000000, 1799500000000, 1799000000000, NULL, 1799500000000);
INSERT INTO user_emails (fold, user_id, position, address, verified) VALUES ('mail@example.com', 'mail-user', 0, 'mail@example.com', 1);
INSERT INTO browsers (id, digest, created_at, expires_at, ended_at)
  VALUES (101, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 1799990000000, 1802000000000, NULL);
INSERT INTO sessions (id, browser_id, user_id, sid, auth_time, amr, acr, created_at, last_seen_at, expires_at, ended_at, ending, address, browser)
  VALUES (201, 101, 'mail-user', 'mail-sid', 1799990000000, 'otp', '1', 1799990000000, 1799999000000, 1802000000000, NULL, NULL, '192.0.2.7', 'Firefox on Android');
INSERT INTO consents (user_id, client_id, scope, created_at, updated_at) VALUES ('mail-user', 'mail-client', 'openid email', 1799990001000, 1799990001000);
INSERT INTO email_challenges (id, digest, purpose, client_id, user_id, email_fold, binding, code_digest, number, payload, asked_from, created_at, expires_at, code_attempts, number_attempts, approved_at, used_at)
  VALUES (301, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'reset_password', 'mail-client', 'mail-user', 'mail@example.com', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'code-digest', '42', 'c2VhbGVk', 'Firefox on Android', 1799999900000, 1800000500000, 4, 1, 1799999950000, NULL);
INSERT INTO email_challenges (id, digest, purpose, client_id, user_id, email_fold, binding, code_digest, number, payload, asked_from, created_at, expires_at, code_attempts, number_attempts, approved_at, used_at)
  VALUES (302, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'sign_in', '', '', 'stranger@example.com', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'code-digest', '42', 'c2VhbGVk', '', 1799999900000, 1800000500000, 0, 0, NULL, NULL);
INSERT INTO mail (id, kind, address_fold, sealed, client_id, user_id, state, attempts, last_result, created_at, next_attempt_at, not_after, finished_at)
  VALUES (401, 'reset_password', 'mail@example.com', 'c2VhbGVk', 'mail-client', 'mail-user', 'queued', 1, '451 try again later', 1799999900000, 1799999990000, 1800000500000, NULL);
INSERT INTO mail (id, kind, address_fold, sealed, client_id, user_id, state, attempts, last_result, created_at, next_attempt_at, not_after, finished_at)
  VALUES (402, 'sign_in', 'refused@example.com', '', '', '', 'bounced', 1, '550 no such person', 1799999900000, 1799999990000, 1800000500000, 1799999910000);
INSERT INTO mail (id, kind, address_fold, sealed, client_id, user_id, state, attempts, last_result, created_at, next_attempt_at, not_after, finished_at)
  VALUES (403, 'sign_in', 'stranger@example.com', 'c2VhbGVk', '', '', 'decoy', 0, '', 1799999900000, 1799999900000, 1800000500000, 1799999900000);
INSERT INTO mail_suppressions (address_fold, reason, created_at) VALUES ('refused@example.com', '550 no such person', 1799999910000);
INSERT INTO user_history (id, user_id, occurred_at, what, method, address, browser, client_id)
  VALUES (501, 'mail-user', 1799990000000, 'sign_in', 'otp', '192.0.2.7', 'Firefox on Android', 'mail-client');
INSERT INTO branding (client_id, name, primary_color, logo_type, logo, email_from_name, reply_to_email, support_email, support_url, updated_at)
  VALUES ('', 'Example', '#224488', 'image/gif', 'R0lGODlh', 'Example Accounts', 'reply@example.com', 'help@example.com', 'https://example.com/help', 1799990000000);
