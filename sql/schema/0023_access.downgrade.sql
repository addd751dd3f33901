-- Afterwards nobody is scoped: the scoped role loses its grants with its policies.

DROP TABLE api_tokens;
REVOKE ALL ON ALL TABLES IN SCHEMA public, plain, dashboard, visible FROM timeseries_scoped_reader;
REVOKE ALL ON SCHEMA public, plain, dashboard, visible FROM timeseries_scoped_reader;

CREATE OR REPLACE VIEW plain.daily_metrics AS
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

DO $$
DECLARE
    policy record;
BEGIN
    FOR policy IN
        SELECT polname, polrelid::regclass AS ordinary
        FROM pg_policy
        WHERE polname IN ('of_groups', 'of_all', 'unscoped')
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', policy.polname, policy.ordinary);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', policy.ordinary);
    END LOOP;
END
$$;
