-- last_complete_day: The last weekday that has ended on every plan's calendar and that data reaches; what is out of date.
-- A day that begins in the evening before may hold some rows already when the data ends: it is not complete.
SELECT (SELECT max(trading_day)
        FROM daily_metrics
        WHERE extract(isodow FROM trading_day) < 6
          AND trading_day <= (SELECT min(trading_day_of(now(), reset_time, time_zone)) - 1
                              FROM plans p
                              WHERE EXISTS (SELECT FROM accounts a WHERE a.plan_id = p.plan_id))
          AND trading_day <= (greatest((SELECT max(bucket) FROM trades_5m), (SELECT max(bucket) FROM equity_5m))
                              - interval '5 minutes')::date -- a snapshot at the reset ends the day before it
       ) AS day,
       (SELECT count(*) FROM stale_days)                     AS stale,
       (SELECT count(DISTINCT account_id) FROM rescoring) AS rescoring;

-- day_states: Of each weekday and each calendar in use: when it ends, whether data reached its date, what of it waits.
-- A day waits for every stale day up to it: what an earlier one carries forward may change it.
WITH calendars AS MATERIALIZED (
    SELECT p.reset_time, p.time_zone, array_agg(p.plan_id) AS plan_ids
    FROM plans p
    WHERE EXISTS (SELECT FROM accounts a WHERE a.plan_id = p.plan_id)
    GROUP BY p.reset_time, p.time_zone
),
newest AS MATERIALIZED (
    SELECT greatest((SELECT max(bucket) FROM trades_5m), (SELECT max(bucket) FROM equity_5m)) AS bucket
),
stale AS MATERIALIZED (
    SELECT p.reset_time, p.time_zone, s.trading_day, count(*) AS account_days
    FROM stale_days s
    JOIN accounts a USING (account_id)
    JOIN plans p USING (plan_id)
    WHERE s.trading_day <= CAST(:until AS date)
    GROUP BY p.reset_time, p.time_zone, s.trading_day
)
SELECT day::date                                                            AS trading_day,
       c.reset_time,
       c.time_zone,
       day_starts_at(day::date + 1, c.reset_time, c.time_zone)              AS ends_at,
       n.bucket + interval '5 minutes'                                      AS data_until,
       coalesce((n.bucket - interval '5 minutes')::date >= day::date, false) AS is_reached,
       coalesce((SELECT sum(s.account_days)
                 FROM stale s
                 WHERE s.reset_time = c.reset_time AND s.time_zone = c.time_zone AND s.trading_day <= day::date), 0)::bigint AS stale_days
FROM generate_series(CAST(:since AS date), CAST(:until AS date), interval '1 day') AS day
CROSS JOIN calendars c
CROSS JOIN newest n
WHERE extract(isodow FROM day) < 6
ORDER BY 1, ends_at, c.time_zone;

-- known_days: The first and the last trading day with metrics.
SELECT min(trading_day) AS first, max(trading_day) AS last FROM daily_metrics;

-- panel: Rows of the accounts × weekdays panel; a weekend's trading counts towards the Monday after.
-- Every field is fixed-width and never null, so the binary COPY of it is read as one array.
COPY (
    SELECT m.account_id,
           m.trading_day + CASE extract(isodow FROM m.trading_day) WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END - date '1970-01-01' AS day,
           sum(m.gross_profit + m.gross_loss)::double precision / power(10, a.currency_digits)  AS net_profit,
           sum(m.trades)::double precision                                                     AS trades,
           sum(m.wins)::double precision                                                       AS wins,
           sum(m.lots)::double precision / 100000                                              AS lots,
           max(m.largest_lots)::double precision / 100000                                      AS largest_lots,
           sum(m.seconds_held)::double precision                                               AS seconds_held,
           sum(m.balance_operations)::double precision / power(10, a.currency_digits)          AS balance_operations,
           coalesce(last(m.equity_end, m.trading_day)::double precision / power(10, a.currency_digits), 'NaN')  AS equity_end,
           coalesce(last(m.balance_end, m.trading_day)::double precision / power(10, a.currency_digits), 'NaN') AS balance_end,
           coalesce(min(m.equity_low)::double precision / power(10, a.currency_digits), 'NaN')  AS equity_low,
           coalesce(min(m.balance_low)::double precision / power(10, a.currency_digits), 'NaN') AS balance_low,
           sum(m.snapshots)::double precision                                                  AS snapshots
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
       p.consistency_limit::double precision                              AS consistency_limit,
       p.profit_split::double precision                                   AS profit_split,
       p.minimum_payout::double precision / power(10, c.digits)           AS minimum_payout,
       last_day.balance_peak::double precision / power(10, a.currency_digits)     AS balance_peak,
       last_day.equity_peak::double precision / power(10, a.currency_digits)      AS equity_peak,
       last_day.best_day::double precision / power(10, a.currency_digits)         AS best_day,
       last_day.total_net_profit::double precision / power(10, a.currency_digits) AS total_net_profit
FROM accounts a
JOIN plans p USING (plan_id)
JOIN currencies c ON c.currency = p.currency
LEFT JOIN LATERAL (
    SELECT m.balance_peak, m.equity_peak, m.best_day, m.total_net_profit
    FROM daily_metrics m
    WHERE m.account_id = a.account_id AND m.trading_day <= CAST(:until AS date)
    ORDER BY m.trading_day DESC
    LIMIT 1
) AS last_day ON true
WHERE (CAST(:account AS text) IS NULL OR a.account = :account)
ORDER BY a.account_id;
