-- known: Of each subject the newest alert that is unresolved, was judged by a person while it lasted, or just ended.
SELECT DISTINCT ON (subject) alert_id, subject, severity, state, resolution, label
FROM alerts
WHERE kind = 'engine'
  AND (state <> 'resolved'
       OR resolution = 'labelled'
       OR resolved_at > CAST(:moment AS timestamptz) - CAST(:flapping AS interval))
ORDER BY subject, alert_id DESC;

-- add: New alerts of the engine's own, as a JSON array of rows.
INSERT INTO alerts (fingerprint, kind, cohort, subject, subjects, first_day, trading_day, severity, title, body, raised_at,
                    changed_at)
SELECT format('engine:%s:%s', subject, to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), 'engine', 'engine',
       subject, ARRAY [subject], day, day, severity, title, body, moment, moment
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row (subject text, severity text, title text, body text)
CROSS JOIN (
    SELECT CAST(:moment AS timestamptz) AS moment, (CAST(:moment AS timestamptz) AT TIME ZONE 'UTC')::date AS day
) AS clock
ORDER BY subject
RETURNING alert_id;

-- go_on: Alerts whose trouble is still there, or back, as a JSON array of rows: what is said of it now.
-- Who acknowledged an alert looks after it when it comes back; one that a person dismissed stays dismissed.
UPDATE alerts a
SET severity    = row.severity,
    title       = row.title,
    body        = row.body,
    trading_day = greatest(a.trading_day, day),
    state       = CASE WHEN a.state <> 'resolved' OR row.dismissed THEN a.state
                       WHEN a.acknowledged_at IS NULL THEN 'open' ELSE 'acknowledged' END,
    resolution  = CASE WHEN row.dismissed THEN 'labelled' END,
    resolved_at = CASE WHEN row.dismissed THEN a.resolved_at END,
    changed_at  = :moment
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row (alert_id bigint, severity text, title text, body text, dismissed boolean)
CROSS JOIN (SELECT (CAST(:moment AS timestamptz) AT TIME ZONE 'UTC')::date AS day) AS clock
WHERE a.alert_id = row.alert_id
  AND (a.severity, a.title, a.body, a.resolution, a.trading_day)
      IS DISTINCT FROM (row.severity, row.title, row.body, CASE WHEN row.dismissed THEN 'labelled' END,
                        greatest(a.trading_day, day));

-- end: Alerts whose trouble is gone.
UPDATE alerts
SET state = 'resolved', resolution = 'ended', resolved_at = :moment, changed_at = :moment
WHERE alert_id = ANY (CAST(:alert_ids AS bigint[]));
