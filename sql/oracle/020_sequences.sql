-- 020_sequences.sql: numbers of items, sessions and rows.
-- Made from sql/oracle/source; do not change it. Run it as the owner, in SQL*Plus or SQLcl, with NLS_LANG=.AL32UTF8,
-- by itself or by install.sql, which runs all scripts in their order.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
PROMPT 020_sequences.sql

-- Goes no further where it has run already, nor where the terminal's letters are not those of this file.
DECLARE
  l_sha256 EESZT_SCHEMA_SCRIPT.sha256%TYPE;
BEGIN
  SELECT MAX(s.sha256) INTO l_sha256 FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '020_sequences.sql';
  IF l_sha256 = '27b60f60d4ef8503600f36a9fef01febf5eae2d07ed881cc0cce058f3ceb067d' THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: 020_sequences.sql has run already');
  END IF;
  IF l_sha256 IS NOT NULL THEN
    RAISE_APPLICATION_ERROR(-20682, 'EESZT: 020_sequences.sql has run as another text, take the scripts of its release');
  END IF;
END;
/

CREATE SEQUENCE EESZT_ITEM_SEQ START WITH 1 INCREMENT BY 1 MAXVALUE 999999999999999999 CACHE 20 ORDER NOCYCLE;
CREATE SEQUENCE EESZT_LOGIN_SEQ START WITH 1 INCREMENT BY 1 MAXVALUE 999999999999999999 CACHE 20 NOORDER NOCYCLE;
CREATE SEQUENCE EESZT_ROW_SEQ START WITH 1 INCREMENT BY 1 MAXVALUE 999999999999999999 CACHE 100 NOORDER NOCYCLE;

DELETE FROM EESZT_SCHEMA_SCRIPT WHERE script = '020_sequences.sql';
INSERT INTO EESZT_SCHEMA_SCRIPT (script, sha256, run_at, run_by)
VALUES ('020_sequences.sql', '27b60f60d4ef8503600f36a9fef01febf5eae2d07ed881cc0cce058f3ceb067d', SYS_EXTRACT_UTC(SYSTIMESTAMP), USER);
COMMIT;
