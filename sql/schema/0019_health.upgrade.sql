-- What the engine observes of itself, and alerts about that.

CREATE TABLE health_observations (
    observation_id   bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    observed_at      timestamptz      NOT NULL,
    host             text             NOT NULL, -- whose processor and memory these are
    read_seconds     jsonb            NOT NULL, -- common read → how long it took
    committed        bigint,          -- transactions since the server began to count; null: it does not count
    rolled_back      bigint,
    database_bytes   bigint           NOT NULL,
    table_bytes      jsonb            NOT NULL, -- hypertable → its size, indexes included
    cpu_busy_seconds double precision NOT NULL, -- of all processors since the host began to count
    cpu_seconds      double precision NOT NULL, -- the same, idle ones included
    memory_share     double precision NOT NULL CHECK (memory_share BETWEEN 0 AND 1),
    disk_free_share  double precision CHECK (disk_free_share BETWEEN 0 AND 1), -- null: the disk is a server's
    CHECK ((committed IS NULL) = (rolled_back IS NULL))
);
COMMENT ON TABLE health_observations IS 'What the health job saw of database and machine; kept for 400 days.';
CREATE INDEX health_observations_by_time ON health_observations (observed_at DESC);

-- The engine's own troubles are alerts of the cohort engine, one unresolved for each subject.
ALTER TABLE alerts DROP CONSTRAINT alerts_kind_check;
ALTER TABLE alerts
    ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('incident', 'forecast_breach', 'engine')),
    ADD CONSTRAINT alerts_engine_check CHECK (kind <> 'engine' OR account_id IS NULL AND cohort = 'engine');
CREATE UNIQUE INDEX alerts_engine_once ON alerts (subject) WHERE kind = 'engine' AND state <> 'resolved';
