-- The ledger of runs by job and window, and what people said of a job.

-- Whoever claims a window holds the job's row meanwhile, so two claims of a job come one after the other.
CREATE TABLE job_controls (
    job       text        PRIMARY KEY,
    paused_at timestamptz, -- null: it runs
    paused_by text,
    reason    text,
    CHECK ((paused_at IS NULL) = (paused_by IS NULL))
);
COMMENT ON TABLE job_controls IS 'One row for each job that was ever claimed or paused.';

ALTER TABLE job_runs DROP CONSTRAINT job_runs_state_check;
ALTER TABLE job_runs
    ADD COLUMN window_start timestamptz,
    ADD COLUMN window_end   timestamptz,
    ADD COLUMN trading_day  date,        -- of a job that works off trading days; their windows are the UTC days of that name
    ADD COLUMN attempt      integer      NOT NULL DEFAULT 1 CHECK (attempt > 0),
    ADD COLUMN by_hand      boolean      NOT NULL DEFAULT false, -- asked for by a person, whatever the schedule
    ADD COLUMN again        boolean      NOT NULL DEFAULT false, -- by hand, of a window that was done before
    ADD COLUMN heartbeat_at timestamptz  NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN progress     text,        -- what it was doing at its last heartbeat
    ADD CHECK (state IN ('running', 'done', 'failed', 'given_up', 'lost'));
-- A window of no length would have the next one begin where it does.
UPDATE job_runs
SET window_start = started_at,
    window_end   = greatest(coalesce(finished_at, started_at), started_at + interval '1 microsecond'),
    heartbeat_at = coalesce(finished_at, started_at);
-- What is left over from before windows were known must not be in the way of the rules below.
UPDATE job_runs SET again = true;
ALTER TABLE job_runs
    ALTER COLUMN window_start SET NOT NULL,
    ALTER COLUMN window_end SET NOT NULL,
    ADD CHECK (window_start < window_end);
COMMENT ON COLUMN job_runs.state IS 'failed: to be tried again; given_up: tried often enough; lost: its process ended without a word.';

-- A window is done once.
CREATE UNIQUE INDEX job_runs_done_once ON job_runs (job, window_start) WHERE state = 'done' AND NOT again;
CREATE INDEX job_runs_failed ON job_runs (job, run_id) WHERE state IN ('failed', 'given_up', 'lost');
CREATE INDEX job_runs_by_window ON job_runs (job, window_start DESC);
