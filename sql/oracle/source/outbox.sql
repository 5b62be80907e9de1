-- One outbox on Oracle, in named blocks; see tables.sql. Rendered once for every outbox of outboxes.yaml.

-- outbox_columns --
-- A column a line: what MedWorkS writes, what the insert fills in, what the runner keeps, and what only indexes need.
-- Over a table that MedWorkS already has, `eeszt-runner db ddl` prints those that are missing as ALTER TABLE ... ADD.
[item_id] NUMBER(19)
[document_type] VARCHAR2(60 CHAR)
[source_key] VARCHAR2(200 CHAR)
[order_key] VARCHAR2(100 CHAR)
[priority] NUMBER(9)
[recorded_by] VARCHAR2(100 CHAR)
[workplace] VARCHAR2(100 CHAR)
[recorded_at] TIMESTAMP(6)
[payload] CLOB
[replaces] NUMBER(19)
[first_recorded_at] TIMESTAMP(6)
[created_at] TIMESTAMP(6)
[send_by] TIMESTAMP(6)
[answer_by] TIMESTAMP(6)
[ward_answer] VARCHAR2(20 CHAR)
[depends_on] NUMBER(19)
[needs] VARCHAR2(20 CHAR)
[recorder_proof] VARCHAR2(20 CHAR)
[login_at_recording] VARCHAR2(20 CHAR)
[state] VARCHAR2(20 CHAR)
[state_at] TIMESTAMP(6)
[next_at] TIMESTAMP(6)
[claim_owner] VARCHAR2(100 CHAR)
[claim_token] VARCHAR2(64 CHAR)
[lease_until] TIMESTAMP(6)
[rescue_count] NUMBER(9)
[attempts] NUMBER(9)
[probe_count] NUMBER(9)
[sent_at] TIMESTAMP(6)
[withdraw_asked_at] TIMESTAMP(6)
[withdraw_asked_by] VARCHAR2(100 CHAR)
[withdraws] NUMBER(19)
[compensation] VARCHAR2(20 CHAR)
[mapping_version] VARCHAR2(64 CHAR)
[message_id] VARCHAR2(100 CHAR)
[acting_user] VARCHAR2(100 CHAR)
[reason_code] VARCHAR2(60 CHAR)
[status_text] VARCHAR2(1000 CHAR)
[unsettled] NUMBER(19)
[has_payload] NUMBER(1)
[due_prio] NUMBER(9) GENERATED ALWAYS AS (CASE WHEN [state] IN ('NEW', 'WAITING') THEN [priority] END) VIRTUAL
[due_id] NUMBER(19) GENERATED ALWAYS AS (CASE WHEN [state] IN ('NEW', 'WAITING') THEN [item_id] END) VIRTUAL
[due_at] TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN [state] IN ('NEW', 'WAITING') THEN [next_at] END) VIRTUAL
[probe_at] TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN [state] IN ('UNKNOWN', 'MISSED') THEN [next_at] END) VIRTUAL
[ward_at] TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN [ward_answer] = 'WAIT' THEN [answer_by] END) VIRTUAL
[window_at] TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN [state] IN ('NEW', 'WAITING', 'PARKED') THEN [send_by] END) VIRTUAL
[needs_id] NUMBER(19) GENERATED ALWAYS AS (CASE WHEN [needs] = 'ACCEPTED' AND [state] IN ('NEW', 'WAITING', 'PARKED') THEN [depends_on] END) VIRTUAL
[asked_at] TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN [state] IN ('NEW', 'WAITING', 'PARKED') THEN [withdraw_asked_at] END) VIRTUAL
[parked_id] NUMBER(19) GENERATED ALWAYS AS (CASE WHEN [state] = 'PARKED' THEN [item_id] END) VIRTUAL
[poison_id] NUMBER(19) GENERATED ALWAYS AS (CASE WHEN [reason_code] = 'POISON' THEN [item_id] END) VIRTUAL
[owed_id] NUMBER(19) GENERATED ALWAYS AS (CASE WHEN [compensation] IN ('DUE', 'FAILED') THEN [item_id] END) VIRTUAL
[ended_at] TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN [state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') THEN [state_at] END) VIRTUAL
[payload_at] TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN [has_payload] = 1 AND [state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') THEN [state_at] END) VIRTUAL

-- outbox_table --
-- The table of an outbox of our own; every other outbox is a table that is there already.
-- INITRANS: MedWorkS's sessions and the daemons write into the same block. PCTFREE: a row is inserted with few columns and
-- grows to some 400 bytes more by the time it ends; a migrated row would cost a second read at every poll.
CREATE TABLE [outbox] (
[columns]
) SEGMENT CREATION IMMEDIATE INITRANS 10 PCTFREE 30 [in_data]
  -- a record's own key is all that most rows carry; small payloads stay in the row, large ones do not fill its block
  LOB ([payload]) STORE AS SECUREFILE (ENABLE STORAGE IN ROW CACHE [in_lob]);

-- outbox_key --
-- The key of an outbox of our own.
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_pk] PRIMARY KEY ([item_id]) USING INDEX INITRANS 10 [in_index];

-- overlay_key --
-- Over a table of MedWorkS: its own key stays, and its old rows have no number.
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_item_uk] UNIQUE ([item_id]) USING INDEX INITRANS 10 [in_index];

-- outbox_constraints --
-- What a column may hold.
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_dep_fk] FOREIGN KEY ([depends_on])
  REFERENCES [outbox] ([item_id]) ON DELETE SET NULL;
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_wd_fk] FOREIGN KEY ([withdraws])
  REFERENCES [outbox] ([item_id]) ON DELETE SET NULL;
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_ward_ck] CHECK ([ward_answer] IN ('WAIT', 'PRINT', 'PAPER'));
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_need_ck] CHECK ([needs] IN ('FINAL', 'ACCEPTED'));
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_prf_ck] CHECK ([recorder_proof] IN ('BOUND', 'ASSERTED'));
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_log_ck] CHECK ([login_at_recording] IN ('LIVE', 'NONE', 'LOGIN_DOWN'));
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_comp_ck] CHECK ([compensation] IN ('DUE', 'DONE', 'FAILED'));
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_load_ck] CHECK ([has_payload] = 1);
ALTER TABLE [outbox] ADD CONSTRAINT [outbox_row_ck] CHECK ([item_id] IS NULL
  OR ([priority] IS NOT NULL AND [state] IS NOT NULL AND [state_at] IS NOT NULL AND [created_at] IS NOT NULL
      AND [rescue_count] IS NOT NULL AND [attempts] IS NOT NULL AND [probe_count] IS NOT NULL));

-- outbox_indexes --
-- Each index is as small as the work it holds, since Oracle keeps no entry whose columns are all null; only item_id,
-- source_key, depends_on, withdraws and ended grow with history, and payload until it is forgotten.
CREATE INDEX [outbox_due] ON [outbox] ([due_prio], [due_id], [due_at]) INITRANS 10 [in_index];
CREATE INDEX [outbox_probe] ON [outbox] ([probe_at]) INITRANS 10 [in_index];
CREATE INDEX [outbox_lease] ON [outbox] ([lease_until]) INITRANS 10 [in_index];
CREATE INDEX [outbox_ward] ON [outbox] ([ward_at]) INITRANS 10 [in_index];
CREATE INDEX [outbox_window] ON [outbox] ([window_at]) INITRANS 10 [in_index];
CREATE INDEX [outbox_needs] ON [outbox] ([needs_id]) INITRANS 10 [in_index];
CREATE INDEX [outbox_asked] ON [outbox] ([asked_at]) INITRANS 10 [in_index];
CREATE INDEX [outbox_parked] ON [outbox] ([parked_id]) INITRANS 10 [in_index];
CREATE INDEX [outbox_poison] ON [outbox] ([poison_id]) INITRANS 10 [in_index];
CREATE INDEX [outbox_owed] ON [outbox] ([owed_id]) INITRANS 10 [in_index];
CREATE INDEX [outbox_token] ON [outbox] ([claim_token]) INITRANS 10 [in_index];
CREATE INDEX [outbox_depends] ON [outbox] ([depends_on]) INITRANS 10 [in_index];
CREATE INDEX [outbox_wd] ON [outbox] ([withdraws]) INITRANS 10 [in_index];
CREATE INDEX [outbox_source] ON [outbox] ([source_key], [document_type]) INITRANS 10 [in_index];
CREATE INDEX [outbox_ended] ON [outbox] ([ended_at]) INITRANS 10 [in_index];
CREATE INDEX [outbox_payload] ON [outbox] ([payload_at]) INITRANS 10 [in_index];
CREATE INDEX [outbox_unset] ON [outbox] ([unsettled]) INITRANS 10 [in_index];

-- outbox_comments --
-- What each column is, for who reads the dictionary.
COMMENT ON TABLE [outbox] IS 'Outbox [lane_name] of the EESZT runner: a row is one item';
COMMENT ON COLUMN [outbox].[item_id] IS 'Number of the item, of all outboxes; the database gives it';
COMMENT ON COLUMN [outbox].[document_type] IS 'MedWorkS: which mapping makes the message';
COMMENT ON COLUMN [outbox].[source_key] IS 'MedWorkS: key of its record; one national document per record';
COMMENT ON COLUMN [outbox].[order_key] IS 'MedWorkS: what has the same key goes in order';
COMMENT ON COLUMN [outbox].[priority] IS 'MedWorkS: less goes first; 100 if left out';
COMMENT ON COLUMN [outbox].[recorded_by] IS 'MedWorkS: its user who recorded';
COMMENT ON COLUMN [outbox].[workplace] IS 'MedWorkS: where it was recorded';
COMMENT ON COLUMN [outbox].[recorded_at] IS 'MedWorkS: when it was recorded, UTC';
COMMENT ON COLUMN [outbox].[payload] IS 'MedWorkS: the data as a JSON object, where they are not read from its tables';
COMMENT ON COLUMN [outbox].[replaces] IS 'MedWorkS: item that this one replaces; it goes behind that one''s withdrawal';
COMMENT ON COLUMN [outbox].[first_recorded_at] IS 'MedWorkS: when it was first recorded, UTC; the window for sending runs from it';
COMMENT ON COLUMN [outbox].[created_at] IS 'Insert: when, UTC';
COMMENT ON COLUMN [outbox].[send_by] IS 'Insert: last moment that bytes may leave, UTC';
COMMENT ON COLUMN [outbox].[answer_by] IS 'Insert: last moment that the ward waits, UTC';
COMMENT ON COLUMN [outbox].[ward_answer] IS 'What the ward may hand out: WAIT, PRINT, PAPER; null: nobody waits';
COMMENT ON COLUMN [outbox].[depends_on] IS 'Insert: item that must end first';
COMMENT ON COLUMN [outbox].[needs] IS 'Insert: how that one must end, FINAL or ACCEPTED';
COMMENT ON COLUMN [outbox].[recorder_proof] IS 'Insert: BOUND, the database session was bound by the recorder''s login; ASSERTED, only said';
COMMENT ON COLUMN [outbox].[login_at_recording] IS 'Insert: LIVE, logged in; LOGIN_DOWN, not, since the login was down; NONE, not';
COMMENT ON COLUMN [outbox].[state] IS 'Runner: where the item stands; EESZT_TRANSITION says what may follow';
COMMENT ON COLUMN [outbox].[state_at] IS 'Runner: since when, UTC';
COMMENT ON COLUMN [outbox].[next_at] IS 'Runner: when something is due, UTC';
COMMENT ON COLUMN [outbox].[claim_owner] IS 'Runner: daemon that holds it';
COMMENT ON COLUMN [outbox].[claim_token] IS 'Runner: token of the claim; every later write names it';
COMMENT ON COLUMN [outbox].[lease_until] IS 'Runner: when the claim ends by itself, UTC; null: free';
COMMENT ON COLUMN [outbox].[rescue_count] IS 'Runner: how often a claim ended by itself';
COMMENT ON COLUMN [outbox].[attempts] IS 'Runner: tries so far';
COMMENT ON COLUMN [outbox].[probe_count] IS 'Runner: questions since bytes last left';
COMMENT ON COLUMN [outbox].[sent_at] IS 'Runner: when it was last permitted, UTC';
COMMENT ON COLUMN [outbox].[withdraw_asked_at] IS 'When its withdrawal was first asked for, UTC';
COMMENT ON COLUMN [outbox].[withdraw_asked_by] IS 'Who asked';
COMMENT ON COLUMN [outbox].[withdraws] IS 'Original that this item withdraws';
COMMENT ON COLUMN [outbox].[compensation] IS 'How far its withdrawal has come: DUE, DONE, FAILED';
COMMENT ON COLUMN [outbox].[mapping_version] IS 'Runner: digest of the mapping it was made with';
COMMENT ON COLUMN [outbox].[message_id] IS 'Runner: message identifier';
COMMENT ON COLUMN [outbox].[acting_user] IS 'Runner: EESZT identity under which it left';
COMMENT ON COLUMN [outbox].[reason_code] IS 'Why it stands where it stands';
COMMENT ON COLUMN [outbox].[status_text] IS 'The same as a sentence for the ward, Hungarian';
COMMENT ON COLUMN [outbox].[unsettled] IS 'Only while the insert is going on: the original that the row names, else 0; null ever after';
COMMENT ON COLUMN [outbox].[has_payload] IS '1 while payload is kept, else null; a LOB itself cannot be part of an index';
COMMENT ON COLUMN [outbox].[due_prio] IS 'Index: priority of what is NEW or WAITING';
COMMENT ON COLUMN [outbox].[due_id] IS 'Index: item_id of what is NEW or WAITING';
COMMENT ON COLUMN [outbox].[due_at] IS 'Index: next_at of what is NEW or WAITING';
COMMENT ON COLUMN [outbox].[probe_at] IS 'Index: next_at of what is asked after';
COMMENT ON COLUMN [outbox].[ward_at] IS 'Index: answer_by of what a ward waits for';
COMMENT ON COLUMN [outbox].[window_at] IS 'Index: send_by of what has not gone';
COMMENT ON COLUMN [outbox].[needs_id] IS 'Index: depends_on of what needs it accepted and has not gone';
COMMENT ON COLUMN [outbox].[asked_at] IS 'Index: withdraw_asked_at of what has not gone';
COMMENT ON COLUMN [outbox].[parked_id] IS 'Index: item_id of what is PARKED';
COMMENT ON COLUMN [outbox].[poison_id] IS 'Index: item_id of what was stopped as poison';
COMMENT ON COLUMN [outbox].[owed_id] IS 'Index: item_id of what must still be withdrawn';
COMMENT ON COLUMN [outbox].[ended_at] IS 'Index: state_at of what has ended';
COMMENT ON COLUMN [outbox].[payload_at] IS 'Index: state_at of what has ended and has a payload still';
