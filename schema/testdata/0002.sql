-- Rows as a program of schema 2 writes them. The time of the test is 1800000000000.
UPDATE meta SET value = 9 WHERE name = 'node_sequence';
UPDATE meta SET value = 1 WHERE name = 'quarantined_clients';
INSERT INTO clients (client_id, metadata, client_secret_digest, client_secret_sealed, backchannel_logout_uri, first_party, pkce_required, quarantined, registration_access_token_digest, created_at, updated_at, last_used_at, removed_at)
  VALUES ('pairwise-client', '{"application_type":"web","backchannel_logout_session_required":true,"backchannel_logout_uri":"https://pairwise.example/logout","client_name":"Pairwise application","default_max_age":600,"grant_types":["authorization_code","refresh_token"],"id_token_signed_response_alg":"ES256","jwks":{"keys":[]},"request_uris":["https://pairwise.example/request#1"],"require_pushed_authorization_requests":true,"response_types":["code","code id_token"],"sector_identifier":"sector.example","sector_identifier_uri":"https://sector.example/uris.json","subject_type":"pairwise","token_endpoint_auth_method":"client_secret_jwt","token_endpoint_auth_signing_alg":"HS256"}', 'BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB', 'c2VhbGVk', 'https://pairwise.example/logout', 0, 1, 0, 'CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC', 1799000000000, 1799000000000, 1799999000000, NULL);
INSERT INTO clients (client_id, metadata, client_secret_digest, client_secret_sealed, backchannel_logout_uri, first_party, pkce_required, quarantined, registration_access_token_digest, created_at, updated_at, last_used_at, removed_at)
  VALUES ('strange-client', '{"application_type":"web","grant_types":["authorization_code"],"id_token_signed_response_alg":"RS256","response_types":["code"],"token_endpoint_auth_method":"none"}', '', '', '', 0, 1, 1, 'CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC', 1799900000000, 1799900000000, NULL, NULL);
INSERT INTO client_redirect_uris (client_id, position, uri, expires_at) VALUES ('pairwise-client', 0, 'https://pairwise.example/cb', NULL);
INSERT INTO client_redirect_uris (client_id, position, uri, expires_at) VALUES ('strange-client', 0, 'https://strange.example/cb', NULL);
INSERT INTO client_origins (origin, client_id, position) VALUES ('https://pairwise.example', 'pairwise-client', 0);
INSERT INTO client_origins (origin, client_id, position) VALUES ('https://strange.example', 'strange-client', 0);
INSERT INTO users (id, status, claims, created_at, updated_at, credentials_changed_at, signed_in_at)
  VALUES ('new-user', 'active', '{}', 1799000000000, 1799000000000, 1799000000000, 1799900000000);
INSERT INTO user_emails (fold, user_id, position, address, verified) VALUES ('new@example.com', 'new-user', 0, 'new@example.com', 1);
INSERT INTO browsers (id, digest, created_at, expires_at, ended_at)
  VALUES (101, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 1799990000000, 1802000000000, NULL);
INSERT INTO sessions (id, browser_id, user_id, sid, auth_time, amr, acr, created_at, last_seen_at, expires_at, ended_at, ending)
  VALUES (201, 101, 'new-user', 'new-sid', 1799990000000, 'pwd', '1', 1799990000000, 1799999000000, 1802000000000, NULL, NULL);
INSERT INTO sessions (id, browser_id, user_id, sid, auth_time, amr, acr, created_at, last_seen_at, expires_at, ended_at, ending)
  VALUES (202, 101, 'new-user', 'ended-sid', 1799980000000, 'pwd', '1', 1799980000000, 1799981000000, 1802000000000, 1799982000000, 701);
INSERT INTO session_clients (session_id, client_id, first_at, subject) VALUES (201, 'pairwise-client', 1799990001000, 'pairwise-subject');
INSERT INTO session_clients (session_id, client_id, first_at, subject) VALUES (202, 'pairwise-client', 1799980001000, 'pairwise-subject');
INSERT INTO grants (id, user_id, client_id, session_id, scope, offline_access, auth_time, amr, acr, sid, created_at, expires_at, revoked_at, subject, claims, resources)
  VALUES (301, 'new-user', 'pairwise-client', 201, 'openid email', 0, 1799990000000, 'pwd', '1', 'new-sid', 1799990001000, 1810000000000, NULL, 'pairwise-subject', '{"id_token":{"email":null}}', 'https://api.example/a https://api.example/b');
INSERT INTO initial_access_tokens (id, digest, label, uses_left, uses_total, created_at, expires_at, last_used_at, revoked_at)
  VALUES (401, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'Partner', 1, 5, 1799000000000, 1810000000000, 1799500000000, NULL);
INSERT INTO pushed_requests (id, digest, client_id, parameters, created_at, expires_at, used_at)
  VALUES (501, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'pairwise-client', 'scope=openid', 1799999990000, 1800000080000, NULL);
INSERT INTO pushed_requests (id, digest, client_id, parameters, created_at, expires_at, used_at)
  VALUES (502, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'pairwise-client', 'scope=openid', 1799999990000, 1800000080000, 1799999991000);
INSERT INTO client_assertions (digest, expires_at) VALUES ('xfWbQvsBr76SdwgLXcdeDkyV6bDAplko2gyyLOIGQbc', 1800000060000);
INSERT INTO logout_deliveries (id, client_id, uri, sid, subject, state, attempts, last_result, created_at, next_attempt_at, finished_at)
  VALUES (601, 'pairwise-client', 'https://pairwise.example/logout', 'ended-sid', 'pairwise-subject', 'queued', 1, 'HTTP 503', 1799982000000, 1799999000000, NULL);
INSERT INTO logout_deliveries (id, client_id, uri, sid, subject, state, attempts, last_result, created_at, next_attempt_at, finished_at)
  VALUES (602, 'pairwise-client', 'https://pairwise.example/logout', 'older-sid', 'pairwise-subject', 'delivered', 1, 'HTTP 200', 1799882000000, 1799882060000, 1799882001000);
INSERT INTO signing_keys (kid, alg, state, public_jwk, sealed_private, created_at, signs_from, verifies_until, kept_until)
  VALUES ('old-kid', 'RS256', 'active', '{}', 'c2VhbGVk', 1799000000000, 1799000000000, 1800010000000, 1802602000000);
INSERT INTO signing_keys (kid, alg, state, public_jwk, sealed_private, created_at, signs_from, verifies_until, kept_until)
  VALUES ('next-kid', 'RS256', 'announced', '{}', 'c2VhbGVk', 1799999900000, 1800000300000, NULL, NULL);
