-- optional/purge.sql: deletes what ended before a day, in one transaction; the first time month by month.
-- Made from sql/oracle/source; do not change it, copy it. In SQL*Plus or SQLcl, as the owner.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE ON
SET VERIFY OFF

ACCEPT until CHAR PROMPT 'What ended before the day (YYYY-MM-DD): '
DELETE FROM EESZT_OUT_INTERACTIVE o
 WHERE o.ended_at < TIMESTAMP '&until 00:00:00' AND o.next_at IS NULL AND o.lease_until IS NULL
   AND (o.compensation IS NULL OR o.compensation = 'DONE')
   AND NOT EXISTS (SELECT 1 FROM EESZT_OUT_INTERACTIVE d
                    WHERE d.depends_on = o.item_id
                      AND d.state NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED'));
DELETE FROM EESZT_ORDER_HEAD h
 WHERE h.lane = 'interactive' AND NOT EXISTS (SELECT 1 FROM EESZT_OUT_INTERACTIVE o WHERE o.item_id = h.last_item);

DELETE FROM EESZT_OUT_QUERY o
 WHERE o.ended_at < TIMESTAMP '&until 00:00:00' AND o.next_at IS NULL AND o.lease_until IS NULL
   AND (o.compensation IS NULL OR o.compensation = 'DONE')
   AND NOT EXISTS (SELECT 1 FROM EESZT_OUT_QUERY d
                    WHERE d.depends_on = o.item_id
                      AND d.state NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED'));
DELETE FROM EESZT_ORDER_HEAD h
 WHERE h.lane = 'query' AND NOT EXISTS (SELECT 1 FROM EESZT_OUT_QUERY o WHERE o.item_id = h.last_item);

DELETE FROM EESZT_OUT_BACKGROUND o
 WHERE o.ended_at < TIMESTAMP '&until 00:00:00' AND o.next_at IS NULL AND o.lease_until IS NULL
   AND (o.compensation IS NULL OR o.compensation = 'DONE')
   AND NOT EXISTS (SELECT 1 FROM EESZT_OUT_BACKGROUND d
                    WHERE d.depends_on = o.item_id
                      AND d.state NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED'));
DELETE FROM EESZT_ORDER_HEAD h
 WHERE h.lane = 'background' AND NOT EXISTS (SELECT 1 FROM EESZT_OUT_BACKGROUND o WHERE o.item_id = h.last_item);

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

COMMIT;
