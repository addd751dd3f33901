-- account_forecast: The newest forecast of an account, and how far it is from the lines its plan draws.
-- The lines are those its chances were computed against: drawdown from what the rule watches at the end of the origin,
-- and the whole daily loss, which every day ahead begins with.
SELECT f.origin,
       f.made_at,
       f.model,
       f.horizon,
       a.currency,
       f.quantile_levels                                                   AS levels,
       ARRAY(
           SELECT day::date
           FROM generate_series(f.origin + 1, f.origin + 2 * f.horizon + 7, interval '1 day') AS day
           WHERE extract(isodow FROM day) < 6
           ORDER BY day
           LIMIT f.horizon
       )                                                                   AS days,
       f.mean,
       f.quantiles,
       f.total_quantiles,
       f.daily_loss_breach,
       f.max_drawdown_breach,
       f.any_breach,
       f.profit_target_hit                                                 AS profit_target_probability,
       f.payout_probability,
       round(f.expected_payout::numeric, a.currency_digits)                AS expected_payout,
       as_money(p.daily_loss, a.currency_digits)                           AS daily_loss_left,
       as_money(w.value - (CASE p.max_drawdown_mode WHEN 'trailing' THEN w.peak ELSE a.initial_balance END)
                    + p.max_drawdown, a.currency_digits)                   AS max_drawdown_left,
       CASE WHEN a.phase <> 'funded'
            THEN as_money(a.initial_balance + p.profit_target - coalesce(m.balance_end, a.initial_balance),
                          a.currency_digits) END                           AS profit_target_left
FROM accounts a
JOIN plans p USING (plan_id)
CROSS JOIN LATERAL (
    SELECT *
    FROM forecasts f
    WHERE f.account_id = a.account_id
    ORDER BY f.origin DESC, f.made_at DESC, f.horizon DESC, f.model
    LIMIT 1
) AS f
LEFT JOIN LATERAL (
    SELECT d.balance_end, d.equity_end, d.balance_peak, d.equity_peak
    FROM daily_metrics d
    WHERE d.account_id = a.account_id AND d.trading_day <= f.origin
    ORDER BY d.trading_day DESC
    LIMIT 1
) AS m ON true
CROSS JOIN LATERAL (
    SELECT coalesce(CASE p.max_drawdown_basis WHEN 'balance' THEN m.balance_end ELSE m.equity_end END,
                    m.balance_end, a.initial_balance)                      AS value,
           coalesce(CASE p.max_drawdown_basis WHEN 'balance' THEN m.balance_peak ELSE m.equity_peak END,
                    a.initial_balance)                                     AS peak
) AS w
WHERE a.account_id = :account_id;

-- expected_days: What was foretold of each weekday one trading day ahead, oldest first.
-- Friday's forecast is Monday's; of several made of the same day the last one counts.
WITH ahead AS (
    SELECT f.origin + CASE extract(isodow FROM f.origin) WHEN 5 THEN 3 WHEN 6 THEN 2 ELSE 1 END AS trading_day,
           f.origin, f.made_at, f.model, f.horizon, f.quantile_levels, f.quantiles
    FROM forecasts f
    JOIN accounts a USING (account_id)
    WHERE f.account_id = :account_id
      AND f.origin >= coalesce(CAST(:since AS date), '-infinity') - 3
      AND f.origin < coalesce(CAST(:until AS date), 'infinity')
)
SELECT DISTINCT ON (trading_day)
       trading_day,
       quantiles[1][array_position(quantile_levels, 0.5)]   AS median,
       quantiles[1][array_position(quantile_levels, 0.1)]   AS low_80,
       quantiles[1][array_position(quantile_levels, 0.9)]   AS high_80,
       quantiles[1][array_position(quantile_levels, 0.025)] AS low_95,
       quantiles[1][array_position(quantile_levels, 0.975)] AS high_95
FROM ahead
WHERE trading_day >= coalesce(CAST(:since AS date), '-infinity')
  AND trading_day <= coalesce(CAST(:until AS date), 'infinity')
ORDER BY trading_day, origin DESC, made_at DESC, horizon DESC, model;

-- outcomes: Forecasts of an account whose horizon is over, against what came, newest first.
SELECT o.origin,
       o.last_day,
       o.horizon,
       o.model,
       a.currency,
       o.days_scored,
       o.inside_80,
       o.inside_95,
       round(o.total::numeric, a.currency_digits)                                        AS total,
       round((SELECT sum(day) FROM unnest(f.mean) AS day)::numeric, a.currency_digits)   AS expected_total,
       round(f.total_quantiles[f.horizon][array_position(f.quantile_levels, 0.1)]::numeric, a.currency_digits)
                                                                                         AS low_80,
       round(f.total_quantiles[f.horizon][array_position(f.quantile_levels, 0.9)]::numeric, a.currency_digits)
                                                                                         AS high_80,
       o.total_inside_80,
       o.total_inside_95,
       o.daily_loss_breach,
       o.max_drawdown_breach,
       o.any_breach,
       o.profit_target_hit                                                               AS profit_target_probability,
       o.daily_loss_breached,
       o.max_drawdown_breached,
       o.any_breached,
       o.profit_target_reached
FROM forecast_outcomes o
JOIN accounts a USING (account_id)
LEFT JOIN forecasts f USING (account_id, origin, horizon, model)
WHERE o.account_id = :account_id
  AND o.closed_until = o.last_day
ORDER BY o.origin DESC, o.horizon DESC, o.model
LIMIT :limit;
