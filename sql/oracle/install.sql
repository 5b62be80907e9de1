-- install.sql: all scripts in their order; what has run already is left out, so that it may be run again.
-- As the owner, in SQL*Plus or SQLcl, in this folder, with NLS_LANG=.AL32UTF8. Where a script stopped half-way,
-- `eeszt-runner db install` goes on from there.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET VERIFY OFF
SET FEEDBACK OFF
COLUMN next_script NEW_VALUE next_script NOPRINT

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '010_script_table.sql', 'skip.sql') AS next_script
  FROM USER_TABLES t WHERE t.table_name = 'EESZT_SCHEMA_SCRIPT';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '020_sequences.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '020_sequences.sql' AND s.sha256 = '27b60f60d4ef8503600f36a9fef01febf5eae2d07ed881cc0cce058f3ceb067d';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '030_tables.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '030_tables.sql' AND s.sha256 = '9a30ddfe48eb47bf60ec8db53d064d3201b0d496198b2c12c39d160cdc9b30df';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '040_outbox_interactive.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '040_outbox_interactive.sql' AND s.sha256 = '7010ed25228db6e52f6f023275ee1b89a8242c85a2cb501ddb3c21cd12d728bc';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '040_outbox_query.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '040_outbox_query.sql' AND s.sha256 = 'c9c1898e3bc7eae4dd0be70d57665f36749951a0f969e1cba3a7fa20e1c8a291';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '040_outbox_background.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '040_outbox_background.sql' AND s.sha256 = 'd8d804010d1ba22d6050b1720c518d0bf872866572289f1d208fec19dcf54fd3';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '050_states.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '050_states.sql' AND s.sha256 = 'dbbc3143b27d50c6f5d82632f3911c9a42a606eed97cbd9316a34f04c6558f77';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '060_views.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '060_views.sql' AND s.sha256 = 'fc3d583e5425606be5d7a0d75eab28e06f36bbe5d19160f3de934996bc2b60fd';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '070_locks.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '070_locks.sql' AND s.sha256 = '91e3ab9639c272358ac4f3806fc94e5a6b8772e80cb69b5b9d96046a5460cadc';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '080_triggers.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '080_triggers.sql' AND s.sha256 = '123b83abcc8d07f814b60d42bbe1996be63155cd8761860fa9fc7e692c624ac6';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '090_context.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '090_context.sql' AND s.sha256 = 'f928321f7f67659664dec818e1cd964b04044b139806e942a606a46d539563a2';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '100_package.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '100_package.sql' AND s.sha256 = '5c63d6b475200376624762866cd5c01af92a82df7e6e875392319b9a04582a9d';
@@&next_script

SET DEFINE ON
SELECT DECODE(COUNT(*), 0, '110_grants.sql', 'skip.sql') AS next_script
  FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '110_grants.sql' AND s.sha256 = 'ca2c6ee3d5401aa6879a8e00ac26c9ffc4936f38ee109d4fedfda73cebbbaa09';
@@&next_script
