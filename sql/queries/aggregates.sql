-- refresh_windows: From when each aggregate may be refreshed, and from when it is kept up to date all the time.
-- A refresh of what lies before the raw data still kept would empty the aggregate.
SELECT c.user_view_name AS aggregate,
       k.since,
       greatest(k.since,
                least(now(), greatest(_timescaledb_functions.to_timestamp(w.watermark), k.since)) - interval '7 days') AS recent
FROM _timescaledb_catalog.continuous_agg c
JOIN _timescaledb_catalog.continuous_aggs_watermark w USING (mat_hypertable_id)
JOIN (
    SELECT hypertable_name AS "table", min(range_start) AS since
    FROM timescaledb_information.chunks
    WHERE hypertable_schema = 'public' AND hypertable_name IN ('trades', 'equity')
    GROUP BY hypertable_name
) AS k ON c.user_view_name LIKE k."table" || '\_%'
WHERE c.user_view_schema = 'public';

-- refresh_aggregate: Bring what is known to be out of date in an aggregate up to date, from a moment on.
CALL refresh_continuous_aggregate(CAST(:aggregate AS regclass), CAST(:since AS timestamptz), NULL);

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

-- logged_ranges: What TimescaleDB noted as changed since the last refresh, in microseconds since 1970.
SELECT c.mat_hypertable_id AS id, l.lowest_modified_value AS lowest, l.greatest_modified_value AS greatest
FROM _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log l
JOIN _timescaledb_catalog.continuous_agg c ON c.raw_hypertable_id = l.hypertable_id
UNION ALL
SELECT materialization_id, lowest_modified_value, greatest_modified_value
FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log;

-- keeps_interrupted_ranges: Whether this TimescaleDB writes down what a refresh is at work on (newer versions do).
SELECT to_regclass('_timescaledb_catalog.continuous_aggs_materialization_ranges') IS NOT NULL;

-- interrupted_ranges: What refreshes began and have not finished; their ranges are in no log any more.
SELECT materialization_id AS id, lowest_modified_value AS lowest, greatest_modified_value AS greatest
FROM _timescaledb_catalog.continuous_aggs_materialization_ranges;

-- pending_ranges: What of each aggregate is known to be out of date, merged and clipped to where raw data lies.
-- A coarser aggregate is behind wherever the finer one it is made of is.
WITH aggregates AS (
    SELECT c.mat_hypertable_id       AS id,
           c.parent_mat_hypertable_id AS finer_id,
           c.user_view_name          AS aggregate,
           f.bucket_width::interval  AS width,
           CASE WHEN c.user_view_name LIKE 'trades%' THEN 'trades' ELSE 'equity' END AS "table"
    FROM _timescaledb_catalog.continuous_agg c
    JOIN _timescaledb_catalog.continuous_aggs_bucket_function f USING (mat_hypertable_id)
    WHERE c.user_view_schema = 'public' AND c.user_view_name IN ('trades_5m', 'trades_1d', 'equity_5m', 'equity_1d')
),
materialized AS (
    SELECT a."table", max(_timescaledb_functions.to_timestamp(w.watermark)) AS until
    FROM aggregates a
    JOIN _timescaledb_catalog.continuous_aggs_watermark w ON w.mat_hypertable_id = a.id
    WHERE a.finer_id IS NULL
    GROUP BY a."table"
),
kept AS (
    SELECT hypertable_name AS "table", min(range_start) AS since
    FROM timescaledb_information.chunks
    WHERE hypertable_schema = 'public' AND hypertable_name IN ('trades', 'equity')
    GROUP BY hypertable_name
),
ends AS (
    SELECT 'trades' AS "table", (SELECT max(close_time) FROM trades
                                 WHERE close_time >= (SELECT until FROM materialized WHERE "table" = 'trades')) AS last
    UNION ALL
    SELECT 'equity', (SELECT max(time) FROM equity
                      WHERE time >= (SELECT until FROM materialized WHERE "table" = 'equity'))
),
-- Rows that were taken away at the end leave buckets beyond the last raw row, up to the watermark.
extents AS (
    SELECT "table",
           _timescaledb_functions.time_to_internal(k.since)                                    AS lowest,
           _timescaledb_functions.time_to_internal(greatest(m.until, e.last + interval '1 us')) - 1 AS greatest
    FROM kept k
    JOIN materialized m USING ("table")
    JOIN ends e USING ("table")
),
noted AS (
    SELECT *
    FROM unnest(CAST(:ids AS integer[]), CAST(:lowest AS bigint[]), CAST(:greatest AS bigint[])) AS noted (id, lowest, greatest)
),
clipped AS (
    SELECT a.aggregate,
           a.width,
           _timescaledb_functions.to_timestamp(greatest(n.lowest, x.lowest))    AS first,
           _timescaledb_functions.to_timestamp(least(n.greatest, x.greatest)) AS last
    FROM aggregates a
    JOIN noted n ON n.id IN (a.id, a.finer_id)
    JOIN extents x USING ("table")
    WHERE n.greatest >= x.lowest AND n.lowest <= x.greatest
)
SELECT aggregate, lower(range) AS since, upper(range) AS until
FROM (
    SELECT aggregate, unnest(range_agg(tstzrange(time_bucket(width, first), time_bucket(width, last) + width))) AS range
    FROM clipped
    GROUP BY aggregate
) AS merged
ORDER BY aggregate, since;
