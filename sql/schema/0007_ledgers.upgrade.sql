-- What was run and what was loaded.

CREATE TABLE job_runs (
    run_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job         text        NOT NULL,
    state       text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed', 'lost')),
    holder      text        NOT NULL, -- host and process that runs it
    lease_until timestamptz NOT NULL, -- past this moment, a run still 'running' has died
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    rows        bigint,
    error       text
);
-- One run of a job at a time, on however many schedulers.
CREATE UNIQUE INDEX job_runs_one_running ON job_runs (job) WHERE state = 'running';
CREATE INDEX job_runs_by_time ON job_runs (started_at DESC);

CREATE TABLE ingested_files (
    file_id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind           text        NOT NULL CHECK (kind IN ('plans', 'accounts', 'trades', 'equity')),
    name           text        NOT NULL,
    sha256         text        NOT NULL,
    state          text        NOT NULL DEFAULT 'loading' CHECK (state IN ('loading', 'loaded')),
    rows_read      bigint      NOT NULL DEFAULT 0,
    rows_new       bigint      NOT NULL DEFAULT 0,
    rows_duplicate bigint      NOT NULL DEFAULT 0,
    rows_rejected  bigint      NOT NULL DEFAULT 0,
    started_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    UNIQUE (kind, sha256)
);

-- The quarantine: rows that could not be kept, with the reason.
CREATE TABLE rejected_rows (
    file_id     bigint      NOT NULL REFERENCES ingested_files ON DELETE CASCADE,
    line        bigint      NOT NULL,
    column_name text        NOT NULL,
    reason      text        NOT NULL,
    content     text        NOT NULL,
    rejected_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (file_id, line)
);
