"""A desk's accounts with something of everything that may be read; desks differ in every number."""

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, text

from timeseries.database import Database
from timeseries.metrics import refresh_metrics

ACCOUNTS = """
INSERT INTO plans (plan, currency, initial_balance, max_drawdown, daily_loss)
VALUES ('p', 'USD', 10000000, 1000000, 500000) ON CONFLICT DO NOTHING;
INSERT INTO symbols (symbol) VALUES ('EURUSD'), ('XAUUSD') ON CONFLICT DO NOTHING;
INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance, opened_at, account_group,
                      newest_snapshot)
SELECT '{group}-' || n, plan_id, 'USD', 2, 10000000, '2024-01-01', '{group}', date '{day}' + 7 + time '12:00'
FROM plans, generate_series(1, 3) n ORDER BY n;
INSERT INTO scored_days (kind, trading_day) VALUES ('anomaly', '2024-03-08'), ('forecast', '2024-03-08')
ON CONFLICT DO NOTHING;
"""
TRADING = """
INSERT INTO trades
SELECT (date '{day}' + n) + time '10:00' + account_id * interval '1 minute', 100 * account_id + 10 *
       symbol_id + n, 110000, 10 * n,
       {money} * (4 - n) - account_id, -70, -5, account_id, 600, 10 + n, symbol_id, 1, 5, 2
FROM accounts, symbols, generate_series(0, 7) n WHERE account_group = '{group}';
INSERT INTO equity
SELECT (date '{day}' + n) + time '12:00', 10000000 + {money} * n, 10000000 + {money} * n - account_id,
       5, account_id
FROM accounts, generate_series(0, 7) n WHERE account_group = '{group}';
INSERT INTO open_positions
SELECT account_id, account_id, symbol_id, -1, 7, 2, 5, date '{day}' + 7, 110000, -5, 0, {money}, date
       '{day}' + 7
FROM accounts, symbols WHERE account_group = '{group}' AND symbol = 'EURUSD';
INSERT INTO balance_operations
SELECT account_id, 900, date '{day}' + 1, {money}, 'deposit' FROM accounts WHERE account_group = '{group}';
INSERT INTO stale_days (account_id, trading_day)
SELECT account_id, date '{day}' + n FROM accounts, generate_series(0, 7) n WHERE account_group = '{group}';
"""
OPINIONS = """
INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, pvalue, direction,
       at_stake, severity,
                      reason)
SELECT 'anomaly', account_id, date '{day}' + 2, date '{day}' + 1, 'net_profit', 'residual', 0.001, -1,
       {money},
       'critical', '{group}'
FROM accounts WHERE account_group = '{group}';
INSERT INTO findings (kind, cohort, trading_day, since, subject, detector, direction, severity, reason)
VALUES ('cohort', '{group}', date '{day}' + 2, date '{day}' + 2, 'lots', 'cohort', 1, 'warning', '{group}');
INSERT INTO alerts (fingerprint, kind, account_id, cohort, subject, subjects, first_day, trading_day,
       severity,
                    at_stake, title, body)
SELECT 'incident:' || coalesce(account, '{group}'), 'incident', account_id,
       CASE WHEN account IS NULL THEN '{group}' END, 'net_profit', '{{net_profit}}', date '{day}' + 1,
              date '{day}' + 2,
       'critical', {money}, '{group}', '{group}'
FROM (SELECT account_id, account FROM accounts WHERE account_group = '{group}'
      UNION ALL SELECT NULL, NULL ORDER BY 1) AS of_whom;
INSERT INTO alert_history (alert_id, event, done_by, note)
SELECT alert_id, 'acknowledged', 'me', title FROM alerts WHERE title = '{group}' ORDER BY alert_id;
INSERT INTO messages (fingerprint, alert_id, kind, trading_day, severity, title, body)
SELECT fingerprint, alert_id, 'raised', trading_day, severity, title, body
FROM alerts WHERE title = '{group}' ORDER BY alert_id;
INSERT INTO deliveries (message_id, sink, next_attempt)
SELECT message_id, 'log', '2024-03-08' FROM messages WHERE title = '{group}' ORDER BY message_id;
INSERT INTO mutes (account_id, since, made_by, made_at)
SELECT account_id, date '{day}', '{group}', '2024-03-08' FROM accounts WHERE account_group = '{group}'
       ORDER BY 1;
INSERT INTO mutes (account_group, since, made_by, made_at) VALUES ('{group}', '{day}', '{group}',
       '2024-03-08');
INSERT INTO forecasts (origin, account_id, horizon, model, model_version, quantile_levels, mean, quantiles,
                       total_quantiles, any_breach, expected_payout, made_at, cohort)
SELECT date '{day}' + 3, account_id, 7, 'naive', '1', '{{0.1,0.5,0.9}}', array_fill({money}::float8,
       ARRAY [7]),
       array_fill({money}::float8 + account_id, ARRAY [7, 3]), array_fill({money}::float8, ARRAY [7, 3]),
       {money} / 10000.0, {money}, '2024-03-08', 'p/evaluation'
FROM accounts WHERE account_group = '{group}';
INSERT INTO forecast_outcomes (origin, account_id, horizon, model, cohort, forecast_made_at, last_day,
       closed_until,
                               days_closed, days_scored, total)
SELECT origin, account_id, horizon, model, cohort, made_at, origin + 9, origin + 9, 7, 7, {money}
FROM forecasts JOIN accounts USING (account_id) WHERE account_group = '{group}';
INSERT INTO group_forecasts (origin, account_group, currency, horizon, accounts, quantile_levels, mean,
                             total_quantiles, expected_payout, payout_quantiles, expected_breaches, made_at)
SELECT date '{day}' + 3, name, 'USD', 7, 3, '{{0.1,0.5,0.9}}', array_fill({money}::float8, ARRAY [7]),
       array_fill({money}::float8, ARRAY [7, 3]), {money}, ARRAY [{money}, {money}, {money}], 1, '2024-03-08'
FROM unnest(ARRAY ['{group}', '']) AS name
ON CONFLICT (origin, account_group, currency, horizon) DO UPDATE SET mean = excluded.mean;
"""
LATE = """
INSERT INTO stale_days (account_id, trading_day)
SELECT account_id, date '{day}' + 7 FROM accounts WHERE account_group = '{group}';
INSERT INTO rescoring (kind, account_id, since)
SELECT 'anomaly', account_id, date '{day}' FROM accounts WHERE account_group = '{group}' ON CONFLICT DO
       NOTHING;
INSERT INTO verifications (subject, whole, started_at, compared, differing, pending, healed)
VALUES ('trades_5m', true, now(), 1, 1, 0, false);
INSERT INTO verification_differences (verification_id, account_id, symbol_id, bucket, column_name,
       kept, recomputed)
SELECT max(verification_id), account_id, 1, date '{day}', 'trades', 1, 2
FROM verifications, accounts WHERE account_group = '{group}' GROUP BY account_id;
INSERT INTO job_runs (job, state, holder, lease_until, window_start, window_end, finished_at)
VALUES ('{group}', 'done', '{group}', now(), '{day}', date '{day}' + 1, now());
"""
MEMBERS = "SELECT account_id FROM accounts WHERE account_group = :group"
KEPT_BY_ACCOUNT = """
SELECT a.attrelid::regclass
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attname = 'account_id' AND c.relkind = 'r' AND c.relname <> 'accounts'
  AND (c.relnamespace = 'public'::regnamespace OR c.relname ~ '^_materialized_hypertable_')
""".replace("::", r"\:\:")


@dataclass(frozen=True)
class Desk:
    """A group of three accounts that trade for eight days from ``day`` on, for about ``money`` cents."""

    group: str
    day: date
    money: int

    def settle_in(self, database: Database) -> None:
        """Fill every table that an account appears in, compute the metrics, and leave a little undone."""
        self._run(database, ACCOUNTS, TRADING, OPINIONS)
        refresh_metrics(database)
        self._run(database, LATE)

    def leave(self, connection: Connection) -> None:
        """Take away everything of the desk, aggregates included, and the forecasts of the whole firm."""
        group = {"group": self.group}
        for table in connection.scalars(text(KEPT_BY_ACCOUNT)).all():
            connection.execute(text(f"DELETE FROM {table} WHERE account_id IN ({MEMBERS})"), group)  # noqa: S608
        for table in ("findings", "alerts"):
            connection.execute(text(f"DELETE FROM {table} WHERE cohort = :group"), group)  # noqa: S608
        for table in ("mutes", "group_forecasts"):
            rows = f"DELETE FROM {table} WHERE account_group IN (:group, '')"  # noqa: S608
            connection.execute(text(rows), group)
        connection.execute(text("DELETE FROM accounts WHERE account_group = :group"), group)

    def _run(self, database: Database, *scripts: str) -> None:
        with database.transaction() as connection:
            for script in scripts:
                for statement in script.format(**asdict(self)).split(";\n"):
                    if statement.strip():
                        connection.execute(text(statement.replace("::", r"\:\:")))
