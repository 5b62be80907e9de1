-- The PL/SQL packages: EESZT_API, which MedWorkS calls, and one private package per outbox, which does its work.
-- [query name] is a statement of ../queries.sql, whose :binds are the subprogram's p_binds: no other statement writes an
-- outbox here. Lines between [each outbox] and [end each] stand once per outbox, those between [over] and [end over] only for
-- an outbox that lies over a table of the HIS.
-- No package has a state, so that each may be replaced while sessions use it.

-- errors --
-- What EESZT_API refuses: number | what the caller's user reads | what that means to who wrote the call.
20701 | Nincs ilyen tétel. | no outbox has an item of that number (it may have been rolled back)
20702 | Ezt csak az vonhatja vissza, aki felírta. | only its recorder may withdraw or replace it
20703 | Előbb le kell zárni a tranzakciót (COMMIT), csak utána lehet dönteni. | a transaction is open in this session: commit or roll back, then ask
20704 | A tételen éppen más dolgozik: próbálja újra. | another session held the row for more than five seconds
20705 | Ugyanezt az adatot most egy másik munkamenet írja: próbálja újra. | another session has written the same document type and source key and has not ended for more than five seconds
20706 | Csak elutasított (REJECTED) vagy hibás (INVALID) tétel küldhető be újra. | the item is in another state
20707 | A papíralapú forma érvényes: új vényként kell rögzíteni. | a ward waited for the item, and has given out paper
20708 | A tétel már lezárult: új tételt kell írni. | the item is final
20709 | Ezt az adatot a saját táblájában kell rögzíteni, onnan megy fel. | the outbox lies over a table of the HIS: insert the record there
20710 | A munkamenet más felhasználóhoz van kötve. | the session is bound to the user in brackets: bind it anew, or unbind it
20711 | Az eredményt csak az láthatja, aki kérdezte: EESZT-bejelentkezés szükséges. | the session is bound to no living login
20712 | Ehhez a lekérdezéshez nincs eredmény: kérdezze le újra. | there is none yet, it has expired, or somebody else asked
20713 | A felhasználónak nincs EESZT-megfeleltetése: forduljon az informatikához. | EESZT_USER_MAP has no REGISTERED row of the user
20714 | A bejelentkezés nem él: jelentkezzen be újra az EESZT-be. | the handle belongs to no living login

-- context --
-- Who a session is bound to. Its owner needs CREATE ANY CONTEXT; the name is the whole database's, so that it has the
-- owner's in it: with one name for all, a second installation would take it from the first.
CREATE OR REPLACE CONTEXT [context] USING EESZT_API;

-- lane_spec --
-- What EESZT_API does on one outbox. Private: only the owner may execute it.
CREATE OR REPLACE PACKAGE [outbox_api] AUTHID DEFINER AS

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

END [outbox_api];
/

-- lane_body --
-- The statements of queries.sql, each in a subprogram of its own, and what follows from them.
CREATE OR REPLACE PACKAGE BODY [outbox_api] AS

  -- Statements

  FUNCTION is_alive RETURN NUMBER IS
    l_daemons NUMBER := 0;
  BEGIN
    FOR rec IN (
      [query is_alive]
    ) LOOP
      l_daemons := rec.daemons;
    END LOOP;
    RETURN LEAST(l_daemons, 1);
  END is_alive;

  FUNCTION same_record (p_document_type IN VARCHAR2, p_source_key IN VARCHAR2) RETURN NUMBER IS
    l_item NUMBER;
  BEGIN
    FOR rec IN (
      [query same_record]
    ) LOOP
      l_item := rec.item_id;
    END LOOP;
    RETURN l_item;
  END same_record;

  FUNCTION has_withdrawal (p_item_id IN NUMBER) RETURN NUMBER IS
    l_found NUMBER := 0;
  BEGIN
    FOR rec IN (
      [query withdrawal_alive]
    ) LOOP
      l_found := 1;
    END LOOP;
    RETURN l_found;
  END has_withdrawal;

  FUNCTION state_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_state VARCHAR2(20 CHAR);
  BEGIN
    FOR rec IN (
      [query state_of]
    ) LOOP
      l_state := rec.state;
    END LOOP;
    RETURN l_state;
  END state_of;

  FUNCTION prescriber_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_his_user VARCHAR2(100 CHAR);
  BEGIN
    FOR rec IN (
      [query prescriber]
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
    [query submit];
  END insert_item;

  PROCEDURE insert_withdrawal (
    p_item_id IN NUMBER, p_asked_by IN VARCHAR2, p_now IN TIMESTAMP, p_count OUT NUMBER) IS
  BEGIN
    [query queue_withdrawal];
    p_count := SQL%ROWCOUNT;
  END insert_withdrawal;

  PROCEDURE inherit_proof (p_item_id IN NUMBER) IS
  BEGIN
    [query inherit_proof];
  END inherit_proof;

  PROCEDURE note_asker (p_item_id IN NUMBER, p_asked_by IN VARCHAR2) IS
  BEGIN
    [query note_asker];
  END note_asker;

  PROCEDURE hand_on_locked (p_item_id IN NUMBER, p_locked IN CLOB) IS
  BEGIN
    [query hand_on_locked];
  END hand_on_locked;

  PROCEDURE purge_bodies (p_items IN CLOB) IS
  BEGIN
    [query purge_bodies];
  END purge_bodies;

  PROCEDURE fail_successor (
    p_item_id IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    [query fail_successor];
    p_count := SQL%ROWCOUNT;
  END fail_successor;

  PROCEDURE withdrawal_failed (p_item_id IN NUMBER, p_why IN VARCHAR2) IS
  BEGIN
    [query withdrawal_failed];
  END withdrawal_failed;

  PROCEDURE withdraw_unsent (
    p_item_id IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    [query withdraw_unsent];
    p_count := SQL%ROWCOUNT;
  END withdraw_unsent;

  PROCEDURE withdraw_sent (p_item_id IN NUMBER, p_count OUT NUMBER) IS
  BEGIN
    [query withdraw_sent];
    p_count := SQL%ROWCOUNT;
  END withdraw_sent;

  PROCEDURE verdict_unsent (
    p_item_id IN NUMBER, p_alive IN NUMBER, p_count OUT NUMBER, p_withdraws OUT NUMBER, p_status_text OUT VARCHAR2) IS
  BEGIN
    [query verdict_unsent];
    p_count := SQL%ROWCOUNT;
  END verdict_unsent;

  PROCEDURE verdict_sent (p_item_id IN NUMBER, p_alive IN NUMBER) IS
  BEGIN
    [query verdict_sent];
  END verdict_sent;

  -- Locks

  -- The row for this transaction; refuses after five seconds, so that no client hangs.
  PROCEDURE lock_item (p_item_id IN NUMBER, p_state OUT VARCHAR2, p_compensation OUT VARCHAR2) IS
    e_busy EXCEPTION;
    PRAGMA EXCEPTION_INIT (e_busy, -30006);
  BEGIN
    FOR rec IN (
      [query lock_item]
    ) LOOP
      p_state := rec.state;
      p_compensation := rec.compensation;
    END LOOP;
  EXCEPTION
    WHEN e_busy THEN
      RAISE_APPLICATION_ERROR(-20704, [error 20704] || ' (' || p_item_id || ')');
  END lock_item;

  -- 1: the row is this transaction's now; 0: another session holds it.
  FUNCTION lock_item_now (p_item_id IN NUMBER) RETURN NUMBER IS
    l_locked NUMBER := 0;
  BEGIN
    FOR rec IN (
      [query lock_item_now]
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
      [query lock_record]
    ) LOOP
      l_found := 1;
    END LOOP;
    RETURN l_found;
  EXCEPTION
    WHEN e_busy THEN
      RAISE_APPLICATION_ERROR(-20705, [error 20705]);
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
      [query successors]
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
      [query lock_successors]
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
    [over]
    -- nothing but its owner writes into a table of the HIS
    IF l_found = 0 THEN
      note_withdrawal(p_item_id, NULL);
      RETURN;
    END IF;
    [end over]
    insert_withdrawal(p_item_id, p_asked_by, [now], l_count);
    IF l_count = 0 THEN  -- its document type has none
      note_withdrawal(p_item_id, NULL);
      RETURN;
    END IF;
    FOR withdrawal IN (
      [query newest_withdrawal]
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
    [over]
    IF 1 = 1 THEN
      RAISE_APPLICATION_ERROR(-20709, [error 20709]);
    END IF;
    [end over]
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
      [query retry_waiting];
    ELSIF l_state = 'PARKED' THEN
      [query unpark];
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
      [query ward]
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
      [query original]
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
      [query original]
    ) LOOP
      -- record, key, row: in the order of an insert
      lock_record(rec.document_type, COALESCE(p_source_key, rec.source_key));
      IF rec.order_key IS NOT NULL THEN
        EESZT_LOCK_ORDER([lane], rec.order_key);
      END IF;
      l_state := withdraw(p_item_id, p_asked_by);
      l_new := submit(rec.document_type, COALESCE(p_source_key, rec.source_key), rec.order_key, rec.priority,
                      COALESCE(p_asked_by, rec.recorded_by), COALESCE(p_workplace, rec.workplace), p_recorded_at,
                      p_payload, p_item_id, NULL);
    END LOOP;
    RETURN l_new;
  END replace_item;

END [outbox_api];
/

-- api_spec --
-- What MedWorkS calls.
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

-- api_body --
-- Who may, and in which outbox: then the outbox's own package does it.
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
       WHERE l.login_id = TO_NUMBER(SYS_CONTEXT('[context]', 'LOGIN_ID')) AND l.ended_at IS NULL AND l.ends_at > [now]
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
      SELECT l.his_user AS his_user FROM EESZT_LOGIN l WHERE l.login_id = TO_NUMBER(SYS_CONTEXT('[context]', 'LOGIN_ID'))
    ) LOOP
      l_bound := rec.his_user;
    END LOOP;
    IF l_bound IS NOT NULL AND p_his_user IS NOT NULL AND p_his_user <> l_bound THEN
      RAISE_APPLICATION_ERROR(-20710, [error 20710] || ' (' || l_bound || ')');
    END IF;
    RETURN COALESCE(p_his_user, l_bound);
  END who;

  -- Where

  FUNCTION lane_of (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_lane VARCHAR2(60 CHAR);
  BEGIN
    FOR rec IN (
      [query lane_of_item]
    ) LOOP
      l_lane := rec.lane;
    END LOOP;
    IF l_lane IS NULL THEN
      RAISE_APPLICATION_ERROR(-20701, [error 20701] || ' (' || p_item_id || ')');
    END IF;
    RETURN l_lane;
  END lane_of;

  -- What no type in force names goes to the last outbox, where it ends INVALID.
  FUNCTION lane_of_type (p_document_type IN VARCHAR2) RETURN VARCHAR2 IS
    l_lane VARCHAR2(60 CHAR);
  BEGIN
    FOR rec IN (
      [query lane_of_type]
    ) LOOP
      l_lane := rec.lane;
    END LOOP;
    RETURN CASE WHEN l_lane IN ([lanes]) THEN l_lane ELSE [last_lane] END;
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
    [each outbox]
    IF l_lane = [lane] THEN
      l_item := [outbox_api].submit(p_document_type, p_source_key, p_order_key, p_priority, l_who, p_workplace,
                                    p_recorded_at, p_payload, p_replaces, p_first_recorded_at);
    END IF;
    [end each]
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
    [each outbox]
    IF l_lane = [lane] THEN
      l_prescriber := [outbox_api].prescriber_of(p_item_id);
      IF l_prescriber <> COALESCE(l_who, '-') THEN
        RAISE_APPLICATION_ERROR(-20702, [error 20702] || ' (' || p_item_id || ')');
      END IF;
      l_state := [outbox_api].withdraw(p_item_id, l_who);
    END IF;
    [end each]
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
    [each outbox]
    IF l_lane = [lane] THEN
      l_prescriber := [outbox_api].prescriber_of(p_item_id);
      IF l_prescriber <> COALESCE(l_who, '-') THEN
        RAISE_APPLICATION_ERROR(-20702, [error 20702] || ' (' || p_item_id || ')');
      END IF;
      l_item := [outbox_api].replace_item(p_item_id, l_who, p_payload, p_source_key, p_workplace, p_recorded_at);
    END IF;
    [end each]
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
      RAISE_APPLICATION_ERROR(-20703, [error 20703]);
    END IF;
    l_lane := lane_of(p_item_id);
    [each outbox]
    IF l_lane = [lane] THEN
      [outbox_api].look(p_item_id, l_told, l_is_due);
      IF l_is_due = 1 THEN
        l_told := [outbox_api].verdict(p_item_id);
      END IF;
    END IF;
    [end each]
    RETURN l_told;
  END decide;

  FUNCTION wait_for (p_item_id IN NUMBER, p_seconds IN NUMBER DEFAULT 10) RETURN VARCHAR2 IS
    l_seconds NUMBER;
    l_until   TIMESTAMP(6);
    l_told    VARCHAR2(20 CHAR);
  BEGIN
    l_seconds := LEAST(GREATEST(COALESCE(p_seconds, 0), 0), 60);
    l_until := [now] + NUMTODSINTERVAL(l_seconds, 'SECOND');
    l_told := decide(p_item_id);
    -- counted, so that a clock that is set back does not stretch it
    FOR look IN 1 .. CEIL(l_seconds * 10) LOOP
      EXIT WHEN COALESCE(l_told, '-') <> 'WAIT' OR [now] >= l_until;
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
      RAISE_APPLICATION_ERROR(-20711, [error 20711]);
    END IF;
    FOR rec IN (
      SELECT r.result AS result
        FROM EESZT_RESULT r
       WHERE r.item_id = p_item_id AND r.asker = l_who AND r.expires_at > [now]
    ) LOOP
      l_found := 1;
      l_result := rec.result;
    END LOOP;
    IF l_found = 0 THEN
      RAISE_APPLICATION_ERROR(-20712, [error 20712] || ' (' || p_item_id || ')');
    END IF;
    RETURN l_result;
  END result;

  FUNCTION retry (p_item_id IN NUMBER) RETURN VARCHAR2 IS
    l_lane  VARCHAR2(60 CHAR);
    l_state VARCHAR2(20 CHAR);
  BEGIN
    l_lane := lane_of(p_item_id);
    [each outbox]
    IF l_lane = [lane] THEN
      l_state := [outbox_api].retry(p_item_id);
    END IF;
    [end each]
    IF l_state IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') THEN
      RAISE_APPLICATION_ERROR(-20708, [error 20708] || ' (' || p_item_id || ': ' || l_state || ')');
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
    [each outbox]
    IF l_lane = [lane] THEN
      [outbox_api].resubmit(p_item_id, l_who, p_recorded_at, p_payload, l_item, l_refusal, l_state);
    END IF;
    [end each]
    IF l_refusal = -20706 THEN
      RAISE_APPLICATION_ERROR(-20706, [error 20706] || ' (' || p_item_id || ': ' || l_state || ')');
    ELSIF l_refusal = -20707 THEN
      RAISE_APPLICATION_ERROR(-20707, [error 20707] || ' (' || p_item_id || ')');
    END IF;
    RETURN l_item;
  END resubmit;

  -- Login

  PROCEDURE note_login (
    p_his_user IN VARCHAR2, p_nonce_hash IN VARCHAR2, p_short_code IN VARCHAR2, p_handle_hash IN VARCHAR2) IS
    PRAGMA AUTONOMOUS_TRANSACTION;
  BEGIN
    INSERT INTO EESZT_LOGIN_REQUEST (his_user, nonce_hash, begun_at, expires_at, short_code, handle_hash)
    VALUES (p_his_user, p_nonce_hash, [now], [now] + INTERVAL '2' MINUTE, p_short_code, p_handle_hash);
    COMMIT;
  END note_login;

  PROCEDURE end_login (p_handle_hash IN VARCHAR2) IS
    PRAGMA AUTONOMOUS_TRANSACTION;
  BEGIN
    -- the request first: what is being finished at this moment is either called off by it, or ended below
    UPDATE EESZT_LOGIN_REQUEST SET ended_at = [now], used_at = COALESCE(used_at, [now])
     WHERE handle_hash = p_handle_hash AND ended_at IS NULL;
    UPDATE EESZT_LOGIN SET ended_at = [now], end_reason = 'LOGOUT', sealed = NULL
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
      RAISE_APPLICATION_ERROR(-20713, [error 20713] || ' (' || p_his_user || ')');
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
                  WHEN r.used_at IS NULL AND r.expires_at > [now] THEN 'WAITING'
                  WHEN r.used_at > [now] - INTERVAL '3' MINUTE THEN 'CHECKING'
                  ELSE 'REFUSED' END AS state
        FROM EESZT_LOGIN_REQUEST r
       WHERE r.handle_hash = l_hash
    ) LOOP
      l_state := rec.state;
    END LOOP;
    FOR rec IN (
      SELECT CASE WHEN l.ended_at IS NULL AND l.ends_at > [now] THEN 'LIVE' ELSE 'ENDED' END AS state,
             FLOOR((CAST(l.ends_at AS DATE) - CAST([now] AS DATE)) * 1440) AS minutes_left
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
    DBMS_SESSION.CLEAR_ALL_CONTEXT('[context]');
    IF p_handle IS NULL THEN
      RETURN;
    END IF;
    l_hash := hashed(p_handle);
    FOR rec IN (
      SELECT l.login_id AS login_id, l.his_user AS his_user
        FROM EESZT_LOGIN l
       WHERE l.handle_hash = l_hash AND l.ended_at IS NULL AND l.ends_at > [now]
    ) LOOP
      l_login_id := rec.login_id;
      l_his_user := rec.his_user;
    END LOOP;
    IF l_login_id IS NULL THEN
      RAISE_APPLICATION_ERROR(-20714, [error 20714]);
    END IF;
    DBMS_SESSION.SET_CONTEXT('[context]', 'LOGIN_ID', TO_CHAR(l_login_id));
    DBMS_SESSION.SET_CONTEXT('[context]', 'HIS_USER', l_his_user);
  END bind;

  PROCEDURE logout (p_handle IN VARCHAR2) IS
  BEGIN
    DBMS_SESSION.CLEAR_ALL_CONTEXT('[context]');
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
