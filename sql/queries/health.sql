-- counters: What the database counts and weighs; the embedded one counts no transactions.
SELECT nullif(xact_commit, 0)                                 AS committed,
       CASE WHEN xact_commit > 0 THEN xact_rollback END       AS rolled_back,
       pg_database_size(current_database())                   AS database_bytes,
       (SELECT coalesce(json_object_agg(hypertable_name,
                                        hypertable_size(format('%I.%I', hypertable_schema, hypertable_name)::regclass)), '{}')
        FROM timescaledb_information.hypertables
        WHERE hypertable_schema = 'public')::text             AS table_bytes
FROM pg_stat_database
WHERE datname = current_database();

-- store: Keep an observation.
INSERT INTO health_observations (observed_at, host, read_seconds, committed, rolled_back, database_bytes, table_bytes,
                                 cpu_busy_seconds, cpu_seconds, memory_share, disk_free_share)
VALUES (coalesce(CAST(:now AS timestamptz), clock_timestamp()), :host, CAST(:read_seconds AS jsonb), :committed, :rolled_back,
        :database_bytes, CAST(:table_bytes AS jsonb), :cpu_busy_seconds, :cpu_seconds, :memory_share, :disk_free_share)
RETURNING observation_id, observed_at;

-- observations: What was observed in a stretch of time, with what happened since the observation before; the oldest first.
-- A counter that fell was started anew with its server or host: what happened since is not known.
SELECT observation_id,
       observed_at,
       host,
       read_seconds,
       CASE WHEN committed >= committed_before AND rolled_back >= rolled_back_before
            THEN committed - committed_before END             AS committed,
       CASE WHEN committed >= committed_before AND rolled_back >= rolled_back_before
            THEN rolled_back - rolled_back_before END         AS rolled_back,
       database_bytes,
       table_bytes,
       cpu_since,
       CASE WHEN cpu_seconds > cpu_seconds_before AND cpu_busy_seconds >= cpu_busy_seconds_before
            THEN least((cpu_busy_seconds - cpu_busy_seconds_before) / (cpu_seconds - cpu_seconds_before), 1) END AS cpu,
       memory_share                                           AS memory,
       disk_free_share                                        AS disk_free
FROM (
    SELECT *,
           lag(committed) OVER at_all          AS committed_before,
           lag(rolled_back) OVER at_all        AS rolled_back_before,
           lag(observed_at) OVER at_host       AS cpu_since,
           lag(cpu_busy_seconds) OVER at_host  AS cpu_busy_seconds_before,
           lag(cpu_seconds) OVER at_host       AS cpu_seconds_before
    FROM health_observations
    -- The one before the first of the stretch is looked for in the day before it.
    WHERE observed_at > CAST(:since AS timestamptz) - interval '1 day'
      AND observed_at <= CAST(:until AS timestamptz)
    WINDOW at_all AS (ORDER BY observed_at, observation_id),
           at_host AS (PARTITION BY host ORDER BY observed_at, observation_id)
) AS o
WHERE observed_at > CAST(:since AS timestamptz)
ORDER BY observed_at, observation_id;

-- sizes: The database's size at the last observation of each UTC day, the oldest first.
SELECT DISTINCT ON ((observed_at AT TIME ZONE 'UTC')::date)
       extract(epoch FROM observed_at)::double precision / 86400 AS day,
       database_bytes::double precision                          AS bytes
FROM health_observations
WHERE observed_at > CAST(:until AS timestamptz) - interval '30 days'
  AND observed_at <= CAST(:until AS timestamptz)
ORDER BY (observed_at AT TIME ZONE 'UTC')::date, observed_at DESC;


-- analyze: Renew the statistics that plans of common statements rest on; raw trades and equity are found by chunk and index.
ANALYZE accounts, plans, symbols, currencies, daily_metrics, stale_days, ticket_ranges, ingested_files, open_positions,
        trade_versions, forecasts, forecast_outcomes, forecast_states, rescoring, scored_days, findings, alerts, alert_history,
        messages, deliveries, mutes, job_controls, job_runs, health_observations;

-- vacuum: Clear away dead rows of the tables that are written all day, where no autovacuum does it.
VACUUM job_runs, job_controls, alerts, messages, deliveries, health_observations;

-- forget_observations: Old observations.
DELETE FROM health_observations
WHERE observed_at < coalesce(CAST(:now AS timestamptz), clock_timestamp()) - make_interval(days => :observation_days);

-- forget_runs: Old entries of work done; never a job's newest window or run, nor trading days that may be asked for.
WITH clock AS (
    SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS moment
)
DELETE FROM job_runs r
USING clock
WHERE r.state = 'done'
  AND r.finished_at < moment - make_interval(days => :run_days)
  AND (r.trading_day IS NULL OR r.trading_day < (moment AT TIME ZONE 'UTC')::date - CAST(:trading_days AS integer))
  AND EXISTS (SELECT FROM job_runs later WHERE later.job = r.job AND later.state = 'done' AND later.window_start > r.window_start)
  AND EXISTS (SELECT FROM job_runs later WHERE later.job = r.job AND later.state = 'done' AND later.run_id > r.run_id);
