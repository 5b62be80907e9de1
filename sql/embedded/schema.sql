-- The runner's tables and views on SQLite, in named blocks (`-- name --` and one sentence).
-- [word] is a logical name: a table or column of an outbox as outboxes.yaml calls it; [now] is the database's clock and
-- [local x] the same instant as the clocks on the wards show it.
-- '{WORD}' is a sentence for the ward; it has its one home in runner/domain/sentences.py.
-- Times are text in UTC, 'YYYY-MM-DD HH:MM:SS.ffffff'; views show Europe/Budapest.

-- tables --
-- Everything but the outboxes. home: where the file was installed or adopted, so that a copy of it is noticed;
-- adopted_log: up to which entry of which chain of the audit log it was compared then, JSON.
CREATE TABLE IF NOT EXISTS EESZT_INSTALLATION (
  only_row       INTEGER PRIMARY KEY CHECK (only_row = 1),
  environment    TEXT NOT NULL CHECK (environment IN ('test', 'production')),
  database_id    TEXT NOT NULL,
  home           TEXT NOT NULL,
  schema_version TEXT NOT NULL,
  installed_at   TEXT NOT NULL,
  adopted_at     TEXT,
  adopted_by     TEXT,
  adopted_log    TEXT
) STRICT;

-- One sequence numbers the items of all outboxes, another the sessions.
CREATE TABLE IF NOT EXISTS EESZT_SEQUENCE (
  name    TEXT PRIMARY KEY,
  last_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO EESZT_SEQUENCE (name, last_id) VALUES ('item', 0), ('login', 0);

-- Which state may follow which; filled from runner/domain/outbox.py.
CREATE TABLE IF NOT EXISTS EESZT_TRANSITION (
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  PRIMARY KEY (from_state, to_state)
) STRICT, WITHOUT ROWID;

-- Begin and end of summer time by the EU's rule (last Sunday of March and October, 01:00 UTC), for the views.
CREATE TABLE IF NOT EXISTS EESZT_SUMMER_TIME (
  year      TEXT PRIMARY KEY,
  begins_at TEXT NOT NULL,
  ends_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO EESZT_SUMMER_TIME (year, begins_at, ends_at)
WITH RECURSIVE years (year) AS (SELECT 2000 UNION ALL SELECT year + 1 FROM years WHERE year < 2099)
SELECT CAST(year AS TEXT), date(year || '-03-25', 'weekday 0') || ' 01:00', date(year || '-10-25', 'weekday 0') || ' 01:00'
  FROM years;

CREATE TABLE IF NOT EXISTS EESZT_DOCUMENT_TYPE (
  document_type   TEXT PRIMARY KEY,
  digest          TEXT NOT NULL,
  title           TEXT NOT NULL,
  lane            TEXT NOT NULL,
  kind            TEXT NOT NULL,
  send_limit_s    REAL,
  answer_limit_s  REAL,
  needs           TEXT NOT NULL CHECK (needs IN ('FINAL', 'ACCEPTED')),
  withdrawal_type TEXT REFERENCES EESZT_DOCUMENT_TYPE (document_type) DEFERRABLE INITIALLY DEFERRED,
  is_probe        INTEGER NOT NULL CHECK (is_probe IN (0, 1)),
  active          INTEGER NOT NULL CHECK (active IN (0, 1)),
  changed_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS EESZT_DOCUMENT_TYPE_WITHDRAWAL_IX ON EESZT_DOCUMENT_TYPE (withdrawal_type);

-- The last item of an order key, and the last one that is no withdrawal.
CREATE TABLE IF NOT EXISTS EESZT_ORDER_HEAD (
  lane          TEXT NOT NULL,
  order_key     TEXT NOT NULL,
  last_item     INTEGER NOT NULL,
  last_original INTEGER,
  PRIMARY KEY (lane, order_key)
) STRICT, WITHOUT ROWID;

-- What left: the body until the item is final, what it said for as long as the site keeps it (null: forgotten). decision:
-- line of the decision table by which it went under this name; rules: the dated rules that applied, JSON.
CREATE TABLE IF NOT EXISTS EESZT_MESSAGE (
  item_id         INTEGER PRIMARY KEY,
  message_id      TEXT NOT NULL UNIQUE,
  digest          TEXT NOT NULL,
  body            BLOB,
  document        TEXT,
  acting_user     TEXT NOT NULL,
  mapping_version TEXT NOT NULL,
  stored_at       TEXT NOT NULL,
  expires_at      TEXT NOT NULL,
  purged_at       TEXT,
  decision        TEXT,
  rules           TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS EESZT_MESSAGE_BODY_IX ON EESZT_MESSAGE (item_id) WHERE body IS NOT NULL;
CREATE INDEX IF NOT EXISTS EESZT_MESSAGE_DOCUMENT_IX ON EESZT_MESSAGE (stored_at) WHERE document IS NOT NULL;

-- Tries and questions; DECIDE: the decision table, or a rule after it, said that it goes no further for now.
CREATE TABLE IF NOT EXISTS EESZT_ATTEMPT (
  attempt_id  INTEGER PRIMARY KEY,
  item_id     INTEGER NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('SEND', 'PROBE', 'DECIDE')),
  ended_at    TEXT NOT NULL,
  took_ms     INTEGER NOT NULL,
  ending      TEXT NOT NULL,
  reason_code TEXT,
  acting_user TEXT,
  verdict     TEXT NOT NULL,
  decision    TEXT,
  rules       TEXT,
  audit_chain    TEXT,
  audit_sequence INTEGER,
  audit_head     TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS EESZT_ATTEMPT_ITEM_IX ON EESZT_ATTEMPT (item_id);
CREATE INDEX IF NOT EXISTS EESZT_ATTEMPT_AUDIT_IX ON EESZT_ATTEMPT (audit_chain, audit_sequence)
 WHERE audit_chain IS NOT NULL;

-- One identifier of the EESZT belongs to one item; is_second: accepted again under another one, an alarm.
CREATE TABLE IF NOT EXISTS EESZT_IDENTIFIER (
  name      TEXT NOT NULL,
  value     TEXT NOT NULL,
  item_id   INTEGER NOT NULL,
  is_second INTEGER NOT NULL CHECK (is_second IN (0, 1)),
  kept_at   TEXT NOT NULL,
  PRIMARY KEY (name, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS EESZT_IDENTIFIER_SECOND_IX ON EESZT_IDENTIFIER (item_id) WHERE is_second = 1;
CREATE INDEX IF NOT EXISTS EESZT_IDENTIFIER_ITEM_IX ON EESZT_IDENTIFIER (item_id);

-- Copies into MedWorkS's own tables. target: table and key, spelt one way; record_item: the item whose record it tells of,
-- for a withdrawal the withdrawn one, for a new version the first. DROPPED: not made, since what it would tell is no longer so.
CREATE TABLE IF NOT EXISTS EESZT_WRITE_BACK (
  write_back_id INTEGER PRIMARY KEY,
  item_id       INTEGER NOT NULL,
  record_item   INTEGER NOT NULL,
  target        TEXT NOT NULL,
  table_name    TEXT NOT NULL,
  key_json      TEXT NOT NULL,
  values_json   TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('DUE', 'DONE', 'FAILED', 'DROPPED')),
  tries         INTEGER NOT NULL,
  next_at       TEXT,
  error         TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS EESZT_WRITE_BACK_DUE_IX ON EESZT_WRITE_BACK (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS EESZT_WRITE_BACK_FAILED_IX ON EESZT_WRITE_BACK (item_id) WHERE state = 'FAILED';
CREATE INDEX IF NOT EXISTS EESZT_WRITE_BACK_ITEM_IX ON EESZT_WRITE_BACK (item_id);
CREATE INDEX IF NOT EXISTS EESZT_WRITE_BACK_TARGET_IX ON EESZT_WRITE_BACK (target);

-- Answers of queries, for the asker alone, until they expire.
CREATE TABLE IF NOT EXISTS EESZT_RESULT (
  item_id    INTEGER PRIMARY KEY,
  asker      TEXT NOT NULL,
  result     TEXT NOT NULL,
  kept_at    TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS EESZT_RESULT_EXPIRES_IX ON EESZT_RESULT (expires_at);

CREATE TABLE IF NOT EXISTS EESZT_USER_MAP (
  his_user     TEXT PRIMARY KEY,
  registration TEXT NOT NULL CHECK (registration IN ('REGISTERED', 'NOT_REGISTERED')),
  is_doctor    INTEGER NOT NULL CHECK (is_doctor IN (0, 1)),
  eeszt_user   TEXT,
  CONSTRAINT EESZT_USER_MAP_USER_CK CHECK ((registration = 'REGISTERED') = (eeszt_user IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS EESZT_USER_MAP_EESZT_IX ON EESZT_USER_MAP (eeszt_user);

CREATE TABLE IF NOT EXISTS EESZT_WORKPLACE (
  workplace TEXT PRIMARY KEY,
  oth_code  TEXT,
  reports   INTEGER NOT NULL DEFAULT 1 CHECK (reports IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS EESZT_WORKPLACE_OTH_IX ON EESZT_WORKPLACE (oth_code);

-- Days are those of Europe/Budapest; valid_to is the last day, null: no end.
CREATE TABLE IF NOT EXISTS EESZT_USER_WORKPLACE (
  eeszt_user TEXT NOT NULL,
  workplace  TEXT NOT NULL REFERENCES EESZT_WORKPLACE (workplace),
  role       TEXT NOT NULL,
  valid_from TEXT NOT NULL DEFAULT '2000-01-01',
  valid_to   TEXT,
  PRIMARY KEY (eeszt_user, workplace, role, valid_from)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS EESZT_USER_WORKPLACE_PLACE_IX ON EESZT_USER_WORKPLACE (workplace);

CREATE TABLE IF NOT EXISTS EESZT_LOGIN_REQUEST (
  request_id INTEGER PRIMARY KEY,
  his_user   TEXT NOT NULL,
  nonce_hash TEXT NOT NULL UNIQUE,
  begun_at   TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  used_at    TEXT,
  ended_at   TEXT,
  refusal    TEXT,
  short_code  TEXT,
  handle_hash TEXT UNIQUE
) STRICT;

-- Sessions; the token is sealed and its key is never in the database. handle_hash: SHA-256 of the session handle that the
-- client in the HIS keeps, with which it binds its database sessions; null: the login was not begun in the HIS.
CREATE TABLE IF NOT EXISTS EESZT_LOGIN (
  login_id    INTEGER PRIMARY KEY,
  his_user    TEXT NOT NULL,
  eeszt_user  TEXT NOT NULL,
  role        TEXT NOT NULL,
  institution TEXT NOT NULL,
  method      TEXT NOT NULL CHECK (method IN ('otp', 'card')),
  started_at  TEXT NOT NULL,
  ends_at     TEXT NOT NULL,
  sealed      BLOB,
  ended_at    TEXT,
  end_reason  TEXT,
  handle_hash TEXT UNIQUE
) STRICT;
CREATE INDEX IF NOT EXISTS EESZT_LOGIN_LIVE_IX ON EESZT_LOGIN (eeszt_user) WHERE ended_at IS NULL;

-- A match that is taken back or changed ends the sessions made under it.
CREATE TRIGGER IF NOT EXISTS EESZT_USER_MAP_AU AFTER UPDATE ON EESZT_USER_MAP
WHEN NEW.eeszt_user IS NOT OLD.eeszt_user OR NEW.his_user <> OLD.his_user OR NEW.is_doctor <> OLD.is_doctor
BEGIN
  UPDATE EESZT_LOGIN SET ended_at = [now], end_reason = 'USER_MAP', sealed = NULL
   WHERE his_user = OLD.his_user AND ended_at IS NULL;
END;
CREATE TRIGGER IF NOT EXISTS EESZT_USER_MAP_AD AFTER DELETE ON EESZT_USER_MAP
BEGIN
  UPDATE EESZT_LOGIN SET ended_at = [now], end_reason = 'USER_MAP', sealed = NULL
   WHERE his_user = OLD.his_user AND ended_at IS NULL;
END;

-- An assignment that is taken back or changed ends its user's sessions: the next login brings his rights of then.
CREATE TRIGGER IF NOT EXISTS EESZT_USER_WORKPLACE_AU AFTER UPDATE ON EESZT_USER_WORKPLACE
WHEN NEW.eeszt_user <> OLD.eeszt_user OR NEW.workplace <> OLD.workplace OR NEW.role <> OLD.role
  OR NEW.valid_from <> OLD.valid_from OR NEW.valid_to IS NOT OLD.valid_to
BEGIN
  UPDATE EESZT_LOGIN SET ended_at = [now], end_reason = 'USER_WORKPLACE', sealed = NULL
   WHERE eeszt_user = OLD.eeszt_user AND ended_at IS NULL;
END;
CREATE TRIGGER IF NOT EXISTS EESZT_USER_WORKPLACE_AD AFTER DELETE ON EESZT_USER_WORKPLACE
BEGIN
  UPDATE EESZT_LOGIN SET ended_at = [now], end_reason = 'USER_WORKPLACE', sealed = NULL
   WHERE eeszt_user = OLD.eeszt_user AND ended_at IS NULL;
END;

-- The last good copy of each published code table. Days are those of Europe/Budapest; valid_to is the last day, null: no end.
CREATE TABLE IF NOT EXISTS EESZT_CODE (
  code_list  TEXT NOT NULL,
  code       TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to   TEXT,
  title      TEXT NOT NULL,
  read_at    TEXT NOT NULL,
  PRIMARY KEY (code_list, code, valid_from)
) STRICT, WITHOUT ROWID;

-- Outage ledger: how each service is, and since when.
CREATE TABLE IF NOT EXISTS EESZT_SERVICE_STATE (
  service     TEXT PRIMARY KEY,
  state       TEXT NOT NULL CHECK (state IN ('UP', 'DOWN')),
  since       TEXT NOT NULL,
  reported_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A heartbeat per lane, written by its poller, so that a dead poller shows.
CREATE TABLE IF NOT EXISTS EESZT_RUNNER (
  lane    TEXT NOT NULL,
  owner   TEXT NOT NULL,
  beat_at TEXT NOT NULL,
  PRIMARY KEY (lane, owner)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS EESZT_LANE (
  lane      TEXT PRIMARY KEY,
  paused_at TEXT,
  paused_by TEXT
) STRICT, WITHOUT ROWID;

-- Figures of what ended on a day in Europe/Budapest; '?' is a document type that nobody declared.
CREATE TABLE IF NOT EXISTS EESZT_DAY (
  day           TEXT NOT NULL,
  lane          TEXT NOT NULL,
  document_type TEXT NOT NULL,
  state         TEXT NOT NULL,
  number        INTEGER NOT NULL,
  p50_s         REAL NOT NULL,
  p95_s         REAL NOT NULL,
  retries       INTEGER NOT NULL,
  probes        INTEGER NOT NULL,
  paper         INTEGER NOT NULL,
  counted_at    TEXT NOT NULL,
  PRIMARY KEY (day, lane, document_type, state)
) STRICT, WITHOUT ROWID;

-- outbox --
-- One outbox: what MedWorkS writes, what the insert fills in, what the runner keeps.
CREATE TABLE IF NOT EXISTS [outbox] (
  [item_id]            INTEGER PRIMARY KEY AUTOINCREMENT,
  [document_type]      TEXT,
  [source_key]         TEXT,
  [order_key]          TEXT,
  [priority]           INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT 100,
  [recorded_by]        TEXT,
  [workplace]          TEXT,
  [recorded_at]        TEXT,
  [payload]            TEXT,
  [replaces]           INTEGER,
  [first_recorded_at]  TEXT,
  [created_at]         TEXT,
  [send_by]            TEXT,
  [answer_by]          TEXT,
  [ward_answer]        TEXT CHECK ([ward_answer] IN ('WAIT', 'PRINT', 'PAPER')),
  [depends_on]         INTEGER REFERENCES [outbox] ([item_id]) ON DELETE SET NULL,
  [needs]              TEXT CHECK ([needs] IN ('FINAL', 'ACCEPTED')),
  [recorder_proof]     TEXT CHECK ([recorder_proof] IN ('BOUND', 'ASSERTED')),
  [login_at_recording] TEXT CHECK ([login_at_recording] IN ('LIVE', 'NONE', 'LOGIN_DOWN')),
  [state]              TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'NEW',
  [state_at]           TEXT,
  [next_at]            TEXT,
  [claim_owner]        TEXT,
  [claim_token]        TEXT,
  [lease_until]        TEXT,
  [rescue_count]       INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT 0,
  [attempts]           INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT 0,
  [probe_count]        INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT 0,
  [sent_at]            TEXT,
  [withdraw_asked_at]  TEXT,
  [withdraw_asked_by]  TEXT,
  [withdraws]          INTEGER REFERENCES [outbox] ([item_id]) ON DELETE SET NULL,
  [compensation]       TEXT CHECK ([compensation] IN ('DUE', 'DONE', 'FAILED')),
  [mapping_version]    TEXT,
  [message_id]         TEXT,
  [acting_user]        TEXT,
  [reason_code]        TEXT,
  [status_text]        TEXT
) STRICT;

-- Each index is as small as the work it holds; only source_key, withdraws and ended grow with history, and payload until
-- it is forgotten.
CREATE INDEX IF NOT EXISTS [outbox_due] ON [outbox] ([priority], [item_id], [next_at])
  WHERE [state] IN ('NEW', 'WAITING');
CREATE INDEX IF NOT EXISTS [outbox_probe] ON [outbox] ([next_at])
  WHERE [next_at] IS NOT NULL AND [state] IN ('UNKNOWN', 'MISSED');
CREATE INDEX IF NOT EXISTS [outbox_lease] ON [outbox] ([lease_until]) WHERE [lease_until] IS NOT NULL;
CREATE INDEX IF NOT EXISTS [outbox_ward] ON [outbox] ([answer_by]) WHERE [ward_answer] = 'WAIT';
CREATE INDEX IF NOT EXISTS [outbox_window] ON [outbox] ([send_by])
  WHERE [send_by] IS NOT NULL AND [state] IN ('NEW', 'WAITING', 'PARKED');
CREATE INDEX IF NOT EXISTS [outbox_needs] ON [outbox] ([depends_on])
  WHERE [needs] = 'ACCEPTED' AND [depends_on] IS NOT NULL AND [state] IN ('NEW', 'WAITING', 'PARKED');
CREATE INDEX IF NOT EXISTS [outbox_asked] ON [outbox] ([withdraw_asked_at])
  WHERE [withdraw_asked_at] IS NOT NULL AND [state] IN ('NEW', 'WAITING', 'PARKED');
CREATE INDEX IF NOT EXISTS [outbox_parked] ON [outbox] ([item_id]) WHERE [state] = 'PARKED';
CREATE INDEX IF NOT EXISTS [outbox_poison] ON [outbox] ([item_id]) WHERE [reason_code] = 'POISON';
CREATE INDEX IF NOT EXISTS [outbox_owed] ON [outbox] ([item_id]) WHERE [compensation] IN ('DUE', 'FAILED');
CREATE INDEX IF NOT EXISTS [outbox_token] ON [outbox] ([claim_token]) WHERE [claim_token] IS NOT NULL;
CREATE INDEX IF NOT EXISTS [outbox_depends] ON [outbox] ([depends_on]) WHERE [depends_on] IS NOT NULL;
CREATE INDEX IF NOT EXISTS [outbox_withdraws] ON [outbox] ([withdraws]) WHERE [withdraws] IS NOT NULL;
CREATE INDEX IF NOT EXISTS [outbox_source] ON [outbox] ([document_type], [source_key]) WHERE [source_key] IS NOT NULL;
CREATE INDEX IF NOT EXISTS [outbox_ended] ON [outbox] ([state_at])
  WHERE [state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED');
CREATE INDEX IF NOT EXISTS [outbox_payload] ON [outbox] ([state_at])
  WHERE [payload] IS NOT NULL AND [state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED');
INSERT INTO sqlite_sequence (name, seq)
SELECT [outbox_name], (SELECT last_id FROM EESZT_SEQUENCE WHERE name = 'item')
 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = [outbox_name]);

-- state_trigger --
-- Refuses what the protocol does not know: a state that may not follow, a ward that is told twice, a row that vanishes.
DROP TRIGGER IF EXISTS [outbox_bd];
CREATE TRIGGER [outbox_bd] BEFORE DELETE ON [outbox]
WHEN OLD.[state] NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
BEGIN
  SELECT RAISE(ABORT, 'EESZT: an item on its way cannot be deleted, withdraw it');
END;
DROP TRIGGER IF EXISTS [outbox_bu];
CREATE TRIGGER [outbox_bu] BEFORE UPDATE OF [state], [ward_answer], [item_id] ON [outbox]
WHEN OLD.[item_id] <= (SELECT last_id FROM EESZT_SEQUENCE WHERE name = 'item')
BEGIN
  SELECT RAISE(ABORT, 'EESZT: this state may not follow')
   WHERE NEW.[state] <> OLD.[state]
     AND NOT EXISTS (SELECT 1 FROM EESZT_TRANSITION t WHERE t.from_state = OLD.[state] AND t.to_state = NEW.[state]);
  SELECT RAISE(ABORT, 'EESZT: the ward is told once')
   WHERE OLD.[ward_answer] IN ('PRINT', 'PAPER') AND NEW.[ward_answer] IS NOT OLD.[ward_answer];
  SELECT RAISE(ABORT, 'EESZT: an item keeps its number') WHERE NEW.[item_id] <> OLD.[item_id];
END;

-- insert_trigger --
-- What MedWorkS leaves out, by the database's clock; nothing that a row holds makes the insert fail.
-- LOGIN_DOWN is what a living daemon knows: the last word of a dead one proves no outage, and the item rather waits.
DROP TRIGGER IF EXISTS [outbox_ai];
CREATE TRIGGER [outbox_ai] AFTER INSERT ON [outbox]
BEGIN
  SELECT RAISE(ABORT, 'EESZT: leave item_id out, the database gives it')
   WHERE NEW.[item_id] <= (SELECT last_id FROM EESZT_SEQUENCE WHERE name = 'item');

  -- Whatever the statement said of the runner's own columns does not count.
  UPDATE [outbox]
     SET [created_at] = [now], [state] = 'NEW', [state_at] = [now], [next_at] = [now],
         [source_key] = nullif(NEW.[source_key], ''), [order_key] = nullif(NEW.[order_key], ''),
         [recorded_at] = CASE WHEN substr(NEW.[recorded_at], 1, 10) GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
           AND date(substr(NEW.[recorded_at], 1, 10), '+0 days') = substr(NEW.[recorded_at], 1, 10)
           AND NEW.[recorded_at] >= '1900' AND NEW.[recorded_at] < '2200'
           THEN strftime('%Y-%m-%d %H:%M:%f', NEW.[recorded_at]) || '000' END,
         [first_recorded_at] = CASE
           WHEN substr(NEW.[first_recorded_at], 1, 10) GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
           AND date(substr(NEW.[first_recorded_at], 1, 10), '+0 days') = substr(NEW.[first_recorded_at], 1, 10)
           AND NEW.[first_recorded_at] >= '1900' AND NEW.[first_recorded_at] < '2200'
           THEN strftime('%Y-%m-%d %H:%M:%f', NEW.[first_recorded_at]) || '000' END,
         [send_by] = NULL, [answer_by] = NULL, [ward_answer] = NULL, [depends_on] = NULL, [needs] = 'FINAL',
         [recorder_proof] = 'ASSERTED',
         [login_at_recording] = CASE
           WHEN EXISTS (SELECT 1 FROM EESZT_USER_MAP u JOIN EESZT_LOGIN l ON l.eeszt_user = u.eeszt_user
                         WHERE u.his_user = NEW.[recorded_by] AND l.his_user = u.his_user AND l.ended_at IS NULL AND l.ends_at > [now]) THEN 'LIVE'
           WHEN EXISTS (SELECT 1 FROM EESZT_SERVICE_STATE WHERE service = 'sts' AND state = 'DOWN')
            AND EXISTS (SELECT 1 FROM EESZT_RUNNER WHERE beat_at >= [alive_since]) THEN 'LOGIN_DOWN'
           ELSE 'NONE' END,
         [claim_owner] = NULL, [claim_token] = NULL, [lease_until] = NULL, [rescue_count] = 0, [attempts] = 0,
         [probe_count] = 0, [sent_at] = NULL, [withdraw_asked_at] = NULL, [withdraw_asked_by] = NULL,
         [compensation] = NULL, [mapping_version] = NULL, [message_id] = NULL, [acting_user] = NULL,
         [reason_code] = NULL, [status_text] = NULL
   WHERE [item_id] = NEW.[item_id];

  -- Limits: what a ward waits for runs from the insert, everything else from its (first) recording.
  UPDATE [outbox]
     SET [needs] = t.needs,
         [ward_answer] = CASE WHEN t.answer_limit_s IS NOT NULL THEN 'WAIT' END,
         [answer_by] = CASE WHEN t.answer_limit_s IS NOT NULL THEN
           strftime('%Y-%m-%d %H:%M:%f', [outbox].[created_at], printf('%+.3f seconds', t.answer_limit_s)) || '000' END,
         [send_by] = CASE WHEN t.send_limit_s IS NOT NULL THEN
           strftime('%Y-%m-%d %H:%M:%f',
             CASE WHEN t.answer_limit_s IS NOT NULL OR t.kind = 'R' THEN [outbox].[created_at]
                  ELSE min([outbox].[created_at],
                           coalesce([outbox].[first_recorded_at], [outbox].[recorded_at], [outbox].[created_at])) END,
             printf('%+.3f seconds', t.send_limit_s)) || '000' END
    FROM EESZT_DOCUMENT_TYPE AS t
   WHERE t.document_type = [outbox].[document_type] AND [outbox].[item_id] = NEW.[item_id];

  -- A withdrawal withdraws the item that it names, else the one of its record: the newest that still stands, or else the
  -- newest. Only where it names no record either, it is the last item of its order key.
  UPDATE [outbox]
     SET [withdraws] = (
           SELECT p.[item_id]
             FROM [outbox] p JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = p.[document_type]
            WHERE p.[item_id] = coalesce(
                    NEW.[withdraws],
                    CASE WHEN NEW.[source_key] <> '' THEN coalesce(
                      (SELECT o.[item_id]
                         FROM EESZT_DOCUMENT_TYPE k CROSS JOIN [outbox] o
                           ON o.[document_type] = k.document_type AND o.[source_key] = NEW.[source_key]
                        WHERE k.withdrawal_type = NEW.[document_type] AND o.[item_id] < NEW.[item_id]
                          AND o.[reason_code] IS NOT 'DUPLICATE'
                        ORDER BY o.[state] IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
                              OR coalesce(o.[compensation], iif(o.[withdraw_asked_at] IS NULL, '-', 'DUE')) IN ('DUE', 'DONE'),
                              o.[item_id] DESC
                        LIMIT 1), 0) END,
                    (SELECT h.last_original FROM EESZT_ORDER_HEAD h
                      WHERE h.lane = [lane] AND h.order_key = NEW.[order_key]))
              AND p.[item_id] < NEW.[item_id] AND t.withdrawal_type = NEW.[document_type])
   WHERE [item_id] = NEW.[item_id];

  -- Order: behind what it withdraws; else behind the last of its key, or behind the withdrawal of what it replaces, or of
  -- the item of its record that stood last. A withdrawal that came to nothing does not count where another one counts.
  UPDATE [outbox]
     SET [depends_on] = coalesce([withdraws], nullif(max(
           coalesce((SELECT h.last_item FROM EESZT_ORDER_HEAD h WHERE h.lane = [lane] AND h.order_key = NEW.[order_key]), 0),
           coalesce((SELECT w.[item_id] FROM [outbox] w
                      WHERE w.[withdraws] = NEW.[replaces] AND w.[item_id] < NEW.[item_id]
                      ORDER BY w.[state] IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED'), w.[item_id] DESC
                      LIMIT 1), 0),
           coalesce((SELECT w.[item_id] FROM [outbox] w
                      WHERE w.[withdraws] = (
                              SELECT max(p.[item_id]) FROM [outbox] p
                               WHERE p.[document_type] = NEW.[document_type] AND p.[source_key] = NEW.[source_key]
                                 AND p.[item_id] < NEW.[item_id]
                                 AND p.[state] NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED'))
                        AND w.[item_id] < NEW.[item_id]
                      ORDER BY w.[state] IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED'), w.[item_id] DESC
                      LIMIT 1), 0)), 0))
   WHERE [item_id] = NEW.[item_id];

  -- Behind what never went: wait for what that one waited for, while that has not ended.
  UPDATE [outbox]
     SET [depends_on] = p.[item_id]
    FROM [outbox] AS e JOIN [outbox] AS p ON p.[item_id] = e.[depends_on]
   WHERE [outbox].[item_id] = NEW.[item_id] AND [outbox].[withdraws] IS NULL AND e.[item_id] = [outbox].[depends_on]
     AND e.[state] IN ('INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') AND e.[sent_at] IS NULL
     AND p.[state] NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
     AND (e.[reason_code] = 'PREDECESSOR'
          OR NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = e.[document_type]));

  -- What follows a withdrawal of its own kind must not go up beside what was to be withdrawn.
  UPDATE [outbox]
     SET [needs] = 'ACCEPTED'
   WHERE [item_id] = NEW.[item_id]
     AND ([withdraws] IS NOT NULL OR EXISTS (
           SELECT 1 FROM [outbox] p JOIN EESZT_DOCUMENT_TYPE t ON t.withdrawal_type = p.[document_type]
            WHERE p.[item_id] = [outbox].[depends_on] AND t.document_type = NEW.[document_type]));

  -- Rows that can never go end here, with a sentence.
  UPDATE [outbox]
     SET [state] = 'INVALID', [reason_code] = 'UNKNOWN_DOCUMENT_TYPE', [status_text] = '{UNKNOWN_DOCUMENT_TYPE}'
   WHERE [item_id] = NEW.[item_id]
     AND NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t
                      WHERE t.document_type = NEW.[document_type] AND t.active = 1 AND t.is_probe = 0);
  -- What only its recorder may withdraw is not touched by anybody else's row.
  UPDATE [outbox]
     SET [state] = 'INVALID', [reason_code] = 'PRESCRIBER_ONLY', [status_text] = '{PRESCRIBER_ONLY}'
   WHERE [item_id] = NEW.[item_id] AND [state] = 'NEW' AND EXISTS (
           SELECT 1 FROM [outbox] o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.[document_type]
             JOIN EESZT_DOCUMENT_TYPE k ON k.document_type = t.withdrawal_type
            WHERE o.[item_id] = [outbox].[withdraws] AND (t.kind = 'R' OR k.kind = 'W')
              AND o.[recorded_by] IS NOT NEW.[recorded_by]);
  UPDATE [outbox]
     SET [state] = 'INVALID', [reason_code] = 'BAD_FIELD', [status_text] = '{WITHDRAWAL_DISAGREES}', [withdraws] = NULL
   WHERE [item_id] = NEW.[item_id] AND [state] = 'NEW' AND EXISTS (
           SELECT 1 FROM [outbox] o
            WHERE o.[item_id] = [outbox].[withdraws]
              AND (o.[source_key] <> [outbox].[source_key] OR o.[order_key] <> [outbox].[order_key]));
  UPDATE [outbox]
     SET [state] = 'INVALID', [reason_code] = 'BAD_FIELD', [status_text] = '{BAD_RECORDED_AT}'
   WHERE [item_id] = NEW.[item_id] AND [state] = 'NEW' AND [recorded_at] IS NULL;
  UPDATE [outbox]
     SET [state] = 'INVALID', [reason_code] = 'BAD_FIELD', [status_text] = '{BAD_FIRST_RECORDED_AT}'
   WHERE [item_id] = NEW.[item_id] AND [state] = 'NEW'
     AND [first_recorded_at] IS NULL AND NEW.[first_recorded_at] <> '';
  UPDATE [outbox]
     SET [state] = 'INVALID', [reason_code] = 'BAD_FIELD', [status_text] = '{NO_ORIGINAL}'
   WHERE [item_id] = NEW.[item_id] AND [state] = 'NEW' AND [withdraws] IS NULL
     AND EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = NEW.[document_type]);

  -- One national document per record: the same key again is skipped while the first may be valid; an answered query may be
  -- asked again. What is being withdrawn makes room, here for a row behind its withdrawal; where that failed it still stands.
  -- Nobody waits for the second row: what the ward may hand out is said by the first. Withdrawals count by what they withdraw.
  UPDATE [outbox]
     SET [state] = 'SKIPPED', [reason_code] = 'DUPLICATE', [status_text] = '{DUPLICATE}', [ward_answer] = NULL,
         [answer_by] = NULL
   WHERE [item_id] = NEW.[item_id] AND [state] = 'NEW'
     AND (EXISTS (
            SELECT 1 FROM EESZT_V_ITEM p JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = p.document_type
             WHERE p.document_type = NEW.[document_type] AND p.source_key = NEW.[source_key]
               AND p.item_id < NEW.[item_id]
               AND p.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
               AND NOT (p.state = 'ACCEPTED' AND t.kind IN ('Q', 'L'))
               AND NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE o WHERE o.withdrawal_type = NEW.[document_type])
               AND NOT (p.compensation IS 'DONE'
                        OR (p.lane = [lane] AND p.compensation IS 'DUE')
                        OR (p.lane = [lane] AND p.compensation IS NULL AND p.withdraw_asked_at IS NOT NULL)))
          OR EXISTS (
            SELECT 1 FROM [outbox] p
             WHERE p.[withdraws] = [outbox].[withdraws] AND p.[item_id] < NEW.[item_id]
               AND p.[state] NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')));
  UPDATE [outbox]
     SET [next_at] = NULL, [ward_answer] = CASE [ward_answer] WHEN 'WAIT' THEN 'PAPER' END
   WHERE [item_id] = NEW.[item_id] AND [state] <> 'NEW';

  -- The original is not printed any more; what was not sent of it ends at the daemon's next sweep.
  UPDATE [outbox]
     SET [withdraw_asked_at] = coalesce([withdraw_asked_at], [now]), [withdraw_asked_by] = NEW.[recorded_by],
         [compensation] = CASE WHEN [state] = 'ACCEPTED' THEN 'DUE' ELSE [compensation] END
   WHERE [item_id] = (SELECT o.[withdraws] FROM [outbox] o WHERE o.[item_id] = NEW.[item_id] AND o.[state] = 'NEW')
     AND (([withdraw_asked_at] IS NULL AND [compensation] IS NULL) OR [compensation] = 'FAILED');

  -- Behind what never goes nothing waits, but for a withdrawal that was written badly: what it was to withdraw still stands.
  INSERT INTO EESZT_ORDER_HEAD (lane, order_key, last_item, last_original)
  SELECT [lane], o.[order_key], o.[item_id],
         CASE WHEN EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = o.[document_type])
              THEN NULL ELSE o.[item_id] END
    FROM [outbox] o
   WHERE o.[item_id] = NEW.[item_id] AND o.[order_key] IS NOT NULL
     AND (o.[reason_code] IS NULL OR o.[reason_code] NOT IN ('DUPLICATE', 'PRESCRIBER_ONLY'))
  ON CONFLICT (lane, order_key) DO UPDATE
     SET last_item = CASE WHEN excluded.last_original IS NULL OR EXISTS (
                            SELECT 1 FROM [outbox] o WHERE o.[item_id] = excluded.last_item AND o.[state] = 'NEW')
                          THEN excluded.last_item ELSE last_item END,
         last_original = coalesce(excluded.last_original, last_original);

  -- From here on the row is under the state trigger, and no outbox gives the number again.
  UPDATE EESZT_SEQUENCE SET last_id = NEW.[item_id] WHERE name = 'item';
  UPDATE sqlite_sequence SET seq = NEW.[item_id] WHERE name IN ([outbox_names]);
END;

-- item_view_part --
-- One outbox's share of EESZT_V_ITEM, under its logical names.
SELECT [lane] AS lane, [item_id] AS item_id, [document_type] AS document_type, [source_key] AS source_key,
       [order_key] AS order_key, [recorded_by] AS recorded_by, [workplace] AS workplace, [recorded_at] AS recorded_at,
       [created_at] AS created_at, [state] AS state, [state_at] AS state_at, [ward_answer] AS ward_answer,
       [send_by] AS send_by, [answer_by] AS answer_by, [sent_at] AS sent_at, [depends_on] AS depends_on,
       [withdraws] AS withdraws, [withdraw_asked_at] AS withdraw_asked_at, [withdraw_asked_by] AS withdraw_asked_by,
       [compensation] AS compensation, [attempts] AS attempts, [message_id] AS message_id,
       [acting_user] AS acting_user, [reason_code] AS reason_code, [status_text] AS status_text,
       [recorder_proof] AS recorder_proof, [login_at_recording] AS login_at_recording, [replaces] AS replaces
  FROM [outbox]

-- views --
-- What MedWorkS and an operator read; times in Europe/Budapest.
DROP VIEW IF EXISTS EESZT_V_LOCAL_ITEM;
CREATE VIEW EESZT_V_LOCAL_ITEM AS
SELECT i.*,
       [local i.recorded_at] AS recorded_local, [local i.created_at] AS created_local, [local i.state_at] AS state_local,
       [local i.sent_at] AS sent_local, [local i.send_by] AS send_by_local, [local i.answer_by] AS answer_by_local
  FROM EESZT_V_ITEM i;

-- An identifier is kept, but hidden here, where the ward has paper and where its withdrawal was asked for. What was to be
-- printed is then WITHDRAWN; compensation says how far that has come.
DROP VIEW IF EXISTS EESZT_V_STATUS;
CREATE VIEW EESZT_V_STATUS AS
SELECT i.item_id, i.lane, i.document_type, i.source_key, i.order_key, i.recorded_by, i.workplace, i.state,
       CASE WHEN i.ward_answer = 'PRINT' AND (i.withdraw_asked_at IS NOT NULL OR i.compensation IS NOT NULL)
            THEN 'WITHDRAWN' ELSE i.ward_answer END AS ward_answer,
       i.reason_code,
       CASE WHEN i.withdraws IS NOT NULL AND i.reason_code = 'PREDECESSOR' THEN '{NOTHING_TO_WITHDRAW}'
            ELSE coalesce((SELECT CASE WHEN i.reason_code = 'PREDECESSOR' AND i.ward_answer IS NULL THEN '{ORIGINAL_KEPT}'
                                  WHEN w.state IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED') THEN '{ORIGINAL_STANDS}'
                                  ELSE '{ORIGINAL_UNSURE}' END
                        FROM EESZT_V_ITEM w
                       WHERE w.item_id = i.depends_on AND w.withdraws IS NOT NULL AND w.state NOT IN ('ACCEPTED', 'CANCELLED')
                         AND i.withdraws IS NULL
                         AND (i.ward_answer = 'PAPER' OR (i.ward_answer = 'WAIT' AND w.state IN ('UNKNOWN', 'PARKED'))
                              OR i.reason_code = 'PREDECESSOR')),
                     i.status_text) END AS status_text,
       i.acting_user, n.value AS eeszt_id, i.withdraws, i.compensation, i.attempts,
       i.recorded_local AS recorded_at, i.created_local AS created_at, i.state_local AS state_at, i.sent_local AS sent_at,
       i.send_by_local AS send_by, i.answer_by_local AS answer_by
  FROM EESZT_V_LOCAL_ITEM i
  LEFT JOIN EESZT_IDENTIFIER n
    ON n.item_id = i.item_id AND n.name = 'eeszt_id' AND n.is_second = 0 AND i.ward_answer IS NOT 'PAPER'
   AND i.withdraw_asked_at IS NULL AND i.compensation IS NULL;

-- A bar code is shown while it may be handed out: the ward was told PRINT, or nobody waits, and nobody withdraws it.
DROP VIEW IF EXISTS EESZT_V_BARCODE;
CREATE VIEW EESZT_V_BARCODE AS
SELECT i.item_id, i.document_type, i.source_key, n.value AS barcode
  FROM EESZT_IDENTIFIER n JOIN EESZT_V_ITEM i ON i.item_id = n.item_id
 WHERE n.name = 'barcode' AND n.is_second = 0 AND i.state = 'ACCEPTED'
   AND (i.ward_answer = 'PRINT' OR (i.ward_answer IS NULL AND i.answer_by IS NULL))
   AND i.withdraw_asked_at IS NULL AND i.compensation IS NULL;

-- What went up: data, identifiers, times, and under whose name.
DROP VIEW IF EXISTS EESZT_V_SENT;
CREATE VIEW EESZT_V_SENT AS
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, m.acting_user, m.message_id, m.digest, m.mapping_version,
       json_remove(m.document, '$._write_back') AS document, i.state, i.sent_local AS sent_at,
       (SELECT json_group_object(n.name, n.value) FROM EESZT_IDENTIFIER n
         WHERE n.item_id = i.item_id AND n.is_second = 0) AS identifiers
  FROM EESZT_MESSAGE m JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = m.item_id;

-- Which line of the decision table decided, under whose name and by which rules: what went up, and what went no further.
-- Times in UTC.
DROP VIEW IF EXISTS EESZT_V_DECISION;
CREATE VIEW EESZT_V_DECISION AS
SELECT m.item_id, m.decision, m.acting_user, 'PERMITTED' AS ending, NULL AS reason_code, m.rules,
       m.stored_at AS decided_at
  FROM EESZT_MESSAGE m
 WHERE m.decision IS NOT NULL
UNION ALL
SELECT a.item_id, a.decision, a.acting_user, a.ending, a.reason_code, a.rules, a.ended_at
  FROM EESZT_ATTEMPT a
 WHERE a.kind = 'DECIDE' AND a.verdict = 'DONE';

-- ends_soon: half an hour before its end the HIS asks its user to log in again, so that no prescription finds it out.
DROP VIEW IF EXISTS EESZT_V_LOGIN;
CREATE VIEW EESZT_V_LOGIN AS
SELECT l.his_user, l.eeszt_user, l.role, l.method,
       [local l.started_at] AS started_at,
       [local l.ends_at] AS ends_at,
       CAST((julianday(l.ends_at) - julianday([now])) * 1440 AS INTEGER) AS minutes_left,
       (julianday(l.ends_at) - julianday([now])) * 1440 <= 30 AS ends_soon
  FROM EESZT_LOGIN l
 WHERE l.ended_at IS NULL AND l.ends_at > [now];

-- How many items wait for a login of each user, and since when the oldest; they go by themselves when he has logged in.
DROP VIEW IF EXISTS EESZT_V_LOGIN_NEEDED;
CREATE VIEW EESZT_V_LOGIN_NEEDED AS
SELECT i.recorded_by AS his_user, count(*) AS items, min(i.created_local) AS since
  FROM EESZT_V_LOCAL_ITEM i
 WHERE i.state = 'PARKED' AND i.reason_code IN ('LOGIN', 'TOKEN_REFUSED')
 GROUP BY i.recorded_by;

-- UP is only said while a daemon is alive to know it; 'runner' is the daemon itself.
DROP VIEW IF EXISTS EESZT_V_SERVICE;
CREATE VIEW EESZT_V_SERVICE AS
SELECT s.service,
       CASE WHEN s.state = 'UP' AND EXISTS (SELECT 1 FROM EESZT_RUNNER r WHERE r.beat_at >= [alive_since])
            THEN 'UP' ELSE 'DOWN' END AS state,
       [local s.since] AS since
  FROM EESZT_SERVICE_STATE s
UNION ALL
SELECT 'runner', CASE WHEN r.beat_at >= [alive_since] THEN 'UP' ELSE 'DOWN' END, [local r.beat_at]
  FROM (SELECT max(beat_at) AS beat_at FROM EESZT_RUNNER) r;

-- What needs a person, with the sentence.
DROP VIEW IF EXISTS EESZT_V_ATTENTION;
CREATE VIEW EESZT_V_ATTENTION AS
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'PARKED' AS what, i.reason_code, i.status_text AS sentence,
       i.state_local AS since
  FROM EESZT_V_LOCAL_ITEM i
 WHERE i.state = 'PARKED'
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by,
       CASE i.compensation WHEN 'DUE' THEN 'DOUBLE_VALIDITY' ELSE 'WITHDRAWAL_FAILED' END, i.reason_code,
       CASE i.compensation WHEN 'DUE' THEN '{DOUBLE_VALIDITY}' ELSE i.status_text END, i.state_local
  FROM EESZT_V_LOCAL_ITEM i
 WHERE i.compensation IN ('DUE', 'FAILED') AND (i.compensation = 'FAILED' OR i.ward_answer = 'PAPER')
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'SECOND_IDENTIFIER', NULL, '{SECOND_IDENTIFIER}',
       i.state_local
  FROM EESZT_IDENTIFIER n JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = n.item_id
 WHERE n.is_second = 1
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'WRITE_BACK', NULL,
       '{WRITE_BACK_FAILED}' || ' ' || w.table_name || ': ' || w.error, i.state_local
  FROM EESZT_WRITE_BACK w JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = w.item_id
 WHERE w.state = 'FAILED'
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'POISON', i.reason_code, i.status_text, i.state_local
  FROM EESZT_V_LOCAL_ITEM i
 WHERE i.state = 'MISSED' AND i.reason_code = 'POISON'
UNION ALL
SELECT r.item_id, r.document_type, r.source_key, r.recorded_by,
       CASE WHEN w.state IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED') THEN 'ORIGINAL_STANDS' ELSE 'ORIGINAL_UNSURE' END,
       w.reason_code,
       CASE WHEN w.state IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED') THEN '{ORIGINAL_STANDS}' ELSE '{ORIGINAL_UNSURE}' END,
       r.state_local
  FROM EESZT_V_ITEM w JOIN EESZT_V_LOCAL_ITEM r ON r.depends_on = w.item_id
 WHERE w.withdraws IS NOT NULL AND w.state NOT IN ('ACCEPTED', 'CANCELLED') AND r.withdraws IS NULL
   AND (r.ward_answer = 'PAPER' OR (r.ward_answer = 'WAIT' AND w.state IN ('UNKNOWN', 'PARKED')))
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'WARD_OVERDUE', i.reason_code, '{WARD_OVERDUE}',
       i.answer_by_local
  FROM EESZT_V_LOCAL_ITEM i
 WHERE i.ward_answer = 'WAIT' AND i.answer_by < [alive_since];
