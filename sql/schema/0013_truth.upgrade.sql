-- What may be out of date, what was built upon it, and what was found when it was checked.

-- What of a stale day changed: only that is counted again; a day with nothing set is only carried forward anew.
ALTER TABLE stale_days
    ADD COLUMN of_trades     boolean NOT NULL DEFAULT true,
    ADD COLUMN of_equity     boolean NOT NULL DEFAULT true,
    ADD COLUMN of_operations boolean NOT NULL DEFAULT true;

-- Days that anomalies were looked for on, and days that forecasts were made from.
CREATE TABLE scored_days (
    kind        text        NOT NULL CHECK (kind IN ('anomaly', 'forecast')),
    trading_day date        NOT NULL,
    scored_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, trading_day)
);
INSERT INTO scored_days (kind, trading_day, scored_at)
SELECT 'anomaly', trading_day, max(scored_at) FROM anomalies GROUP BY trading_day
UNION ALL
SELECT 'forecast', origin, max(made_at) FROM forecasts GROUP BY origin;

-- Accounts whose metrics changed on a day that had been scored: what was found from that day on is out of date.
CREATE TABLE rescoring (
    kind       text        NOT NULL CHECK (kind IN ('anomaly', 'forecast')),
    account_id integer     NOT NULL,
    since      date        NOT NULL,
    marked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, account_id)
);

CREATE TABLE verifications (
    verification_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject         text        NOT NULL CHECK (subject IN ('trades_5m', 'trades_1d', 'equity_5m', 'equity_1d', 'daily_metrics')),
    whole           boolean     NOT NULL, -- everything was compared, not a sample
    started_at      timestamptz NOT NULL,
    finished_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    compared        bigint      NOT NULL, -- buckets or account-days
    differing       bigint      NOT NULL,
    behind          interval,             -- how far the subject was behind the raw data; null: nothing there yet
    pending         bigint      NOT NULL, -- ranges or account-days known to be out of date, which were not compared
    healed          boolean     NOT NULL
);
CREATE INDEX verifications_by_time ON verifications (started_at DESC);

CREATE TABLE verification_differences (
    verification_id bigint      NOT NULL REFERENCES verifications ON DELETE CASCADE,
    account_id      integer     NOT NULL,
    symbol_id       smallint,
    bucket          timestamptz NOT NULL, -- of daily metrics: the trading day at 00:00 UTC
    column_name     text        NOT NULL,
    kept            numeric,
    recomputed      numeric
);
CREATE INDEX verification_differences_by_verification ON verification_differences (verification_id);

-- Since when raw data is there in full. A row from before would make a refresh count its month from itself alone.
CREATE TABLE retention_limits (
    hypertable text        PRIMARY KEY CHECK (hypertable IN ('trades', 'equity')),
    kept_since timestamptz NOT NULL
);
COMMENT ON TABLE retention_limits IS 'Raw rows from before were dropped; what was made of them stays, and later ones are refused.';

-- The newest statement may show no open position at all: its moment must be known all the same.
ALTER TABLE accounts ADD COLUMN positions_as_of timestamptz;
UPDATE accounts a
SET positions_as_of = p.as_of
FROM (SELECT account_id, max(as_of) AS as_of FROM open_positions GROUP BY account_id) AS p
WHERE a.account_id = p.account_id;
