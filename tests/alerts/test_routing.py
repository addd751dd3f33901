"""Which message goes to which sink."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeseries.alerts import Message
from timeseries.alerts._routing import route
from timeseries.config import AlertSettings, DigestSettings, Route, SinkSettings
from timeseries.database import Database

DAY = date(2024, 3, 4)
MOMENT = datetime(2024, 3, 5, 6, 10, tzinfo=UTC)
SEVERITIES = ("info", "warning", "critical")
KINDS = ("raised", "escalated", "corrected", "resolved")
MESSAGE = Message(
    message_id=1,
    fingerprint="a:1",
    alert="a",
    kind="raised",
    account="A-1",
    group="funded",
    subject="martingale",
    first_day=DAY,
    trading_day=DAY,
    severity="warning",
    title="title",
    body="body",
    raised_at=MOMENT,
    made_at=MOMENT,
)
SINKS = {"desk": "log", "hook": "https://example.com", "mail": "mailto://user:password@gmail.com"}
ALL = AlertSettings(sinks=SINKS)


def takers(settings: AlertSettings, **facts: Any) -> set[str]:
    """Who gets one message, nobody having been told before."""
    return {sink for _, sink in route([replace(MESSAGE, **facts)], settings)}


def story(*messages: tuple[str, str], settings: AlertSettings = ALL) -> list[set[str]]:
    """Who gets each message of one alert: kinds and severities in the order they were told."""
    told = [
        replace(MESSAGE, message_id=number, kind=kind, severity=severity)
        for number, (kind, severity) in enumerate(messages)
    ]
    pairs = route(told[::-1], settings)
    return [{sink for found, sink in pairs if found == number} for number in range(len(told))]


# ---- without routes


@pytest.mark.parametrize("kind", ["raised", "escalated"])
@pytest.mark.parametrize(
    ("minimum", "reached"), [("info", SEVERITIES), ("warning", SEVERITIES[1:]), ("critical", SEVERITIES[2:])]
)
def test_every_sink_gets_what_is_grave_enough(kind: str, minimum: str, reached: tuple[str, ...]) -> None:
    settings = replace(ALL, minimum_severity=minimum)
    for severity in SEVERITIES:
        assert takers(settings, kind=kind, severity=severity) == (
            set(SINKS) if severity in reached else set()
        )


def test_the_end_is_told_to_machines_that_were_told_the_beginning() -> None:
    assert story(("raised", "warning"), ("resolved", "warning")) == [set(SINKS), {"hook"}]
    assert takers(ALL, kind="resolved") == set()
    asked = replace(
        ALL,
        sinks={
            "desk": SinkSettings("log", resolved=True),
            "hook": SinkSettings("https://example.com", resolved=False),
        },
    )
    assert story(("raised", "warning"), ("resolved", "warning"), settings=asked)[1] == {"desk"}


def test_a_correction_follows_whom_it_concerns_however_small_it_makes_the_alert() -> None:
    assert story(("raised", "warning"), ("corrected", "info"), ("resolved", "info")) == [
        set(SINKS),
        set(SINKS),
        {"hook"},
    ]
    assert story(("raised", "info"), ("corrected", "info")) == [set(), set()]
    assert story(("raised", "info"), ("corrected", "critical"))[1] == set()


# ---- routes


@pytest.mark.parametrize(
    ("way", "fitting"),
    [
        (Route(("desk",), severity="info"), {"severity": "info"}),
        (Route(("desk",), groups=("trial", "funded")), {"group": "trial"}),
        (Route(("desk",), subjects=("martingale", "forecast_breach")), {"subject": "forecast_breach"}),
        (Route(("desk",), kinds=("escalated",)), {"kind": "escalated"}),
    ],
)
def test_a_route_takes_what_fits_all_it_names(way: Route, fitting: dict[str, Any]) -> None:
    settings = replace(ALL, routes=(way,))
    misses = {"severity": "info", "group": None, "subject": "trades", "kind": "corrected"}
    assert takers(settings, **fitting) == {"desk"}
    constrained = {
        "severity",
        *(name.rstrip("s") for name in ("groups", "subjects", "kinds") if getattr(way, name)),
    }
    for name in constrained - ({"severity"} if way.severity == "info" else set()):
        assert takers(settings, **{**fitting, name: misses[name]}) == set()


def test_routes_add_up_and_name_each_sink_once() -> None:
    ways = (
        Route(("desk", "mail")),
        Route(("mail", "hook"), severity="critical"),
        Route(("hook",), groups=("trial",)),
    )
    settings = replace(ALL, routes=ways)
    assert takers(settings) == {"desk", "mail"}
    assert takers(settings, severity="critical") == {"desk", "mail", "hook"}
    assert takers(settings, group="trial") == {"desk", "mail", "hook"}
    message = replace(MESSAGE, severity="critical")
    assert len(route([message], settings)) == 3


def test_a_cohort_is_its_own_group_and_no_group_fits_no_list() -> None:
    settings = replace(ALL, routes=(Route(("desk",), groups=("firm",)),))
    assert takers(settings, account=None, group="firm") == {"desk"}
    assert takers(settings, group=None) == set()


def test_what_follows_reaches_whom_another_subject_brought_in() -> None:
    settings = replace(
        ALL, routes=(Route(("hook",), subjects=("martingale",)), Route(("desk",), severity="critical"))
    )
    first = MESSAGE
    graver = replace(MESSAGE, message_id=2, kind="escalated", subject="net_profit", severity="critical")
    over = replace(graver, message_id=3, kind="resolved")
    assert route([first, graver, over], settings) == [(1, "hook"), (2, "desk"), (2, "hook"), (3, "hook")]


def test_a_route_of_kinds_tells_the_end_also_to_people() -> None:
    settings = replace(
        ALL, routes=(Route(("desk",), kinds=("raised", "resolved")), Route(("hook",), kinds=("raised",)))
    )
    assert story(
        ("raised", "warning"), ("escalated", "critical"), ("resolved", "critical"), settings=settings
    ) == [
        {"desk", "hook"},
        set(),
        {"desk"},
    ]


def test_routes_to_sinks_that_are_gone_lead_nowhere() -> None:
    settings = replace(ALL, sinks={}, routes=(Route(("desk",)),), digest=DigestSettings(("desk",)))
    assert takers(settings) == takers(settings, kind="digest", alert=None) == set()


def test_a_digest_goes_to_its_own_sinks_only() -> None:
    settings = replace(ALL, routes=(Route(("hook",)),), digest=DigestSettings(("mail",)))
    assert takers(settings, kind="digest", alert=None, severity="info") == {"mail"}
    assert takers(ALL, kind="digest", alert=None) == set()


def test_old_days_are_only_told_to_those_who_know() -> None:
    correction = replace(MESSAGE, kind="corrected")
    assert route([MESSAGE, correction], ALL, after=DAY) == []
    assert route([MESSAGE], ALL, after=DAY - timedelta(days=1)) != []
    assert route([correction], ALL, told={"a": ["desk"], "b": ["hook"]}, after=DAY) == [(1, "desk")]


# ---- always


messages = st.builds(
    lambda number, alert, kind, severity, group, subject, age: replace(
        MESSAGE,
        message_id=number,
        alert=alert,
        kind=kind,
        severity=severity,
        group=group,
        subject=subject,
        trading_day=DAY - timedelta(days=age),
    ),
    st.integers(1, 99),
    st.sampled_from("abc"),
    st.sampled_from(KINDS),
    st.sampled_from(SEVERITIES),
    st.sampled_from(["funded", "trial", None]),
    st.sampled_from(["martingale", "net_profit"]),
    st.integers(0, 9),
)
ways = st.builds(
    Route,
    st.lists(st.sampled_from([*SINKS, "gone"]), min_size=1).map(tuple),
    st.sampled_from([None, *SEVERITIES]),
    st.lists(st.sampled_from(["funded", "trial"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["martingale", "net_profit"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(KINDS), max_size=3).map(tuple),
)
several = st.lists(messages, unique_by=lambda message: message.message_id, max_size=12)


@given(several, st.lists(ways, max_size=4).map(tuple))
def test_nobody_gets_a_message_twice_or_the_end_without_the_beginning(
    told: list[Message], routes: tuple[Route, ...]
) -> None:
    settings = replace(ALL, routes=routes)
    pairs = route(told, settings, after=DAY - timedelta(days=5))
    assert pairs == sorted(set(pairs))
    assert pairs == route(told[::-1], settings, after=DAY - timedelta(days=5))
    by_number = {message.message_id: message for message in told}
    known: set[tuple[str | None, str]] = set()
    for number, sink in pairs:
        message = by_number[number]
        assert sink in SINKS
        if message.kind == "resolved" or message.trading_day <= DAY - timedelta(days=5):
            assert (message.alert, sink) in known
        known.add((message.alert, sink))


@given(several, st.lists(ways, max_size=4).map(tuple), st.integers(0, 12))
def test_queueing_in_parts_is_queueing_at_once(
    told: list[Message], routes: tuple[Route, ...], cut: int
) -> None:
    settings = replace(ALL, routes=routes)
    ordered = sorted(told, key=lambda message: message.message_id)
    first = route(ordered[:cut], settings)
    by_number = {message.message_id: message for message in told}
    knowing: dict[str, set[str]] = {}
    for number, sink in first:
        knowing.setdefault(str(by_number[number].alert), set()).add(sink)
    assert sorted(first + route(ordered[cut:], settings, told=knowing)) == route(told, settings)


# ---- in the database


def queued(firm: Any) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = firm.rows(
        "SELECT kind, sink FROM deliveries JOIN messages USING (message_id) ORDER BY message_id, sink"
    )
    return rows


def test_the_outbox_remembers_who_was_told(database: Database, firm: Any) -> None:
    firm.account("A-1", group="funded")
    alert = firm.alert("A-1")
    settings = replace(ALL, routes=(Route(("hook", "desk"), groups=("funded",)),))
    firm.tell(alert, settings)
    far = DAY + timedelta(days=60)
    firm.tell(alert, settings, "escalated", newest=far)
    firm.tell(alert, ALL, "resolved", newest=far)
    assert queued(firm) == [
        ("raised", "desk"),
        ("raised", "hook"),
        ("escalated", "desk"),
        ("escalated", "hook"),
        ("resolved", "hook"),
    ]


def test_days_too_old_are_not_queued(database: Database, firm: Any) -> None:
    firm.account("A-1")
    alert = firm.alert("A-1")
    settings = AlertSettings(deliver_days=7)
    firm.tell(alert, settings, newest=DAY + timedelta(days=7))
    assert queued(firm) == []
    firm.tell(alert, settings, "escalated", newest=DAY + timedelta(days=6))
    assert queued(firm) == [("escalated", "log")]


def test_who_was_spared_the_message_is_spared_what_follows(database: Database, firm: Any) -> None:
    firm.account("A-1")
    alert = firm.alert("A-1")
    firm.tell(alert, ALL)
    firm.rows("UPDATE deliveries SET state = 'cancelled' WHERE sink = 'hook' RETURNING 1")
    firm.tell(alert, ALL, "resolved")
    assert ("resolved", "hook") not in queued(firm)
