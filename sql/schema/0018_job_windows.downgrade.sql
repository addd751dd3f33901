-- The ledger as it was: runs without windows.

DROP INDEX job_runs_by_window;
DROP INDEX job_runs_failed;
DROP INDEX job_runs_done_once;
UPDATE job_runs SET state = 'failed' WHERE state = 'given_up';
ALTER TABLE job_runs
    DROP CONSTRAINT job_runs_state_check,
    DROP COLUMN progress,
    DROP COLUMN heartbeat_at,
    DROP COLUMN again,
    DROP COLUMN by_hand,
    DROP COLUMN attempt,
    DROP COLUMN trading_day,
    DROP COLUMN window_end,
    DROP COLUMN window_start,
    ADD CHECK (state IN ('running', 'done', 'failed', 'lost'));
DROP TABLE job_controls;
