-- first_kept_moments: Where the raw data still kept begins. A refresh before it would empty the aggregates.
SELECT hypertable_name AS "table", min(range_start) AS since
FROM timescaledb_information.chunks
WHERE hypertable_schema = 'public' AND hypertable_name IN ('trades', 'equity')
GROUP BY hypertable_name;

-- mark_idle_days: Weekdays on which an account did nothing have a row too; list the ones still missing.
-- Most accounts have their last day and nothing marked: they cost one look into an index.
WITH spans AS MATERIALIZED (
    SELECT least((SELECT min(trading_day) FROM stale_days), (SELECT min(trading_day) FROM daily_metrics))    AS first_day,
           greatest((SELECT max(trading_day) FROM stale_days), (SELECT max(trading_day) FROM daily_metrics)) AS last_day
),
marked AS (
    SELECT account_id, min(trading_day) AS first_day, max(trading_day) AS last_day
    FROM stale_days
    GROUP BY account_id
),
unfinished AS MATERIALIZED (
    SELECT a.account_id,
           known.last_day AS last_known,
           m.first_day    AS first_marked,
           m.last_day     AS last_marked,
           CASE WHEN m.account_id IS NOT NULL OR known.last_day IS NULL
                THEN greatest(s.first_day, trading_day_of(a.opened_at, p.reset_time, p.time_zone))
           END            AS first_open,
           least(s.last_day, coalesce(trading_day_of(a.closed_at, p.reset_time, p.time_zone), s.last_day)) AS last_open
    FROM accounts a
    JOIN plans p USING (plan_id)
    CROSS JOIN spans s
    LEFT JOIN marked m USING (account_id)
    LEFT JOIN LATERAL (
        SELECT d.trading_day AS last_day
        FROM daily_metrics d
        WHERE d.account_id = a.account_id
        ORDER BY d.trading_day DESC
        LIMIT 1
    ) AS known ON true
    WHERE s.first_day IS NOT NULL AND (m.account_id IS NOT NULL OR known.last_day IS DISTINCT FROM s.last_day)
)
INSERT INTO stale_days (account_id, trading_day, of_trades, of_equity, of_operations)
SELECT u.account_id, day::date, false, false, false
FROM unfinished u
LEFT JOIN LATERAL (
    SELECT d.trading_day AS first_day
    FROM daily_metrics d
    WHERE d.account_id = u.account_id AND u.first_open IS NOT NULL
    ORDER BY d.trading_day
    LIMIT 1
) AS known ON true
CROSS JOIN LATERAL (
    SELECT generate_series(least(u.first_open, u.first_marked), known.first_day - 1, interval '1 day')
    WHERE known.first_day IS NOT NULL
    UNION ALL
    SELECT generate_series(coalesce(u.last_known + 1, least(u.first_open, u.first_marked)),
                           greatest(u.last_open, u.last_marked), interval '1 day')
) AS missing (day)
WHERE extract(isodow FROM day) < 6
ON CONFLICT DO NOTHING;

-- analyze_stale_days: Fresh statistics of what decides the plans of a refresh.
ANALYZE stale_days, accounts, plans, balance_operations;

-- count_unread: Stale days whose trades or equity fall where an aggregate is out of date: about how many to read raw.
SELECT count(*)
FROM stale_days s
WHERE EXISTS (
    SELECT
    FROM unnest(CAST(:aggregates AS text[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]))
        AS pending (aggregate, since, until)
    WHERE (pending.aggregate = 'trades_5m' AND s.of_trades OR pending.aggregate = 'equity_5m' AND s.of_equity)
      AND pending.since < s.trading_day + interval '2 days'
      AND pending.until > s.trading_day - interval '1 day'
);

-- stale_blocks: Accounts with stale days, cut into ranges that rewrite about the same number of days.
SELECT min(account_id) AS first_account, max(account_id) AS last_account, sum(days)::bigint AS days
FROM (
    SELECT account_id, days, (sum(rewritten) OVER (ORDER BY account_id) - 1)::bigint / CAST(:block AS bigint) AS block
    FROM (
        SELECT account_id, count(*) AS days, greatest(count(*), (latest.day - min(trading_day)) * 5 / 7) AS rewritten
        FROM stale_days
        CROSS JOIN (
            SELECT greatest((SELECT max(trading_day) FROM stale_days), (SELECT max(trading_day) FROM daily_metrics)) AS day
        ) AS latest
        GROUP BY account_id, latest.day
    ) AS per_account
) AS numbered
GROUP BY block
ORDER BY 1;
