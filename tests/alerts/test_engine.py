"""The engine's own troubles: told once, told when over, one alert for each, and in nobody's way."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

import cli
from timeseries.alerts import (
    Trouble,
    TroubleReport,
    acknowledge,
    deliver,
    label,
    list_alerts,
    make_digest,
    raise_alerts,
    settle_troubles,
    show_alert,
)
from timeseries.config import AlertSettings, DigestSettings, Route
from timeseries.database import Database

LOG = AlertSettings(sinks={"log": "log"})
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SLOW = Trouble("slow_query", "warning", "Common reads take longer than 1 s", "overview took 1.40 s.")
LATE = Trouble("job_detect", "critical", "The job detect is late", "It has been due for 3.0 hours.")
GRAVER = Trouble("slow_query", "critical", "Common reads take longer than 1 s", "overview took 9.00 s.")


def settle(
    database: Database, *troubles: Trouble, at: datetime | None = NOON, settings: AlertSettings = LOG
) -> TroubleReport:
    with database.transaction() as connection:
        return settle_troubles(connection, settings, troubles, now=at)


def told(firm: Any) -> list[tuple[str, str]]:
    return firm.rows("SELECT kind, title FROM messages ORDER BY message_id")


# ---- compared, not appended


def test_a_trouble_is_told_once_and_told_when_it_is_over(database: Database, firm: Any) -> None:
    assert settle(database, SLOW) == TroubleReport(raised=1)
    assert settle(database, SLOW, at=NOON + MINUTE) == TroubleReport()
    assert settle(database, at=NOON + 2 * MINUTE) == TroubleReport(resolved=1)
    assert settle(database, at=NOON + 3 * MINUTE) == TroubleReport()
    title = "Engine: Common reads take longer than 1 s"
    assert told(firm) == [("raised", title), ("resolved", f"Over: {title}")]
    [alert] = list_alerts(database)
    assert (alert.kind, alert.cohort, alert.account, alert.subject) == (
        "engine",
        "engine",
        None,
        "slow_query",
    )
    assert (alert.state, alert.resolution) == ("resolved", "ended")
    assert (alert.raised_at, alert.resolved_at) == (NOON, NOON + 2 * MINUTE)


def test_the_same_again_writes_nothing_at_all(database: Database, firm: Any) -> None:
    settle(database, SLOW, LATE)
    before = firm.rows("SELECT xmin::text, alerts::text FROM alerts ORDER BY alert_id")
    settle(database, LATE, SLOW, at=NOON + MINUTE)
    assert firm.rows("SELECT xmin::text, alerts::text FROM alerts ORDER BY alert_id") == before


def test_its_words_are_the_latest_and_its_last_day_moves_on(database: Database, firm: Any) -> None:
    settle(database, SLOW)
    slower = Trouble(SLOW.subject, "warning", SLOW.title, "overview took 1.90 s.")
    assert settle(database, slower, at=NOON + timedelta(days=2)) == TroubleReport()
    [alert] = list_alerts(database)
    assert alert.body == "overview took 1.90 s."
    assert (alert.first_day, alert.trading_day) == (NOON.date(), NOON.date() + timedelta(days=2))


def test_a_graver_one_is_told_once_however_it_wavers(database: Database, firm: Any) -> None:
    settle(database, SLOW)
    reports = [settle(database, one, at=NOON + MINUTE) for one in (GRAVER, GRAVER, SLOW, GRAVER)]
    assert [report.escalated for report in reports] == [1, 0, 0, 0]
    assert [kind for kind, _ in told(firm)] == ["raised", "escalated"]
    assert list_alerts(database)[0].severity == "critical"


def test_of_two_of_one_subject_the_gravest_counts(database: Database, firm: Any) -> None:
    assert settle(database, GRAVER, SLOW) == TroubleReport(raised=1)
    assert list_alerts(database)[0].body == GRAVER.body


# ---- coming back


def test_back_within_the_hour_it_is_the_same_alert(database: Database, firm: Any) -> None:
    settle(database, SLOW)
    settle(database, at=NOON + MINUTE)
    assert settle(database, SLOW, at=NOON + HOUR) == TroubleReport(raised=1)
    [alert] = list_alerts(database)
    assert (alert.state, alert.resolution, alert.resolved_at) == ("open", None, None)
    assert [kind for kind, _ in told(firm)] == ["raised", "resolved", "raised"]
    assert [event.event for event in show_alert(database, 1).events] == ["raised", "ended", "reopened"]


def test_back_later_it_is_another(database: Database, firm: Any) -> None:
    settle(database, SLOW)
    settle(database, at=NOON + MINUTE)
    assert settle(database, SLOW, at=NOON + HOUR + MINUTE) == TroubleReport(raised=1)
    assert [(alert.alert_id, alert.state) for alert in list_alerts(database)] == [
        (2, "open"),
        (1, "resolved"),
    ]


def test_who_acknowledged_it_looks_after_it_when_it_is_back(database: Database, firm: Any) -> None:
    settle(database, SLOW)
    assert acknowledge(database, [1], by="ann") == [1]
    settle(database, at=NOON + MINUTE)
    settle(database, SLOW, at=NOON + 2 * MINUTE)
    assert list_alerts(database)[0].state == "acknowledged"


@pytest.mark.parametrize("verdict", ["expected", "false", "new_normal"])
def test_what_a_person_dismissed_stays_quiet_while_it_lasts(
    database: Database, firm: Any, verdict: str
) -> None:
    settle(database, SLOW)
    label(database, [1], verdict, by="ann")
    # What people do bears the database's time.
    moments = [datetime.now(UTC) + hours * HOUR for hours in (5, 6)]
    assert settle(database, GRAVER, at=moments[0]) == TroubleReport()
    assert settle(database, at=moments[1]) == TroubleReport()
    assert settle(database, SLOW, at=moments[1] + HOUR / 2) == TroubleReport()
    assert settle(database, at=moments[1] + HOUR) == TroubleReport()
    assert [kind for kind, _ in told(firm)] == ["raised"]
    assert settle(database, SLOW, at=moments[1] + 2 * HOUR + MINUTE) == TroubleReport(raised=1)
    assert firm.rows("SELECT state FROM alerts ORDER BY alert_id") == [("resolved",), ("open",)]


def test_true_after_all_opens_what_was_dismissed(database: Database, firm: Any) -> None:
    settle(database, SLOW)
    label(database, [1], "false", by="ann")
    settle(database, SLOW, at=NOON + MINUTE)
    label(database, [1], "true", by="ann")
    assert settle(database, SLOW, at=NOON + 2 * MINUTE) == TroubleReport()
    assert [alert.state for alert in list_alerts(database)] == ["open"]
    assert settle(database, at=NOON + 3 * MINUTE) == TroubleReport(resolved=1)


LOOKS = st.lists(
    st.tuples(
        st.integers(1, 100),
        st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["warning", "critical"])),
    ),
    min_size=1,
    max_size=6,
)


@given(looks=LOOKS)
@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_and_goes_the_unresolved_are_what_there_is(
    database: Database, firm: Any, looks: list[tuple[int, dict[str, str]]]
) -> None:
    firm.clear()
    at = NOON
    for minutes, now in looks:
        at += minutes * MINUTE
        settle(database, *(Trouble(name, grave, name, grave) for name, grave in now.items()), at=at)
        unresolved = [alert for alert in list_alerts(database, limit=99) if alert.state != "resolved"]
        assert sorted((alert.subject, alert.body) for alert in unresolved) == sorted(now.items())
    said = Counter(firm.rows("SELECT subject, m.kind FROM messages m JOIN alerts USING (alert_id)"))
    changes = zip([{}, *(now for _, now in looks)], (now for _, now in looks), strict=False)
    turns = [(set(after) - set(before), set(before) - set(after)) for before, after in changes]
    for name in "abc":
        assert said[name, "raised"] == sum(name in come for come, _ in turns)
        assert said[name, "resolved"] == sum(name in gone for _, gone in turns)


def test_four_at_once_raise_it_once(database: Database, firm: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: settle(database, SLOW, LATE, at=None), range(4)))
    assert sum(report.raised for report in reports) == 2
    assert len(told(firm)) == 2


# ---- who is told


def test_it_goes_the_ways_of_other_messages(database: Database, firm: Any, webhook: Any) -> None:
    settings = AlertSettings(
        sinks={"hook": webhook.url, "log": "log"},
        routes=(Route(("hook",), groups=("engine",)), Route(("log",), groups=("vip",))),
    )
    settle(database, SLOW, at=None, settings=settings)
    settle(database, at=None, settings=settings)
    assert deliver(database, settings).delivered == 2
    bodies = [body for _, body in webhook.requests]
    assert [(body["kind"], body["group"], body["subject"]) for body in bodies] == [
        ("raised", "engine", "slow_query"),
        ("resolved", "engine", "slow_query"),
    ]
    assert bodies[1]["body"] == "This is no longer so. It said: overview took 1.40 s."


def test_it_is_told_however_new_the_data_are(database: Database, firm: Any) -> None:
    firm.account("A-1")
    firm.anomaly("A-1", day=10_000)
    settle(database, SLOW)
    assert [delivery.state for delivery in list_alerts(database, subject="slow_query")[0].deliveries] == [
        "pending"
    ]


# ---- in nobody's way


def test_incidents_and_forecasts_are_compared_without_it(database: Database, firm: Any) -> None:
    settle(database, SLOW, LATE, at=None)
    firm.account("A-1")
    firm.anomaly("A-1")
    firm.forecast("A-1", 0, breach=0.7)
    for raised in (2, 0):
        with database.transaction() as connection:
            report = raise_alerts(connection, LOG)
        assert (report.raised, report.resolved, report.withdrawn) == (raised, 0, 0)
    assert {alert.subject for alert in list_alerts(database, state="open")} == {
        "slow_query",
        "job_detect",
        "net_profit",
        "forecast_breach",
    }
    assert settle(database, SLOW, LATE, at=None) == TroubleReport()


def test_the_digest_counts_it(database: Database, firm: Any) -> None:
    settle(database, SLOW, LATE, at=None)
    assert make_digest(database, AlertSettings(digest=DigestSettings(("log",))))
    [(body,)] = firm.rows("SELECT body FROM messages WHERE kind = 'digest'")
    assert "New alerts are about: job detect 1, slow query 1." in body
    assert "Engine: The job detect is late" in body


def test_the_verbs_of_the_desk_know_it(database: Database, firm: Any) -> None:
    settle(database, SLOW, LATE)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli.timeseries, ["--database-url", database.url, "alerts", *arguments])
        assert done.exit_code == 0, done.exception
        return done.output

    assert "Engine: The job detect is late" in " ".join(run("list").split())
    assert {(one["kind"], one["cohort"]) for one in json.loads(run("list", "--json"))} == {
        ("engine", "engine")
    }
    assert "It has been due for 3.0 hours." in run("show", "1")
    assert "1 alert acknowledged." in run("ack", "1")
    assert "1 alert labelled false." in run("label", "false", "2")
    assert settle(database, SLOW, LATE, at=NOON + MINUTE) == TroubleReport()
