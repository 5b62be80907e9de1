-- What a DBA may run besides the scripts, on Oracle; see tables.sql. Each becomes a file of the folder `optional`.

-- create_users --
-- The three users: owner, daemon, and, where MedWorkS has none, the HIS's. Once, as SYS; names of tablespaces are the site's.
ACCEPT owner_password CHAR PROMPT 'Password of [owner]: ' HIDE
ACCEPT runtime_password CHAR PROMPT 'Password of [runtime]: ' HIDE
ACCEPT tablespace CHAR PROMPT 'Tablespace of [owner]: '

-- The owner only owns; after an installation or upgrade lock the account: ALTER USER [owner] ACCOUNT LOCK.
CREATE USER [owner] IDENTIFIED BY "&owner_password" DEFAULT TABLESPACE &tablespace QUOTA UNLIMITED ON &tablespace;
GRANT CREATE SESSION, CREATE TABLE, CREATE VIEW, CREATE SEQUENCE, CREATE PROCEDURE, CREATE TRIGGER TO [owner];
-- [context], which says to whom a session is bound; only EESZT_API can set it
GRANT CREATE ANY CONTEXT TO [owner];
-- one-time nonces and handles
GRANT EXECUTE ON SYS.DBMS_CRYPTO TO [owner];
-- so that a copied or restored database is noticed
GRANT SELECT ON SYS.V_$DATABASE TO [owner];
GRANT SELECT ON SYS.V_$PDB_INCARNATION TO [owner];

-- The daemon's user gets everything else by 110_grants.sql.
CREATE USER [runtime] IDENTIFIED BY "&runtime_password";
GRANT CREATE SESSION TO [runtime];
GRANT SELECT ON SYS.V_$DATABASE TO [runtime];
GRANT SELECT ON SYS.V_$PDB_INCARNATION TO [runtime];
-- Copies go back into MedWorkS's own tables by its name, for example:
--   GRANT SELECT, UPDATE (EESZT_VONALKOD) ON MEDWORKS.MW_VENY TO [runtime]
-- and sources that read those tables need SELECT on them.

-- purge_items --
-- Items of one outbox that ended long ago; none that something open stands behind, or that must still be withdrawn.
DELETE FROM [outbox] o
 WHERE o.[ended_at] < TIMESTAMP '&until 00:00:00' AND o.[next_at] IS NULL AND o.[lease_until] IS NULL
   AND (o.[compensation] IS NULL OR o.[compensation] = 'DONE')
   AND NOT EXISTS (SELECT 1 FROM [outbox] d
                    WHERE d.[depends_on] = o.[item_id]
                      AND d.[state] NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED'));
DELETE FROM EESZT_ORDER_HEAD h
 WHERE h.lane = [lane] AND NOT EXISTS (SELECT 1 FROM [outbox] o WHERE o.[item_id] = h.last_item);

-- purge_rest --
-- What belonged to items that are gone; what is younger than the day stays whatever it belongs to.
DELETE FROM EESZT_MESSAGE m
 WHERE m.stored_at < TIMESTAMP '&until 00:00:00'
   AND NOT EXISTS (SELECT 1 FROM EESZT_V_ITEM i WHERE i.item_id = m.item_id);
DELETE FROM EESZT_ATTEMPT a
 WHERE a.ended_at < TIMESTAMP '&until 00:00:00'
   AND NOT EXISTS (SELECT 1 FROM EESZT_V_ITEM i WHERE i.item_id = a.item_id);
DELETE FROM EESZT_IDENTIFIER n
 WHERE n.kept_at < TIMESTAMP '&until 00:00:00'
   AND NOT EXISTS (SELECT 1 FROM EESZT_V_ITEM i WHERE i.item_id = n.item_id);
DELETE FROM EESZT_WRITE_BACK w
 WHERE NOT EXISTS (SELECT 1 FROM EESZT_V_ITEM i WHERE i.item_id = w.item_id);
DELETE FROM EESZT_RECORD_HEAD h
 WHERE NOT EXISTS (SELECT 1 FROM EESZT_V_ITEM i WHERE i.source_key = h.source_key);

-- statistics --
-- No histograms: a plan must not change with how many rows happen to be NEW at the time of the nightly job. The daemon's
-- statements go by columns that are null for what has ended, so that their indexes are as small as the work.
BEGIN
  DBMS_STATS.SET_TABLE_PREFS(USER, [outbox_name], 'METHOD_OPT', 'FOR ALL COLUMNS SIZE 1');
  DBMS_STATS.GATHER_TABLE_STATS(USER, [outbox_name]);
END;
/

-- partition_history --
-- Tries and messages by month, where Enterprise Edition has the Partitioning option: a month is then dropped at once.
-- The outboxes stay as they are: they are read by key and by small indexes, and purge.sql deletes from them.
ALTER TABLE EESZT_ATTEMPT MODIFY
  PARTITION BY RANGE (ended_at) INTERVAL (NUMTOYMINTERVAL(1, 'MONTH'))
  (PARTITION EESZT_ATTEMPT_FIRST VALUES LESS THAN (TIMESTAMP '2026-01-01 00:00:00')) ONLINE;
ALTER TABLE EESZT_MESSAGE MODIFY
  PARTITION BY RANGE (stored_at) INTERVAL (NUMTOYMINTERVAL(1, 'MONTH'))
  (PARTITION EESZT_MESSAGE_FIRST VALUES LESS THAN (TIMESTAMP '2026-01-01 00:00:00')) ONLINE;
-- Later, a month that the site need not keep; purge.sql first, so that no item is left without its message:
--   ALTER TABLE EESZT_ATTEMPT DROP PARTITION FOR (TIMESTAMP '2026-01-15 00:00:00') UPDATE INDEXES
--   ALTER TABLE EESZT_MESSAGE DROP PARTITION FOR (TIMESTAMP '2026-01-15 00:00:00') UPDATE INDEXES

-- support_items --
-- One outbox for support: numbers, states and times. No record's key, no person, no workplace, nothing that a row says.
SELECT [lane] AS lane, o.[item_id] AS item_id, o.[document_type] AS document_type, o.[state] AS state,
       o.[reason_code] AS reason_code, o.[ward_answer] AS ward_answer, o.[created_at] AS created_at, o.[state_at] AS state_at,
       o.[next_at] AS next_at, o.[send_by] AS send_by, o.[answer_by] AS answer_by, o.[sent_at] AS sent_at,
       o.[lease_until] AS lease_until, o.[attempts] AS attempts, o.[probe_count] AS probe_count,
       o.[rescue_count] AS rescue_count, o.[depends_on] AS depends_on, o.[needs] AS needs, o.[withdraws] AS withdraws,
       o.[compensation] AS compensation, o.[message_id] AS message_id, o.[mapping_version] AS mapping_version
  FROM [outbox] o
 WHERE o.[created_at] >= TIMESTAMP '&since 00:00:00'
 ORDER BY o.[item_id];

-- support_rest --
-- The rest for support: what was tried and how it ended, and what this installation is.
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
