-- Whose rows a scoped reader sees, and the tokens of the API.
-- A scoped reader may ask of every table, or of the view that stands in its place, and is shown its groups' rows.

CREATE POLICY of_groups ON accounts FOR SELECT TO timeseries_scoped_reader
    USING (account_group = ANY ((SELECT visible.groups())::text[]));

-- What belongs to an account is seen with it: the policy above holds in these subqueries as well.
CREATE POLICY of_groups ON balance_operations FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM accounts a WHERE a.account_id = balance_operations.account_id));
CREATE POLICY of_groups ON open_positions FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM accounts a WHERE a.account_id = open_positions.account_id));
CREATE POLICY of_groups ON rescoring FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM accounts a WHERE a.account_id = rescoring.account_id));
CREATE POLICY of_groups ON stale_days FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM accounts a WHERE a.account_id = stale_days.account_id));
CREATE POLICY of_groups ON ticket_ranges FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM accounts a WHERE a.account_id = ticket_ranges.account_id));
CREATE POLICY of_groups ON trade_versions FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM accounts a WHERE a.account_id = trade_versions.account_id));
CREATE POLICY of_groups ON verification_differences FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM accounts a WHERE a.account_id = verification_differences.account_id));

-- A finding or an alert about a cohort belongs to the group of that name; one about the firm to nobody's.
CREATE POLICY of_groups ON findings FOR SELECT TO timeseries_scoped_reader
    USING (CASE
               WHEN account_id IS NULL THEN cohort = ANY ((SELECT visible.groups())::text[])
               ELSE EXISTS (SELECT FROM accounts a WHERE a.account_id = findings.account_id)
           END);
CREATE POLICY of_groups ON alerts FOR SELECT TO timeseries_scoped_reader
    USING (CASE
               WHEN account_id IS NULL THEN cohort = ANY ((SELECT visible.groups())::text[])
               ELSE EXISTS (SELECT FROM accounts a WHERE a.account_id = alerts.account_id)
           END);
CREATE POLICY of_groups ON mutes FOR SELECT TO timeseries_scoped_reader
    USING (CASE
               WHEN account_id IS NULL THEN account_group = ANY ((SELECT visible.groups())::text[])
               ELSE EXISTS (SELECT FROM accounts a WHERE a.account_id = mutes.account_id)
           END);
CREATE POLICY of_groups ON group_forecasts FOR SELECT TO timeseries_scoped_reader
    USING (account_group = ANY ((SELECT visible.groups())::text[]));
CREATE POLICY of_groups ON alert_history FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM alerts a WHERE a.alert_id = alert_history.alert_id));
CREATE POLICY of_groups ON messages FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM alerts a WHERE a.alert_id = messages.alert_id));
CREATE POLICY of_groups ON deliveries FOR SELECT TO timeseries_scoped_reader
    USING (EXISTS (SELECT FROM messages m WHERE m.message_id = deliveries.message_id));

-- What says nothing of any account.
CREATE POLICY of_all ON alembic_version FOR SELECT TO timeseries_scoped_reader USING (true);
CREATE POLICY of_all ON currencies FOR SELECT TO timeseries_scoped_reader USING (true);
CREATE POLICY of_all ON news_events FOR SELECT TO timeseries_scoped_reader USING (true);
CREATE POLICY of_all ON plans FOR SELECT TO timeseries_scoped_reader USING (true);
CREATE POLICY of_all ON retention_limits FOR SELECT TO timeseries_scoped_reader USING (true);
CREATE POLICY of_all ON rule_versions FOR SELECT TO timeseries_scoped_reader USING (true);
CREATE POLICY of_all ON scored_days FOR SELECT TO timeseries_scoped_reader USING (true);
CREATE POLICY of_all ON symbols FOR SELECT TO timeseries_scoped_reader USING (true);

-- The rest speaks of the whole firm and has no policy for a scoped reader: it finds these tables empty.
-- Whoever is no scoped reader is held by the grants alone; the owner is not even asked.
DO $$
DECLARE
    ordinary regclass;
BEGIN
    FOR ordinary IN
        SELECT c.oid
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace
          AND c.relkind = 'r'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
          AND NOT EXISTS (SELECT
                          FROM timescaledb_information.hypertables h
                          WHERE h.hypertable_schema = 'public' AND h.hypertable_name = c.relname)
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', ordinary);
        EXECUTE format('CREATE POLICY unscoped ON %s USING ((SELECT visible.everything()))', ordinary);
        EXECUTE format('GRANT SELECT ON %s TO timeseries_scoped_reader', ordinary);
    END LOOP;
END
$$;

-- What names other accounts is read through the views; of the tables themselves only what the policies above ask for.
REVOKE SELECT ON findings, alerts, messages FROM timeseries_scoped_reader;
GRANT SELECT (alert_id, account_id, cohort) ON alerts TO timeseries_scoped_reader;
GRANT SELECT (message_id, alert_id, fingerprint, kind, trading_day, severity, made_at) ON messages TO timeseries_scoped_reader;

CREATE OR REPLACE VIEW plain.daily_metrics WITH (security_barrier) AS
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
JOIN visible.known_accounts a USING (account_id)
LEFT JOIN stale_days stale USING (account_id, trading_day);

GRANT USAGE ON SCHEMA public, plain, dashboard, visible TO timeseries_scoped_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA dashboard, visible TO timeseries_scoped_reader;
GRANT SELECT ON plain.daily_metrics, plain.plans TO timeseries_scoped_reader;

CREATE TABLE api_tokens (
    token_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL CHECK (name ~ '^[A-Za-z][A-Za-z0-9._-]{0,63}$'),
    secret_hash bytea       NOT NULL UNIQUE CHECK (length(secret_hash) = 32), -- SHA-256; the secret itself is nowhere
    scopes      text[]      NOT NULL CHECK (scopes <@ ARRAY ['read', 'act', 'ingest'] AND cardinality(scopes) > 0),
    groups      text[]      CHECK (cardinality(groups) > 0),         -- null: the whole firm
    lifetime    interval    CHECK (lifetime > interval '0'),         -- null: for ever; its successor is given the same
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz,                                         -- null: never
    replaced    boolean     NOT NULL DEFAULT false,                  -- by a rotation; its successor has the same name
    revoked_at  timestamptz
);
COMMENT ON TABLE api_tokens IS 'Who may use the API, and for what. No reader may read it.';
CREATE UNIQUE INDEX api_tokens_in_force ON api_tokens (name) WHERE revoked_at IS NULL AND NOT replaced;
REVOKE ALL ON api_tokens FROM PUBLIC, timeseries_reader, timeseries_scoped_reader;
