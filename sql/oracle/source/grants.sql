-- Who may do what, on Oracle: the daemon's user no more than its statements need, the HIS the package and views. See tables.sql.
-- Nobody may delete an item; nobody but the triggers writes EESZT_ORDER_HEAD and EESZT_RECORD_HEAD.

-- on_tables --
-- The daemon's user on everything but the outboxes. SELECT ... FOR UPDATE needs SELECT (READ is not enough).
GRANT SELECT ON EESZT_SCHEMA_SCRIPT TO [runtime];
GRANT SELECT, UPDATE ON EESZT_INSTALLATION TO [runtime];
GRANT SELECT, INSERT, UPDATE ON EESZT_DOCUMENT_TYPE TO [runtime];
GRANT SELECT, INSERT, UPDATE ON EESZT_MESSAGE TO [runtime];
GRANT SELECT, INSERT ON EESZT_ATTEMPT TO [runtime];
GRANT SELECT, INSERT ON EESZT_IDENTIFIER TO [runtime];
GRANT SELECT, INSERT, UPDATE ON EESZT_WRITE_BACK TO [runtime];
GRANT SELECT, INSERT, DELETE ON EESZT_RESULT TO [runtime];
GRANT SELECT ON EESZT_USER_MAP TO [runtime];
GRANT SELECT ON EESZT_WORKPLACE TO [runtime];
GRANT SELECT ON EESZT_USER_WORKPLACE TO [runtime];
GRANT SELECT, INSERT, UPDATE, DELETE ON EESZT_LOGIN_REQUEST TO [runtime];
GRANT SELECT, INSERT, UPDATE ON EESZT_LOGIN TO [runtime];
GRANT SELECT, INSERT, DELETE ON EESZT_CODE TO [runtime];
GRANT SELECT, INSERT, UPDATE ON EESZT_SERVICE_STATE TO [runtime];
GRANT SELECT, INSERT, UPDATE ON EESZT_RUNNER TO [runtime];
GRANT SELECT, INSERT, UPDATE ON EESZT_LANE TO [runtime];
GRANT SELECT, INSERT, DELETE ON EESZT_DAY TO [runtime];
GRANT SELECT ON EESZT_ITEM_SEQ TO [runtime];
GRANT SELECT ON EESZT_LOGIN_SEQ TO [runtime];
GRANT SELECT ON EESZT_ROW_SEQ TO [runtime];

-- on_outbox --
-- The daemon's user on an outbox: it changes nothing that MedWorkS wrote but the payload, which it forgets in time.
GRANT SELECT ON [outbox] TO [runtime];
GRANT UPDATE ([payload], [has_payload], [ward_answer], [depends_on], [needs], [recorder_proof], [state], [state_at], [next_at],
              [claim_owner], [claim_token], [lease_until], [rescue_count], [attempts], [probe_count], [sent_at],
              [withdraw_asked_at], [compensation], [mapping_version], [message_id], [acting_user],
              [reason_code], [status_text]) ON [outbox] TO [runtime];

-- on_own_outbox --
-- Into an outbox that is no table of the HIS it writes withdrawals, as MedWorkS would.
GRANT INSERT ([document_type], [source_key], [priority], [recorded_by], [workplace], [recorded_at], [payload], [withdraws])
   ON [outbox] TO [runtime];

-- his_insert --
-- MedWorkS writes its own columns, and no other; an outbox that is bound it writes through EESZT_API.submit alone, which
-- knows who is logged in.
GRANT INSERT ([document_type], [source_key], [order_key], [priority], [recorded_by], [workplace], [recorded_at], [payload],
              [replaces], [first_recorded_at], [withdraws]) ON [outbox] TO [his];

-- on_views --
-- What is read. EESZT_RESULT is given out by EESZT_API.result alone.
GRANT SELECT ON EESZT_V_ITEM TO [runtime];
GRANT SELECT ON EESZT_V_LOCAL_ITEM TO [runtime];
GRANT SELECT ON EESZT_V_WORK TO [runtime];
GRANT SELECT ON EESZT_V_STATUS TO [runtime];
GRANT SELECT ON EESZT_V_BARCODE TO [runtime];
GRANT SELECT ON EESZT_V_SENT TO [runtime];
GRANT SELECT ON EESZT_V_DECISION TO [runtime];
GRANT SELECT ON EESZT_V_LOGIN TO [runtime];
GRANT SELECT ON EESZT_V_LOGIN_NEEDED TO [runtime];
GRANT SELECT ON EESZT_V_SERVICE TO [runtime];
GRANT SELECT ON EESZT_V_ATTENTION TO [runtime];
GRANT EXECUTE ON EESZT_API TO [runtime];
GRANT SELECT ON EESZT_V_STATUS TO [his];
GRANT SELECT ON EESZT_V_BARCODE TO [his];
GRANT SELECT ON EESZT_V_SENT TO [his];
GRANT SELECT ON EESZT_V_LOGIN TO [his];
GRANT SELECT ON EESZT_V_LOGIN_NEEDED TO [his];
GRANT SELECT ON EESZT_V_SERVICE TO [his];
GRANT SELECT ON EESZT_V_ATTENTION TO [his];
GRANT EXECUTE ON EESZT_API TO [his];
GRANT EXECUTE ON EESZT_UTC TO [his];
