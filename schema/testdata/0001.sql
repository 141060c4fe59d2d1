-- Rows as a program of schema 1 writes them. The time of the test is 1800000000000.
UPDATE meta SET value = 7 WHERE name = 'node_sequence';
INSERT INTO clients (client_id, metadata, client_secret_digest, first_party, pkce_required, created_at, updated_at, removed_at)
  VALUES ('old-client', '{"application_type":"web","client_name":"Old application","contacts":[],"default_acr_values":[],"grant_types":["authorization_code","refresh_token"],"id_token_signed_response_alg":"RS256","post_logout_redirect_uris":[],"require_auth_time":false,"response_types":["code"],"token_endpoint_auth_method":"client_secret_basic"}', 'BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB', 0, 1, 1799000000000, 1799000000000, NULL);
INSERT INTO clients (client_id, metadata, client_secret_digest, first_party, pkce_required, created_at, updated_at, removed_at)
  VALUES ('gone-client', '{"application_type":"native","grant_types":["authorization_code"],"response_types":["code"],"token_endpoint_auth_method":"none"}', '', 1, 1, 1799000000000, 1799500000000, 1799500000000);
INSERT INTO client_redirect_uris (client_id, position, uri, expires_at) VALUES ('old-client', 0, 'https://old.example/cb', NULL);
INSERT INTO client_redirect_uris (client_id, position, uri, expires_at) VALUES ('old-client', 1, 'http://127.0.0.1/cb', 1900000000000);
INSERT INTO client_redirect_uris (client_id, position, uri, expires_at) VALUES ('gone-client', 0, 'com.example.gone:/cb', NULL);
INSERT INTO client_origins (origin, client_id, position) VALUES ('https://old.example', 'old-client', 0);
INSERT INTO client_origins (origin, client_id, position) VALUES ('http://127.0.0.1', 'old-client', 1);
INSERT INTO users (id, status, claims, created_at, updated_at, credentials_changed_at, signed_in_at)
  VALUES ('old-user', 'active', '{"name":"Old Person"}', 1799000000000, 1799000000000, 1799000000000, 1799900000000);
INSERT INTO users (id, status, claims, created_at, updated_at, credentials_changed_at, signed_in_at)
  VALUES ('disabled-user', 'disabled', '{}', 1799000000000, 1799000000000, 1799000000000, NULL);
INSERT INTO user_emails (fold, user_id, position, address, verified) VALUES ('old@example.com', 'old-user', 0, 'Old@example.com', 1);
INSERT INTO authenticators (id, user_id, kind, data, created_at, updated_at)
  VALUES (11, 'old-user', 'password', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g', 1799000000000, 1799000000000);
INSERT INTO browsers (id, digest, created_at, expires_at, ended_at)
  VALUES (101, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 1799990000000, 1802000000000, NULL);
INSERT INTO browsers (id, digest, created_at, expires_at, ended_at)
  VALUES (102, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 1799980000000, 1802000000000, 1799990000000);
INSERT INTO sessions (id, browser_id, user_id, sid, auth_time, amr, acr, created_at, last_seen_at, expires_at, ended_at)
  VALUES (201, 101, 'old-user', 'old-sid', 1799990000000, 'pwd', '1', 1799990000000, 1799999000000, 1802000000000, NULL);
INSERT INTO session_clients (session_id, client_id, first_at) VALUES (201, 'old-client', 1799990001000);
INSERT INTO consents (user_id, client_id, scope, created_at, updated_at) VALUES ('old-user', 'old-client', 'openid email', 1799990001000, 1799990001000);
INSERT INTO grants (id, user_id, client_id, session_id, scope, offline_access, auth_time, amr, acr, sid, created_at, expires_at, revoked_at)
  VALUES (301, 'old-user', 'old-client', 201, 'openid email', 0, 1799990000000, 'pwd', '1', 'old-sid', 1799990001000, 1810000000000, NULL);
INSERT INTO authorization_codes (id, digest, grant_id, client_id, redirect_uri, code_challenge, nonce, expires_at, used_at)
  VALUES (401, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 301, 'old-client', 'https://old.example/cb', '', 'n', 1799990061000, 1799990002000);
INSERT INTO refresh_tokens (id, digest, grant_id, client_id, scope, parent_row, created_at, expires_at, absolute_expires_at, used_at, successor_row, successor_sealed)
  VALUES (501, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 301, 'old-client', 'openid email', NULL, 1799990002000, 1802582002000, 1810000000000, 1799999999000, 502, 'c2VhbGVk');
INSERT INTO refresh_tokens (id, digest, grant_id, client_id, scope, parent_row, created_at, expires_at, absolute_expires_at, used_at, successor_row, successor_sealed)
  VALUES (502, 'CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC', 301, 'old-client', 'openid email', 501, 1799999999000, 1802591999000, 1810000000000, NULL, NULL, NULL);
INSERT INTO revoked_tokens (jti, revoked_at, expires_at) VALUES ('old-jti', 1799999000000, 1800000900000);
INSERT INTO signing_keys (kid, alg, state, public_jwk, sealed_private, created_at, signs_from, verifies_until)
  VALUES ('old-kid', 'RS256', 'active', '{}', 'c2VhbGVk', 1799000000000, 1799000000000, NULL);
INSERT INTO purpose_keys (id, purpose, sealed, created_at) VALUES ('old-key', 'seal', 'c2VhbGVk', 1799000000000);
INSERT INTO throttle (bucket, count, window_ends_at) VALUES ('old-bucket', 3, 1800000600000);
INSERT INTO failures (id, occurred_at, kind, rule, expected, received, client_id, source, route, status)
  VALUES ('OLD1', 1799999000000, 'token', 'code.used', 'unused', 'used', 'old-client', '192.0.2.7', '/token', 400);
INSERT INTO audit (id, occurred_at, action, actor, address, subject, detail)
  VALUES (601, 1799000000000, 'user.add', 'operator', '', 'old-user', '');
