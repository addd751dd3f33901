-- create_raw_trades: The trades of a range of accounts, counted anew in 5-minute buckets.
CREATE TEMPORARY TABLE raw_trades ON COMMIT DROP AS
SELECT time_bucket(interval '5 minutes', close_time)                                        AS bucket,
       account_id,
       symbol_id,
       count(*)                                                                             AS trades,
       count(*) FILTER (WHERE net > 0)                                                      AS wins,
       count(*) FILTER (WHERE net < 0)                                                      AS losses,
       coalesce(sum(net) FILTER (WHERE net > 0), 0)::bigint                                 AS gross_profit,
       coalesce(sum(net) FILTER (WHERE net < 0), 0)::bigint                                 AS gross_loss,
       sum(commission)::bigint                                                              AS commission,
       sum(swap)::bigint                                                                    AS swap,
       sum(fine_lots)::bigint                                                               AS lots,
       max(fine_lots)::bigint                                                               AS largest_lots,
       sum(seconds_held)::bigint                                                            AS seconds_held
FROM trades
CROSS JOIN LATERAL (
    SELECT profit + commission + swap AS net, lots * (10 ^ (5 - lot_digits))::bigint AS fine_lots
) AS derived
WHERE close_time >= CAST(:raw_since AS timestamptz)
  AND close_time < CAST(:raw_until AS timestamptz)
  AND account_id BETWEEN :first_account AND :last_account
GROUP BY 1, account_id, symbol_id;

-- create_raw_equity: The snapshots of a range of accounts, gathered anew in 5-minute buckets.
CREATE TEMPORARY TABLE raw_equity ON COMMIT DROP AS
SELECT time_bucket(interval '5 minutes', time) AS bucket,
       account_id,
       first(balance, time)                    AS first_balance,
       last(balance, time)                     AS last_balance,
       first(equity, time)                     AS first_equity,
       last(equity, time)                      AS last_equity,
       min(equity)                             AS min_equity,
       max(equity)                             AS max_equity,
       count(*)                                AS snapshots
FROM equity
WHERE time >= CAST(:raw_since AS timestamptz)
  AND time < CAST(:raw_until AS timestamptz)
  AND account_id BETWEEN :first_account AND :last_account
GROUP BY 1, account_id;

-- analyze_raw: The planner must know how large the temporary tables are.
ANALYZE raw_kept, pending, raw_trades, raw_equity;

-- compare_trades_5m: Compare the 5-minute trade buckets; returns how many.
WITH pairs AS MATERIALIZED (
    SELECT account_id,
           symbol_id,
           bucket,
           k IS DISTINCT FROM r                              AS differs,
           CASE WHEN k IS DISTINCT FROM r THEN to_jsonb(k) END AS kept,
           CASE WHEN k IS DISTINCT FROM r THEN to_jsonb(r) END AS recomputed
    FROM (
        SELECT bucket, account_id, symbol_id, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots,
               largest_lots::bigint AS largest_lots, seconds_held
        FROM trades_5m
        WHERE bucket >= CAST(:since AS timestamptz)
          AND bucket < CAST(:until AS timestamptz)
          AND account_id BETWEEN :first_account AND :last_account
    ) AS k
    FULL JOIN (
        SELECT *
        FROM raw_trades
        WHERE bucket >= CAST(:since AS timestamptz) AND bucket < CAST(:until AS timestamptz)
    ) AS r USING (account_id, symbol_id, bucket)
    WHERE bucket >= (SELECT since FROM raw_kept WHERE "table" = 'trades')
      AND NOT EXISTS (
          SELECT FROM pending p WHERE p.aggregate = 'trades_5m' AND bucket >= p.since AND bucket < p.until
      )
),
differing AS (
    INSERT INTO found
    SELECT 'trades_5m', account_id, symbol_id, bucket, kept, recomputed FROM pairs WHERE differs
)
SELECT count(*) FROM pairs;

-- compare_trades_1d: Compare the daily trade buckets with the trades themselves; returns how many.
WITH pairs AS MATERIALIZED (
    SELECT account_id,
           symbol_id,
           bucket,
           k IS DISTINCT FROM r                              AS differs,
           CASE WHEN k IS DISTINCT FROM r THEN to_jsonb(k) END AS kept,
           CASE WHEN k IS DISTINCT FROM r THEN to_jsonb(r) END AS recomputed
    FROM (
        SELECT bucket, account_id, symbol_id, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots,
               largest_lots::bigint AS largest_lots, seconds_held
        FROM trades_1d
        WHERE bucket >= CAST(:since AS timestamptz)
          AND bucket < CAST(:until AS timestamptz)
          AND account_id BETWEEN :first_account AND :last_account
    ) AS k
    FULL JOIN (
        SELECT time_bucket(interval '1 day', bucket) AS bucket,
               account_id,
               symbol_id,
               sum(trades)::bigint                   AS trades,
               sum(wins)::bigint                     AS wins,
               sum(losses)::bigint                   AS losses,
               sum(gross_profit)::bigint             AS gross_profit,
               sum(gross_loss)::bigint               AS gross_loss,
               sum(commission)::bigint               AS commission,
               sum(swap)::bigint                     AS swap,
               sum(lots)::bigint                     AS lots,
               max(largest_lots)                     AS largest_lots,
               sum(seconds_held)::bigint             AS seconds_held
        FROM raw_trades
        WHERE bucket >= CAST(:since AS timestamptz) AND bucket < CAST(:until AS timestamptz)
        GROUP BY 1, account_id, symbol_id
    ) AS r USING (account_id, symbol_id, bucket)
    WHERE bucket >= (SELECT since FROM raw_kept WHERE "table" = 'trades')
      AND NOT EXISTS (
          SELECT FROM pending p WHERE p.aggregate = 'trades_1d' AND bucket >= p.since AND bucket < p.until
      )
),
differing AS (
    INSERT INTO found
    SELECT 'trades_1d', account_id, symbol_id, bucket, kept, recomputed FROM pairs WHERE differs
)
SELECT count(*) FROM pairs;

-- compare_equity_5m: Compare the 5-minute equity buckets; returns how many.
WITH pairs AS MATERIALIZED (
    SELECT account_id,
           bucket,
           k IS DISTINCT FROM r                              AS differs,
           CASE WHEN k IS DISTINCT FROM r THEN to_jsonb(k) END AS kept,
           CASE WHEN k IS DISTINCT FROM r THEN to_jsonb(r) END AS recomputed
    FROM (
        SELECT bucket, account_id, first_balance, last_balance, first_equity, last_equity, min_equity, max_equity, snapshots
        FROM equity_5m
        WHERE bucket >= CAST(:since AS timestamptz)
          AND bucket < CAST(:until AS timestamptz)
          AND account_id BETWEEN :first_account AND :last_account
    ) AS k
    FULL JOIN (
        SELECT *
        FROM raw_equity
        WHERE bucket >= CAST(:since AS timestamptz) AND bucket < CAST(:until AS timestamptz)
    ) AS r USING (account_id, bucket)
    WHERE bucket >= (SELECT since FROM raw_kept WHERE "table" = 'equity')
      AND NOT EXISTS (
          SELECT FROM pending p WHERE p.aggregate = 'equity_5m' AND bucket >= p.since AND bucket < p.until
      )
),
differing AS (
    INSERT INTO found
    SELECT 'equity_5m', account_id, NULL, bucket, kept, recomputed FROM pairs WHERE differs
)
SELECT count(*) FROM pairs;

-- compare_equity_1d: Compare the daily equity buckets with the snapshots themselves; returns how many.
WITH pairs AS MATERIALIZED (
    SELECT account_id,
           bucket,
           k IS DISTINCT FROM r                              AS differs,
           CASE WHEN k IS DISTINCT FROM r THEN to_jsonb(k) END AS kept,
           CASE WHEN k IS DISTINCT FROM r THEN to_jsonb(r) END AS recomputed
    FROM (
        SELECT bucket, account_id, first_balance, last_balance, first_equity, last_equity, min_equity, max_equity, snapshots
        FROM equity_1d
        WHERE bucket >= CAST(:since AS timestamptz)
          AND bucket < CAST(:until AS timestamptz)
          AND account_id BETWEEN :first_account AND :last_account
    ) AS k
    FULL JOIN (
        SELECT time_bucket(interval '1 day', bucket) AS bucket,
               account_id,
               first(first_balance, bucket)           AS first_balance,
               last(last_balance, bucket)             AS last_balance,
               first(first_equity, bucket)            AS first_equity,
               last(last_equity, bucket)              AS last_equity,
               min(min_equity)                        AS min_equity,
               max(max_equity)                        AS max_equity,
               sum(snapshots)::bigint                 AS snapshots
        FROM raw_equity
        WHERE bucket >= CAST(:since AS timestamptz) AND bucket < CAST(:until AS timestamptz)
        GROUP BY 1, account_id
    ) AS r USING (account_id, bucket)
    WHERE bucket >= (SELECT since FROM raw_kept WHERE "table" = 'equity')
      AND NOT EXISTS (
          SELECT FROM pending p WHERE p.aggregate = 'equity_1d' AND bucket >= p.since AND bucket < p.until
      )
),
differing AS (
    INSERT INTO found
    SELECT 'equity_1d', account_id, NULL, bucket, kept, recomputed FROM pairs WHERE differs
)
SELECT count(*) FROM pairs;
