-- known: Which of these alerts there are.
SELECT alert_id FROM alerts WHERE alert_id = ANY (CAST(:alert_ids AS bigint[])) ORDER BY alert_id;

-- acknowledge: Somebody looks after these alerts.
UPDATE alerts
SET state = 'acknowledged', acknowledged_at = now(), acknowledged_by = :done_by, changed_at = now()
WHERE alert_id = ANY (CAST(:alert_ids AS bigint[]))
  AND state = 'open'
RETURNING alert_id;

-- label: What these alerts were in truth; only a true one may stay open.
UPDATE alerts
SET label       = :label,
    labelled_at = now(),
    labelled_by = :done_by,
    note        = coalesce(:note, note),
    state       = CASE WHEN :label <> 'true' THEN 'resolved' WHEN resolution = 'labelled' THEN 'open' ELSE state END,
    resolution  = CASE WHEN :label <> 'true' THEN coalesce(resolution, 'labelled')
                       WHEN resolution = 'labelled' THEN NULL ELSE resolution END,
    resolved_at = CASE WHEN :label <> 'true' THEN coalesce(resolved_at, now())
                       WHEN resolution = 'labelled' THEN NULL ELSE resolved_at END,
    changed_at  = now()
WHERE alert_id = ANY (CAST(:alert_ids AS bigint[]))
RETURNING alert_id;

-- precision: How the alerts of each cohort and metric were judged; a cohort is a plan and phase.
SELECT p.plan || '/' || c.phase AS cohort,
       a.subject,
       count(*) FILTER (WHERE a.label = 'true')                     AS confirmed,
       count(*) FILTER (WHERE a.label IN ('expected', 'false'))     AS dismissed
FROM alerts a
JOIN accounts c USING (account_id)
JOIN plans p USING (plan_id)
WHERE a.kind = 'incident'
  AND a.label IN ('true', 'expected', 'false')
GROUP BY 1, 2
ORDER BY 1, 2;

-- new_normal: Accounts whose change people called their new normal, and since when.
SELECT account_id, min(first_day) AS since
FROM alerts
WHERE label = 'new_normal' AND account_id IS NOT NULL
GROUP BY account_id
ORDER BY account_id;

-- mute: Keep findings from raising alerts.
INSERT INTO mutes (account_id, account_group, subject, since, until, reason, made_by)
VALUES ((SELECT account_id FROM accounts WHERE account = :account), :account_group, :subject, :since, :until, :reason,
        :done_by)
RETURNING mute_id;

-- unmute: Lift a mute.
UPDATE mutes
SET lifted_at = now(), lifted_by = :done_by
WHERE mute_id = :mute_id
  AND lifted_at IS NULL
RETURNING mute_id;

-- mutes: The mutes there are, those in force first.
SELECT m.mute_id, c.account, m.account_group, m.subject, m.since, m.until, m.reason, m.made_by, m.made_at, m.lifted_at
FROM mutes m
LEFT JOIN accounts c USING (account_id)
ORDER BY m.lifted_at IS NOT NULL, m.mute_id DESC;

-- group_exists: Whether accounts of this group are known.
SELECT EXISTS (SELECT FROM accounts WHERE account_group = :account_group);

-- confirmed: What people found to be true, as events of accounts.
SELECT c.account, a.subject AS kind, a.first_day, a.trading_day AS last_day
FROM alerts a
JOIN accounts c USING (account_id)
WHERE a.label = 'true'
  AND a.kind = 'incident'
ORDER BY c.account, a.first_day;
