-- optional/support_export.sql: eeszt_support.csv for the vendor's support, without patients, staff and keys of records.
-- Made from sql/oracle/source; do not change it, copy it. In SQL*Plus or SQLcl, as the owner.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE ON
SET VERIFY OFF

ACCEPT since CHAR PROMPT 'What was written since the day (YYYY-MM-DD): '
ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS';
ALTER SESSION SET NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6';
SET MARKUP CSV ON QUOTE ON
SET PAGESIZE 50000
SET TERMOUT OFF
SPOOL eeszt_support.csv

SELECT 'interactive' AS lane, o.item_id AS item_id, o.document_type AS document_type, o.state AS state,
       o.reason_code AS reason_code, o.ward_answer AS ward_answer, o.created_at AS created_at, o.state_at AS state_at,
       o.next_at AS next_at, o.send_by AS send_by, o.answer_by AS answer_by, o.sent_at AS sent_at,
       o.lease_until AS lease_until, o.attempts AS attempts, o.probe_count AS probe_count,
       o.rescue_count AS rescue_count, o.depends_on AS depends_on, o.needs AS needs, o.withdraws AS withdraws,
       o.compensation AS compensation, o.message_id AS message_id, o.mapping_version AS mapping_version
  FROM EESZT_OUT_INTERACTIVE o
 WHERE o.created_at >= TIMESTAMP '&since 00:00:00'
 ORDER BY o.item_id;

SELECT 'query' AS lane, o.item_id AS item_id, o.document_type AS document_type, o.state AS state,
       o.reason_code AS reason_code, o.ward_answer AS ward_answer, o.created_at AS created_at, o.state_at AS state_at,
       o.next_at AS next_at, o.send_by AS send_by, o.answer_by AS answer_by, o.sent_at AS sent_at,
       o.lease_until AS lease_until, o.attempts AS attempts, o.probe_count AS probe_count,
       o.rescue_count AS rescue_count, o.depends_on AS depends_on, o.needs AS needs, o.withdraws AS withdraws,
       o.compensation AS compensation, o.message_id AS message_id, o.mapping_version AS mapping_version
  FROM EESZT_OUT_QUERY o
 WHERE o.created_at >= TIMESTAMP '&since 00:00:00'
 ORDER BY o.item_id;

SELECT 'background' AS lane, o.item_id AS item_id, o.document_type AS document_type, o.state AS state,
       o.reason_code AS reason_code, o.ward_answer AS ward_answer, o.created_at AS created_at, o.state_at AS state_at,
       o.next_at AS next_at, o.send_by AS send_by, o.answer_by AS answer_by, o.sent_at AS sent_at,
       o.lease_until AS lease_until, o.attempts AS attempts, o.probe_count AS probe_count,
       o.rescue_count AS rescue_count, o.depends_on AS depends_on, o.needs AS needs, o.withdraws AS withdraws,
       o.compensation AS compensation, o.message_id AS message_id, o.mapping_version AS mapping_version
  FROM EESZT_OUT_BACKGROUND o
 WHERE o.created_at >= TIMESTAMP '&since 00:00:00'
 ORDER BY o.item_id;

SELECT a.item_id, a.kind, a.ended_at, a.took_ms, a.ending, a.reason_code, a.verdict, a.decision
  FROM EESZT_ATTEMPT a
 WHERE a.ended_at >= TIMESTAMP '&since 00:00:00'
 ORDER BY a.attempt_id;
SELECT w.item_id, w.table_name, w.state, w.tries, w.next_at
  FROM EESZT_WRITE_BACK w
 WHERE w.state <> 'DONE'
 ORDER BY w.write_back_id;
SELECT t.document_type, t.digest, t.lane, t.kind, t.send_limit_s, t.answer_limit_s, t.needs, t.active, t.changed_at
  FROM EESZT_DOCUMENT_TYPE t
 ORDER BY t.document_type;
SELECT s.service, s.state, s.since, s.reported_at FROM EESZT_SERVICE_STATE s ORDER BY s.service;
SELECT r.lane, r.owner, r.beat_at FROM EESZT_RUNNER r ORDER BY r.lane, r.owner;
SELECT l.lane, l.paused_at FROM EESZT_LANE l ORDER BY l.lane;
SELECT d.day, d.lane, d.document_type, d.state, d."NUMBER", d.p50_s, d.p95_s, d.retries, d.probes, d.paper
  FROM EESZT_DAY d
 ORDER BY d.day, d.lane, d.document_type, d.state;
SELECT i.environment, i.schema_version, i.installed_at, i.adopted_at FROM EESZT_INSTALLATION i;
SELECT p.script, p.sha256, p.run_at FROM EESZT_SCHEMA_SCRIPT p ORDER BY p.script;
SELECT b.object_type, b.object_name, b.status, b.last_ddl_time FROM USER_OBJECTS b WHERE b.status <> 'VALID';
SELECT c.product, c.version FROM PRODUCT_COMPONENT_VERSION c;
SPOOL OFF

