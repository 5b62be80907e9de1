-- 040_outbox_background.sql: the outbox background.
-- Made from sql/oracle/source; do not change it. Run it as the owner, in SQL*Plus or SQLcl, with NLS_LANG=.AL32UTF8,
-- by itself or by install.sql, which runs all scripts in their order.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
PROMPT 040_outbox_background.sql

-- Goes no further where it has run already, nor where the terminal's letters are not those of this file.
DECLARE
  l_sha256 EESZT_SCHEMA_SCRIPT.sha256%TYPE;
BEGIN
  SELECT MAX(s.sha256) INTO l_sha256 FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '040_outbox_background.sql';
  IF l_sha256 = 'd8d804010d1ba22d6050b1720c518d0bf872866572289f1d208fec19dcf54fd3' THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: 040_outbox_background.sql has run already');
  END IF;
  IF l_sha256 IS NOT NULL THEN
    RAISE_APPLICATION_ERROR(-20682, 'EESZT: 040_outbox_background.sql has run as another text, take the scripts of its release');
  END IF;
END;
/

CREATE TABLE EESZT_OUT_BACKGROUND (
  item_id NUMBER(19),
  document_type VARCHAR2(60 CHAR),
  source_key VARCHAR2(200 CHAR),
  order_key VARCHAR2(100 CHAR),
  priority NUMBER(9),
  recorded_by VARCHAR2(100 CHAR),
  workplace VARCHAR2(100 CHAR),
  recorded_at TIMESTAMP(6),
  payload CLOB,
  replaces NUMBER(19),
  first_recorded_at TIMESTAMP(6),
  created_at TIMESTAMP(6),
  send_by TIMESTAMP(6),
  answer_by TIMESTAMP(6),
  ward_answer VARCHAR2(20 CHAR),
  depends_on NUMBER(19),
  needs VARCHAR2(20 CHAR),
  recorder_proof VARCHAR2(20 CHAR),
  login_at_recording VARCHAR2(20 CHAR),
  state VARCHAR2(20 CHAR),
  state_at TIMESTAMP(6),
  next_at TIMESTAMP(6),
  claim_owner VARCHAR2(100 CHAR),
  claim_token VARCHAR2(64 CHAR),
  lease_until TIMESTAMP(6),
  rescue_count NUMBER(9),
  attempts NUMBER(9),
  probe_count NUMBER(9),
  sent_at TIMESTAMP(6),
  withdraw_asked_at TIMESTAMP(6),
  withdraw_asked_by VARCHAR2(100 CHAR),
  withdraws NUMBER(19),
  compensation VARCHAR2(20 CHAR),
  mapping_version VARCHAR2(64 CHAR),
  message_id VARCHAR2(100 CHAR),
  acting_user VARCHAR2(100 CHAR),
  reason_code VARCHAR2(60 CHAR),
  status_text VARCHAR2(1000 CHAR),
  unsettled NUMBER(19),
  has_payload NUMBER(1),
  due_prio NUMBER(9) GENERATED ALWAYS AS (CASE WHEN state IN ('NEW', 'WAITING') THEN priority END) VIRTUAL,
  due_id NUMBER(19) GENERATED ALWAYS AS (CASE WHEN state IN ('NEW', 'WAITING') THEN item_id END) VIRTUAL,
  due_at TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN state IN ('NEW', 'WAITING') THEN next_at END) VIRTUAL,
  probe_at TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN state IN ('UNKNOWN', 'MISSED') THEN next_at END) VIRTUAL,
  ward_at TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN ward_answer = 'WAIT' THEN answer_by END) VIRTUAL,
  window_at TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN state IN ('NEW', 'WAITING', 'PARKED') THEN send_by END) VIRTUAL,
  needs_id NUMBER(19) GENERATED ALWAYS AS (CASE WHEN needs = 'ACCEPTED' AND state IN ('NEW', 'WAITING', 'PARKED') THEN depends_on END) VIRTUAL,
  asked_at TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN state IN ('NEW', 'WAITING', 'PARKED') THEN withdraw_asked_at END) VIRTUAL,
  parked_id NUMBER(19) GENERATED ALWAYS AS (CASE WHEN state = 'PARKED' THEN item_id END) VIRTUAL,
  poison_id NUMBER(19) GENERATED ALWAYS AS (CASE WHEN reason_code = 'POISON' THEN item_id END) VIRTUAL,
  owed_id NUMBER(19) GENERATED ALWAYS AS (CASE WHEN compensation IN ('DUE', 'FAILED') THEN item_id END) VIRTUAL,
  ended_at TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN state IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') THEN state_at END) VIRTUAL,
  payload_at TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN has_payload = 1 AND state IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') THEN state_at END) VIRTUAL
) SEGMENT CREATION IMMEDIATE INITRANS 10 PCTFREE 30
  -- a record's own key is all that most rows carry; small payloads stay in the row, large ones do not fill its block
  LOB (payload) STORE AS SECUREFILE (ENABLE STORAGE IN ROW CACHE);

ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_PK PRIMARY KEY (item_id) USING INDEX INITRANS 10;

ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_DEP_FK FOREIGN KEY (depends_on)
  REFERENCES EESZT_OUT_BACKGROUND (item_id) ON DELETE SET NULL;
ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_WD_FK FOREIGN KEY (withdraws)
  REFERENCES EESZT_OUT_BACKGROUND (item_id) ON DELETE SET NULL;
ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_WARD_CK CHECK (ward_answer IN ('WAIT', 'PRINT', 'PAPER'));
ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_NEED_CK CHECK (needs IN ('FINAL', 'ACCEPTED'));
ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_PRF_CK CHECK (recorder_proof IN ('BOUND', 'ASSERTED'));
ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_LOG_CK CHECK (login_at_recording IN ('LIVE', 'NONE', 'LOGIN_DOWN'));
ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_COMP_CK CHECK (compensation IN ('DUE', 'DONE', 'FAILED'));
ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_LOAD_CK CHECK (has_payload = 1);
ALTER TABLE EESZT_OUT_BACKGROUND ADD CONSTRAINT EESZT_OUT_BACKGROUND_ROW_CK CHECK (item_id IS NULL
  OR (priority IS NOT NULL AND state IS NOT NULL AND state_at IS NOT NULL AND created_at IS NOT NULL
      AND rescue_count IS NOT NULL AND attempts IS NOT NULL AND probe_count IS NOT NULL));

CREATE INDEX EESZT_OUT_BACKGROUND_DUE ON EESZT_OUT_BACKGROUND (due_prio, due_id, due_at) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_PROBE ON EESZT_OUT_BACKGROUND (probe_at) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_LEASE ON EESZT_OUT_BACKGROUND (lease_until) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_WARD ON EESZT_OUT_BACKGROUND (ward_at) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_WINDOW ON EESZT_OUT_BACKGROUND (window_at) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_NEEDS ON EESZT_OUT_BACKGROUND (needs_id) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_ASKED ON EESZT_OUT_BACKGROUND (asked_at) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_PARKED ON EESZT_OUT_BACKGROUND (parked_id) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_POISON ON EESZT_OUT_BACKGROUND (poison_id) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_OWED ON EESZT_OUT_BACKGROUND (owed_id) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_TOKEN ON EESZT_OUT_BACKGROUND (claim_token) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_DEPENDS ON EESZT_OUT_BACKGROUND (depends_on) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_WD ON EESZT_OUT_BACKGROUND (withdraws) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_SOURCE ON EESZT_OUT_BACKGROUND (source_key, document_type) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_ENDED ON EESZT_OUT_BACKGROUND (ended_at) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_PAYLOAD ON EESZT_OUT_BACKGROUND (payload_at) INITRANS 10;
CREATE INDEX EESZT_OUT_BACKGROUND_UNSET ON EESZT_OUT_BACKGROUND (unsettled) INITRANS 10;

COMMENT ON TABLE EESZT_OUT_BACKGROUND IS 'Outbox background of the EESZT runner: a row is one item';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.item_id IS 'Number of the item, of all outboxes; the database gives it';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.document_type IS 'MedWorkS: which mapping makes the message';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.source_key IS 'MedWorkS: key of its record; one national document per record';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.order_key IS 'MedWorkS: what has the same key goes in order';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.priority IS 'MedWorkS: less goes first; 100 if left out';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.recorded_by IS 'MedWorkS: its user who recorded';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.workplace IS 'MedWorkS: where it was recorded';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.recorded_at IS 'MedWorkS: when it was recorded, UTC';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.payload IS 'MedWorkS: the data as a JSON object, where they are not read from its tables';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.replaces IS 'MedWorkS: item that this one replaces; it goes behind that one''s withdrawal';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.first_recorded_at IS 'MedWorkS: when it was first recorded, UTC; the window for sending runs from it';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.created_at IS 'Insert: when, UTC';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.send_by IS 'Insert: last moment that bytes may leave, UTC';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.answer_by IS 'Insert: last moment that the ward waits, UTC';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.ward_answer IS 'What the ward may hand out: WAIT, PRINT, PAPER; null: nobody waits';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.depends_on IS 'Insert: item that must end first';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.needs IS 'Insert: how that one must end, FINAL or ACCEPTED';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.recorder_proof IS 'Insert: BOUND, the database session was bound by the recorder''s login; ASSERTED, only said';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.login_at_recording IS 'Insert: LIVE, logged in; LOGIN_DOWN, not, since the login was down; NONE, not';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.state IS 'Runner: where the item stands; EESZT_TRANSITION says what may follow';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.state_at IS 'Runner: since when, UTC';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.next_at IS 'Runner: when something is due, UTC';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.claim_owner IS 'Runner: daemon that holds it';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.claim_token IS 'Runner: token of the claim; every later write names it';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.lease_until IS 'Runner: when the claim ends by itself, UTC; null: free';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.rescue_count IS 'Runner: how often a claim ended by itself';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.attempts IS 'Runner: tries so far';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.probe_count IS 'Runner: questions since bytes last left';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.sent_at IS 'Runner: when it was last permitted, UTC';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.withdraw_asked_at IS 'When its withdrawal was first asked for, UTC';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.withdraw_asked_by IS 'Who asked';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.withdraws IS 'Original that this item withdraws';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.compensation IS 'How far its withdrawal has come: DUE, DONE, FAILED';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.mapping_version IS 'Runner: digest of the mapping it was made with';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.message_id IS 'Runner: message identifier';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.acting_user IS 'Runner: EESZT identity under which it left';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.reason_code IS 'Why it stands where it stands';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.status_text IS 'The same as a sentence for the ward, Hungarian';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.unsettled IS 'Only while the insert is going on: the original that the row names, else 0; null ever after';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.has_payload IS '1 while payload is kept, else null; a LOB itself cannot be part of an index';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.due_prio IS 'Index: priority of what is NEW or WAITING';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.due_id IS 'Index: item_id of what is NEW or WAITING';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.due_at IS 'Index: next_at of what is NEW or WAITING';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.probe_at IS 'Index: next_at of what is asked after';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.ward_at IS 'Index: answer_by of what a ward waits for';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.window_at IS 'Index: send_by of what has not gone';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.needs_id IS 'Index: depends_on of what needs it accepted and has not gone';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.asked_at IS 'Index: withdraw_asked_at of what has not gone';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.parked_id IS 'Index: item_id of what is PARKED';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.poison_id IS 'Index: item_id of what was stopped as poison';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.owed_id IS 'Index: item_id of what must still be withdrawn';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.ended_at IS 'Index: state_at of what has ended';
COMMENT ON COLUMN EESZT_OUT_BACKGROUND.payload_at IS 'Index: state_at of what has ended and has a payload still';

DELETE FROM EESZT_SCHEMA_SCRIPT WHERE script = '040_outbox_background.sql';
INSERT INTO EESZT_SCHEMA_SCRIPT (script, sha256, run_at, run_by)
VALUES ('040_outbox_background.sql', 'd8d804010d1ba22d6050b1720c518d0bf872866572289f1d208fec19dcf54fd3', SYS_EXTRACT_UTC(SYSTIMESTAMP), USER);
COMMIT;
