-- The verbs' statements on Oracle, in named blocks (`-- name --` and one sentence).
-- [word] is a logical name, see source/. CARDINALITY says that a list is short: Oracle takes 8168 rows for a JSON_TABLE
-- that it knows nothing of, and would read all of a table rather than go by its key so often.

-- successors --
-- What waits for this item to be accepted and can still be ended.
SELECT o.[item_id] AS item_id
  FROM [outbox] o
 WHERE o.[depends_on] = :item_id AND o.[needs] = 'ACCEPTED' AND o.[state] IN ('NEW', 'WAITING', 'PARKED')

-- hand_on --
-- What waits for an item that never went waits for what that one waited for, while that has not ended.
UPDATE [outbox] o
   SET (o.[depends_on], o.[needs]) = (
         SELECT p.[item_id],
                COALESCE(
                  (SELECT 'ACCEPTED' FROM EESZT_DOCUMENT_TYPE t
                    WHERE t.document_type = o.[document_type] AND t.withdrawal_type = p.[document_type]),
                  (SELECT t.needs FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = o.[document_type]),
                  o.[needs])
           FROM [outbox] e JOIN [outbox] p ON p.[item_id] = e.[depends_on]
          WHERE e.[item_id] = :item_id)
 WHERE o.[depends_on] = :item_id AND o.[state] IN ('NEW', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND EXISTS (
         SELECT 1 FROM [outbox] e JOIN [outbox] p ON p.[item_id] = e.[depends_on]
          WHERE e.[item_id] = :item_id AND e.[state] IN ('INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
            AND e.[sent_at] IS NULL
            AND p.[state] NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
            AND (e.[reason_code] = 'PREDECESSOR'
                 OR NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = e.[document_type])))

-- purge_bodies --
-- The bytes of what is final are not needed any more; what they said stays.
UPDATE EESZT_MESSAGE SET body = NULL, purged_at = [now]
 WHERE body IS NOT NULL
   AND item_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- withdrawal_alive --
-- Whether a withdrawal of this item is under way, or done.
SELECT w.[item_id] AS item_id
  FROM [outbox] w
 WHERE w.[withdraws] = :item_id
   AND w.[state] NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')

-- queue_withdrawal --
-- The withdrawal of an item, under who recorded it or who asks; it takes no place in the order of keys.
INSERT INTO [outbox] ([document_type], [source_key], [priority], [recorded_by], [workplace], [recorded_at], [payload],
                      [withdraws])
SELECT t.withdrawal_type, o.[source_key], o.[priority], COALESCE(:asked_by, o.[recorded_by]), o.[workplace], :now,
       o.[payload], o.[item_id]
  FROM [outbox] o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.[document_type]
 WHERE o.[item_id] = :item_id AND t.withdrawal_type IS NOT NULL

-- inherit_proof --
-- A withdrawal under the original's own recorder takes over how he was proved, unless he is proved himself.
UPDATE [outbox] w
   SET w.[recorder_proof] = (SELECT o.[recorder_proof] FROM [outbox] o WHERE o.[item_id] = w.[withdraws])
 WHERE w.[item_id] = :item_id AND w.[recorder_proof] = 'ASSERTED'
   AND EXISTS (SELECT 1 FROM [outbox] o WHERE o.[item_id] = w.[withdraws] AND o.[recorded_by] = w.[recorded_by])

-- prescriber --
-- Who alone may withdraw an item: its recorder where only a doctor may record or withdraw it, else nobody is named.
SELECT o.[recorded_by] AS his_user
  FROM [outbox] o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.[document_type]
  LEFT JOIN EESZT_DOCUMENT_TYPE k ON k.document_type = t.withdrawal_type
 WHERE o.[item_id] = :item_id AND (t.kind IN ('R', 'W') OR k.kind = 'W')

-- note_asker --
-- Who asked to withdraw an item.
UPDATE [outbox] SET [withdraw_asked_by] = COALESCE([withdraw_asked_by], :asked_by)
 WHERE [item_id] = :item_id AND [withdraw_asked_at] IS NOT NULL

-- is_alive --
-- Whether a daemon works on this lane.
SELECT COUNT(*) AS daemons FROM EESZT_RUNNER WHERE lane = [lane] AND beat_at >= [alive_since]

-- same_record --
-- The item that is on its way, or up, for the same record; withdrawals count by what they withdraw, which the insert finds.
SELECT MAX(p.item_id) AS item_id
  FROM EESZT_V_ITEM p JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = p.document_type
 WHERE p.document_type = :document_type AND p.source_key = :source_key
   AND p.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND NOT (p.state = 'ACCEPTED' AND t.kind IN ('Q', 'L'))
   AND NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE o WHERE o.withdrawal_type = p.document_type)
   AND COALESCE(p.compensation, CASE WHEN p.withdraw_asked_at IS NULL THEN 'FAILED' ELSE 'DUE' END) = 'FAILED'

-- lock_record --
-- One record of MedWorkS for this transaction alone, so that two sessions do not both write it.
SELECT h.source_key AS source_key
  FROM EESZT_RECORD_HEAD h
 WHERE h.source_key = :source_key
   AND h.document_type = COALESCE((SELECT t.withdrawal_type FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = :document_type),
                                  :document_type)
   FOR UPDATE WAIT 5

-- lane_of_type --
-- The outbox that a document type belongs to.
SELECT t.lane AS lane FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = :document_type AND t.active = 1

-- lane_of_item --
-- The outbox that an item stands in.
SELECT i.lane AS lane FROM EESZT_V_ITEM i WHERE i.item_id = :item_id

-- submit --
-- Write an item as MedWorkS does.
INSERT INTO [outbox] ([document_type], [source_key], [order_key], [priority], [recorded_by], [workplace], [recorded_at],
                      [payload], [replaces], [first_recorded_at])
VALUES (:document_type, :source_key, :order_key, COALESCE(:priority, 100), :recorded_by, :workplace, :recorded_at, :payload,
        :replaces, :first_recorded_at)
RETURNING [item_id] INTO :new_id

-- lock_item --
-- One item for this transaction alone; what another session holds for longer is not waited for.
SELECT o.[state] AS state, o.[compensation] AS compensation
  FROM [outbox] o
 WHERE o.[item_id] = :item_id
   FOR UPDATE OF o.[state] WAIT 5

-- lock_item_now --
-- The same where nobody holds it, else nothing.
SELECT o.[item_id] AS item_id FROM [outbox] o WHERE o.[item_id] = :item_id FOR UPDATE OF o.[state] SKIP LOCKED

-- withdraw_unsent --
-- Take back what cannot have left; steps.withdraw of runner/domain says the same.
UPDATE [outbox]
   SET [state] = 'CANCELLED', [state_at] = [now], [withdraw_asked_at] = [now],
       [ward_answer] = CASE [ward_answer] WHEN 'WAIT' THEN 'PAPER' ELSE [ward_answer] END,
       [claim_token] = NULL, [claim_owner] = NULL, [lease_until] = NULL, [next_at] = NULL,
       [reason_code] = 'WITHDRAWN', [status_text] = '{WITHDRAWN}'
 WHERE [item_id] = :item_id AND [withdraw_asked_at] IS NULL
   AND ([state] IN ('NEW', 'WAITING', 'CLAIMED') OR ([state] = 'PARKED' AND [sent_at] IS NULL))
RETURNING [withdraws], [status_text] INTO :withdraws, :status_text

-- withdraw_sent --
-- Note the wish where it may have left; what was accepted owes its withdrawal from now on.
UPDATE [outbox]
   SET [withdraw_asked_at] = COALESCE([withdraw_asked_at], [now]),
       [compensation] = CASE WHEN [state] = 'ACCEPTED' AND COALESCE([compensation], 'FAILED') = 'FAILED' THEN 'DUE'
                             ELSE [compensation] END
 WHERE [item_id] = :item_id
   AND ([withdraw_asked_at] IS NULL OR ([state] = 'ACCEPTED' AND [compensation] = 'FAILED'))

-- withdrawal_failed --
-- The original of a withdrawal that came to nothing; steps.withdrawal_ended says the same.
UPDATE [outbox]
   SET [compensation] = 'FAILED',
       -- cut before it is put together: more than 4000 bytes would be ORA-01489
       [status_text] = CASE WHEN :why IS NULL THEN '{WITHDRAWAL_FAILED}'
                            WHEN LENGTH('{WITHDRAWAL_FAILED}') + 1 + LENGTH(:why) > 1000
                            THEN '{WITHDRAWAL_FAILED}' || ' ' || SUBSTR(:why, 1, 998 - LENGTH('{WITHDRAWAL_FAILED}')) || '…'
                            ELSE '{WITHDRAWAL_FAILED}' || ' ' || :why END
 WHERE [item_id] = :item_id AND [compensation] = 'DUE'

-- fail_successor --
-- End what needed its predecessor accepted; for a ward that is no case for paper. steps.fail_with_predecessor says the same.
UPDATE [outbox]
   SET [state] = 'SKIPPED', [state_at] = [now],
       [ward_answer] = CASE [ward_answer] WHEN 'WAIT' THEN NULL ELSE [ward_answer] END,
       [claim_token] = NULL, [claim_owner] = NULL, [lease_until] = NULL, [next_at] = NULL,
       [reason_code] = 'PREDECESSOR',
       [status_text] = CASE [ward_answer] WHEN 'PAPER' THEN '{PREDECESSOR_PAPER}' ELSE '{PREDECESSOR}' END
 WHERE [item_id] = :item_id
   AND ([state] IN ('NEW', 'WAITING') OR ([state] = 'PARKED' AND [sent_at] IS NULL))
RETURNING [withdraws], [status_text] INTO :withdraws, :status_text

-- verdict_unsent --
-- Paper for a ward whose time is over or that nobody works for; what was not permitted ends with that. steps.decide says the same.
UPDATE [outbox]
   SET [state] = 'MISSED', [state_at] = [now], [ward_answer] = 'PAPER',
       [claim_token] = NULL, [claim_owner] = NULL, [lease_until] = NULL, [next_at] = NULL,
       [reason_code] = CASE WHEN [answer_by] > [now] THEN 'NO_RUNNER' ELSE 'WARD_TIMEOUT' END,
       [status_text] = CASE WHEN [answer_by] > [now] THEN '{NO_RUNNER}' ELSE '{WARD_TIMEOUT}' END
 WHERE [item_id] = :item_id AND [state] IN ('NEW', 'WAITING', 'CLAIMED') AND [ward_answer] = 'WAIT'
   AND ([answer_by] <= [now] OR (:alive = 0 AND [answer_by] IS NOT NULL))
RETURNING [withdraws], [status_text] INTO :withdraws, :status_text

-- verdict_sent --
-- Likewise for what may have left, or has ended.
UPDATE [outbox]
   SET [ward_answer] = 'PAPER',
       [status_text] = CASE WHEN [state] IN ('SENDING', 'UNKNOWN', 'PARKED') THEN '{PAPER_WHILE_UNKNOWN}'
                            ELSE [status_text] END
 WHERE [item_id] = :item_id AND [state] NOT IN ('NEW', 'WAITING', 'CLAIMED') AND [ward_answer] = 'WAIT'
   AND ([answer_by] <= [now] OR (:alive = 0 AND [answer_by] IS NOT NULL))

-- ward --
-- What a ward that asks now is told, and whether that can be decided now.
SELECT CASE WHEN o.[ward_answer] = 'PRINT' AND (o.[withdraw_asked_at] IS NOT NULL OR o.[compensation] IS NOT NULL) THEN NULL
            ELSE o.[ward_answer] END AS told,
       CASE WHEN o.[ward_answer] = 'WAIT' AND (o.[answer_by] <= [now] OR (:alive = 0 AND o.[answer_by] IS NOT NULL))
            THEN 1 ELSE 0 END AS is_due
  FROM [outbox] o
 WHERE o.[item_id] = :item_id

-- retry_waiting --
-- Let a waiting item go now.
UPDATE [outbox] SET [next_at] = [now] WHERE [item_id] = :item_id AND [state] = 'WAITING'

-- unpark --
-- Let a parked item go again: from the start where nothing can have been received, else by asking after it.
UPDATE [outbox]
   SET [state] = CASE WHEN [sent_at] IS NULL THEN 'NEW' ELSE 'UNKNOWN' END, [state_at] = [now], [next_at] = [now],
       [reason_code] = NULL, [status_text] = NULL, [rescue_count] = 0, [probe_count] = 0
 WHERE [item_id] = :item_id AND [state] = 'PARKED'

-- state_of --
-- How an item stands.
SELECT o.[state] AS state, o.[order_key] AS order_key FROM [outbox] o WHERE o.[item_id] = :item_id

-- newest_withdrawal --
-- The withdrawal of an item that was written last, and how it stands.
SELECT w.[item_id] AS item_id, w.[state] AS state, w.[status_text] AS status_text
  FROM [outbox] w
 WHERE w.[item_id] = (SELECT MAX(x.[item_id]) FROM [outbox] x WHERE x.[withdraws] = :item_id)

-- original --
-- What a further item for the same record takes over.
SELECT o.[document_type] AS document_type, o.[source_key] AS source_key, o.[order_key] AS order_key,
       o.[priority] AS priority, o.[recorded_by] AS recorded_by, o.[workplace] AS workplace, o.[payload] AS payload,
       o.[state] AS state, o.[answer_by] AS answer_by,
       COALESCE(o.[first_recorded_at], o.[recorded_at]) AS first_recorded_at
  FROM [outbox] o
 WHERE o.[item_id] = :item_id

-- now --
-- The database's clock; leases and deadlines use no other.
SELECT [now] AS now FROM DUAL

-- row_columns --
-- A part of statements: what the protocol knows of an item, and the clock.
o.[item_id] AS item_id, o.[state] AS state, o.[ward_answer] AS ward_answer, o.[claim_token] AS claim_token,
       o.[lease_until] AS lease_until, o.[next_at] AS next_at, o.[send_by] AS send_by, o.[answer_by] AS answer_by,
       o.[sent_at] AS sent_at, o.[message_id] AS message_id, o.[withdraw_asked_at] AS withdraw_asked_at,
       o.[compensation] AS compensation, o.[attempts] AS attempts, o.[probe_count] AS probe_count,
       o.[rescue_count] AS rescue_count, o.[reason_code] AS reason_code, o.[status_text] AS status_text,
       o.[withdraws] AS withdraws, o.[acting_user] AS acting_user,
       (SELECT m.expires_at FROM EESZT_MESSAGE m WHERE m.item_id = o.[item_id]) AS expires_at,
       (SELECT m.digest FROM EESZT_MESSAGE m WHERE m.item_id = o.[item_id]) AS digest,
       (SELECT MAX(i.value) FROM EESZT_IDENTIFIER i
         WHERE i.item_id = o.[item_id] AND i.name = 'eeszt_id' AND i.is_second = 0) AS eeszt_id,
       [now] AS now

-- due_rows --
-- A part of statements: rows that this daemon may claim now, whose predecessor allows them. The subqueries stay filters, so
-- that the rows come in the order of the small index and no more of them are read than are fetched.
  FROM [outbox] o
 WHERE o.[due_prio] IS NOT NULL AND o.[due_at] <= [now] AND o.[unsettled] IS NULL
   AND NOT EXISTS (SELECT /*+ NO_UNNEST */ 1 FROM EESZT_LANE l WHERE l.lane = [lane] AND l.paused_at IS NOT NULL)
   AND EXISTS (SELECT /*+ NO_UNNEST */ 1
                 FROM EESZT_DOCUMENT_TYPE t
                 JOIN JSON_TABLE(:types, '$[*]' COLUMNS (document_type VARCHAR2(60 CHAR) PATH '$[0]',
                                                         digest VARCHAR2(64 CHAR) PATH '$[1]')) h
                   ON h.document_type = t.document_type AND h.digest = t.digest
                WHERE t.document_type = o.[document_type] AND t.active = 1)
   AND (o.[depends_on] IS NULL OR EXISTS (
         SELECT /*+ NO_UNNEST */ 1 FROM [outbox] p
          WHERE p.[item_id] = o.[depends_on]
            AND (p.[state] = 'ACCEPTED'
                 OR (o.[needs] = 'FINAL'
                     AND p.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED'))
                 OR (p.[withdraws] IS NOT NULL AND p.[state] = 'SKIPPED' AND p.[reason_code] = 'PREDECESSOR'))))
   AND (o.[depends_on] IS NULL OR NOT EXISTS (  -- locked when it should have been handed on: see lock_successors
         SELECT /*+ NO_UNNEST */ 1
           FROM [outbox] e JOIN [outbox] g ON g.[item_id] = e.[depends_on]
          WHERE e.[item_id] = o.[depends_on] AND e.[sent_at] IS NULL
            AND e.[state] IN ('INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
            AND g.[state] NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
            AND (e.[reason_code] = 'PREDECESSOR'
                 OR NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE w WHERE w.withdrawal_type = e.[document_type]))))

-- probe_rows --
-- A part of statements: rows to ask after now, unknown or ended by absence and asked after once more.
  FROM [outbox] o
 WHERE o.[probe_at] <= [now] AND o.[lease_until] IS NULL AND (o.[state] = 'UNKNOWN' OR o.[reason_code] = 'ABSENT')
   AND NOT EXISTS (SELECT /*+ NO_UNNEST */ 1 FROM EESZT_LANE l WHERE l.lane = [lane] AND l.paused_at IS NOT NULL)
   AND o.[document_type] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.name
                               FROM JSON_TABLE(:names, '$[*]' COLUMNS (name VARCHAR2(60 CHAR) PATH '$')) jt)

-- claimable --
-- Whether there is anything to claim.
SELECT 1
[block due_rows]

-- claim --
-- Due rows by priority and number, locked as they are fetched: never ROWNUM or FETCH FIRST, which count before what others
-- have locked is skipped. The daemon fetches exactly as many as it takes.
SELECT [block row_columns]
[block due_rows]
 ORDER BY o.[due_prio], o.[due_id]
   FOR UPDATE OF o.[state] SKIP LOCKED

-- probes_due --
-- Whether there is anything to ask after.
SELECT 1
[block probe_rows]

-- claim_probes --
-- Rows to ask after, likewise.
SELECT [block row_columns]
[block probe_rows]
 ORDER BY o.[probe_at]
   FOR UPDATE OF o.[state] SKIP LOCKED

-- lane_paused --
-- Whether an operator paused the lane.
SELECT 1 FROM EESZT_LANE l WHERE l.lane = [lane] AND l.paused_at IS NOT NULL

-- lock_rows --
-- Items for this transaction alone, as they stand; what another session holds is left out and never waited for.
SELECT [block row_columns]
  FROM [outbox] o
 WHERE o.[item_id] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)
   FOR UPDATE OF o.[state] SKIP LOCKED

-- rows --
-- Items as they stand, without a lock.
SELECT [block row_columns]
  FROM [outbox] o
 WHERE o.[item_id] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- rows_of_token --
-- What a claim whose answer was lost came to.
SELECT [block row_columns]
  FROM [outbox] o
 WHERE o.[claim_token] = :token

-- items --
-- What the work on claimed items needs besides. A payload comes as text as far as it fits; LOBs cost another round trip.
SELECT o.[item_id] AS item_id, o.[document_type] AS document_type, o.[recorded_by] AS recorded_by,
       o.[workplace] AS workplace, o.[recorded_at] AS recorded_at, o.[created_at] AS created_at,
       o.[source_key] AS source_key, o.[order_key] AS order_key,
       o.[recorder_proof] AS recorder_proof, o.[login_at_recording] AS login_at_recording,
       o.[acting_user] AS acting_user, o.[withdraws] AS withdraws, w.[recorded_by] AS prescriber,
       o.[mapping_version] AS mapping_version, o.[first_recorded_at] AS first_recorded_at,
       (SELECT p.oth_code FROM EESZT_WORKPLACE p WHERE p.workplace = o.[workplace]) AS oth_code,
       (SELECT COUNT(*) FROM EESZT_WORKPLACE p WHERE p.workplace = o.[workplace]) AS is_workplace,
       TO_CHAR(SUBSTR(o.[payload], 1, 1000)) AS payload, LENGTH(o.[payload]) AS payload_length
  FROM [outbox] o
  LEFT JOIN [outbox] w ON w.[item_id] = o.[withdraws]
 WHERE o.[item_id] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- items_apart --
-- What of them is longer than a text, and body and document where bytes once left.
SELECT o.[item_id] AS item_id, m.body AS body, m.document AS document, o.[payload] AS payload
  FROM [outbox] o
  LEFT JOIN EESZT_MESSAGE m ON m.item_id = o.[item_id]
 WHERE o.[item_id] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- write_row --
-- Write what a step changed, if the row is still what the step saw: a row that came stale from under SKIP LOCKED is not
-- changed. What is to be sent must still be in time.
UPDATE [outbox]
   SET [state] = :state, [ward_answer] = :ward_answer, [claim_token] = :claim_token, [lease_until] = :lease_until,
       [next_at] = :next_at, [sent_at] = :sent_at, [message_id] = :message_id, [withdraw_asked_at] = :withdraw_asked_at,
       [compensation] = :compensation, [attempts] = :attempts, [probe_count] = :probe_count,
       [rescue_count] = :rescue_count, [reason_code] = :reason_code, [status_text] = :status_text,
       [acting_user] = COALESCE(:acting_user, [acting_user]),
       [mapping_version] = COALESCE([mapping_version], :mapping_version),
       [claim_owner] = CASE WHEN :claim_token IS NULL THEN NULL ELSE COALESCE(:claim_owner, [claim_owner]) END,
       [state_at] = CASE WHEN [state] = :state THEN [state_at] ELSE [now] END
 WHERE [item_id] = :item_id AND [state] = :was_state AND [attempts] = :was_attempts
   AND [probe_count] = :was_probe_count AND [rescue_count] = :was_rescue_count
   AND ([claim_token] = :was_claim_token OR ([claim_token] IS NULL AND :was_claim_token IS NULL))
   AND ([ward_answer] = :was_ward_answer OR ([ward_answer] IS NULL AND :was_ward_answer IS NULL))
   AND ([withdraw_asked_at] = :was_withdraw_asked_at OR ([withdraw_asked_at] IS NULL AND :was_withdraw_asked_at IS NULL))
   AND ([compensation] = :was_compensation OR ([compensation] IS NULL AND :was_compensation IS NULL))
   AND ([reason_code] = :was_reason_code OR ([reason_code] IS NULL AND :was_reason_code IS NULL))
   AND ([lease_until] = :was_lease_until OR ([lease_until] IS NULL AND :was_lease_until IS NULL))
   AND ([next_at] = :was_next_at OR ([next_at] IS NULL AND :was_next_at IS NULL))
   AND (:state <> 'SENDING' OR [state] = 'SENDING' OR [send_by] IS NULL OR [send_by] > [now])

-- store_message --
-- Keep what leaves before it leaves. The LOBs stand last: what is longer than 4000 bytes must.
INSERT INTO EESZT_MESSAGE (item_id, message_id, digest, acting_user, mapping_version, stored_at, expires_at, decision,
                           has_document, rules, document, body)
VALUES (:item_id, :message_id, :digest, :acting_user, :mapping_version, :now, :expires_at, :decision,
        1, :rules, :document, :body)

-- renew_message --
-- A retry keeps bytes and identifier and renews the expiry.
UPDATE EESZT_MESSAGE SET expires_at = :expires_at WHERE item_id = :item_id

-- put_body --
-- Bytes that were lost and made anew.
UPDATE EESZT_MESSAGE SET purged_at = NULL, body = :body WHERE item_id = :item_id AND body IS NULL

-- successors_of --
-- What waits for one of these items to be accepted and can still be ended.
SELECT o.[depends_on] AS depends_on, o.[item_id] AS item_id
  FROM [outbox] o
 WHERE o.[needs_id] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- lock_successors --
-- What waits for items that never went, as far as no other session holds it; the claim holds back what is left out here.
SELECT o.[item_id] AS item_id
  FROM [outbox] o
 WHERE o.[depends_on] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)
   AND o.[state] IN ('NEW', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   FOR UPDATE OF o.[state] SKIP LOCKED

-- hand_on_locked --
-- hand_on for those rows alone.
[block hand_on]
   AND o.[item_id] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:locked, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- identifier_owner --
-- Whose identifiers are.
SELECT /*+ CARDINALITY(r 10) */ i.name AS name, i.value AS value, i.item_id AS item_id
  FROM EESZT_IDENTIFIER i
  JOIN JSON_TABLE(:receipts, '$[*]' COLUMNS (name VARCHAR2(60 CHAR) PATH '$[0]', value VARCHAR2(200 CHAR) PATH '$[1]')) r
    ON r.name = i.name AND r.value = i.value

-- keep_identifier --
-- Keep an identifier for its item, unless it or what it withdraws has it already; one of another item is ORA-00001.
INSERT INTO EESZT_IDENTIFIER (name, value, item_id, is_second, kept_at)
SELECT :name, :value, :item_id, :is_second, :now FROM DUAL
 WHERE NOT EXISTS (SELECT 1 FROM EESZT_IDENTIFIER i
                    WHERE i.name = :name AND i.value = :value AND i.item_id IN (:item_id, :withdraws))

-- keep_attempt --
-- One try or probe with the place of its answer in the audit log, or a decision by which nothing was sent.
INSERT INTO EESZT_ATTEMPT (item_id, kind, ended_at, took_ms, ending, reason_code, acting_user, verdict, decision,
                           audit_chain, audit_sequence, audit_head, rules)
VALUES (:item_id, :kind, :now, :took_ms, :ending, :reason_code, :acting_user, :verdict, :decision,
        :audit_chain, :audit_sequence, :audit_head, :rules)

-- forget_result --
-- Room for a newer answer of the same query.
DELETE FROM EESZT_RESULT WHERE item_id = :item_id

-- keep_result --
-- The answer of a query, for who asked.
INSERT INTO EESZT_RESULT (item_id, asker, kept_at, expires_at, result)
VALUES (:item_id, :asker, :now, :expires_at, :result)

-- queue_write_back --
-- A copy that is due into a table of MedWorkS.
INSERT INTO EESZT_WRITE_BACK (item_id, record_item, target, table_name, state, tries, next_at, key_json, values_json)
VALUES (:item_id,
        COALESCE((SELECT MAX(w.record_item) FROM EESZT_V_ITEM n JOIN EESZT_WRITE_BACK w ON w.item_id = n.replaces
                   WHERE n.item_id = :record_item), :record_item),
        :target, :table_name, 'DUE', 0, :now, :key_json, :values_json)

-- leases_over --
-- Rows whose daemon did not come back in time.
SELECT o.[item_id] AS item_id FROM [outbox] o WHERE o.[lease_until] <= [now]
 FETCH FIRST :limit ROWS ONLY

-- answers_due --
-- Wards whose time is over.
SELECT o.[item_id] AS item_id FROM [outbox] o WHERE o.[ward_at] <= [now]
 FETCH FIRST :limit ROWS ONLY

-- windows_closed --
-- Rows that can no longer go in time.
SELECT o.[item_id] AS item_id FROM [outbox] o
 WHERE o.[window_at] <= [now] AND (o.[state] <> 'PARKED' OR o.[sent_at] IS NULL)
 FETCH FIRST :limit ROWS ONLY

-- predecessors_failed --
-- Rows whose predecessor, which they need accepted, ended otherwise, before they were written or while they were locked.
SELECT o.[item_id] AS item_id
  FROM [outbox] o JOIN [outbox] p ON p.[item_id] = o.[needs_id]
 WHERE (o.[state] <> 'PARKED' OR o.[sent_at] IS NULL)
   AND p.[state] IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND (p.[withdraws] IS NULL OR p.[state] <> 'SKIPPED' OR p.[reason_code] IS NULL OR p.[reason_code] <> 'PREDECESSOR')
 FETCH FIRST :limit ROWS ONLY

-- withdrawn_unsent --
-- Rows that MedWorkS withdrew by an insert and that were not sent.
SELECT o.[item_id] AS item_id FROM [outbox] o WHERE o.[asked_at] IS NOT NULL AND o.[sent_at] IS NULL
 FETCH FIRST :limit ROWS ONLY

-- withdrawals_ended --
-- Originals that do not know yet how their last withdrawal ended, since another session held them at that moment.
SELECT o.[item_id] AS item_id, w.[state] AS state, w.[reason_code] AS reason_code, w.[sent_at] AS sent_at,
       w.[status_text] AS status_text
  FROM [outbox] o JOIN [outbox] w ON w.[withdraws] = o.[item_id]
 WHERE w.[item_id] = (SELECT MAX(x.[item_id]) FROM [outbox] x WHERE x.[withdraws] = o.[item_id])
   AND o.[owed_id] IS NOT NULL AND o.[compensation] = 'DUE'
   AND w.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
 FETCH FIRST :limit ROWS ONLY

-- results_expired --
-- Answers of queries that have been kept long enough.
SELECT r.item_id AS item_id FROM EESZT_RESULT r WHERE r.expires_at <= [now]
 FETCH FIRST :limit ROWS ONLY

-- purge_results --
-- Forget answers of queries.
DELETE FROM EESZT_RESULT
 WHERE item_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- payloads_kept_enough --
-- Payloads of what ended long enough ago; none that a question or a withdrawal may still need.
SELECT o.[item_id] AS item_id
  FROM [outbox] o
 WHERE o.[payload_at] <= GREATEST(:payload, :payload_to_mend)
   AND o.[state_at] <= CASE WHEN o.[state] IN ('REJECTED', 'INVALID') THEN :payload_to_mend ELSE :payload END
   AND o.[next_at] IS NULL AND o.[lease_until] IS NULL AND COALESCE(o.[compensation], 'DONE') = 'DONE'
 FETCH FIRST :limit ROWS ONLY

-- forget_payloads --
-- What MedWorkS wrote of the record; it has the record itself.
UPDATE [outbox] SET [payload] = NULL, [has_payload] = NULL
 WHERE [item_id] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- documents_kept_enough --
-- What went up of items that ended long enough ago, likewise.
SELECT m.item_id AS item_id
  FROM EESZT_MESSAGE m JOIN [outbox] o ON o.[item_id] = m.item_id
 WHERE m.document_at <= :document
   AND o.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') AND o.[state_at] <= :document
   AND o.[next_at] IS NULL AND o.[lease_until] IS NULL AND COALESCE(o.[compensation], 'DONE') = 'DONE'
 FETCH FIRST :limit ROWS ONLY

-- forget_documents --
-- What went up; its identifiers, times and digest stay.
UPDATE EESZT_MESSAGE SET document = NULL, has_document = NULL
 WHERE item_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- bodies_left --
-- Bytes that should have gone with the end of their item, and did not.
SELECT m.item_id AS item_id
  FROM EESZT_MESSAGE m JOIN [outbox] o ON o.[item_id] = m.item_id
 WHERE m.body_id IS NOT NULL AND m.body IS NOT NULL
   AND o.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND o.[next_at] IS NULL AND o.[lease_until] IS NULL AND COALESCE(o.[compensation], 'DONE') = 'DONE'
 FETCH FIRST :limit ROWS ONLY

-- sessions_over --
-- Sessions whose grant has ended; their tokens are worth nothing and need not be kept.
SELECT l.login_id AS login_id FROM EESZT_LOGIN l WHERE l.live_user IS NOT NULL AND l.ends_at <= :now
 FETCH FIRST :limit ROWS ONLY

-- forget_tokens --
-- Forget the tokens of sessions that ran out.
UPDATE EESZT_LOGIN SET sealed = NULL, ended_at = ends_at, end_reason = 'EXPIRED'
 WHERE login_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- requests_over --
-- Logins that were begun more than a day ago.
SELECT r.request_id AS request_id FROM EESZT_LOGIN_REQUEST r WHERE r.expires_at <= :before
 FETCH FIRST :limit ROWS ONLY

-- forget_requests --
-- Nobody asks any more who began to log in.
DELETE FROM EESZT_LOGIN_REQUEST
 WHERE request_id IN (SELECT /*+ CARDINALITY(jt 10) */ jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

-- lane_health --
-- Whether the lane keeps its promises: its last heartbeat, wards that wait too long, the oldest of what could go.
SELECT (SELECT MAX(r.beat_at) FROM EESZT_RUNNER r WHERE r.lane = [lane]) AS beat_at,
       (SELECT COUNT(*) FROM [outbox] o WHERE o.[ward_at] <= [now]) AS overdue,
       (SELECT MIN(o.[ward_at]) FROM [outbox] o WHERE o.[ward_at] IS NOT NULL) AS answer_by,
       (SELECT MIN(o.[due_at]) FROM [outbox] o
         WHERE o.[due_prio] IS NOT NULL
           AND (o.[depends_on] IS NULL OR EXISTS (
                 SELECT 1 FROM [outbox] p
                  WHERE p.[item_id] = o.[depends_on]
                    AND p.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')))) AS next_at,
       [now] AS now
  FROM DUAL

-- day_closed --
-- Whether a day was counted after it was over.
SELECT COUNT(*) AS closed FROM EESZT_DAY d WHERE d.day = TO_DATE(:day, 'YYYY-MM-DD') AND d.counted_at >= :until

-- forget_day --
-- Room for a day's figures.
DELETE FROM EESZT_DAY WHERE day = TO_DATE(:day, 'YYYY-MM-DD')

-- tally --
-- The figures of what ended on a day in one outbox; percentiles by nearest rank.
WITH ended AS (
  SELECT COALESCE((SELECT t.document_type FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = o.[document_type]), '?')
           AS document_type,
         o.[state] AS state,
         EXTRACT(DAY FROM (o.[state_at] - o.[created_at])) * 86400
           + EXTRACT(HOUR FROM (o.[state_at] - o.[created_at])) * 3600
           + EXTRACT(MINUTE FROM (o.[state_at] - o.[created_at])) * 60
           + EXTRACT(SECOND FROM (o.[state_at] - o.[created_at])) AS took_s,
         GREATEST(o.[attempts] - 1, 0) AS retries, CASE o.[ward_answer] WHEN 'PAPER' THEN 1 ELSE 0 END AS paper,
         (SELECT COUNT(*) FROM EESZT_ATTEMPT a WHERE a.item_id = o.[item_id] AND a.kind = 'PROBE') AS probes
    FROM [outbox] o
   WHERE o.[ended_at] >= :since AND o.[ended_at] < :until),
ranked AS (
  SELECT e.document_type, e.state, e.took_s, e.retries, e.paper, e.probes,
         ROW_NUMBER() OVER (PARTITION BY e.document_type, e.state ORDER BY e.took_s) AS place,
         COUNT(*) OVER (PARTITION BY e.document_type, e.state) AS members
    FROM ended e)
SELECT [lane] AS lane, r.document_type AS document_type, r.state AS state, MAX(r.members) AS "NUMBER",
       ROUND(MIN(CASE WHEN r.place * 100 >= r.members * 50 THEN r.took_s END), 3) AS p50_s,
       ROUND(MIN(CASE WHEN r.place * 100 >= r.members * 95 THEN r.took_s END), 3) AS p95_s,
       SUM(r.retries) AS retries, SUM(r.probes) AS probes, SUM(r.paper) AS paper
  FROM ranked r GROUP BY r.document_type, r.state

-- keep_figures --
-- One line of a day's figures.
INSERT INTO EESZT_DAY (day, lane, document_type, state, "NUMBER", p50_s, p95_s, retries, probes, paper, counted_at)
VALUES (TO_DATE(:day, 'YYYY-MM-DD'), :lane, :document_type, :state, :members, :p50_s, :p95_s, :retries, :probes, :paper, :now)

-- next_due --
-- When something of the lane is due next.
SELECT MIN(d.due) AS due, [now] AS now FROM (
  SELECT MIN(o.[due_at]) AS due FROM [outbox] o
   WHERE o.[due_prio] IS NOT NULL
     AND (o.[depends_on] IS NULL OR EXISTS (
           SELECT 1 FROM [outbox] p
            WHERE p.[item_id] = o.[depends_on]
              AND p.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')))
  UNION ALL
  SELECT MIN(o.[probe_at]) FROM [outbox] o WHERE o.[probe_at] IS NOT NULL
  UNION ALL
  SELECT MIN(o.[ward_at]) FROM [outbox] o WHERE o.[ward_at] IS NOT NULL
  UNION ALL
  SELECT MIN(o.[lease_until]) FROM [outbox] o WHERE o.[lease_until] IS NOT NULL) d

-- beat --
-- The poller of this lane was alive so many seconds ago.
MERGE INTO EESZT_RUNNER r
USING (SELECT :lane AS lane, :owner AS owner, [now] - NUMTODSINTERVAL(:age_s, 'SECOND') AS new_beat_at FROM DUAL) n
   ON (r.lane = n.lane AND r.owner = n.owner)
 WHEN MATCHED THEN UPDATE SET r.beat_at = n.new_beat_at
 WHEN NOT MATCHED THEN INSERT (lane, owner, beat_at) VALUES (n.lane, n.owner, n.new_beat_at)

-- pause --
-- Pause a lane until it is resumed.
MERGE INTO EESZT_LANE l USING (SELECT :lane AS lane, :paused_by AS new_paused_by FROM DUAL) n ON (l.lane = n.lane)
 WHEN MATCHED THEN UPDATE SET l.paused_at = COALESCE(l.paused_at, [now]), l.paused_by = n.new_paused_by
 WHEN NOT MATCHED THEN INSERT (lane, paused_at, paused_by) VALUES (n.lane, [now], n.new_paused_by)

-- resume --
-- Let a lane go on.
UPDATE EESZT_LANE SET paused_at = NULL, paused_by = NULL WHERE lane = :lane

-- parked_for_login --
-- What waits for this person's login.
SELECT o.[item_id] AS item_id
  FROM [outbox] o
 WHERE o.[parked_id] IS NOT NULL AND o.[reason_code] IN ('LOGIN', 'TOKEN_REFUSED', 'NO_MATCH', 'NOT_REGISTERED')
   AND (o.[recorded_by] IN (SELECT /*+ CARDINALITY(jt 10) */ jt.name
                              FROM JSON_TABLE(:his_users, '$[*]' COLUMNS (name VARCHAR2(100 CHAR) PATH '$')) jt)
        OR o.[acting_user] = :eeszt_user)

-- parked_before_login --
-- What stands parked though its person has logged in since, or within half a minute before: another session held it then.
SELECT o.[item_id] AS item_id
  FROM [outbox] o
 WHERE o.[parked_id] IS NOT NULL AND o.[reason_code] IN ('LOGIN', 'TOKEN_REFUSED', 'NO_MATCH', 'NOT_REGISTERED')
   AND o.[state_at] <= :until
   AND EXISTS (
         SELECT 1 FROM EESZT_LOGIN l
          WHERE l.live_user IS NOT NULL AND l.ends_at > [now] AND l.started_at >= o.[state_at] - INTERVAL '30' SECOND
            AND (l.his_user = o.[recorded_by] OR l.eeszt_user = o.[acting_user]
                 OR EXISTS (SELECT 1 FROM EESZT_USER_MAP u
                             WHERE u.his_user = o.[recorded_by] AND u.eeszt_user = l.eeszt_user)))
 FETCH FIRST :limit ROWS ONLY

-- unknown_for_login --
-- What only this person may ask after, and what ended by absence under his name.
SELECT o.[item_id] AS item_id
  FROM [outbox] o
 WHERE o.[probe_at] > [now] AND o.[lease_until] IS NULL AND o.[acting_user] = :eeszt_user
   AND ((o.[state] = 'UNKNOWN' AND o.[reason_code] = 'LOGIN') OR (o.[state] = 'MISSED' AND o.[reason_code] = 'ABSENT'))

-- his_users --
-- Who in the HIS is this EESZT user.
SELECT u.his_user AS his_user FROM EESZT_USER_MAP u WHERE u.eeszt_user = :eeszt_user

-- service_state --
-- Tell MedWorkS how a service is; since when counts from the change.
MERGE INTO EESZT_SERVICE_STATE s
USING (SELECT :service AS service, :state AS new_state, :since AS new_since FROM DUAL) n
   ON (s.service = n.service)
 WHEN MATCHED THEN UPDATE
  SET s.since = CASE WHEN s.state = n.new_state AND n.new_since IS NULL THEN s.since ELSE COALESCE(n.new_since, [now]) END,
      s.state = n.new_state, s.reported_at = [now]
 WHEN NOT MATCHED THEN INSERT (service, state, since, reported_at)
VALUES (n.service, n.new_state, COALESCE(n.new_since, [now]), [now])

-- put_type --
-- Put a document type in force.
MERGE INTO EESZT_DOCUMENT_TYPE t
USING (SELECT :document_type AS document_type, :digest AS new_digest, :title AS new_title, :lane AS new_lane,
              :kind AS new_kind, :send_limit_s AS new_send_limit_s, :answer_limit_s AS new_answer_limit_s,
              :needs AS new_needs, :withdrawal_type AS new_withdrawal_type, :is_probe AS new_is_probe FROM DUAL) n
   ON (t.document_type = n.document_type)
 WHEN MATCHED THEN UPDATE
  SET t.changed_at = CASE WHEN t.digest = n.new_digest AND t.active = 1 THEN t.changed_at ELSE [now] END,
      t.digest = n.new_digest, t.title = n.new_title, t.lane = n.new_lane, t.kind = n.new_kind,
      t.send_limit_s = n.new_send_limit_s, t.answer_limit_s = n.new_answer_limit_s, t.needs = n.new_needs,
      t.withdrawal_type = n.new_withdrawal_type, t.is_probe = n.new_is_probe, t.active = 1
 WHEN NOT MATCHED THEN INSERT (document_type, digest, title, lane, kind, send_limit_s, answer_limit_s, needs,
                               withdrawal_type, is_probe, active, changed_at)
VALUES (n.document_type, n.new_digest, n.new_title, n.new_lane, n.new_kind, n.new_send_limit_s, n.new_answer_limit_s,
        n.new_needs, n.new_withdrawal_type, n.new_is_probe, 1, [now])

-- retire_types --
-- Take the others out of force.
UPDATE EESZT_DOCUMENT_TYPE SET active = 0, changed_at = [now]
 WHERE active = 1
   AND document_type NOT IN (SELECT /*+ CARDINALITY(jt 10) */ jt.name
                               FROM JSON_TABLE(:names, '$[*]' COLUMNS (name VARCHAR2(60 CHAR) PATH '$')) jt)

-- active_types --
-- The document types in force.
SELECT t.document_type AS document_type, t.digest AS digest, t.title AS title, t.lane AS lane, t.kind AS kind,
       t.send_limit_s AS send_limit_s, t.answer_limit_s AS answer_limit_s, t.needs AS needs,
       t.withdrawal_type AS withdrawal_type, t.is_probe AS is_probe
  FROM EESZT_DOCUMENT_TYPE t WHERE t.active = 1 ORDER BY t.document_type

-- recorder --
-- What the institution says of a HIS user.
SELECT u.registration AS registration, u.is_doctor AS is_doctor, u.eeszt_user AS eeszt_user
  FROM EESZT_USER_MAP u WHERE u.his_user = :his_user

-- roles --
-- In which roles an identity may work at a workplace today, by the day in Budapest.
SELECT DISTINCT a.role AS role
  FROM EESZT_USER_WORKPLACE a CROSS JOIN (SELECT [now] AS instant FROM DUAL) n
 WHERE a.eeszt_user = :eeszt_user
   AND (a.workplace = :workplace
        OR a.workplace IN (SELECT p.workplace FROM EESZT_WORKPLACE p WHERE p.oth_code = :workplace))
   AND TRUNC(CAST([local n.instant] AS DATE)) BETWEEN a.valid_from AND COALESCE(a.valid_to, DATE '9999-12-31')

-- known --
-- What is known of HIS users, and in which roles they, and one identity more, may work at workplaces today.
SELECT u.his_user AS his_user, u.registration AS registration, u.is_doctor AS is_doctor, u.eeszt_user AS eeszt_user,
       NULL AS workplace, NULL AS role
  FROM EESZT_USER_MAP u
 WHERE u.his_user IN (SELECT /*+ CARDINALITY(jt 10) */ jt.name
                        FROM JSON_TABLE(:his_users, '$[*]' COLUMNS (name VARCHAR2(100 CHAR) PATH '$')) jt)
 UNION ALL
SELECT /*+ CARDINALITY(w 10) */ NULL, NULL, NULL, a.eeszt_user, w.name, a.role
  FROM JSON_TABLE(:workplaces, '$[*]' COLUMNS (name VARCHAR2(100 CHAR) PATH '$')) w
 CROSS JOIN (SELECT [now] AS instant FROM DUAL) n
  JOIN EESZT_USER_WORKPLACE a
    ON a.workplace = w.name OR a.workplace IN (SELECT p.workplace FROM EESZT_WORKPLACE p WHERE p.oth_code = w.name)
 WHERE (a.eeszt_user = :eeszt_user
        OR a.eeszt_user IN (SELECT m.eeszt_user FROM EESZT_USER_MAP m
                             WHERE m.his_user IN (SELECT /*+ CARDINALITY(jt 10) */ jt.name
                                                    FROM JSON_TABLE(:his_users, '$[*]' COLUMNS (name VARCHAR2(100 CHAR)
                                                                                                PATH '$')) jt)))
   AND TRUNC(CAST([local n.instant] AS DATE)) BETWEEN a.valid_from AND COALESCE(a.valid_to, DATE '9999-12-31')

-- begin_login --
-- Note that a HIS user is about to log in.
INSERT INTO EESZT_LOGIN_REQUEST (his_user, nonce_hash, begun_at, expires_at, handle_hash, short_code)
VALUES (:his_user, :nonce_hash, :now, :expires_at, :handle_hash, :short_code)
RETURNING request_id INTO :new_id

-- login_request --
-- A login that may still be used.
SELECT r.request_id AS request_id, r.his_user AS his_user, r.expires_at AS expires_at, r.handle_hash AS handle_hash,
       r.short_code AS short_code
  FROM EESZT_LOGIN_REQUEST r
 WHERE r.nonce_hash = :nonce_hash AND r.used_at IS NULL AND r.expires_at > :now

-- use_login_request --
-- It is used once.
UPDATE EESZT_LOGIN_REQUEST SET used_at = :now WHERE request_id = :request_id AND used_at IS NULL

-- refuse_login_request --
-- It came to nothing, and whoever began it is to see so at once.
UPDATE EESZT_LOGIN_REQUEST SET ended_at = :now, refusal = :refusal WHERE request_id = :request_id AND ended_at IS NULL

-- refused_logins --
-- Logins that came to nothing, the newest first; they are forgotten a day later.
SELECT r.his_user AS his_user, r.ended_at AS ended_at, r.refusal AS refusal
  FROM EESZT_LOGIN_REQUEST r
 WHERE r.refusal IS NOT NULL
 ORDER BY r.ended_at DESC

-- finish_login_request --
-- It is being finished: whoever calls it off from now on ends the session; 0 rows: it was called off before.
UPDATE EESZT_LOGIN_REQUEST SET used_at = used_at WHERE handle_hash = :handle_hash AND ended_at IS NULL

-- next_login --
-- A fresh session number.
SELECT EESZT_LOGIN_SEQ.NEXTVAL AS id FROM DUAL

-- end_logins --
-- End sessions at once; a token that is not needed is not kept.
UPDATE EESZT_LOGIN SET ended_at = :now, end_reason = :why, sealed = NULL
 WHERE ended_at IS NULL AND (eeszt_user = :eeszt_user OR his_user = :his_user)

-- end_older_logins --
-- Of logins of one person that were stored at the same moment, and did not see each other, the one of the last number stays.
UPDATE EESZT_LOGIN SET ended_at = :now, end_reason = :why, sealed = NULL
 WHERE ended_at IS NULL AND (eeszt_user = :eeszt_user OR his_user = :his_user)
   AND login_id < (SELECT MAX(n.login_id) FROM EESZT_LOGIN n
                    WHERE n.ended_at IS NULL AND (n.eeszt_user = :eeszt_user OR n.his_user = :his_user))

-- save_login --
-- Store a session; the HIS client that began it knows it by its handle.
INSERT INTO EESZT_LOGIN (login_id, his_user, eeszt_user, role, institution, method, started_at, ends_at, handle_hash, sealed)
VALUES (:login_id, :his_user, :eeszt_user, :role, :institution, :method, :started_at, :ends_at, :handle_hash, :sealed)

-- live_logins --
-- Sessions that have neither ended nor run out; of everybody, or of one person.
SELECT l.login_id AS login_id, l.his_user AS his_user, l.eeszt_user AS eeszt_user, l.role AS role,
       l.institution AS institution, l.method AS method, l.started_at AS started_at, l.ends_at AS ends_at
  FROM EESZT_LOGIN l
 WHERE l.live_user IS NOT NULL AND l.ends_at > [now] AND (:eeszt_user IS NULL OR l.live_user = :eeszt_user)
 ORDER BY l.login_id DESC

-- sealed_login --
-- What is sealed of one of them: a large object costs another round trip, and who knows it already needs none.
SELECT l.sealed AS sealed FROM EESZT_LOGIN l WHERE l.login_id = :login_id AND l.sealed IS NOT NULL

-- write_backs_due --
-- Copies to make now, in the order of their records; what a withdrawal is on its way for waits for how that ends.
SELECT w.write_back_id AS write_back_id, w.item_id AS item_id, w.record_item AS record_item, w.target AS target,
       w.table_name AS table_name, w.tries AS tries, w.key_json AS key_json, w.values_json AS values_json
  FROM EESZT_WRITE_BACK w
 WHERE w.next_at <= [now]
   AND NOT EXISTS (SELECT 1 FROM EESZT_V_ITEM i
                    WHERE i.item_id = w.item_id AND i.withdraws IS NULL AND i.withdraw_asked_at IS NOT NULL
                      AND (i.compensation IS NULL OR i.compensation <> 'FAILED'))
 ORDER BY w.record_item, w.item_id, w.write_back_id
 FETCH FIRST :limit ROWS ONLY

-- lock_write_back --
-- One copy for this daemon alone, if it is still due; another daemon's is left out.
SELECT w.write_back_id AS write_back_id
  FROM EESZT_WRITE_BACK w
 WHERE w.write_back_id = :write_back_id AND w.next_at <= [now]
   FOR UPDATE SKIP LOCKED

-- copied_later --
-- What newer copies into the same row have already told.
SELECT w.values_json AS values_json
  FROM EESZT_WRITE_BACK w
 WHERE w.target = :target AND w.state = 'DONE'
   AND (w.record_item > :record_item
        OR (w.record_item = :record_item AND w.item_id > :item_id)
        OR (w.record_item = :record_item AND w.item_id = :item_id AND w.write_back_id > :write_back_id))

-- drop_write_backs --
-- What is withdrawn is not copied any more.
UPDATE EESZT_WRITE_BACK SET state = 'DROPPED', next_at = NULL WHERE item_id = :item_id AND state IN ('DUE', 'FAILED')

-- note_write_back --
-- How a copy went.
UPDATE EESZT_WRITE_BACK SET state = :state, tries = tries + 1, next_at = :next_at, error = :error
 WHERE write_back_id = :write_back_id

-- installation --
-- What this database is.
SELECT i.environment AS environment, i.database_id AS database_id, i.home AS home, i.schema_version AS schema_version
  FROM EESZT_INSTALLATION i

-- adopt --
-- This is its home from now on; a copy gets an identity of its own.
UPDATE EESZT_INSTALLATION
   SET home = :home, environment = :environment, adopted_at = [now], adopted_by = :adopted_by,
       database_id = CASE WHEN :is_copy = 1 THEN :new_database_id ELSE database_id END, adopted_log = :log

-- logged --
-- Up to which entry of which chain of the audit log this database agrees with it, since it is anchored here.
SELECT a.audit_chain AS chain, MAX(a.audit_sequence) AS sequence
  FROM EESZT_ATTEMPT a WHERE a.audit_chain IS NOT NULL GROUP BY a.audit_chain

-- logged_at_adoption --
-- Likewise, since it was compared when the database was adopted; JSON.
SELECT i.adopted_log AS log FROM EESZT_INSTALLATION i WHERE i.adopted_log IS NOT NULL

-- end_all_logins --
-- Nobody is logged in to an adopted database, and no login that was begun may be finished.
UPDATE EESZT_LOGIN SET ended_at = [now], end_reason = 'ADOPTED', sealed = NULL WHERE ended_at IS NULL

-- use_all_login_requests --
-- Likewise for logins that were begun.
UPDATE EESZT_LOGIN_REQUEST SET used_at = [now], ended_at = [now] WHERE used_at IS NULL

-- open_items --
-- What is not final, or is asked after once more.
SELECT o.[item_id] AS item_id
  FROM [outbox] o
 WHERE o.[state] IN ('NEW', 'CLAIMED', 'SENDING', 'UNKNOWN', 'WAITING', 'PARKED')
    OR (o.[state] = 'MISSED' AND o.[next_at] IS NOT NULL)
 ORDER BY o.[item_id]

-- drop_due_write_backs --
-- A copy writes nothing into MedWorkS's tables for the original.
UPDATE EESZT_WRITE_BACK SET state = 'DROPPED', next_at = NULL WHERE state = 'DUE'

-- next_items --
-- Numbers that no item gets any more.
SELECT EESZT_ITEM_SEQ.NEXTVAL AS id FROM DUAL CONNECT BY LEVEL <= :count

-- item_times --
-- When an item was written, and by which type.
SELECT i.item_id AS item_id, i.lane AS lane, i.document_type AS document_type, i.created_at AS created_at, i.state AS state
  FROM EESZT_V_ITEM i WHERE i.item_id = :item_id

-- forget_codes --
-- The copy of a published code table that a new one replaces.
DELETE FROM EESZT_CODE WHERE code_list = :name

-- keep_code --
-- One line of a published code table.
INSERT INTO EESZT_CODE (code_list, code, valid_from, valid_to, title, read_at)
VALUES (:name, :code, TO_DATE(:valid_from, 'YYYY-MM-DD'), TO_DATE(:valid_to, 'YYYY-MM-DD'), :title, :read_at)

-- codes --
-- All published codes.
SELECT c.code_list AS code_list, c.code AS code, TO_CHAR(c.valid_from, 'YYYY-MM-DD') AS valid_from,
       TO_CHAR(c.valid_to, 'YYYY-MM-DD') AS valid_to, c.title AS title
  FROM EESZT_CODE c

-- code_copies --
-- The tables that there are.
SELECT c.code_list AS code_list, COUNT(*) AS lines, MAX(c.read_at) AS read_at
  FROM EESZT_CODE c GROUP BY c.code_list ORDER BY c.code_list
