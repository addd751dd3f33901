-- know: Make sure that a job has its row.
INSERT INTO job_controls (job)
VALUES (:job)
ON CONFLICT (job) DO NOTHING;

-- hold: Claims of a job come one after the other: hold its row, and wait for it if another does.
SELECT job
FROM job_controls
WHERE job = :job
FOR UPDATE;

-- hold_if_free: The same without waiting; nothing if another holds it.
SELECT job
FROM job_controls
WHERE job = :job
FOR UPDATE SKIP LOCKED;

-- end_when_idle: Have the server end this connection if its process stops in the middle of the transaction.
SELECT set_config('idle_in_transaction_session_timeout', '10s', true);

-- dead_runs: The runs of a job whose lease has passed.
SELECT run_id
FROM job_runs
WHERE job = :job AND state = 'running' AND lease_until < clock_timestamp();

-- end_connections: End the other connections of a name, at most two seconds each, and with them what they hold locked.
SELECT count(pg_terminate_backend(pid, 2000))
FROM pg_stat_activity
WHERE application_name = :application AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid();

-- give_up_dead_runs: A run whose lease has passed died without saying so. One that is just being closed is let be.
UPDATE job_runs
SET state = 'lost', finished_at = clock_timestamp(), error = 'the process that ran it ended without a word'
WHERE run_id IN (
    SELECT run_id
    FROM job_runs
    WHERE job = :job AND state = 'running' AND lease_until < clock_timestamp()
    FOR UPDATE SKIP LOCKED
);

-- claim_window: Begin a run of a window, unless the job is running, or the window was done and nobody asks for it by hand.
INSERT INTO job_runs (job, window_start, window_end, trading_day, attempt, again, by_hand, holder, lease_until)
SELECT :job, :window_start, :window_end, :trading_day, 1 + before.failures, before.done, :by_hand, :holder,
       clock_timestamp() + CAST(:lease AS interval)
FROM (
    SELECT count(*) FILTER (WHERE state IN ('failed', 'given_up', 'lost'))::integer AS failures,
           count(*) FILTER (WHERE state = 'done') > 0                               AS done
    FROM job_runs
    WHERE job = :job AND window_start = :window_start
) AS before
WHERE (:by_hand OR NOT before.done)
  -- The unique index alone would wait for a run that is just being closed, and then do its window again.
  AND NOT EXISTS (SELECT FROM job_runs WHERE job = :job AND state = 'running')
ON CONFLICT DO NOTHING
RETURNING run_id, attempt;

-- current_run: Who is running a job now.
SELECT run_id, holder, started_at, lease_until
FROM job_runs
WHERE job = :job AND state = 'running';

-- hold_lease: Nothing, if the lease is lost; else nobody takes it over before this transaction has ended.
SELECT run_id
FROM job_runs
WHERE run_id = :run_id AND state IN ('running', 'done')
FOR SHARE;

-- beat: Say that a run is still alive, and what it is doing.
UPDATE job_runs
SET heartbeat_at = clock_timestamp(), lease_until = clock_timestamp() + CAST(:lease AS interval), progress = :progress
WHERE run_id = :run_id AND state = 'running'
RETURNING run_id;

-- finish: Close a run that did its work.
UPDATE job_runs
SET state = 'done', finished_at = clock_timestamp(), rows = :rows, progress = NULL
WHERE run_id = :run_id AND state = 'running'
RETURNING run_id;

-- fail: Close a run that did not; the failure after the last retry gives the window up.
UPDATE job_runs r
SET state       = CASE WHEN NOT CAST(:counts AS boolean) THEN 'lost'
                       WHEN before.failures >= CAST(:retries AS integer) THEN 'given_up'
                       ELSE 'failed' END,
    finished_at = clock_timestamp(),
    error       = :error
FROM (
    SELECT count(*) AS failures
    FROM job_runs f
    JOIN job_runs own ON own.run_id = :run_id AND own.job = f.job AND own.window_start = f.window_start
    WHERE f.state = 'failed'
) AS before
WHERE r.run_id = :run_id AND r.state = 'running';

-- facts: What the ledger knows of each job: how far it is done, what runs, what failed since; and the database's time.
-- One pass over the ledger: asked job by job, the planner walks the whole of it for a job that has no such run.
WITH marks AS MATERIALIZED (
    SELECT job,
           min(run_id)                                                          AS first_run,
           max(run_id) FILTER (WHERE state = 'done')                            AS newest_done,
           max(run_id) FILTER (WHERE state IN ('failed', 'given_up', 'lost'))   AS newest_failed,
           min(trading_day) FILTER (WHERE NOT by_hand)                          AS first_day
    FROM job_runs
    GROUP BY job
)
SELECT j.job,
       clock_timestamp()                       AS now,
       c.paused_at, c.paused_by, c.reason,
       m.first_day,
       done.window_end                         AS done_until,
       done.started_at                         AS done_started_at,
       done.finished_at                        AS done_finished_at,
       running.window_start                    AS running_start,
       running.window_end                      AS running_end,
       running.trading_day                     AS running_day,
       running.holder                          AS running_holder,
       running.started_at                      AS running_since,
       running.progress                        AS running_progress,
       running.lease_until < clock_timestamp() AS lease_passed,
       failed.failures,
       failed.lost,
       failed.window_failures,
       newest.window_start                     AS failed_start,
       newest.state                            AS failed_state,
       newest.error,
       extract(epoch FROM clock_timestamp() - newest.finished_at)::double precision AS seconds_since_failure,
       first.started_at                        AS first_started_at,
       first.window_start                      AS first_start
FROM unnest(CAST(:jobs AS text[])) WITH ORDINALITY AS j (job, place)
LEFT JOIN job_controls c USING (job)
LEFT JOIN marks m USING (job)
LEFT JOIN job_runs first ON first.run_id = m.first_run
LEFT JOIN job_runs newest ON newest.run_id = m.newest_failed AND m.newest_failed > coalesce(m.newest_done, 0)
LEFT JOIN job_runs running ON running.job = j.job AND running.state = 'running'
-- The furthest, which need not be the newest: somebody may have done an old window again by hand.
LEFT JOIN LATERAL (
    SELECT r.window_end, r.started_at, r.finished_at
    FROM job_runs r
    WHERE r.job = j.job AND r.state = 'done'
    ORDER BY r.window_start DESC, r.run_id DESC
    LIMIT 1
) AS done ON true
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.state <> 'lost')::integer AS failures,
           count(*) FILTER (WHERE r.state = 'lost')::integer  AS lost,
           count(*) FILTER (WHERE r.state <> 'lost' AND r.window_start = newest.window_start)::integer AS window_failures
    FROM job_runs r
    WHERE r.job = j.job AND r.state IN ('failed', 'given_up', 'lost') AND r.run_id > coalesce(m.newest_done, 0)
) AS failed
ORDER BY j.place;

-- settled_days: When each trading day was settled, done or given up, by job.
SELECT job, trading_day, max(finished_at) AS finished_at
FROM job_runs
WHERE trading_day >= CAST(:since AS date) AND state IN ('done', 'given_up')
GROUP BY job, trading_day;

-- given_up_days: Trading days that were given up and not done since: how often each was tried, and its last error.
WITH ends AS (
    SELECT job, trading_day,
           max(run_id) FILTER (WHERE state = 'given_up')                    AS given_up,
           max(run_id) FILTER (WHERE state = 'done')                        AS done,
           count(*) FILTER (WHERE state IN ('failed', 'given_up'))::integer AS attempts
    FROM job_runs
    WHERE trading_day >= CAST(:since AS date) AND state IN ('done', 'failed', 'given_up')
    GROUP BY job, trading_day
)
SELECT e.job, e.trading_day, e.attempts, r.error
FROM ends e
JOIN job_runs r ON r.run_id = e.given_up
WHERE e.given_up > coalesce(e.done, 0)
ORDER BY e.job, e.trading_day;

-- days_done: Which trading days of a job, from one to another, are done.
SELECT DISTINCT trading_day
FROM job_runs
WHERE job = :job AND trading_day BETWEEN CAST(:since AS date) AND CAST(:until AS date) AND state = 'done';

-- pause: Nobody claims a paused job.
INSERT INTO job_controls (job, paused_at, paused_by, reason)
VALUES (:job, clock_timestamp(), :by, :reason)
ON CONFLICT (job) DO UPDATE
SET paused_at = clock_timestamp(), paused_by = excluded.paused_by, reason = excluded.reason
WHERE job_controls.paused_at IS NULL
RETURNING job;

-- resume: Let a paused job run again.
UPDATE job_controls
SET paused_at = NULL, paused_by = NULL, reason = NULL
WHERE job = :job AND paused_at IS NOT NULL
RETURNING job;

-- last_runs: The newest run of every job.
SELECT DISTINCT ON (job)
       run_id, job, window_start, window_end, trading_day, attempt, by_hand, state, holder, started_at, finished_at, progress, rows, error
FROM job_runs
ORDER BY job, run_id DESC;

-- history: Runs, newest first, of one job or of all, of all states or of some.
SELECT run_id, job, window_start, window_end, trading_day, attempt, by_hand, state, holder, started_at, finished_at, progress, rows, error
FROM job_runs
WHERE (CAST(:job AS text) IS NULL OR job = :job)
  AND (CAST(:states AS text[]) IS NULL OR state = ANY (CAST(:states AS text[])))
ORDER BY run_id DESC
LIMIT :limit;
