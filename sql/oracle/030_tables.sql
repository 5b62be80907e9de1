-- 030_tables.sql: what is kept beside the outboxes.
-- Made from sql/oracle/source; do not change it. Run it as the owner, in SQL*Plus or SQLcl, with NLS_LANG=.AL32UTF8,
-- by itself or by install.sql, which runs all scripts in their order.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
PROMPT 030_tables.sql

-- Goes no further where it has run already, nor where the terminal's letters are not those of this file.
DECLARE
  l_sha256 EESZT_SCHEMA_SCRIPT.sha256%TYPE;
BEGIN
  SELECT MAX(s.sha256) INTO l_sha256 FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '030_tables.sql';
  IF l_sha256 = '9a30ddfe48eb47bf60ec8db53d064d3201b0d496198b2c12c39d160cdc9b30df' THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: 030_tables.sql has run already');
  END IF;
  IF l_sha256 IS NOT NULL THEN
    RAISE_APPLICATION_ERROR(-20682, 'EESZT: 030_tables.sql has run as another text, take the scripts of its release');
  END IF;
END;
/

CREATE TABLE EESZT_INSTALLATION (
  only_row       NUMBER(1),
  environment    VARCHAR2(20 CHAR) CONSTRAINT EESZT_INSTALLATION_ENV_NN NOT NULL,
  database_id    VARCHAR2(64 CHAR) CONSTRAINT EESZT_INSTALLATION_ID_NN NOT NULL,
  home           VARCHAR2(200 CHAR) CONSTRAINT EESZT_INSTALLATION_HOME_NN NOT NULL,
  schema_version VARCHAR2(64 CHAR) CONSTRAINT EESZT_INSTALLATION_VERS_NN NOT NULL,
  installed_at   TIMESTAMP(6) CONSTRAINT EESZT_INSTALLATION_AT_NN NOT NULL,
  adopted_at     TIMESTAMP(6),
  adopted_by     VARCHAR2(128 CHAR),
  adopted_log    CLOB,
  CONSTRAINT EESZT_INSTALLATION_PK PRIMARY KEY (only_row) USING INDEX,
  CONSTRAINT EESZT_INSTALLATION_ONE_CK CHECK (only_row = 1),
  CONSTRAINT EESZT_INSTALLATION_ENV_CK CHECK (environment IN ('test', 'production'))
) SEGMENT CREATION IMMEDIATE;
COMMENT ON TABLE EESZT_INSTALLATION IS 'What this database is: one row';
COMMENT ON COLUMN EESZT_INSTALLATION.only_row IS 'Always 1';
COMMENT ON COLUMN EESZT_INSTALLATION.environment IS 'test or production; must agree with settings, endpoint and trust anchors';
COMMENT ON COLUMN EESZT_INSTALLATION.database_id IS 'Identity that was given at the installation; a copy gets its own when it is adopted';
COMMENT ON COLUMN EESZT_INSTALLATION.home IS 'Where it was installed or adopted (DBID, RESETLOGS_CHANGE#, PDB and its incarnation, where readable), so that a copy or a restore is noticed';
COMMENT ON COLUMN EESZT_INSTALLATION.schema_version IS 'SHA-256 (hex) over the scripts and the states that it was made from';
COMMENT ON COLUMN EESZT_INSTALLATION.installed_at IS 'When it was installed, UTC';
COMMENT ON COLUMN EESZT_INSTALLATION.adopted_at IS 'When it was last adopted, UTC';
COMMENT ON COLUMN EESZT_INSTALLATION.adopted_by IS 'Who adopted it';
COMMENT ON COLUMN EESZT_INSTALLATION.adopted_log IS 'Up to which entry of which chain of the audit log it was compared then, JSON';

CREATE TABLE EESZT_TRANSITION (
  from_state VARCHAR2(20 CHAR),
  to_state   VARCHAR2(20 CHAR),
  CONSTRAINT EESZT_TRANSITION_PK PRIMARY KEY (from_state, to_state)
) ORGANIZATION INDEX;
COMMENT ON TABLE EESZT_TRANSITION IS 'Which state of an item may follow which; asked by the state triggers';
COMMENT ON COLUMN EESZT_TRANSITION.from_state IS 'State before';
COMMENT ON COLUMN EESZT_TRANSITION.to_state IS 'State after';

CREATE TABLE EESZT_DOCUMENT_TYPE (
  document_type   VARCHAR2(60 CHAR),
  digest          VARCHAR2(64 CHAR) CONSTRAINT EESZT_DOCUMENT_TYPE_DIGEST_NN NOT NULL,
  title           VARCHAR2(200 CHAR) CONSTRAINT EESZT_DOCUMENT_TYPE_TITLE_NN NOT NULL,
  lane            VARCHAR2(60 CHAR) CONSTRAINT EESZT_DOCUMENT_TYPE_LANE_NN NOT NULL,
  kind            VARCHAR2(20 CHAR) CONSTRAINT EESZT_DOCUMENT_TYPE_KIND_NN NOT NULL,
  send_limit_s    NUMBER(12, 3),
  answer_limit_s  NUMBER(12, 3),
  needs           VARCHAR2(20 CHAR) CONSTRAINT EESZT_DOCUMENT_TYPE_NEEDS_NN NOT NULL,
  withdrawal_type VARCHAR2(60 CHAR),
  is_probe        NUMBER(1) CONSTRAINT EESZT_DOCUMENT_TYPE_PROBE_NN NOT NULL,
  active          NUMBER(1) CONSTRAINT EESZT_DOCUMENT_TYPE_ACTIVE_NN NOT NULL,
  changed_at      TIMESTAMP(6) CONSTRAINT EESZT_DOCUMENT_TYPE_AT_NN NOT NULL,
  CONSTRAINT EESZT_DOCUMENT_TYPE_PK PRIMARY KEY (document_type) USING INDEX,
  CONSTRAINT EESZT_DOCUMENT_TYPE_NEEDS_CK CHECK (needs IN ('FINAL', 'ACCEPTED')),
  CONSTRAINT EESZT_DOCUMENT_TYPE_PROBE_CK CHECK (is_probe IN (0, 1)),
  CONSTRAINT EESZT_DOCUMENT_TYPE_ACTIVE_CK CHECK (active IN (0, 1)),
  CONSTRAINT EESZT_DOCUMENT_TYPE_WD_FK FOREIGN KEY (withdrawal_type)
    REFERENCES EESZT_DOCUMENT_TYPE (document_type) DEFERRABLE INITIALLY DEFERRED
) SEGMENT CREATION IMMEDIATE;
CREATE INDEX EESZT_DOCUMENT_TYPE_WD_IX ON EESZT_DOCUMENT_TYPE (withdrawal_type);
COMMENT ON TABLE EESZT_DOCUMENT_TYPE IS 'Document types: the mapping that is in force, and the limits by which the insert trigger works';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.document_type IS 'Name; the folder of its mapping';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.digest IS 'SHA-256 (hex) of the mapping in force; a daemon claims only what it holds the same mapping for';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.title IS 'What a person reads, Hungarian';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.lane IS 'Outbox it belongs to';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.kind IS 'Kind of the decision table: R, W, Q, P, O, L or E';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.send_limit_s IS 'Seconds until nothing may leave any more; null: no limit';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.answer_limit_s IS 'Seconds that a ward waits; null: no ward waits';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.needs IS 'What it needs of the item before it: FINAL or ACCEPTED';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.withdrawal_type IS 'Document type that withdraws it';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.is_probe IS '1: the runner asks with it after lost answers; no row may name it';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.active IS '1: in force';
COMMENT ON COLUMN EESZT_DOCUMENT_TYPE.changed_at IS 'When it was last put in force or taken out, UTC';

CREATE TABLE EESZT_ORDER_HEAD (
  lane          VARCHAR2(60 CHAR),
  order_key     VARCHAR2(100 CHAR),
  last_item     NUMBER(19),
  last_original NUMBER(19),
  CONSTRAINT EESZT_ORDER_HEAD_PK PRIMARY KEY (lane, order_key) USING INDEX INITRANS 8
) SEGMENT CREATION IMMEDIATE INITRANS 8 PCTFREE 20;
COMMENT ON TABLE EESZT_ORDER_HEAD IS 'Last item of each order key; its row lock, held until the inserting transaction ends, makes the order right whatever commits first';
COMMENT ON COLUMN EESZT_ORDER_HEAD.lane IS 'Outbox';
COMMENT ON COLUMN EESZT_ORDER_HEAD.order_key IS 'Key that MedWorkS gives to what must go in order';
COMMENT ON COLUMN EESZT_ORDER_HEAD.last_item IS 'Last item of the key; null: none that counts yet';
COMMENT ON COLUMN EESZT_ORDER_HEAD.last_original IS 'Last one that is no withdrawal';

CREATE TABLE EESZT_RECORD_HEAD (
  document_type VARCHAR2(60 CHAR),
  source_key    VARCHAR2(200 CHAR),
  CONSTRAINT EESZT_RECORD_HEAD_PK PRIMARY KEY (document_type, source_key)
) ORGANIZATION INDEX INITRANS 8;
COMMENT ON TABLE EESZT_RECORD_HEAD IS 'One row to lock per record of MedWorkS, so that two sessions cannot both write one record, nor withdraw it while it is being written';
COMMENT ON COLUMN EESZT_RECORD_HEAD.document_type IS 'Document type; of one that can be withdrawn, and of its withdrawals, the withdrawal''s';
COMMENT ON COLUMN EESZT_RECORD_HEAD.source_key IS 'Key of the record';

CREATE TABLE EESZT_MESSAGE (
  item_id         NUMBER(19),
  message_id      VARCHAR2(100 CHAR) CONSTRAINT EESZT_MESSAGE_ID_NN NOT NULL,
  digest          VARCHAR2(64 CHAR) CONSTRAINT EESZT_MESSAGE_DIGEST_NN NOT NULL,
  body            BLOB,
  document        CLOB,
  acting_user     VARCHAR2(100 CHAR) CONSTRAINT EESZT_MESSAGE_USER_NN NOT NULL,
  mapping_version VARCHAR2(64 CHAR) CONSTRAINT EESZT_MESSAGE_MAPPING_NN NOT NULL,
  stored_at       TIMESTAMP(6) CONSTRAINT EESZT_MESSAGE_STORED_NN NOT NULL,
  expires_at      TIMESTAMP(6) CONSTRAINT EESZT_MESSAGE_EXPIRES_NN NOT NULL,
  purged_at       TIMESTAMP(6),
  decision        VARCHAR2(20 CHAR),
  rules           CLOB,
  has_document    NUMBER(1),
  body_id         NUMBER(19) GENERATED ALWAYS AS (CASE WHEN purged_at IS NULL THEN item_id END) VIRTUAL,
  document_at     TIMESTAMP(6) GENERATED ALWAYS AS (CASE WHEN has_document = 1 THEN stored_at END) VIRTUAL,
  CONSTRAINT EESZT_MESSAGE_PK PRIMARY KEY (item_id) USING INDEX INITRANS 8,
  CONSTRAINT EESZT_MESSAGE_ID_UK UNIQUE (message_id) USING INDEX INITRANS 8,
  CONSTRAINT EESZT_MESSAGE_DOCUMENT_CK CHECK (has_document = 1)
) SEGMENT CREATION IMMEDIATE INITRANS 8 PCTFREE 20
  -- bodies of a few kB leave the table's blocks, which are read by key; written once, read once, purged when final
  LOB (body) STORE AS SECUREFILE (DISABLE STORAGE IN ROW CACHE)
  LOB (document) STORE AS SECUREFILE (ENABLE STORAGE IN ROW CACHE)
  LOB (rules) STORE AS SECUREFILE (ENABLE STORAGE IN ROW CACHE);
CREATE INDEX EESZT_MESSAGE_BODY_IX ON EESZT_MESSAGE (body_id) INITRANS 8;
CREATE INDEX EESZT_MESSAGE_DOCUMENT_IX ON EESZT_MESSAGE (document_at) INITRANS 8;
COMMENT ON TABLE EESZT_MESSAGE IS 'What left: the bytes until the item is final, what they said for as long as the site keeps it';
COMMENT ON COLUMN EESZT_MESSAGE.item_id IS 'Item';
COMMENT ON COLUMN EESZT_MESSAGE.message_id IS 'Message identifier; the same at every retry';
COMMENT ON COLUMN EESZT_MESSAGE.digest IS 'SHA-256 (hex) of the body';
COMMENT ON COLUMN EESZT_MESSAGE.body IS 'The bytes that are sent, until the item is final';
COMMENT ON COLUMN EESZT_MESSAGE.document IS 'What it said, named fields as JSON; null: forgotten';
COMMENT ON COLUMN EESZT_MESSAGE.acting_user IS 'EESZT identity under which it left';
COMMENT ON COLUMN EESZT_MESSAGE.mapping_version IS 'Digest of the mapping that it was made with';
COMMENT ON COLUMN EESZT_MESSAGE.stored_at IS 'When it was first permitted, UTC';
COMMENT ON COLUMN EESZT_MESSAGE.expires_at IS 'When the message itself expires, UTC; renewed at a retry';
COMMENT ON COLUMN EESZT_MESSAGE.purged_at IS 'When the body was purged, UTC';
COMMENT ON COLUMN EESZT_MESSAGE.decision IS 'Line of the decision table by which it went under this name';
COMMENT ON COLUMN EESZT_MESSAGE.rules IS 'Dated rules that applied, JSON';
COMMENT ON COLUMN EESZT_MESSAGE.has_document IS '1 while document is kept, else null; a LOB itself cannot be part of an index';
COMMENT ON COLUMN EESZT_MESSAGE.body_id IS 'item_id until the body is purged: as many index entries as bodies';
COMMENT ON COLUMN EESZT_MESSAGE.document_at IS 'stored_at while the document is kept: for the purge';

CREATE TABLE EESZT_ATTEMPT (
  attempt_id     NUMBER(19) DEFAULT EESZT_ROW_SEQ.NEXTVAL,
  item_id        NUMBER(19) CONSTRAINT EESZT_ATTEMPT_ITEM_NN NOT NULL,
  kind           VARCHAR2(20 CHAR) CONSTRAINT EESZT_ATTEMPT_KIND_NN NOT NULL,
  ended_at       TIMESTAMP(6) CONSTRAINT EESZT_ATTEMPT_ENDED_NN NOT NULL,
  took_ms        NUMBER(12) CONSTRAINT EESZT_ATTEMPT_TOOK_NN NOT NULL,
  ending         VARCHAR2(40 CHAR) CONSTRAINT EESZT_ATTEMPT_ENDING_NN NOT NULL,
  reason_code    VARCHAR2(60 CHAR),
  acting_user    VARCHAR2(100 CHAR),
  verdict        VARCHAR2(20 CHAR) CONSTRAINT EESZT_ATTEMPT_VERDICT_NN NOT NULL,
  decision       VARCHAR2(20 CHAR),
  rules          CLOB,
  audit_chain    VARCHAR2(100 CHAR),
  audit_sequence NUMBER(19),
  audit_head     VARCHAR2(64 CHAR),
  CONSTRAINT EESZT_ATTEMPT_PK PRIMARY KEY (attempt_id) USING INDEX INITRANS 8,
  CONSTRAINT EESZT_ATTEMPT_KIND_CK CHECK (kind IN ('SEND', 'PROBE', 'DECIDE'))
) SEGMENT CREATION IMMEDIATE INITRANS 8 PCTFREE 5
  LOB (rules) STORE AS SECUREFILE (ENABLE STORAGE IN ROW CACHE);
CREATE INDEX EESZT_ATTEMPT_ITEM_IX ON EESZT_ATTEMPT (item_id) INITRANS 8;
CREATE INDEX EESZT_ATTEMPT_AUDIT_IX ON EESZT_ATTEMPT (audit_chain, audit_sequence) INITRANS 8;
COMMENT ON TABLE EESZT_ATTEMPT IS 'Tries and questions; only ever inserted';
COMMENT ON COLUMN EESZT_ATTEMPT.attempt_id IS 'Number';
COMMENT ON COLUMN EESZT_ATTEMPT.item_id IS 'Item';
COMMENT ON COLUMN EESZT_ATTEMPT.kind IS 'SEND, PROBE, or DECIDE: the decision table, or a rule after it, said that it goes no further for now';
COMMENT ON COLUMN EESZT_ATTEMPT.ended_at IS 'When it ended, UTC';
COMMENT ON COLUMN EESZT_ATTEMPT.took_ms IS 'Milliseconds that it took';
COMMENT ON COLUMN EESZT_ATTEMPT.ending IS 'How it ended';
COMMENT ON COLUMN EESZT_ATTEMPT.reason_code IS 'Why';
COMMENT ON COLUMN EESZT_ATTEMPT.acting_user IS 'EESZT identity under which it was made';
COMMENT ON COLUMN EESZT_ATTEMPT.verdict IS 'What came of it in the database: DONE, LOST_LEASE ...';
COMMENT ON COLUMN EESZT_ATTEMPT.decision IS 'Line of the decision table that decided';
COMMENT ON COLUMN EESZT_ATTEMPT.rules IS 'Dated rules that applied, JSON';
COMMENT ON COLUMN EESZT_ATTEMPT.audit_chain IS 'Chain of the audit log that holds the answer';
COMMENT ON COLUMN EESZT_ATTEMPT.audit_sequence IS 'Entry of that chain';
COMMENT ON COLUMN EESZT_ATTEMPT.audit_head IS 'Hash of that entry, so that the log cannot be shortened unnoticed';

CREATE TABLE EESZT_IDENTIFIER (
  name        VARCHAR2(60 CHAR),
  value       VARCHAR2(200 CHAR),
  item_id     NUMBER(19) CONSTRAINT EESZT_IDENTIFIER_ITEM_NN NOT NULL,
  is_second   NUMBER(1) CONSTRAINT EESZT_IDENTIFIER_SECOND_NN NOT NULL,
  kept_at     TIMESTAMP(6) CONSTRAINT EESZT_IDENTIFIER_KEPT_NN NOT NULL,
  second_item NUMBER(19) GENERATED ALWAYS AS (CASE WHEN is_second = 1 THEN item_id END) VIRTUAL,
  CONSTRAINT EESZT_IDENTIFIER_PK PRIMARY KEY (name, value) USING INDEX INITRANS 8,
  CONSTRAINT EESZT_IDENTIFIER_SECOND_CK CHECK (is_second IN (0, 1))
) SEGMENT CREATION IMMEDIATE INITRANS 8 PCTFREE 5;
CREATE INDEX EESZT_IDENTIFIER_ITEM_IX ON EESZT_IDENTIFIER (item_id) INITRANS 8;
CREATE INDEX EESZT_IDENTIFIER_SECOND_IX ON EESZT_IDENTIFIER (second_item);
COMMENT ON TABLE EESZT_IDENTIFIER IS 'Identifiers and bar codes that the EESZT gave; each belongs to one item';
COMMENT ON COLUMN EESZT_IDENTIFIER.name IS 'eeszt_id, barcode, or what the mapping calls it';
COMMENT ON COLUMN EESZT_IDENTIFIER.value IS 'Identifier';
COMMENT ON COLUMN EESZT_IDENTIFIER.item_id IS 'Item that it belongs to';
COMMENT ON COLUMN EESZT_IDENTIFIER.is_second IS '1: the item was accepted again under another one, an alarm';
COMMENT ON COLUMN EESZT_IDENTIFIER.kept_at IS 'When it was stored, UTC';
COMMENT ON COLUMN EESZT_IDENTIFIER.second_item IS 'item_id of second identifiers alone';

CREATE TABLE EESZT_WRITE_BACK (
  write_back_id NUMBER(19) DEFAULT EESZT_ROW_SEQ.NEXTVAL,
  item_id       NUMBER(19) CONSTRAINT EESZT_WRITE_BACK_ITEM_NN NOT NULL,
  record_item   NUMBER(19) CONSTRAINT EESZT_WRITE_BACK_RECORD_NN NOT NULL,
  target        VARCHAR2(1000 CHAR) CONSTRAINT EESZT_WRITE_BACK_TARGET_NN NOT NULL,
  table_name    VARCHAR2(128 CHAR) CONSTRAINT EESZT_WRITE_BACK_TABLE_NN NOT NULL,
  key_json      CLOB CONSTRAINT EESZT_WRITE_BACK_KEY_NN NOT NULL,
  values_json   CLOB CONSTRAINT EESZT_WRITE_BACK_VALUES_NN NOT NULL,
  state         VARCHAR2(20 CHAR) CONSTRAINT EESZT_WRITE_BACK_STATE_NN NOT NULL,
  tries         NUMBER(9) CONSTRAINT EESZT_WRITE_BACK_TRIES_NN NOT NULL,
  next_at       TIMESTAMP(6),
  error         VARCHAR2(1000 CHAR),
  failed_item   NUMBER(19) GENERATED ALWAYS AS (CASE WHEN state = 'FAILED' THEN item_id END) VIRTUAL,
  CONSTRAINT EESZT_WRITE_BACK_PK PRIMARY KEY (write_back_id) USING INDEX INITRANS 8,
  CONSTRAINT EESZT_WRITE_BACK_STATE_CK CHECK (state IN ('DUE', 'DONE', 'FAILED', 'DROPPED'))
) SEGMENT CREATION IMMEDIATE INITRANS 8 PCTFREE 20
  LOB (key_json) STORE AS SECUREFILE (ENABLE STORAGE IN ROW CACHE)
  LOB (values_json) STORE AS SECUREFILE (ENABLE STORAGE IN ROW CACHE);
CREATE INDEX EESZT_WRITE_BACK_DUE_IX ON EESZT_WRITE_BACK (next_at) INITRANS 8;
CREATE INDEX EESZT_WRITE_BACK_FAILED_IX ON EESZT_WRITE_BACK (failed_item);
CREATE INDEX EESZT_WRITE_BACK_ITEM_IX ON EESZT_WRITE_BACK (item_id) INITRANS 8;
CREATE INDEX EESZT_WRITE_BACK_TARGET_IX ON EESZT_WRITE_BACK (target) INITRANS 8;
COMMENT ON TABLE EESZT_WRITE_BACK IS 'Copies into MedWorkS''s own tables';
COMMENT ON COLUMN EESZT_WRITE_BACK.write_back_id IS 'Number';
COMMENT ON COLUMN EESZT_WRITE_BACK.item_id IS 'Item that it follows from';
COMMENT ON COLUMN EESZT_WRITE_BACK.record_item IS 'Item whose record it tells of; for a withdrawal the withdrawn one';
COMMENT ON COLUMN EESZT_WRITE_BACK.target IS 'Table and key, spelt one way';
COMMENT ON COLUMN EESZT_WRITE_BACK.table_name IS 'Table of MedWorkS';
COMMENT ON COLUMN EESZT_WRITE_BACK.key_json IS 'Columns that find the row, JSON';
COMMENT ON COLUMN EESZT_WRITE_BACK.values_json IS 'Columns to write, JSON';
COMMENT ON COLUMN EESZT_WRITE_BACK.state IS 'DUE, DONE, FAILED, or DROPPED: what it would tell is no longer so';
COMMENT ON COLUMN EESZT_WRITE_BACK.tries IS 'Tries so far';
COMMENT ON COLUMN EESZT_WRITE_BACK.next_at IS 'When it is due, UTC; null: not any more';
COMMENT ON COLUMN EESZT_WRITE_BACK.error IS 'Why the last try failed; no values';
COMMENT ON COLUMN EESZT_WRITE_BACK.failed_item IS 'item_id of failed ones alone';

CREATE TABLE EESZT_RESULT (
  item_id    NUMBER(19),
  asker      VARCHAR2(100 CHAR) CONSTRAINT EESZT_RESULT_ASKER_NN NOT NULL,
  result     CLOB CONSTRAINT EESZT_RESULT_RESULT_NN NOT NULL,
  kept_at    TIMESTAMP(6) CONSTRAINT EESZT_RESULT_KEPT_NN NOT NULL,
  expires_at TIMESTAMP(6) CONSTRAINT EESZT_RESULT_EXPIRES_NN NOT NULL,
  CONSTRAINT EESZT_RESULT_PK PRIMARY KEY (item_id) USING INDEX INITRANS 8
) SEGMENT CREATION IMMEDIATE INITRANS 4
  LOB (result) STORE AS SECUREFILE (ENABLE STORAGE IN ROW CACHE);
CREATE INDEX EESZT_RESULT_EXPIRES_IX ON EESZT_RESULT (expires_at) INITRANS 4;
COMMENT ON TABLE EESZT_RESULT IS 'Answers of queries, for the asker alone, until they expire; nobody has a grant on it, EESZT_API.RESULT gives them out';
COMMENT ON COLUMN EESZT_RESULT.item_id IS 'Item of the query';
COMMENT ON COLUMN EESZT_RESULT.asker IS 'HIS user who asked';
COMMENT ON COLUMN EESZT_RESULT.result IS 'What the answer holds, JSON';
COMMENT ON COLUMN EESZT_RESULT.kept_at IS 'When it came, UTC';
COMMENT ON COLUMN EESZT_RESULT.expires_at IS 'Until when it is kept, UTC';

CREATE TABLE EESZT_USER_MAP (
  his_user     VARCHAR2(100 CHAR),
  registration VARCHAR2(20 CHAR) CONSTRAINT EESZT_USER_MAP_REG_NN NOT NULL,
  is_doctor    NUMBER(1) CONSTRAINT EESZT_USER_MAP_DOCTOR_NN NOT NULL,
  eeszt_user   VARCHAR2(100 CHAR),
  CONSTRAINT EESZT_USER_MAP_PK PRIMARY KEY (his_user) USING INDEX,
  CONSTRAINT EESZT_USER_MAP_REG_CK CHECK (registration IN ('REGISTERED', 'NOT_REGISTERED')),
  CONSTRAINT EESZT_USER_MAP_DOCTOR_CK CHECK (is_doctor IN (0, 1)),
  CONSTRAINT EESZT_USER_MAP_USER_CK CHECK ((registration = 'REGISTERED' AND eeszt_user IS NOT NULL)
                                        OR (registration = 'NOT_REGISTERED' AND eeszt_user IS NULL))
) SEGMENT CREATION IMMEDIATE;
CREATE INDEX EESZT_USER_MAP_EESZT_IX ON EESZT_USER_MAP (eeszt_user);
COMMENT ON TABLE EESZT_USER_MAP IS 'What the institution says of its HIS users (GUARD)';
COMMENT ON COLUMN EESZT_USER_MAP.his_user IS 'User name in MedWorkS';
COMMENT ON COLUMN EESZT_USER_MAP.registration IS 'REGISTERED or NOT_REGISTERED in the EESZT';
COMMENT ON COLUMN EESZT_USER_MAP.is_doctor IS '1: a doctor';
COMMENT ON COLUMN EESZT_USER_MAP.eeszt_user IS 'User in the EESZT; null where not registered';

CREATE TABLE EESZT_WORKPLACE (
  workplace VARCHAR2(100 CHAR),
  oth_code  VARCHAR2(100 CHAR),
  reports   NUMBER(1) DEFAULT 1 CONSTRAINT EESZT_WORKPLACE_REPORTS_NN NOT NULL,
  CONSTRAINT EESZT_WORKPLACE_PK PRIMARY KEY (workplace) USING INDEX,
  CONSTRAINT EESZT_WORKPLACE_REPORTS_CK CHECK (reports IN (0, 1))
) SEGMENT CREATION IMMEDIATE;
CREATE INDEX EESZT_WORKPLACE_OTH_IX ON EESZT_WORKPLACE (oth_code);
COMMENT ON TABLE EESZT_WORKPLACE IS 'Workplaces of MedWorkS';
COMMENT ON COLUMN EESZT_WORKPLACE.workplace IS 'Code in MedWorkS';
COMMENT ON COLUMN EESZT_WORKPLACE.oth_code IS 'Its OTH code';
COMMENT ON COLUMN EESZT_WORKPLACE.reports IS '1: it reports to the EESZT';

CREATE TABLE EESZT_USER_WORKPLACE (
  eeszt_user VARCHAR2(100 CHAR),
  workplace  VARCHAR2(100 CHAR),
  role       VARCHAR2(60 CHAR),
  valid_from DATE DEFAULT DATE '2000-01-01',
  valid_to   DATE,
  CONSTRAINT EESZT_USER_WORKPLACE_PK PRIMARY KEY (eeszt_user, workplace, role, valid_from) USING INDEX,
  CONSTRAINT EESZT_USER_WORKPLACE_PLACE_FK FOREIGN KEY (workplace) REFERENCES EESZT_WORKPLACE (workplace),
  CONSTRAINT EESZT_USER_WORKPLACE_FROM_CK CHECK (valid_from = TRUNC(valid_from)),
  CONSTRAINT EESZT_USER_WORKPLACE_TO_CK CHECK (valid_to = TRUNC(valid_to))
) SEGMENT CREATION IMMEDIATE;
CREATE INDEX EESZT_USER_WORKPLACE_PLACE_IX ON EESZT_USER_WORKPLACE (workplace);
COMMENT ON TABLE EESZT_USER_WORKPLACE IS 'In which role an EESZT user, the technical user included, may work where';
COMMENT ON COLUMN EESZT_USER_WORKPLACE.eeszt_user IS 'User in the EESZT';
COMMENT ON COLUMN EESZT_USER_WORKPLACE.workplace IS 'Workplace';
COMMENT ON COLUMN EESZT_USER_WORKPLACE.role IS 'Role';
COMMENT ON COLUMN EESZT_USER_WORKPLACE.valid_from IS 'First day, Europe/Budapest';
COMMENT ON COLUMN EESZT_USER_WORKPLACE.valid_to IS 'Last day; null: no end';

CREATE TABLE EESZT_LOGIN_REQUEST (
  request_id NUMBER(19) DEFAULT EESZT_ROW_SEQ.NEXTVAL,
  his_user   VARCHAR2(100 CHAR) CONSTRAINT EESZT_LOGIN_REQUEST_USER_NN NOT NULL,
  nonce_hash VARCHAR2(64 CHAR) CONSTRAINT EESZT_LOGIN_REQUEST_NONCE_NN NOT NULL,
  begun_at   TIMESTAMP(6) CONSTRAINT EESZT_LOGIN_REQUEST_BEGUN_NN NOT NULL,
  expires_at TIMESTAMP(6) CONSTRAINT EESZT_LOGIN_REQUEST_EXP_NN NOT NULL,
  used_at    TIMESTAMP(6),
  ended_at   TIMESTAMP(6),
  refusal    VARCHAR2(400 CHAR),
  short_code  VARCHAR2(6 CHAR),
  handle_hash VARCHAR2(64 CHAR),
  CONSTRAINT EESZT_LOGIN_REQUEST_PK PRIMARY KEY (request_id) USING INDEX,
  CONSTRAINT EESZT_LOGIN_REQUEST_NONCE_UK UNIQUE (nonce_hash) USING INDEX,
  CONSTRAINT EESZT_LOGIN_REQUEST_HANDLE_UK UNIQUE (handle_hash) USING INDEX
) SEGMENT CREATION IMMEDIATE INITRANS 4;
COMMENT ON TABLE EESZT_LOGIN_REQUEST IS 'Logins that were begun in MedWorkS';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.request_id IS 'Number';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.his_user IS 'Who began it';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.nonce_hash IS 'SHA-256 (hex) of its one-time nonce';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.begun_at IS 'When, UTC';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.expires_at IS 'Until when it may be used, UTC';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.used_at IS 'When it was used, UTC';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.ended_at IS 'When it was refused or called off, UTC';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.refusal IS 'Why it was refused, for the administrator';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.short_code IS 'What MedWorkS and the agent both show, so that the person sees that they speak of one login';
COMMENT ON COLUMN EESZT_LOGIN_REQUEST.handle_hash IS 'SHA-256 (hex) of the session handle that its HIS client keeps';

CREATE TABLE EESZT_LOGIN (
  login_id    NUMBER(19),
  his_user    VARCHAR2(100 CHAR) CONSTRAINT EESZT_LOGIN_HIS_USER_NN NOT NULL,
  eeszt_user  VARCHAR2(100 CHAR) CONSTRAINT EESZT_LOGIN_EESZT_USER_NN NOT NULL,
  role        VARCHAR2(60 CHAR) CONSTRAINT EESZT_LOGIN_ROLE_NN NOT NULL,
  institution VARCHAR2(100 CHAR) CONSTRAINT EESZT_LOGIN_INSTITUTION_NN NOT NULL,
  method      VARCHAR2(20 CHAR) CONSTRAINT EESZT_LOGIN_METHOD_NN NOT NULL,
  started_at  TIMESTAMP(6) CONSTRAINT EESZT_LOGIN_STARTED_NN NOT NULL,
  ends_at     TIMESTAMP(6) CONSTRAINT EESZT_LOGIN_ENDS_NN NOT NULL,
  sealed      BLOB,
  ended_at    TIMESTAMP(6),
  end_reason  VARCHAR2(60 CHAR),
  handle_hash VARCHAR2(64 CHAR),
  live_user   VARCHAR2(100 CHAR) GENERATED ALWAYS AS (CASE WHEN ended_at IS NULL THEN eeszt_user END) VIRTUAL,
  CONSTRAINT EESZT_LOGIN_PK PRIMARY KEY (login_id) USING INDEX,
  CONSTRAINT EESZT_LOGIN_HANDLE_UK UNIQUE (handle_hash) USING INDEX,
  CONSTRAINT EESZT_LOGIN_METHOD_CK CHECK (method IN ('otp', 'card'))
) SEGMENT CREATION IMMEDIATE INITRANS 4 PCTFREE 20
  LOB (sealed) STORE AS SECUREFILE (ENABLE STORAGE IN ROW CACHE);
CREATE INDEX EESZT_LOGIN_LIVE_IX ON EESZT_LOGIN (live_user) INITRANS 4;
COMMENT ON TABLE EESZT_LOGIN IS 'Sessions of persons with the EESZT';
COMMENT ON COLUMN EESZT_LOGIN.login_id IS 'Number';
COMMENT ON COLUMN EESZT_LOGIN.his_user IS 'User name in MedWorkS';
COMMENT ON COLUMN EESZT_LOGIN.eeszt_user IS 'Proved identity in the EESZT';
COMMENT ON COLUMN EESZT_LOGIN.role IS 'Role that was granted';
COMMENT ON COLUMN EESZT_LOGIN.institution IS 'Institution that it was granted for';
COMMENT ON COLUMN EESZT_LOGIN.method IS 'otp or card';
COMMENT ON COLUMN EESZT_LOGIN.started_at IS 'When, UTC';
COMMENT ON COLUMN EESZT_LOGIN.ends_at IS 'When the EESZT''s grant ends, UTC';
COMMENT ON COLUMN EESZT_LOGIN.sealed IS 'Token and session key, AES-256-GCM; the key is never in the database';
COMMENT ON COLUMN EESZT_LOGIN.ended_at IS 'When it was ended, UTC; null: not yet';
COMMENT ON COLUMN EESZT_LOGIN.end_reason IS 'Why it was ended';
COMMENT ON COLUMN EESZT_LOGIN.handle_hash IS 'SHA-256 (hex) of the session handle that its HIS client keeps; null: not begun in MedWorkS';
COMMENT ON COLUMN EESZT_LOGIN.live_user IS 'eeszt_user of what has not ended: as many index entries as sessions';

CREATE TABLE EESZT_CODE (
  code_list  VARCHAR2(60 CHAR),
  code       VARCHAR2(60 CHAR),
  valid_from DATE,
  valid_to   DATE,
  title      VARCHAR2(1000 CHAR) CONSTRAINT EESZT_CODE_TITLE_NN NOT NULL,
  read_at    TIMESTAMP(6) CONSTRAINT EESZT_CODE_READ_NN NOT NULL,
  CONSTRAINT EESZT_CODE_PK PRIMARY KEY (code_list, code, valid_from) USING INDEX,
  CONSTRAINT EESZT_CODE_FROM_CK CHECK (valid_from = TRUNC(valid_from)),
  CONSTRAINT EESZT_CODE_TO_CK CHECK (valid_to = TRUNC(valid_to))
) SEGMENT CREATION IMMEDIATE;
COMMENT ON TABLE EESZT_CODE IS 'The last good copy of each published code table';
COMMENT ON COLUMN EESZT_CODE.code_list IS 'Name of the table';
COMMENT ON COLUMN EESZT_CODE.code IS 'Code';
COMMENT ON COLUMN EESZT_CODE.valid_from IS 'First day, Europe/Budapest; 1900-01-01: always valid';
COMMENT ON COLUMN EESZT_CODE.valid_to IS 'Last day; null: no end';
COMMENT ON COLUMN EESZT_CODE.title IS 'What it means';
COMMENT ON COLUMN EESZT_CODE.read_at IS 'When the copy was read, UTC';

CREATE TABLE EESZT_SERVICE_STATE (
  service     VARCHAR2(60 CHAR),
  state       VARCHAR2(20 CHAR) CONSTRAINT EESZT_SERVICE_STATE_STATE_NN NOT NULL,
  since       TIMESTAMP(6) CONSTRAINT EESZT_SERVICE_STATE_SINCE_NN NOT NULL,
  reported_at TIMESTAMP(6) CONSTRAINT EESZT_SERVICE_STATE_AT_NN NOT NULL,
  CONSTRAINT EESZT_SERVICE_STATE_PK PRIMARY KEY (service) USING INDEX,
  CONSTRAINT EESZT_SERVICE_STATE_STATE_CK CHECK (state IN ('UP', 'DOWN'))
) SEGMENT CREATION IMMEDIATE INITRANS 4;
COMMENT ON TABLE EESZT_SERVICE_STATE IS 'Outage ledger: how each service of the EESZT is, and since when';
COMMENT ON COLUMN EESZT_SERVICE_STATE.service IS 'Service; sts is the login';
COMMENT ON COLUMN EESZT_SERVICE_STATE.state IS 'UP or DOWN';
COMMENT ON COLUMN EESZT_SERVICE_STATE.since IS 'Since when, UTC';
COMMENT ON COLUMN EESZT_SERVICE_STATE.reported_at IS 'When it was last said, UTC';

CREATE TABLE EESZT_RUNNER (
  lane    VARCHAR2(60 CHAR),
  owner   VARCHAR2(100 CHAR),
  beat_at TIMESTAMP(6) CONSTRAINT EESZT_RUNNER_BEAT_NN NOT NULL,
  CONSTRAINT EESZT_RUNNER_PK PRIMARY KEY (lane, owner) USING INDEX INITRANS 8
) SEGMENT CREATION IMMEDIATE INITRANS 8 PCTFREE 50;
COMMENT ON TABLE EESZT_RUNNER IS 'A heartbeat per lane and daemon, as of the last word of the lane''s poller, so that a dead one shows';
COMMENT ON COLUMN EESZT_RUNNER.lane IS 'Outbox';
COMMENT ON COLUMN EESZT_RUNNER.owner IS 'Daemon: host and process';
COMMENT ON COLUMN EESZT_RUNNER.beat_at IS 'Last heartbeat, UTC';

CREATE TABLE EESZT_LANE (
  lane      VARCHAR2(60 CHAR),
  paused_at TIMESTAMP(6),
  paused_by VARCHAR2(128 CHAR),
  CONSTRAINT EESZT_LANE_PK PRIMARY KEY (lane) USING INDEX
) SEGMENT CREATION IMMEDIATE;
COMMENT ON TABLE EESZT_LANE IS 'Lanes that an operator paused; a pause outlives every daemon';
COMMENT ON COLUMN EESZT_LANE.lane IS 'Outbox';
COMMENT ON COLUMN EESZT_LANE.paused_at IS 'Since when, UTC; null: not paused';
COMMENT ON COLUMN EESZT_LANE.paused_by IS 'Who paused it';

CREATE TABLE EESZT_DAY (
  day           DATE,
  lane          VARCHAR2(60 CHAR),
  document_type VARCHAR2(60 CHAR),
  state         VARCHAR2(20 CHAR),
  "NUMBER"      NUMBER(12) CONSTRAINT EESZT_DAY_NUMBER_NN NOT NULL,
  p50_s         NUMBER(14, 3) CONSTRAINT EESZT_DAY_P50_NN NOT NULL,
  p95_s         NUMBER(14, 3) CONSTRAINT EESZT_DAY_P95_NN NOT NULL,
  retries       NUMBER(12) CONSTRAINT EESZT_DAY_RETRIES_NN NOT NULL,
  probes        NUMBER(12) CONSTRAINT EESZT_DAY_PROBES_NN NOT NULL,
  paper         NUMBER(12) CONSTRAINT EESZT_DAY_PAPER_NN NOT NULL,
  counted_at    TIMESTAMP(6) CONSTRAINT EESZT_DAY_COUNTED_NN NOT NULL,
  CONSTRAINT EESZT_DAY_PK PRIMARY KEY (day, lane, document_type, state) USING INDEX
) SEGMENT CREATION IMMEDIATE;
COMMENT ON TABLE EESZT_DAY IS 'Figures of what ended on a day';
COMMENT ON COLUMN EESZT_DAY.day IS 'Day in Europe/Budapest';
COMMENT ON COLUMN EESZT_DAY.lane IS 'Outbox';
COMMENT ON COLUMN EESZT_DAY.document_type IS 'Document type; ? is one that nobody declared';
COMMENT ON COLUMN EESZT_DAY.state IS 'State that they ended in';
COMMENT ON COLUMN EESZT_DAY."NUMBER" IS 'How many';
COMMENT ON COLUMN EESZT_DAY.p50_s IS 'Seconds from insert to end, median by nearest rank';
COMMENT ON COLUMN EESZT_DAY.p95_s IS 'Likewise, 95 of 100';
COMMENT ON COLUMN EESZT_DAY.retries IS 'Tries after the first';
COMMENT ON COLUMN EESZT_DAY.probes IS 'Questions after lost answers';
COMMENT ON COLUMN EESZT_DAY.paper IS 'Wards that were told to use paper';
COMMENT ON COLUMN EESZT_DAY.counted_at IS 'When the day was counted, UTC';

DELETE FROM EESZT_SCHEMA_SCRIPT WHERE script = '030_tables.sql';
INSERT INTO EESZT_SCHEMA_SCRIPT (script, sha256, run_at, run_by)
VALUES ('030_tables.sql', '9a30ddfe48eb47bf60ec8db53d064d3201b0d496198b2c12c39d160cdc9b30df', SYS_EXTRACT_UTC(SYSTIMESTAMP), USER);
COMMIT;
