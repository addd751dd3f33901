"""What people do to alerts, and what follows from it."""

from datetime import date, timedelta
from typing import Any

import pytest

from timeseries.alerts import (
    acknowledge,
    label,
    list_alerts,
    list_mutes,
    mute,
    raise_alerts,
    show_alert,
    unmute,
)
from timeseries.config import AlertSettings
from timeseries.database import Database
from timeseries.errors import InputError, NotFound

FIRST_DAY = date(2024, 3, 4)


def raise_now(database: Database) -> Any:
    with database.transaction() as connection:
        return raise_alerts(connection, AlertSettings())


@pytest.fixture
def alarmed(database: Database, firm: Any) -> Any:
    firm.account("A-1")
    firm.account("B-1", group="london")
    firm.anomaly("A-1", severity="critical")
    firm.anomaly("B-1", 1, metric="trades")
    raise_now(database)
    return firm


def test_an_acknowledged_alert_is_not_told_for_neglect(database: Database, alarmed: Any) -> None:
    assert acknowledge(database, [1], by="ann", note="calling the trader") == [1]
    assert acknowledge(database, [1], by="bob") == []
    page = show_alert(database, 1)
    assert (page.alert.state, page.alert.acknowledged_by) == ("acknowledged", "ann")
    assert [(e.event, e.done_by, e.note) for e in page.events][-1] == (
        "acknowledged",
        "ann",
        "calling the trader",
    )
    with database.transaction() as connection:
        later = page.alert.raised_at + timedelta(days=1)
        assert raise_alerts(connection, AlertSettings(), now=later).escalated == 0


def test_one_wrong_number_changes_nothing(database: Database, alarmed: Any) -> None:
    with pytest.raises(NotFound, match="no alert 77"):
        acknowledge(database, [1, 77], by="ann")
    assert show_alert(database, 1).alert.state == "open"


@pytest.mark.parametrize("verdict", ["expected", "false", "new_normal"])
def test_a_dismissed_alert_stays_quiet_whatever_follows(
    database: Database, alarmed: Any, verdict: str
) -> None:
    label(database, [2], verdict, by="ann")
    assert (show_alert(database, 2).alert.state, show_alert(database, 2).alert.resolution) == (
        "resolved",
        "labelled",
    )
    alarmed.anomaly("B-1", 2, metric="trades", severity="critical")
    assert raise_now(database).messages == 0
    assert show_alert(database, 2).alert.trading_day == FIRST_DAY + timedelta(days=2)


def test_what_was_over_when_it_was_dismissed_does_not_come_back(database: Database, alarmed: Any) -> None:
    alarmed.anomaly("A-1", 9, severity="info")
    raise_now(database)
    assert show_alert(database, 2).alert.resolution == "ended"
    label(database, [2], "false", by="ann")
    alarmed.anomaly("B-1", 9, metric="trades", severity="critical")
    assert raise_now(database).messages == 0
    assert show_alert(database, 2).alert.state == "resolved"


def test_a_true_alert_stays_open_and_a_changed_mind_opens_it_again(database: Database, alarmed: Any) -> None:
    label(database, [1], "true", by="ann")
    assert show_alert(database, 1).alert.state == "open"
    label(database, [1], "false", by="ann")
    label(database, [1], "true", by="bob")
    page = show_alert(database, 1)
    assert (page.alert.state, page.alert.label) == ("open", "true")
    labels = [(event.event, event.done_by) for event in page.events if event.done_by]
    assert labels == [("labelled true", "ann"), ("labelled false", "ann"), ("labelled true", "bob")]


def test_an_unknown_label_is_refused(database: Database, alarmed: Any) -> None:
    with pytest.raises(InputError, match="no label 'maybe'"):
        label(database, [1], "maybe", by="ann")


@pytest.mark.parametrize("what", [{"account": "B-1"}, {"group": "london"}, {"subject": "trades"}])
def test_a_mute_holds_for_the_past_too_and_lifting_it_brings_the_alert_back(
    database: Database, alarmed: Any, what: dict[str, str]
) -> None:
    number = mute(database, by="ann", since=FIRST_DAY, until=FIRST_DAY + timedelta(days=30), **what)
    raise_now(database)
    assert [a.account for a in list_alerts(database, state="open")] == ["A-1"]
    assert show_alert(database, 2).alert.resolution == "muted"
    alarmed.anomaly("B-1", 3, metric="trades")
    assert raise_now(database).messages == 0
    unmute(database, number, by="bob")
    raise_now(database)
    assert show_alert(database, 2).alert.state == "open"
    assert [one.lifted_at is not None for one in list_mutes(database)] == [True]


def test_days_outside_of_a_mute_are_heard(database: Database, alarmed: Any) -> None:
    mute(database, by="ann", account="B-1", since=FIRST_DAY + timedelta(days=2))
    raise_now(database)
    assert show_alert(database, 2).alert.state == "open"


def test_a_mute_must_name_something_that_is_there(database: Database, alarmed: Any) -> None:
    with pytest.raises(InputError, match="Name an account"):
        mute(database, by="ann", since=FIRST_DAY)
    with pytest.raises(NotFound, match="no account 'C-9'"):
        mute(database, by="ann", account="C-9", since=FIRST_DAY)
    with pytest.raises(NotFound, match="no group 'paris'"):
        mute(database, by="ann", group="paris", since=FIRST_DAY)
    with pytest.raises(InputError, match="before it begins"):
        mute(database, by="ann", account="A-1", since=FIRST_DAY, until=FIRST_DAY - timedelta(days=1))
    with pytest.raises(NotFound, match="no mute 5"):
        unmute(database, 5, by="ann")
