-- What came of TimescaleDB's policies where no background workers run them.

CREATE TABLE policy_runs (
    policy_id   integer     PRIMARY KEY, -- TimescaleDB's job_id
    asked_at    timestamptz NOT NULL,    -- the moment it was run for; its interval counts from here
    started_at  timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,    -- who has not finished by then is taken for dead
    finished_at timestamptz,
    state       text        NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    failures    integer     NOT NULL DEFAULT 0 CHECK (failures >= 0), -- since it last succeeded
    error       text,
    CHECK ((state = 'running') = (finished_at IS NULL)),
    CHECK ((state = 'failed') = (error IS NOT NULL))
);
COMMENT ON TABLE policy_runs IS 'The last run of each policy by the job layer; empty on a server, whose own workers run them.';
