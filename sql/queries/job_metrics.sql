-- ends: The newest run, and the oldest under way; runs before both have been counted.
SELECT coalesce((SELECT max(run_id) FROM job_runs), 0)                AS newest,
       (SELECT min(run_id) FROM job_runs WHERE state = 'running')     AS oldest_running;

-- ended_runs: Runs from a number on that have ended.
SELECT run_id, job, state, coalesce(rows, 0) AS rows
FROM job_runs
WHERE run_id >= :first AND state <> 'running';

-- backlog: What is still to be delivered, and to be computed. Of days a million is enough to know.
SELECT (SELECT count(*) FROM deliveries WHERE state = 'pending')           AS outbox_pending,
       (SELECT count(*) FROM (SELECT FROM stale_days LIMIT 1000000) AS s)  AS stale_account_days;
