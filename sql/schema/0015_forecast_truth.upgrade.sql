-- What became of stored forecasts, and what later runs and reports need beside them.

ALTER TABLE forecasts
    ADD COLUMN consistency_failure double precision, -- probabilities over the horizon; null: no such rule
    ADD COLUMN payout_probability  double precision,
    ADD COLUMN expected_payout     double precision, -- in the account's currency
    ADD COLUMN naive_mean          double precision, -- of each day ahead by the naive forecast, a normal distribution;
    ADD COLUMN naive_deviation     double precision, --   null: none was made
    ADD COLUMN cohort              text;             -- accounts alike when it was made

CREATE TABLE group_forecasts (
    origin            date               NOT NULL,
    account_group     text               NOT NULL, -- '': the whole firm
    currency          text               NOT NULL,
    horizon           smallint           NOT NULL CHECK (horizon > 0),
    accounts          integer            NOT NULL,
    quantile_levels   double precision[] NOT NULL,
    mean              double precision[] NOT NULL, -- net profit of each day ahead, all accounts together
    total_quantiles   double precision[] NOT NULL, -- [day][level] of the sum from the first day to that day
    expected_payout   double precision,
    payout_quantiles  double precision[],          -- [level] of the payout of all accounts together
    expected_breaches double precision,            -- accounts expected to break a rule within the horizon
    made_at           timestamptz        NOT NULL DEFAULT now(),
    PRIMARY KEY (origin, account_group, currency, horizon)
);

-- What a model has learnt, for the next run to go on from.
CREATE TABLE forecast_states (
    model_version text        NOT NULL,
    origin        date        NOT NULL, -- the last trading day learnt from
    made_at       timestamptz NOT NULL DEFAULT now(),
    state         jsonb       NOT NULL,
    PRIMARY KEY (model_version, origin)
);

-- Narrow on purpose: what was foretold stands beside what came, so accuracy is told without reading forecasts.
CREATE TABLE forecast_outcomes (
    origin                date             NOT NULL,
    account_id            integer          NOT NULL,
    horizon               smallint         NOT NULL,
    model                 text             NOT NULL,
    cohort                text,
    forecast_made_at      timestamptz      NOT NULL,
    last_day              date             NOT NULL,           -- the weekday the horizon ends on
    closed_until          date             NOT NULL,           -- numbers below are of the days up to it; origin: to be made anew
    days_closed           smallint         NOT NULL DEFAULT 0, -- weekdays of the horizon that are over,
    days_scored           smallint         NOT NULL DEFAULT 0, --   and those the account had metrics on
    pinball               double precision NOT NULL DEFAULT 0, -- loss summed over the days scored and the quantile levels
    naive_pinball         double precision,
    inside_80             smallint,                            -- days within the interval; null: not among the levels
    inside_95             smallint,
    total                 double precision,                    -- net profit up to the last day closed
    total_pinball         double precision,                    -- from here on null until the horizon is over
    naive_total_pinball   double precision,
    total_inside_80       boolean,
    total_inside_95       boolean,
    daily_loss_breach     double precision,                    -- what was foretold
    max_drawdown_breach   double precision,
    any_breach            double precision,
    profit_target_hit     double precision,
    daily_loss_breached   boolean,                             -- what came; null: no such rule
    max_drawdown_breached boolean,
    any_breached          boolean,
    profit_target_reached boolean,
    PRIMARY KEY (account_id, origin, horizon, model)
);
SELECT create_hypertable('forecast_outcomes', by_range('origin', interval '90 days'), create_default_indexes => false);
CREATE INDEX forecast_outcomes_by_origin ON forecast_outcomes (origin DESC);
CREATE INDEX forecast_outcomes_open ON forecast_outcomes (origin, horizon, account_id) WHERE closed_until < last_day;

ALTER TABLE scored_days
    DROP CONSTRAINT scored_days_kind_check,
    ADD CONSTRAINT scored_days_kind_check CHECK (kind IN ('anomaly', 'forecast', 'outcome'));
ALTER TABLE rescoring
    DROP CONSTRAINT rescoring_kind_check,
    ADD CONSTRAINT rescoring_kind_check CHECK (kind IN ('anomaly', 'forecast', 'outcome'));
