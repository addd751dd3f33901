"""Findings become alerts that live: merged, told once, corrected, resolved; whatever happens twice."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import text

from timeseries.alerts import RaiseReport, list_alerts, raise_alerts, show_alert
from timeseries.config import AlertSettings
from timeseries.database import Database

FIRST_DAY = date(2024, 3, 4)
TWO_SINKS = AlertSettings(sinks={"desk": "log", "archive": "log"})


def raise_now(database: Database, settings: AlertSettings = TWO_SINKS, **options: Any) -> RaiseReport:
    with database.transaction() as connection:
        return raise_alerts(connection, settings, **options)


def forget(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM findings"))


def told(firm: Any) -> list[tuple[str, str]]:
    return firm.rows("SELECT kind, fingerprint FROM messages ORDER BY message_id")


def test_a_finding_becomes_one_alert_with_one_delivery_for_each_sink(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", severity="critical")
    assert [raise_now(database).raised, raise_now(database).raised] == [1, 0]
    [alert] = list_alerts(database)
    assert alert.fingerprint == "incident:A-1:2024-03-04"
    assert (alert.severity, alert.state, alert.subject, alert.at_stake) == (
        "critical",
        "open",
        "net_profit",
        5210.0,
    )
    assert [(d.message, d.sink, d.state) for d in alert.deliveries] == [
        ("raised", "archive", "pending"),
        ("raised", "desk", "pending"),
    ]


def test_its_words_say_who_what_and_when(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.day("A-1", 0, net_profit=-123456, max_drawdown_left=0)
    firm.anomaly(
        "A-1",
        metric="trades",
        direction=1,
        reason="Trades were 90 on 2024-03-04; usually about 9 (10 times).",
    )
    raise_now(database)
    [alert] = list_alerts(database)
    assert alert.title == "Account A-1: number of trades unusually high on 2024-03-04"
    said = "Trades were 90 on 2024-03-04; usually about 9 (10 times)."
    assert alert.body == f"Account A-1: {said} The day's net profit was -1,234.56 USD."


def test_days_that_follow_each_other_are_one_alert_told_once(database: Database, firm: Any) -> None:
    firm.account("A-1")
    for day in (0, 1, 4):
        firm.anomaly("A-1", day)
        raise_now(database)
    [alert] = list_alerts(database)
    assert (alert.first_day, alert.trading_day) == (FIRST_DAY, FIRST_DAY + timedelta(days=4))
    assert told(firm) == [("raised", "incident:A-1:2024-03-04")]
    assert "on 3 days" in alert.body


def test_what_becomes_graver_is_told_again(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", 0)
    raise_now(database)
    firm.anomaly("A-1", 1, severity="critical")
    assert raise_now(database).escalated == 1
    firm.anomaly("A-1", 2, kind="rule", metric="martingale", pvalue=None, severity="warning")
    assert raise_now(database).escalated == 1
    assert [kind for kind, _ in told(firm)] == ["raised", "escalated", "escalated"]
    assert list_alerts(database)[0].subjects == ("martingale", "net_profit")


def test_another_metric_joins_quietly(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", 0)
    raise_now(database)
    firm.anomaly("A-1", 1, metric="trades")
    assert raise_now(database).messages == 0


def test_late_data_that_takes_a_finding_back_is_a_correction_not_an_alert(
    database: Database, firm: Any
) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", 0)
    raise_now(database)
    with database.transaction() as connection:  # as if it had gone out
        connection.execute(
            text("UPDATE deliveries SET state = 'delivered', attempts = 1, delivered_at = now()")
        )
    forget(database)
    firm.anomaly("A-1", 1, severity="info")
    assert raise_now(database).withdrawn == 1
    [alert] = list_alerts(database)
    assert (alert.state, alert.resolution) == ("resolved", "withdrawn")
    assert [kind for kind, _ in told(firm)] == ["raised", "corrected"]
    assert raise_now(database).messages == 0
    firm.anomaly("A-1", 0)
    assert raise_now(database).raised == 0
    assert list_alerts(database)[0].state == "open"


def test_what_was_never_sent_is_taken_back_without_a_word(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", 0)
    raise_now(database)
    forget(database)
    firm.anomaly("A-1", 1, severity="info")
    raise_now(database)
    assert firm.rows("SELECT DISTINCT state FROM deliveries") == [("cancelled",)]


def test_a_number_put_right_is_a_correction(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", 0)
    raise_now(database)
    with database.transaction() as connection:
        connection.execute(text("UPDATE findings SET seen = -5300, reason = 'Other words'"))
    assert raise_now(database).corrected == 0
    with database.transaction() as connection:
        connection.execute(text("UPDATE findings SET seen = -9000"))
    assert raise_now(database).corrected == 1


def test_an_incident_is_over_when_nothing_new_comes_and_silent_within_the_cooldown(
    database: Database, firm: Any
) -> None:
    firm.account("A-1")
    firm.account("B-1")
    firm.anomaly("A-1", 0)
    raise_now(database)
    firm.anomaly("B-1", 6)
    assert raise_now(database).resolved == 1
    assert [a.resolution for a in list_alerts(database, account="A-1")] == ["ended"]
    firm.anomaly("A-1", 8)
    assert raise_now(database).messages == 0
    assert [a.state for a in list_alerts(database, account="A-1")] == ["open"]
    firm.anomaly("A-1", 19)
    assert raise_now(database).raised == 1


def test_a_corrected_number_does_not_open_what_is_over(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.account("B-1")
    firm.anomaly("A-1", 0)
    firm.anomaly("B-1", 6)
    raise_now(database)
    with database.transaction() as connection:
        connection.execute(text("UPDATE findings SET seen = -9000 WHERE trading_day = '2024-03-04'"))
    report = raise_now(database)
    assert (report.corrected, report.resolved) == (1, 0)
    assert [a.resolution for a in list_alerts(database, account="A-1")] == ["ended"]


def test_a_critical_alert_that_nobody_acknowledges_is_told_again_once(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", severity="critical")
    raise_now(database)
    later = show_alert(database, 1).alert.raised_at + timedelta(hours=5)
    assert [raise_now(database, now=later).escalated for _ in range(2)] == [1, 0]
    assert told(firm)[1] == ("escalated", "incident:A-1:2024-03-04:2")


def test_a_cohort_has_an_alert_of_its_own(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", severity="info")
    with database.transaction() as connection:
        connection.execute(
            text(
                """
                INSERT INTO findings (kind, cohort, trading_day, since, subject, detector, pvalue, direction,
                                      severity, reason)
                VALUES ('cohort', 'firm', :day, :day, 'net_profit', 'cohort', 0.00001, -1, 'warning',
                        'Net profit unusually low in 80 of 100 accounts')
                """
            ),
            {"day": FIRST_DAY},
        )
    assert raise_now(database).raised == 1
    [alert] = list_alerts(database)
    assert (alert.account, alert.cohort) == (None, "firm")
    assert alert.title == "The whole firm: net profit of many accounts low at once on 2024-03-04"


def test_a_finding_of_severity_info_is_no_alert_until_it_gets_graver(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", severity="info")
    assert raise_now(database).raised == 0
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE findings SET severity = 'warning'")
    assert raise_now(database).raised == 1


def test_old_news_is_kept_and_not_sent(database: Database, firm: Any) -> None:
    for name, day in (("A-1", 0), ("A-2", 7), ("A-3", 8)):
        firm.account(name)
        firm.anomaly(name, day)
    assert raise_now(database, AlertSettings(deliver_days=7)).raised == 3
    assert [len(alert.deliveries) for alert in list_alerts(database)] == [1, 1, 0]


def test_alert_message_and_deliveries_come_or_go_together(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1")
    with pytest.raises(RuntimeError), database.transaction() as connection:
        assert raise_alerts(connection, TWO_SINKS).raised == 1
        raise RuntimeError("the process is interrupted")
    counts = """SELECT (SELECT count(*) FROM alerts), (SELECT count(*) FROM messages),
                       (SELECT count(*) FROM deliveries)"""
    assert firm.rows(counts) == [(0, 0, 0)]
    assert raise_now(database).raised == 1
    assert firm.rows(counts) == [(1, 1, 2)]


FINDINGS = st.lists(
    st.tuples(st.integers(0, 45), st.sampled_from(["trades", "net_profit", "win_rate"])),
    unique=True,
    min_size=1,
    max_size=12,
)


@given(FINDINGS)
@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_day_by_day_raises_what_all_at_once_raises(
    database: Database, firm: Any, findings: list[tuple[int, str]]
) -> None:
    at_once, by_day = str(uuid4()), str(uuid4())
    firm.clear()
    for name in (at_once, by_day):
        firm.account(name)
    for day in sorted({day for day, _ in findings}):
        for metric in (metric for found, metric in findings if found == day):
            firm.anomaly(by_day, day, metric=metric)
        raise_now(database)
    for day, metric in findings:
        firm.anomaly(at_once, day, metric=metric)
    raise_now(database)
    spans = [
        sorted(
            (a.first_day, a.trading_day, a.subjects) for a in list_alerts(database, account=name, limit=50)
        )
        for name in (at_once, by_day)
    ]
    assert spans[0] == spans[1]


def test_many_findings_of_many_accounts_in_one_go(database: Database, firm: Any) -> None:
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
            INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, pvalue, direction,
                                  severity, reason)
            SELECT 'anomaly', account_id, date '2024-01-01' + day, date '2024-01-01' + day, 'trades', 'd',
                   0.001, 1, 'warning', 'r'
            FROM made, generate_series(0, 9) day
            """
        )
    assert raise_now(database).raised == 300
    assert firm.rows("SELECT count(DISTINCT fingerprint), count(*) FROM alerts") == [(300, 300)]
