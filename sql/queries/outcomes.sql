-- lock_outcomes: One run at a time reads what came and writes it down, or an older reading could overwrite a newer one.
LOCK TABLE forecast_outcomes IN SHARE ROW EXCLUSIVE MODE;

-- open_outcomes: Every forecast made since the last run waits for its days; one made again waits anew.
-- A forecast may be stored later than the run after its origin, so a week before that run is looked through again,
-- and any earlier day that was forecast since, or within a day before: its transaction may have ended later than it says.
WITH last_run AS (
    SELECT max(trading_day) - 7 AS since, max(scored_at) - interval '1 day' AS moment
    FROM scored_days
    WHERE kind = 'outcome'
),
made AS (
    SELECT f.origin, f.account_id, f.horizon, f.model, f.cohort, f.made_at, f.daily_loss_breach, f.max_drawdown_breach,
           f.any_breach, f.profit_target_hit
    FROM forecasts f
    WHERE f.origin >= coalesce((SELECT since FROM last_run), '-infinity')
    UNION ALL
    SELECT f.origin, f.account_id, f.horizon, f.model, f.cohort, f.made_at, f.daily_loss_breach, f.max_drawdown_breach,
           f.any_breach, f.profit_target_hit
    FROM scored_days s
    JOIN forecasts f ON f.origin = s.trading_day
    WHERE s.kind = 'forecast'
      AND s.trading_day < (SELECT since FROM last_run)
      AND s.scored_at >= (SELECT moment FROM last_run)
)
INSERT INTO forecast_outcomes AS kept (
    origin, account_id, horizon, model, cohort, forecast_made_at, last_day, closed_until, daily_loss_breach,
    max_drawdown_breach, any_breach, profit_target_hit
)
SELECT m.origin,
       m.account_id,
       m.horizon,
       m.model,
       m.cohort,
       m.made_at,
       m.origin + m.horizon + 2 * ((extract(isodow FROM m.origin)::integer - 1 + m.horizon) / 5), -- two more for each weekend
       m.origin,
       m.daily_loss_breach,
       m.max_drawdown_breach,
       m.any_breach,
       m.profit_target_hit
FROM made m
LEFT JOIN forecast_outcomes o USING (account_id, origin, horizon, model)
WHERE o.forecast_made_at IS DISTINCT FROM m.made_at
ON CONFLICT (account_id, origin, horizon, model) DO UPDATE
SET cohort              = excluded.cohort,
    forecast_made_at    = excluded.forecast_made_at,
    closed_until        = excluded.closed_until,
    daily_loss_breach   = excluded.daily_loss_breach,
    max_drawdown_breach = excluded.max_drawdown_breach,
    any_breach          = excluded.any_breach,
    profit_target_hit   = excluded.profit_target_hit;

-- reopen_outcomes: Where a day came out otherwise since, everything counted of it or after it is counted again.
UPDATE forecast_outcomes o
SET closed_until = o.origin
FROM unnest(CAST(:account_ids AS integer[]), CAST(:since AS date[])) AS changed (account_id, since)
WHERE o.account_id = changed.account_id
  AND o.closed_until >= changed.since
  AND o.closed_until > o.origin;

-- batches: Outcomes that wait for days up to one, by origin and horizon, in blocks of accounts.
SELECT origin, horizon, min(last_day) AS last_day, min(account_id) AS first_account, max(account_id) AS last_account
FROM (
    SELECT origin, horizon, last_day, account_id,
           (row_number() OVER (PARTITION BY origin, horizon ORDER BY account_id) - 1) / CAST(:block AS integer) AS part
    FROM forecast_outcomes
    WHERE closed_until < last_day AND closed_until < :until
) AS waiting
GROUP BY origin, horizon, part
ORDER BY origin, horizon, part;

-- shapes: The quantile levels a batch's forecasts were made at, each with the models that used them.
SELECT f.quantile_levels, array_agg(DISTINCT f.model) AS models
FROM forecasts f
WHERE f.origin = :origin
  AND f.horizon = :horizon
  AND f.account_id BETWEEN :first_account AND :last_account
GROUP BY f.quantile_levels;

-- copy_forecasts: What a batch's forecasts said.
-- Every field is fixed-width and never null, so the binary COPY of it is read as one array.
COPY (
    SELECT f.account_id,
           array_position(CAST(:models AS text[]), f.model) AS model_place,
           coalesce(f.naive_mean, 'NaN')                    AS naive_mean,
           coalesce(f.naive_deviation, 'NaN')               AS naive_deviation,
           f.quantiles,
           f.total_quantiles
    FROM forecast_outcomes o
    JOIN forecasts f USING (account_id, origin, horizon, model)
    WHERE o.origin = CAST(:origin AS date)
      AND f.origin = CAST(:origin AS date)
      AND o.horizon = :horizon
      AND o.account_id BETWEEN :first_account AND :last_account
      AND o.closed_until < o.last_day
      AND o.closed_until < CAST(:until AS date)
      AND f.quantile_levels = CAST(:levels AS double precision[])
) TO STDOUT (FORMAT binary);

-- copy_days: What the accounts of a batch earned; a weekend's trading counts towards the Monday after.
COPY (
    SELECT m.account_id,
           m.trading_day + CASE extract(isodow FROM m.trading_day) WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END
               - date '1970-01-01' AS day,
           sum(m.gross_profit + m.gross_loss)::double precision / power(10, a.currency_digits) AS net_profit
    FROM daily_metrics m
    JOIN accounts a USING (account_id)
    WHERE m.trading_day > CAST(:origin AS date)
      AND m.trading_day <= CAST(:closed_until AS date)
      AND m.account_id IN (SELECT o.account_id
                           FROM forecast_outcomes o
                           WHERE o.origin = CAST(:origin AS date)
                             AND o.horizon = :horizon
                             AND o.account_id BETWEEN :first_account AND :last_account
                             AND o.closed_until < o.last_day
                             AND o.closed_until < CAST(:until AS date))
    GROUP BY m.account_id, 2, a.currency_digits
) TO STDOUT (FORMAT binary);

-- store_outcomes: What came of a batch's forecasts; NaN where there is no such number.
UPDATE forecast_outcomes o
SET closed_until        = :closed_until,
    days_closed         = :days_closed,
    days_scored         = s.days_scored,
    pinball             = s.pinball,
    naive_pinball       = nullif(s.naive_pinball, 'NaN'),
    inside_80           = nullif(s.inside_80, -1),
    inside_95           = nullif(s.inside_95, -1),
    total               = nullif(s.total, 'NaN'),
    total_pinball       = nullif(s.total_pinball, 'NaN'),
    naive_total_pinball = nullif(s.naive_total_pinball, 'NaN'),
    total_inside_80     = nullif(s.total_inside_80, -1)::boolean,
    total_inside_95     = nullif(s.total_inside_95, -1)::boolean
FROM unnest(CAST(:account_ids AS integer[]), CAST(:model_names AS text[]), CAST(:days_scored AS integer[]),
            CAST(:pinball AS double precision[]), CAST(:naive_pinball AS double precision[]),
            CAST(:inside_80 AS integer[]), CAST(:inside_95 AS integer[]), CAST(:total AS double precision[]),
            CAST(:total_pinball AS double precision[]), CAST(:naive_total_pinball AS double precision[]),
            CAST(:total_inside_80 AS integer[]), CAST(:total_inside_95 AS integer[]))
         AS s (account_id, model, days_scored, pinball, naive_pinball, inside_80, inside_95, total, total_pinball,
               naive_total_pinball, total_inside_80, total_inside_95)
WHERE o.origin = CAST(:origin AS date)
  AND o.horizon = :horizon
  AND o.account_id = s.account_id
  AND o.model = s.model;

-- store_breaches: Whether rules were broken, or the target reached before that, in a batch whose horizon is over.
-- An account marked as breached without a day below its limits was so by a rule that the engine does not know.
UPDATE forecast_outcomes o
SET daily_loss_breached   = CASE WHEN e.has_daily_loss THEN e.daily_loss IS NOT NULL END,
    max_drawdown_breached = CASE WHEN e.has_max_drawdown THEN e.max_drawdown IS NOT NULL END,
    any_breached          = CASE WHEN e.has_daily_loss OR e.has_max_drawdown THEN e.any_breach IS NOT NULL END,
    profit_target_reached = CASE WHEN e.has_profit_target
                                 THEN coalesce(e.profit_target < coalesce(e.any_breach, 'infinity'), false) END
FROM (
    SELECT a.account_id,
           p.daily_loss    IS NOT NULL AS has_daily_loss,
           p.max_drawdown  IS NOT NULL AS has_max_drawdown,
           p.profit_target IS NOT NULL AND a.phase <> 'funded' AS has_profit_target,
           days.daily_loss,
           days.max_drawdown,
           days.profit_target,
           least(days.daily_loss, days.max_drawdown, ended.day) AS any_breach
    FROM unnest(CAST(:account_ids AS integer[])) AS wanted (account_id)
    JOIN accounts a USING (account_id)
    JOIN plans p USING (plan_id)
    -- Account by account: the planner cannot know how many rows there are, and this is quick however many.
    CROSS JOIN LATERAL (
        SELECT min(m.trading_day) FILTER (WHERE m.trading_day > :origin AND m.daily_loss_left < 0)    AS daily_loss,
               min(m.trading_day) FILTER (WHERE m.trading_day > :origin AND m.max_drawdown_left < 0)  AS max_drawdown,
               min(m.trading_day) FILTER (
                   WHERE m.balance_end >= a.initial_balance + p.profit_target
                     AND (p.consistency_limit IS NULL OR m.consistency_share <= p.consistency_limit)
               ) AS profit_target
        FROM daily_metrics m
        WHERE m.account_id = wanted.account_id
          AND m.trading_day BETWEEN CAST(:origin AS date) AND CAST(:closed_until AS date)
    ) AS days
    LEFT JOIN LATERAL (
        SELECT trading_day_of(a.closed_at, p.reset_time, p.time_zone) AS day WHERE a.status = 'breached'
    ) AS ended ON ended.day > CAST(:origin AS date) AND ended.day <= CAST(:closed_until AS date)
) AS e
WHERE o.origin = CAST(:origin AS date)
  AND o.horizon = :horizon
  AND o.account_id = e.account_id
  AND o.closed_until = o.last_day;

-- scored_span: The first and last origin that accuracy is told of: those of the last days before the newest with a day scored.
WITH newest AS (
    SELECT max(origin) AS origin FROM forecast_outcomes WHERE days_scored > 0
)
SELECT min(o.origin) AS since, max(o.origin) AS until
FROM forecast_outcomes o
CROSS JOIN newest n
WHERE o.days_scored > 0 AND o.origin > n.origin - CAST(:days AS integer);

-- count_waiting: Forecasts of which no day has been scored yet.
SELECT count(*) FROM forecast_outcomes WHERE days_scored = 0 AND closed_until < last_day;

-- accuracy: How well forecasts did, by model, cohort or horizon.
-- Losses are added up as shares of the accounts' initial balances, so that large accounts and other currencies weigh the same.
SELECT CASE :by WHEN 'model' THEN o.model WHEN 'cohort' THEN coalesce(o.cohort, '') ELSE o.horizon::text END AS name,
       count(*)                   AS forecasts,
       sum(o.days_scored)::bigint AS days_scored,
       1 - sum(o.pinball / s.size) FILTER (WHERE o.naive_pinball IS NOT NULL) / nullif(sum(o.naive_pinball / s.size), 0) AS skill,
       1 - sum(o.total_pinball / s.size) FILTER (WHERE o.naive_total_pinball IS NOT NULL)
           / nullif(sum(o.naive_total_pinball / s.size), 0)                       AS total_skill,
       sum(o.inside_80)::double precision
           / nullif(sum(o.days_scored) FILTER (WHERE o.inside_80 IS NOT NULL), 0) AS coverage_80,
       sum(o.inside_95)::double precision
           / nullif(sum(o.days_scored) FILTER (WHERE o.inside_95 IS NOT NULL), 0) AS coverage_95,
       avg(o.total_inside_80::integer)::double precision                          AS total_coverage_80,
       avg(o.total_inside_95::integer)::double precision                          AS total_coverage_95
FROM forecast_outcomes o
JOIN accounts a USING (account_id)
CROSS JOIN LATERAL (
    SELECT CASE WHEN a.initial_balance > 0 THEN a.initial_balance / power(10, a.currency_digits) ELSE 1 END AS size
) AS s
WHERE o.days_scored > 0 AND o.origin BETWEEN :since AND :until
GROUP BY 1
ORDER BY 2 DESC, 1;

-- accuracy_weeks: Coverage by the week the forecasts were made in, to see it drift.
SELECT CASE :by WHEN 'model' THEN model WHEN 'cohort' THEN coalesce(cohort, '') ELSE horizon::text END AS name,
       date_trunc('week', origin)::date AS week,
       sum(days_scored)::bigint         AS days_scored,
       sum(inside_80)::double precision / nullif(sum(days_scored) FILTER (WHERE inside_80 IS NOT NULL), 0) AS coverage_80,
       sum(inside_95)::double precision / nullif(sum(days_scored) FILTER (WHERE inside_95 IS NOT NULL), 0) AS coverage_95
FROM forecast_outcomes
WHERE days_scored > 0 AND origin BETWEEN :since AND :until
GROUP BY 1, 2
ORDER BY 1, 2;

-- accuracy_risks: Probabilities against what came, of forecasts whose horizon is over.
SELECT CASE :by WHEN 'model' THEN model WHEN 'cohort' THEN coalesce(cohort, '') ELSE horizon::text END AS name,
       risk,
       count(*)                                     AS forecasts,
       avg(probability)                             AS predicted,
       avg(came::integer)::double precision         AS realised,
       avg((probability - came::integer) ^ 2)       AS brier,
       1 - avg((probability - came::integer) ^ 2)
           / nullif((avg(came::integer) * (1 - avg(came::integer)))::double precision, 0) AS brier_skill
FROM forecast_outcomes
CROSS JOIN LATERAL (
    VALUES ('daily_loss', daily_loss_breach, daily_loss_breached),
           ('max_drawdown', max_drawdown_breach, max_drawdown_breached),
           ('any_breach', any_breach, any_breached),
           ('profit_target', profit_target_hit, profit_target_reached)
) AS risks (risk, probability, came)
WHERE probability IS NOT NULL AND came IS NOT NULL AND origin BETWEEN :since AND :until
GROUP BY 1, 2
ORDER BY 1, 2;
