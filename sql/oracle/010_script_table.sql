-- 010_script_table.sql: which scripts have run.
-- Made from sql/oracle/source; do not change it. Run it as the owner, in SQL*Plus or SQLcl, with NLS_LANG=.AL32UTF8,
-- by itself or by install.sql, which runs all scripts in their order.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
PROMPT 010_script_table.sql

-- Goes no further where it has run already, nor where the terminal's letters are not those of this file.
DECLARE
  l_found NUMBER;
BEGIN
  SELECT COUNT(*) INTO l_found FROM USER_TABLES t WHERE t.table_name = 'EESZT_SCHEMA_SCRIPT';
  IF l_found > 0 THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: 010_script_table.sql has run already');
  END IF;
END;
/

CREATE TABLE EESZT_SCHEMA_SCRIPT (
  script  VARCHAR2(100 CHAR),
  sha256  VARCHAR2(64 CHAR) CONSTRAINT EESZT_SCHEMA_SCRIPT_SHA_NN NOT NULL,
  run_at  TIMESTAMP(6) CONSTRAINT EESZT_SCHEMA_SCRIPT_AT_NN NOT NULL,
  run_by  VARCHAR2(128 CHAR) CONSTRAINT EESZT_SCHEMA_SCRIPT_BY_NN NOT NULL,
  CONSTRAINT EESZT_SCHEMA_SCRIPT_PK PRIMARY KEY (script) USING INDEX
) SEGMENT CREATION IMMEDIATE;
COMMENT ON TABLE EESZT_SCHEMA_SCRIPT IS 'Scripts that have run in this schema';
COMMENT ON COLUMN EESZT_SCHEMA_SCRIPT.script IS 'File, and the outbox it was run for';
COMMENT ON COLUMN EESZT_SCHEMA_SCRIPT.sha256 IS 'SHA-256 (hex) of its statements';
COMMENT ON COLUMN EESZT_SCHEMA_SCRIPT.run_at IS 'When it ended, UTC';
COMMENT ON COLUMN EESZT_SCHEMA_SCRIPT.run_by IS 'Database user who ran it';

DELETE FROM EESZT_SCHEMA_SCRIPT WHERE script = '010_script_table.sql';
INSERT INTO EESZT_SCHEMA_SCRIPT (script, sha256, run_at, run_by)
VALUES ('010_script_table.sql', 'ecfd5b1f7186a649a236e3e19ff2a79d20d218267d248087e410d8178a19b916', SYS_EXTRACT_UTC(SYSTIMESTAMP), USER);
COMMIT;
