-- 090_context.sql: who a session is bound to; the owner needs CREATE ANY CONTEXT.
-- Made from sql/oracle/source; do not change it. Run it as the owner, in SQL*Plus or SQLcl, with NLS_LANG=.AL32UTF8,
-- by itself or by install.sql, which runs all scripts in their order.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
PROMPT 090_context.sql

-- Goes no further where it has run already, nor where the terminal's letters are not those of this file.
DECLARE
  l_sha256 EESZT_SCHEMA_SCRIPT.sha256%TYPE;
BEGIN
  SELECT MAX(s.sha256) INTO l_sha256 FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '090_context.sql';
  IF l_sha256 = 'f928321f7f67659664dec818e1cd964b04044b139806e942a606a46d539563a2' THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: 090_context.sql has run already');
  END IF;
END;
/

CREATE OR REPLACE CONTEXT EESZT_CTX USING EESZT_API;

DELETE FROM EESZT_SCHEMA_SCRIPT WHERE script = '090_context.sql';
INSERT INTO EESZT_SCHEMA_SCRIPT (script, sha256, run_at, run_by)
VALUES ('090_context.sql', 'f928321f7f67659664dec818e1cd964b04044b139806e942a606a46d539563a2', SYS_EXTRACT_UTC(SYSTIMESTAMP), USER);
COMMIT;
