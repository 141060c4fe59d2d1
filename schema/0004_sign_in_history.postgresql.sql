CREATE TABLE refused_sign_ins (
  id bigint PRIMARY KEY,
  person TEXT NOT NULL,
  decoy bigint NOT NULL,
  day bigint NOT NULL,
  network TEXT NOT NULL,
  method TEXT NOT NULL,
  attempts bigint NOT NULL,
  first_at bigint NOT NULL,
  last_at bigint NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL
);
CREATE UNIQUE INDEX refused_sign_ins_by_person ON refused_sign_ins (person, day, network, method);
CREATE INDEX refused_sign_ins_by_day ON refused_sign_ins (decoy, day);
