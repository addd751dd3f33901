-- lock_raw: Let nobody compress or drop chunks while they are compared; loads and reads go on.
-- Whether a chunk has compressed rows is looked up as of now, not as of the snapshot, so rows moved since would be missed.
LOCK TABLE trades, equity IN SHARE UPDATE EXCLUSIVE MODE;

-- periods: The periods of 30 days, counted since 1970 as the chunks are, in which there may be anything to compare.
WITH tables AS (
    SELECT 'public' AS hypertable_schema, unnest(ARRAY['trades', 'equity', 'daily_metrics']) AS hypertable_name
    UNION ALL
    SELECT materialization_hypertable_schema, materialization_hypertable_name
    FROM timescaledb_information.continuous_aggregates
    WHERE view_schema = 'public'
),
chunks AS (
    SELECT hypertable_name IN ('trades', 'equity') AS raw, range_start, range_end
    FROM timescaledb_information.chunks
    JOIN tables USING (hypertable_schema, hypertable_name)
),
kept (first, last) AS (
    SELECT min(bucket), max(bucket) FROM trades_5m
    UNION ALL
    SELECT min(bucket), max(bucket) FROM trades_1d
    UNION ALL
    SELECT min(bucket), max(bucket) FROM equity_5m
    UNION ALL
    SELECT min(bucket), max(bucket) FROM equity_1d
    UNION ALL
    SELECT min(trading_day), max(trading_day) FROM daily_metrics
),
-- Chunks of aggregates are long, and mostly empty where there is no raw data.
ends AS (
    SELECT least((SELECT min(range_start) FROM chunks WHERE raw), (SELECT min(first) FROM kept))                  AS since,
           greatest((SELECT max(range_end) FROM chunks WHERE raw), (SELECT max(last) FROM kept) + interval '1 day') AS until
)
SELECT DISTINCT to_timestamp(period * 2592000) AS since, to_timestamp((period + 1) * 2592000) AS until
FROM chunks
CROSS JOIN ends
CROSS JOIN LATERAL generate_series(floor(extract(epoch FROM range_start) / 2592000)::bigint,
                                   ceil(extract(epoch FROM range_end) / 2592000)::bigint - 1) AS period
WHERE to_timestamp((period + 1) * 2592000) > ends.since AND to_timestamp(period * 2592000) < ends.until
ORDER BY since;

-- account_ranges: All accounts, cut into ranges of so many.
SELECT min(account_id) AS first_account
FROM (
    SELECT account_id, (row_number() OVER (ORDER BY account_id) - 1) / CAST(:width AS bigint) AS block
    FROM accounts
) AS numbered
GROUP BY block
ORDER BY 1;

-- count_accounts: How many accounts there are.
SELECT count(*) FROM accounts;

-- newest_day: The last weekday before the day of the newest raw row, and the end of that row's day.
SELECT (last - CASE extract(isodow FROM last) WHEN 1 THEN 3 WHEN 7 THEN 2 ELSE 1 END)::timestamp AT TIME ZONE 'UTC' AS since,
       (last + 1)::timestamp AT TIME ZONE 'UTC' AS until
FROM (
    SELECT greatest((SELECT max(close_time) FROM trades), (SELECT max(time) FROM equity)) AT TIME ZONE 'UTC' AS moment
) AS newest
CROSS JOIN LATERAL (SELECT moment::date AS last) AS day
WHERE moment IS NOT NULL;

-- create_checked_days: When the trading days that are compared begin and end, on each calendar in use.
CREATE TEMPORARY TABLE checked_days ON COMMIT DROP AS
SELECT calendar,
       reset_time,
       time_zone,
       day::date                                           AS trading_day,
       day_starts_at(day::date, reset_time, time_zone)     AS starts_at,
       day_starts_at(day::date + 1, reset_time, time_zone) AS ends_at
FROM (
    SELECT row_number() OVER ()::integer AS calendar, reset_time, time_zone
    FROM (SELECT DISTINCT reset_time, time_zone FROM plans) AS in_use
) AS calendars
CROSS JOIN generate_series(CAST(:first_day AS date), CAST(:last_day AS date), interval '1 day') AS day;

-- raw_span: The stretch of raw data that these days and the window's buckets are made of.
SELECT least(CAST(:since AS timestamptz), min(starts_at))    AS raw_since,
       greatest(CAST(:until AS timestamptz), max(ends_at)) AS raw_until
FROM checked_days;

-- create_raw_kept: From when on raw data is kept in full; -infinity where none was ever dropped.
-- A bucket older than the first chunk was made of rows that have been dropped since.
CREATE TEMPORARY TABLE raw_kept ON COMMIT DROP AS
WITH chunks AS (
    SELECT hypertable_name AS "table", min(range_start) AS since
    FROM timescaledb_information.chunks
    WHERE hypertable_schema = 'public' AND hypertable_name IN ('trades', 'equity')
    GROUP BY hypertable_name
),
oldest ("table", bucket) AS (
    SELECT 'trades', (SELECT min(bucket) FROM trades_5m)
    UNION ALL
    SELECT 'equity', (SELECT min(bucket) FROM equity_5m)
)
SELECT o."table",
       CASE WHEN o.bucket < coalesce(c.since, 'infinity') THEN coalesce(c.since, 'infinity') ELSE '-infinity' END AS since
FROM oldest o
LEFT JOIN chunks c USING ("table");

-- create_pending: The ranges of aggregates that are known to be out of date.
CREATE TEMPORARY TABLE pending ON COMMIT DROP AS
SELECT *
FROM unnest(CAST(:aggregates AS text[]), CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[]))
    AS ranges (aggregate, since, until);

-- create_found: Where what differs is gathered: a kept and a recomputed row, or one of them alone.
CREATE TEMPORARY TABLE found (
    subject    text        NOT NULL,
    account_id integer     NOT NULL,
    symbol_id  smallint,
    bucket     timestamptz NOT NULL,
    kept       jsonb,
    recomputed jsonb
) ON COMMIT DROP;

-- differing: How many buckets or account-days differ of each subject, and the UTC days they lie on.
SELECT subject,
       count(DISTINCT (account_id, symbol_id, bucket))                                       AS differing,
       array_agg(DISTINCT date_trunc('day', bucket, 'UTC') ORDER BY date_trunc('day', bucket, 'UTC')) AS days
FROM found
GROUP BY subject;

-- list_differences: The values that differ. A bucket on one side only is listed once, with its count of rows.
SELECT f.subject,
       f.account_id,
       a.account,
       f.symbol_id,
       s.symbol,
       f.bucket,
       field                               AS column_name,
       (f.kept ->> field)::numeric         AS kept,
       (f.recomputed ->> field)::numeric   AS recomputed
FROM found f
LEFT JOIN accounts a USING (account_id)
LEFT JOIN symbols s USING (symbol_id)
CROSS JOIN LATERAL jsonb_object_keys(coalesce(f.kept, f.recomputed)) AS field
WHERE f.subject = :subject
  AND field NOT IN ('account_id', 'symbol_id', 'bucket', 'trading_day')
  AND (f.kept -> field) IS DISTINCT FROM (f.recomputed -> field)
  AND (f.kept IS NOT NULL AND f.recomputed IS NOT NULL OR field IN ('trades', 'snapshots')
       AND (f.subject <> 'daily_metrics' OR field = 'trades'))
ORDER BY f.bucket, f.account_id, f.symbol_id, field
LIMIT :limit;

-- touched_days: The account-days that were made of differing buckets, or differ themselves.
SELECT f.account_id, f.trading_day
FROM (
    SELECT account_id, (bucket AT TIME ZONE 'UTC')::date AS trading_day
    FROM found
    WHERE subject = 'daily_metrics'
    UNION
    SELECT f.account_id, trading_day_of(f.bucket, p.reset_time, p.time_zone)
    FROM found f
    JOIN accounts a USING (account_id)
    JOIN plans p USING (plan_id)
    WHERE f.subject IN ('trades_5m', 'equity_5m')
) AS f
JOIN accounts USING (account_id);

-- differing_histories: The accounts whose daily metrics differ.
SELECT DISTINCT account_id FROM found JOIN accounts USING (account_id) WHERE subject = 'daily_metrics';

-- force_aggregate: Compute buckets anew that TimescaleDB takes for true.
CALL refresh_continuous_aggregate(CAST(:aggregate AS regclass), CAST(:since AS timestamptz), CAST(:until AS timestamptz),
                                  force => true);

-- mark_days: Have account-days computed anew from their buckets.
INSERT INTO stale_days (account_id, trading_day, of_trades, of_equity, of_operations)
SELECT account_id, trading_day, true, true, true
FROM unnest(CAST(:accounts AS integer[]), CAST(:days AS date[])) AS touched (account_id, trading_day)
ON CONFLICT (account_id, trading_day) DO UPDATE
SET of_trades = true, of_equity = true, of_operations = true, marked_at = clock_timestamp();

-- mark_histories: Have everything that accounts carry forward redone from their first day on.
-- A day that does not follow from the one before may be right, and the one before wrong.
INSERT INTO stale_days (account_id, trading_day, of_trades, of_equity, of_operations)
SELECT account_id, min(trading_day), false, false, false
FROM daily_metrics
WHERE account_id = ANY (CAST(:accounts AS integer[]))
GROUP BY account_id
ON CONFLICT DO NOTHING;

-- subjects: How far each subject is behind the raw data, how much of it is out of date, and from when on it is compared.
-- Behind is counted in whole buckets or days; nothing stands there while a subject is empty.
WITH aggregates AS (
    SELECT c.user_view_name                                                             AS subject,
           f.bucket_width::interval                                                     AS width,
           c.parent_mat_hypertable_id IS NULL                                           AS finest,
           CASE WHEN c.user_view_name LIKE 'trades%' THEN 'trades' ELSE 'equity' END    AS "table",
           _timescaledb_functions.to_timestamp(w.watermark)                             AS watermark
    FROM _timescaledb_catalog.continuous_agg c
    JOIN _timescaledb_catalog.continuous_aggs_bucket_function f USING (mat_hypertable_id)
    JOIN _timescaledb_catalog.continuous_aggs_watermark w USING (mat_hypertable_id)
    WHERE c.user_view_schema = 'public' AND c.user_view_name IN ('trades_5m', 'trades_1d', 'equity_5m', 'equity_1d')
),
-- Only rows beyond the watermark are looked at: the last of all would have to be sought in compressed chunks.
beyond ("table", moment) AS (
    SELECT 'trades', (SELECT max(close_time) FROM trades
                      WHERE close_time >= (SELECT watermark FROM aggregates WHERE subject = 'trades_5m'))
    UNION ALL
    SELECT 'equity', (SELECT max(time) FROM equity
                      WHERE time >= (SELECT watermark FROM aggregates WHERE subject = 'equity_5m'))
),
newest AS (
    SELECT "table", coalesce(b.moment, a.watermark - interval '1 us') AS moment
    FROM aggregates a
    JOIN beyond b USING ("table")
    WHERE a.finest
),
states AS (
    SELECT a.subject,
           CASE
               WHEN extract(year FROM a.watermark) > 0
               THEN greatest(time_bucket(a.width, n.moment) + a.width - a.watermark, interval '0')
           END                                                              AS behind,
           (SELECT count(*) FROM pending p WHERE p.aggregate = a.subject)   AS pending,
           k.since
    FROM aggregates a
    JOIN newest n USING ("table")
    JOIN raw_kept k USING ("table")
    UNION ALL
    SELECT 'daily_metrics',
           make_interval(days => (SELECT greatest((SELECT max(trading_day) FROM stale_days) - max(trading_day), 0)
                                  FROM daily_metrics)),
           (SELECT count(*) FROM stale_days),
           (SELECT max(since) FROM raw_kept)
)
SELECT subject,
       behind,
       pending,
       CASE WHEN isfinite(since) THEN since WHEN since > now() THEN now() END AS since
FROM states;

-- record: Write down what came of comparing one subject.
INSERT INTO verifications (subject, whole, started_at, compared, differing, behind, pending, healed)
VALUES (:subject, :whole, :started_at, :compared, :differing, :behind, :pending, :healed)
RETURNING verification_id;

-- record_difference: Write down one value that differed.
INSERT INTO verification_differences (verification_id, account_id, symbol_id, bucket, column_name, kept, recomputed)
VALUES (:verification_id, :account_id, :symbol_id, :bucket, :column_name, :kept, :recomputed);

-- history: Past runs, newest first.
SELECT started_at,
       max(finished_at)                                                         AS finished_at,
       whole,
       sum(compared)::bigint                                                    AS compared,
       sum(differing)::bigint                                                   AS differing,
       coalesce(array_agg(subject ORDER BY subject) FILTER (WHERE differing > 0), '{}') AS differing_subjects,
       sum(pending)::bigint                                                     AS pending,
       sum(differing) > 0 AND bool_and(healed OR differing = 0)                 AS healed
FROM verifications
GROUP BY started_at, whole
ORDER BY started_at DESC
LIMIT :limit;
