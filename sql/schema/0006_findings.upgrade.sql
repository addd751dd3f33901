-- What the analytics find: anomalies, forecasts, and the alerts made of them.

CREATE TABLE anomalies (
    anomaly_id  bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  integer          NOT NULL,
    trading_day date             NOT NULL,
    metric      text             NOT NULL,
    detector    text             NOT NULL,
    pvalue      double precision NOT NULL CHECK (pvalue BETWEEN 0 AND 1),
    direction   smallint         NOT NULL CHECK (direction IN (-1, 0, 1)),
    seen        double precision,
    expected    double precision,
    severity    text             NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    reason      text             NOT NULL,
    scored_at   timestamptz      NOT NULL DEFAULT now(),
    UNIQUE (account_id, trading_day)
);
COMMENT ON TABLE anomalies IS 'Account-days that do not fit the account''s own past: at most one row each, for the metric that says most.';
CREATE INDEX anomalies_by_day ON anomalies (trading_day DESC);

CREATE TABLE forecasts (
    origin              date               NOT NULL, -- the last trading day known when it was made
    account_id          integer            NOT NULL,
    horizon             smallint           NOT NULL CHECK (horizon > 0),
    model               text               NOT NULL,
    model_version       text               NOT NULL,
    skill               double precision,            -- 1 - CRPS / CRPS of naive; null: history too short
    quantile_levels     double precision[] NOT NULL,
    mean                double precision[] NOT NULL, -- net profit of each day ahead, in the account's currency
    quantiles           double precision[] NOT NULL, -- [day][level]
    total_quantiles     double precision[] NOT NULL, -- [day][level] of the sum from the first day to that day
    daily_loss_breach   double precision,            -- probabilities over the horizon; null: no such rule
    max_drawdown_breach double precision,
    any_breach          double precision,
    profit_target_hit   double precision,
    made_at             timestamptz        NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, origin, horizon, model)
);
SELECT create_hypertable('forecasts', by_range('origin', interval '90 days'), create_default_indexes => false);
CREATE INDEX forecasts_by_origin ON forecasts (origin DESC);

CREATE TABLE alerts (
    alert_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint text        NOT NULL UNIQUE, -- what makes two alerts the same one
    kind        text        NOT NULL CHECK (kind IN ('anomaly', 'forecast_breach')),
    account_id  integer     NOT NULL,
    trading_day date        NOT NULL,
    severity    text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    title       text        NOT NULL,
    body        text        NOT NULL,
    raised_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX alerts_by_day ON alerts (trading_day DESC);

-- The outbox: written with its alert, worked off by the alert job, so a crash loses none and doubles none.
CREATE TABLE alert_deliveries (
    alert_id     bigint      NOT NULL REFERENCES alerts ON DELETE CASCADE,
    sink         text        NOT NULL,
    state        text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts     smallint    NOT NULL DEFAULT 0,
    next_attempt timestamptz NOT NULL DEFAULT now(),
    error        text,
    delivered_at timestamptz,
    PRIMARY KEY (alert_id, sink)
);
CREATE INDEX alert_deliveries_pending ON alert_deliveries (next_attempt) WHERE state = 'pending';
