-- newest_event: How far the history of alerts reaches.
SELECT coalesce(max(position), 0) FROM alert_history;

-- events: What was done to alerts after a place in their history, the oldest first.
SELECT h.position, h.alert_id, h.event, a.severity, a.title, c.account, h.at
FROM alert_history h
JOIN alerts a USING (alert_id)
LEFT JOIN accounts c USING (account_id)
WHERE h.position > :after
ORDER BY h.position
LIMIT :limit;

-- job_runs: Runs, newest first, those before one of them.
SELECT run_id, job, window_start, window_end, trading_day, attempt, by_hand, state, holder, started_at, finished_at,
       progress, rows, error
FROM job_runs
WHERE (CAST(:job AS text) IS NULL OR job = :job)
  AND run_id < :before
ORDER BY run_id DESC
LIMIT :limit;
