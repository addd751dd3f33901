-- Snapshots of balance, equity and margin, as the platform reports them.

CREATE TABLE equity (
    time       timestamptz NOT NULL,
    balance    bigint      NOT NULL,
    equity     bigint      NOT NULL,
    margin     bigint,
    account_id integer     NOT NULL,
    PRIMARY KEY (account_id, time)
);
COMMENT ON TABLE equity IS 'Balance, equity and margin of an account at a moment, in minor units. Read plain.equity for ordinary numbers.';

SELECT create_hypertable('equity', by_range('time', interval '30 days'), create_default_indexes => false);
CREATE INDEX equity_by_time ON equity (time DESC);

ALTER TABLE equity SET (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = '',
    timescaledb.orderby = 'account_id, time'
);
CALL add_columnstore_policy('equity', after => interval '14 days');
