-- One row per account and trading day, and the list of days whose row is out of date.

-- Columns above the line hold what happened on the day alone; those below carry the account's history
-- forward and are recomputed from the first changed day on. Money in minor units.
CREATE TABLE daily_metrics (
    trading_day        date    NOT NULL,
    account_id         integer NOT NULL,
    trades             integer NOT NULL,
    wins               integer NOT NULL,
    losses             integer NOT NULL,
    gross_profit       bigint  NOT NULL,
    gross_loss         bigint  NOT NULL,
    commission         bigint  NOT NULL,
    swap               bigint  NOT NULL,
    lots               bigint  NOT NULL, -- hundred-thousandths of a lot
    largest_lots       bigint  NOT NULL,
    seconds_held       bigint  NOT NULL,
    balance_operations bigint  NOT NULL,
    closed_low         bigint  NOT NULL, -- lowest and highest running sum of the day's closed results,
    closed_high        bigint  NOT NULL, --   zero included
    snapshots          integer NOT NULL,
    opening_equity     bigint,           -- a snapshot within five minutes of the day's start
    last_equity        bigint,
    min_equity         bigint,
    max_equity         bigint,
    -- carried forward
    balance_start      bigint,
    balance_end        bigint,
    balance_low        bigint,
    equity_start       bigint,
    equity_end         bigint,
    equity_low         bigint,
    equity_high        bigint,
    day_drawdown       bigint,           -- equity at the start less its low
    max_drawdown       bigint,           -- largest fall of equity from its peak so far
    balance_peak       bigint,           -- highest end-of-day balance so far, this day included
    equity_peak        bigint,
    daily_loss_left    bigint,           -- money between the day's low and the plan's limits;
    max_drawdown_left  bigint,           --   negative: breached; null: no such limit
    total_net_profit   bigint,
    best_day           bigint,
    consistency_share  double precision, -- best day as a share of the profit so far; null while there is none
    PRIMARY KEY (account_id, trading_day)
);
SELECT create_hypertable('daily_metrics', by_range('trading_day', interval '90 days'), create_default_indexes => false);
CREATE INDEX daily_metrics_by_day ON daily_metrics (trading_day DESC, account_id);

-- Written in the transaction that changes a day's trades, equity or balance operations; taken off by
-- the one that recomputes it. A row here means: the day's metrics are not to be trusted yet.
CREATE TABLE stale_days (
    account_id  integer     NOT NULL,
    trading_day date        NOT NULL,
    marked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, trading_day)
);
