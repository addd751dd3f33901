-- newest_events: How far the history of alerts reaches, and how much of its newest part can be seen.
-- A number is drawn before its row can be seen, so a lower one may appear after a higher.
SELECT coalesce(max(position), 0) AS newest, count(*) AS seen
FROM alert_history
WHERE position > (SELECT max(position) FROM alert_history) - 1000;

-- events: What was done to alerts after a place in their history, the oldest first, without what is known already.
SELECT h.position, h.alert_id, h.event, a.severity, a.title, c.account, h.at
FROM alert_history h
JOIN alerts a USING (alert_id)
LEFT JOIN accounts c USING (account_id)
WHERE h.position > :after
  AND h.position <> ALL (CAST(:known AS bigint[]))
ORDER BY h.position
LIMIT 500;

-- known_events: What a listener that stopped at a place has been told of the newest part before it.
SELECT position FROM alert_history WHERE position > :after AND position <= :until;

-- job_runs: Runs, newest first, those before one of them.
SELECT run_id, job, window_start, window_end, trading_day, attempt, by_hand, state, holder, started_at, finished_at,
       progress, rows, error
FROM job_runs
WHERE (CAST(:job AS text) IS NULL OR job = :job)
  AND run_id < :before
ORDER BY run_id DESC
LIMIT :limit;
