-- A small MedWorkS for the demonstration and for tests: two of its own tables. Ours; the real ones are the vendor's.

CREATE TABLE IF NOT EXISTS MW_VENY (
  VENY_ID         INTEGER PRIMARY KEY,
  TAJ             TEXT,
  NEV             TEXT,
  SZUL_DATUM      TEXT,
  PECSETSZAM      TEXT,
  OTH_KOD         TEXT,
  VENY_TIPUS      TEXT,
  JOGCIM          TEXT,
  TTT_KOD         TEXT,
  MENNYISEG       INTEGER,
  HELYETTESITHETO INTEGER,
  BNO_KOD         TEXT,
  ADAG            TEXT,
  GYAKORISAG      TEXT,
  OSSZETEVOK      TEXT,
  NAPLOSORSZAM    TEXT,
  FELIRAS_IDEJE   TEXT,
  GYSE            INTEGER,
  EGYSE           INTEGER,
  EESZT_VONALKOD  TEXT,
  EESZT_ALLAPOT   TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS MW_ESEMENY (
  ESEMENY_ID     INTEGER PRIMARY KEY,
  TAJ            TEXT,
  NEV            TEXT,
  SZUL_DATUM     TEXT,
  OTH_KOD        TEXT,
  NAPLOSORSZAM   TEXT,
  KEZDETE        TEXT,
  VEGE           TEXT,
  BNO_KOD        TEXT,
  EESZT_AZONOSITO TEXT,
  EESZT_ALLAPOT  TEXT
) STRICT;
