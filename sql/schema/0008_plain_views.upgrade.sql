-- Ordinary numbers for people and queries: money with decimals, prices as prices, lots as lots.

CREATE SCHEMA plain;

CREATE VIEW plain.plans AS
SELECT p.plan,
       p.currency,
       as_money(p.initial_balance, c.digits) AS initial_balance,
       as_money(p.profit_target, c.digits)   AS profit_target,
       as_money(p.max_drawdown, c.digits)    AS max_drawdown,
       p.max_drawdown_basis,
       p.max_drawdown_mode,
       as_money(p.daily_loss, c.digits)      AS daily_loss,
       p.daily_loss_basis,
       p.reset_time,
       p.time_zone,
       p.consistency_limit
FROM plans p
JOIN currencies c USING (currency);

CREATE VIEW plain.accounts AS
SELECT a.account,
       p.plan,
       a.phase,
       a.account_group,
       a.currency,
       as_money(a.initial_balance, a.currency_digits) AS initial_balance,
       a.opened_at,
       a.closed_at,
       a.status
FROM accounts a
JOIN plans p USING (plan_id);

CREATE VIEW plain.trades AS
SELECT a.account,
       t.ticket,
       s.symbol,
       CASE t.side WHEN 1 THEN 'buy' ELSE 'sell' END                     AS side,
       as_money(t.lots, t.lot_digits)                                    AS lots,
       t.close_time - make_interval(secs => t.seconds_held)              AS open_time,
       t.close_time,
       as_money(t.open_price, t.price_digits)                            AS open_price,
       as_money(t.open_price + t.price_move, t.price_digits)             AS close_price,
       as_money(t.commission, a.currency_digits)                         AS commission,
       as_money(t.swap, a.currency_digits)                               AS swap,
       as_money(t.profit, a.currency_digits)                             AS profit,
       as_money(t.profit + t.commission + t.swap, a.currency_digits)     AS net_profit
FROM trades t
JOIN accounts a USING (account_id)
JOIN symbols s USING (symbol_id);

CREATE VIEW plain.open_positions AS
SELECT a.account,
       o.ticket,
       s.symbol,
       CASE o.side WHEN 1 THEN 'buy' ELSE 'sell' END AS side,
       as_money(o.lots, o.lot_digits)                AS lots,
       o.open_time,
       as_money(o.open_price, o.price_digits)        AS open_price,
       as_money(o.commission, a.currency_digits)     AS commission,
       as_money(o.swap, a.currency_digits)           AS swap,
       as_money(o.profit, a.currency_digits)         AS profit,
       o.as_of
FROM open_positions o
JOIN accounts a USING (account_id)
JOIN symbols s USING (symbol_id);

CREATE VIEW plain.equity AS
SELECT a.account,
       e.time,
       as_money(e.balance, a.currency_digits) AS balance,
       as_money(e.equity, a.currency_digits)  AS equity,
       as_money(e.margin, a.currency_digits)  AS margin
FROM equity e
JOIN accounts a USING (account_id);

CREATE VIEW plain.balance_operations AS
SELECT a.account,
       b.ticket,
       b.time,
       as_money(b.amount, a.currency_digits) AS amount,
       b.comment
FROM balance_operations b
JOIN accounts a USING (account_id);

CREATE VIEW plain.daily_metrics AS
SELECT a.account,
       m.trading_day,
       a.currency,
       m.trades,
       m.wins,
       m.losses,
       m.trades - m.wins - m.losses                                                 AS break_even,
       m.wins::double precision / nullif(m.trades, 0)                               AS win_rate,
       as_money(m.gross_profit, a.currency_digits)                                  AS gross_profit,
       as_money(m.gross_loss, a.currency_digits)                                    AS gross_loss,
       as_money(m.gross_profit + m.gross_loss, a.currency_digits)                   AS net_profit,
       m.gross_profit::double precision / nullif(-m.gross_loss, 0)                  AS profit_factor,
       (m.gross_profit + m.gross_loss) / power(10, a.currency_digits) / nullif(m.trades, 0) AS expectancy,
       as_money(m.commission, a.currency_digits)                                    AS commission,
       as_money(m.swap, a.currency_digits)                                          AS swap,
       as_money(m.lots, 5::smallint)                                                AS lots,
       as_money(m.largest_lots, 5::smallint)                                        AS largest_lots,
       make_interval(secs => m.seconds_held::double precision / nullif(m.trades, 0)) AS average_holding_time,
       as_money(m.balance_operations, a.currency_digits)                            AS balance_operations,
       as_money(m.balance_start, a.currency_digits)                                 AS balance_start,
       as_money(m.balance_end, a.currency_digits)                                   AS balance_end,
       as_money(m.balance_low, a.currency_digits)                                   AS balance_low,
       as_money(m.equity_start, a.currency_digits)                                  AS equity_start,
       as_money(m.equity_end, a.currency_digits)                                    AS equity_end,
       as_money(m.equity_low, a.currency_digits)                                    AS equity_low,
       as_money(m.equity_high, a.currency_digits)                                   AS equity_high,
       as_money(m.day_drawdown, a.currency_digits)                                  AS day_drawdown,
       as_money(m.max_drawdown, a.currency_digits)                                  AS max_drawdown,
       as_money(m.daily_loss_left, a.currency_digits)                               AS daily_loss_left,
       as_money(m.max_drawdown_left, a.currency_digits)                             AS max_drawdown_left,
       m.consistency_share,
       stale.account_id IS NOT NULL                                                 AS stale
FROM daily_metrics m
JOIN accounts a USING (account_id)
LEFT JOIN stale_days stale USING (account_id, trading_day);
