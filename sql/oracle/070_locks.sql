-- 070_locks.sql: locks of an insert, and local times.
-- Made from sql/oracle/source; do not change it. Run it as the owner, in SQL*Plus or SQLcl, with NLS_LANG=.AL32UTF8,
-- by itself or by install.sql, which runs all scripts in their order.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
PROMPT 070_locks.sql

-- Goes no further where it has run already, nor where the terminal's letters are not those of this file.
DECLARE
  l_sha256 EESZT_SCHEMA_SCRIPT.sha256%TYPE;
BEGIN
  SELECT MAX(s.sha256) INTO l_sha256 FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '070_locks.sql';
  IF l_sha256 = '91e3ab9639c272358ac4f3806fc94e5a6b8772e80cb69b5b9d96046a5460cadc' THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: 070_locks.sql has run already');
  END IF;
END;
/

CREATE OR REPLACE PROCEDURE EESZT_ADD_ORDER (p_lane IN VARCHAR2, p_order_key IN VARCHAR2) AS
  PRAGMA AUTONOMOUS_TRANSACTION;
BEGIN
  INSERT INTO EESZT_ORDER_HEAD (lane, order_key) VALUES (p_lane, p_order_key);
  COMMIT;
EXCEPTION
  WHEN DUP_VAL_ON_INDEX THEN  -- another session was first
    ROLLBACK;
END EESZT_ADD_ORDER;
/
CREATE OR REPLACE PROCEDURE EESZT_LOCK_ORDER (p_lane IN VARCHAR2, p_order_key IN VARCHAR2) AS
  e_busy EXCEPTION;
  PRAGMA EXCEPTION_INIT (e_busy, -30006);
BEGIN
  FOR try IN 1 .. 3 LOOP  -- a purge may take the row away again
    FOR rec IN (SELECT h.lane AS lane FROM EESZT_ORDER_HEAD h
                 WHERE h.lane = p_lane AND h.order_key = p_order_key FOR UPDATE WAIT 10) LOOP
      RETURN;
    END LOOP;
    EESZT_ADD_ORDER(p_lane, p_order_key);
  END LOOP;
  RAISE_APPLICATION_ERROR(-20696, 'EESZT: the order key cannot be locked; write with isolation level READ COMMITTED');
EXCEPTION
  WHEN e_busy THEN
    RAISE_APPLICATION_ERROR(-20695, 'EESZT: another session has written this order key and not ended for 10 seconds; '
                            || 'commit at once, and try again');
END EESZT_LOCK_ORDER;
/
CREATE OR REPLACE PROCEDURE EESZT_ADD_RECORD (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) AS
  PRAGMA AUTONOMOUS_TRANSACTION;
  l_family VARCHAR2(4000);
BEGIN
  SELECT NVL(MAX(t.withdrawal_type), p_document_type) INTO l_family
    FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = p_document_type;
  INSERT INTO EESZT_RECORD_HEAD (document_type, source_key) VALUES (l_family, p_source_key);
  COMMIT;
EXCEPTION
  WHEN DUP_VAL_ON_INDEX THEN
    ROLLBACK;
END EESZT_ADD_RECORD;
/
CREATE OR REPLACE PROCEDURE EESZT_LOCK_RECORD (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) AS
  l_family VARCHAR2(4000);
  e_busy   EXCEPTION;
  PRAGMA EXCEPTION_INIT (e_busy, -30006);
BEGIN
  SELECT NVL(MAX(t.withdrawal_type), p_document_type) INTO l_family
    FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = p_document_type;
  FOR try IN 1 .. 3 LOOP
    FOR rec IN (SELECT h.source_key AS source_key FROM EESZT_RECORD_HEAD h
                 WHERE h.document_type = l_family AND h.source_key = p_source_key FOR UPDATE WAIT 10) LOOP
      RETURN;
    END LOOP;
    EESZT_ADD_RECORD(p_document_type, p_source_key);
  END LOOP;
  RAISE_APPLICATION_ERROR(-20696, 'EESZT: the record cannot be locked; write with isolation level READ COMMITTED');
EXCEPTION
  WHEN e_busy THEN
    RAISE_APPLICATION_ERROR(-20695, 'EESZT: another session has written this record and not ended for 10 seconds; '
                            || 'commit at once, and try again');
END EESZT_LOCK_RECORD;
/

CREATE OR REPLACE FUNCTION EESZT_UTC (p_local IN TIMESTAMP, p_zone IN VARCHAR2) RETURN TIMESTAMP AS
  l_local TIMESTAMP(6);
  l_utc   TIMESTAMP(6);
BEGIN
  l_local := p_local;
  l_utc := SYS_EXTRACT_UTC(FROM_TZ(l_local, p_zone));
  IF CAST(FROM_TZ(l_utc, 'UTC') AT TIME ZONE p_zone AS TIMESTAMP) <> l_local
     OR CAST(FROM_TZ(l_utc - INTERVAL '1' HOUR, 'UTC') AT TIME ZONE p_zone AS TIMESTAMP) = l_local
     OR CAST(FROM_TZ(l_utc + INTERVAL '1' HOUR, 'UTC') AT TIME ZONE p_zone AS TIMESTAMP) = l_local THEN
    RETURN NULL;
  END IF;
  RETURN l_utc;
EXCEPTION
  WHEN OTHERS THEN  -- ORA-01878, ORA-01883 and whatever else a date can be: nothing that a row holds makes an insert fail
    RETURN NULL;
END EESZT_UTC;
/

-- It has not run while one of its units does not compile.
DECLARE
  l_error VARCHAR2(4000);
BEGIN
  SELECT MAX(e.type || ' ' || e.name || ', line ' || e.line || ': ' || SUBSTR(e.text, 1, 900)) INTO l_error
    FROM USER_ERRORS e WHERE e.attribute = 'ERROR' AND e.name IN ('EESZT_ADD_ORDER', 'EESZT_LOCK_ORDER', 'EESZT_ADD_RECORD',
      'EESZT_LOCK_RECORD', 'EESZT_UTC');
  IF l_error IS NOT NULL THEN
    RAISE_APPLICATION_ERROR(-20683, SUBSTR('EESZT: ' || l_error, 1, 1000));
  END IF;
END;
/

DELETE FROM EESZT_SCHEMA_SCRIPT WHERE script = '070_locks.sql';
INSERT INTO EESZT_SCHEMA_SCRIPT (script, sha256, run_at, run_by)
VALUES ('070_locks.sql', '91e3ab9639c272358ac4f3806fc94e5a6b8772e80cb69b5b9d96046a5460cadc', SYS_EXTRACT_UTC(SYSTIMESTAMP), USER);
COMMIT;
