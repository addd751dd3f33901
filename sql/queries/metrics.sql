-- refresh_trades_5m: Bring the 5-minute trade aggregate up to date from a moment on.
CALL refresh_continuous_aggregate('trades_5m', CAST(:since AS timestamptz), NULL);

-- refresh_equity_5m: Bring the 5-minute equity aggregate up to date.
CALL refresh_continuous_aggregate('equity_5m', CAST(:since AS timestamptz), NULL);

-- refresh_trades_1d: Bring the daily trade aggregate up to date, after the 5-minute one.
CALL refresh_continuous_aggregate('trades_1d', CAST(:since AS timestamptz), NULL);

-- refresh_equity_1d: Bring the daily equity aggregate up to date, after the 5-minute one.
CALL refresh_continuous_aggregate('equity_1d', CAST(:since AS timestamptz), NULL);

-- analyze_aggregates: Fresh statistics of the aggregates; without them a plan may take hours instead of seconds.
DO $$
DECLARE
    materialization regclass;
BEGIN
    FOR materialization IN
        SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)
        FROM timescaledb_information.continuous_aggregates
        WHERE view_schema = 'public' AND view_name IN ('trades_5m', 'equity_5m')
    LOOP
        EXECUTE format('ANALYZE %s', materialization);
    END LOOP;
END
$$;

-- first_kept_moments: Where the raw data still kept begins. A refresh before it would empty the aggregates.
SELECT hypertable_name AS "table", min(range_start) AS since
FROM timescaledb_information.chunks
WHERE hypertable_schema = 'public' AND hypertable_name IN ('trades', 'equity')
GROUP BY hypertable_name;

-- mark_idle_days: Weekdays on which an account did nothing have a row too; list the ones still missing.
WITH spans AS (
    SELECT least((SELECT min(trading_day) FROM stale_days), (SELECT min(trading_day) FROM daily_metrics))    AS first_day,
           greatest((SELECT max(trading_day) FROM stale_days), (SELECT max(trading_day) FROM daily_metrics)) AS last_day
),
calendars AS (
    SELECT account_id,
           greatest(spans.first_day, trading_day_of(opened_at, reset_time, time_zone))                      AS first_day,
           least(spans.last_day, coalesce(trading_day_of(closed_at, reset_time, time_zone), spans.last_day)) AS last_day
    FROM accounts
    JOIN plans USING (plan_id)
    CROSS JOIN spans
    WHERE spans.first_day IS NOT NULL
),
known AS (
    SELECT account_id, min(trading_day) AS first_day, max(trading_day) AS last_day
    FROM daily_metrics
    GROUP BY account_id
),
early AS (
    SELECT account_id, min(trading_day) AS first_day, max(trading_day) AS last_day
    FROM stale_days
    GROUP BY account_id
)
INSERT INTO stale_days (account_id, trading_day)
SELECT c.account_id, day::date
FROM calendars c
LEFT JOIN known k USING (account_id)
LEFT JOIN early e USING (account_id)
CROSS JOIN LATERAL (
    SELECT generate_series(least(c.first_day, e.first_day), k.first_day - 1, interval '1 day')
    WHERE k.first_day IS NOT NULL
    UNION ALL
    SELECT generate_series(coalesce(k.last_day + 1, least(c.first_day, e.first_day)),
                           greatest(c.last_day, e.last_day), interval '1 day')
) AS missing (day)
WHERE extract(isodow FROM day) < 6
ON CONFLICT DO NOTHING;

-- stale_blocks: Accounts with stale days, cut into ranges of about the same number of days.
SELECT min(account_id) AS first_account, max(account_id) AS last_account, sum(days)::bigint AS days
FROM (
    SELECT account_id, days, (sum(days) OVER (ORDER BY account_id) - 1)::bigint / CAST(:block AS bigint) AS block
    FROM (SELECT account_id, count(*) AS days FROM stale_days GROUP BY account_id) AS per_account
) AS numbered
GROUP BY block
ORDER BY 1;

-- analyze_stale_days: Fresh statistics of what decides the plans of a refresh.
ANALYZE stale_days, accounts, plans, balance_operations;

-- create_calendar: When the days of a range of accounts' stale days begin and end, on each calendar in use.
CREATE TEMPORARY TABLE calendar ON COMMIT DROP AS
SELECT reset_time,
       time_zone,
       day::date                                           AS trading_day,
       day_starts_at(day::date, reset_time, time_zone)     AS starts_at,
       day_starts_at(day::date + 1, reset_time, time_zone) AS ends_at
FROM (SELECT DISTINCT reset_time, time_zone FROM plans) AS calendars
CROSS JOIN (
    SELECT generate_series(min(trading_day), max(trading_day), interval '1 day') AS day
    FROM stale_days
    WHERE account_id BETWEEN :first_account AND :last_account
) AS days;

-- analyze_calendar: The planner must know how large the temporary tables are.
ANALYZE calendar;

-- create_work: The stale days of a range of accounts, with the instants each begins and ends.
CREATE TEMPORARY TABLE work ON COMMIT DROP AS
SELECT s.account_id, s.trading_day, s.marked_at, c.reset_time, c.time_zone, c.starts_at, c.ends_at
FROM stale_days s
JOIN accounts a USING (account_id)
JOIN plans p USING (plan_id)
JOIN calendar c ON c.reset_time = p.reset_time AND c.time_zone = p.time_zone AND c.trading_day = s.trading_day
WHERE s.account_id BETWEEN :first_account AND :last_account;

-- create_buckets: Which 5-minute bucket belongs to which trading day, on each calendar of the work.
-- Looking a bucket up costs a hash probe; asking the time zone for every row costs ten times that.
CREATE TEMPORARY TABLE buckets ON COMMIT DROP AS
SELECT DISTINCT ON (reset_time, time_zone, bucket) reset_time, time_zone, trading_day, starts_at, bucket
FROM (SELECT DISTINCT reset_time, time_zone, trading_day, starts_at, ends_at FROM work) AS days
CROSS JOIN LATERAL generate_series(starts_at, ends_at - interval '5 minutes', interval '5 minutes') AS bucket;

-- analyze_work: As above.
ANALYZE work, buckets;

-- create_facts: What happened on each day of the work alone.
CREATE TEMPORARY TABLE facts ON COMMIT DROP AS
WITH calendars AS MATERIALIZED (
    SELECT account_id, reset_time, time_zone, min(starts_at) AS starts_at, max(ends_at) AS ends_at
    FROM work
    GROUP BY account_id, reset_time, time_zone
),
span AS MATERIALIZED (SELECT min(starts_at) AS starts_at, max(ends_at) AS ends_at FROM work),
trade_buckets AS (
    SELECT t.account_id,
           t.bucket,
           sum(t.trades)::bigint       AS trades,
           sum(t.wins)::bigint         AS wins,
           sum(t.losses)::bigint       AS losses,
           sum(t.gross_profit)::bigint AS gross_profit,
           sum(t.gross_loss)::bigint   AS gross_loss,
           sum(t.commission)::bigint   AS commission,
           sum(t.swap)::bigint         AS swap,
           sum(t.lots)::bigint         AS lots,
           max(t.largest_lots)         AS largest_lots,
           sum(t.seconds_held)::bigint AS seconds_held
    FROM trades_5m t
    WHERE t.account_id BETWEEN :first_account AND :last_account
      AND t.bucket >= (SELECT starts_at FROM span)
      AND t.bucket < (SELECT ends_at FROM span)
    GROUP BY t.account_id, t.bucket
),
trade_paths AS (
    SELECT t.*,
           b.trading_day,
           sum(t.gross_profit + t.gross_loss) OVER (PARTITION BY t.account_id, b.trading_day ORDER BY t.bucket)::bigint AS closed
    FROM trade_buckets t
    JOIN calendars c USING (account_id)
    JOIN buckets b ON b.reset_time = c.reset_time AND b.time_zone = c.time_zone AND b.bucket = t.bucket
),
trade_days AS (
    SELECT account_id,
           trading_day,
           sum(trades)::integer          AS trades,
           sum(wins)::integer            AS wins,
           sum(losses)::integer          AS losses,
           sum(gross_profit)::bigint     AS gross_profit,
           sum(gross_loss)::bigint       AS gross_loss,
           sum(commission)::bigint       AS commission,
           sum(swap)::bigint             AS swap,
           sum(lots)::bigint             AS lots,
           max(largest_lots)             AS largest_lots,
           sum(seconds_held)::bigint     AS seconds_held,
           least(min(closed), 0)         AS closed_low,
           greatest(max(closed), 0)      AS closed_high
    FROM trade_paths
    GROUP BY account_id, trading_day
),
equity_days AS (
    SELECT e.account_id,
           b.trading_day,
           sum(e.snapshots)::integer                              AS snapshots,
           min(e.first_equity) FILTER (WHERE e.bucket = b.starts_at) AS opening_equity,
           last(e.last_equity, e.bucket)                          AS last_equity,
           min(e.min_equity)                                      AS min_equity,
           max(e.max_equity)                                      AS max_equity
    FROM equity_5m e
    JOIN calendars c USING (account_id)
    JOIN buckets b ON b.reset_time = c.reset_time AND b.time_zone = c.time_zone AND b.bucket = e.bucket
    WHERE e.account_id BETWEEN :first_account AND :last_account
      AND e.bucket >= (SELECT starts_at FROM span)
      AND e.bucket < (SELECT ends_at FROM span)
    GROUP BY e.account_id, b.trading_day
),
operation_days AS (
    SELECT o.account_id, w.trading_day, sum(o.amount)::bigint AS balance_operations
    FROM balance_operations o
    JOIN work w ON w.account_id = o.account_id AND o.time >= w.starts_at AND o.time < w.ends_at
    GROUP BY o.account_id, w.trading_day
)
SELECT w.account_id,
       w.trading_day,
       coalesce(t.trades, 0)             AS trades,
       coalesce(t.wins, 0)               AS wins,
       coalesce(t.losses, 0)             AS losses,
       coalesce(t.gross_profit, 0)       AS gross_profit,
       coalesce(t.gross_loss, 0)         AS gross_loss,
       coalesce(t.commission, 0)         AS commission,
       coalesce(t.swap, 0)               AS swap,
       coalesce(t.lots, 0)               AS lots,
       coalesce(t.largest_lots, 0)       AS largest_lots,
       coalesce(t.seconds_held, 0)       AS seconds_held,
       coalesce(o.balance_operations, 0) AS balance_operations,
       coalesce(t.closed_low, 0)         AS closed_low,
       coalesce(t.closed_high, 0)        AS closed_high,
       coalesce(e.snapshots, 0)          AS snapshots,
       e.opening_equity,
       e.last_equity,
       e.min_equity,
       e.max_equity
FROM work w
LEFT JOIN trade_days t USING (account_id, trading_day)
LEFT JOIN equity_days e USING (account_id, trading_day)
LEFT JOIN operation_days o USING (account_id, trading_day);

-- add_later_days: Days after a changed one keep their facts, but what is carried forward must be redone.
INSERT INTO facts
SELECT m.account_id, m.trading_day, m.trades, m.wins, m.losses, m.gross_profit, m.gross_loss, m.commission, m.swap,
       m.lots, m.largest_lots, m.seconds_held, m.balance_operations, m.closed_low, m.closed_high, m.snapshots,
       m.opening_equity, m.last_equity, m.min_equity, m.max_equity
FROM (SELECT account_id, min(trading_day) AS first_day FROM work GROUP BY account_id) AS touched
JOIN daily_metrics m ON m.account_id = touched.account_id AND m.trading_day > touched.first_day
WHERE NOT EXISTS (SELECT FROM work w WHERE w.account_id = m.account_id AND w.trading_day = m.trading_day);

-- merge_daily_metrics: Carry balances, peaks, drawdowns and limits forward, and store what changed.
WITH carried AS MATERIALIZED (
    SELECT touched.account_id,
           a.initial_balance,
           p.daily_loss,
           p.daily_loss_basis,
           p.max_drawdown AS drawdown_limit,
           p.max_drawdown_basis,
           p.max_drawdown_mode,
           coalesce(before.balance_end, a.initial_balance)  AS balance_end,
           before.equity_end,
           coalesce(before.balance_peak, a.initial_balance) AS balance_peak,
           coalesce(before.equity_peak, a.initial_balance)  AS equity_peak,
           coalesce(before.max_drawdown, 0)                 AS max_drawdown,
           coalesce(before.total_net_profit, 0)             AS total_net_profit,
           coalesce(before.best_day, 0)                     AS best_day
    FROM (SELECT account_id, min(trading_day) AS first_day FROM work GROUP BY account_id) AS touched
    JOIN accounts a USING (account_id)
    JOIN plans p USING (plan_id)
    LEFT JOIN LATERAL (
        SELECT m.balance_end, m.equity_end, m.balance_peak, m.equity_peak, m.max_drawdown, m.total_net_profit, m.best_day
        FROM daily_metrics m
        WHERE m.account_id = touched.account_id AND m.trading_day < touched.first_day
        ORDER BY m.trading_day DESC
        LIMIT 1
    ) AS before ON true
),
balances AS (
    SELECT f.*,
           f.gross_profit + f.gross_loss                                             AS net_profit,
           (c.balance_end + sum(f.gross_profit + f.gross_loss + f.balance_operations) OVER days)::bigint AS balance_end
    FROM facts f
    JOIN carried c USING (account_id)
    WINDOW days AS (PARTITION BY f.account_id ORDER BY f.trading_day)
),
ends AS (
    SELECT *,
           balance_end - net_profit - balance_operations AS balance_start,
           coalesce(last_equity, balance_end)            AS equity_end
    FROM balances
),
starts AS (
    SELECT e.*,
           coalesce(e.opening_equity, lag(e.equity_end) OVER days, c.equity_end, e.balance_start) AS equity_start,
           e.balance_start + e.closed_low                                                       AS balance_low,
           e.balance_start + e.closed_high                                                      AS balance_high
    FROM ends e
    JOIN carried c USING (account_id)
    WINDOW days AS (PARTITION BY e.account_id ORDER BY e.trading_day)
),
ranges AS (
    SELECT *,
           least(equity_start, equity_end, coalesce(min_equity, balance_low))     AS equity_low,
           greatest(equity_start, equity_end, coalesce(max_equity, balance_high)) AS equity_high
    FROM starts
),
peaks AS (
    SELECT r.*,
           greatest(c.balance_peak, max(r.balance_end) OVER so_far) AS balance_peak,
           greatest(c.equity_peak, max(r.equity_high) OVER so_far)  AS equity_peak,
           -- The order of a day's high and low is not known here: a trailing limit trails the days before.
           greatest(c.balance_peak, max(r.balance_end) OVER before) AS balance_peak_before,
           greatest(c.equity_peak, max(r.equity_high) OVER before)  AS equity_peak_before,
           (c.total_net_profit + sum(r.net_profit) OVER so_far)::bigint AS total_net_profit,
           greatest(c.best_day, max(r.net_profit) OVER so_far)      AS best_day
    FROM ranges r
    JOIN carried c USING (account_id)
    WINDOW so_far AS (PARTITION BY r.account_id ORDER BY r.trading_day),
           before AS (PARTITION BY r.account_id ORDER BY r.trading_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
done AS (
    SELECT p.*,
           p.equity_start - p.equity_low AS day_drawdown,
           greatest(c.max_drawdown, max(p.equity_peak_before - p.equity_low)
                    OVER (PARTITION BY p.account_id ORDER BY p.trading_day)) AS max_drawdown,
           c.daily_loss - CASE c.daily_loss_basis
                              WHEN 'balance' THEN p.balance_start - p.balance_low
                              ELSE p.equity_start - p.equity_low
                          END AS daily_loss_left,
           CASE c.max_drawdown_basis WHEN 'balance' THEN p.balance_low ELSE p.equity_low END
           - CASE
                 WHEN c.max_drawdown_mode = 'static' THEN c.initial_balance
                 WHEN c.max_drawdown_basis = 'balance' THEN p.balance_peak_before
                 ELSE p.equity_peak_before
             END
           + c.drawdown_limit AS max_drawdown_left,
           CASE WHEN p.total_net_profit > 0 THEN p.best_day::double precision / p.total_net_profit END AS consistency_share
    FROM peaks p
    JOIN carried c USING (account_id)
)
INSERT INTO daily_metrics AS kept (
    trading_day, account_id, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots, largest_lots,
    seconds_held, balance_operations, closed_low, closed_high, snapshots, opening_equity, last_equity, min_equity, max_equity,
    balance_start, balance_end, balance_low, equity_start, equity_end, equity_low, equity_high, day_drawdown, max_drawdown,
    balance_peak, equity_peak, daily_loss_left, max_drawdown_left, total_net_profit, best_day, consistency_share
)
SELECT trading_day, account_id, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots, largest_lots,
       seconds_held, balance_operations, closed_low, closed_high, snapshots, opening_equity, last_equity, min_equity, max_equity,
       balance_start, balance_end, balance_low, equity_start, equity_end, equity_low, equity_high, day_drawdown, max_drawdown,
       balance_peak, equity_peak, daily_loss_left, max_drawdown_left, total_net_profit, best_day, consistency_share
FROM done
ON CONFLICT (account_id, trading_day) DO UPDATE
SET trades             = excluded.trades,
    wins               = excluded.wins,
    losses             = excluded.losses,
    gross_profit       = excluded.gross_profit,
    gross_loss         = excluded.gross_loss,
    commission         = excluded.commission,
    swap               = excluded.swap,
    lots               = excluded.lots,
    largest_lots       = excluded.largest_lots,
    seconds_held       = excluded.seconds_held,
    balance_operations = excluded.balance_operations,
    closed_low         = excluded.closed_low,
    closed_high        = excluded.closed_high,
    snapshots          = excluded.snapshots,
    opening_equity     = excluded.opening_equity,
    last_equity        = excluded.last_equity,
    min_equity         = excluded.min_equity,
    max_equity         = excluded.max_equity,
    balance_start      = excluded.balance_start,
    balance_end        = excluded.balance_end,
    balance_low        = excluded.balance_low,
    equity_start       = excluded.equity_start,
    equity_end         = excluded.equity_end,
    equity_low         = excluded.equity_low,
    equity_high        = excluded.equity_high,
    day_drawdown       = excluded.day_drawdown,
    max_drawdown       = excluded.max_drawdown,
    balance_peak       = excluded.balance_peak,
    equity_peak        = excluded.equity_peak,
    daily_loss_left    = excluded.daily_loss_left,
    max_drawdown_left  = excluded.max_drawdown_left,
    total_net_profit   = excluded.total_net_profit,
    best_day           = excluded.best_day,
    consistency_share  = excluded.consistency_share
WHERE kept IS DISTINCT FROM excluded;

-- clear_stale_days: Take the finished days off the list, unless they were marked again meanwhile.
DELETE FROM stale_days s
USING work w
WHERE s.account_id = w.account_id AND s.trading_day = w.trading_day AND s.marked_at = w.marked_at;

-- analyze_daily_metrics: Fresh statistics after many rows changed.
ANALYZE daily_metrics;

-- account_days: One account's daily metrics, newest first.
SELECT *
FROM plain.daily_metrics
WHERE account = :account AND trading_day >= coalesce(CAST(:since AS date), '-infinity')
ORDER BY trading_day DESC
LIMIT :days;

-- last_complete_day: The last weekday that has ended on every plan's calendar and that data reaches; count of stale days.
-- A day that begins in the evening before may hold some rows already when the data ends: it is not complete.
SELECT (SELECT max(trading_day)
        FROM daily_metrics
        WHERE extract(isodow FROM trading_day) < 6
          AND trading_day <= (SELECT min(trading_day_of(now(), reset_time, time_zone)) - 1 FROM plans)
          AND trading_day <= (greatest((SELECT max(bucket) FROM trades_5m), (SELECT max(bucket) FROM equity_5m))
                              - interval '5 minutes')::date -- a snapshot at the reset ends the day before it
       ) AS day,
       (SELECT count(*) FROM stale_days) AS stale;

-- panel: Rows of the accounts × weekdays panel; a weekend's trading counts towards the Monday after.
-- Every field is fixed-width and never null, so the binary COPY of it is read as one array.
COPY (
    SELECT m.account_id,m.trading_day + CASE extract(isodow FROM m.trading_day) WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END - date '1970-01-01' AS day,
           sum(m.gross_profit + m.gross_loss)::double precision / power(10, a.currency_digits)  AS net_profit,
           sum(m.trades)::double precision                                                     AS trades,
           sum(m.wins)::double precision                                                       AS wins,
           sum(m.lots)::double precision / 100000                                              AS lots,
           max(m.largest_lots)::double precision / 100000                                      AS largest_lots,
           sum(m.seconds_held)::double precision                                               AS seconds_held,
           sum(m.balance_operations)::double precision / power(10, a.currency_digits)          AS balance_operations,
           coalesce(last(m.equity_end, m.trading_day)::double precision / power(10, a.currency_digits), 'NaN')  AS equity_end,
           coalesce(last(m.balance_end, m.trading_day)::double precision / power(10, a.currency_digits), 'NaN') AS balance_end,
           coalesce(min(m.equity_low)::double precision / power(10, a.currency_digits), 'NaN') AS equity_low
    FROM daily_metrics m
    JOIN accounts a USING (account_id)
    WHERE m.trading_day >= CAST(:since AS date)
      AND m.trading_day <= CAST(:until AS date)
      AND m.account_id BETWEEN :first_account AND :last_account
    GROUP BY m.account_id, 2, a.currency_digits
) TO STDOUT (FORMAT binary);

-- create_panel_buckets: Which 5-minute bucket belongs to which trading day, on each calendar, for the panel's days.
CREATE TEMPORARY TABLE panel_buckets ON COMMIT DROP AS
SELECT reset_time, time_zone, trading_day, bucket
FROM (SELECT DISTINCT reset_time, time_zone FROM plans) AS calendars
CROSS JOIN LATERAL (
    SELECT day::date                                           AS trading_day,
           day_starts_at(day::date, reset_time, time_zone)     AS starts_at,
           day_starts_at(day::date + 1, reset_time, time_zone) AS ends_at
    FROM generate_series(CAST(:since AS date), CAST(:until AS date), interval '1 day') AS day
) AS days
CROSS JOIN LATERAL generate_series(starts_at, ends_at - interval '5 minutes', interval '5 minutes') AS bucket;

-- analyze_panel_buckets: Without statistics the join below takes ten times as long.
ANALYZE panel_buckets;

-- panel_lot_ratios: Each account-day's largest position against the account's usual size in the same symbol.
-- Sizes differ tenfold between symbols, so a day is compared within the symbol: with the average of the largest
-- positions on the last sixty days it was traded before. Fewer than five such days say nothing (NaN).
COPY (
    WITH days AS (
        SELECT t.account_id, t.symbol_id, b.trading_day, max(t.largest_lots) AS largest_lots
        FROM trades_5m t
        JOIN accounts a USING (account_id)
        JOIN plans p USING (plan_id)
        JOIN panel_buckets b ON b.reset_time = p.reset_time AND b.time_zone = p.time_zone AND b.bucket = t.bucket
        WHERE t.account_id BETWEEN :first_account AND :last_account
        GROUP BY t.account_id, t.symbol_id, b.trading_day
    ),
    ratios AS (
        SELECT account_id,
               trading_day + CASE extract(isodow FROM trading_day) WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END
                   - date '1970-01-01' AS day,
               CASE WHEN count(*) OVER past >= 5 THEN largest_lots / avg(largest_lots) OVER past END AS ratio
        FROM days
        WINDOW past AS (PARTITION BY account_id, symbol_id ORDER BY trading_day ROWS BETWEEN 60 PRECEDING AND 1 PRECEDING)
    )
    SELECT account_id, day, coalesce(max(ratio)::double precision, 'NaN') AS lot_ratio
    FROM ratios
    GROUP BY account_id, day
) TO STDOUT (FORMAT binary);

-- panel_accounts: The accounts of the panel with the rules the analytics need.
SELECT a.account_id, a.account, a.phase, a.account_group, a.currency, a.currency_digits, a.status, p.plan,
       a.initial_balance::double precision / power(10, a.currency_digits) AS initial_balance,
       p.profit_target::double precision / power(10, c.digits)            AS profit_target,
       p.max_drawdown::double precision / power(10, c.digits)             AS max_drawdown,
       p.max_drawdown_basis, p.max_drawdown_mode,
       p.daily_loss::double precision / power(10, c.digits)               AS daily_loss,
       p.daily_loss_basis,
       last_day.balance_peak::double precision / power(10, a.currency_digits) AS balance_peak,
       last_day.equity_peak::double precision / power(10, a.currency_digits)  AS equity_peak
FROM accounts a
JOIN plans p USING (plan_id)
JOIN currencies c ON c.currency = p.currency
LEFT JOIN LATERAL (
    SELECT m.balance_peak, m.equity_peak
    FROM daily_metrics m
    WHERE m.account_id = a.account_id AND m.trading_day <= CAST(:until AS date)
    ORDER BY m.trading_day DESC
    LIMIT 1
) AS last_day ON true
WHERE (CAST(:account AS text) IS NULL OR a.account = :account)
ORDER BY a.account_id;

-- account_list: Accounts with where they stand on their last day with metrics, and how many there are in all.
SELECT a.account,
       p.plan,
       a.phase,
       a.account_group,
       a.status,
       a.currency,
       as_money(coalesce(m.balance_end, a.initial_balance), a.currency_digits) AS balance,
       as_money(coalesce(m.total_net_profit, 0), a.currency_digits)            AS net_profit,
       as_money(m.max_drawdown_left, a.currency_digits)                        AS max_drawdown_left,
       m.trading_day                                                           AS last_day,
       count(*) OVER ()                                                        AS total
FROM accounts a
JOIN plans p USING (plan_id)
LEFT JOIN LATERAL (
    SELECT d.trading_day, d.balance_end, d.total_net_profit, d.max_drawdown_left
    FROM daily_metrics d
    WHERE d.account_id = a.account_id
    ORDER BY d.trading_day DESC
    LIMIT 1
) AS m ON true
WHERE CAST(:status AS text) IS NULL OR a.status = :status
ORDER BY a.account
LIMIT :limit;
