-- give_up_dead_runs: A run whose lease has passed died without saying so.
UPDATE job_runs
SET state = 'lost', finished_at = clock_timestamp(), error = 'the process that ran it ended without a word'
WHERE job = :job AND state = 'running' AND lease_until < clock_timestamp();

-- claim_run: Begin a run unless one is under way; the unique index decides between two at once.
INSERT INTO job_runs (job, holder, lease_until)
VALUES (:job, :holder, clock_timestamp() + CAST(:lease AS interval))
ON CONFLICT DO NOTHING
RETURNING run_id;

-- current_run: Who is running a job now.
SELECT run_id, holder, started_at, lease_until
FROM job_runs
WHERE job = :job AND state = 'running';

-- extend_lease: Say that a run is still alive.
UPDATE job_runs
SET lease_until = clock_timestamp() + CAST(:lease AS interval)
WHERE run_id = :run_id AND state = 'running';

-- finish_run: Close a run's entry with what came of it.
UPDATE job_runs
SET state = :state, finished_at = clock_timestamp(), rows = :rows, error = :error
WHERE run_id = :run_id AND state = 'running';

-- last_runs: The newest run of every job.
SELECT DISTINCT ON (job) job, state, holder, started_at, finished_at, rows, error
FROM job_runs
ORDER BY job, run_id DESC;

-- history: Runs, newest first, of one job or of all.
SELECT run_id, job, state, holder, started_at, finished_at, rows, error
FROM job_runs
WHERE CAST(:job AS text) IS NULL OR job = :job
ORDER BY run_id DESC
LIMIT :limit;
