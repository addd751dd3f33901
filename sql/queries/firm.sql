-- last_day: The newest trading day with metrics among the accounts of a group, or of all.
SELECT m.trading_day
FROM daily_metrics m
JOIN accounts a USING (account_id)
WHERE CAST(:group AS text) IS NULL OR a.account_group = :group
ORDER BY m.trading_day DESC
LIMIT 1;

-- days: The firm's, or a group's, trading days by currency, oldest first.
SELECT a.currency,
       m.trading_day,
       sum(m.gross_profit + m.gross_loss) / power(10::double precision, a.currency_digits)        AS net_profit,
       sum(m.trades)::bigint                                                                      AS trades,
       count(*) FILTER (WHERE m.trades > 0)                                                       AS active_accounts,
       sum(coalesce(m.equity_end, m.balance_end)) / power(10::double precision, a.currency_digits) AS equity
FROM daily_metrics m
JOIN accounts a USING (account_id)
WHERE m.trading_day BETWEEN CAST(:since AS date) AND CAST(:until AS date)
  AND (CAST(:group AS text) IS NULL OR a.account_group = :group)
GROUP BY a.currency, a.currency_digits, m.trading_day
ORDER BY a.currency, m.trading_day;

-- groups: The groups side by side over some trading days, by currency; accounts without a group have null.
-- Summed by account before the join: with 140,000 account-days that takes half the time.
SELECT a.account_group                                                        AS "group",
       a.currency,
       count(*)                                                               AS accounts,
       count(*) FILTER (WHERE t.trades > 0)                                   AS active_accounts,
       coalesce(sum(t.trades), 0)::bigint                                     AS trades,
       as_money(coalesce(sum(t.gross_profit + t.gross_loss), 0)::bigint, a.currency_digits) AS net_profit,
       sum(t.wins)::double precision / nullif(sum(t.trades), 0)               AS win_rate,
       sum(t.gross_profit)::double precision / nullif(-sum(t.gross_loss), 0)  AS profit_factor,
       count(*) FILTER (WHERE a.status = 'breached')                          AS breached
FROM accounts a
LEFT JOIN (
    SELECT account_id,
           sum(trades)       AS trades,
           sum(wins)         AS wins,
           sum(gross_profit) AS gross_profit,
           sum(gross_loss)   AS gross_loss
    FROM daily_metrics
    WHERE trading_day BETWEEN CAST(:since AS date) AND CAST(:until AS date)
    GROUP BY account_id
) AS t USING (account_id)
GROUP BY a.account_group, a.currency, a.currency_digits
ORDER BY a.account_group NULLS LAST, a.currency;

-- hours: Trading by weekday and hour of UTC, from the 5-minute aggregate.
-- Summed by the hour first: what a bucket's weekday is costs more than adding it up.
SELECT currency,
       extract(isodow FROM hour AT TIME ZONE 'UTC')::integer         AS weekday,
       extract(hour FROM hour AT TIME ZONE 'UTC')::integer           AS hour,
       sum(trades)::bigint                                           AS trades,
       as_money(sum(net_profit)::bigint, currency_digits)            AS net_profit
FROM (
    SELECT a.currency,
           a.currency_digits,
           time_bucket(interval '1 hour', t.bucket) AS hour,
           sum(t.trades)                            AS trades,
           sum(t.gross_profit + t.gross_loss)       AS net_profit
    FROM trades_5m t
    JOIN accounts a USING (account_id)
    WHERE t.bucket >= CAST(:since AS timestamptz)
      AND t.bucket < CAST(:until AS timestamptz)
      AND (CAST(:account_id AS integer) IS NULL OR t.account_id = :account_id)
      AND (CAST(:group AS text) IS NULL OR a.account_group = :group)
    GROUP BY a.currency, a.currency_digits, 3
) AS hours
GROUP BY currency, currency_digits, 2, 3
ORDER BY currency, 2, 3;

-- cohorts: How the days of each group's accounts went, as shares of their initial balances; days without a trade left out.
SELECT c."group",
       c.accounts,
       c.days,
       c.quantiles[1] AS p5,
       c.quantiles[2] AS p25,
       c.quantiles[3] AS p50,
       c.quantiles[4] AS p75,
       c.quantiles[5] AS p95,
       c.volatility
FROM (
    SELECT account_group                                                                       AS "group",
           count(DISTINCT account_id)                                                          AS accounts,
           count(*)                                                                            AS days,
           percentile_cont(ARRAY [0.05, 0.25, 0.5, 0.75, 0.95]) WITHIN GROUP (ORDER BY share)  AS quantiles,
           stddev_samp(share)                                                                  AS volatility
    FROM (
        SELECT a.account_group,
               m.account_id,
               (m.gross_profit + m.gross_loss)::double precision / a.initial_balance AS share
        FROM daily_metrics m
        JOIN accounts a USING (account_id)
        WHERE m.trading_day BETWEEN CAST(:since AS date) AND CAST(:until AS date)
          AND m.trades > 0
          AND a.initial_balance > 0
    ) AS returns
    GROUP BY account_group
) AS c
ORDER BY c."group" NULLS LAST;

-- payouts: The newest forecasts of groups, and of the whole firm, by currency.
-- A group without an account that one may see is not told of; the policy of the table hides the firm's total from those.
SELECT nullif(g.account_group, '')       AS "group",
       g.currency,
       g.origin,
       g.horizon,
       g.accounts,
       g.expected_payout,
       g.payout_quantiles[1]                             AS payout_low,
       g.payout_quantiles[cardinality(g.payout_quantiles)] AS payout_high,
       g.expected_breaches,
       g.mean,
       g.quantile_levels                 AS levels,
       g.total_quantiles
FROM group_forecasts g
WHERE g.origin = (SELECT max(origin) FROM group_forecasts)
  AND (g.account_group = '' OR EXISTS (SELECT FROM accounts a WHERE a.account_group = g.account_group))
ORDER BY g.account_group, g.currency, g.horizon;
