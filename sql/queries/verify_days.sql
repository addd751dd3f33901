-- create_checked_buckets: Which 5-minute bucket belongs to which trading day, on each calendar.
CREATE TEMPORARY TABLE checked_buckets ON COMMIT DROP AS
SELECT calendar, bucket, trading_day, starts_at
FROM checked_days
CROSS JOIN LATERAL generate_series(starts_at, ends_at - interval '5 minutes', interval '5 minutes') AS bucket;

-- create_members: The accounts that are compared, each with its calendar.
CREATE TEMPORARY TABLE members ON COMMIT DROP AS
SELECT a.account_id, c.calendar
FROM accounts a
JOIN plans p USING (plan_id)
JOIN (SELECT DISTINCT calendar, reset_time, time_zone FROM checked_days) AS c USING (reset_time, time_zone)
WHERE a.account_id BETWEEN :first_account AND :last_account;

-- analyze_calendar: Without statistics every account is joined with every bucket first.
ANALYZE checked_days, checked_buckets, members;

-- create_day_facts: What happened on each account-day, from raw rows; from the kept row where raw rows were dropped.
CREATE TEMPORARY TABLE day_facts ON COMMIT DROP AS
WITH kept_days AS MATERIALIZED (
    SELECT m.*, c.starts_at
    FROM daily_metrics m
    JOIN members USING (account_id)
    JOIN checked_days c USING (calendar, trading_day)
    WHERE m.trading_day BETWEEN CAST(:first_day AS date) AND CAST(:last_day AS date)
      AND m.account_id BETWEEN :first_account AND :last_account
),
trade_paths AS (
    SELECT t.*,
           b.trading_day,
           sum(t.gross_profit + t.gross_loss) OVER (PARTITION BY t.account_id, b.trading_day ORDER BY t.bucket) AS closed
    FROM (
        SELECT account_id,
               bucket,
               sum(trades)       AS trades,
               sum(wins)         AS wins,
               sum(losses)       AS losses,
               sum(gross_profit) AS gross_profit,
               sum(gross_loss)   AS gross_loss,
               sum(commission)   AS commission,
               sum(swap)         AS swap,
               sum(lots)         AS lots,
               max(largest_lots) AS largest_lots,
               sum(seconds_held) AS seconds_held
        FROM raw_trades
        GROUP BY account_id, bucket
    ) AS t
    JOIN members USING (account_id)
    JOIN checked_buckets b USING (calendar, bucket)
    WHERE b.starts_at >= (SELECT since FROM raw_kept WHERE "table" = 'trades')
),
trade_days AS (
    SELECT account_id,
           trading_day,
           sum(trades)              AS trades,
           sum(wins)                AS wins,
           sum(losses)              AS losses,
           sum(gross_profit)        AS gross_profit,
           sum(gross_loss)          AS gross_loss,
           sum(commission)          AS commission,
           sum(swap)                AS swap,
           sum(lots)                AS lots,
           max(largest_lots)        AS largest_lots,
           sum(seconds_held)        AS seconds_held,
           least(min(closed), 0)    AS closed_low,
           greatest(max(closed), 0) AS closed_high
    FROM trade_paths
    GROUP BY account_id, trading_day
    UNION ALL
    SELECT account_id, trading_day, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots, largest_lots,
           seconds_held, closed_low, closed_high
    FROM kept_days
    WHERE starts_at < (SELECT since FROM raw_kept WHERE "table" = 'trades')
),
equity_days AS (
    SELECT e.account_id,
           b.trading_day,
           sum(e.snapshots)                                          AS snapshots,
           min(e.first_equity) FILTER (WHERE e.bucket = b.starts_at) AS opening_equity,
           last(e.last_equity, e.bucket)                             AS last_equity,
           min(e.min_equity)                                         AS min_equity,
           max(e.max_equity)                                         AS max_equity
    FROM raw_equity e
    JOIN members USING (account_id)
    JOIN checked_buckets b USING (calendar, bucket)
    WHERE b.starts_at >= (SELECT since FROM raw_kept WHERE "table" = 'equity')
    GROUP BY e.account_id, b.trading_day
    UNION ALL
    SELECT account_id, trading_day, snapshots, opening_equity, last_equity, min_equity, max_equity
    FROM kept_days
    WHERE starts_at < (SELECT since FROM raw_kept WHERE "table" = 'equity')
),
operation_days AS (
    SELECT o.account_id, c.trading_day, sum(o.amount) AS balance_operations
    FROM balance_operations o
    JOIN members m USING (account_id)
    JOIN checked_days c ON c.calendar = m.calendar AND o.time >= c.starts_at AND o.time < c.ends_at
    GROUP BY o.account_id, c.trading_day
),
days AS (
    SELECT account_id, trading_day FROM kept_days
    UNION
    SELECT account_id, trading_day FROM trade_days
    UNION
    SELECT account_id, trading_day FROM equity_days
    UNION
    SELECT account_id, trading_day FROM operation_days
)
SELECT d.account_id,
       d.trading_day,
       coalesce(t.trades, 0)::integer            AS trades,
       coalesce(t.wins, 0)::integer              AS wins,
       coalesce(t.losses, 0)::integer            AS losses,
       coalesce(t.gross_profit, 0)::bigint       AS gross_profit,
       coalesce(t.gross_loss, 0)::bigint         AS gross_loss,
       coalesce(t.commission, 0)::bigint         AS commission,
       coalesce(t.swap, 0)::bigint               AS swap,
       coalesce(t.lots, 0)::bigint               AS lots,
       coalesce(t.largest_lots, 0)::bigint       AS largest_lots,
       coalesce(t.seconds_held, 0)::bigint       AS seconds_held,
       coalesce(o.balance_operations, 0)::bigint AS balance_operations,
       coalesce(t.closed_low, 0)::bigint         AS closed_low,
       coalesce(t.closed_high, 0)::bigint        AS closed_high,
       coalesce(e.snapshots, 0)::integer         AS snapshots,
       e.opening_equity,
       e.last_equity,
       e.min_equity,
       e.max_equity
FROM days d
LEFT JOIN trade_days t USING (account_id, trading_day)
LEFT JOIN equity_days e USING (account_id, trading_day)
LEFT JOIN operation_days o USING (account_id, trading_day)
WHERE NOT EXISTS (
    SELECT FROM stale_days s WHERE s.account_id = d.account_id AND s.trading_day = d.trading_day
);

-- create_chain: The kept account-days with the one before each, which they carry forward.
CREATE TEMPORARY TABLE chain ON COMMIT DROP AS
WITH inside AS (
    SELECT *
    FROM daily_metrics
    WHERE trading_day BETWEEN CAST(:first_day AS date) AND CAST(:last_day AS date)
      AND account_id BETWEEN :first_account AND :last_account
),
links AS (
    SELECT account_id, trading_day, balance_end, equity_end, balance_peak, equity_peak, max_drawdown, total_net_profit,
           best_day
    FROM inside
    UNION ALL
    SELECT before.*
    FROM (SELECT DISTINCT account_id FROM inside) AS touched
    CROSS JOIN LATERAL (
        SELECT account_id, trading_day, balance_end, equity_end, balance_peak, equity_peak, max_drawdown, total_net_profit,
               best_day
        FROM daily_metrics m
        WHERE m.account_id = touched.account_id AND m.trading_day < CAST(:first_day AS date)
        ORDER BY m.trading_day DESC
        LIMIT 1
    ) AS before
)
SELECT account_id,
       trading_day,
       lag(trading_day) OVER days      AS day_before,
       lag(balance_end) OVER days      AS balance_end,
       lag(equity_end) OVER days       AS equity_end,
       lag(balance_peak) OVER days     AS balance_peak,
       lag(equity_peak) OVER days      AS equity_peak,
       lag(max_drawdown) OVER days     AS max_drawdown,
       lag(total_net_profit) OVER days AS total_net_profit,
       lag(best_day) OVER days         AS best_day
FROM links
WINDOW days AS (PARTITION BY account_id ORDER BY trading_day);

-- analyze_days: As above.
ANALYZE day_facts, chain;

-- compare_day_facts: Compare what happened on each account-day that is not known to be stale; returns how many.
WITH pairs AS MATERIALIZED (
    SELECT account_id,
           trading_day,
           k IS DISTINCT FROM f                              AS differs,
           CASE WHEN k IS DISTINCT FROM f THEN to_jsonb(k) END AS kept,
           CASE WHEN k IS DISTINCT FROM f THEN to_jsonb(f) END AS recomputed
    FROM (
        SELECT m.account_id, m.trading_day, m.trades, m.wins, m.losses, m.gross_profit, m.gross_loss, m.commission, m.swap,
               m.lots, m.largest_lots, m.seconds_held, m.balance_operations, m.closed_low, m.closed_high, m.snapshots,
               m.opening_equity, m.last_equity, m.min_equity, m.max_equity
        FROM daily_metrics m
        WHERE m.trading_day BETWEEN CAST(:first_day AS date) AND CAST(:last_day AS date)
          AND m.account_id BETWEEN :first_account AND :last_account
          AND NOT EXISTS (
              SELECT FROM stale_days s WHERE s.account_id = m.account_id AND s.trading_day = m.trading_day
          )
    ) AS k
    FULL JOIN day_facts f USING (account_id, trading_day)
),
differing AS (
    INSERT INTO found
    SELECT 'daily_metrics', account_id, NULL, trading_day::timestamp AT TIME ZONE 'UTC', kept, recomputed
    FROM pairs
    WHERE differs
)
SELECT count(*) FROM pairs;

-- compare_missing_days: From its first day on an account has a row for every weekday; find the missing ones.
INSERT INTO found
SELECT 'daily_metrics', c.account_id, NULL, day AT TIME ZONE 'UTC', NULL, '{"trades": 0}'
FROM chain c
CROSS JOIN LATERAL generate_series(c.day_before + 1, c.trading_day - 1, interval '1 day') AS series (moment)
CROSS JOIN LATERAL (SELECT moment::timestamp AS day) AS missing
WHERE c.trading_day > c.day_before + 1
  AND extract(isodow FROM day) < 6
  AND NOT EXISTS (SELECT FROM stale_days s WHERE s.account_id = c.account_id AND s.trading_day = day::date)
  AND NOT EXISTS (SELECT FROM day_facts f WHERE f.account_id = c.account_id AND f.trading_day = day::date);

-- compare_carried: Compare what account-days carry forward, each with the day before it.
-- From an account's first stale day on nothing carried can be trusted, and nothing is compared.
WITH trusted AS (
    SELECT c.*
    FROM chain c
    LEFT JOIN (
        SELECT account_id, min(trading_day) AS first_stale
        FROM stale_days
        WHERE account_id BETWEEN :first_account AND :last_account
        GROUP BY account_id
    ) AS stale USING (account_id)
    WHERE c.trading_day BETWEEN CAST(:first_day AS date) AND CAST(:last_day AS date)
      AND c.trading_day < coalesce(stale.first_stale, 'infinity')
),
starts AS (
    SELECT f.*,
           f.gross_profit + f.gross_loss                            AS net_profit,
           coalesce(t.balance_end, a.initial_balance)               AS balance_start,
           coalesce(f.opening_equity, t.equity_end, t.balance_end, a.initial_balance) AS equity_start,
           coalesce(t.balance_peak, a.initial_balance)              AS balance_peak_before,
           coalesce(t.equity_peak, a.initial_balance)               AS equity_peak_before,
           coalesce(t.max_drawdown, 0)                              AS max_drawdown_before,
           coalesce(t.total_net_profit, 0)                          AS total_before,
           coalesce(t.best_day, 0)                                  AS best_before,
           a.initial_balance,
           p.daily_loss,
           p.daily_loss_basis,
           p.max_drawdown                                           AS drawdown_limit,
           p.max_drawdown_basis,
           p.max_drawdown_mode
    FROM trusted t
    JOIN day_facts f USING (account_id, trading_day)
    JOIN accounts a USING (account_id)
    JOIN plans p USING (plan_id)
),
ends AS (
    SELECT *,
           balance_start + net_profit + balance_operations                             AS balance_end,
           balance_start + closed_low                                                  AS balance_low,
           coalesce(last_equity, balance_start + net_profit + balance_operations)      AS equity_end
    FROM starts
),
ranges AS (
    SELECT *,
           least(equity_start, equity_end, coalesce(min_equity, balance_low))                    AS equity_low,
           greatest(equity_start, equity_end, coalesce(max_equity, balance_start + closed_high)) AS equity_high,
           total_before + net_profit                                                             AS total_net_profit,
           greatest(best_before, net_profit)                                                     AS best_day
    FROM ends
),
carried AS (
    SELECT account_id,
           trading_day,
           balance_start,
           balance_end,
           balance_low,
           equity_start,
           equity_end,
           equity_low,
           equity_high,
           equity_start - equity_low                                     AS day_drawdown,
           greatest(max_drawdown_before, equity_peak_before - equity_low) AS max_drawdown,
           greatest(balance_peak_before, balance_end)                    AS balance_peak,
           greatest(equity_peak_before, equity_high)                     AS equity_peak,
           daily_loss - CASE daily_loss_basis
                            WHEN 'balance' THEN balance_start - balance_low
                            ELSE equity_start - equity_low
                        END                                              AS daily_loss_left,
           drawdown_limit
           + CASE max_drawdown_basis WHEN 'balance' THEN balance_low ELSE equity_low END
           - CASE
                 WHEN max_drawdown_mode = 'static' THEN initial_balance
                 WHEN max_drawdown_basis = 'balance' THEN balance_peak_before
                 ELSE equity_peak_before
             END                                                         AS max_drawdown_left,
           total_net_profit,
           best_day,
           CASE WHEN total_net_profit > 0 THEN best_day::double precision / total_net_profit END AS consistency_share
    FROM ranges
)
INSERT INTO found
SELECT 'daily_metrics', c.account_id, NULL, c.trading_day::timestamp AT TIME ZONE 'UTC', to_jsonb(k), to_jsonb(c)
FROM carried c
JOIN (
    SELECT account_id, trading_day, balance_start, balance_end, balance_low, equity_start, equity_end, equity_low,
           equity_high, day_drawdown, max_drawdown, balance_peak, equity_peak, daily_loss_left, max_drawdown_left,
           total_net_profit, best_day, consistency_share
    FROM daily_metrics
    WHERE trading_day BETWEEN CAST(:first_day AS date) AND CAST(:last_day AS date)
      AND account_id BETWEEN :first_account AND :last_account
) AS k USING (account_id, trading_day)
WHERE k IS DISTINCT FROM c;
