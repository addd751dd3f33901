-- account: An account's number and currency by the firm's name for it.
SELECT account_id, currency, currency_digits, positions_as_of
FROM accounts
WHERE account = :account;

-- unknown_accounts: Which of these names are no account's.
SELECT name
FROM unnest(CAST(:accounts AS text[])) AS name
WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.account = name)
ORDER BY name;

-- is_known: Whether there is such a group and such a plan; null asks for none.
SELECT CAST(:group AS text) IS NULL OR EXISTS (SELECT FROM accounts WHERE account_group = :group) AS "group",
       CAST(:plan AS text) IS NULL OR EXISTS (SELECT FROM plans WHERE plan = :plan)               AS plan;

-- newest_day: The last trading day with metrics, of an account or of all; the join ends at the first account one may see.
SELECT m.trading_day
FROM daily_metrics m
JOIN accounts a USING (account_id)
WHERE CAST(:account_id AS integer) IS NULL OR m.account_id = :account_id
ORDER BY m.trading_day DESC
LIMIT 1;

-- newest_bucket: The last UTC day with trades, of an account or of all.
SELECT t.bucket
FROM trades_1d t
JOIN accounts a USING (account_id)
WHERE CAST(:account_id AS integer) IS NULL OR t.account_id = :account_id
ORDER BY t.bucket DESC
LIMIT 1;

-- account_days: One account's daily metrics, newest first.
SELECT *
FROM plain.daily_metrics
WHERE account = :account
  AND trading_day >= coalesce(CAST(:since AS date), '-infinity')
  AND trading_day <= coalesce(CAST(:until AS date), 'infinity')
  AND trading_day < coalesce(CAST(:before AS date), 'infinity')
ORDER BY trading_day DESC
LIMIT :days;

-- trade_summary: Trading by currency, of each trading day (the day null: of all days together).
-- From the daily metrics and not from trades_1d: their days are the plans' trading days, so sums agree with every
-- other figure of an account, an idle day has its row, and a day that is out of date is known as such.
SELECT a.currency,
       m.trading_day,
       sum(m.trades)::bigint                                                    AS trades,
       sum(m.wins)::bigint                                                      AS wins,
       sum(m.losses)::bigint                                                    AS losses,
       sum(m.wins)::double precision / nullif(sum(m.trades), 0)                 AS win_rate,
       as_money(sum(m.gross_profit)::bigint, a.currency_digits)                 AS gross_profit,
       as_money(sum(m.gross_loss)::bigint, a.currency_digits)                   AS gross_loss,
       as_money(sum(m.gross_profit + m.gross_loss)::bigint, a.currency_digits)  AS net_profit,
       sum(m.gross_profit)::double precision / nullif(-sum(m.gross_loss), 0)    AS profit_factor,
       as_money(sum(m.lots)::bigint, 5::smallint)                               AS lots,
       as_money(max(m.largest_lots), 5::smallint)                               AS largest_lots,
       sum(m.seconds_held)::double precision / nullif(sum(m.trades), 0)         AS average_seconds_held
FROM daily_metrics m
JOIN accounts a USING (account_id)
WHERE m.trading_day BETWEEN CAST(:since AS date) AND CAST(:until AS date)
  AND (CAST(:account_id AS integer) IS NULL OR m.account_id = :account_id)
  AND (CAST(:group AS text) IS NULL OR a.account_group = :group)
GROUP BY GROUPING SETS ((a.currency, a.currency_digits), (a.currency, a.currency_digits, m.trading_day))
ORDER BY a.currency, m.trading_day NULLS FIRST;

-- symbol_performance: Trading by symbol and currency over UTC days; the daily trade aggregate alone knows symbols.
SELECT s.symbol,
       a.currency,
       count(DISTINCT t.account_id)                                             AS accounts,
       sum(t.trades)::bigint                                                    AS trades,
       sum(t.wins)::bigint                                                      AS wins,
       sum(t.losses)::bigint                                                    AS losses,
       sum(t.wins)::double precision / nullif(sum(t.trades), 0)                 AS win_rate,
       as_money(sum(t.gross_profit)::bigint, a.currency_digits)                 AS gross_profit,
       as_money(sum(t.gross_loss)::bigint, a.currency_digits)                   AS gross_loss,
       as_money(sum(t.gross_profit + t.gross_loss)::bigint, a.currency_digits)  AS net_profit,
       sum(t.gross_profit)::double precision / nullif(-sum(t.gross_loss), 0)    AS profit_factor,
       as_money(sum(t.lots)::bigint, 5::smallint)                               AS lots
FROM trades_1d t
JOIN accounts a USING (account_id)
JOIN symbols s USING (symbol_id)
WHERE t.bucket >= CAST(:since AS timestamptz)
  AND t.bucket < CAST(:until AS timestamptz)
  AND (CAST(:account_id AS integer) IS NULL OR t.account_id = :account_id)
  AND (CAST(:group AS text) IS NULL OR a.account_group = :group)
GROUP BY s.symbol, a.currency, a.currency_digits
ORDER BY trades DESC, s.symbol, a.currency;

-- matching_accounts: How many accounts there are of a kind.
SELECT count(*)
FROM accounts a
JOIN plans p USING (plan_id)
WHERE (CAST(:status AS text) IS NULL OR a.status = :status)
  AND (CAST(:group AS text) IS NULL OR a.account_group = :group)
  AND (CAST(:plan AS text) IS NULL OR p.plan = :plan)
  AND (CAST(:accounts AS text[]) IS NULL OR a.account = ANY (CAST(:accounts AS text[])));

-- accounts_by_name: The first accounts of a kind, those after a name.
SELECT a.account_id, a.account, CAST(NULL AS double precision) AS share
FROM accounts a
JOIN plans p USING (plan_id)
WHERE (CAST(:status AS text) IS NULL OR a.status = :status)
  AND (CAST(:group AS text) IS NULL OR a.account_group = :group)
  AND (CAST(:plan AS text) IS NULL OR p.plan = :plan)
  AND (CAST(:accounts AS text[]) IS NULL OR a.account = ANY (CAST(:accounts AS text[])))
  AND (CAST(:after_account AS text) IS NULL OR a.account > :after_account)
ORDER BY a.account
LIMIT :limit;

-- accounts_by_risk: Accounts of a kind, the one with the least of its drawdown limit left first, those after a place.
-- As a share of the limit: money of accounts of different sizes and currencies does not compare.
SELECT a.account_id, a.account, r.share
FROM accounts a
JOIN plans p USING (plan_id)
LEFT JOIN LATERAL (
    SELECT d.max_drawdown_left
    FROM daily_metrics d
    WHERE d.account_id = a.account_id
    ORDER BY d.trading_day DESC
    LIMIT 1
) AS m ON true
CROSS JOIN LATERAL (SELECT m.max_drawdown_left::double precision / p.max_drawdown AS share) AS r
WHERE (CAST(:status AS text) IS NULL OR a.status = :status)
  AND (CAST(:group AS text) IS NULL OR a.account_group = :group)
  AND (CAST(:plan AS text) IS NULL OR p.plan = :plan)
  AND (CAST(:accounts AS text[]) IS NULL OR a.account = ANY (CAST(:accounts AS text[])))
  AND (CAST(:after_account AS text) IS NULL
       OR (coalesce(r.share, 'Infinity'), a.account)
           > (coalesce(CAST(:after_share AS double precision), 'Infinity'), CAST(:after_account AS text)))
ORDER BY r.share NULLS LAST, a.account
LIMIT :limit;

-- overview: Where some accounts stand, in the order given.
-- Equity and the last trade come from the newest 5-minute bucket of each account, not from raw rows.
SELECT a.account,
       p.plan,
       a.phase,
       a.account_group,
       a.status,
       a.currency,
       a.opened_at,
       as_money(a.initial_balance, a.currency_digits)                          AS initial_balance,
       as_money(p.profit_target, c.digits)                                     AS profit_target,
       as_money(p.daily_loss, c.digits)                                        AS daily_loss,
       as_money(p.max_drawdown, c.digits)                                      AS max_drawdown,
       m.trading_day                                                           AS last_day,
       as_money(coalesce(m.balance_end, a.initial_balance), a.currency_digits) AS balance,
       as_money(coalesce(m.total_net_profit, 0), a.currency_digits)            AS net_profit,
       as_money(m.gross_profit + m.gross_loss, a.currency_digits)              AS day_profit,
       as_money(m.daily_loss_left, a.currency_digits)                          AS daily_loss_left,
       as_money(m.max_drawdown_left, a.currency_digits)                        AS max_drawdown_left,
       as_money(e.last_equity, a.currency_digits)                              AS equity,
       e.bucket                                                                AS equity_at,
       t.bucket                                                                AS last_trade_at,
       o.positions                                                             AS open_positions,
       s.days                                                                  AS stale_days
FROM unnest(CAST(:account_ids AS integer[])) WITH ORDINALITY AS chosen (account_id, place)
JOIN accounts a USING (account_id)
JOIN plans p USING (plan_id)
JOIN currencies c ON c.currency = p.currency
LEFT JOIN LATERAL (
    SELECT d.trading_day, d.balance_end, d.total_net_profit, d.gross_profit, d.gross_loss, d.daily_loss_left,
           d.max_drawdown_left
    FROM daily_metrics d
    WHERE d.account_id = a.account_id
    ORDER BY d.trading_day DESC
    LIMIT 1
) AS m ON true
LEFT JOIN LATERAL (
    SELECT b.bucket, b.last_equity
    FROM equity_5m b
    WHERE b.account_id = a.account_id
    ORDER BY b.bucket DESC
    LIMIT 1
) AS e ON true
LEFT JOIN LATERAL (
    SELECT b.bucket
    FROM trades_5m b
    WHERE b.account_id = a.account_id
    ORDER BY b.bucket DESC
    LIMIT 1
) AS t ON true
CROSS JOIN LATERAL (SELECT count(*) AS positions FROM open_positions WHERE account_id = a.account_id) AS o
CROSS JOIN LATERAL (SELECT count(*) AS days FROM stale_days WHERE account_id = a.account_id) AS s
ORDER BY chosen.place;

-- latest_equity: The newest snapshot of an account; where raw snapshots were dropped, its newest 5-minute bucket.
-- The account's mark says when that is, so the one chunk that holds it is opened and no other.
SELECT coalesce(e.time, b.bucket)                                     AS time,
       as_money(coalesce(e.balance, b.last_balance), a.currency_digits) AS balance,
       as_money(coalesce(e.equity, b.last_equity), a.currency_digits) AS equity,
       as_money(e.margin, a.currency_digits)                          AS margin
FROM accounts a
LEFT JOIN LATERAL (
    SELECT s.time, s.balance, s.equity, s.margin
    FROM equity s
    WHERE s.account_id = a.account_id AND s.time = a.newest_snapshot
    LIMIT 1
) AS e ON true
LEFT JOIN LATERAL (
    SELECT d.bucket, d.last_balance, d.last_equity
    FROM equity_5m d
    WHERE d.account_id = a.account_id AND e.time IS NULL
    ORDER BY d.bucket DESC
    LIMIT 1
) AS b ON true
WHERE a.account_id = :account_id AND coalesce(e.time, b.bucket) IS NOT NULL;

-- open_positions: What an account's newest statement shows as open, the oldest first.
SELECT o.ticket,
       s.symbol,
       CASE o.side WHEN 1 THEN 'buy' ELSE 'sell' END AS side,
       as_money(o.lots, o.lot_digits)                AS lots,
       o.open_time,
       as_money(o.open_price, o.price_digits)        AS open_price,
       as_money(o.commission, a.currency_digits)     AS commission,
       as_money(o.swap, a.currency_digits)           AS swap,
       as_money(o.profit, a.currency_digits)         AS profit
FROM open_positions o
JOIN accounts a USING (account_id)
JOIN symbols s USING (symbol_id)
WHERE o.account_id = :account_id
ORDER BY o.open_time, o.ticket;

-- account_trades: A page of an account's trades, newest first, those before a close and ticket.
-- The bound on the close alone repeats what the pair says: it is what chunks are left out by.
SELECT t.ticket,
       s.symbol,
       CASE t.side WHEN 1 THEN 'buy' ELSE 'sell' END                               AS side,
       as_money(t.lots, t.lot_digits)                                              AS lots,
       t.close_time - make_interval(secs => t.seconds_held)                        AS open_time,
       t.close_time,
       as_money(t.open_price, t.price_digits)                                      AS open_price,
       as_money(t.open_price + t.price_move, t.price_digits)                       AS close_price,
       as_money(t.commission, CAST(:currency_digits AS smallint))                  AS commission,
       as_money(t.swap, CAST(:currency_digits AS smallint))                        AS swap,
       as_money(t.profit, CAST(:currency_digits AS smallint))                      AS profit,
       as_money(t.profit + t.commission + t.swap, CAST(:currency_digits AS smallint)) AS net_profit
FROM (
    SELECT *
    FROM trades
    WHERE account_id = :account_id
      AND close_time >= CAST(:since AS timestamptz)
      AND close_time <= CAST(:until AS timestamptz)
      AND (close_time, ticket) < (CAST(:until AS timestamptz), CAST(:ticket AS bigint))
      AND (CAST(:symbol AS text) IS NULL OR symbol_id = (SELECT symbol_id FROM symbols WHERE symbol = :symbol))
    ORDER BY close_time DESC, ticket DESC
    LIMIT :limit
) AS t
JOIN symbols s USING (symbol_id)
ORDER BY t.close_time DESC, t.ticket DESC;

-- trading_span: When some trading days of an account begin and end, by its plan's calendar.
SELECT day_starts_at(CAST(:first AS date), p.reset_time, p.time_zone)    AS since,
       day_starts_at(CAST(:last AS date) + 1, p.reset_time, p.time_zone) AS until
FROM accounts
JOIN plans p USING (plan_id)
WHERE account_id = :account_id;

-- feature_rows: What the analytics know of every account on one day, of those after a name; floats, money in each
-- account's currency.
SELECT a.account,
       p.plan || '/' || a.phase                                                     AS cohort,
       a.account_group,
       a.status,
       a.currency,
       (m.gross_profit + m.gross_loss)::double precision / power(10, a.currency_digits) AS net_profit,
       m.trades::double precision                                                   AS trades,
       m.wins::double precision                                                     AS wins,
       m.losses::double precision                                                   AS losses,
       m.wins::double precision / nullif(m.trades, 0)                               AS win_rate,
       m.gross_profit::double precision / nullif(-m.gross_loss, 0)                  AS profit_factor,
       m.lots::double precision / 100000                                            AS lots,
       m.largest_lots::double precision / 100000                                    AS largest_lots,
       m.seconds_held::double precision / nullif(m.trades, 0)                       AS average_seconds_held,
       m.balance_operations::double precision / power(10, a.currency_digits)        AS balance_operations,
       m.balance_end::double precision / power(10, a.currency_digits)               AS balance_end,
       m.equity_end::double precision / power(10, a.currency_digits)                AS equity_end,
       m.equity_low::double precision / power(10, a.currency_digits)                AS equity_low,
       m.day_drawdown::double precision / power(10, a.currency_digits)              AS day_drawdown,
       m.max_drawdown::double precision / power(10, a.currency_digits)              AS max_drawdown,
       m.daily_loss_left::double precision / power(10, a.currency_digits)           AS daily_loss_left,
       m.max_drawdown_left::double precision / power(10, a.currency_digits)         AS max_drawdown_left,
       m.consistency_share,
       stale.account_id IS NOT NULL                                                 AS stale
FROM daily_metrics m
JOIN accounts a USING (account_id)
JOIN plans p USING (plan_id)
LEFT JOIN stale_days stale ON stale.account_id = m.account_id AND stale.trading_day = m.trading_day
WHERE m.trading_day = CAST(:day AS date)
  AND (CAST(:after AS text) IS NULL OR a.account > :after)
ORDER BY a.account
LIMIT CAST(:limit AS bigint);

-- freshness: How far the aggregates reach, and what of an account, or of all, is known to be out of date.
-- The joins end at the first account that one may see.
SELECT (SELECT t.bucket
        FROM trades_5m t
        JOIN accounts a USING (account_id)
        WHERE CAST(:account_id AS integer) IS NULL OR t.account_id = :account_id
        ORDER BY t.bucket DESC
        LIMIT 1)                                                                    AS newest_trade,
       (SELECT e.bucket
        FROM equity_5m e
        JOIN accounts a USING (account_id)
        WHERE CAST(:account_id AS integer) IS NULL OR e.account_id = :account_id
        ORDER BY e.bucket DESC
        LIMIT 1)                                                                    AS newest_snapshot,
       (SELECT count(*)
        FROM stale_days
        WHERE CAST(:account_id AS integer) IS NULL OR account_id = :account_id)     AS stale_days,
       (SELECT count(DISTINCT account_id)
        FROM rescoring
        WHERE CAST(:account_id AS integer) IS NULL OR account_id = :account_id)     AS rescoring,
       visible.everything()                                                         AS of_whole_firm;

-- findings: A page of findings, newest trading day first, those before a day and number.
-- A scoped reader sees those of its accounts through the join; its cohorts' through the policy of the table.
SELECT n.finding_id,
       n.kind,
       a.account,
       n.cohort,
       a.currency,
       n.trading_day,
       n.since,
       n.subject,
       n.detector,
       n.severity,
       n.pvalue,
       n.seen,
       n.expected,
       as_money(n.at_stake, a.currency_digits) AS at_stake,
       n.reason,
       n.evidence
FROM findings n
LEFT JOIN accounts a USING (account_id)
WHERE (n.account_id IS NULL OR a.account_id IS NOT NULL)
  AND (CAST(:account_id AS integer) IS NULL OR n.account_id = :account_id)
  AND (CAST(:kind AS text) IS NULL OR n.kind = :kind)
  AND (CAST(:severities AS text[]) IS NULL OR n.severity = ANY (CAST(:severities AS text[])))
  AND n.trading_day >= coalesce(CAST(:since AS date), '-infinity')
  AND n.trading_day <= coalesce(CAST(:until AS date), 'infinity')
  AND (n.trading_day, n.finding_id) < (coalesce(CAST(:before_day AS date), 'infinity'), CAST(:before_id AS bigint))
ORDER BY n.trading_day DESC, n.finding_id DESC
LIMIT :limit;
