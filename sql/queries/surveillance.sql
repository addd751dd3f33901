-- accounts: The accounts that traded or had equity on some days, with what the rules must know of them.
SELECT a.account_id, a.account, a.currency, a.currency_digits, a.phase, a.status, p.plan, p.reset_time, p.time_zone,
       (SELECT coalesce(sum(d.trades), 0)
        FROM daily_metrics d
        WHERE d.account_id = a.account_id
          AND d.trading_day BETWEEN CAST(:since AS date) - CAST(:lookback AS integer) AND :until)::bigint AS trades
FROM accounts a
JOIN plans p USING (plan_id)
WHERE EXISTS (
    SELECT FROM daily_metrics m
    WHERE m.account_id = a.account_id AND m.trading_day BETWEEN CAST(:since AS date) - CAST(:lookback AS integer) AND :until
)
ORDER BY a.account_id;

-- day_starts: When each trading day begins, in seconds since 1970, on each calendar.
SELECT reset_time, time_zone, extract(epoch FROM day_starts_at(day::date, reset_time, time_zone))::bigint AS starts_at
FROM (SELECT DISTINCT reset_time, time_zone FROM plans) AS calendars
CROSS JOIN generate_series(CAST(:since AS date)::timestamp, CAST(:until AS date)::timestamp, interval '1 day') AS day
ORDER BY reset_time, time_zone, day;

-- symbols: The names of the symbols.
SELECT symbol_id, symbol
FROM symbols;

-- trades: Closed trades as whole numbers, for the binary COPY that is read as one array.
COPY (
    SELECT account_id::bigint,
           ticket,
           symbol_id::bigint,
           side::bigint,
           (lots::bigint * (10 ^ (5 - lot_digits))::bigint)              AS lots,
           extract(epoch FROM close_time)::bigint - seconds_held         AS opened,
           extract(epoch FROM close_time)::bigint                        AS closed,
           profit + commission + swap                                    AS net
    FROM trades
    WHERE close_time >= CAST(:from_time AS timestamptz)
      AND close_time < CAST(:to_time AS timestamptz)
      AND account_id BETWEEN :first_account AND :last_account
) TO STDOUT (FORMAT binary);

-- days: Trading of each account-day.
COPY (
    SELECT account_id::bigint,
           (trading_day - date '1970-01-01')::bigint AS day,
           trades::bigint,
           wins::bigint,
           gross_profit + gross_loss                 AS net,
           gross_profit
    FROM daily_metrics
    WHERE trading_day BETWEEN CAST(:since AS date) AND CAST(:until AS date)
      AND account_id BETWEEN :first_account AND :last_account
      AND trades > 0
) TO STDOUT (FORMAT binary);

-- sizes: Largest position of each account, symbol and UTC day.
COPY (
    SELECT account_id::bigint,
           symbol_id::bigint,
           (bucket::date - date '1970-01-01')::bigint AS day,
           largest_lots::bigint
    FROM trades_1d
    WHERE bucket >= CAST(:from_time AS timestamptz)
      AND bucket < CAST(:to_time AS timestamptz)
      AND account_id BETWEEN :first_account AND :last_account
) TO STDOUT (FORMAT binary);

-- daily_loss_breaches: Days that went below the daily limit; of an account no longer active only its first breach.
SELECT m.account_id, m.trading_day, -m.daily_loss_left AS excess, p.daily_loss_basis AS basis,
       p.daily_loss AS loss_limit
FROM daily_metrics m
JOIN accounts a USING (account_id)
JOIN plans p USING (plan_id)
WHERE m.trading_day BETWEEN CAST(:since AS date) AND CAST(:until AS date)
  AND m.account_id BETWEEN :first_account AND :last_account
  AND m.daily_loss_left < 0
  AND (a.status = 'active' OR NOT EXISTS (
      SELECT FROM daily_metrics earlier
      WHERE earlier.account_id = m.account_id
        AND earlier.trading_day < m.trading_day
        AND least(earlier.daily_loss_left, earlier.max_drawdown_left) < 0
  ))
ORDER BY m.account_id, m.trading_day;

-- drawdown_breaches: Days on which an account went below its drawdown limit, having been above it the day before.
-- Of an account no longer active only its first breach.
SELECT m.account_id, m.trading_day, -m.max_drawdown_left AS excess, p.max_drawdown_basis AS basis,
       p.max_drawdown_mode AS mode,
       p.max_drawdown AS loss_limit
FROM daily_metrics m
JOIN accounts a USING (account_id)
JOIN plans p USING (plan_id)
LEFT JOIN LATERAL (
    SELECT d.max_drawdown_left
    FROM daily_metrics d
    WHERE d.account_id = m.account_id AND d.trading_day < m.trading_day
    ORDER BY d.trading_day DESC
    LIMIT 1
) AS before ON true
WHERE m.trading_day BETWEEN CAST(:since AS date) AND CAST(:until AS date)
  AND m.account_id BETWEEN :first_account AND :last_account
  AND m.max_drawdown_left < 0
  AND coalesce(before.max_drawdown_left, 0) >= 0
  AND (a.status = 'active' OR NOT EXISTS (
      SELECT FROM daily_metrics earlier
      WHERE earlier.account_id = m.account_id
        AND earlier.trading_day < m.trading_day
        AND least(earlier.daily_loss_left, earlier.max_drawdown_left) < 0
  ))
ORDER BY m.account_id, m.trading_day;

-- inconsistent_days: Days from which on the best day's share of the profit stands in the way of passing or being paid.
WITH terms AS (
    SELECT a.account_id, a.phase, p.consistency_limit::double precision AS share_limit,
           CASE a.phase WHEN 'funded' THEN coalesce(p.minimum_payout, 1) ELSE p.profit_target END AS due_from
    FROM accounts a
    JOIN plans p USING (plan_id)
    WHERE p.consistency_limit IS NOT NULL
      AND a.account_id BETWEEN :first_account AND :last_account
)
SELECT m.account_id, m.trading_day, m.consistency_share AS share, m.best_day, m.total_net_profit, t.phase, t.share_limit
FROM daily_metrics m
JOIN terms t USING (account_id)
LEFT JOIN LATERAL (
    SELECT d.consistency_share, d.total_net_profit
    FROM daily_metrics d
    WHERE d.account_id = m.account_id AND d.trading_day < m.trading_day
    ORDER BY d.trading_day DESC
    LIMIT 1
) AS before ON true
WHERE m.trading_day BETWEEN CAST(:since AS date) AND CAST(:until AS date)
  AND m.consistency_share > t.share_limit
  AND m.total_net_profit >= t.due_from
  AND (before.consistency_share > t.share_limit AND before.total_net_profit >= t.due_from) IS NOT TRUE
ORDER BY m.account_id, m.trading_day;

-- news: Announcements of some impact between two moments.
SELECT extract(epoch FROM time)::bigint AS time, currency, title
FROM news_events
WHERE time >= CAST(:from_time AS timestamptz)
  AND time < CAST(:to_time AS timestamptz)
  AND impact = ANY (CAST(:impacts AS text[]))
ORDER BY time, currency, title;

-- add_news: Keep one announcement; known already, it changes nothing but its impact.
INSERT INTO news_events AS kept (time, currency, title, impact)
VALUES (:time, :currency, :title, :impact)
ON CONFLICT (currency, time, title) DO UPDATE
SET impact = excluded.impact
WHERE kept.impact <> excluded.impact;

-- newest_versions: The parameters that each rule last ran with.
SELECT DISTINCT ON (rule) rule, rule_version_id, version, parameters, in_force_since
FROM rule_versions
ORDER BY rule, version DESC;

-- versions: Every version of a rule, the newest first.
SELECT rule_version_id, version, parameters, in_force_since
FROM rule_versions
WHERE rule = :rule
ORDER BY version DESC;

-- add_version: A rule's next version; of two programs that add one at once, one adds it.
INSERT INTO rule_versions (rule, version, parameters)
SELECT :rule, coalesce(max(version), 0) + 1, CAST(:parameters AS jsonb)
FROM rule_versions
WHERE rule = :rule
ON CONFLICT (rule, version) DO NOTHING;

-- count_news: How many announcements are known.
SELECT count(*)
FROM news_events;
