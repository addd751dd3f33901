"""One alert for each finding, with its deliveries, whatever happens twice or at once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from timeseries.alerts import list_alerts, raise_alerts
from timeseries.config import AlertSettings
from timeseries.database import Database

TWO_SINKS = AlertSettings(sinks={"desk": "log", "archive": "log"})


def raise_now(database: Database, settings: AlertSettings = TWO_SINKS) -> int:
    with database.transaction() as connection:
        return raise_alerts(connection, settings)


def test_an_anomaly_becomes_one_alert_with_one_delivery_for_each_sink(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", severity="critical")
    assert [raise_now(database), raise_now(database)] == [1, 0]
    [alert] = list_alerts(database)
    assert (alert.fingerprint, alert.severity, alert.kind) == (
        "anomaly:A-1:2024-03-04",
        "critical",
        "anomaly",
    )
    assert [(d.sink, d.state, d.attempts) for d in alert.deliveries] == [
        ("archive", "pending", 0),
        ("desk", "pending", 0),
    ]


def test_its_words_say_who_what_and_when(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1")
    raise_now(database)
    [alert] = list_alerts(database)
    assert alert.title == "Account A-1: net profit unusually low on 2024-03-04"
    assert alert.body == (
        "Account A-1: Net profit was -5,210.00 USD on 2024-03-04; usually about 120.50 USD, "
        "and such a day comes once in about 3,300."
    )


@pytest.mark.parametrize(
    ("metric", "direction", "words"),
    [
        ("lot_ratio", 1, "Account A-1: largest position unusually high on 2024-03-04"),
        ("win_rate", 1, "Account A-1: win rate unusually high on 2024-03-04"),
        ("metric_of_tomorrow", 0, "Account A-1: metric of tomorrow unusual on 2024-03-04"),
    ],
)
def test_titles_name_the_metric_as_people_do(
    database: Database, firm: Any, metric: str, direction: int, words: str
) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", metric=metric, direction=direction)
    raise_now(database)
    assert [alert.title for alert in list_alerts(database)] == [words]


@pytest.mark.parametrize(("currency", "money"), [("USD", "-1,234.56 USD"), ("JPY", "-123,456 JPY")])
def test_money_of_the_day_stands_beside_another_metric(
    database: Database, firm: Any, currency: str, money: str
) -> None:
    firm.account("A-1", currency=currency)
    firm.day("A-1", 0, net_profit=-123456, max_drawdown_left=0)
    firm.anomaly("A-1", metric="trades", direction=1)
    raise_now(database)
    [alert] = list_alerts(database)
    assert alert.body.endswith(f". The day's net profit was {money}.")
    assert alert.title == "Account A-1: number of trades unusually high on 2024-03-04"


def test_an_anomaly_of_severity_info_is_no_alert_until_it_gets_graver(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", severity="info")
    assert raise_now(database) == 0
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE anomalies SET severity = 'warning'")
    assert raise_now(database) == 1


def test_below_the_minimum_severity_alerts_are_stored_and_not_sent(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", 0, severity="warning")
    firm.anomaly("A-1", 1, severity="critical")
    assert raise_now(database, AlertSettings(minimum_severity="critical")) == 2
    assert [(a.severity, len(a.deliveries)) for a in list_alerts(database)] == [
        ("critical", 1),
        ("warning", 0),
    ]


def test_old_news_is_kept_and_not_sent(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", 0)
    firm.anomaly("A-1", 7)
    firm.anomaly("A-1", 8)
    assert raise_now(database, AlertSettings(deliver_days=7)) == 3
    assert [len(alert.deliveries) for alert in list_alerts(database)] == [1, 1, 0]


def test_without_sinks_alerts_are_still_stored(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1")
    assert raise_now(database, AlertSettings(sinks={})) == 1
    assert firm.rows("SELECT count(*) FROM alert_deliveries") == [(0,)]


def test_a_forecast_breach_says_its_chance_and_its_money(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.day("A-1", 0, net_profit=0, max_drawdown_left=123456)
    firm.forecast("A-1", 0, 0.731)
    assert raise_now(database) == 1
    [alert] = list_alerts(database)
    assert (alert.severity, alert.kind) == ("warning", "forecast_breach")
    assert alert.title == "Account A-1: 73.1 % chance of breaking a rule within 14 trading days"
    assert alert.body == (
        "Account A-1 has a chance of 73.1 % to break a rule of its plan within the 14 trading days "
        "after 2024-03-04, where an alert is raised from 50.0 % on. Daily loss: 25.0 %. "
        "Maximum drawdown: 73.1 %, with 1,234.56 USD left that day. Expected net profit over that time: "
        "-1,400.00 USD, with 95 % of outcomes between -4,000.50 and 900.00 USD."
    )


def test_a_near_certain_breach_is_critical(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.forecast("A-1", 0, 0.9)
    raise_now(database)
    assert [alert.severity for alert in list_alerts(database)] == ["critical"]


def test_only_the_newest_forecast_of_the_settings_horizon_counts(database: Database, firm: Any) -> None:
    for account in ("calm now", "other horizon", "no rule", "at threshold"):
        firm.account(account)
    firm.account("closed", status="breached")
    firm.forecast("calm now", 0, 0.9)
    firm.forecast("calm now", 1, 0.1)
    firm.forecast("other horizon", 1, 0.9, horizon=30)
    firm.forecast("no rule", 1, None)
    firm.forecast("at threshold", 1, 0.5)
    firm.forecast("closed", 1, 0.9)
    raise_now(database)
    assert [alert.account for alert in list_alerts(database)] == ["at threshold"]


@given(st.lists(st.sampled_from([None, 0.1, 0.49, 0.5, 0.8, 1.0]), min_size=1, max_size=8), st.booleans())
@examples(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_run_of_origins_above_the_threshold_raises_once(
    database: Database, firm: Any, breaches: list[float | None], twice: bool
) -> None:
    account = str(uuid4())  # of its own for each example; the earlier ones have had their alert
    firm.account(account)
    above = [breach is not None and breach >= 0.5 for breach in breaches]
    runs = sum(now and not before for before, now in zip([False, *above], above, strict=False))
    raised = 0
    for day, breach in enumerate(breaches):
        firm.forecast(account, day * 3, breach)
        raised += sum(raise_now(database) for _ in range(1 + twice))
    assert raised == runs


def test_a_moved_threshold_does_not_raise_the_same_run_again(database: Database, firm: Any) -> None:
    firm.account("A-1")
    for day, breach in enumerate([0.4, 0.7, 0.8]):
        firm.forecast("A-1", day, breach)
    assert raise_now(database, AlertSettings(breach_probability=0.6)) == 1
    assert raise_now(database, AlertSettings(breach_probability=0.3)) == 0


def test_alert_and_deliveries_come_or_go_together(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1")
    with pytest.raises(RuntimeError), database.transaction() as connection:
        assert raise_alerts(connection, TWO_SINKS) == 1
        raise RuntimeError("the process is interrupted")
    assert firm.rows("SELECT (SELECT count(*) FROM alerts), (SELECT count(*) FROM alert_deliveries)") == [
        (0, 0)
    ]
    assert raise_now(database) == 1
    assert firm.rows("SELECT count(*) FROM alert_deliveries") == [(2,)]


def test_a_year_of_findings_of_many_accounts_in_one_go(database: Database, firm: Any) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql(
            """
            WITH plan AS (
                INSERT INTO plans (plan, currency, initial_balance) VALUES ('P', 'USD', 1) RETURNING plan_id
            ),
            made AS (
                INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance, opened_at)
                SELECT 'M-' || i, plan_id, 'USD', 2, 1, '2024-01-01' FROM plan, generate_series(1, 300) i
                RETURNING account_id
            )
            INSERT INTO anomalies (account_id, trading_day, metric, detector, pvalue, direction,
                                   severity, reason)
            SELECT account_id, date '2024-01-01' + day, 'trades', 'd', 0.001, 1, 'warning', 'r'
            FROM made, generate_series(0, 9) day
            """
        )
    assert raise_now(database) == 3_000
    assert firm.rows("SELECT count(DISTINCT fingerprint), count(*) FROM alerts") == [(3_000, 3_000)]
    newest = list_alerts(database, limit=1)[0].trading_day
    assert newest - list_alerts(database, limit=3_000)[-1].trading_day == timedelta(days=9)
