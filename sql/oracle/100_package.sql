-- 100_package.sql: what MedWorkS calls; the owner needs EXECUTE ON SYS.DBMS_CRYPTO.
-- Made from sql/oracle/source; do not change it. Run it as the owner, in SQL*Plus or SQLcl, with NLS_LANG=.AL32UTF8,
-- by itself or by install.sql, which runs all scripts in their order.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
PROMPT 100_package.sql

-- Goes no further where it has run already, nor where the terminal's letters are not those of this file.
DECLARE
  l_sha256 EESZT_SCHEMA_SCRIPT.sha256%TYPE;
BEGIN
  IF LENGTH('ű') <> 1 THEN
    RAISE_APPLICATION_ERROR(-20681, 'EESZT: set NLS_LANG to .AL32UTF8, this file is UTF-8');
  END IF;
  SELECT MAX(s.sha256) INTO l_sha256 FROM EESZT_SCHEMA_SCRIPT s WHERE s.script = '100_package.sql';
  IF l_sha256 = '5c63d6b475200376624762866cd5c01af92a82df7e6e875392319b9a04582a9d' THEN
    RAISE_APPLICATION_ERROR(-20680, 'EESZT: 100_package.sql has run already');
  END IF;
END;
/

CREATE OR REPLACE PACKAGE EESZT_OUT_INTERACTIVE_API AUTHID DEFINER AS

  -- The item's number: a new one, or that of the same record's item on its way.
  FUNCTION submit (
    p_document_type IN VARCHAR2, p_source_key IN VARCHAR2, p_order_key IN VARCHAR2, p_priority IN NUMBER,
    p_recorded_by IN VARCHAR2, p_workplace IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB,
    p_replaces IN NUMBER, p_first_recorded_at IN TIMESTAMP) RETURN NUMBER;

  -- Who alone may withdraw the item, or null.
  FUNCTION prescriber_of (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- The state that it is in afterwards.
  FUNCTION withdraw (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) RETURN VARCHAR2;

  -- The state that it is in afterwards; a final one stays as it was.
  FUNCTION retry (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- What the ward is told, without a lock. p_is_due: whether that can be decided now.
  PROCEDURE look (p_item_id IN NUMBER, p_told OUT VARCHAR2, p_is_due OUT NUMBER);

  -- Decides in a transaction of its own; WAIT where another session holds the row.
  FUNCTION verdict (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- A further item for the record of a REJECTED or INVALID one, or p_refusal: the number of the error.
  PROCEDURE resubmit (
    p_item_id IN NUMBER, p_recorded_by IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB, p_new_id OUT NUMBER,
    p_refusal OUT NUMBER, p_state OUT VARCHAR2);

  -- Withdraws the item and writes what stands for it; the new one's number.
  FUNCTION replace_item (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_payload IN CLOB, p_source_key IN VARCHAR2, p_workplace IN VARCHAR2,
    p_recorded_at IN TIMESTAMP) RETURN NUMBER;

END EESZT_OUT_INTERACTIVE_API;
/

CREATE OR REPLACE PACKAGE EESZT_OUT_QUERY_API AUTHID DEFINER AS

  -- The item's number: a new one, or that of the same record's item on its way.
  FUNCTION submit (
    p_document_type IN VARCHAR2, p_source_key IN VARCHAR2, p_order_key IN VARCHAR2, p_priority IN NUMBER,
    p_recorded_by IN VARCHAR2, p_workplace IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB,
    p_replaces IN NUMBER, p_first_recorded_at IN TIMESTAMP) RETURN NUMBER;

  -- Who alone may withdraw the item, or null.
  FUNCTION prescriber_of (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- The state that it is in afterwards.
  FUNCTION withdraw (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) RETURN VARCHAR2;

  -- The state that it is in afterwards; a final one stays as it was.
  FUNCTION retry (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- What the ward is told, without a lock. p_is_due: whether that can be decided now.
  PROCEDURE look (p_item_id IN NUMBER, p_told OUT VARCHAR2, p_is_due OUT NUMBER);

  -- Decides in a transaction of its own; WAIT where another session holds the row.
  FUNCTION verdict (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- A further item for the record of a REJECTED or INVALID one, or p_refusal: the number of the error.
  PROCEDURE resubmit (
    p_item_id IN NUMBER, p_recorded_by IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB, p_new_id OUT NUMBER,
    p_refusal OUT NUMBER, p_state OUT VARCHAR2);

  -- Withdraws the item and writes what stands for it; the new one's number.
  FUNCTION replace_item (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_payload IN CLOB, p_source_key IN VARCHAR2, p_workplace IN VARCHAR2,
    p_recorded_at IN TIMESTAMP) RETURN NUMBER;

END EESZT_OUT_QUERY_API;
/

CREATE OR REPLACE PACKAGE EESZT_OUT_BACKGROUND_API AUTHID DEFINER AS

  -- The item's number: a new one, or that of the same record's item on its way.
  FUNCTION submit (
    p_document_type IN VARCHAR2, p_source_key IN VARCHAR2, p_order_key IN VARCHAR2, p_priority IN NUMBER,
    p_recorded_by IN VARCHAR2, p_workplace IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB,
    p_replaces IN NUMBER, p_first_recorded_at IN TIMESTAMP) RETURN NUMBER;

  -- Who alone may withdraw the item, or null.
  FUNCTION prescriber_of (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- The state that it is in afterwards.
  FUNCTION withdraw (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) RETURN VARCHAR2;

  -- The state that it is in afterwards; a final one stays as it was.
  FUNCTION retry (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- What the ward is told, without a lock. p_is_due: whether that can be decided now.
  PROCEDURE look (p_item_id IN NUMBER, p_told OUT VARCHAR2, p_is_due OUT NUMBER);

  -- Decides in a transaction of its own; WAIT where another session holds the row.
  FUNCTION verdict (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- A further item for the record of a REJECTED or INVALID one, or p_refusal: the number of the error.
  PROCEDURE resubmit (
    p_item_id IN NUMBER, p_recorded_by IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB, p_new_id OUT NUMBER,
    p_refusal OUT NUMBER, p_state OUT VARCHAR2);

  -- Withdraws the item and writes what stands for it; the new one's number.
  FUNCTION replace_item (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_payload IN CLOB, p_source_key IN VARCHAR2, p_workplace IN VARCHAR2,
    p_recorded_at IN TIMESTAMP) RETURN NUMBER;

END EESZT_OUT_BACKGROUND_API;
/

CREATE OR REPLACE PACKAGE EESZT_API AUTHID DEFINER AS

  -- All that MedWorkS asks of the EESZT connection. Items are rows of the outboxes, told apart by their number.
  -- Instants are UTC, save where a view shows them. A subprogram works inside the caller's transaction, which the
  -- caller ends, unless it says that it commits by itself. Errors are ORA-20701 to ORA-20799 with a Hungarian
  -- sentence that says what to do; whatever raised one has changed nothing. p_his_user and p_recorded_by may be left
  -- out in a session that is bound (bind): then its user counts.

  -- Writes an item and gives its number. The same document type and source key twice gives the number of the item that is on
  -- its way, or up, also when two sessions write it at once: the second one waits for the first one's end. The document is
  -- either in p_payload (JSON), or is read by the mapping's source query by p_source_key. What the row holds never makes the
  -- call fail: a payload that is no JSON, or an unknown document type, becomes a state and a sentence of the item.
  -- Another session that writes the same order key is waited for, ten seconds at most (ORA-20695).
  --   p_order_key: what goes in the order in which it was written (one prescription, one episode)
  --   p_priority: smaller goes first; null: 100
  --   p_recorded_at: when it was recorded; left out: now
  --   p_replaces: the item that this one stands for, see resubmit and replace_prescription
  --   p_first_recorded_at: when what it corrects was first recorded; time windows run from there
  -- Errors: 20705 20709 20710
  FUNCTION submit (
    p_document_type     IN VARCHAR2,
    p_source_key        IN VARCHAR2 DEFAULT NULL,
    p_payload           IN CLOB DEFAULT NULL,
    p_workplace         IN VARCHAR2 DEFAULT NULL,
    p_recorded_by       IN VARCHAR2 DEFAULT NULL,
    p_order_key         IN VARCHAR2 DEFAULT NULL,
    p_recorded_at       IN TIMESTAMP DEFAULT SYS_EXTRACT_UTC(SYSTIMESTAMP),
    p_priority          IN NUMBER DEFAULT NULL,
    p_replaces          IN NUMBER DEFAULT NULL,
    p_first_recorded_at IN TIMESTAMP DEFAULT NULL) RETURN NUMBER;

  -- Takes an item back and gives the state that it is in then. What surely did not leave is CANCELLED at once; for what may
  -- have left, or was accepted, a withdrawal is queued that goes up by itself. A prescription may be withdrawn by its
  -- prescriber alone. Twice is once.
  -- Errors: 20701 20702 20704 20710
  FUNCTION withdraw (p_item_id IN NUMBER, p_his_user IN VARCHAR2 DEFAULT NULL) RETURN VARCHAR2;

  -- Withdraws an item and writes the new one behind its withdrawal; gives the new one's number. The new one goes up only when
  -- the withdrawal was accepted, or there was nothing to withdraw; where the withdrawal is refused the original stands, and
  -- the new one ends SKIPPED without a word to the ward about paper.
  --   p_source_key, p_workplace: left out: the original's
  -- Errors: 20701 20702 20704 20705 20709 20710
  FUNCTION replace_prescription (
    p_item_id     IN NUMBER,
    p_payload     IN CLOB DEFAULT NULL,
    p_source_key  IN VARCHAR2 DEFAULT NULL,
    p_workplace   IN VARCHAR2 DEFAULT NULL,
    p_his_user    IN VARCHAR2 DEFAULT NULL,
    p_recorded_at IN TIMESTAMP DEFAULT SYS_EXTRACT_UTC(SYSTIMESTAMP)) RETURN NUMBER;

  -- How an item stands, as EESZT_V_STATUS and EESZT_V_BARCODE show it: an identifier only where it may be handed out.
  -- Errors: 20701
  PROCEDURE status (
    p_item_id     IN NUMBER,
    p_state       OUT VARCHAR2,
    p_ward_answer OUT VARCHAR2,
    p_status_text OUT VARCHAR2,
    p_eeszt_id    OUT VARCHAR2,
    p_barcode     OUT VARCHAR2);

  -- What the ward may hand out, decided now where its time is over or nobody is there to send: PRINT, PAPER, WAIT (print
  -- nothing, ask again), or null where nobody waits, and where what was to be printed is being withdrawn. Waits for no lock.
  -- Commits by itself, and therefore only where no transaction is open: commit the item first.
  -- Errors: 20701 20703
  FUNCTION decide (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- decide, again and again, until it says something else than WAIT or p_seconds (at most 60) are over.
  -- Errors: 20701 20703
  FUNCTION wait_for (p_item_id IN NUMBER, p_seconds IN NUMBER DEFAULT 10) RETURN VARCHAR2;

  -- The answer of a query, for who asked alone: the session must be bound to his login. One JSON object: rows (what was
  -- found), about (what the answer says of itself), filtered (whether something was left out), raw (as it came, where it is
  -- kept). No rows mean that the EESZT showed nothing, not that there is nothing.
  -- Errors: 20701 20711 20712
  FUNCTION result (p_item_id IN NUMBER) RETURN CLOB;

  -- Lets a WAITING or PARKED item go now; gives the state that it is in then.
  -- Errors: 20701 20704 20708
  FUNCTION retry (p_item_id IN NUMBER) RETURN VARCHAR2;

  -- Writes a new item for the record of one that is REJECTED or INVALID, after its record was mended; gives its number. It
  -- names the old one, and its time window runs from the first recording. Not for what a ward waited for: there the paper
  -- form is valid, and a new prescription is a new record.
  --   p_payload: left out: the old one's
  -- Errors: 20701 20705 20706 20707 20709 20710
  FUNCTION resubmit (
    p_item_id     IN NUMBER,
    p_payload     IN CLOB DEFAULT NULL,
    p_recorded_by IN VARCHAR2 DEFAULT NULL,
    p_recorded_at IN TIMESTAMP DEFAULT SYS_EXTRACT_UTC(SYSTIMESTAMP)) RETURN NUMBER;

  -- Begins the login of a user. Commits by itself, whatever the caller's transaction does.
  --   p_nonce: for the login agent or page, once, within two minutes; hand it over by standard input or the URL handler
  --   p_short_code: to be shown to the user here, and by the agent there: he compares
  --   p_handle: proves that this client began the login; keep it in the client's memory, hand it to nobody
  -- Only hashes of nonce and handle are stored.
  -- Errors: 20713
  PROCEDURE login_begin (
    p_his_user   IN VARCHAR2,
    p_nonce      OUT VARCHAR2,
    p_short_code OUT VARCHAR2,
    p_handle     OUT VARCHAR2);

  -- How far the login of a handle is: WAITING (for the person), CHECKING, LIVE, REFUSED (begin anew), ENDED, UNKNOWN; and how
  -- many whole minutes a LIVE one lasts, so that its end can be foreseen.
  PROCEDURE login_state (p_handle IN VARCHAR2, p_state OUT VARCHAR2, p_minutes_left OUT NUMBER);

  -- Tells the database who works in this session: what it writes from now on as recorded by that user is proved. Whatever
  -- was bound before is bound no more, also when the handle is refused. Null only unbinds: do that before a pooled session
  -- goes to somebody else.
  -- Errors: 20714
  PROCEDURE bind (p_handle IN VARCHAR2);

  -- Who this session is bound to, while his login lives; else null.
  FUNCTION bound_user RETURN VARCHAR2;

  -- Ends the login of a handle at once, and unbinds. Commits by itself.
  PROCEDURE logout (p_handle IN VARCHAR2);

  -- UP or DOWN, as EESZT_V_SERVICE shows it: of a service of the EESZT, of the login (sts), or of the runner itself. Null:
  -- nobody has spoken of that service.
  FUNCTION service_state (p_service IN VARCHAR2 DEFAULT 'runner') RETURN VARCHAR2;

END EESZT_API;
/

CREATE OR REPLACE PACKAGE BODY EESZT_OUT_INTERACTIVE_API AS

  -- Statements

  FUNCTION is_alive RETURN NUMBER IS
    l_daemons NUMBER := 0;
  BEGIN
    FOR rec IN (
      SELECT COUNT(*) AS daemons FROM EESZT_RUNNER WHERE lane = 'interactive' AND beat_at >= SYS_EXTRACT_UTC(SYSTIMESTAMP) - INTERVAL '5' SECOND
    ) LOOP
      l_daemons := rec.daemons;
    END LOOP;
    RETURN LEAST(l_daemons, 1);
  END is_alive;

  FUNCTION same_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) RETURN NUMBER IS
    l_item NUMBER;
  BEGIN
    FOR rec IN (
      SELECT MAX(p.item_id) AS item_id
        FROM EESZT_V_ITEM p JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = p.document_type
       WHERE p.document_type = p_document_type AND p.source_key = p_source_key
         AND p.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
         AND NOT (p.state = 'ACCEPTED' AND t.kind IN ('Q', 'L'))
         AND NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE o WHERE o.withdrawal_type = p.document_type)
         AND COALESCE(p.compensation, CASE WHEN p.withdraw_asked_at IS NULL THEN 'FAILED' ELSE 'DUE' END) = 'FAILED'
    ) LOOP
      l_item := rec.item_id;
    END LOOP;
    RETURN l_item;
  END same_record;

  FUNCTION has_withdrawal (p_item_id IN NUMBER) RETURN NUMBER IS
    l_found NUMBER := 0;
  BEGIN
    FOR rec IN (
      SELECT w.item_id AS item_id
        FROM EESZT_OUT_INTERACTIVE w
       WHERE w.withdraws = p_item_id
         AND w.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
    ) LOOP
      l_found := 1;
    END LOOP;
    RETURN l_found;
  END has_withdrawal;

  FUNCTION state_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_state VARCHAR2(20 CHAR);
  BEGIN
    FOR rec IN (
      SELECT o.state AS state, o.order_key AS order_key FROM EESZT_OUT_INTERACTIVE o WHERE o.item_id = p_item_id
    ) LOOP
      l_state := rec.state;
    END LOOP;
    RETURN l_state;
  END state_of;

  FUNCTION prescriber_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_his_user VARCHAR2(100 CHAR);
  BEGIN
    FOR rec IN (
      SELECT o.recorded_by AS his_user
        FROM EESZT_OUT_INTERACTIVE o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.document_type
        LEFT JOIN EESZT_DOCUMENT_TYPE k ON k.document_type = t.withdrawal_type
       WHERE o.item_id = p_item_id AND (t.kind IN ('R', 'W') OR k.kind = 'W')
    ) LOOP
      l_his_user := rec.his_user;
    END LOOP;
    RETURN l_his_user;
  END prescriber_of;

  PROCEDURE insert_item (
    p_document_type IN VARCHAR2, p_source_key IN VARCHAR2, p_order_key IN VARCHAR2, p_priority IN NUMBER,
    p_recorded_by IN VARCHAR2, p_workplace IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB,
    p_replaces IN NUMBER, p_first_recorded_at IN TIMESTAMP, p_new_id OUT NUMBER) IS
  BEGIN
    INSERT INTO EESZT_OUT_INTERACTIVE (document_type, source_key, order_key, priority, recorded_by, workplace, recorded_at,
                          payload, replaces, first_recorded_at)
    VALUES (p_document_type, p_source_key, p_order_key, COALESCE(p_priority, 100), p_recorded_by, p_workplace, p_recorded_at, p_payload,
            p_replaces, p_first_recorded_at)
    RETURNING item_id INTO p_new_id;
  END insert_item;

  PROCEDURE insert_withdrawal (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_now IN TIMESTAMP, p_count OUT NUMBER) IS
  BEGIN
    INSERT INTO EESZT_OUT_INTERACTIVE (document_type, source_key, priority, recorded_by, workplace, recorded_at, payload,
                          withdraws)
    SELECT t.withdrawal_type, o.source_key, o.priority, COALESCE(p_asked_by, o.recorded_by), o.workplace, p_now,
           o.payload, o.item_id
      FROM EESZT_OUT_INTERACTIVE o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.document_type
     WHERE o.item_id = p_item_id AND t.withdrawal_type IS NOT NULL;
    p_count := SQL%ROWCOUNT;
  END insert_withdrawal;

  PROCEDURE inherit_proof (p_item_id IN NUMBER) IS
  BEGIN
    UPDATE EESZT_OUT_INTERACTIVE w
       SET w.recorder_proof = (SELECT o.recorder_proof FROM EESZT_OUT_INTERACTIVE o WHERE o.item_id = w.withdraws)
     WHERE w.item_id = p_item_id AND w.recorder_proof = 'ASSERTED'
       AND EXISTS (SELECT 1 FROM EESZT_OUT_INTERACTIVE o WHERE o.item_id = w.withdraws AND o.recorded_by = w.recorded_by);
  END inherit_proof;

  PROCEDURE note_asker (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_INTERACTIVE SET withdraw_asked_by = COALESCE(withdraw_asked_by, p_asked_by)
     WHERE item_id = p_item_id AND withdraw_asked_at IS NOT NULL;
  END note_asker;

  PROCEDURE hand_on_locked (p_item_id IN NUMBER, p_locked IN CLOB) IS
  BEGIN
    UPDATE EESZT_OUT_INTERACTIVE o
       SET (o.depends_on, o.needs) = (
             SELECT p.item_id,
                    COALESCE(
                      (SELECT 'ACCEPTED' FROM EESZT_DOCUMENT_TYPE t
                        WHERE t.document_type = o.document_type AND t.withdrawal_type = p.document_type),
                      (SELECT t.needs FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = o.document_type),
                      o.needs)
               FROM EESZT_OUT_INTERACTIVE e JOIN EESZT_OUT_INTERACTIVE p ON p.item_id = e.depends_on
              WHERE e.item_id = p_item_id)
     WHERE o.depends_on = p_item_id AND o.state IN ('NEW', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
       AND EXISTS (
             SELECT 1 FROM EESZT_OUT_INTERACTIVE e JOIN EESZT_OUT_INTERACTIVE p ON p.item_id = e.depends_on
              WHERE e.item_id = p_item_id AND e.state IN ('INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
                AND e.sent_at IS NULL
                AND p.state NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
                AND (e.reason_code = 'PREDECESSOR'
                     OR NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = e.document_type)))
       AND o.item_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(p_locked, '$[*]' COLUMNS (id NUMBER PATH '$')) jt);
  END hand_on_locked;

  PROCEDURE purge_bodies (p_items IN CLOB) IS
  BEGIN
    UPDATE EESZT_MESSAGE SET body = NULL, purged_at = SYS_EXTRACT_UTC(SYSTIMESTAMP)
     WHERE body IS NOT NULL
       AND item_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(p_items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt);
  END purge_bodies;

  PROCEDURE fail_successor (
    p_item_id IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_INTERACTIVE
       SET state = 'SKIPPED', state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP),
           ward_answer = CASE ward_answer WHEN 'WAIT' THEN NULL ELSE ward_answer END,
           claim_token = NULL, claim_owner = NULL, lease_until = NULL, next_at = NULL,
           reason_code = 'PREDECESSOR',
           status_text = CASE ward_answer WHEN 'PAPER' THEN 'Az előzménye nem sikerült, ezért nem került felküldésre: a papíralapú forma érvényes.' ELSE 'Az előzménye nem sikerült, ezért nem került felküldésre.' END
     WHERE item_id = p_item_id
       AND (state IN ('NEW', 'WAITING') OR (state = 'PARKED' AND sent_at IS NULL))
    RETURNING withdraws, status_text INTO p_withdraws, p_status_text;
    p_count := SQL%ROWCOUNT;
  END fail_successor;

  PROCEDURE withdrawal_failed (p_item_id IN NUMBER, p_why IN VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_INTERACTIVE
       SET compensation = 'FAILED',
           -- cut before it is put together: more than 4000 bytes would be ORA-01489
           status_text = CASE WHEN p_why IS NULL THEN 'A visszavonás nem sikerült: azonnali intézkedés szükséges.'
                                WHEN LENGTH('A visszavonás nem sikerült: azonnali intézkedés szükséges.') + 1 + LENGTH(p_why) > 1000
                                THEN 'A visszavonás nem sikerült: azonnali intézkedés szükséges.' || ' ' || SUBSTR(p_why, 1, 998 - LENGTH('A visszavonás nem sikerült: azonnali intézkedés szükséges.')) || '…'
                                ELSE 'A visszavonás nem sikerült: azonnali intézkedés szükséges.' || ' ' || p_why END
     WHERE item_id = p_item_id AND compensation = 'DUE';
  END withdrawal_failed;

  PROCEDURE withdraw_unsent (
    p_item_id IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_INTERACTIVE
       SET state = 'CANCELLED', state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), withdraw_asked_at = SYS_EXTRACT_UTC(SYSTIMESTAMP),
           ward_answer = CASE ward_answer WHEN 'WAIT' THEN 'PAPER' ELSE ward_answer END,
           claim_token = NULL, claim_owner = NULL, lease_until = NULL, next_at = NULL,
           reason_code = 'WITHDRAWN', status_text = 'Visszavonva a felküldés előtt.'
     WHERE item_id = p_item_id AND withdraw_asked_at IS NULL
       AND (state IN ('NEW', 'WAITING', 'CLAIMED') OR (state = 'PARKED' AND sent_at IS NULL))
    RETURNING withdraws, status_text INTO p_withdraws, p_status_text;
    p_count := SQL%ROWCOUNT;
  END withdraw_unsent;

  PROCEDURE withdraw_sent (p_item_id IN NUMBER, p_count OUT NUMBER) IS
  BEGIN
    UPDATE EESZT_OUT_INTERACTIVE
       SET withdraw_asked_at = COALESCE(withdraw_asked_at, SYS_EXTRACT_UTC(SYSTIMESTAMP)),
           compensation = CASE WHEN state = 'ACCEPTED' AND COALESCE(compensation, 'FAILED') = 'FAILED' THEN 'DUE'
                                 ELSE compensation END
     WHERE item_id = p_item_id
       AND (withdraw_asked_at IS NULL OR (state = 'ACCEPTED' AND compensation = 'FAILED'));
    p_count := SQL%ROWCOUNT;
  END withdraw_sent;

  PROCEDURE verdict_unsent (
    p_item_id IN NUMBER, p_alive IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_INTERACTIVE
       SET state = 'MISSED', state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), ward_answer = 'PAPER',
           claim_token = NULL, claim_owner = NULL, lease_until = NULL, next_at = NULL,
           reason_code = CASE WHEN answer_by > SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 'NO_RUNNER' ELSE 'WARD_TIMEOUT' END,
           status_text = CASE WHEN answer_by > SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 'Az EESZT-kapcsolat nem működik: a papíralapú forma érvényes.' ELSE 'Az EESZT nem válaszolt időben: a papíralapú forma érvényes.' END
     WHERE item_id = p_item_id AND state IN ('NEW', 'WAITING', 'CLAIMED') AND ward_answer = 'WAIT'
       AND (answer_by <= SYS_EXTRACT_UTC(SYSTIMESTAMP) OR (p_alive = 0 AND answer_by IS NOT NULL))
    RETURNING withdraws, status_text INTO p_withdraws, p_status_text;
    p_count := SQL%ROWCOUNT;
  END verdict_unsent;

  PROCEDURE verdict_sent (p_item_id IN NUMBER, p_alive IN NUMBER) IS
  BEGIN
    UPDATE EESZT_OUT_INTERACTIVE
       SET ward_answer = 'PAPER',
           status_text = CASE WHEN state IN ('SENDING', 'UNKNOWN', 'PARKED') THEN 'Az EESZT nem válaszolt időben: a papíralapú forma érvényes; az elektronikust a rendszer visszavonja, ha létrejött.'
                                ELSE status_text END
     WHERE item_id = p_item_id AND state NOT IN ('NEW', 'WAITING', 'CLAIMED') AND ward_answer = 'WAIT'
       AND (answer_by <= SYS_EXTRACT_UTC(SYSTIMESTAMP) OR (p_alive = 0 AND answer_by IS NOT NULL));
  END verdict_sent;

  -- Locks

  -- The row for this transaction; refuses after five seconds, so that no client hangs.
  PROCEDURE lock_item (p_item_id IN NUMBER, p_state OUT VARCHAR2, p_compensation OUT VARCHAR2) IS
    e_busy EXCEPTION;
    PRAGMA EXCEPTION_INIT (e_busy, -30006);
  BEGIN
    FOR rec IN (
      SELECT o.state AS state, o.compensation AS compensation
        FROM EESZT_OUT_INTERACTIVE o
       WHERE o.item_id = p_item_id
         FOR UPDATE OF o.state WAIT 5
    ) LOOP
      p_state := rec.state;
      p_compensation := rec.compensation;
    END LOOP;
  EXCEPTION
    WHEN e_busy THEN
      RAISE_APPLICATION_ERROR(-20704, 'A tételen éppen más dolgozik: próbálja újra.' || ' (' || p_item_id || ')');
  END lock_item;

  -- 1: the row is this transaction's now; 0: another session holds it.
  FUNCTION lock_item_now (p_item_id IN NUMBER) RETURN NUMBER IS
    l_locked NUMBER := 0;
  BEGIN
    FOR rec IN (
      SELECT o.item_id AS item_id FROM EESZT_OUT_INTERACTIVE o WHERE o.item_id = p_item_id FOR UPDATE OF o.state SKIP LOCKED
    ) LOOP
      l_locked := 1;
    END LOOP;
    RETURN l_locked;
  END lock_item_now;

  FUNCTION found_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) RETURN NUMBER IS
    l_found NUMBER := 0;
    e_busy  EXCEPTION;
    PRAGMA EXCEPTION_INIT (e_busy, -30006);
  BEGIN
    FOR rec IN (
      SELECT h.source_key AS source_key
        FROM EESZT_RECORD_HEAD h
       WHERE h.source_key = p_source_key
         AND h.document_type = COALESCE((SELECT t.withdrawal_type FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = p_document_type),
                                        p_document_type)
         FOR UPDATE WAIT 5
    ) LOOP
      l_found := 1;
    END LOOP;
    RETURN l_found;
  EXCEPTION
    WHEN e_busy THEN
      RAISE_APPLICATION_ERROR(-20705, 'Ugyanezt az adatot most egy másik munkamenet írja: próbálja újra.');
  END found_record;

  -- Nobody else writes the record until this transaction ends.
  PROCEDURE lock_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) IS
    l_found NUMBER;
  BEGIN
    IF p_document_type IS NULL OR p_source_key IS NULL THEN
      RETURN;
    END IF;
    l_found := found_record(p_document_type, p_source_key);
    IF l_found = 0 THEN
      EESZT_ADD_RECORD(p_document_type, p_source_key);
      l_found := found_record(p_document_type, p_source_key);
    END IF;
  END lock_record;

  -- What follows from an end in the same transaction; runner/store/work.py says the same. What another session holds is
  -- left to the daemon's sweep.

  PROCEDURE note_withdrawal (p_original IN NUMBER, p_why IN VARCHAR2) IS
    l_locked NUMBER;
  BEGIN
    l_locked := lock_item_now(p_original);
    IF l_locked = 1 THEN
      withdrawal_failed(p_original, p_why);
    END IF;
  END note_withdrawal;

  -- p_ended: the numbers of all that has ended, with commas.
  PROCEDURE fail_successors (p_item_id IN NUMBER, p_ended IN OUT CLOB) IS
    l_locked      NUMBER;
    l_count       NUMBER;
    l_withdraws   NUMBER;
    l_status_text VARCHAR2(1000 CHAR);
  BEGIN
    FOR successor IN (
      SELECT o.item_id AS item_id
        FROM EESZT_OUT_INTERACTIVE o
       WHERE o.depends_on = p_item_id AND o.needs = 'ACCEPTED' AND o.state IN ('NEW', 'WAITING', 'PARKED')
    ) LOOP
      l_count := 0;
      l_locked := lock_item_now(successor.item_id);
      IF l_locked = 1 THEN
        fail_successor(successor.item_id, l_count, l_withdraws, l_status_text);
      END IF;
      IF l_count = 1 THEN
        p_ended := p_ended || ',' || TO_CHAR(successor.item_id);
        IF l_withdraws IS NULL THEN
          fail_successors(successor.item_id, p_ended);
        ELSE  -- there was nothing to withdraw: what follows may go
          note_withdrawal(l_withdraws, l_status_text);
        END IF;
      END IF;
    END LOOP;
  END fail_successors;

  -- What another session holds is left out; the claim holds it back until it has been handed on.
  PROCEDURE hand_on (p_item_id IN NUMBER) IS
    p_items  CLOB;
    l_locked CLOB;
  BEGIN
    p_items := '[' || TO_CHAR(p_item_id) || ']';
    FOR waiting IN (
      SELECT o.item_id AS item_id
        FROM EESZT_OUT_INTERACTIVE o
       WHERE o.depends_on IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(p_items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)
         AND o.state IN ('NEW', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
         FOR UPDATE OF o.state SKIP LOCKED
    ) LOOP
      l_locked := l_locked || CASE WHEN l_locked IS NULL THEN '[' ELSE ',' END || TO_CHAR(waiting.item_id);
    END LOOP;
    IF l_locked IS NOT NULL THEN
      hand_on_locked(p_item_id, l_locked || ']');
    END IF;
  END hand_on;

  PROCEDURE follow_end (p_item_id IN NUMBER, p_withdraws IN NUMBER, p_status_text IN VARCHAR2) IS
    l_ended CLOB;
  BEGIN
    IF p_withdraws IS NOT NULL THEN
      note_withdrawal(p_withdraws, p_status_text);
    END IF;
    l_ended := TO_CHAR(p_item_id);
    fail_successors(p_item_id, l_ended);
    FOR ended IN (
      SELECT jt.id AS item_id FROM JSON_TABLE('[' || l_ended || ']', '$[*]' COLUMNS (id NUMBER PATH '$')) jt ORDER BY jt.id
    ) LOOP
      hand_on(ended.item_id);
    END LOOP;
    purge_bodies('[' || l_ended || ']');
  END follow_end;

  PROCEDURE queue_withdrawal (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) IS
    l_found NUMBER;
    l_count NUMBER;
  BEGIN
    l_found := has_withdrawal(p_item_id);
    IF l_found = 1 THEN
      RETURN;
    END IF;
    insert_withdrawal(p_item_id, p_asked_by, SYS_EXTRACT_UTC(SYSTIMESTAMP), l_count);
    IF l_count = 0 THEN  -- its document type has none
      note_withdrawal(p_item_id, NULL);
      RETURN;
    END IF;
    FOR withdrawal IN (
      SELECT w.item_id AS item_id, w.state AS state, w.status_text AS status_text
        FROM EESZT_OUT_INTERACTIVE w
       WHERE w.item_id = (SELECT MAX(x.item_id) FROM EESZT_OUT_INTERACTIVE x WHERE x.withdraws = p_item_id)
    ) LOOP
      inherit_proof(withdrawal.item_id);
      IF withdrawal.state <> 'NEW' THEN  -- it ended as it was written
        note_withdrawal(p_item_id, withdrawal.status_text);
      END IF;
    END LOOP;
  END queue_withdrawal;

  -- Verbs

  FUNCTION submit (
    p_document_type IN VARCHAR2, p_source_key IN VARCHAR2, p_order_key IN VARCHAR2, p_priority IN NUMBER,
    p_recorded_by IN VARCHAR2, p_workplace IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB,
    p_replaces IN NUMBER, p_first_recorded_at IN TIMESTAMP) RETURN NUMBER IS
    l_item NUMBER;
  BEGIN
    lock_record(p_document_type, p_source_key);
    l_item := same_record(p_document_type, p_source_key);
    IF l_item IS NULL THEN
      insert_item(p_document_type, p_source_key, p_order_key, p_priority, p_recorded_by, p_workplace, p_recorded_at,
                  p_payload, p_replaces, p_first_recorded_at, l_item);
    END IF;
    RETURN l_item;
  END submit;

  FUNCTION withdraw (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) RETURN VARCHAR2 IS
    l_state        VARCHAR2(20 CHAR);
    l_compensation VARCHAR2(20 CHAR);
    l_withdraws    NUMBER;
    l_status_text  VARCHAR2(1000 CHAR);
    l_count        NUMBER;
  BEGIN
    lock_item(p_item_id, l_state, l_compensation);
    withdraw_unsent(p_item_id, l_count, l_withdraws, l_status_text);
    IF l_count = 1 THEN
      follow_end(p_item_id, l_withdraws, l_status_text);
      l_state := 'CANCELLED';
    ELSE
      withdraw_sent(p_item_id, l_count);
      IF l_count = 1 AND (l_state IN ('SENDING', 'UNKNOWN', 'PARKED')
                          OR (l_state = 'ACCEPTED' AND COALESCE(l_compensation, 'FAILED') = 'FAILED')) THEN
        queue_withdrawal(p_item_id, p_asked_by);
      END IF;
    END IF;
    note_asker(p_item_id, p_asked_by);
    RETURN l_state;
  END withdraw;

  FUNCTION retry (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_state        VARCHAR2(20 CHAR);
    l_compensation VARCHAR2(20 CHAR);
  BEGIN
    lock_item(p_item_id, l_state, l_compensation);
    IF l_state = 'WAITING' THEN
      UPDATE EESZT_OUT_INTERACTIVE SET next_at = SYS_EXTRACT_UTC(SYSTIMESTAMP) WHERE item_id = p_item_id AND state = 'WAITING';
    ELSIF l_state = 'PARKED' THEN
      UPDATE EESZT_OUT_INTERACTIVE
         SET state = CASE WHEN sent_at IS NULL THEN 'NEW' ELSE 'UNKNOWN' END, state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), next_at = SYS_EXTRACT_UTC(SYSTIMESTAMP),
             reason_code = NULL, status_text = NULL, rescue_count = 0, probe_count = 0
       WHERE item_id = p_item_id AND state = 'PARKED';
    END IF;
    l_state := state_of(p_item_id);
    RETURN l_state;
  END retry;

  PROCEDURE look (p_item_id IN NUMBER, p_told OUT VARCHAR2, p_is_due OUT NUMBER) IS
    p_alive NUMBER;
  BEGIN
    p_alive := is_alive;
    p_is_due := 0;
    FOR rec IN (
      SELECT CASE WHEN o.ward_answer = 'PRINT' AND (o.withdraw_asked_at IS NOT NULL OR o.compensation IS NOT NULL) THEN NULL
                  ELSE o.ward_answer END AS told,
             CASE WHEN o.ward_answer = 'WAIT' AND (o.answer_by <= SYS_EXTRACT_UTC(SYSTIMESTAMP) OR (p_alive = 0 AND o.answer_by IS NOT NULL))
                  THEN 1 ELSE 0 END AS is_due
        FROM EESZT_OUT_INTERACTIVE o
       WHERE o.item_id = p_item_id
    ) LOOP
      p_told := rec.told;
      p_is_due := rec.is_due;
    END LOOP;
  END look;

  FUNCTION verdict (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    PRAGMA AUTONOMOUS_TRANSACTION;
    l_alive       NUMBER;
    l_locked      NUMBER;
    l_count       NUMBER;
    l_withdraws   NUMBER;
    l_status_text VARCHAR2(1000 CHAR);
    l_told        VARCHAR2(20 CHAR);
    l_is_due      NUMBER;
  BEGIN
    l_locked := lock_item_now(p_item_id);
    IF l_locked = 0 THEN
      ROLLBACK;
      RETURN 'WAIT';
    END IF;
    l_alive := is_alive;
    verdict_unsent(p_item_id, l_alive, l_count, l_withdraws, l_status_text);
    IF l_count = 1 THEN
      follow_end(p_item_id, l_withdraws, l_status_text);
    ELSE
      verdict_sent(p_item_id, l_alive);
    END IF;
    look(p_item_id, l_told, l_is_due);
    COMMIT;
    RETURN l_told;
  END verdict;

  PROCEDURE resubmit (
    p_item_id IN NUMBER, p_recorded_by IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB, p_new_id OUT NUMBER,
    p_refusal OUT NUMBER, p_state OUT VARCHAR2) IS
  BEGIN
    p_refusal := 0;
    FOR rec IN (
      SELECT o.document_type AS document_type, o.source_key AS source_key, o.order_key AS order_key,
             o.priority AS priority, o.recorded_by AS recorded_by, o.workplace AS workplace, o.payload AS payload,
             o.state AS state, o.answer_by AS answer_by,
             COALESCE(o.first_recorded_at, o.recorded_at) AS first_recorded_at
        FROM EESZT_OUT_INTERACTIVE o
       WHERE o.item_id = p_item_id
    ) LOOP
      p_state := rec.state;
      IF rec.state NOT IN ('REJECTED', 'INVALID') THEN
        p_refusal := -20706;
      ELSIF rec.answer_by IS NOT NULL THEN
        p_refusal := -20707;
      ELSE
        p_new_id := submit(rec.document_type, rec.source_key, rec.order_key, rec.priority,
                           COALESCE(p_recorded_by, rec.recorded_by), rec.workplace, p_recorded_at,
                           COALESCE(p_payload, rec.payload), p_item_id, rec.first_recorded_at);
      END IF;
    END LOOP;
  END resubmit;

  FUNCTION replace_item (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_payload IN CLOB, p_source_key IN VARCHAR2, p_workplace IN VARCHAR2,
    p_recorded_at IN TIMESTAMP) RETURN NUMBER IS
    l_state VARCHAR2(20 CHAR);
    l_new   NUMBER;
  BEGIN
    FOR rec IN (
      SELECT o.document_type AS document_type, o.source_key AS source_key, o.order_key AS order_key,
             o.priority AS priority, o.recorded_by AS recorded_by, o.workplace AS workplace, o.payload AS payload,
             o.state AS state, o.answer_by AS answer_by,
             COALESCE(o.first_recorded_at, o.recorded_at) AS first_recorded_at
        FROM EESZT_OUT_INTERACTIVE o
       WHERE o.item_id = p_item_id
    ) LOOP
      -- record, key, row: in the order of an insert
      lock_record(rec.document_type, COALESCE(p_source_key, rec.source_key));
      IF rec.order_key IS NOT NULL THEN
        EESZT_LOCK_ORDER('interactive', rec.order_key);
      END IF;
      l_state := withdraw(p_item_id, p_asked_by);
      l_new := submit(rec.document_type, COALESCE(p_source_key, rec.source_key), rec.order_key, rec.priority,
                      COALESCE(p_asked_by, rec.recorded_by), COALESCE(p_workplace, rec.workplace), p_recorded_at,
                      p_payload, p_item_id, NULL);
    END LOOP;
    RETURN l_new;
  END replace_item;

END EESZT_OUT_INTERACTIVE_API;
/

CREATE OR REPLACE PACKAGE BODY EESZT_OUT_QUERY_API AS

  -- Statements

  FUNCTION is_alive RETURN NUMBER IS
    l_daemons NUMBER := 0;
  BEGIN
    FOR rec IN (
      SELECT COUNT(*) AS daemons FROM EESZT_RUNNER WHERE lane = 'query' AND beat_at >= SYS_EXTRACT_UTC(SYSTIMESTAMP) - INTERVAL '5' SECOND
    ) LOOP
      l_daemons := rec.daemons;
    END LOOP;
    RETURN LEAST(l_daemons, 1);
  END is_alive;

  FUNCTION same_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) RETURN NUMBER IS
    l_item NUMBER;
  BEGIN
    FOR rec IN (
      SELECT MAX(p.item_id) AS item_id
        FROM EESZT_V_ITEM p JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = p.document_type
       WHERE p.document_type = p_document_type AND p.source_key = p_source_key
         AND p.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
         AND NOT (p.state = 'ACCEPTED' AND t.kind IN ('Q', 'L'))
         AND NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE o WHERE o.withdrawal_type = p.document_type)
         AND COALESCE(p.compensation, CASE WHEN p.withdraw_asked_at IS NULL THEN 'FAILED' ELSE 'DUE' END) = 'FAILED'
    ) LOOP
      l_item := rec.item_id;
    END LOOP;
    RETURN l_item;
  END same_record;

  FUNCTION has_withdrawal (p_item_id IN NUMBER) RETURN NUMBER IS
    l_found NUMBER := 0;
  BEGIN
    FOR rec IN (
      SELECT w.item_id AS item_id
        FROM EESZT_OUT_QUERY w
       WHERE w.withdraws = p_item_id
         AND w.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
    ) LOOP
      l_found := 1;
    END LOOP;
    RETURN l_found;
  END has_withdrawal;

  FUNCTION state_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_state VARCHAR2(20 CHAR);
  BEGIN
    FOR rec IN (
      SELECT o.state AS state, o.order_key AS order_key FROM EESZT_OUT_QUERY o WHERE o.item_id = p_item_id
    ) LOOP
      l_state := rec.state;
    END LOOP;
    RETURN l_state;
  END state_of;

  FUNCTION prescriber_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_his_user VARCHAR2(100 CHAR);
  BEGIN
    FOR rec IN (
      SELECT o.recorded_by AS his_user
        FROM EESZT_OUT_QUERY o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.document_type
        LEFT JOIN EESZT_DOCUMENT_TYPE k ON k.document_type = t.withdrawal_type
       WHERE o.item_id = p_item_id AND (t.kind IN ('R', 'W') OR k.kind = 'W')
    ) LOOP
      l_his_user := rec.his_user;
    END LOOP;
    RETURN l_his_user;
  END prescriber_of;

  PROCEDURE insert_item (
    p_document_type IN VARCHAR2, p_source_key IN VARCHAR2, p_order_key IN VARCHAR2, p_priority IN NUMBER,
    p_recorded_by IN VARCHAR2, p_workplace IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB,
    p_replaces IN NUMBER, p_first_recorded_at IN TIMESTAMP, p_new_id OUT NUMBER) IS
  BEGIN
    INSERT INTO EESZT_OUT_QUERY (document_type, source_key, order_key, priority, recorded_by, workplace, recorded_at,
                          payload, replaces, first_recorded_at)
    VALUES (p_document_type, p_source_key, p_order_key, COALESCE(p_priority, 100), p_recorded_by, p_workplace, p_recorded_at, p_payload,
            p_replaces, p_first_recorded_at)
    RETURNING item_id INTO p_new_id;
  END insert_item;

  PROCEDURE insert_withdrawal (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_now IN TIMESTAMP, p_count OUT NUMBER) IS
  BEGIN
    INSERT INTO EESZT_OUT_QUERY (document_type, source_key, priority, recorded_by, workplace, recorded_at, payload,
                          withdraws)
    SELECT t.withdrawal_type, o.source_key, o.priority, COALESCE(p_asked_by, o.recorded_by), o.workplace, p_now,
           o.payload, o.item_id
      FROM EESZT_OUT_QUERY o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.document_type
     WHERE o.item_id = p_item_id AND t.withdrawal_type IS NOT NULL;
    p_count := SQL%ROWCOUNT;
  END insert_withdrawal;

  PROCEDURE inherit_proof (p_item_id IN NUMBER) IS
  BEGIN
    UPDATE EESZT_OUT_QUERY w
       SET w.recorder_proof = (SELECT o.recorder_proof FROM EESZT_OUT_QUERY o WHERE o.item_id = w.withdraws)
     WHERE w.item_id = p_item_id AND w.recorder_proof = 'ASSERTED'
       AND EXISTS (SELECT 1 FROM EESZT_OUT_QUERY o WHERE o.item_id = w.withdraws AND o.recorded_by = w.recorded_by);
  END inherit_proof;

  PROCEDURE note_asker (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_QUERY SET withdraw_asked_by = COALESCE(withdraw_asked_by, p_asked_by)
     WHERE item_id = p_item_id AND withdraw_asked_at IS NOT NULL;
  END note_asker;

  PROCEDURE hand_on_locked (p_item_id IN NUMBER, p_locked IN CLOB) IS
  BEGIN
    UPDATE EESZT_OUT_QUERY o
       SET (o.depends_on, o.needs) = (
             SELECT p.item_id,
                    COALESCE(
                      (SELECT 'ACCEPTED' FROM EESZT_DOCUMENT_TYPE t
                        WHERE t.document_type = o.document_type AND t.withdrawal_type = p.document_type),
                      (SELECT t.needs FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = o.document_type),
                      o.needs)
               FROM EESZT_OUT_QUERY e JOIN EESZT_OUT_QUERY p ON p.item_id = e.depends_on
              WHERE e.item_id = p_item_id)
     WHERE o.depends_on = p_item_id AND o.state IN ('NEW', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
       AND EXISTS (
             SELECT 1 FROM EESZT_OUT_QUERY e JOIN EESZT_OUT_QUERY p ON p.item_id = e.depends_on
              WHERE e.item_id = p_item_id AND e.state IN ('INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
                AND e.sent_at IS NULL
                AND p.state NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
                AND (e.reason_code = 'PREDECESSOR'
                     OR NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = e.document_type)))
       AND o.item_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(p_locked, '$[*]' COLUMNS (id NUMBER PATH '$')) jt);
  END hand_on_locked;

  PROCEDURE purge_bodies (p_items IN CLOB) IS
  BEGIN
    UPDATE EESZT_MESSAGE SET body = NULL, purged_at = SYS_EXTRACT_UTC(SYSTIMESTAMP)
     WHERE body IS NOT NULL
       AND item_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(p_items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt);
  END purge_bodies;

  PROCEDURE fail_successor (
    p_item_id IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_QUERY
       SET state = 'SKIPPED', state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP),
           ward_answer = CASE ward_answer WHEN 'WAIT' THEN NULL ELSE ward_answer END,
           claim_token = NULL, claim_owner = NULL, lease_until = NULL, next_at = NULL,
           reason_code = 'PREDECESSOR',
           status_text = CASE ward_answer WHEN 'PAPER' THEN 'Az előzménye nem sikerült, ezért nem került felküldésre: a papíralapú forma érvényes.' ELSE 'Az előzménye nem sikerült, ezért nem került felküldésre.' END
     WHERE item_id = p_item_id
       AND (state IN ('NEW', 'WAITING') OR (state = 'PARKED' AND sent_at IS NULL))
    RETURNING withdraws, status_text INTO p_withdraws, p_status_text;
    p_count := SQL%ROWCOUNT;
  END fail_successor;

  PROCEDURE withdrawal_failed (p_item_id IN NUMBER, p_why IN VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_QUERY
       SET compensation = 'FAILED',
           -- cut before it is put together: more than 4000 bytes would be ORA-01489
           status_text = CASE WHEN p_why IS NULL THEN 'A visszavonás nem sikerült: azonnali intézkedés szükséges.'
                                WHEN LENGTH('A visszavonás nem sikerült: azonnali intézkedés szükséges.') + 1 + LENGTH(p_why) > 1000
                                THEN 'A visszavonás nem sikerült: azonnali intézkedés szükséges.' || ' ' || SUBSTR(p_why, 1, 998 - LENGTH('A visszavonás nem sikerült: azonnali intézkedés szükséges.')) || '…'
                                ELSE 'A visszavonás nem sikerült: azonnali intézkedés szükséges.' || ' ' || p_why END
     WHERE item_id = p_item_id AND compensation = 'DUE';
  END withdrawal_failed;

  PROCEDURE withdraw_unsent (
    p_item_id IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_QUERY
       SET state = 'CANCELLED', state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), withdraw_asked_at = SYS_EXTRACT_UTC(SYSTIMESTAMP),
           ward_answer = CASE ward_answer WHEN 'WAIT' THEN 'PAPER' ELSE ward_answer END,
           claim_token = NULL, claim_owner = NULL, lease_until = NULL, next_at = NULL,
           reason_code = 'WITHDRAWN', status_text = 'Visszavonva a felküldés előtt.'
     WHERE item_id = p_item_id AND withdraw_asked_at IS NULL
       AND (state IN ('NEW', 'WAITING', 'CLAIMED') OR (state = 'PARKED' AND sent_at IS NULL))
    RETURNING withdraws, status_text INTO p_withdraws, p_status_text;
    p_count := SQL%ROWCOUNT;
  END withdraw_unsent;

  PROCEDURE withdraw_sent (p_item_id IN NUMBER, p_count OUT NUMBER) IS
  BEGIN
    UPDATE EESZT_OUT_QUERY
       SET withdraw_asked_at = COALESCE(withdraw_asked_at, SYS_EXTRACT_UTC(SYSTIMESTAMP)),
           compensation = CASE WHEN state = 'ACCEPTED' AND COALESCE(compensation, 'FAILED') = 'FAILED' THEN 'DUE'
                                 ELSE compensation END
     WHERE item_id = p_item_id
       AND (withdraw_asked_at IS NULL OR (state = 'ACCEPTED' AND compensation = 'FAILED'));
    p_count := SQL%ROWCOUNT;
  END withdraw_sent;

  PROCEDURE verdict_unsent (
    p_item_id IN NUMBER, p_alive IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_QUERY
       SET state = 'MISSED', state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), ward_answer = 'PAPER',
           claim_token = NULL, claim_owner = NULL, lease_until = NULL, next_at = NULL,
           reason_code = CASE WHEN answer_by > SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 'NO_RUNNER' ELSE 'WARD_TIMEOUT' END,
           status_text = CASE WHEN answer_by > SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 'Az EESZT-kapcsolat nem működik: a papíralapú forma érvényes.' ELSE 'Az EESZT nem válaszolt időben: a papíralapú forma érvényes.' END
     WHERE item_id = p_item_id AND state IN ('NEW', 'WAITING', 'CLAIMED') AND ward_answer = 'WAIT'
       AND (answer_by <= SYS_EXTRACT_UTC(SYSTIMESTAMP) OR (p_alive = 0 AND answer_by IS NOT NULL))
    RETURNING withdraws, status_text INTO p_withdraws, p_status_text;
    p_count := SQL%ROWCOUNT;
  END verdict_unsent;

  PROCEDURE verdict_sent (p_item_id IN NUMBER, p_alive IN NUMBER) IS
  BEGIN
    UPDATE EESZT_OUT_QUERY
       SET ward_answer = 'PAPER',
           status_text = CASE WHEN state IN ('SENDING', 'UNKNOWN', 'PARKED') THEN 'Az EESZT nem válaszolt időben: a papíralapú forma érvényes; az elektronikust a rendszer visszavonja, ha létrejött.'
                                ELSE status_text END
     WHERE item_id = p_item_id AND state NOT IN ('NEW', 'WAITING', 'CLAIMED') AND ward_answer = 'WAIT'
       AND (answer_by <= SYS_EXTRACT_UTC(SYSTIMESTAMP) OR (p_alive = 0 AND answer_by IS NOT NULL));
  END verdict_sent;

  -- Locks

  -- The row for this transaction; refuses after five seconds, so that no client hangs.
  PROCEDURE lock_item (p_item_id IN NUMBER, p_state OUT VARCHAR2, p_compensation OUT VARCHAR2) IS
    e_busy EXCEPTION;
    PRAGMA EXCEPTION_INIT (e_busy, -30006);
  BEGIN
    FOR rec IN (
      SELECT o.state AS state, o.compensation AS compensation
        FROM EESZT_OUT_QUERY o
       WHERE o.item_id = p_item_id
         FOR UPDATE OF o.state WAIT 5
    ) LOOP
      p_state := rec.state;
      p_compensation := rec.compensation;
    END LOOP;
  EXCEPTION
    WHEN e_busy THEN
      RAISE_APPLICATION_ERROR(-20704, 'A tételen éppen más dolgozik: próbálja újra.' || ' (' || p_item_id || ')');
  END lock_item;

  -- 1: the row is this transaction's now; 0: another session holds it.
  FUNCTION lock_item_now (p_item_id IN NUMBER) RETURN NUMBER IS
    l_locked NUMBER := 0;
  BEGIN
    FOR rec IN (
      SELECT o.item_id AS item_id FROM EESZT_OUT_QUERY o WHERE o.item_id = p_item_id FOR UPDATE OF o.state SKIP LOCKED
    ) LOOP
      l_locked := 1;
    END LOOP;
    RETURN l_locked;
  END lock_item_now;

  FUNCTION found_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) RETURN NUMBER IS
    l_found NUMBER := 0;
    e_busy  EXCEPTION;
    PRAGMA EXCEPTION_INIT (e_busy, -30006);
  BEGIN
    FOR rec IN (
      SELECT h.source_key AS source_key
        FROM EESZT_RECORD_HEAD h
       WHERE h.source_key = p_source_key
         AND h.document_type = COALESCE((SELECT t.withdrawal_type FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = p_document_type),
                                        p_document_type)
         FOR UPDATE WAIT 5
    ) LOOP
      l_found := 1;
    END LOOP;
    RETURN l_found;
  EXCEPTION
    WHEN e_busy THEN
      RAISE_APPLICATION_ERROR(-20705, 'Ugyanezt az adatot most egy másik munkamenet írja: próbálja újra.');
  END found_record;

  -- Nobody else writes the record until this transaction ends.
  PROCEDURE lock_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) IS
    l_found NUMBER;
  BEGIN
    IF p_document_type IS NULL OR p_source_key IS NULL THEN
      RETURN;
    END IF;
    l_found := found_record(p_document_type, p_source_key);
    IF l_found = 0 THEN
      EESZT_ADD_RECORD(p_document_type, p_source_key);
      l_found := found_record(p_document_type, p_source_key);
    END IF;
  END lock_record;

  -- What follows from an end in the same transaction; runner/store/work.py says the same. What another session holds is
  -- left to the daemon's sweep.

  PROCEDURE note_withdrawal (p_original IN NUMBER, p_why IN VARCHAR2) IS
    l_locked NUMBER;
  BEGIN
    l_locked := lock_item_now(p_original);
    IF l_locked = 1 THEN
      withdrawal_failed(p_original, p_why);
    END IF;
  END note_withdrawal;

  -- p_ended: the numbers of all that has ended, with commas.
  PROCEDURE fail_successors (p_item_id IN NUMBER, p_ended IN OUT CLOB) IS
    l_locked      NUMBER;
    l_count       NUMBER;
    l_withdraws   NUMBER;
    l_status_text VARCHAR2(1000 CHAR);
  BEGIN
    FOR successor IN (
      SELECT o.item_id AS item_id
        FROM EESZT_OUT_QUERY o
       WHERE o.depends_on = p_item_id AND o.needs = 'ACCEPTED' AND o.state IN ('NEW', 'WAITING', 'PARKED')
    ) LOOP
      l_count := 0;
      l_locked := lock_item_now(successor.item_id);
      IF l_locked = 1 THEN
        fail_successor(successor.item_id, l_count, l_withdraws, l_status_text);
      END IF;
      IF l_count = 1 THEN
        p_ended := p_ended || ',' || TO_CHAR(successor.item_id);
        IF l_withdraws IS NULL THEN
          fail_successors(successor.item_id, p_ended);
        ELSE  -- there was nothing to withdraw: what follows may go
          note_withdrawal(l_withdraws, l_status_text);
        END IF;
      END IF;
    END LOOP;
  END fail_successors;

  -- What another session holds is left out; the claim holds it back until it has been handed on.
  PROCEDURE hand_on (p_item_id IN NUMBER) IS
    p_items  CLOB;
    l_locked CLOB;
  BEGIN
    p_items := '[' || TO_CHAR(p_item_id) || ']';
    FOR waiting IN (
      SELECT o.item_id AS item_id
        FROM EESZT_OUT_QUERY o
       WHERE o.depends_on IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(p_items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)
         AND o.state IN ('NEW', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
         FOR UPDATE OF o.state SKIP LOCKED
    ) LOOP
      l_locked := l_locked || CASE WHEN l_locked IS NULL THEN '[' ELSE ',' END || TO_CHAR(waiting.item_id);
    END LOOP;
    IF l_locked IS NOT NULL THEN
      hand_on_locked(p_item_id, l_locked || ']');
    END IF;
  END hand_on;

  PROCEDURE follow_end (p_item_id IN NUMBER, p_withdraws IN NUMBER, p_status_text IN VARCHAR2) IS
    l_ended CLOB;
  BEGIN
    IF p_withdraws IS NOT NULL THEN
      note_withdrawal(p_withdraws, p_status_text);
    END IF;
    l_ended := TO_CHAR(p_item_id);
    fail_successors(p_item_id, l_ended);
    FOR ended IN (
      SELECT jt.id AS item_id FROM JSON_TABLE('[' || l_ended || ']', '$[*]' COLUMNS (id NUMBER PATH '$')) jt ORDER BY jt.id
    ) LOOP
      hand_on(ended.item_id);
    END LOOP;
    purge_bodies('[' || l_ended || ']');
  END follow_end;

  PROCEDURE queue_withdrawal (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) IS
    l_found NUMBER;
    l_count NUMBER;
  BEGIN
    l_found := has_withdrawal(p_item_id);
    IF l_found = 1 THEN
      RETURN;
    END IF;
    insert_withdrawal(p_item_id, p_asked_by, SYS_EXTRACT_UTC(SYSTIMESTAMP), l_count);
    IF l_count = 0 THEN  -- its document type has none
      note_withdrawal(p_item_id, NULL);
      RETURN;
    END IF;
    FOR withdrawal IN (
      SELECT w.item_id AS item_id, w.state AS state, w.status_text AS status_text
        FROM EESZT_OUT_QUERY w
       WHERE w.item_id = (SELECT MAX(x.item_id) FROM EESZT_OUT_QUERY x WHERE x.withdraws = p_item_id)
    ) LOOP
      inherit_proof(withdrawal.item_id);
      IF withdrawal.state <> 'NEW' THEN  -- it ended as it was written
        note_withdrawal(p_item_id, withdrawal.status_text);
      END IF;
    END LOOP;
  END queue_withdrawal;

  -- Verbs

  FUNCTION submit (
    p_document_type IN VARCHAR2, p_source_key IN VARCHAR2, p_order_key IN VARCHAR2, p_priority IN NUMBER,
    p_recorded_by IN VARCHAR2, p_workplace IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB,
    p_replaces IN NUMBER, p_first_recorded_at IN TIMESTAMP) RETURN NUMBER IS
    l_item NUMBER;
  BEGIN
    lock_record(p_document_type, p_source_key);
    l_item := same_record(p_document_type, p_source_key);
    IF l_item IS NULL THEN
      insert_item(p_document_type, p_source_key, p_order_key, p_priority, p_recorded_by, p_workplace, p_recorded_at,
                  p_payload, p_replaces, p_first_recorded_at, l_item);
    END IF;
    RETURN l_item;
  END submit;

  FUNCTION withdraw (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) RETURN VARCHAR2 IS
    l_state        VARCHAR2(20 CHAR);
    l_compensation VARCHAR2(20 CHAR);
    l_withdraws    NUMBER;
    l_status_text  VARCHAR2(1000 CHAR);
    l_count        NUMBER;
  BEGIN
    lock_item(p_item_id, l_state, l_compensation);
    withdraw_unsent(p_item_id, l_count, l_withdraws, l_status_text);
    IF l_count = 1 THEN
      follow_end(p_item_id, l_withdraws, l_status_text);
      l_state := 'CANCELLED';
    ELSE
      withdraw_sent(p_item_id, l_count);
      IF l_count = 1 AND (l_state IN ('SENDING', 'UNKNOWN', 'PARKED')
                          OR (l_state = 'ACCEPTED' AND COALESCE(l_compensation, 'FAILED') = 'FAILED')) THEN
        queue_withdrawal(p_item_id, p_asked_by);
      END IF;
    END IF;
    note_asker(p_item_id, p_asked_by);
    RETURN l_state;
  END withdraw;

  FUNCTION retry (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_state        VARCHAR2(20 CHAR);
    l_compensation VARCHAR2(20 CHAR);
  BEGIN
    lock_item(p_item_id, l_state, l_compensation);
    IF l_state = 'WAITING' THEN
      UPDATE EESZT_OUT_QUERY SET next_at = SYS_EXTRACT_UTC(SYSTIMESTAMP) WHERE item_id = p_item_id AND state = 'WAITING';
    ELSIF l_state = 'PARKED' THEN
      UPDATE EESZT_OUT_QUERY
         SET state = CASE WHEN sent_at IS NULL THEN 'NEW' ELSE 'UNKNOWN' END, state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), next_at = SYS_EXTRACT_UTC(SYSTIMESTAMP),
             reason_code = NULL, status_text = NULL, rescue_count = 0, probe_count = 0
       WHERE item_id = p_item_id AND state = 'PARKED';
    END IF;
    l_state := state_of(p_item_id);
    RETURN l_state;
  END retry;

  PROCEDURE look (p_item_id IN NUMBER, p_told OUT VARCHAR2, p_is_due OUT NUMBER) IS
    p_alive NUMBER;
  BEGIN
    p_alive := is_alive;
    p_is_due := 0;
    FOR rec IN (
      SELECT CASE WHEN o.ward_answer = 'PRINT' AND (o.withdraw_asked_at IS NOT NULL OR o.compensation IS NOT NULL) THEN NULL
                  ELSE o.ward_answer END AS told,
             CASE WHEN o.ward_answer = 'WAIT' AND (o.answer_by <= SYS_EXTRACT_UTC(SYSTIMESTAMP) OR (p_alive = 0 AND o.answer_by IS NOT NULL))
                  THEN 1 ELSE 0 END AS is_due
        FROM EESZT_OUT_QUERY o
       WHERE o.item_id = p_item_id
    ) LOOP
      p_told := rec.told;
      p_is_due := rec.is_due;
    END LOOP;
  END look;

  FUNCTION verdict (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    PRAGMA AUTONOMOUS_TRANSACTION;
    l_alive       NUMBER;
    l_locked      NUMBER;
    l_count       NUMBER;
    l_withdraws   NUMBER;
    l_status_text VARCHAR2(1000 CHAR);
    l_told        VARCHAR2(20 CHAR);
    l_is_due      NUMBER;
  BEGIN
    l_locked := lock_item_now(p_item_id);
    IF l_locked = 0 THEN
      ROLLBACK;
      RETURN 'WAIT';
    END IF;
    l_alive := is_alive;
    verdict_unsent(p_item_id, l_alive, l_count, l_withdraws, l_status_text);
    IF l_count = 1 THEN
      follow_end(p_item_id, l_withdraws, l_status_text);
    ELSE
      verdict_sent(p_item_id, l_alive);
    END IF;
    look(p_item_id, l_told, l_is_due);
    COMMIT;
    RETURN l_told;
  END verdict;

  PROCEDURE resubmit (
    p_item_id IN NUMBER, p_recorded_by IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB, p_new_id OUT NUMBER,
    p_refusal OUT NUMBER, p_state OUT VARCHAR2) IS
  BEGIN
    p_refusal := 0;
    FOR rec IN (
      SELECT o.document_type AS document_type, o.source_key AS source_key, o.order_key AS order_key,
             o.priority AS priority, o.recorded_by AS recorded_by, o.workplace AS workplace, o.payload AS payload,
             o.state AS state, o.answer_by AS answer_by,
             COALESCE(o.first_recorded_at, o.recorded_at) AS first_recorded_at
        FROM EESZT_OUT_QUERY o
       WHERE o.item_id = p_item_id
    ) LOOP
      p_state := rec.state;
      IF rec.state NOT IN ('REJECTED', 'INVALID') THEN
        p_refusal := -20706;
      ELSIF rec.answer_by IS NOT NULL THEN
        p_refusal := -20707;
      ELSE
        p_new_id := submit(rec.document_type, rec.source_key, rec.order_key, rec.priority,
                           COALESCE(p_recorded_by, rec.recorded_by), rec.workplace, p_recorded_at,
                           COALESCE(p_payload, rec.payload), p_item_id, rec.first_recorded_at);
      END IF;
    END LOOP;
  END resubmit;

  FUNCTION replace_item (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_payload IN CLOB, p_source_key IN VARCHAR2, p_workplace IN VARCHAR2,
    p_recorded_at IN TIMESTAMP) RETURN NUMBER IS
    l_state VARCHAR2(20 CHAR);
    l_new   NUMBER;
  BEGIN
    FOR rec IN (
      SELECT o.document_type AS document_type, o.source_key AS source_key, o.order_key AS order_key,
             o.priority AS priority, o.recorded_by AS recorded_by, o.workplace AS workplace, o.payload AS payload,
             o.state AS state, o.answer_by AS answer_by,
             COALESCE(o.first_recorded_at, o.recorded_at) AS first_recorded_at
        FROM EESZT_OUT_QUERY o
       WHERE o.item_id = p_item_id
    ) LOOP
      -- record, key, row: in the order of an insert
      lock_record(rec.document_type, COALESCE(p_source_key, rec.source_key));
      IF rec.order_key IS NOT NULL THEN
        EESZT_LOCK_ORDER('query', rec.order_key);
      END IF;
      l_state := withdraw(p_item_id, p_asked_by);
      l_new := submit(rec.document_type, COALESCE(p_source_key, rec.source_key), rec.order_key, rec.priority,
                      COALESCE(p_asked_by, rec.recorded_by), COALESCE(p_workplace, rec.workplace), p_recorded_at,
                      p_payload, p_item_id, NULL);
    END LOOP;
    RETURN l_new;
  END replace_item;

END EESZT_OUT_QUERY_API;
/

CREATE OR REPLACE PACKAGE BODY EESZT_OUT_BACKGROUND_API AS

  -- Statements

  FUNCTION is_alive RETURN NUMBER IS
    l_daemons NUMBER := 0;
  BEGIN
    FOR rec IN (
      SELECT COUNT(*) AS daemons FROM EESZT_RUNNER WHERE lane = 'background' AND beat_at >= SYS_EXTRACT_UTC(SYSTIMESTAMP) - INTERVAL '5' SECOND
    ) LOOP
      l_daemons := rec.daemons;
    END LOOP;
    RETURN LEAST(l_daemons, 1);
  END is_alive;

  FUNCTION same_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) RETURN NUMBER IS
    l_item NUMBER;
  BEGIN
    FOR rec IN (
      SELECT MAX(p.item_id) AS item_id
        FROM EESZT_V_ITEM p JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = p.document_type
       WHERE p.document_type = p_document_type AND p.source_key = p_source_key
         AND p.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
         AND NOT (p.state = 'ACCEPTED' AND t.kind IN ('Q', 'L'))
         AND NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE o WHERE o.withdrawal_type = p.document_type)
         AND COALESCE(p.compensation, CASE WHEN p.withdraw_asked_at IS NULL THEN 'FAILED' ELSE 'DUE' END) = 'FAILED'
    ) LOOP
      l_item := rec.item_id;
    END LOOP;
    RETURN l_item;
  END same_record;

  FUNCTION has_withdrawal (p_item_id IN NUMBER) RETURN NUMBER IS
    l_found NUMBER := 0;
  BEGIN
    FOR rec IN (
      SELECT w.item_id AS item_id
        FROM EESZT_OUT_BACKGROUND w
       WHERE w.withdraws = p_item_id
         AND w.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
    ) LOOP
      l_found := 1;
    END LOOP;
    RETURN l_found;
  END has_withdrawal;

  FUNCTION state_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_state VARCHAR2(20 CHAR);
  BEGIN
    FOR rec IN (
      SELECT o.state AS state, o.order_key AS order_key FROM EESZT_OUT_BACKGROUND o WHERE o.item_id = p_item_id
    ) LOOP
      l_state := rec.state;
    END LOOP;
    RETURN l_state;
  END state_of;

  FUNCTION prescriber_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_his_user VARCHAR2(100 CHAR);
  BEGIN
    FOR rec IN (
      SELECT o.recorded_by AS his_user
        FROM EESZT_OUT_BACKGROUND o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.document_type
        LEFT JOIN EESZT_DOCUMENT_TYPE k ON k.document_type = t.withdrawal_type
       WHERE o.item_id = p_item_id AND (t.kind IN ('R', 'W') OR k.kind = 'W')
    ) LOOP
      l_his_user := rec.his_user;
    END LOOP;
    RETURN l_his_user;
  END prescriber_of;

  PROCEDURE insert_item (
    p_document_type IN VARCHAR2, p_source_key IN VARCHAR2, p_order_key IN VARCHAR2, p_priority IN NUMBER,
    p_recorded_by IN VARCHAR2, p_workplace IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB,
    p_replaces IN NUMBER, p_first_recorded_at IN TIMESTAMP, p_new_id OUT NUMBER) IS
  BEGIN
    INSERT INTO EESZT_OUT_BACKGROUND (document_type, source_key, order_key, priority, recorded_by, workplace, recorded_at,
                          payload, replaces, first_recorded_at)
    VALUES (p_document_type, p_source_key, p_order_key, COALESCE(p_priority, 100), p_recorded_by, p_workplace, p_recorded_at, p_payload,
            p_replaces, p_first_recorded_at)
    RETURNING item_id INTO p_new_id;
  END insert_item;

  PROCEDURE insert_withdrawal (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_now IN TIMESTAMP, p_count OUT NUMBER) IS
  BEGIN
    INSERT INTO EESZT_OUT_BACKGROUND (document_type, source_key, priority, recorded_by, workplace, recorded_at, payload,
                          withdraws)
    SELECT t.withdrawal_type, o.source_key, o.priority, COALESCE(p_asked_by, o.recorded_by), o.workplace, p_now,
           o.payload, o.item_id
      FROM EESZT_OUT_BACKGROUND o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.document_type
     WHERE o.item_id = p_item_id AND t.withdrawal_type IS NOT NULL;
    p_count := SQL%ROWCOUNT;
  END insert_withdrawal;

  PROCEDURE inherit_proof (p_item_id IN NUMBER) IS
  BEGIN
    UPDATE EESZT_OUT_BACKGROUND w
       SET w.recorder_proof = (SELECT o.recorder_proof FROM EESZT_OUT_BACKGROUND o WHERE o.item_id = w.withdraws)
     WHERE w.item_id = p_item_id AND w.recorder_proof = 'ASSERTED'
       AND EXISTS (SELECT 1 FROM EESZT_OUT_BACKGROUND o WHERE o.item_id = w.withdraws AND o.recorded_by = w.recorded_by);
  END inherit_proof;

  PROCEDURE note_asker (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_BACKGROUND SET withdraw_asked_by = COALESCE(withdraw_asked_by, p_asked_by)
     WHERE item_id = p_item_id AND withdraw_asked_at IS NOT NULL;
  END note_asker;

  PROCEDURE hand_on_locked (p_item_id IN NUMBER, p_locked IN CLOB) IS
  BEGIN
    UPDATE EESZT_OUT_BACKGROUND o
       SET (o.depends_on, o.needs) = (
             SELECT p.item_id,
                    COALESCE(
                      (SELECT 'ACCEPTED' FROM EESZT_DOCUMENT_TYPE t
                        WHERE t.document_type = o.document_type AND t.withdrawal_type = p.document_type),
                      (SELECT t.needs FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = o.document_type),
                      o.needs)
               FROM EESZT_OUT_BACKGROUND e JOIN EESZT_OUT_BACKGROUND p ON p.item_id = e.depends_on
              WHERE e.item_id = p_item_id)
     WHERE o.depends_on = p_item_id AND o.state IN ('NEW', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
       AND EXISTS (
             SELECT 1 FROM EESZT_OUT_BACKGROUND e JOIN EESZT_OUT_BACKGROUND p ON p.item_id = e.depends_on
              WHERE e.item_id = p_item_id AND e.state IN ('INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
                AND e.sent_at IS NULL
                AND p.state NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
                AND (e.reason_code = 'PREDECESSOR'
                     OR NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = e.document_type)))
       AND o.item_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(p_locked, '$[*]' COLUMNS (id NUMBER PATH '$')) jt);
  END hand_on_locked;

  PROCEDURE purge_bodies (p_items IN CLOB) IS
  BEGIN
    UPDATE EESZT_MESSAGE SET body = NULL, purged_at = SYS_EXTRACT_UTC(SYSTIMESTAMP)
     WHERE body IS NOT NULL
       AND item_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(p_items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt);
  END purge_bodies;

  PROCEDURE fail_successor (
    p_item_id IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_BACKGROUND
       SET state = 'SKIPPED', state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP),
           ward_answer = CASE ward_answer WHEN 'WAIT' THEN NULL ELSE ward_answer END,
           claim_token = NULL, claim_owner = NULL, lease_until = NULL, next_at = NULL,
           reason_code = 'PREDECESSOR',
           status_text = CASE ward_answer WHEN 'PAPER' THEN 'Az előzménye nem sikerült, ezért nem került felküldésre: a papíralapú forma érvényes.' ELSE 'Az előzménye nem sikerült, ezért nem került felküldésre.' END
     WHERE item_id = p_item_id
       AND (state IN ('NEW', 'WAITING') OR (state = 'PARKED' AND sent_at IS NULL))
    RETURNING withdraws, status_text INTO p_withdraws, p_status_text;
    p_count := SQL%ROWCOUNT;
  END fail_successor;

  PROCEDURE withdrawal_failed (p_item_id IN NUMBER, p_why IN VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_BACKGROUND
       SET compensation = 'FAILED',
           -- cut before it is put together: more than 4000 bytes would be ORA-01489
           status_text = CASE WHEN p_why IS NULL THEN 'A visszavonás nem sikerült: azonnali intézkedés szükséges.'
                                WHEN LENGTH('A visszavonás nem sikerült: azonnali intézkedés szükséges.') + 1 + LENGTH(p_why) > 1000
                                THEN 'A visszavonás nem sikerült: azonnali intézkedés szükséges.' || ' ' || SUBSTR(p_why, 1, 998 - LENGTH('A visszavonás nem sikerült: azonnali intézkedés szükséges.')) || '…'
                                ELSE 'A visszavonás nem sikerült: azonnali intézkedés szükséges.' || ' ' || p_why END
     WHERE item_id = p_item_id AND compensation = 'DUE';
  END withdrawal_failed;

  PROCEDURE withdraw_unsent (
    p_item_id IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_BACKGROUND
       SET state = 'CANCELLED', state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), withdraw_asked_at = SYS_EXTRACT_UTC(SYSTIMESTAMP),
           ward_answer = CASE ward_answer WHEN 'WAIT' THEN 'PAPER' ELSE ward_answer END,
           claim_token = NULL, claim_owner = NULL, lease_until = NULL, next_at = NULL,
           reason_code = 'WITHDRAWN', status_text = 'Visszavonva a felküldés előtt.'
     WHERE item_id = p_item_id AND withdraw_asked_at IS NULL
       AND (state IN ('NEW', 'WAITING', 'CLAIMED') OR (state = 'PARKED' AND sent_at IS NULL))
    RETURNING withdraws, status_text INTO p_withdraws, p_status_text;
    p_count := SQL%ROWCOUNT;
  END withdraw_unsent;

  PROCEDURE withdraw_sent (p_item_id IN NUMBER, p_count OUT NUMBER) IS
  BEGIN
    UPDATE EESZT_OUT_BACKGROUND
       SET withdraw_asked_at = COALESCE(withdraw_asked_at, SYS_EXTRACT_UTC(SYSTIMESTAMP)),
           compensation = CASE WHEN state = 'ACCEPTED' AND COALESCE(compensation, 'FAILED') = 'FAILED' THEN 'DUE'
                                 ELSE compensation END
     WHERE item_id = p_item_id
       AND (withdraw_asked_at IS NULL OR (state = 'ACCEPTED' AND compensation = 'FAILED'));
    p_count := SQL%ROWCOUNT;
  END withdraw_sent;

  PROCEDURE verdict_unsent (
    p_item_id IN NUMBER, p_alive IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    UPDATE EESZT_OUT_BACKGROUND
       SET state = 'MISSED', state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), ward_answer = 'PAPER',
           claim_token = NULL, claim_owner = NULL, lease_until = NULL, next_at = NULL,
           reason_code = CASE WHEN answer_by > SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 'NO_RUNNER' ELSE 'WARD_TIMEOUT' END,
           status_text = CASE WHEN answer_by > SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 'Az EESZT-kapcsolat nem működik: a papíralapú forma érvényes.' ELSE 'Az EESZT nem válaszolt időben: a papíralapú forma érvényes.' END
     WHERE item_id = p_item_id AND state IN ('NEW', 'WAITING', 'CLAIMED') AND ward_answer = 'WAIT'
       AND (answer_by <= SYS_EXTRACT_UTC(SYSTIMESTAMP) OR (p_alive = 0 AND answer_by IS NOT NULL))
    RETURNING withdraws, status_text INTO p_withdraws, p_status_text;
    p_count := SQL%ROWCOUNT;
  END verdict_unsent;

  PROCEDURE verdict_sent (p_item_id IN NUMBER, p_alive IN NUMBER) IS
  BEGIN
    UPDATE EESZT_OUT_BACKGROUND
       SET ward_answer = 'PAPER',
           status_text = CASE WHEN state IN ('SENDING', 'UNKNOWN', 'PARKED') THEN 'Az EESZT nem válaszolt időben: a papíralapú forma érvényes; az elektronikust a rendszer visszavonja, ha létrejött.'
                                ELSE status_text END
     WHERE item_id = p_item_id AND state NOT IN ('NEW', 'WAITING', 'CLAIMED') AND ward_answer = 'WAIT'
       AND (answer_by <= SYS_EXTRACT_UTC(SYSTIMESTAMP) OR (p_alive = 0 AND answer_by IS NOT NULL));
  END verdict_sent;

  -- Locks

  -- The row for this transaction; refuses after five seconds, so that no client hangs.
  PROCEDURE lock_item (p_item_id IN NUMBER, p_state OUT VARCHAR2, p_compensation OUT VARCHAR2) IS
    e_busy EXCEPTION;
    PRAGMA EXCEPTION_INIT (e_busy, -30006);
  BEGIN
    FOR rec IN (
      SELECT o.state AS state, o.compensation AS compensation
        FROM EESZT_OUT_BACKGROUND o
       WHERE o.item_id = p_item_id
         FOR UPDATE OF o.state WAIT 5
    ) LOOP
      p_state := rec.state;
      p_compensation := rec.compensation;
    END LOOP;
  EXCEPTION
    WHEN e_busy THEN
      RAISE_APPLICATION_ERROR(-20704, 'A tételen éppen más dolgozik: próbálja újra.' || ' (' || p_item_id || ')');
  END lock_item;

  -- 1: the row is this transaction's now; 0: another session holds it.
  FUNCTION lock_item_now (p_item_id IN NUMBER) RETURN NUMBER IS
    l_locked NUMBER := 0;
  BEGIN
    FOR rec IN (
      SELECT o.item_id AS item_id FROM EESZT_OUT_BACKGROUND o WHERE o.item_id = p_item_id FOR UPDATE OF o.state SKIP LOCKED
    ) LOOP
      l_locked := 1;
    END LOOP;
    RETURN l_locked;
  END lock_item_now;

  FUNCTION found_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) RETURN NUMBER IS
    l_found NUMBER := 0;
    e_busy  EXCEPTION;
    PRAGMA EXCEPTION_INIT (e_busy, -30006);
  BEGIN
    FOR rec IN (
      SELECT h.source_key AS source_key
        FROM EESZT_RECORD_HEAD h
       WHERE h.source_key = p_source_key
         AND h.document_type = COALESCE((SELECT t.withdrawal_type FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = p_document_type),
                                        p_document_type)
         FOR UPDATE WAIT 5
    ) LOOP
      l_found := 1;
    END LOOP;
    RETURN l_found;
  EXCEPTION
    WHEN e_busy THEN
      RAISE_APPLICATION_ERROR(-20705, 'Ugyanezt az adatot most egy másik munkamenet írja: próbálja újra.');
  END found_record;

  -- Nobody else writes the record until this transaction ends.
  PROCEDURE lock_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) IS
    l_found NUMBER;
  BEGIN
    IF p_document_type IS NULL OR p_source_key IS NULL THEN
      RETURN;
    END IF;
    l_found := found_record(p_document_type, p_source_key);
    IF l_found = 0 THEN
      EESZT_ADD_RECORD(p_document_type, p_source_key);
      l_found := found_record(p_document_type, p_source_key);
    END IF;
  END lock_record;

  -- What follows from an end in the same transaction; runner/store/work.py says the same. What another session holds is
  -- left to the daemon's sweep.

  PROCEDURE note_withdrawal (p_original IN NUMBER, p_why IN VARCHAR2) IS
    l_locked NUMBER;
  BEGIN
    l_locked := lock_item_now(p_original);
    IF l_locked = 1 THEN
      withdrawal_failed(p_original, p_why);
    END IF;
  END note_withdrawal;

  -- p_ended: the numbers of all that has ended, with commas.
  PROCEDURE fail_successors (p_item_id IN NUMBER, p_ended IN OUT CLOB) IS
    l_locked      NUMBER;
    l_count       NUMBER;
    l_withdraws   NUMBER;
    l_status_text VARCHAR2(1000 CHAR);
  BEGIN
    FOR successor IN (
      SELECT o.item_id AS item_id
        FROM EESZT_OUT_BACKGROUND o
       WHERE o.depends_on = p_item_id AND o.needs = 'ACCEPTED' AND o.state IN ('NEW', 'WAITING', 'PARKED')
    ) LOOP
      l_count := 0;
      l_locked := lock_item_now(successor.item_id);
      IF l_locked = 1 THEN
        fail_successor(successor.item_id, l_count, l_withdraws, l_status_text);
      END IF;
      IF l_count = 1 THEN
        p_ended := p_ended || ',' || TO_CHAR(successor.item_id);
        IF l_withdraws IS NULL THEN
          fail_successors(successor.item_id, p_ended);
        ELSE  -- there was nothing to withdraw: what follows may go
          note_withdrawal(l_withdraws, l_status_text);
        END IF;
      END IF;
    END LOOP;
  END fail_successors;

  -- What another session holds is left out; the claim holds it back until it has been handed on.
  PROCEDURE hand_on (p_item_id IN NUMBER) IS
    p_items  CLOB;
    l_locked CLOB;
  BEGIN
    p_items := '[' || TO_CHAR(p_item_id) || ']';
    FOR waiting IN (
      SELECT o.item_id AS item_id
        FROM EESZT_OUT_BACKGROUND o
       WHERE o.depends_on IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(p_items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)
         AND o.state IN ('NEW', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
         FOR UPDATE OF o.state SKIP LOCKED
    ) LOOP
      l_locked := l_locked || CASE WHEN l_locked IS NULL THEN '[' ELSE ',' END || TO_CHAR(waiting.item_id);
    END LOOP;
    IF l_locked IS NOT NULL THEN
      hand_on_locked(p_item_id, l_locked || ']');
    END IF;
  END hand_on;

  PROCEDURE follow_end (p_item_id IN NUMBER, p_withdraws IN NUMBER, p_status_text IN VARCHAR2) IS
    l_ended CLOB;
  BEGIN
    IF p_withdraws IS NOT NULL THEN
      note_withdrawal(p_withdraws, p_status_text);
    END IF;
    l_ended := TO_CHAR(p_item_id);
    fail_successors(p_item_id, l_ended);
    FOR ended IN (
      SELECT jt.id AS item_id FROM JSON_TABLE('[' || l_ended || ']', '$[*]' COLUMNS (id NUMBER PATH '$')) jt ORDER BY jt.id
    ) LOOP
      hand_on(ended.item_id);
    END LOOP;
    purge_bodies('[' || l_ended || ']');
  END follow_end;

  PROCEDURE queue_withdrawal (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) IS
    l_found NUMBER;
    l_count NUMBER;
  BEGIN
    l_found := has_withdrawal(p_item_id);
    IF l_found = 1 THEN
      RETURN;
    END IF;
    insert_withdrawal(p_item_id, p_asked_by, SYS_EXTRACT_UTC(SYSTIMESTAMP), l_count);
    IF l_count = 0 THEN  -- its document type has none
      note_withdrawal(p_item_id, NULL);
      RETURN;
    END IF;
    FOR withdrawal IN (
      SELECT w.item_id AS item_id, w.state AS state, w.status_text AS status_text
        FROM EESZT_OUT_BACKGROUND w
       WHERE w.item_id = (SELECT MAX(x.item_id) FROM EESZT_OUT_BACKGROUND x WHERE x.withdraws = p_item_id)
    ) LOOP
      inherit_proof(withdrawal.item_id);
      IF withdrawal.state <> 'NEW' THEN  -- it ended as it was written
        note_withdrawal(p_item_id, withdrawal.status_text);
      END IF;
    END LOOP;
  END queue_withdrawal;

  -- Verbs

  FUNCTION submit (
    p_document_type IN VARCHAR2, p_source_key IN VARCHAR2, p_order_key IN VARCHAR2, p_priority IN NUMBER,
    p_recorded_by IN VARCHAR2, p_workplace IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB,
    p_replaces IN NUMBER, p_first_recorded_at IN TIMESTAMP) RETURN NUMBER IS
    l_item NUMBER;
  BEGIN
    lock_record(p_document_type, p_source_key);
    l_item := same_record(p_document_type, p_source_key);
    IF l_item IS NULL THEN
      insert_item(p_document_type, p_source_key, p_order_key, p_priority, p_recorded_by, p_workplace, p_recorded_at,
                  p_payload, p_replaces, p_first_recorded_at, l_item);
    END IF;
    RETURN l_item;
  END submit;

  FUNCTION withdraw (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) RETURN VARCHAR2 IS
    l_state        VARCHAR2(20 CHAR);
    l_compensation VARCHAR2(20 CHAR);
    l_withdraws    NUMBER;
    l_status_text  VARCHAR2(1000 CHAR);
    l_count        NUMBER;
  BEGIN
    lock_item(p_item_id, l_state, l_compensation);
    withdraw_unsent(p_item_id, l_count, l_withdraws, l_status_text);
    IF l_count = 1 THEN
      follow_end(p_item_id, l_withdraws, l_status_text);
      l_state := 'CANCELLED';
    ELSE
      withdraw_sent(p_item_id, l_count);
      IF l_count = 1 AND (l_state IN ('SENDING', 'UNKNOWN', 'PARKED')
                          OR (l_state = 'ACCEPTED' AND COALESCE(l_compensation, 'FAILED') = 'FAILED')) THEN
        queue_withdrawal(p_item_id, p_asked_by);
      END IF;
    END IF;
    note_asker(p_item_id, p_asked_by);
    RETURN l_state;
  END withdraw;

  FUNCTION retry (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_state        VARCHAR2(20 CHAR);
    l_compensation VARCHAR2(20 CHAR);
  BEGIN
    lock_item(p_item_id, l_state, l_compensation);
    IF l_state = 'WAITING' THEN
      UPDATE EESZT_OUT_BACKGROUND SET next_at = SYS_EXTRACT_UTC(SYSTIMESTAMP) WHERE item_id = p_item_id AND state = 'WAITING';
    ELSIF l_state = 'PARKED' THEN
      UPDATE EESZT_OUT_BACKGROUND
         SET state = CASE WHEN sent_at IS NULL THEN 'NEW' ELSE 'UNKNOWN' END, state_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), next_at = SYS_EXTRACT_UTC(SYSTIMESTAMP),
             reason_code = NULL, status_text = NULL, rescue_count = 0, probe_count = 0
       WHERE item_id = p_item_id AND state = 'PARKED';
    END IF;
    l_state := state_of(p_item_id);
    RETURN l_state;
  END retry;

  PROCEDURE look (p_item_id IN NUMBER, p_told OUT VARCHAR2, p_is_due OUT NUMBER) IS
    p_alive NUMBER;
  BEGIN
    p_alive := is_alive;
    p_is_due := 0;
    FOR rec IN (
      SELECT CASE WHEN o.ward_answer = 'PRINT' AND (o.withdraw_asked_at IS NOT NULL OR o.compensation IS NOT NULL) THEN NULL
                  ELSE o.ward_answer END AS told,
             CASE WHEN o.ward_answer = 'WAIT' AND (o.answer_by <= SYS_EXTRACT_UTC(SYSTIMESTAMP) OR (p_alive = 0 AND o.answer_by IS NOT NULL))
                  THEN 1 ELSE 0 END AS is_due
        FROM EESZT_OUT_BACKGROUND o
       WHERE o.item_id = p_item_id
    ) LOOP
      p_told := rec.told;
      p_is_due := rec.is_due;
    END LOOP;
  END look;

  FUNCTION verdict (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    PRAGMA AUTONOMOUS_TRANSACTION;
    l_alive       NUMBER;
    l_locked      NUMBER;
    l_count       NUMBER;
    l_withdraws   NUMBER;
    l_status_text VARCHAR2(1000 CHAR);
    l_told        VARCHAR2(20 CHAR);
    l_is_due      NUMBER;
  BEGIN
    l_locked := lock_item_now(p_item_id);
    IF l_locked = 0 THEN
      ROLLBACK;
      RETURN 'WAIT';
    END IF;
    l_alive := is_alive;
    verdict_unsent(p_item_id, l_alive, l_count, l_withdraws, l_status_text);
    IF l_count = 1 THEN
      follow_end(p_item_id, l_withdraws, l_status_text);
    ELSE
      verdict_sent(p_item_id, l_alive);
    END IF;
    look(p_item_id, l_told, l_is_due);
    COMMIT;
    RETURN l_told;
  END verdict;

  PROCEDURE resubmit (
    p_item_id IN NUMBER, p_recorded_by IN VARCHAR2, p_recorded_at IN TIMESTAMP, p_payload IN CLOB, p_new_id OUT NUMBER,
    p_refusal OUT NUMBER, p_state OUT VARCHAR2) IS
  BEGIN
    p_refusal := 0;
    FOR rec IN (
      SELECT o.document_type AS document_type, o.source_key AS source_key, o.order_key AS order_key,
             o.priority AS priority, o.recorded_by AS recorded_by, o.workplace AS workplace, o.payload AS payload,
             o.state AS state, o.answer_by AS answer_by,
             COALESCE(o.first_recorded_at, o.recorded_at) AS first_recorded_at
        FROM EESZT_OUT_BACKGROUND o
       WHERE o.item_id = p_item_id
    ) LOOP
      p_state := rec.state;
      IF rec.state NOT IN ('REJECTED', 'INVALID') THEN
        p_refusal := -20706;
      ELSIF rec.answer_by IS NOT NULL THEN
        p_refusal := -20707;
      ELSE
        p_new_id := submit(rec.document_type, rec.source_key, rec.order_key, rec.priority,
                           COALESCE(p_recorded_by, rec.recorded_by), rec.workplace, p_recorded_at,
                           COALESCE(p_payload, rec.payload), p_item_id, rec.first_recorded_at);
      END IF;
    END LOOP;
  END resubmit;

  FUNCTION replace_item (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_payload IN CLOB, p_source_key IN VARCHAR2, p_workplace IN VARCHAR2,
    p_recorded_at IN TIMESTAMP) RETURN NUMBER IS
    l_state VARCHAR2(20 CHAR);
    l_new   NUMBER;
  BEGIN
    FOR rec IN (
      SELECT o.document_type AS document_type, o.source_key AS source_key, o.order_key AS order_key,
             o.priority AS priority, o.recorded_by AS recorded_by, o.workplace AS workplace, o.payload AS payload,
             o.state AS state, o.answer_by AS answer_by,
             COALESCE(o.first_recorded_at, o.recorded_at) AS first_recorded_at
        FROM EESZT_OUT_BACKGROUND o
       WHERE o.item_id = p_item_id
    ) LOOP
      -- record, key, row: in the order of an insert
      lock_record(rec.document_type, COALESCE(p_source_key, rec.source_key));
      IF rec.order_key IS NOT NULL THEN
        EESZT_LOCK_ORDER('background', rec.order_key);
      END IF;
      l_state := withdraw(p_item_id, p_asked_by);
      l_new := submit(rec.document_type, COALESCE(p_source_key, rec.source_key), rec.order_key, rec.priority,
                      COALESCE(p_asked_by, rec.recorded_by), COALESCE(p_workplace, rec.workplace), p_recorded_at,
                      p_payload, p_item_id, NULL);
    END LOOP;
    RETURN l_new;
  END replace_item;

END EESZT_OUT_BACKGROUND_API;
/

CREATE OR REPLACE PACKAGE BODY EESZT_API AS

  -- Who

  FUNCTION hashed (p_secret IN VARCHAR2) RETURN VARCHAR2 IS
  BEGIN
    IF p_secret IS NULL THEN
      RETURN NULL;
    END IF;
    RETURN LOWER(RAWTOHEX(DBMS_CRYPTO.HASH(UTL_RAW.CAST_TO_RAW(p_secret), DBMS_CRYPTO.HASH_SH256)));
  END hashed;

  FUNCTION fresh_secret RETURN VARCHAR2 IS
  BEGIN
    RETURN LOWER(RAWTOHEX(DBMS_CRYPTO.RANDOMBYTES(32)));
  END fresh_secret;

  FUNCTION bound_user RETURN VARCHAR2 IS
    l_his_user VARCHAR2(100 CHAR);
  BEGIN
    FOR rec IN (
      SELECT l.his_user AS his_user
        FROM EESZT_LOGIN l
       WHERE l.login_id = TO_NUMBER(SYS_CONTEXT('EESZT_CTX', 'LOGIN_ID')) AND l.ended_at IS NULL AND l.ends_at > SYS_EXTRACT_UTC(SYSTIMESTAMP)
    ) LOOP
      l_his_user := rec.his_user;
    END LOOP;
    RETURN l_his_user;
  END bound_user;

  -- In whose name something is written: in a bound session its user's alone, also when his login has ended meanwhile.
  FUNCTION who (p_his_user IN VARCHAR2) RETURN VARCHAR2 IS
    l_bound VARCHAR2(100 CHAR);
  BEGIN
    -- by the number of the login, since a context's value is cut at 256 bytes, and a name may have 400
    FOR rec IN (
      SELECT l.his_user AS his_user FROM EESZT_LOGIN l WHERE l.login_id = TO_NUMBER(SYS_CONTEXT('EESZT_CTX', 'LOGIN_ID'))
    ) LOOP
      l_bound := rec.his_user;
    END LOOP;
    IF l_bound IS NOT NULL AND p_his_user IS NOT NULL AND p_his_user <> l_bound THEN
      RAISE_APPLICATION_ERROR(-20710, 'A munkamenet más felhasználóhoz van kötve.' || ' (' || l_bound || ')');
    END IF;
    RETURN COALESCE(p_his_user, l_bound);
  END who;

  -- Where

  FUNCTION lane_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_lane VARCHAR2(60 CHAR);
  BEGIN
    FOR rec IN (
      SELECT i.lane AS lane FROM EESZT_V_ITEM i WHERE i.item_id = p_item_id
    ) LOOP
      l_lane := rec.lane;
    END LOOP;
    IF l_lane IS NULL THEN
      RAISE_APPLICATION_ERROR(-20701, 'Nincs ilyen tétel.' || ' (' || p_item_id || ')');
    END IF;
    RETURN l_lane;
  END lane_of;

  -- What no type in force names goes to the last outbox, where it ends INVALID.
  FUNCTION lane_of_type (p_document_type IN VARCHAR2) RETURN VARCHAR2 IS
    l_lane VARCHAR2(60 CHAR);
  BEGIN
    FOR rec IN (
      SELECT t.lane AS lane FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = p_document_type AND t.active = 1
    ) LOOP
      l_lane := rec.lane;
    END LOOP;
    RETURN CASE WHEN l_lane IN ('interactive', 'query', 'background') THEN l_lane ELSE 'background' END;
  END lane_of_type;

  -- Items

  FUNCTION submit (
    p_document_type     IN VARCHAR2,
    p_source_key        IN VARCHAR2 DEFAULT NULL,
    p_payload           IN CLOB DEFAULT NULL,
    p_workplace         IN VARCHAR2 DEFAULT NULL,
    p_recorded_by       IN VARCHAR2 DEFAULT NULL,
    p_order_key         IN VARCHAR2 DEFAULT NULL,
    p_recorded_at       IN TIMESTAMP DEFAULT SYS_EXTRACT_UTC(SYSTIMESTAMP),
    p_priority          IN NUMBER DEFAULT NULL,
    p_replaces          IN NUMBER DEFAULT NULL,
    p_first_recorded_at IN TIMESTAMP DEFAULT NULL) RETURN NUMBER IS
    l_lane VARCHAR2(60 CHAR);
    l_who  VARCHAR2(4000);
    l_item NUMBER;
  BEGIN
    l_who := who(p_recorded_by);
    l_lane := lane_of_type(p_document_type);
    IF l_lane = 'interactive' THEN
      l_item := EESZT_OUT_INTERACTIVE_API.submit(p_document_type, p_source_key, p_order_key, p_priority, l_who, p_workplace,
                                    p_recorded_at, p_payload, p_replaces, p_first_recorded_at);
    END IF;
    IF l_lane = 'query' THEN
      l_item := EESZT_OUT_QUERY_API.submit(p_document_type, p_source_key, p_order_key, p_priority, l_who, p_workplace,
                                    p_recorded_at, p_payload, p_replaces, p_first_recorded_at);
    END IF;
    IF l_lane = 'background' THEN
      l_item := EESZT_OUT_BACKGROUND_API.submit(p_document_type, p_source_key, p_order_key, p_priority, l_who, p_workplace,
                                    p_recorded_at, p_payload, p_replaces, p_first_recorded_at);
    END IF;
    RETURN l_item;
  END submit;

  FUNCTION withdraw (p_item_id IN NUMBER, p_his_user IN VARCHAR2 DEFAULT NULL) RETURN VARCHAR2 IS
    l_lane       VARCHAR2(60 CHAR);
    l_who        VARCHAR2(4000);
    l_prescriber VARCHAR2(100 CHAR);
    l_state      VARCHAR2(20 CHAR);
  BEGIN
    l_who := who(p_his_user);
    l_lane := lane_of(p_item_id);
    IF l_lane = 'interactive' THEN
      l_prescriber := EESZT_OUT_INTERACTIVE_API.prescriber_of(p_item_id);
      IF l_prescriber <> COALESCE(l_who, '-') THEN
        RAISE_APPLICATION_ERROR(-20702, 'Ezt csak az vonhatja vissza, aki felírta.' || ' (' || p_item_id || ')');
      END IF;
      l_state := EESZT_OUT_INTERACTIVE_API.withdraw(p_item_id, l_who);
    END IF;
    IF l_lane = 'query' THEN
      l_prescriber := EESZT_OUT_QUERY_API.prescriber_of(p_item_id);
      IF l_prescriber <> COALESCE(l_who, '-') THEN
        RAISE_APPLICATION_ERROR(-20702, 'Ezt csak az vonhatja vissza, aki felírta.' || ' (' || p_item_id || ')');
      END IF;
      l_state := EESZT_OUT_QUERY_API.withdraw(p_item_id, l_who);
    END IF;
    IF l_lane = 'background' THEN
      l_prescriber := EESZT_OUT_BACKGROUND_API.prescriber_of(p_item_id);
      IF l_prescriber <> COALESCE(l_who, '-') THEN
        RAISE_APPLICATION_ERROR(-20702, 'Ezt csak az vonhatja vissza, aki felírta.' || ' (' || p_item_id || ')');
      END IF;
      l_state := EESZT_OUT_BACKGROUND_API.withdraw(p_item_id, l_who);
    END IF;
    RETURN l_state;
  END withdraw;

  FUNCTION replace_prescription (
    p_item_id     IN NUMBER,
    p_payload     IN CLOB DEFAULT NULL,
    p_source_key  IN VARCHAR2 DEFAULT NULL,
    p_workplace   IN VARCHAR2 DEFAULT NULL,
    p_his_user    IN VARCHAR2 DEFAULT NULL,
    p_recorded_at IN TIMESTAMP DEFAULT SYS_EXTRACT_UTC(SYSTIMESTAMP)) RETURN NUMBER IS
    l_lane       VARCHAR2(60 CHAR);
    l_who        VARCHAR2(4000);
    l_prescriber VARCHAR2(100 CHAR);
    l_item       NUMBER;
  BEGIN
    l_who := who(p_his_user);
    l_lane := lane_of(p_item_id);
    IF l_lane = 'interactive' THEN
      l_prescriber := EESZT_OUT_INTERACTIVE_API.prescriber_of(p_item_id);
      IF l_prescriber <> COALESCE(l_who, '-') THEN
        RAISE_APPLICATION_ERROR(-20702, 'Ezt csak az vonhatja vissza, aki felírta.' || ' (' || p_item_id || ')');
      END IF;
      l_item := EESZT_OUT_INTERACTIVE_API.replace_item(p_item_id, l_who, p_payload, p_source_key, p_workplace, p_recorded_at);
    END IF;
    IF l_lane = 'query' THEN
      l_prescriber := EESZT_OUT_QUERY_API.prescriber_of(p_item_id);
      IF l_prescriber <> COALESCE(l_who, '-') THEN
        RAISE_APPLICATION_ERROR(-20702, 'Ezt csak az vonhatja vissza, aki felírta.' || ' (' || p_item_id || ')');
      END IF;
      l_item := EESZT_OUT_QUERY_API.replace_item(p_item_id, l_who, p_payload, p_source_key, p_workplace, p_recorded_at);
    END IF;
    IF l_lane = 'background' THEN
      l_prescriber := EESZT_OUT_BACKGROUND_API.prescriber_of(p_item_id);
      IF l_prescriber <> COALESCE(l_who, '-') THEN
        RAISE_APPLICATION_ERROR(-20702, 'Ezt csak az vonhatja vissza, aki felírta.' || ' (' || p_item_id || ')');
      END IF;
      l_item := EESZT_OUT_BACKGROUND_API.replace_item(p_item_id, l_who, p_payload, p_source_key, p_workplace, p_recorded_at);
    END IF;
    RETURN l_item;
  END replace_prescription;

  PROCEDURE status (
    p_item_id     IN NUMBER,
    p_state       OUT VARCHAR2,
    p_ward_answer OUT VARCHAR2,
    p_status_text OUT VARCHAR2,
    p_eeszt_id    OUT VARCHAR2,
    p_barcode     OUT VARCHAR2) IS
    l_lane VARCHAR2(60 CHAR);
  BEGIN
    l_lane := lane_of(p_item_id);
    FOR rec IN (
      SELECT s.state AS state, s.ward_answer AS ward_answer, s.status_text AS status_text, s.eeszt_id AS eeszt_id,
             (SELECT MAX(b.barcode) FROM EESZT_V_BARCODE b WHERE b.item_id = s.item_id) AS barcode
        FROM EESZT_V_STATUS s
       WHERE s.item_id = p_item_id
    ) LOOP
      p_state := rec.state;
      p_ward_answer := rec.ward_answer;
      p_status_text := rec.status_text;
      p_eeszt_id := rec.eeszt_id;
      p_barcode := rec.barcode;
    END LOOP;
  END status;

  FUNCTION decide (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_lane   VARCHAR2(60 CHAR);
    l_told   VARCHAR2(20 CHAR);
    l_is_due NUMBER;
  BEGIN
    IF DBMS_TRANSACTION.LOCAL_TRANSACTION_ID IS NOT NULL THEN
      RAISE_APPLICATION_ERROR(-20703, 'Előbb le kell zárni a tranzakciót (COMMIT), csak utána lehet dönteni.');
    END IF;
    l_lane := lane_of(p_item_id);
    IF l_lane = 'interactive' THEN
      EESZT_OUT_INTERACTIVE_API.look(p_item_id, l_told, l_is_due);
      IF l_is_due = 1 THEN
        l_told := EESZT_OUT_INTERACTIVE_API.verdict(p_item_id);
      END IF;
    END IF;
    IF l_lane = 'query' THEN
      EESZT_OUT_QUERY_API.look(p_item_id, l_told, l_is_due);
      IF l_is_due = 1 THEN
        l_told := EESZT_OUT_QUERY_API.verdict(p_item_id);
      END IF;
    END IF;
    IF l_lane = 'background' THEN
      EESZT_OUT_BACKGROUND_API.look(p_item_id, l_told, l_is_due);
      IF l_is_due = 1 THEN
        l_told := EESZT_OUT_BACKGROUND_API.verdict(p_item_id);
      END IF;
    END IF;
    RETURN l_told;
  END decide;

  FUNCTION wait_for (p_item_id IN NUMBER, p_seconds IN NUMBER DEFAULT 10) RETURN VARCHAR2 IS
    l_seconds NUMBER;
    l_until   TIMESTAMP(6);
    l_told    VARCHAR2(20 CHAR);
  BEGIN
    l_seconds := LEAST(GREATEST(COALESCE(p_seconds, 0), 0), 60);
    l_until := SYS_EXTRACT_UTC(SYSTIMESTAMP) + NUMTODSINTERVAL(l_seconds, 'SECOND');
    l_told := decide(p_item_id);
    -- counted, so that a clock that is set back does not stretch it
    FOR look IN 1 .. CEIL(l_seconds * 10) LOOP
      EXIT WHEN COALESCE(l_told, '-') <> 'WAIT' OR SYS_EXTRACT_UTC(SYSTIMESTAMP) >= l_until;
      DBMS_SESSION.SLEEP(LEAST(0.1, l_seconds));
      l_told := decide(p_item_id);
    END LOOP;
    RETURN l_told;
  END wait_for;

  FUNCTION result (p_item_id IN NUMBER) RETURN CLOB IS
    l_lane   VARCHAR2(60 CHAR);
    l_who    VARCHAR2(4000);
    l_found  NUMBER := 0;
    l_result CLOB;
  BEGIN
    l_lane := lane_of(p_item_id);
    l_who := bound_user;
    IF l_who IS NULL THEN
      RAISE_APPLICATION_ERROR(-20711, 'Az eredményt csak az láthatja, aki kérdezte: EESZT-bejelentkezés szükséges.');
    END IF;
    FOR rec IN (
      SELECT r.result AS result
        FROM EESZT_RESULT r
       WHERE r.item_id = p_item_id AND r.asker = l_who AND r.expires_at > SYS_EXTRACT_UTC(SYSTIMESTAMP)
    ) LOOP
      l_found := 1;
      l_result := rec.result;
    END LOOP;
    IF l_found = 0 THEN
      RAISE_APPLICATION_ERROR(-20712, 'Ehhez a lekérdezéshez nincs eredmény: kérdezze le újra.' || ' (' || p_item_id || ')');
    END IF;
    RETURN l_result;
  END result;

  FUNCTION retry (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_lane  VARCHAR2(60 CHAR);
    l_state VARCHAR2(20 CHAR);
  BEGIN
    l_lane := lane_of(p_item_id);
    IF l_lane = 'interactive' THEN
      l_state := EESZT_OUT_INTERACTIVE_API.retry(p_item_id);
    END IF;
    IF l_lane = 'query' THEN
      l_state := EESZT_OUT_QUERY_API.retry(p_item_id);
    END IF;
    IF l_lane = 'background' THEN
      l_state := EESZT_OUT_BACKGROUND_API.retry(p_item_id);
    END IF;
    IF l_state IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') THEN
      RAISE_APPLICATION_ERROR(-20708, 'A tétel már lezárult: új tételt kell írni.' || ' (' || p_item_id || ': ' || l_state || ')');
    END IF;
    RETURN l_state;
  END retry;

  FUNCTION resubmit (
    p_item_id     IN NUMBER,
    p_payload     IN CLOB DEFAULT NULL,
    p_recorded_by IN VARCHAR2 DEFAULT NULL,
    p_recorded_at IN TIMESTAMP DEFAULT SYS_EXTRACT_UTC(SYSTIMESTAMP)) RETURN NUMBER IS
    l_lane    VARCHAR2(60 CHAR);
    l_who     VARCHAR2(4000);
    l_item    NUMBER;
    l_refusal NUMBER;
    l_state   VARCHAR2(20 CHAR);
  BEGIN
    l_who := who(p_recorded_by);
    l_lane := lane_of(p_item_id);
    IF l_lane = 'interactive' THEN
      EESZT_OUT_INTERACTIVE_API.resubmit(p_item_id, l_who, p_recorded_at, p_payload, l_item, l_refusal, l_state);
    END IF;
    IF l_lane = 'query' THEN
      EESZT_OUT_QUERY_API.resubmit(p_item_id, l_who, p_recorded_at, p_payload, l_item, l_refusal, l_state);
    END IF;
    IF l_lane = 'background' THEN
      EESZT_OUT_BACKGROUND_API.resubmit(p_item_id, l_who, p_recorded_at, p_payload, l_item, l_refusal, l_state);
    END IF;
    IF l_refusal = -20706 THEN
      RAISE_APPLICATION_ERROR(-20706, 'Csak elutasított (REJECTED) vagy hibás (INVALID) tétel küldhető be újra.' || ' (' || p_item_id || ': ' || l_state || ')');
    ELSIF l_refusal = -20707 THEN
      RAISE_APPLICATION_ERROR(-20707, 'A papíralapú forma érvényes: új vényként kell rögzíteni.' || ' (' || p_item_id || ')');
    END IF;
    RETURN l_item;
  END resubmit;

  -- Login

  PROCEDURE note_login (
    p_his_user IN VARCHAR2, p_nonce_hash IN VARCHAR2, p_short_code IN VARCHAR2, p_handle_hash IN VARCHAR2) IS
    PRAGMA AUTONOMOUS_TRANSACTION;
  BEGIN
    INSERT INTO EESZT_LOGIN_REQUEST (his_user, nonce_hash, begun_at, expires_at, short_code, handle_hash)
    VALUES (p_his_user, p_nonce_hash, SYS_EXTRACT_UTC(SYSTIMESTAMP), SYS_EXTRACT_UTC(SYSTIMESTAMP) + INTERVAL '2' MINUTE, p_short_code, p_handle_hash);
    COMMIT;
  END note_login;

  PROCEDURE end_login (p_handle_hash IN VARCHAR2) IS
    PRAGMA AUTONOMOUS_TRANSACTION;
  BEGIN
    -- the request first: what is being finished at this moment is either called off by it, or ended below
    UPDATE EESZT_LOGIN_REQUEST SET ended_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), used_at = COALESCE(used_at, SYS_EXTRACT_UTC(SYSTIMESTAMP))
     WHERE handle_hash = p_handle_hash AND ended_at IS NULL;
    UPDATE EESZT_LOGIN SET ended_at = SYS_EXTRACT_UTC(SYSTIMESTAMP), end_reason = 'LOGOUT', sealed = NULL
     WHERE handle_hash = p_handle_hash AND ended_at IS NULL;
    COMMIT;
  END end_login;

  PROCEDURE login_begin (
    p_his_user   IN VARCHAR2,
    p_nonce      OUT VARCHAR2,
    p_short_code OUT VARCHAR2,
    p_handle     OUT VARCHAR2) IS
    l_found      NUMBER := 0;
    l_nonce      VARCHAR2(64 CHAR);
    l_handle     VARCHAR2(64 CHAR);
    l_short_code VARCHAR2(6 CHAR);
  BEGIN
    FOR rec IN (
      SELECT u.his_user AS his_user
        FROM EESZT_USER_MAP u
       WHERE u.his_user = p_his_user AND u.registration = 'REGISTERED'
    ) LOOP
      l_found := 1;
    END LOOP;
    IF l_found = 0 THEN
      RAISE_APPLICATION_ERROR(-20713, 'A felhasználónak nincs EESZT-megfeleltetése: forduljon az informatikához.' || ' (' || p_his_user || ')');
    END IF;
    l_nonce := fresh_secret;
    l_handle := fresh_secret;
    -- six letters that cannot be mistaken for one another
    l_short_code := TRANSLATE(SUBSTR(fresh_secret, 1, 6), '0123456789abcdef', 'ACDEFHJKLMNPRTVX');
    note_login(p_his_user, hashed(l_nonce), l_short_code, hashed(l_handle));
    p_nonce := l_nonce;
    p_short_code := l_short_code;
    p_handle := l_handle;
  END login_begin;

  PROCEDURE login_state (p_handle IN VARCHAR2, p_state OUT VARCHAR2, p_minutes_left OUT NUMBER) IS
    l_hash  VARCHAR2(64 CHAR);
    l_state VARCHAR2(20 CHAR) := 'UNKNOWN';
  BEGIN
    l_hash := hashed(p_handle);
    FOR rec IN (
      -- CHECKING lasts as long as a card and the EESZT may take together; no longer, should the daemon have died meanwhile
      SELECT CASE WHEN r.ended_at IS NOT NULL THEN 'REFUSED'
                  WHEN r.used_at IS NULL AND r.expires_at > SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 'WAITING'
                  WHEN r.used_at > SYS_EXTRACT_UTC(SYSTIMESTAMP) - INTERVAL '3' MINUTE THEN 'CHECKING'
                  ELSE 'REFUSED' END AS state
        FROM EESZT_LOGIN_REQUEST r
       WHERE r.handle_hash = l_hash
    ) LOOP
      l_state := rec.state;
    END LOOP;
    FOR rec IN (
      SELECT CASE WHEN l.ended_at IS NULL AND l.ends_at > SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 'LIVE' ELSE 'ENDED' END AS state,
             FLOOR((CAST(l.ends_at AS DATE) - CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE)) * 1440) AS minutes_left
        FROM EESZT_LOGIN l
       WHERE l.handle_hash = l_hash
    ) LOOP
      l_state := rec.state;
      IF l_state = 'LIVE' THEN
        p_minutes_left := rec.minutes_left;
      END IF;
    END LOOP;
    p_state := l_state;
  END login_state;

  PROCEDURE bind (p_handle IN VARCHAR2) IS
    l_hash     VARCHAR2(64 CHAR);
    l_login_id NUMBER;
    l_his_user VARCHAR2(100 CHAR);
  BEGIN
    DBMS_SESSION.CLEAR_ALL_CONTEXT('EESZT_CTX');
    IF p_handle IS NULL THEN
      RETURN;
    END IF;
    l_hash := hashed(p_handle);
    FOR rec IN (
      SELECT l.login_id AS login_id, l.his_user AS his_user
        FROM EESZT_LOGIN l
       WHERE l.handle_hash = l_hash AND l.ended_at IS NULL AND l.ends_at > SYS_EXTRACT_UTC(SYSTIMESTAMP)
    ) LOOP
      l_login_id := rec.login_id;
      l_his_user := rec.his_user;
    END LOOP;
    IF l_login_id IS NULL THEN
      RAISE_APPLICATION_ERROR(-20714, 'A bejelentkezés nem él: jelentkezzen be újra az EESZT-be.');
    END IF;
    DBMS_SESSION.SET_CONTEXT('EESZT_CTX', 'LOGIN_ID', TO_CHAR(l_login_id));
    DBMS_SESSION.SET_CONTEXT('EESZT_CTX', 'HIS_USER', l_his_user);
  END bind;

  PROCEDURE logout (p_handle IN VARCHAR2) IS
  BEGIN
    DBMS_SESSION.CLEAR_ALL_CONTEXT('EESZT_CTX');
    end_login(hashed(p_handle));
  END logout;

  FUNCTION service_state (p_service IN VARCHAR2 DEFAULT 'runner') RETURN VARCHAR2 IS
    l_state VARCHAR2(20 CHAR);
  BEGIN
    FOR rec IN (
      SELECT MAX(v.state) AS state FROM EESZT_V_SERVICE v WHERE v.service = p_service
    ) LOOP
      l_state := rec.state;
    END LOOP;
    RETURN l_state;
  END service_state;

END EESZT_API;
/

-- It has not run while one of its units does not compile.
DECLARE
  l_error VARCHAR2(4000);
BEGIN
  SELECT MAX(e.type || ' ' || e.name || ', line ' || e.line || ': ' || SUBSTR(e.text, 1, 900)) INTO l_error
    FROM USER_ERRORS e WHERE e.attribute = 'ERROR' AND e.name IN ('EESZT_OUT_INTERACTIVE_API', 'EESZT_OUT_QUERY_API', 'EESZT_OUT_BACKGROUND_API',
      'EESZT_API');
  IF l_error IS NOT NULL THEN
    RAISE_APPLICATION_ERROR(-20683, SUBSTR('EESZT: ' || l_error, 1, 1000));
  END IF;
END;
/

DELETE FROM EESZT_SCHEMA_SCRIPT WHERE script = '100_package.sql';
INSERT INTO EESZT_SCHEMA_SCRIPT (script, sha256, run_at, run_by)
VALUES ('100_package.sql', '5c63d6b475200376624762866cd5c01af92a82df7e6e875392319b9a04582a9d', SYS_EXTRACT_UTC(SYSTIMESTAMP), USER);
COMMIT;
