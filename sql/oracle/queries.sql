-- The verbs' statements on Oracle, in named blocks (`-- name --` and one sentence).
-- [word] is a logical name, see source/.

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
   AND item_id IN (SELECT jt.id FROM JSON_TABLE(:items, '$[*]' COLUMNS (id NUMBER PATH '$')) jt)

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
       [status_text] = CASE WHEN :why IS NULL THEN '{WITHDRAWAL_FAILED}'
                            WHEN LENGTH('{WITHDRAWAL_FAILED}' || ' ' || :why) > 1000
                            THEN SUBSTR('{WITHDRAWAL_FAILED}' || ' ' || :why, 1, 999) || '…'
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
