CREATE TABLE refused_sign_ins (
  id INTEGER PRIMARY KEY,
  person TEXT NOT NULL,
  decoy INTEGER NOT NULL,
  day INTEGER NOT NULL,
  network TEXT NOT NULL,
  method TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX refused_sign_ins_by_person ON refused_sign_ins (person, day, network, method);
CREATE INDEX refused_sign_ins_by_day ON refused_sign_ins (decoy, day);
