-- 110_grants.sql: who may do what.
-- Made from sql/oracle/source; do not change it. Run it as the owner, in SQL*Plus or SQLcl, with NLS_LANG=.AL32UTF8,
-- by itself or by install.sql, which runs all scripts in their order.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
PROMPT 110_grants.sql

-- Goes no further where it has run already, nor where the terminal's letters are not those of this file.
DECLARE
  l_sha256 EESZT_SCHEMA_SCRIPT.sha256%TYPE;
BEGIN
  SELECT MAX(s.sha256) INTO l_sha256 FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '110_grants.sql';
  IF l_sha256 = 'e17a9a25266f5f9b34a7fedc13cd6f7ff1713d883c5e09dd6631c785a4d459ac' THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: 110_grants.sql has run already');
  END IF;
END;
/

GRANT SELECT ON EESZT_SCHEMA_SCRIPT TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_TRANSITION TO EESZT_RUNTIME;
GRANT SELECT, UPDATE ON EESZT_INSTALLATION TO EESZT_RUNTIME;
GRANT SELECT, INSERT, UPDATE ON EESZT_DOCUMENT_TYPE TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_ORDER_HEAD TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_RECORD_HEAD TO EESZT_RUNTIME;
GRANT SELECT, INSERT, UPDATE ON EESZT_MESSAGE TO EESZT_RUNTIME;
GRANT SELECT, INSERT ON EESZT_ATTEMPT TO EESZT_RUNTIME;
GRANT SELECT, INSERT ON EESZT_IDENTIFIER TO EESZT_RUNTIME;
GRANT SELECT, INSERT, UPDATE ON EESZT_WRITE_BACK TO EESZT_RUNTIME;
GRANT SELECT, INSERT, UPDATE, DELETE ON EESZT_RESULT TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_USER_MAP TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_WORKPLACE TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_USER_WORKPLACE TO EESZT_RUNTIME;
GRANT SELECT, INSERT, UPDATE, DELETE ON EESZT_LOGIN_REQUEST TO EESZT_RUNTIME;
GRANT SELECT, INSERT, UPDATE ON EESZT_LOGIN TO EESZT_RUNTIME;
GRANT SELECT, INSERT, UPDATE ON EESZT_SERVICE_STATE TO EESZT_RUNTIME;
GRANT SELECT, INSERT, UPDATE ON EESZT_RUNNER TO EESZT_RUNTIME;
GRANT SELECT, INSERT, UPDATE ON EESZT_LANE TO EESZT_RUNTIME;
GRANT SELECT, INSERT, DELETE ON EESZT_DAY TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_ITEM_SEQ TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_LOGIN_SEQ TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_ROW_SEQ TO EESZT_RUNTIME;

GRANT SELECT ON EESZT_OUT_INTERACTIVE TO EESZT_RUNTIME;
GRANT UPDATE (payload, has_payload, ward_answer, depends_on, needs, recorder_proof, state, state_at, next_at,
              claim_owner, claim_token, lease_until, rescue_count, attempts, probe_count, sent_at,
              withdraw_asked_at, withdraw_asked_by, compensation, mapping_version, message_id, acting_user,
              reason_code, status_text) ON EESZT_OUT_INTERACTIVE TO EESZT_RUNTIME;

GRANT INSERT (document_type, source_key, order_key, priority, recorded_by, workplace, recorded_at, payload,
              replaces, first_recorded_at, withdraws) ON EESZT_OUT_INTERACTIVE TO EESZT_RUNTIME;

GRANT SELECT ON EESZT_OUT_QUERY TO EESZT_RUNTIME;
GRANT UPDATE (payload, has_payload, ward_answer, depends_on, needs, recorder_proof, state, state_at, next_at,
              claim_owner, claim_token, lease_until, rescue_count, attempts, probe_count, sent_at,
              withdraw_asked_at, withdraw_asked_by, compensation, mapping_version, message_id, acting_user,
              reason_code, status_text) ON EESZT_OUT_QUERY TO EESZT_RUNTIME;

GRANT INSERT (document_type, source_key, order_key, priority, recorded_by, workplace, recorded_at, payload,
              replaces, first_recorded_at, withdraws) ON EESZT_OUT_QUERY TO EESZT_RUNTIME;

GRANT SELECT ON EESZT_OUT_BACKGROUND TO EESZT_RUNTIME;
GRANT UPDATE (payload, has_payload, ward_answer, depends_on, needs, recorder_proof, state, state_at, next_at,
              claim_owner, claim_token, lease_until, rescue_count, attempts, probe_count, sent_at,
              withdraw_asked_at, withdraw_asked_by, compensation, mapping_version, message_id, acting_user,
              reason_code, status_text) ON EESZT_OUT_BACKGROUND TO EESZT_RUNTIME;

GRANT INSERT (document_type, source_key, order_key, priority, recorded_by, workplace, recorded_at, payload,
              replaces, first_recorded_at, withdraws) ON EESZT_OUT_BACKGROUND TO EESZT_RUNTIME;

GRANT INSERT (document_type, source_key, order_key, priority, recorded_by, workplace, recorded_at, payload,
              replaces, first_recorded_at, withdraws) ON EESZT_OUT_BACKGROUND TO "MEDWORKS";

GRANT SELECT ON EESZT_V_ITEM TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_LOCAL_ITEM TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_WORK TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_STATUS TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_BARCODE TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_SENT TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_DECISION TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_LOGIN TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_SERVICE TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_ATTENTION TO EESZT_RUNTIME;
GRANT EXECUTE ON EESZT_API TO EESZT_RUNTIME;
GRANT SELECT ON EESZT_V_STATUS TO "MEDWORKS";
GRANT SELECT ON EESZT_V_BARCODE TO "MEDWORKS";
GRANT SELECT ON EESZT_V_SENT TO "MEDWORKS";
GRANT SELECT ON EESZT_V_LOGIN TO "MEDWORKS";
GRANT SELECT ON EESZT_V_SERVICE TO "MEDWORKS";
GRANT SELECT ON EESZT_V_ATTENTION TO "MEDWORKS";
GRANT EXECUTE ON EESZT_API TO "MEDWORKS";

DELETE FROM EESZT_SCHEMA_SCRIPT WHERE script = '110_grants.sql';
INSERT INTO EESZT_SCHEMA_SCRIPT (script, sha256, run_at, run_by)
VALUES ('110_grants.sql', 'e17a9a25266f5f9b34a7fedc13cd6f7ff1713d883c5e09dd6631c785a4d459ac', SYS_EXTRACT_UTC(SYSTIMESTAMP), USER);
COMMIT;
