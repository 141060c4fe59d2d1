-- Rows as a program of schema 4 writes them. The time of the test is 1800000000000.
UPDATE meta SET value = 12 WHERE name = 'node_sequence';
INSERT INTO users (id, status, claims, created_at, updated_at, credentials_changed_at, signed_in_at, deleted_at)
  VALUES ('attacked-user', 'active', '{"name":"Attacked Person"}', 1799000000000, 1799000000000, 1799000000000, 1799900000000, NULL);
INSERT INTO user_emails (fold, user_id, position, address, verified) VALUES ('attacked@example.com', 'attacked-user', 0, 'attacked@example.com', 1);
INSERT INTO refused_sign_ins (id, person, decoy, day, network, method, attempts, first_at, last_at, address, browser)
  VALUES (701, 'attacked-user', 0, 1799971200000, '2001:db8::/64', 'pwd', 7, 1799980000000, 1799990000000, '2001:db8::7', 'Firefox on Android');
INSERT INTO refused_sign_ins (id, person, decoy, day, network, method, attempts, first_at, last_at, address, browser)
  VALUES (702, 'attacked-user', 0, 1799971200000, '', 'throttled', 2, 1799990000000, 1799995000000, '', '');
INSERT INTO refused_sign_ins (id, person, decoy, day, network, method, attempts, first_at, last_at, address, browser)
  VALUES (703, 'nobody:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 1, 1799971200000, '192.0.2.9', 'pwd', 1, 1799990000000, 1799990000000, '192.0.2.9', '');
