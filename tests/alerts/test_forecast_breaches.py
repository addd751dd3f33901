"""Forecasts of a broken rule become alerts, once for each run of them."""

from datetime import date
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from timeseries.alerts import RaiseReport, list_alerts, mute, raise_alerts
from timeseries.config import AlertSettings
from timeseries.database import Database

FIRST_DAY = date(2024, 3, 4)
TWO_SINKS = AlertSettings(sinks={"desk": "log", "archive": "log"})


def raise_now(database: Database, settings: AlertSettings = TWO_SINKS) -> RaiseReport:
    with database.transaction() as connection:
        return raise_alerts(connection, settings)


def test_a_forecast_breach_says_its_chance_and_its_money(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.day("A-1", 0, net_profit=0, max_drawdown_left=123456)
    firm.forecast("A-1", 0, 0.731)
    assert raise_now(database).raised == 1
    [alert] = list_alerts(database)
    assert (alert.severity, alert.kind, alert.at_stake) == ("warning", "forecast_breach", 4000.50)
    assert alert.title == "Account A-1: 73.1 % chance of breaking a rule within 14 trading days"
    assert alert.body == (
        "Account A-1 has a chance of 73.1 % to break a rule of its plan within the 14 trading days "
        "after 2024-03-04, where an alert is raised from 50.0 % on. Daily loss: 25.0 %. "
        "Maximum drawdown: 73.1 %, with 1,234.56 USD left at the worst of that day. "
        "Expected net profit over that time: -1,400.00 USD, "
        "with 95 % of outcomes between -4,000.50 and 900.00 USD."
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
        raised += sum(raise_now(database).raised for _ in range(1 + twice))
    assert raised == runs


def test_a_moved_threshold_does_not_raise_the_same_run_again(database: Database, firm: Any) -> None:
    firm.account("A-1")
    for day, breach in enumerate([0.4, 0.7, 0.8]):
        firm.forecast("A-1", day, breach)
    assert raise_now(database, AlertSettings(breach_probability=0.6)).raised == 1
    assert raise_now(database, AlertSettings(breach_probability=0.3)).raised == 0


def test_a_chance_that_is_low_again_resolves_its_alert(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.forecast("A-1", 0, 0.7)
    raise_now(database)
    firm.forecast("A-1", 1, 0.6)
    assert raise_now(database).resolved == 0
    firm.forecast("A-1", 2, 0.2)
    assert raise_now(database).resolved == 1
    [alert] = list_alerts(database)
    assert (alert.state, alert.resolution) == ("resolved", "ended")


def test_a_muted_account_raises_no_forecast_alert(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.forecast("A-1", 0, 0.7)
    mute(database, by="desk", account="A-1", subject="forecast_breach", since=FIRST_DAY)
    assert raise_now(database).raised == 0
