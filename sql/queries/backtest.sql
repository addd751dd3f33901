-- broken_days: The days on which accounts broke their plans' rules, a weekend's counting towards the Monday after.
-- An account marked as breached without a day below its limits was so by a rule that the engine does not know.
SELECT b.account_id,
       b.trading_day + CASE extract(isodow FROM b.trading_day) WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END AS day,
       bool_or(b.daily_loss)   AS daily_loss,
       bool_or(b.max_drawdown) AS max_drawdown
FROM (
    SELECT m.account_id,
           m.trading_day,
           coalesce(m.daily_loss_left < 0, false)   AS daily_loss,
           coalesce(m.max_drawdown_left < 0, false) AS max_drawdown
    FROM daily_metrics m
    WHERE m.trading_day <= CAST(:until AS date)
      AND (m.daily_loss_left < 0 OR m.max_drawdown_left < 0)
    UNION ALL
    SELECT a.account_id, trading_day_of(a.closed_at, p.reset_time, p.time_zone), false, false
    FROM accounts a
    JOIN plans p USING (plan_id)
    WHERE a.status = 'breached' AND a.closed_at IS NOT NULL
) AS b
GROUP BY 1, 2
ORDER BY 1, 2;
