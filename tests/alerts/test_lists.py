"""Lists of alerts: what needs somebody first, page by page, for those who may see it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from timeseries.access import reader
from timeseries.alerts import acknowledge, find_alerts, label, list_alerts, show_alert
from timeseries.database import Database
from timeseries.errors import InputError, NotFound

GRAVITY = ("info", "warning", "critical")
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def desk(database: Database, firm: Any) -> dict[str, int]:
    """Alerts by what they stand for."""
    firm.account("A", group="london")
    firm.account("B", "JPY", group="dubai")
    firm.account("C")
    told = {
        "small": firm.alert("A", 0, "critical", at_stake=100_000),
        "large": firm.alert("A", 3, "critical", at_stake=900_000),
        "yen": firm.alert("B", 1, "critical", at_stake=5_000),
        "unknown": firm.alert("C", 9, "critical", at_stake=None),
        "late": firm.alert("B", 8, "warning", at_stake=100),
        "early": firm.alert("C", 2, "warning", at_stake=1_000_000, subject="lots"),
        "over": firm.alert("A", 9, "critical", at_stake=9_900_000),
        "seen": firm.alert("B", 9, "info"),
    }
    label(database, [told["over"]], "expected", by="ann")
    acknowledge(database, [told["large"]], by="ann")
    return told


def shown(database: Database, told: dict[str, int], **wanted: Any) -> list[str]:
    names = {number: name for name, number in told.items()}
    return [names[alert.alert_id] for alert in list_alerts(database, **wanted)]


def test_what_needs_somebody_comes_first(database, desk):
    order = ["large", "yen", "small", "unknown", "early", "late", "seen", "over"]
    assert shown(database, desk, sort="rank") == order
    assert shown(database, desk, sort="newest")[:3] == ["over", "unknown", "seen"]


def test_who_is_meant_and_how_far_it_is(database, desk):
    assert shown(database, desk, sort="rank", group="london") == ["large", "small", "over"]
    assert shown(database, desk, sort="rank", state="unresolved", account="A") == ["large", "small"]
    assert shown(database, desk, state="acknowledged") == ["large"]
    assert shown(database, desk, state="unresolved", severity="critical", subject="lots") == []
    assert shown(database, desk, group="nowhere") == []


def test_money_at_stake_is_in_the_accounts_currency(database, desk):
    found = {alert.alert_id: (alert.at_stake, alert.currency) for alert in list_alerts(database)}
    assert found[desk["large"]] == (9000.0, "USD")
    assert found[desk["yen"]] == (5000.0, "JPY")
    assert found[desk["unknown"]] == (None, "USD")
    assert show_alert(database, desk["yen"]).alert.currency == "JPY"


@pytest.mark.parametrize("sort", ["newest", "rank"])
@pytest.mark.parametrize("limit", [1, 3, 8])
def test_pages_follow_one_another(database, desk, sort, limit):
    whole = list_alerts(database, sort=sort)
    seen, after = [], None
    while True:
        page = find_alerts(database, sort=sort, after=after, limit=limit)
        assert len(page.alerts) <= limit
        seen += page.alerts
        after = page.next
        if after is None:
            break
    assert seen == whole


def test_an_alert_that_is_settled_meanwhile_shifts_no_page(database, desk):
    first = find_alerts(database, sort="rank", limit=3)
    label(database, [desk["yen"]], "false", by="ann")
    rest = find_alerts(database, sort="rank", limit=20, after=first.next)
    seen = [alert.alert_id for alert in (*first.alerts, *rest.alerts)]
    # It stood on the first page, and stands now among those that are over.
    assert sorted(seen) == sorted([*desk.values(), desk["yen"]])


@FEW
@given(
    facts=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(GRAVITY), st.none() | st.integers(-3, 3)), max_size=9
    ),
    limit=st.integers(1, 4),
)
def test_rank_is_severity_then_money_then_day(database, firm, facts, limit):
    firm.clear()
    for number, (day, severity, stake) in enumerate(facts):
        firm.account(str(number))
        firm.alert(str(number), day, severity, at_stake=stake)
    order = sorted(
        range(len(facts)),
        key=lambda n: (GRAVITY.index(facts[n][1]), facts[n][2] or 0, facts[n][0], n),
        reverse=True,
    )
    seen, after = [], None
    while True:
        page = find_alerts(database, sort="rank", limit=limit, after=after)
        seen += [int(alert.account) for alert in page.alerts]
        after = page.next
        if after is None:
            break
    assert seen == order


def test_a_scoped_reader_sees_its_groups_alerts(database, desk, firm):
    ours = reader(database, ["london"])
    assert shown(ours, desk, sort="rank") == ["large", "small", "over"]
    assert find_alerts(ours, group="dubai").alerts == ()
    with pytest.raises(NotFound):
        show_alert(ours, desk["yen"])
    with pytest.raises(NotFound):
        list_alerts(ours, account="B")


def test_orders_and_states_there_are_not(database, desk):
    for wrong in ({"sort": "loudest"}, {"state": "gone"}):
        with pytest.raises(InputError, match="known:"):
            list_alerts(database, **wrong)
