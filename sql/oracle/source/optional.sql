-- What a DBA may run besides the scripts, on Oracle; see tables.sql. Each becomes a file of the folder `optional`.

-- create_users --
-- The three users: owner, daemon, and, where MedWorkS has none, the HIS's. Once, as a DBA; names of tablespaces are the site's.
ACCEPT owner_password CHAR PROMPT 'Password of [owner]: ' HIDE
ACCEPT runtime_password CHAR PROMPT 'Password of [runtime]: ' HIDE
ACCEPT tablespace CHAR PROMPT 'Tablespace of [owner]: '

-- The owner only owns; after an installation or upgrade lock the account: ALTER USER [owner] ACCOUNT LOCK.
CREATE USER [owner] IDENTIFIED BY "&owner_password" DEFAULT TABLESPACE &tablespace QUOTA UNLIMITED ON &tablespace;
GRANT CREATE SESSION, CREATE TABLE, CREATE VIEW, CREATE SEQUENCE, CREATE PROCEDURE, CREATE TRIGGER TO [owner];
-- EESZT_CTX, which says to whom a session is bound; only EESZT_API can set it
GRANT CREATE ANY CONTEXT TO [owner];
-- one-time nonces and handles
GRANT EXECUTE ON SYS.DBMS_CRYPTO TO [owner];
-- so that a copied or restored database is noticed
GRANT SELECT ON SYS.V_$DATABASE TO [owner];

-- The daemon's user gets everything else by 110_grants.sql.
CREATE USER [runtime] IDENTIFIED BY "&runtime_password";
GRANT CREATE SESSION TO [runtime];
GRANT SELECT ON SYS.V_$DATABASE TO [runtime];
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
