-- create_new_forecasts: Where a block of forecasts arrives by binary COPY; numbers are never null there, but NaN.
CREATE TEMPORARY TABLE IF NOT EXISTS new_forecasts (
    account_id          integer          NOT NULL,
    model_place         integer          NOT NULL,
    cohort_place        integer          NOT NULL,
    skill               double precision NOT NULL,
    mean                double precision[] NOT NULL,
    quantiles           double precision[] NOT NULL,
    total_quantiles     double precision[] NOT NULL,
    daily_loss_breach   double precision NOT NULL,
    max_drawdown_breach double precision NOT NULL,
    any_breach          double precision NOT NULL,
    profit_target_hit   double precision NOT NULL,
    consistency_failure double precision NOT NULL,
    payout_probability  double precision NOT NULL,
    expected_payout     double precision NOT NULL,
    naive_mean          double precision NOT NULL,
    naive_deviation     double precision NOT NULL
) ON COMMIT DROP;

-- copy_forecasts: The block itself.
COPY new_forecasts FROM STDIN (FORMAT binary);

-- merge_forecasts: A forecast made again from the same day replaces the earlier one; a skill that was known stays known.
INSERT INTO forecasts AS kept (
    origin, account_id, horizon, model, model_version, cohort, skill, quantile_levels, mean, quantiles, total_quantiles,
    daily_loss_breach, max_drawdown_breach, any_breach, profit_target_hit, consistency_failure, payout_probability,
    expected_payout, naive_mean, naive_deviation
)
SELECT :origin,
       account_id,
       :horizon,
       (CAST(:models AS text[]))[model_place],
       :model_version,
       (CAST(:cohorts AS text[]))[cohort_place],
       nullif(skill, 'NaN'),
       CAST(:levels AS double precision[]),
       mean,
       quantiles,
       total_quantiles,
       nullif(daily_loss_breach, 'NaN'),
       nullif(max_drawdown_breach, 'NaN'),
       nullif(any_breach, 'NaN'),
       nullif(profit_target_hit, 'NaN'),
       nullif(consistency_failure, 'NaN'),
       nullif(payout_probability, 'NaN'),
       nullif(expected_payout, 'NaN'),
       nullif(naive_mean, 'NaN'),
       nullif(naive_deviation, 'NaN')
FROM new_forecasts
ORDER BY account_id -- one order for all processes, so that two at once cannot wait for each other
ON CONFLICT (account_id, origin, horizon, model) DO UPDATE
SET model_version       = excluded.model_version,
    cohort              = excluded.cohort,
    skill               = coalesce(excluded.skill, kept.skill),
    quantile_levels     = excluded.quantile_levels,
    mean                = excluded.mean,
    quantiles           = excluded.quantiles,
    total_quantiles     = excluded.total_quantiles,
    daily_loss_breach   = excluded.daily_loss_breach,
    max_drawdown_breach = excluded.max_drawdown_breach,
    any_breach          = excluded.any_breach,
    profit_target_hit   = excluded.profit_target_hit,
    consistency_failure = excluded.consistency_failure,
    payout_probability  = excluded.payout_probability,
    expected_payout     = excluded.expected_payout,
    naive_mean          = excluded.naive_mean,
    naive_deviation     = excluded.naive_deviation,
    made_at             = excluded.made_at;

-- forget_replaced: What this transaction's forecasts replace but did not write over, with what was counted of it.
WITH replaced AS (
    DELETE FROM forecasts
    WHERE origin = CAST(:origin AS date)
      AND horizon = :horizon
      AND made_at <> now()
      AND (CAST(:model AS text) = 'auto' OR model = :model)
    RETURNING account_id, origin, horizon, model
)
DELETE FROM forecast_outcomes o
USING replaced r
WHERE o.origin = CAST(:origin AS date)
  AND o.account_id = r.account_id
  AND o.origin = r.origin
  AND o.horizon = r.horizon
  AND o.model = r.model;

-- forget_replaced_groups: Forecasts of groups that there were not when they were made again.
DELETE FROM group_forecasts
WHERE origin = CAST(:origin AS date)
  AND horizon = :horizon
  AND made_at <> now();

-- active_accounts: Accounts that had not ended by the end of a day.
SELECT a.account_id
FROM accounts a
JOIN plans p USING (plan_id)
WHERE a.status = 'active'
   OR trading_day_of(a.closed_at, p.reset_time, p.time_zone) > CAST(:day AS date);

-- empty_new_forecasts: Make room for the next block.
TRUNCATE new_forecasts;

-- merge_group_forecast: The forecast of a group in one currency; one made again from the same day replaces the earlier.
INSERT INTO group_forecasts (
    origin, account_group, currency, horizon, accounts, quantile_levels, mean, total_quantiles, expected_payout,
    payout_quantiles, expected_breaches
)
VALUES (:origin, :account_group, :currency, :horizon, :accounts, :levels, :mean, :total_quantiles, :expected_payout,
        :payout_quantiles, :expected_breaches)
ON CONFLICT (origin, account_group, currency, horizon) DO UPDATE
SET accounts          = excluded.accounts,
    quantile_levels   = excluded.quantile_levels,
    mean              = excluded.mean,
    total_quantiles   = excluded.total_quantiles,
    expected_payout   = excluded.expected_payout,
    payout_quantiles  = excluded.payout_quantiles,
    expected_breaches = excluded.expected_breaches,
    made_at           = excluded.made_at;

-- merge_state: What a model has learnt up to a day; learnt again it replaces the earlier.
INSERT INTO forecast_states (model_version, origin, state)
VALUES (:model_version, :origin, CAST(:state AS jsonb))
ON CONFLICT (model_version, origin) DO UPDATE
SET state = excluded.state, made_at = excluded.made_at;

-- newest_state: What a model had learnt by a day.
SELECT origin, made_at, state
FROM forecast_states
WHERE model_version = :model_version AND origin <= :until
ORDER BY origin DESC
LIMIT 1;

-- riskiest: Active accounts whose newest forecast leaves a breach open, the likeliest first; certain ones are no forecast.
SELECT a.account
FROM forecasts f
JOIN accounts a USING (account_id)
WHERE f.origin = (SELECT max(origin) FROM forecasts)
  AND a.status = 'active'
  AND f.any_breach < 0.99
ORDER BY f.any_breach DESC, a.account
LIMIT :limit;

-- of_account: What is stored of an account from a day over a horizon, the newest of several; nothing if its metrics changed
-- since it was made.
SELECT model, quantile_levels AS levels, skill, mean, quantiles, total_quantiles, made_at,
       daily_loss_breach   AS daily_loss,
       max_drawdown_breach AS max_drawdown,
       any_breach,
       profit_target_hit   AS profit_target,
       consistency_failure,
       payout_probability,
       expected_payout
FROM forecasts f
JOIN accounts a USING (account_id)
WHERE a.account = :account
  AND f.origin = :origin
  AND f.horizon = :horizon
  AND NOT EXISTS (SELECT FROM rescoring r WHERE r.kind = 'forecast' AND r.account_id = f.account_id)
ORDER BY made_at DESC, model
LIMIT 1;
