-- What MedWorkS and an operator read, on Oracle; see tables.sql. [local x] is an instant as the clocks on the wards show it.

-- item_view_part --
-- One outbox's share of EESZT_V_ITEM, under its logical names.
SELECT [lane] AS lane, [item_id] AS item_id, [document_type] AS document_type, [source_key] AS source_key,
       [order_key] AS order_key, [recorded_by] AS recorded_by, [workplace] AS workplace, [recorded_at] AS recorded_at,
       [created_at] AS created_at, [state] AS state, [state_at] AS state_at, [ward_answer] AS ward_answer,
       [send_by] AS send_by, [answer_by] AS answer_by, [sent_at] AS sent_at, [depends_on] AS depends_on,
       [withdraws] AS withdraws, [withdraw_asked_at] AS withdraw_asked_at, [withdraw_asked_by] AS withdraw_asked_by,
       [compensation] AS compensation, [attempts] AS attempts, [message_id] AS message_id,
       [acting_user] AS acting_user, [reason_code] AS reason_code, [status_text] AS status_text,
       [recorder_proof] AS recorder_proof, [login_at_recording] AS login_at_recording, [replaces] AS replaces
  FROM [outbox]
 WHERE [item_id] IS NOT NULL

-- item_view --
-- The items of all outboxes.
CREATE OR REPLACE VIEW EESZT_V_ITEM AS
[item_view_parts]
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_ITEM IS 'Items of all outboxes; times in UTC';

-- work_view_part --
-- One outbox's share of EESZT_V_WORK.
SELECT [lane] AS lane, [item_id] AS item_id, [parked_id] AS parked_id, [poison_id] AS poison_id, [owed_id] AS owed_id,
       [ward_at] AS ward_at
  FROM [outbox]
 WHERE [item_id] IS NOT NULL

-- work_view --
-- The small indexes of all outboxes, for who looks for what needs a person: ask for what IS NOT NULL.
CREATE OR REPLACE VIEW EESZT_V_WORK AS
[work_view_parts]
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_WORK IS 'Items by the small indexes of their outboxes, so that no view reads the history';

-- views --
-- Times in Europe/Budapest unless the view says otherwise.
CREATE OR REPLACE VIEW EESZT_V_LOCAL_ITEM AS
SELECT i.lane, i.item_id, i.document_type, i.source_key, i.order_key, i.recorded_by, i.workplace, i.recorded_at,
       i.created_at, i.state, i.state_at, i.ward_answer, i.send_by, i.answer_by, i.sent_at, i.depends_on, i.withdraws,
       i.withdraw_asked_at, i.withdraw_asked_by, i.compensation, i.attempts, i.message_id, i.acting_user, i.reason_code,
       i.status_text, i.recorder_proof, i.login_at_recording,
       [local i.recorded_at] AS recorded_local,
       [local i.created_at] AS created_local,
       [local i.state_at] AS state_local,
       [local i.sent_at] AS sent_local,
       [local i.send_by] AS send_by_local,
       [local i.answer_by] AS answer_by_local
  FROM EESZT_V_ITEM i
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_LOCAL_ITEM IS 'Items with their times in UTC and in Europe/Budapest';

-- An identifier is kept, but hidden here, where the ward has paper and where its withdrawal was asked for. What was to be
-- printed is then WITHDRAWN; compensation says how far that has come.
CREATE OR REPLACE VIEW EESZT_V_STATUS AS
SELECT i.item_id, i.lane, i.document_type, i.source_key, i.order_key, i.recorded_by, i.workplace, i.state,
       CASE WHEN i.ward_answer = 'PRINT' AND (i.withdraw_asked_at IS NOT NULL OR i.compensation IS NOT NULL)
            THEN 'WITHDRAWN' ELSE i.ward_answer END AS ward_answer,
       i.reason_code,
       CASE WHEN i.withdraws IS NOT NULL AND i.reason_code = 'PREDECESSOR' THEN '{NOTHING_TO_WITHDRAW}'
            ELSE coalesce((SELECT CASE WHEN i.reason_code = 'PREDECESSOR' AND i.ward_answer IS NULL THEN '{ORIGINAL_KEPT}'
                                  WHEN w.state IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED') THEN '{ORIGINAL_STANDS}'
                                  ELSE '{ORIGINAL_UNSURE}' END
                        FROM EESZT_V_ITEM w
                       WHERE w.item_id = i.depends_on AND w.withdraws IS NOT NULL AND w.state NOT IN ('ACCEPTED', 'CANCELLED')
                         AND i.withdraws IS NULL
                         AND (i.ward_answer = 'PAPER' OR (i.ward_answer = 'WAIT' AND w.state IN ('UNKNOWN', 'PARKED'))
                              OR i.reason_code = 'PREDECESSOR')),
                     i.status_text) END AS status_text,
       i.acting_user, n.value AS eeszt_id, i.withdraws, i.compensation, i.attempts,
       i.recorded_local AS recorded_at, i.created_local AS created_at, i.state_local AS state_at, i.sent_local AS sent_at,
       i.send_by_local AS send_by, i.answer_by_local AS answer_by
  FROM EESZT_V_LOCAL_ITEM i
  LEFT JOIN EESZT_IDENTIFIER n
    ON n.item_id = i.item_id AND n.name = 'eeszt_id' AND n.is_second = 0
   AND (i.ward_answer IS NULL OR i.ward_answer <> 'PAPER') AND i.withdraw_asked_at IS NULL AND i.compensation IS NULL
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_STATUS IS 'For MedWorkS: where each item stands, and what the ward may hand out';

-- A bar code is shown while it may be handed out: the ward was told PRINT, or nobody waits, and nobody withdraws it.
CREATE OR REPLACE VIEW EESZT_V_BARCODE AS
SELECT i.item_id, i.document_type, i.source_key, n.value AS barcode
  FROM EESZT_IDENTIFIER n JOIN EESZT_V_ITEM i ON i.item_id = n.item_id
 WHERE n.name = 'barcode' AND n.is_second = 0 AND i.state = 'ACCEPTED'
   AND (i.ward_answer = 'PRINT' OR (i.ward_answer IS NULL AND i.answer_by IS NULL))
   AND i.withdraw_asked_at IS NULL AND i.compensation IS NULL
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_BARCODE IS 'For MedWorkS: bar codes that may be handed out';

-- What went up: data, identifiers, times, and under whose name. The runner writes _write_back last into what it stores, and
-- no field's name begins so.
CREATE OR REPLACE VIEW EESZT_V_SENT AS
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, m.acting_user, m.message_id, m.digest, m.mapping_version,
       CASE WHEN INSTR(m.document, ',"_write_back":') > 0
            THEN SUBSTR(m.document, 1, INSTR(m.document, ',"_write_back":') - 1) || '}'
            WHEN INSTR(m.document, '{"_write_back":') = 1 THEN TO_CLOB('{}')
            ELSE m.document END AS document,
       i.state, i.sent_local AS sent_at,
       (SELECT '{' || LISTAGG('"' || n.name || '":"' || REPLACE(REPLACE(n.value, '\', '\\'), '"', '\"') || '"', ',')
                        WITHIN GROUP (ORDER BY n.name) || '}'
          FROM EESZT_IDENTIFIER n WHERE n.item_id = i.item_id AND n.is_second = 0) AS identifiers
  FROM EESZT_MESSAGE m JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = m.item_id
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_SENT IS 'For MedWorkS: what went up, with its identifiers (JSON)';

-- Which line of the decision table decided, under whose name and by which rules: what went up, and what went no further.
CREATE OR REPLACE VIEW EESZT_V_DECISION AS
SELECT m.item_id, m.decision, m.acting_user, 'PERMITTED' AS ending, CAST(NULL AS VARCHAR2(60 CHAR)) AS reason_code, m.rules,
       m.stored_at AS decided_at
  FROM EESZT_MESSAGE m
 WHERE m.decision IS NOT NULL
UNION ALL
SELECT a.item_id, a.decision, a.acting_user, a.ending, a.reason_code, a.rules, a.ended_at
  FROM EESZT_ATTEMPT a
 WHERE a.kind = 'DECIDE' AND a.verdict = 'DONE'
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_DECISION IS 'By which line of the decision table each item went, or did not; times in UTC';

-- ends_soon: half an hour before its end the HIS asks its user to log in again, so that no prescription finds it out.
CREATE OR REPLACE VIEW EESZT_V_LOGIN AS
SELECT l.his_user, l.eeszt_user, l.role, l.method,
       [local l.started_at] AS started_at,
       [local l.ends_at] AS ends_at,
       FLOOR((CAST(l.ends_at AS DATE) - CAST([now] AS DATE)) * 1440) AS minutes_left,
       CASE WHEN l.ends_at <= [now] + INTERVAL '30' MINUTE THEN 1 ELSE 0 END AS ends_soon
  FROM EESZT_LOGIN l
 WHERE l.live_user IS NOT NULL AND l.ends_at > [now]
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_LOGIN IS 'For MedWorkS: who is logged in to the EESZT, and how long still';

-- How many items wait for a login of each user, and since when the oldest; they go by themselves when he has logged in.
CREATE OR REPLACE VIEW EESZT_V_LOGIN_NEEDED AS
SELECT i.recorded_by AS his_user, COUNT(*) AS items, MIN(i.created_local) AS since
  FROM EESZT_V_LOCAL_ITEM i
 WHERE i.state = 'PARKED' AND i.reason_code IN ('LOGIN', 'TOKEN_REFUSED')
 GROUP BY i.recorded_by
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_LOGIN_NEEDED IS 'For MedWorkS: whose login how many items wait for, and since when';

-- UP is only said while a daemon is alive to know it; 'runner' is the daemon itself.
CREATE OR REPLACE VIEW EESZT_V_SERVICE AS
SELECT s.service,
       CASE WHEN s.state = 'UP' AND EXISTS (SELECT 1 FROM EESZT_RUNNER r WHERE r.beat_at >= [alive_since])
            THEN 'UP' ELSE 'DOWN' END AS state,
       [local s.since] AS since
  FROM EESZT_SERVICE_STATE s
UNION ALL
SELECT 'runner', CASE WHEN r.beat_at >= [alive_since] THEN 'UP' ELSE 'DOWN' END, [local r.beat_at]
  FROM (SELECT MAX(d.beat_at) AS beat_at FROM EESZT_RUNNER d) r
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_SERVICE IS 'For MedWorkS: which services of the EESZT work, and whether the runner does';

-- What needs a person, with the sentence.
CREATE OR REPLACE VIEW EESZT_V_ATTENTION AS
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'PARKED' AS what, i.reason_code, i.status_text AS sentence,
       i.state_local AS since
  FROM EESZT_V_WORK w JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = w.parked_id
 WHERE w.parked_id IS NOT NULL
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by,
       CASE i.compensation WHEN 'DUE' THEN 'DOUBLE_VALIDITY' ELSE 'WITHDRAWAL_FAILED' END, i.reason_code,
       CASE i.compensation WHEN 'DUE' THEN '{DOUBLE_VALIDITY}' ELSE i.status_text END, i.state_local
  FROM EESZT_V_WORK w JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = w.owed_id
 WHERE w.owed_id IS NOT NULL AND (i.compensation = 'FAILED' OR i.ward_answer = 'PAPER')
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'SECOND_IDENTIFIER', NULL, '{SECOND_IDENTIFIER}',
       i.state_local
  FROM EESZT_IDENTIFIER n JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = n.second_item
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'WRITE_BACK', NULL,
       '{WRITE_BACK_FAILED}' || ' ' || w.table_name || ': ' || w.error, i.state_local
  FROM EESZT_WRITE_BACK w JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = w.failed_item
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'POISON', i.reason_code, i.status_text, i.state_local
  FROM EESZT_V_WORK w JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = w.poison_id
 WHERE w.poison_id IS NOT NULL AND i.state = 'MISSED'
UNION ALL
SELECT r.item_id, r.document_type, r.source_key, r.recorded_by,
       CASE WHEN w.state IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED') THEN 'ORIGINAL_STANDS' ELSE 'ORIGINAL_UNSURE' END,
       w.reason_code,
       CASE WHEN w.state IN ('REJECTED', 'INVALID', 'SKIPPED', 'MISSED') THEN '{ORIGINAL_STANDS}' ELSE '{ORIGINAL_UNSURE}' END,
       r.state_local
  FROM EESZT_V_ITEM w JOIN EESZT_V_LOCAL_ITEM r ON r.depends_on = w.item_id
 WHERE w.withdraws IS NOT NULL AND w.state NOT IN ('ACCEPTED', 'CANCELLED') AND r.withdraws IS NULL
   AND (r.ward_answer = 'PAPER' OR (r.ward_answer = 'WAIT' AND w.state IN ('UNKNOWN', 'PARKED')))
UNION ALL
SELECT i.item_id, i.document_type, i.source_key, i.recorded_by, 'WARD_OVERDUE', i.reason_code, '{WARD_OVERDUE}',
       i.answer_by_local
  FROM EESZT_V_WORK w JOIN EESZT_V_LOCAL_ITEM i ON i.item_id = w.item_id
 WHERE w.ward_at < [alive_since]
  WITH READ ONLY;
COMMENT ON TABLE EESZT_V_ATTENTION IS 'What needs a person, with the sentence';
