-- known: Every policy but TimescaleDB's own housekeeping, with its last run: as the job layer noted it, or the server's workers.
SELECT j.job_id                                  AS policy_id,
       CASE WHEN j.proc_schema <> '_timescaledb_functions' THEN 'action'
            WHEN j.proc_name = 'policy_refresh_continuous_aggregate' THEN 'refresh'
            WHEN j.proc_name IN ('policy_compression', 'policy_columnstore') THEN 'columnstore'
            ELSE regexp_replace(j.proc_name, '^policy_', '') END AS kind,
       coalesce(j.hypertable_name, j.proc_name)  AS what,
       j.schedule_interval                       AS every,
       run.last_started,
       run.last_finished,
       run.last_state,
       coalesce(run.failures, 0)                 AS failures,
       coalesce(run.next_due, :now)              AS next_due,
       j.scheduled,
       run.error
FROM timescaledb_information.jobs j
LEFT JOIN LATERAL (
    SELECT r.started_at                                       AS last_started,
           r.finished_at                                      AS last_finished,
           CASE WHEN dead THEN 'failed' ELSE r.state END      AS last_state,
           r.failures + dead::integer                         AS failures,
           r.asked_at + CASE WHEN dead THEN interval '0'
                             WHEN r.state = 'failed' THEN least(j.retry_period, j.schedule_interval)
                             ELSE j.schedule_interval END     AS next_due,
           CASE WHEN dead THEN 'the process that ran it ended without a word' ELSE r.error END AS error
    FROM policy_runs r
    CROSS JOIN LATERAL (SELECT r.state = 'running' AND r.lease_until < clock_timestamp()) AS lease (dead)
    WHERE CAST(:embedded AS boolean) AND r.policy_id = j.job_id
    UNION ALL
    SELECT nullif(s.last_run_started_at, '-infinity'),
           s.last_run_started_at + s.last_run_duration,
           outcome.state,
           CASE WHEN outcome.state = 'failed' THEN greatest(past.errors, 1) ELSE 0 END::integer,
           nullif(s.next_start, '-infinity'),
           CASE WHEN outcome.state = 'failed' THEN past.last_error END
    FROM timescaledb_information.job_stats s
    CROSS JOIN LATERAL (
        SELECT count(*) AS errors, (array_agg(e.err_message ORDER BY e.start_time DESC))[1] AS last_error
        FROM timescaledb_information.job_errors e -- a user who owns neither policy nor database sees none
        WHERE e.job_id = s.job_id AND e.start_time > s.last_successful_finish
    ) AS past
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.job_status = 'Running' THEN 'running'
                    WHEN s.last_run_status = 'Success' THEN 'done'
                    WHEN s.last_run_started_at > '-infinity' THEN 'failed' END -- also when its worker died
    ) AS outcome (state)
    WHERE NOT CAST(:embedded AS boolean) AND s.job_id = j.job_id
) AS run ON true
WHERE j.proc_schema <> '_timescaledb_functions' OR j.hypertable_name IS NOT NULL
ORDER BY j.job_id;

-- claim: Begin a run unless somebody else has begun one since the policies were read; of two at once one gets it.
INSERT INTO policy_runs AS r (policy_id, asked_at, started_at, lease_until, state)
VALUES (:policy_id, :now, clock_timestamp(), clock_timestamp() + CAST(:lease AS interval), 'running')
ON CONFLICT (policy_id) DO UPDATE
SET asked_at    = excluded.asked_at,
    started_at  = excluded.started_at,
    lease_until = excluded.lease_until,
    finished_at = NULL,
    state       = 'running',
    failures    = r.failures + (r.state = 'running')::integer,
    error       = NULL
WHERE r.started_at = :last_started
  AND (r.state <> 'running' OR r.lease_until < clock_timestamp())
RETURNING started_at;

-- run: Do what a policy does, in transactions of its own.
CALL run_job(CAST(:policy_id AS integer));

-- note_outcome: Close a run, unless it was taken for dead and another has begun.
UPDATE policy_runs
SET finished_at = clock_timestamp(),
    state       = CASE WHEN CAST(:error AS text) IS NULL THEN 'done' ELSE 'failed' END,
    failures    = CASE WHEN CAST(:error AS text) IS NULL THEN 0 ELSE failures + 1 END,
    error       = :error
WHERE policy_id = :policy_id AND started_at = :started_at;
