-- The verbs' statements on SQLite, in named blocks (`-- name --` and one sentence).
-- [word] is a logical name, see schema.sql. Every change of an outbox row goes through write_row, fenced on what was read.

-- now --
-- The database's clock; leases and deadlines use no other.
SELECT [now]

-- type_digests --
-- The document types in force, for the claim.
SELECT document_type, digest FROM EESZT_DOCUMENT_TYPE WHERE active = 1

-- claim --
-- Due rows in the order of priority and number whose predecessor allows them; the domain's step takes them.
SELECT o.[item_id]
  FROM [outbox] o
 WHERE o.[state] IN ('NEW', 'WAITING') AND o.[next_at] <= :now
   AND o.[document_type] IN (SELECT value FROM json_each(:types))
   AND (o.[depends_on] IS NULL OR EXISTS (
         SELECT 1 FROM [outbox] p
          WHERE p.[item_id] = o.[depends_on]
            AND (p.[state] = 'ACCEPTED'
                 OR (o.[needs] = 'FINAL' AND p.[state] IN (SELECT value FROM json_each(:final_states)))
                 OR (p.[withdraws] IS NOT NULL AND p.[state] = 'SKIPPED' AND p.[reason_code] = 'PREDECESSOR'))))
 ORDER BY o.[priority], o.[item_id]
 LIMIT :limit

-- claim_probes --
-- Rows to ask after now: unknown, or ended by absence and asked after once more.
SELECT o.[item_id]
  FROM [outbox] o
 WHERE o.[next_at] IS NOT NULL AND o.[next_at] <= :now AND o.[lease_until] IS NULL
   AND o.[state] IN ('UNKNOWN', 'MISSED') AND (o.[state] = 'UNKNOWN' OR o.[reason_code] = 'ABSENT')
   AND o.[document_type] IN (SELECT value FROM json_each(:known))
 ORDER BY o.[next_at]
 LIMIT :limit

-- rows --
-- What the protocol knows of items.
SELECT o.[item_id] AS item_id, o.[state] AS state, o.[ward_answer] AS ward_answer, o.[claim_token] AS claim_token,
       o.[lease_until] AS lease_until, o.[next_at] AS next_at, o.[send_by] AS send_by, o.[answer_by] AS answer_by,
       o.[sent_at] AS sent_at, m.expires_at AS expires_at, o.[message_id] AS message_id, i.value AS eeszt_id,
       o.[withdraw_asked_at] AS withdraw_asked_at, o.[compensation] AS compensation, o.[attempts] AS attempts,
       o.[probe_count] AS probe_count, o.[rescue_count] AS rescue_count, o.[reason_code] AS reason_code,
       o.[status_text] AS status_text, o.[withdraws] AS withdraws, o.[acting_user] AS acting_user, m.digest AS digest
  FROM [outbox] o
  LEFT JOIN EESZT_MESSAGE m ON m.item_id = o.[item_id]
  LEFT JOIN EESZT_IDENTIFIER i ON i.item_id = o.[item_id] AND i.name = 'eeszt_id' AND i.is_second = 0
 WHERE o.[item_id] IN (SELECT value FROM json_each(:items))

-- items --
-- What the work on claimed items needs besides; the body where bytes once left.
SELECT o.[item_id] AS item_id, o.[document_type] AS document_type, o.[recorded_by] AS recorded_by,
       o.[workplace] AS workplace, o.[recorded_at] AS recorded_at, o.[created_at] AS created_at,
       o.[source_key] AS source_key, o.[order_key] AS order_key, o.[payload] AS payload,
       o.[recorder_proof] AS recorder_proof, o.[login_at_recording] AS login_at_recording,
       o.[acting_user] AS acting_user, o.[withdraws] AS withdraws, w.[recorded_by] AS prescriber,
       m.body AS body, m.document AS document, o.[mapping_version] AS mapping_version,
       o.[first_recorded_at] AS first_recorded_at,
       (SELECT p.oth_code FROM EESZT_WORKPLACE p WHERE p.workplace = o.[workplace]) AS oth_code,
       EXISTS (SELECT 1 FROM EESZT_WORKPLACE p WHERE p.workplace = o.[workplace]) AS is_workplace
  FROM [outbox] o
  LEFT JOIN EESZT_MESSAGE m ON m.item_id = o.[item_id]
  LEFT JOIN [outbox] w ON w.[item_id] = o.[withdraws]
 WHERE o.[item_id] IN (SELECT value FROM json_each(:items))

-- write_row --
-- Write what a step changed, if the row is still what the step saw.
UPDATE [outbox]
   SET [state] = :state, [ward_answer] = :ward_answer, [claim_token] = :claim_token, [lease_until] = :lease_until,
       [next_at] = :next_at, [sent_at] = :sent_at, [message_id] = :message_id, [withdraw_asked_at] = :withdraw_asked_at,
       [compensation] = :compensation, [attempts] = :attempts, [probe_count] = :probe_count,
       [rescue_count] = :rescue_count, [reason_code] = :reason_code, [status_text] = :status_text,
       [claim_owner] = CASE WHEN :claim_token IS NULL THEN NULL ELSE coalesce(:claim_owner, [claim_owner]) END,
       [state_at] = CASE WHEN [state] = :state THEN [state_at] ELSE :now END
 WHERE [item_id] = :item_id AND [state] = :was_state AND [claim_token] IS :was_claim_token
   AND [ward_answer] IS :was_ward_answer AND [withdraw_asked_at] IS :was_withdraw_asked_at

-- store_message --
-- Keep what leaves before it leaves; a retry keeps bytes and identifier and renews the expiry.
INSERT INTO EESZT_MESSAGE (item_id, message_id, digest, body, document, acting_user, mapping_version, stored_at, expires_at,
                           decision, rules)
VALUES (:item_id, :message_id, :digest, :body, :document, :acting_user, :mapping_version, :now, :expires_at,
        :decision, :rules)
    ON CONFLICT (item_id) DO UPDATE SET expires_at = excluded.expires_at, body = coalesce(body, excluded.body)

-- mark_permitted --
-- Fix identity and mapping of an item at its first permit.
UPDATE [outbox]
   SET [acting_user] = :acting_user, [mapping_version] = coalesce([mapping_version], :mapping_version)
 WHERE [item_id] = :item_id

-- purge_bodies --
-- The bytes of what is final are not needed any more; what they said stays.
UPDATE EESZT_MESSAGE SET body = NULL, purged_at = :now
 WHERE item_id IN (SELECT value FROM json_each(:items)) AND body IS NOT NULL

-- successors --
-- What waits for this item to be accepted and can still be ended.
SELECT [item_id] FROM [outbox]
 WHERE [depends_on] = :item_id AND [needs] = 'ACCEPTED' AND [state] IN ('NEW', 'WAITING', 'PARKED')

-- hand_on --
-- What waits for an item that never went waits for what that one waited for, while that has not ended.
UPDATE [outbox]
   SET [depends_on] = p.[item_id],
       [needs] = coalesce(
         (SELECT 'ACCEPTED' FROM EESZT_DOCUMENT_TYPE t
           WHERE t.document_type = [outbox].[document_type] AND t.withdrawal_type = p.[document_type]),
         (SELECT t.needs FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = [outbox].[document_type]))
  FROM [outbox] e JOIN [outbox] p ON p.[item_id] = e.[depends_on]
 WHERE e.[item_id] = :item_id AND [outbox].[depends_on] = e.[item_id]
   AND [outbox].[state] IN ('NEW', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND e.[state] IN ('INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') AND e.[sent_at] IS NULL
   AND p.[state] NOT IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND (e.[reason_code] = 'PREDECESSOR'
        OR NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE t WHERE t.withdrawal_type = e.[document_type]))

-- withdrawal_alive --
-- Whether a withdrawal of this item is under way, or done.
SELECT 1 FROM [outbox]
 WHERE [withdraws] = :item_id AND [state] NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')

-- queue_withdrawal --
-- The withdrawal of an item, under who recorded it or who asks; it takes no place in the order of keys.
INSERT INTO [outbox] ([document_type], [source_key], [priority], [recorded_by], [workplace], [recorded_at], [payload],
                      [withdraws])
SELECT t.withdrawal_type, o.[source_key], o.[priority], coalesce(:asked_by, o.[recorded_by]), o.[workplace], :now,
       o.[payload], o.[item_id]
  FROM [outbox] o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.[document_type]
 WHERE o.[item_id] = :item_id AND t.withdrawal_type IS NOT NULL

-- inherit_proof --
-- A withdrawal under the original's own recorder takes over how he was proved.
UPDATE [outbox]
   SET [recorder_proof] = (SELECT o.[recorder_proof] FROM [outbox] o WHERE o.[item_id] = [outbox].[withdraws])
 WHERE [item_id] = :item_id
   AND [recorded_by] IS (SELECT o.[recorded_by] FROM [outbox] o WHERE o.[item_id] = [outbox].[withdraws])

-- prescriber --
-- Who alone may withdraw an item: its recorder where only a doctor may record or withdraw it, else nobody is named.
SELECT (SELECT o.[recorded_by] FROM [outbox] o JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = o.[document_type]
          LEFT JOIN EESZT_DOCUMENT_TYPE k ON k.document_type = t.withdrawal_type
         WHERE o.[item_id] = :item_id AND (t.kind IN ('R', 'W') OR k.kind = 'W'))

-- note_asker --
-- Who asked to withdraw an item.
UPDATE [outbox] SET [withdraw_asked_by] = coalesce([withdraw_asked_by], :asked_by) WHERE [item_id] = :item_id

-- identifier_owner --
-- Whose an identifier is.
SELECT item_id FROM EESZT_IDENTIFIER WHERE name = :name AND value = :value

-- keep_identifier --
-- Keep an identifier for its item.
INSERT INTO EESZT_IDENTIFIER (name, value, item_id, is_second, kept_at)
VALUES (:name, :value, :item_id, :is_second, :now)
    ON CONFLICT (name, value) DO NOTHING

-- keep_attempt --
-- One try or probe with the place of its answer in the audit log, or a decision by which nothing was sent.
INSERT INTO EESZT_ATTEMPT (item_id, kind, ended_at, took_ms, ending, reason_code, acting_user, verdict, decision, rules,
                           audit_chain, audit_sequence, audit_head)
VALUES (:item_id, :kind, :now, :took_ms, :ending, :reason_code, :acting_user, :verdict, :decision, :rules,
        :audit_chain, :audit_sequence, :audit_head)

-- keep_result --
-- The answer of a query, for who asked.
INSERT INTO EESZT_RESULT (item_id, asker, result, kept_at, expires_at)
VALUES (:item_id, :asker, :result, :now, :expires_at)
    ON CONFLICT (item_id) DO UPDATE SET result = excluded.result, expires_at = excluded.expires_at

-- queue_write_back --
-- A copy that is due into a table of MedWorkS.
INSERT INTO EESZT_WRITE_BACK (item_id, record_item, target, table_name, key_json, values_json, state, tries, next_at)
VALUES (:item_id,
        coalesce((SELECT max(w.record_item) FROM EESZT_V_ITEM n JOIN EESZT_WRITE_BACK w ON w.item_id = n.replaces
                   WHERE n.item_id = :record_item), :record_item),
        :target, :table_name, :key_json, :values_json, 'DUE', 0, :now)

-- leases_over --
-- Rows whose daemon did not come back in time.
SELECT [item_id] FROM [outbox] WHERE [lease_until] IS NOT NULL AND [lease_until] <= :now LIMIT :limit

-- answers_due --
-- Wards whose time is over.
SELECT [item_id] FROM [outbox] WHERE [ward_answer] = 'WAIT' AND [answer_by] <= :now LIMIT :limit

-- windows_closed --
-- Rows that can no longer go in time.
SELECT [item_id] FROM [outbox]
 WHERE [send_by] IS NOT NULL AND [state] IN ('NEW', 'WAITING', 'PARKED') AND [send_by] <= :now
   AND ([state] <> 'PARKED' OR [sent_at] IS NULL)
 LIMIT :limit

-- predecessors_failed --
-- Rows whose predecessor, which they need accepted, ended otherwise before they were written.
SELECT o.[item_id]
  FROM [outbox] o INDEXED BY [outbox_needs] JOIN [outbox] p ON p.[item_id] = o.[depends_on]
 WHERE o.[needs] = 'ACCEPTED' AND o.[depends_on] IS NOT NULL AND o.[state] IN ('NEW', 'WAITING', 'PARKED')
   AND (o.[state] <> 'PARKED' OR o.[sent_at] IS NULL)
   AND p.[state] IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND NOT (p.[withdraws] IS NOT NULL AND p.[state] = 'SKIPPED' AND p.[reason_code] = 'PREDECESSOR')
 LIMIT :limit

-- withdrawn_unsent --
-- Rows that MedWorkS withdrew by an insert and that were not sent.
SELECT [item_id] FROM [outbox]
 WHERE [withdraw_asked_at] IS NOT NULL AND [state] IN ('NEW', 'WAITING', 'PARKED') AND [sent_at] IS NULL
 LIMIT :limit

-- withdrawals_ended --
-- Originals that do not know yet how their last withdrawal ended, since another session held them at that moment.
SELECT o.[item_id] AS item_id, w.[state] AS state, w.[reason_code] AS reason_code, w.[sent_at] AS sent_at,
       w.[status_text] AS status_text
  FROM [outbox] o JOIN [outbox] w
    ON w.[item_id] = (SELECT max(x.[item_id]) FROM [outbox] x WHERE x.[withdraws] = o.[item_id])
 WHERE o.[compensation] IN ('DUE', 'FAILED') AND o.[compensation] = 'DUE'
   AND w.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
 LIMIT :limit

-- results_expired --
-- Whether a query's answer has been kept long enough.
SELECT item_id FROM EESZT_RESULT WHERE expires_at <= :now LIMIT :limit

-- purge_results --
-- Forget answers of queries.
DELETE FROM EESZT_RESULT WHERE item_id IN (SELECT value FROM json_each(:items))

-- payloads_kept_enough --
-- Payloads of what ended long enough ago; none that a question or a withdrawal may still need.
SELECT [item_id] FROM [outbox] INDEXED BY [outbox_payload]
 WHERE [payload] IS NOT NULL AND [state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND [state_at] <= max(:payload, :payload_to_mend)
   AND [state_at] <= CASE WHEN [state] IN ('REJECTED', 'INVALID') THEN :payload_to_mend ELSE :payload END
   AND [next_at] IS NULL AND [lease_until] IS NULL AND coalesce([compensation], 'DONE') = 'DONE'
 LIMIT :limit

-- sessions_over --
-- Sessions whose grant has ended; their tokens are worth nothing and need not be kept.
SELECT login_id FROM EESZT_LOGIN WHERE ended_at IS NULL AND ends_at <= :now LIMIT :limit

-- forget_tokens --
-- Forget the tokens of sessions that ran out.
UPDATE EESZT_LOGIN SET sealed = NULL, ended_at = ends_at, end_reason = 'EXPIRED'
 WHERE login_id IN (SELECT value FROM json_each(:items))

-- requests_over --
-- Logins that were begun more than a day ago.
SELECT request_id FROM EESZT_LOGIN_REQUEST WHERE expires_at <= :before LIMIT :limit

-- forget_requests --
-- Nobody asks any more who began to log in.
DELETE FROM EESZT_LOGIN_REQUEST WHERE request_id IN (SELECT value FROM json_each(:items))

-- forget_payloads --
-- What MedWorkS wrote of the record; it has the record itself.
UPDATE [outbox] SET [payload] = NULL WHERE [item_id] IN (SELECT value FROM json_each(:items))

-- documents_kept_enough --
-- What went up of items that ended long enough ago, likewise.
SELECT m.item_id
  FROM EESZT_MESSAGE m INDEXED BY EESZT_MESSAGE_DOCUMENT_IX CROSS JOIN [outbox] o ON o.[item_id] = m.item_id
 WHERE m.document IS NOT NULL AND m.stored_at <= :document
   AND o.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED') AND o.[state_at] <= :document
   AND o.[next_at] IS NULL AND o.[lease_until] IS NULL AND coalesce(o.[compensation], 'DONE') = 'DONE'
 LIMIT :limit

-- forget_documents --
-- What went up; its identifiers, times and digest stay.
UPDATE EESZT_MESSAGE SET document = NULL WHERE item_id IN (SELECT value FROM json_each(:items))

-- bodies_left --
-- Bytes that should have gone with the end of their item, and did not; few items have any (SQLite keeps a CROSS JOIN's order).
SELECT m.item_id
  FROM EESZT_MESSAGE m INDEXED BY EESZT_MESSAGE_BODY_IX CROSS JOIN [outbox] o ON o.[item_id] = m.item_id
 WHERE m.body IS NOT NULL AND o.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND o.[next_at] IS NULL AND o.[lease_until] IS NULL AND coalesce(o.[compensation], 'DONE') = 'DONE'
 LIMIT :limit

-- lane_health --
-- Whether the lane keeps its promises: its last heartbeat, wards that wait too long, the oldest of what could go.
SELECT (SELECT max(beat_at) FROM EESZT_RUNNER WHERE lane = [lane]) AS beat_at,
       (SELECT count(*) FROM [outbox] WHERE [ward_answer] = 'WAIT' AND [answer_by] <= :now) AS overdue,
       (SELECT min([answer_by]) FROM [outbox] WHERE [ward_answer] = 'WAIT') AS answer_by,
       (SELECT min(o.[next_at]) FROM [outbox] o
         WHERE o.[state] IN ('NEW', 'WAITING')
           AND (o.[depends_on] IS NULL OR EXISTS (
                 SELECT 1 FROM [outbox] p WHERE p.[item_id] = o.[depends_on]
                    AND p.[state] IN (SELECT value FROM json_each(:final_states))))) AS next_at

-- day_closed --
-- Whether a day was counted after it was over.
SELECT EXISTS (SELECT 1 FROM EESZT_DAY WHERE day = :day AND counted_at >= :until) AS closed

-- forget_day --
-- Room for a day's figures.
DELETE FROM EESZT_DAY WHERE day = :day

-- tally --
-- The figures of what ended on a day in one outbox; percentiles by nearest rank.
WITH ended AS (
  SELECT coalesce((SELECT t.document_type FROM EESZT_DOCUMENT_TYPE t WHERE t.document_type = o.[document_type]), '?')
           AS document_type,
         o.[state] AS state, (julianday(o.[state_at]) - julianday(o.[created_at])) * 86400 AS took_s,
         max(o.[attempts] - 1, 0) AS retries, o.[ward_answer] IS 'PAPER' AS paper,
         (SELECT count(*) FROM EESZT_ATTEMPT a WHERE a.item_id = o.[item_id] AND a.kind = 'PROBE') AS probes
    FROM [outbox] o INDEXED BY [outbox_ended]
   WHERE o.[state] IN ('ACCEPTED', 'REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
     AND o.[state_at] >= :since AND o.[state_at] < :until),
ranked AS (
  SELECT e.*, row_number() OVER (PARTITION BY document_type, state ORDER BY took_s) AS place,
         count(*) OVER (PARTITION BY document_type, state) AS number
    FROM ended e)
SELECT [lane] AS lane, document_type, state, max(number) AS number,
       round(min(CASE WHEN place * 100 >= number * 50 THEN took_s END), 3) AS p50_s,
       round(min(CASE WHEN place * 100 >= number * 95 THEN took_s END), 3) AS p95_s,
       sum(retries) AS retries, sum(probes) AS probes, sum(paper) AS paper
  FROM ranked GROUP BY document_type, state

-- keep_figures --
-- One line of a day's figures.
INSERT INTO EESZT_DAY (day, lane, document_type, state, number, p50_s, p95_s, retries, probes, paper, counted_at)
VALUES (:day, :lane, :document_type, :state, :number, :p50_s, :p95_s, :retries, :probes, :paper, :now)

-- write_backs_due --
-- Copies to make now, in the order of their records; what a withdrawal is on its way for waits for how that ends.
SELECT w.write_back_id, w.item_id, w.record_item, w.target, w.table_name, w.key_json, w.values_json, w.tries
  FROM EESZT_WRITE_BACK w
 WHERE w.next_at IS NOT NULL AND w.next_at <= :now
   AND NOT EXISTS (SELECT 1 FROM EESZT_V_ITEM i
                    WHERE i.item_id = w.item_id AND i.withdraws IS NULL AND i.withdraw_asked_at IS NOT NULL
                      AND i.compensation IS NOT 'FAILED')
 ORDER BY w.record_item, w.item_id, w.write_back_id LIMIT :limit

-- copied_later --
-- What newer copies into the same row have already told.
SELECT w.values_json FROM EESZT_WRITE_BACK w
 WHERE w.target = :target AND w.state = 'DONE'
   AND (w.record_item, w.item_id, w.write_back_id) > (:record_item, :item_id, :write_back_id)

-- drop_write_backs --
-- What is withdrawn is not copied any more.
UPDATE EESZT_WRITE_BACK SET state = 'DROPPED', next_at = NULL WHERE item_id = :item_id AND state IN ('DUE', 'FAILED')

-- note_write_back --
-- How a copy went.
UPDATE EESZT_WRITE_BACK SET state = :state, tries = tries + 1, next_at = :next_at, error = :error
 WHERE write_back_id = :write_back_id

-- next_due --
-- When something of the lane is due next.
SELECT min(due) FROM (
  SELECT min(o.[next_at]) AS due FROM [outbox] o
   WHERE o.[state] IN ('NEW', 'WAITING')
     AND (o.[depends_on] IS NULL OR EXISTS (
           SELECT 1 FROM [outbox] p WHERE p.[item_id] = o.[depends_on]
              AND p.[state] IN (SELECT value FROM json_each(:final_states))))
  UNION ALL
  SELECT min([next_at]) FROM [outbox] WHERE [next_at] IS NOT NULL AND [state] IN ('UNKNOWN', 'MISSED')
  UNION ALL
  SELECT min([answer_by]) FROM [outbox] WHERE [ward_answer] = 'WAIT'
  UNION ALL
  SELECT min([lease_until]) FROM [outbox] WHERE [lease_until] IS NOT NULL)

-- beat --
-- The poller of this lane was alive so many seconds ago.
INSERT INTO EESZT_RUNNER (lane, owner, beat_at)
VALUES (:lane, :owner, strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || :age_s || ' seconds') || '000')
    ON CONFLICT (lane, owner) DO UPDATE SET beat_at = excluded.beat_at

-- is_alive --
-- Whether a daemon works on this lane.
SELECT EXISTS (SELECT 1 FROM EESZT_RUNNER WHERE lane = :lane AND beat_at >= [alive_since])

-- is_paused --
-- Whether an operator paused the lane.
SELECT 1 FROM EESZT_LANE WHERE lane = :lane AND paused_at IS NOT NULL

-- pause --
-- Pause a lane until it is resumed.
INSERT INTO EESZT_LANE (lane, paused_at, paused_by) VALUES (:lane, [now], :paused_by)
    ON CONFLICT (lane) DO UPDATE SET paused_at = coalesce(paused_at, excluded.paused_at), paused_by = excluded.paused_by

-- resume --
-- Let a lane go on.
UPDATE EESZT_LANE SET paused_at = NULL, paused_by = NULL WHERE lane = :lane

-- parked_for_login --
-- What waits for this person's login.
SELECT [item_id] FROM [outbox]
 WHERE [state] = 'PARKED' AND [reason_code] IN ('LOGIN', 'TOKEN_REFUSED', 'NO_MATCH', 'NOT_REGISTERED')
   AND ([recorded_by] IN (SELECT value FROM json_each(:his_users)) OR [acting_user] = :eeszt_user)

-- parked_before_login --
-- What stands parked though its person has logged in since, or within half a minute before.
SELECT o.[item_id] FROM [outbox] o
 WHERE o.[state] = 'PARKED' AND o.[reason_code] IN ('LOGIN', 'TOKEN_REFUSED', 'NO_MATCH', 'NOT_REGISTERED')
   AND o.[state_at] <= :until
   AND EXISTS (
         SELECT 1 FROM EESZT_LOGIN l
          WHERE l.ended_at IS NULL AND l.ends_at > [now]
            AND l.started_at >= strftime('%Y-%m-%d %H:%M:%f', o.[state_at], '-30 seconds')
            AND (l.his_user = o.[recorded_by] OR l.eeszt_user = o.[acting_user]
                 OR EXISTS (SELECT 1 FROM EESZT_USER_MAP u
                             WHERE u.his_user = o.[recorded_by] AND u.eeszt_user = l.eeszt_user)))
 LIMIT :limit

-- unknown_for_login --
-- What only this person may ask after, and what ended by absence under his name.
SELECT [item_id] FROM [outbox]
 WHERE [next_at] IS NOT NULL AND [state] IN ('UNKNOWN', 'MISSED') AND [lease_until] IS NULL AND [next_at] > :now
   AND (([state] = 'UNKNOWN' AND [reason_code] = 'LOGIN') OR ([state] = 'MISSED' AND [reason_code] = 'ABSENT'))
   AND [acting_user] = :eeszt_user

-- his_users --
-- Who in the HIS is this EESZT user.
SELECT his_user FROM EESZT_USER_MAP WHERE eeszt_user = :eeszt_user

-- service_state --
-- Tell MedWorkS how a service is; since when counts from the change.
INSERT INTO EESZT_SERVICE_STATE (service, state, since, reported_at)
VALUES (:service, :state, coalesce(:since, [now]), [now])
    ON CONFLICT (service) DO UPDATE
   SET since = CASE WHEN state = excluded.state AND :since IS NULL THEN since ELSE excluded.since END,
       state = excluded.state, reported_at = excluded.reported_at

-- submit --
-- Write an item as MedWorkS does.
INSERT INTO [outbox] ([document_type], [source_key], [order_key], [priority], [recorded_by], [workplace], [recorded_at],
                      [payload], [replaces], [first_recorded_at])
VALUES (:document_type, :source_key, :order_key, coalesce(:priority, 100), :recorded_by, :workplace, :recorded_at, :payload,
        :replaces, :first_recorded_at)

-- same_record --
-- The item that is on its way, or up, for the same record; withdrawals count by what they withdraw, which the insert finds.
SELECT max(p.item_id)
  FROM EESZT_V_ITEM p JOIN EESZT_DOCUMENT_TYPE t ON t.document_type = p.document_type
 WHERE p.document_type = :document_type AND p.source_key = :source_key
   AND p.state NOT IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED', 'CANCELLED')
   AND NOT (p.state = 'ACCEPTED' AND t.kind IN ('Q', 'L'))
   AND NOT EXISTS (SELECT 1 FROM EESZT_DOCUMENT_TYPE o WHERE o.withdrawal_type = p.document_type)
   AND coalesce(p.compensation, CASE WHEN p.withdraw_asked_at IS NULL THEN 'FAILED' END) IS 'FAILED'

-- lane_of_type --
-- The outbox that a document type belongs to.
SELECT lane FROM EESZT_DOCUMENT_TYPE WHERE document_type = :document_type AND active = 1

-- lane_of_item --
-- The outbox that an item stands in.
SELECT lane FROM EESZT_V_ITEM WHERE item_id = :item_id

-- put_type --
-- Put a document type in force.
INSERT INTO EESZT_DOCUMENT_TYPE (document_type, digest, title, lane, kind, send_limit_s, answer_limit_s, needs,
                                 withdrawal_type, is_probe, active, changed_at)
VALUES (:document_type, :digest, :title, :lane, :kind, :send_limit_s, :answer_limit_s, :needs, :withdrawal_type, :is_probe,
        1, [now])
    ON CONFLICT (document_type) DO UPDATE
   SET digest = excluded.digest, title = excluded.title, lane = excluded.lane, kind = excluded.kind,
       send_limit_s = excluded.send_limit_s, answer_limit_s = excluded.answer_limit_s, needs = excluded.needs,
       withdrawal_type = excluded.withdrawal_type, is_probe = excluded.is_probe, active = 1,
       changed_at = CASE WHEN digest = excluded.digest AND active = 1 THEN changed_at ELSE excluded.changed_at END

-- retire_types --
-- Take the others out of force.
UPDATE EESZT_DOCUMENT_TYPE SET active = 0, changed_at = [now]
 WHERE active = 1 AND document_type NOT IN (SELECT value FROM json_each(:names))

-- active_types --
-- The document types in force.
SELECT document_type, digest, title, lane, kind, send_limit_s, answer_limit_s, needs, withdrawal_type, is_probe
  FROM EESZT_DOCUMENT_TYPE WHERE active = 1 ORDER BY document_type

-- recorder --
-- What the institution says of a HIS user.
SELECT registration, is_doctor, eeszt_user FROM EESZT_USER_MAP WHERE his_user = :his_user

-- roles --
-- In which roles an identity may work at a workplace today, by the day in Budapest.
SELECT DISTINCT a.role AS role
  FROM EESZT_USER_WORKPLACE a, (SELECT [now] AS at) n
 WHERE a.eeszt_user = :eeszt_user
   AND (a.workplace = :workplace OR a.workplace IN (SELECT workplace FROM EESZT_WORKPLACE WHERE oth_code = :workplace))
   AND substr([local n.at], 1, 10) BETWEEN a.valid_from AND coalesce(a.valid_to, '9999-12-31')

-- known --
-- What is known of HIS users, and in which roles they, and one identity more, may work at workplaces today.
SELECT u.his_user AS his_user, u.registration AS registration, u.is_doctor AS is_doctor, u.eeszt_user AS eeszt_user,
       NULL AS workplace, NULL AS role
  FROM EESZT_USER_MAP u WHERE u.his_user IN (SELECT value FROM json_each(:his_users))
 UNION ALL
SELECT NULL, NULL, NULL, a.eeszt_user, w.value, a.role
  FROM json_each(:workplaces) w, (SELECT [now] AS at) n
  JOIN EESZT_USER_WORKPLACE a
    ON a.workplace = w.value OR a.workplace IN (SELECT p.workplace FROM EESZT_WORKPLACE p WHERE p.oth_code = w.value)
 WHERE (a.eeszt_user = :eeszt_user
        OR a.eeszt_user IN (SELECT u.eeszt_user FROM EESZT_USER_MAP u
                             WHERE u.his_user IN (SELECT value FROM json_each(:his_users))))
   AND substr([local n.at], 1, 10) BETWEEN a.valid_from AND coalesce(a.valid_to, '9999-12-31')

-- begin_login --
-- Note that a HIS user is about to log in.
INSERT INTO EESZT_LOGIN_REQUEST (his_user, nonce_hash, begun_at, expires_at, short_code, handle_hash)
VALUES (:his_user, :nonce_hash, :now, :expires_at, :short_code, :handle_hash)

-- login_request --
-- A login that may still be used.
SELECT request_id, his_user, expires_at, short_code, handle_hash FROM EESZT_LOGIN_REQUEST
 WHERE nonce_hash = :nonce_hash AND used_at IS NULL AND expires_at > :now

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
UPDATE EESZT_SEQUENCE SET last_id = last_id + 1 WHERE name = 'login'

-- last_login --
-- The number just taken.
SELECT last_id FROM EESZT_SEQUENCE WHERE name = 'login'

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
-- Store a session.
INSERT INTO EESZT_LOGIN (login_id, his_user, eeszt_user, role, institution, method, started_at, ends_at, sealed,
                         handle_hash)
VALUES (:login_id, :his_user, :eeszt_user, :role, :institution, :method, :started_at, :ends_at, :sealed, :handle_hash)

-- handle_state --
-- How far the login of a session handle is, and until when it lasts.
-- CHECKING lasts as long as a card and the EESZT may take together; no longer, should the daemon have died meanwhile.
SELECT CASE WHEN l.login_id IS NULL AND r.ended_at IS NOT NULL THEN 'REFUSED'
            WHEN l.login_id IS NULL AND r.used_at IS NULL AND r.expires_at > [now] THEN 'WAITING'
            WHEN l.login_id IS NULL AND r.used_at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-3 minutes') THEN 'CHECKING'
            WHEN l.login_id IS NULL THEN 'REFUSED'
            WHEN l.ended_at IS NULL AND l.ends_at > [now] THEN 'LIVE' ELSE 'ENDED' END AS state,
       CAST((julianday(l.ends_at) - julianday([now])) * 1440 AS INTEGER) AS minutes_left
  FROM EESZT_LOGIN_REQUEST r LEFT JOIN EESZT_LOGIN l ON l.handle_hash = r.handle_hash
 WHERE r.handle_hash = :handle_hash

-- handle_login --
-- The living session of a session handle.
SELECT login_id, his_user FROM EESZT_LOGIN WHERE handle_hash = :handle_hash AND ended_at IS NULL AND ends_at > [now]

-- end_handle --
-- End the session of a handle at once.
UPDATE EESZT_LOGIN SET ended_at = [now], end_reason = 'LOGOUT', sealed = NULL
 WHERE handle_hash = :handle_hash AND ended_at IS NULL

-- end_handle_request --
-- A login that was begun and is not wanted any more.
UPDATE EESZT_LOGIN_REQUEST SET ended_at = [now], used_at = coalesce(used_at, [now])
 WHERE handle_hash = :handle_hash AND ended_at IS NULL

-- bound_session --
-- Who the connection that looks is bound to; a temporary table is seen by its own connection alone.
CREATE TEMP TABLE IF NOT EXISTS EESZT_BOUND_SESSION (login_id INTEGER NOT NULL, his_user TEXT NOT NULL)

-- unbind --
-- Whatever was bound is bound no more.
DELETE FROM EESZT_BOUND_SESSION

-- bind --
-- This connection is bound to a session.
INSERT INTO EESZT_BOUND_SESSION (login_id, his_user) VALUES (:login_id, :his_user)

-- bound_user --
-- Who the connection is bound to, while his login lives.
SELECT s.his_user FROM EESZT_BOUND_SESSION s JOIN EESZT_LOGIN l ON l.login_id = s.login_id
 WHERE l.ended_at IS NULL AND l.ends_at > [now]

-- bound_trigger --
-- What this connection writes as recorded by the user of its living login is proved, by the insert alone.
CREATE TEMP TRIGGER IF NOT EXISTS [outbox_bound] AFTER UPDATE OF [recorder_proof] ON main.[outbox]
WHEN NEW.[recorder_proof] = 'ASSERTED' AND NEW.[item_id] > (SELECT last_id FROM EESZT_SEQUENCE WHERE name = 'item')
BEGIN
  UPDATE [outbox] SET [recorder_proof] = 'BOUND'
   WHERE [item_id] = NEW.[item_id]
     AND EXISTS (SELECT 1 FROM EESZT_BOUND_SESSION s JOIN EESZT_LOGIN l ON l.login_id = s.login_id
                  WHERE s.his_user = NEW.[recorded_by] AND l.his_user = s.his_user
                    AND l.ended_at IS NULL AND l.ends_at > [now]);
END

-- live_logins --
-- Sessions that have neither ended nor run out; of everybody, or of one person.
SELECT login_id, his_user, eeszt_user, role, institution, method, started_at, ends_at
  FROM EESZT_LOGIN
 WHERE ended_at IS NULL AND ends_at > [now] AND (:eeszt_user IS NULL OR eeszt_user = :eeszt_user)
 ORDER BY login_id DESC

-- sealed_login --
-- What is sealed of one of them.
SELECT sealed FROM EESZT_LOGIN WHERE login_id = :login_id AND sealed IS NOT NULL

-- installation --
-- What this database is.
SELECT environment, database_id, home, schema_version FROM EESZT_INSTALLATION

-- put_installation --
-- Note what this database is; its identity stays.
INSERT INTO EESZT_INSTALLATION (only_row, environment, database_id, home, schema_version, installed_at)
VALUES (1, :environment, lower(hex(randomblob(16))), :home, :schema_version, [now])
    ON CONFLICT (only_row) DO UPDATE SET schema_version = excluded.schema_version

-- adopt --
-- This is its home from now on; a copy gets an identity of its own.
UPDATE EESZT_INSTALLATION
   SET home = :home, environment = :environment, adopted_at = [now], adopted_by = :adopted_by, adopted_log = :log,
       database_id = CASE WHEN :is_copy THEN lower(hex(randomblob(16))) ELSE database_id END

-- logged --
-- Up to which entry of which chain of the audit log this database agrees with it, since it is anchored here.
SELECT audit_chain AS chain, max(audit_sequence) AS sequence FROM EESZT_ATTEMPT WHERE audit_chain IS NOT NULL
 GROUP BY audit_chain

-- logged_at_adoption --
-- Likewise, since it was compared when the database was adopted; JSON.
SELECT adopted_log AS log FROM EESZT_INSTALLATION WHERE adopted_log IS NOT NULL

-- end_all_logins --
-- Nobody is logged in to an adopted database, and no login that was begun may be finished.
UPDATE EESZT_LOGIN SET ended_at = [now], end_reason = 'ADOPTED', sealed = NULL WHERE ended_at IS NULL

-- use_all_login_requests --
-- Likewise for logins that were begun.
UPDATE EESZT_LOGIN_REQUEST SET used_at = [now], ended_at = [now] WHERE used_at IS NULL

-- open_items --
-- What is not final, or is asked after once more.
SELECT [item_id] FROM [outbox]
 WHERE [state] IN ('NEW', 'CLAIMED', 'SENDING', 'UNKNOWN', 'WAITING', 'PARKED')
    OR ([state] = 'MISSED' AND [next_at] IS NOT NULL)
 ORDER BY [item_id]

-- drop_due_write_backs --
-- A copy writes nothing into MedWorkS's tables for the original.
UPDATE EESZT_WRITE_BACK SET state = 'DROPPED', next_at = NULL WHERE state = 'DUE'

-- raise_sequence --
-- No number that the log knows is given again.
UPDATE EESZT_SEQUENCE SET last_id = :last_id WHERE name = 'item' AND last_id < :last_id

-- raise_numbering --
-- Likewise in SQLite's own books.
UPDATE sqlite_sequence SET seq = :last_id WHERE name = [outbox_name] AND seq < :last_id

-- item_times --
-- When an item was written, and by which type.
SELECT item_id, lane, document_type, created_at, state FROM EESZT_V_ITEM WHERE item_id = :item_id

-- put_transition --
-- One pair of states that may follow each other.
INSERT OR IGNORE INTO EESZT_TRANSITION (from_state, to_state) VALUES (:from_state, :to_state)

-- drop_transitions --
-- Room for the pairs of this version.
DELETE FROM EESZT_TRANSITION

-- forget_codes --
-- The copy of a published code table that a new one replaces.
DELETE FROM EESZT_CODE WHERE code_list = :name

-- keep_code --
-- One line of a published code table.
INSERT INTO EESZT_CODE (code_list, code, valid_from, valid_to, title, read_at)
VALUES (:name, :code, :valid_from, :valid_to, :title, :read_at)

-- codes --
-- All published codes.
SELECT code_list, code, valid_from, valid_to, title FROM EESZT_CODE

-- code_copies --
-- The tables that there are.
SELECT code_list, count(*) AS lines, max(read_at) AS read_at FROM EESZT_CODE GROUP BY code_list ORDER BY code_list
