-- What the database itself does at an insert, an update, a delete, on Oracle; see tables.sql.
-- PL/SQL without package state, so that every unit can be replaced under load. '{WORD}' is a sentence for the ward; it has
-- its one home in runner/domain/sentences.py. Errors: -20690 to -20694, see ../README.md.

-- locks --
-- Locks that an insert takes and its transaction holds: whoever comes second sees what the first one committed. The row to
-- lock is made in a transaction of its own and stays, so that the wait for it has an end: a wait for a key that another
-- session has inserted and not committed has none.
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

-- local_time --
-- The instant of a local time, null where there is none or more than one: an hour that summer time leaves out or gives twice.
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

-- state_trigger --
-- Refuses what the protocol does not know: a state that may not follow, a ward that is told twice, a row that vanishes.
CREATE OR REPLACE TRIGGER [outbox_bd]
BEFORE DELETE ON [outbox]
FOR EACH ROW
WHEN (OLD.[state] NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED'))
BEGIN
  RAISE_APPLICATION_ERROR(-20694, 'EESZT: an item on its way cannot be deleted, withdraw it');
END;
/
CREATE OR REPLACE TRIGGER [outbox_bu]
BEFORE UPDATE OF [state], [ward_answer], [item_id] ON [outbox]
FOR EACH ROW
WHEN (OLD.[unsettled] IS NULL)
DECLARE
  l_allowed NUMBER;
BEGIN
  IF :NEW.[item_id] <> :OLD.[item_id] OR (:NEW.[item_id] IS NULL AND :OLD.[item_id] IS NOT NULL) THEN
    RAISE_APPLICATION_ERROR(-20693, 'EESZT: an item keeps its number');
  END IF;
  IF :OLD.[ward_answer] IN ('PRINT', 'PAPER')
     AND (:NEW.[ward_answer] IS NULL OR :NEW.[ward_answer] <> :OLD.[ward_answer]) THEN
    RAISE_APPLICATION_ERROR(-20692, 'EESZT: the ward is told once');
  END IF;
  IF :NEW.[state] IS NULL AND :OLD.[state] IS NOT NULL THEN
    RAISE_APPLICATION_ERROR(-20691, 'EESZT: this state may not follow');
  END IF;
  IF :NEW.[state] <> :OLD.[state] THEN
    SELECT COUNT(*) INTO l_allowed FROM EESZT_TRANSITION t
     WHERE t.from_state = :OLD.[state] AND t.to_state = :NEW.[state];
    IF l_allowed = 0 THEN
      RAISE_APPLICATION_ERROR(-20691, 'EESZT: this state may not follow');
    END IF;
  END IF;
END;
/

-- insert_trigger --
-- What MedWorkS leaves out, by the database's clock; nothing that a row holds makes the insert fail. The row trigger takes
-- the locks, then number and clock, so that numbers of one order key rise in the order of its commits. It may not read its own
-- table, so it leaves the row unsettled; the statement trigger settles the rows of its statement, the only unsettled ones
-- that it can see.
-- LOGIN_DOWN is what a living daemon knows: the last word of a dead one proves no outage, and the item rather waits.
CREATE OR REPLACE TRIGGER [outbox_bi]
BEFORE INSERT ON [outbox]
FOR EACH ROW
DECLARE
  l_now      TIMESTAMP(6);
  l_first    TIMESTAMP(6);
  l_send_s   EESZT_DOCUMENT_TYPE.send_limit_s%TYPE;
  l_answer_s EESZT_DOCUMENT_TYPE.answer_limit_s%TYPE;
  l_kind     EESZT_DOCUMENT_TYPE.kind%TYPE;
  l_needs    EESZT_DOCUMENT_TYPE.needs%TYPE;
  l_live     NUMBER;
  l_down     NUMBER;
BEGIN
  IF :NEW.[item_id] IS NOT NULL THEN
    RAISE_APPLICATION_ERROR(-20690, 'EESZT: leave item_id out, the database gives it');
  END IF;
  :NEW.[reason_code] := NULL;
  :NEW.[status_text] := NULL;
[read_his]
  -- first the record, then its key, as EESZT_API does: two who lock in different orders wait for each other. Whoever names the
  -- original has, or gets, its row lock instead: the runner withdraws while it holds that already.
  IF :NEW.[source_key] IS NOT NULL AND :NEW.[document_type] IS NOT NULL AND :NEW.[withdraws] IS NULL THEN
    EESZT_LOCK_RECORD(:NEW.[document_type], :NEW.[source_key]);
  END IF;
  IF :NEW.[order_key] IS NOT NULL THEN
    EESZT_LOCK_ORDER([lane], :NEW.[order_key]);
  END IF;

  l_now := [now];
  :NEW.[item_id] := EESZT_ITEM_SEQ.NEXTVAL;
  :NEW.[unsettled] := CASE WHEN :NEW.[withdraws] IS NULL THEN 0 WHEN :NEW.[withdraws] = 0 THEN -1 ELSE :NEW.[withdraws] END;
  :NEW.[has_payload] := NULL;
  :NEW.[priority] := NVL(:NEW.[priority], 100);

  -- Whatever the statement said of the runner's own columns does not count.
  :NEW.[created_at] := l_now;
  :NEW.[state] := 'NEW';
  :NEW.[state_at] := l_now;
  :NEW.[next_at] := l_now;
  :NEW.[send_by] := NULL;
  :NEW.[answer_by] := NULL;
  :NEW.[ward_answer] := NULL;
  :NEW.[depends_on] := NULL;
  :NEW.[withdraws] := NULL;
  :NEW.[claim_owner] := NULL;
  :NEW.[claim_token] := NULL;
  :NEW.[lease_until] := NULL;
  :NEW.[rescue_count] := 0;
  :NEW.[attempts] := 0;
  :NEW.[probe_count] := 0;
  :NEW.[sent_at] := NULL;
  :NEW.[withdraw_asked_at] := NULL;
  :NEW.[withdraw_asked_by] := NULL;
  :NEW.[compensation] := NULL;
  :NEW.[mapping_version] := NULL;
  :NEW.[message_id] := NULL;
  :NEW.[acting_user] := NULL;

  -- Times that cannot be meant; the row ends with the sentence when it is settled.
  IF :NEW.[recorded_at] < TIMESTAMP '1900-01-01 00:00:00' OR :NEW.[recorded_at] >= TIMESTAMP '2200-01-01 00:00:00' THEN
    :NEW.[recorded_at] := NULL;
  END IF;
  IF :NEW.[recorded_at] IS NULL THEN
    :NEW.[status_text] := NVL(:NEW.[status_text], '{BAD_RECORDED_AT}');
  END IF;
  IF :NEW.[first_recorded_at] < TIMESTAMP '1900-01-01 00:00:00'
     OR :NEW.[first_recorded_at] >= TIMESTAMP '2200-01-01 00:00:00' THEN
    :NEW.[first_recorded_at] := NULL;
    :NEW.[status_text] := NVL(:NEW.[status_text], '{BAD_FIRST_RECORDED_AT}');
  END IF;
  IF :NEW.[status_text] IS NOT NULL THEN
    :NEW.[reason_code] := 'BAD_FIELD';
  END IF;

  -- Limits: what a ward waits for runs from the insert, everything else from its (first) recording.
  SELECT MAX(t.send_limit_s), MAX(t.answer_limit_s), MAX(t.kind), NVL(MAX(t.needs), 'FINAL')
    INTO l_send_s, l_answer_s, l_kind, l_needs
    FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = :NEW.[document_type];
  :NEW.[needs] := l_needs;
  IF l_answer_s IS NOT NULL THEN
    :NEW.[ward_answer] := 'WAIT';
    :NEW.[answer_by] := l_now + NUMTODSINTERVAL(l_answer_s, 'SECOND');
  END IF;
  IF l_send_s IS NOT NULL THEN
    l_first := l_now;
    IF l_answer_s IS NULL AND l_kind <> 'R' THEN
      l_first := LEAST(l_now, COALESCE(:NEW.[first_recorded_at], :NEW.[recorded_at], l_now));
    END IF;
    :NEW.[send_by] := l_first + NUMTODSINTERVAL(l_send_s, 'SECOND');
  END IF;

  :NEW.[recorder_proof] := 'ASSERTED';
  -- the login that EESZT_API.bind tied this session to, while it lives
  SELECT COUNT(*) INTO l_live FROM EESZT_LOGIN l
   WHERE l.login_id = TO_NUMBER(SYS_CONTEXT('[context]', 'LOGIN_ID')) AND l.his_user = :NEW.[recorded_by]
     AND l.ended_at IS NULL AND l.ends_at > l_now;
  IF l_live > 0 THEN
    :NEW.[recorder_proof] := 'BOUND';
  END IF;
  SELECT COUNT(*) INTO l_live
    FROM EESZT_USER_MAP u JOIN EESZT_LOGIN l ON l.live_user = u.eeszt_user AND l.his_user = u.his_user
   WHERE u.his_user = :NEW.[recorded_by] AND l.ends_at > l_now;
  :NEW.[login_at_recording] := 'NONE';
  IF l_live > 0 THEN
    :NEW.[login_at_recording] := 'LIVE';
  ELSE
    SELECT COUNT(*) INTO l_down FROM EESZT_SERVICE_STATE s
     WHERE s.service = 'sts' AND s.state = 'DOWN'
       AND EXISTS (SELECT 1 FROM EESZT_RUNNER d WHERE d.beat_at >= l_now - INTERVAL '5' SECOND);
    IF l_down > 0 THEN
      :NEW.[login_at_recording] := 'LOGIN_DOWN';
    END IF;
  END IF;
END;
/
CREATE OR REPLACE TRIGGER [outbox_ai]
AFTER INSERT ON [outbox]
DECLARE
  l_now          TIMESTAMP(6);
  l_known        NUMBER;
  l_is_wd        NUMBER;  -- whether its type withdraws another
  l_named        NUMBER;
  l_withdraws    NUMBER;
  l_depends_on   NUMBER;
  l_behind       NUMBER;
  l_last         NUMBER;
  l_taken        NUMBER;
  l_state        EESZT_TRANSITION.from_state%TYPE;
  l_reason       VARCHAR2(60 CHAR);
  l_text         VARCHAR2(1000 CHAR);
  l_needs        EESZT_DOCUMENT_TYPE.needs%TYPE;
  l_answer       VARCHAR2(20 CHAR);
  e_busy         EXCEPTION;
  PRAGMA EXCEPTION_INIT (e_busy, -30006);
BEGIN
  l_now := [now];
  FOR r IN (SELECT o.[item_id] AS item_id, o.[document_type] AS document_type, o.[source_key] AS source_key,
                   o.[order_key] AS order_key, o.[recorded_by] AS recorded_by, o.[replaces] AS replaces,
                   o.[needs] AS needs, o.[ward_answer] AS ward_answer, o.[answer_by] AS answer_by,
                   o.[status_text] AS status_text, o.[unsettled] AS named
              FROM [outbox] o WHERE o.[unsettled] IS NOT NULL ORDER BY o.[item_id]) LOOP
    SELECT COUNT(*) INTO l_known FROM EESZT_DOCUMENT_TYPE t
     WHERE t.document_type = r.document_type AND t.active = 1 AND t.is_probe = 0;
    SELECT COUNT(*) INTO l_is_wd FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = r.document_type;
    l_state := 'NEW';
    l_reason := NULL;
    l_text := NULL;
    l_needs := r.needs;
    l_withdraws := NULL;
    l_taken := 0;

    -- A withdrawal withdraws the item that it names, else the one of its record: the newest that still stands, or else the
    -- newest. Only where it names no record either, it is the last item of its order key.
    IF l_is_wd > 0 THEN
      IF r.named <> 0 THEN
        l_named := r.named;
      ELSIF r.source_key IS NOT NULL THEN
        SELECT MAX(x.item_id) INTO l_named FROM (
          SELECT o.[item_id] AS item_id
            FROM [outbox] o JOIN EESZT_DOCUMENT_TYPE k ON k.document_type = o.[document_type]
           WHERE o.[source_key] = r.source_key AND k.withdrawal_type = r.document_type AND o.[unsettled] IS NULL
             AND (o.[reason_code] IS NULL OR o.[reason_code] <> 'DUPLICATE')
           ORDER BY CASE WHEN o.[state] IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') THEN 1
                         WHEN o.[compensation] IN ('DUE', 'DONE') THEN 1
                         WHEN o.[compensation] IS NULL AND o.[withdraw_asked_at] IS NOT NULL THEN 1
                         ELSE 0 END, o.[item_id] DESC
           FETCH FIRST 1 ROW ONLY) x;
      ELSE
        SELECT MAX(h.last_original) INTO l_named FROM EESZT_ORDER_HEAD h
         WHERE h.lane = [lane] AND h.order_key = r.order_key;
      END IF;
      -- its row lock: the first of two withdrawals is seen by the second
      FOR o IN (SELECT p.[item_id] AS item_id FROM [outbox] p
                 WHERE p.[item_id] = l_named AND p.[unsettled] IS NULL
                   AND p.[document_type] IN (SELECT t.document_type FROM EESZT_DOCUMENT_TYPE t
                                              WHERE t.withdrawal_type = r.document_type) FOR UPDATE WAIT 10) LOOP
        l_withdraws := o.item_id;
      END LOOP;
    END IF;

    -- Order: behind what it withdraws; else behind the last of its key, or behind the withdrawal of what it replaces, or of
    -- the item of its record that stood last. A withdrawal that came to nothing does not count where another one counts.
    IF l_withdraws IS NOT NULL THEN
      l_depends_on := l_withdraws;
    ELSE
      SELECT MAX(p.[item_id]) INTO l_depends_on
        FROM EESZT_ORDER_HEAD h JOIN [outbox] p ON p.[item_id] = h.last_item
       WHERE h.lane = [lane] AND h.order_key = r.order_key;
      l_behind := r.replaces;
      SELECT MAX(p.[item_id]) INTO l_last FROM [outbox] p
       WHERE p.[document_type] = r.document_type AND p.[source_key] = r.source_key AND p.[unsettled] IS NULL
         AND p.[state] NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED');
      FOR b IN 1 .. 2 LOOP
        SELECT MAX(x.item_id) INTO l_named FROM (
          SELECT w.[item_id] AS item_id FROM [outbox] w
           WHERE w.[withdraws] = l_behind AND w.[unsettled] IS NULL
           ORDER BY CASE WHEN w.[state] IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') THEN 1 ELSE 0 END,
                    w.[item_id] DESC
           FETCH FIRST 1 ROW ONLY) x;
        l_depends_on := GREATEST(NVL(l_depends_on, l_named), NVL(l_named, l_depends_on));
        l_behind := l_last;
      END LOOP;
      -- Behind what never went: wait for what that one waited for, while that has not ended.
      SELECT NVL(MAX(p.[item_id]), l_depends_on) INTO l_depends_on
        FROM [outbox] e JOIN [outbox] p ON p.[item_id] = e.[depends_on]
       WHERE e.[item_id] = l_depends_on
         AND e.[state] IN ('INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') AND e.[sent_at] IS NULL
         AND p.[state] NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
         AND (e.[reason_code] = 'PREDECESSOR'
              OR NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = e.[document_type]));
    END IF;

    -- What follows a withdrawal of its own kind must not go up beside what was to be withdrawn.
    SELECT COUNT(*) INTO l_last
      FROM [outbox] p JOIN EESZT_DOCUMENT_TYPE t ON t.withdrawal_type = p.[document_type]
     WHERE p.[item_id] = l_depends_on AND t.document_type = r.document_type;
    IF l_withdraws IS NOT NULL OR l_last > 0 THEN
      l_needs := 'ACCEPTED';
    END IF;

    -- Rows that can never go end here, with a sentence. What only its recorder may withdraw is not touched by anybody else's row.
    IF l_known = 0 THEN
      l_reason := 'UNKNOWN_DOCUMENT_TYPE';
      l_text := '{UNKNOWN_DOCUMENT_TYPE}';
    END IF;
    IF l_reason IS NULL AND l_withdraws IS NOT NULL THEN
      SELECT COUNT(*) INTO l_last
        FROM [outbox] o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.[document_type]
        JOIN EESZT_DOCUMENT_TYPE k ON k.document_type = t.withdrawal_type
       WHERE o.[item_id] = l_withdraws AND (t.kind = 'R' OR k.kind = 'W')
         AND (o.[recorded_by] <> r.recorded_by OR (o.[recorded_by] IS NULL AND r.recorded_by IS NOT NULL)
              OR (o.[recorded_by] IS NOT NULL AND r.recorded_by IS NULL));
      IF l_last > 0 THEN
        l_reason := 'PRESCRIBER_ONLY';
        l_text := '{PRESCRIBER_ONLY}';
      END IF;
    END IF;
    IF l_reason IS NULL AND l_withdraws IS NOT NULL THEN
      SELECT COUNT(*) INTO l_last FROM [outbox] o
       WHERE o.[item_id] = l_withdraws AND (o.[source_key] <> r.source_key OR o.[order_key] <> r.order_key);
      IF l_last > 0 THEN
        l_reason := 'BAD_FIELD';
        l_text := '{WITHDRAWAL_DISAGREES}';
        l_withdraws := NULL;
      END IF;
    END IF;
    IF l_reason IS NULL AND r.status_text IS NOT NULL THEN
      l_reason := 'BAD_FIELD';
      l_text := r.status_text;
    END IF;
    IF l_reason IS NULL AND l_withdraws IS NULL AND l_is_wd > 0 THEN
      l_reason := 'BAD_FIELD';
      l_text := '{NO_ORIGINAL}';
    END IF;
    IF l_reason IS NOT NULL THEN
      l_state := 'INVALID';
    END IF;

    -- One national document per record: the same key again is skipped while the first may be valid; an answered query may be
    -- asked again. What is being withdrawn makes room, here for a row behind its withdrawal; where that failed it still
    -- stands. Nobody waits for the second row: what the ward may hand out is said by the first. Withdrawals count by what
    -- they withdraw.
    IF l_reason IS NULL THEN
      IF l_is_wd = 0 THEN
        SELECT COUNT(*) INTO l_taken
          FROM EESZT_V_ITEM p JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = p.document_type
         WHERE p.document_type = r.document_type AND p.source_key = r.source_key
           AND p.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
           AND NOT (p.state = 'ACCEPTED' AND t.kind IN ('Q', 'L'))
           AND (p.compensation = 'FAILED'
                OR (p.compensation IS NULL AND (p.lane <> [lane] OR p.withdraw_asked_at IS NULL))
                OR (p.compensation = 'DUE' AND p.lane <> [lane]))
           AND NOT EXISTS (SELECT 1 FROM [outbox] u WHERE u.[item_id] = p.item_id AND u.[unsettled] IS NOT NULL);
      ELSE
        SELECT COUNT(*) INTO l_taken FROM [outbox] p
         WHERE p.[withdraws] = l_withdraws AND p.[unsettled] IS NULL
           AND p.[state] NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED');
      END IF;
      IF l_taken > 0 THEN
        l_state := 'SKIPPED';
        l_reason := 'DUPLICATE';
        l_text := '{DUPLICATE}';
      END IF;
    END IF;
    l_answer := r.ward_answer;
    IF l_taken > 0 THEN
      l_answer := NULL;
    ELSIF l_state = 'INVALID' AND r.ward_answer = 'WAIT' THEN
      l_answer := 'PAPER';
    END IF;

    -- From here on the row is under the state trigger.
    UPDATE [outbox] o
       SET o.[withdraws] = l_withdraws, o.[depends_on] = l_depends_on, o.[needs] = l_needs, o.[state] = l_state,
           o.[reason_code] = l_reason, o.[status_text] = l_text, o.[ward_answer] = l_answer,
           o.[answer_by] = CASE WHEN l_taken = 0 THEN o.[answer_by] END,
           o.[next_at] = CASE WHEN l_state = 'NEW' THEN o.[next_at] END, o.[unsettled] = NULL,
           -- here, since a row trigger need not see a LOB that its client sends behind the row
           o.[has_payload] = CASE WHEN o.[payload] IS NOT NULL THEN 1 END
     WHERE o.[item_id] = r.item_id;

    -- The original is not printed any more; what was not sent of it ends at the daemon's next sweep.
    IF l_state = 'NEW' AND l_withdraws IS NOT NULL THEN
      UPDATE [outbox] o
         SET o.[withdraw_asked_at] = COALESCE(o.[withdraw_asked_at], l_now), o.[withdraw_asked_by] = r.recorded_by,
             o.[compensation] = CASE WHEN o.[state] = 'ACCEPTED' THEN 'DUE' ELSE o.[compensation] END
       WHERE o.[item_id] = l_withdraws
         AND ((o.[withdraw_asked_at] IS NULL AND o.[compensation] IS NULL) OR o.[compensation] = 'FAILED');
    END IF;

    -- Behind what never goes nothing waits, but for a withdrawal that was written badly: what it was to withdraw still stands.
    IF r.order_key IS NOT NULL AND (l_reason IS NULL OR l_reason NOT IN ('DUPLICATE', 'PRESCRIBER_ONLY')) THEN
      UPDATE EESZT_ORDER_HEAD h
         SET h.last_item = CASE WHEN l_is_wd > 0 OR l_state = 'NEW' OR h.last_item IS NULL THEN r.item_id
                                ELSE h.last_item END,
             h.last_original = CASE WHEN l_is_wd > 0 THEN h.last_original ELSE r.item_id END
       WHERE h.lane = [lane] AND h.order_key = r.order_key;
    END IF;
  END LOOP;
EXCEPTION
  WHEN e_busy THEN
    RAISE_APPLICATION_ERROR(-20695, 'EESZT: another session holds the item to withdraw and has not ended for 10 seconds; '
                            || 'commit at once, and try again');
END;
/

-- session_triggers --
-- A match or an assignment that is taken back or changed ends the sessions made under it: the next login brings the rights
-- of then.
CREATE OR REPLACE TRIGGER EESZT_USER_MAP_AUD
AFTER UPDATE OR DELETE ON EESZT_USER_MAP
FOR EACH ROW
BEGIN
  IF DELETING OR :NEW.his_user <> :OLD.his_user OR :NEW.is_doctor <> :OLD.is_doctor
     OR :NEW.eeszt_user <> :OLD.eeszt_user OR (:NEW.eeszt_user IS NULL AND :OLD.eeszt_user IS NOT NULL)
     OR (:NEW.eeszt_user IS NOT NULL AND :OLD.eeszt_user IS NULL) THEN
    UPDATE EESZT_LOGIN l SET l.ended_at = [now], l.end_reason = 'USER_MAP', l.sealed = NULL
     WHERE l.his_user = :OLD.his_user AND l.ended_at IS NULL;
  END IF;
END;
/
CREATE OR REPLACE TRIGGER EESZT_USER_WORKPLACE_AUD
AFTER UPDATE OR DELETE ON EESZT_USER_WORKPLACE
FOR EACH ROW
BEGIN
  IF DELETING OR :NEW.eeszt_user <> :OLD.eeszt_user OR :NEW.workplace <> :OLD.workplace OR :NEW.role <> :OLD.role
     OR :NEW.valid_from <> :OLD.valid_from
     OR NVL(:NEW.valid_to, DATE '9999-12-31') <> NVL(:OLD.valid_to, DATE '9999-12-31') THEN
    UPDATE EESZT_LOGIN l SET l.ended_at = [now], l.end_reason = 'USER_WORKPLACE', l.sealed = NULL
     WHERE l.live_user = :OLD.eeszt_user;
  END IF;
END;
/
