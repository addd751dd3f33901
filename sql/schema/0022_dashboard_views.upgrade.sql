-- The views of the contract. All end at the accounts that may be seen; the readers' grants come last.

CREATE VIEW dashboard.accounts WITH (security_barrier) AS
SELECT a.account,
       a.account_group,
       p.plan,
       a.phase,
       a.status,
       a.currency,
       as_money(a.initial_balance, a.currency_digits) AS initial_balance,
       as_money(p.profit_target, c.digits)            AS profit_target,
       as_money(p.daily_loss, c.digits)               AS daily_loss,
       as_money(p.max_drawdown, c.digits)             AS max_drawdown,
       a.opened_at,
       a.closed_at
FROM visible.known_accounts a
JOIN plans p USING (plan_id)
JOIN currencies c ON c.currency = p.currency;
COMMENT ON VIEW dashboard.accounts IS 'Accounts with their plans'' rules; money in the account''s currency.';

CREATE VIEW dashboard.standings WITH (security_barrier) AS
SELECT a.account,
       a.account_group,
       p.plan,
       a.phase,
       a.status,
       a.currency,
       m.trading_day,
       as_money(m.gross_profit + m.gross_loss, a.currency_digits)              AS day_profit,
       as_money(coalesce(m.total_net_profit, 0), a.currency_digits)            AS net_profit,
       as_money(coalesce(m.balance_end, a.initial_balance), a.currency_digits) AS balance,
       as_money(m.equity_end, a.currency_digits)                               AS equity,
       as_money(m.daily_loss_left, a.currency_digits)                          AS daily_loss_left,
       as_money(m.max_drawdown_left, a.currency_digits)                        AS max_drawdown_left,
       m.max_drawdown_left::double precision / p.max_drawdown                  AS share_of_drawdown_left
FROM visible.known_accounts a
JOIN plans p USING (plan_id)
LEFT JOIN LATERAL (
    SELECT d.trading_day, d.gross_profit, d.gross_loss, d.total_net_profit, d.balance_end, d.equity_end, d.daily_loss_left,
           d.max_drawdown_left
    FROM daily_metrics d
    WHERE d.account_id = a.account_id
    ORDER BY d.trading_day DESC
    LIMIT 1
) AS m ON true;
COMMENT ON VIEW dashboard.standings IS 'Where each account stands at the end of its last trading day with metrics.';

CREATE VIEW dashboard.daily_metrics WITH (security_barrier) AS
SELECT m.trading_day,
       a.account,
       a.account_group,
       a.currency,
       m.trades,
       m.wins,
       m.losses,
       m.wins::double precision / nullif(m.trades, 0)                 AS win_rate,
       as_money(m.gross_profit, a.currency_digits)                    AS gross_profit,
       as_money(m.gross_loss, a.currency_digits)                      AS gross_loss,
       as_money(m.gross_profit + m.gross_loss, a.currency_digits)     AS net_profit,
       m.gross_profit::double precision / nullif(-m.gross_loss, 0)    AS profit_factor,
       as_money(m.commission, a.currency_digits)                      AS commission,
       as_money(m.swap, a.currency_digits)                            AS swap,
       as_money(m.lots, 5::smallint)                                  AS lots,
       as_money(m.largest_lots, 5::smallint)                          AS largest_lots,
       m.seconds_held::double precision / nullif(m.trades, 0)         AS average_seconds_held,
       as_money(m.balance_operations, a.currency_digits)              AS balance_operations,
       as_money(m.balance_start, a.currency_digits)                   AS balance_start,
       as_money(m.balance_end, a.currency_digits)                     AS balance_end,
       as_money(m.equity_start, a.currency_digits)                    AS equity_start,
       as_money(m.equity_end, a.currency_digits)                      AS equity_end,
       as_money(m.equity_low, a.currency_digits)                      AS equity_low,
       as_money(m.equity_high, a.currency_digits)                     AS equity_high,
       as_money(m.day_drawdown, a.currency_digits)                    AS day_drawdown,
       as_money(m.max_drawdown, a.currency_digits)                    AS max_drawdown,
       as_money(m.daily_loss_left, a.currency_digits)                 AS daily_loss_left,
       as_money(m.max_drawdown_left, a.currency_digits)               AS max_drawdown_left,
       as_money(m.total_net_profit, a.currency_digits)                AS total_net_profit,
       m.consistency_share,
       stale.account_id IS NOT NULL                                   AS stale
FROM daily_metrics m
JOIN visible.known_accounts a USING (account_id)
LEFT JOIN stale_days stale USING (account_id, trading_day);
COMMENT ON VIEW dashboard.daily_metrics IS
    'One row per account and trading day; stale: it is out of date and will be computed again.';

CREATE VIEW dashboard.equity_5m WITH (security_barrier) AS
SELECT e.bucket                                    AS time,
       a.account,
       a.account_group,
       a.currency,
       as_money(e.last_balance, a.currency_digits) AS balance,
       as_money(e.last_equity, a.currency_digits)  AS equity,
       as_money(e.min_equity, a.currency_digits)   AS low,
       as_money(e.max_equity, a.currency_digits)   AS high,
       e.snapshots
FROM equity_5m e
JOIN visible.known_accounts a USING (account_id);
COMMENT ON VIEW dashboard.equity_5m IS
    'Balance and equity at the end of each 5 minutes that begin at time, with the extremes of equity.';

CREATE VIEW dashboard.equity_1d WITH (security_barrier) AS
SELECT e.bucket                                    AS time,
       a.account,
       a.account_group,
       a.currency,
       as_money(e.last_balance, a.currency_digits) AS balance,
       as_money(e.last_equity, a.currency_digits)  AS equity,
       as_money(e.min_equity, a.currency_digits)   AS low,
       as_money(e.max_equity, a.currency_digits)   AS high,
       e.snapshots
FROM equity_1d e
JOIN visible.known_accounts a USING (account_id);
COMMENT ON VIEW dashboard.equity_1d IS 'As equity_5m, for each UTC day.';

CREATE VIEW dashboard.trades_5m WITH (security_barrier) AS
SELECT t.bucket                                                   AS time,
       a.account,
       a.account_group,
       a.currency,
       s.symbol,
       t.trades,
       t.wins,
       t.losses,
       as_money(t.gross_profit, a.currency_digits)                AS gross_profit,
       as_money(t.gross_loss, a.currency_digits)                  AS gross_loss,
       as_money(t.gross_profit + t.gross_loss, a.currency_digits) AS net_profit,
       as_money(t.commission, a.currency_digits)                  AS commission,
       as_money(t.swap, a.currency_digits)                        AS swap,
       as_money(t.lots, 5::smallint)                              AS lots,
       as_money(t.largest_lots, 5::smallint)                      AS largest_lots,
       t.seconds_held
FROM trades_5m t
JOIN visible.known_accounts a USING (account_id)
JOIN symbols s USING (symbol_id);
COMMENT ON VIEW dashboard.trades_5m IS 'Trades closed in the 5 minutes that begin at time, by account and symbol.';

CREATE VIEW dashboard.trades_1d WITH (security_barrier) AS
SELECT t.bucket                                                   AS time,
       a.account,
       a.account_group,
       a.currency,
       s.symbol,
       t.trades,
       t.wins,
       t.losses,
       as_money(t.gross_profit, a.currency_digits)                AS gross_profit,
       as_money(t.gross_loss, a.currency_digits)                  AS gross_loss,
       as_money(t.gross_profit + t.gross_loss, a.currency_digits) AS net_profit,
       as_money(t.commission, a.currency_digits)                  AS commission,
       as_money(t.swap, a.currency_digits)                        AS swap,
       as_money(t.lots, 5::smallint)                              AS lots,
       as_money(t.largest_lots, 5::smallint)                      AS largest_lots,
       t.seconds_held
FROM trades_1d t
JOIN visible.known_accounts a USING (account_id)
JOIN symbols s USING (symbol_id);
COMMENT ON VIEW dashboard.trades_1d IS 'As trades_5m, for each UTC day.';

CREATE VIEW dashboard.symbols AS
SELECT symbol FROM symbols;
COMMENT ON VIEW dashboard.symbols IS 'Every symbol that was ever traded.';

CREATE VIEW dashboard.trades WITH (security_barrier) AS
SELECT t.close_time                                                     AS time,
       a.account,
       a.account_group,
       a.currency,
       t.ticket,
       s.symbol,
       CASE t.side WHEN 1 THEN 'buy' ELSE 'sell' END                    AS side,
       as_money(t.lots, t.lot_digits)                                   AS lots,
       t.close_time - make_interval(secs => t.seconds_held)             AS open_time,
       as_money(t.open_price, t.price_digits)                           AS open_price,
       as_money(t.open_price + t.price_move, t.price_digits)            AS close_price,
       as_money(t.commission, a.currency_digits)                        AS commission,
       as_money(t.swap, a.currency_digits)                              AS swap,
       as_money(t.profit, a.currency_digits)                            AS profit,
       as_money(t.profit + t.commission + t.swap, a.currency_digits)    AS net_profit
FROM trades t
JOIN visible.known_accounts a USING (account_id)
JOIN symbols s USING (symbol_id);
COMMENT ON VIEW dashboard.trades IS
    'Single trades; time is the close. Ask with a range of time and a limit: charts read trades_5m.';

CREATE VIEW dashboard.findings WITH (security_barrier) AS
SELECT f.finding_id,
       f.kind,
       a.account,
       f.cohort,
       coalesce(a.account_group, f.cohort)     AS account_group,
       a.currency,
       f.trading_day,
       f.since,
       f.subject,
       f.detector,
       f.severity,
       f.pvalue,
       f.direction,
       f.seen,
       f.expected,
       as_money(f.at_stake, a.currency_digits) AS at_stake,
       f.reason,
       f.evidence,
       f.scored_at
FROM visible.findings f
LEFT JOIN visible.known_accounts a USING (account_id);
COMMENT ON VIEW dashboard.findings IS 'What stood out: anomalies, broken rules, moves of cohorts (account null).';

CREATE VIEW dashboard.alerts WITH (security_barrier) AS
SELECT l.alert_id,
       l.kind,
       a.account,
       l.cohort,
       coalesce(a.account_group, l.cohort)     AS account_group,
       a.currency,
       l.subject,
       l.subjects,
       l.first_day,
       l.trading_day,
       l.severity,
       as_money(l.at_stake, a.currency_digits) AS at_stake,
       l.title,
       l.body,
       l.state,
       l.resolution,
       l.label,
       l.note,
       l.raised_at,
       l.acknowledged_at,
       l.acknowledged_by,
       l.resolved_at
FROM visible.alerts l
LEFT JOIN visible.known_accounts a USING (account_id);
COMMENT ON VIEW dashboard.alerts IS
    'Incidents of accounts and cohorts, forecast breaches, and the engine''s own troubles (cohort engine).';

CREATE VIEW dashboard.forecast_risks WITH (security_barrier) AS
SELECT a.account,
       a.account_group,
       a.currency,
       a.status,
       f.origin,
       f.horizon,
       f.made_at,
       f.model,
       f.skill,
       round(f.total_quantiles[f.horizon][l.median]::numeric, a.currency_digits) AS total_median,
       f.daily_loss_breach,
       f.max_drawdown_breach,
       f.any_breach,
       f.profit_target_hit,
       f.consistency_failure,
       f.payout_probability,
       round(f.expected_payout::numeric, a.currency_digits)                      AS expected_payout
FROM visible.known_accounts a
CROSS JOIN LATERAL (
    SELECT n.*
    FROM forecasts n
    WHERE n.account_id = a.account_id
    ORDER BY n.origin DESC, n.made_at DESC
    LIMIT 1
) AS f
CROSS JOIN LATERAL (SELECT array_position(f.quantile_levels, 0.5::double precision) AS median) AS l;
COMMENT ON VIEW dashboard.forecast_risks IS
    'The newest forecast of each account in one row: probabilities over its horizon, and money expected.';

-- A horizon counts weekdays, so two days more for each weekend in between.
CREATE VIEW dashboard.forecasts WITH (security_barrier) AS
SELECT a.account,
       a.account_group,
       a.currency,
       f.origin,
       f.horizon,
       f.made_at,
       f.model,
       f.origin + d.day + 2 * ((extract(isodow FROM f.origin)::integer - 1 + d.day) / 5) AS trading_day,
       l.level,
       round(f.mean[d.day]::numeric, a.currency_digits)                                  AS mean,
       round(f.quantiles[d.day][l.place]::numeric, a.currency_digits)                    AS quantile,
       round(f.total_quantiles[d.day][l.place]::numeric, a.currency_digits)              AS total_quantile
FROM visible.known_accounts a
CROSS JOIN LATERAL (
    SELECT n.*
    FROM forecasts n
    WHERE n.account_id = a.account_id
    ORDER BY n.origin DESC, n.made_at DESC
    LIMIT 1
) AS f
CROSS JOIN LATERAL generate_series(1, f.horizon::integer) AS d (day)
CROSS JOIN LATERAL unnest(f.quantile_levels) WITH ORDINALITY AS l (level, place);
COMMENT ON VIEW dashboard.forecasts IS
    'The newest forecast of each account: net profit of each trading day ahead, and of all up to it, by quantile level.';

CREATE VIEW dashboard.payouts WITH (security_barrier) AS
SELECT g.account_group,
       g.currency,
       g.origin,
       g.horizon,
       g.made_at,
       g.accounts,
       round(g.expected_payout::numeric, c.digits)                                         AS expected_payout,
       round(g.payout_quantiles[array_position(g.quantile_levels, l.low)]::numeric, c.digits)  AS payout_low,
       round(g.payout_quantiles[array_position(g.quantile_levels, l.high)]::numeric, c.digits) AS payout_high,
       g.expected_breaches,
       round((SELECT sum(day) FROM unnest(g.mean) AS day)::numeric, c.digits)              AS expected_profit
FROM group_forecasts g
JOIN currencies c USING (currency)
CROSS JOIN (VALUES (0.1::double precision, 0.9::double precision)) AS l (low, high)
WHERE NOT EXISTS (SELECT
                  FROM group_forecasts n
                  WHERE n.account_group = g.account_group AND n.currency = g.currency
                    AND (n.origin, n.made_at) > (g.origin, g.made_at))
  AND ((SELECT visible.everything()) OR g.account_group = ANY ((SELECT visible.groups())::text[]));
COMMENT ON VIEW dashboard.payouts IS
    'The newest forecast of each group and currency; the group '''' is the whole firm. Low and high hold 80 %.';

CREATE VIEW dashboard.job_runs WITH (security_barrier) AS
SELECT r.run_id,
       r.job,
       r.state,
       r.window_start,
       r.window_end,
       r.trading_day,
       r.attempt,
       r.by_hand,
       r.started_at,
       r.finished_at,
       extract(epoch FROM coalesce(r.finished_at, now()) - r.started_at)::double precision AS seconds,
       r.rows,
       r.error
FROM job_runs r
WHERE (SELECT visible.everything());
COMMENT ON VIEW dashboard.job_runs IS 'The ledger of job runs; a scoped reader finds it empty.';

CREATE VIEW dashboard.freshness WITH (security_barrier) AS
SELECT CASE
           WHEN visible.everything() THEN (SELECT max(bucket) FROM public.trades_5m)
           ELSE (SELECT t.bucket
                 FROM public.trades_5m t
                 WHERE EXISTS (SELECT FROM visible.known_accounts a WHERE a.account_id = t.account_id)
                 ORDER BY t.bucket DESC
                 LIMIT 1)
       END                                                              AS newest_trade,
       CASE
           WHEN visible.everything() THEN (SELECT max(bucket) FROM public.equity_5m)
           ELSE (SELECT e.bucket
                 FROM public.equity_5m e
                 WHERE EXISTS (SELECT FROM visible.known_accounts a WHERE a.account_id = e.account_id)
                 ORDER BY e.bucket DESC
                 LIMIT 1)
       END                                                              AS newest_snapshot,
       (SELECT max(trading_day) FROM scored_days WHERE kind = 'anomaly')  AS scored_until,
       (SELECT max(trading_day) FROM scored_days WHERE kind = 'forecast') AS forecast_from,
       (SELECT count(*) FROM stale_days JOIN visible.known_accounts USING (account_id)) AS stale_days,
       (SELECT count(DISTINCT account_id) FROM rescoring JOIN visible.known_accounts USING (account_id)) AS rescoring;
COMMENT ON VIEW dashboard.freshness IS 'One row: how far the aggregates reach, and what is known to be out of date.';

CREATE VIEW dashboard.storage WITH (security_barrier) AS
SELECT h.hypertable_name                                                         AS "table",
       h.num_chunks                                                              AS chunks,
       coalesce(s.number_compressed_chunks, 0)                                   AS compressed_chunks,
       s.before_compression_total_bytes                                          AS bytes_before_compression,
       s.after_compression_total_bytes                                           AS bytes_after_compression,
       hypertable_size(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) AS bytes
FROM timescaledb_information.hypertables h
LEFT JOIN LATERAL hypertable_columnstore_stats(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) AS s ON true
WHERE h.hypertable_schema = 'public'
  AND (SELECT visible.everything());
COMMENT ON VIEW dashboard.storage IS 'What each hypertable weighs, indexes included; a scoped reader finds it empty.';

GRANT USAGE ON SCHEMA public, plain, dashboard, visible TO timeseries_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public, plain, dashboard TO timeseries_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO timeseries_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA plain GRANT SELECT ON TABLES TO timeseries_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA dashboard GRANT SELECT ON TABLES TO timeseries_reader;
