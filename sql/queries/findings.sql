-- forget_anomalies: Days that are scored again lose their earlier findings.
DELETE FROM anomalies
WHERE trading_day BETWEEN :since AND :until;

-- add_anomaly: Keep one finding.
INSERT INTO anomalies (account_id, trading_day, metric, detector, pvalue, direction, seen, expected, severity, reason)
VALUES (:account_id, :trading_day, :metric, :detector, :pvalue, :direction, :seen, :expected, :severity, :reason);

-- create_new_forecasts: Where a batch of forecasts arrives by COPY.
CREATE TEMPORARY TABLE new_forecasts (LIKE forecasts INCLUDING DEFAULTS) ON COMMIT DROP;

-- copy_forecasts: The batch itself.
COPY new_forecasts (
    origin, account_id, horizon, model, model_version, skill, quantile_levels, mean, quantiles, total_quantiles,
    daily_loss_breach, max_drawdown_breach, any_breach, profit_target_hit
) FROM STDIN;

-- merge_forecasts: A forecast made again from the same day replaces the earlier one.
INSERT INTO forecasts AS kept
SELECT * FROM new_forecasts
ON CONFLICT (account_id, origin, horizon, model) DO UPDATE
SET model_version       = excluded.model_version,
    skill               = excluded.skill,
    quantile_levels     = excluded.quantile_levels,
    mean                = excluded.mean,
    quantiles           = excluded.quantiles,
    total_quantiles     = excluded.total_quantiles,
    daily_loss_breach   = excluded.daily_loss_breach,
    max_drawdown_breach = excluded.max_drawdown_breach,
    any_breach          = excluded.any_breach,
    profit_target_hit   = excluded.profit_target_hit,
    made_at             = excluded.made_at;

-- riskiest: Active accounts whose newest forecast leaves a breach open, the likeliest first; certain ones are no forecast.
SELECT a.account
FROM forecasts f
JOIN accounts a USING (account_id)
WHERE f.origin = (SELECT max(origin) FROM forecasts)
  AND a.status = 'active'
  AND f.any_breach < 0.99
ORDER BY f.any_breach DESC, a.account
LIMIT :limit;
