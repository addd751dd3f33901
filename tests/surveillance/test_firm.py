"""On a synthetic firm: what was done to it is found, and the same whichever days are looked at."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from timeseries.config import Settings
from timeseries.database import Database
from timeseries.demo import DemoFirm, generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_aggregates, refresh_metrics
from timeseries.surveillance import RULES, find_violations

KINDS = {"martingale": "martingale", "lot_explosion": "lot_explosion", "copied_pair": "copied"}
PLANS = [f"{size}k-{rules}" for size in (5, 10, 25, 50, 100) for rules in ("classic", "express", "pro")]
SETTINGS = Settings(
    rules={"weekend": {"plans": PLANS, "exempt": []}, "copied": {"matches": 2, "chance": 1.0}}
)


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> DemoFirm:
    return generate(tmp_path_factory.mktemp("firm"), accounts=70, days=90, seed=118)


@pytest.fixture(scope="module")
def loaded(database: Database, firm: DemoFirm) -> Database:
    for kind in ("plans", "accounts", "trades"):
        for path in firm.files[kind]:
            load(database, Kind(kind), path)
    refresh_metrics(database)
    refresh_aggregates(database)
    return database


def test_what_was_done_is_found(loaded, firm):
    found = find_violations(loaded, Settings(), since=firm.first_day, until=firm.last_day)
    told = {(one.account, one.rule) for one in found}
    labels = [label for label in firm.labels if label.kind in KINDS]
    assert {label.kind for label in labels} == set(KINDS)
    assert [label for label in labels if (label.account, KINDS[label.kind]) not in told] == []


def test_the_span_looked_at_does_not_matter(loaded, firm):
    """Copies are looked for so loosely here that chance has some too."""
    last = firm.last_day
    first = last - timedelta(days=10)
    whole = find_violations(loaded, SETTINGS, since=first, until=last)
    assert {one.rule for one in whole} >= {"copied", "weekend", "win_rate", "lot_explosion"}
    by_day = [
        one
        for number in range(11)
        for day in [first + timedelta(days=number)]
        for one in find_violations(loaded, SETTINGS, since=day, until=day)
    ]
    assert by_day == whole


def test_blocks_do_not_matter(loaded, firm, monkeypatch):
    span = {"since": firm.last_day - timedelta(days=20), "until": firm.last_day}
    whole = find_violations(loaded, SETTINGS, **span)
    monkeypatch.setattr("timeseries.surveillance._find.BLOCK_TRADES", 150)
    monkeypatch.setattr("timeseries.surveillance._find.LONGEST_SPAN", 8)
    assert find_violations(loaded, SETTINGS, **span) == whole


def test_evidence_names_trades_that_are_there(loaded, firm):
    found = find_violations(loaded, SETTINGS, since=firm.first_day, until=firm.last_day)
    named = {(one.account, ticket) for one in found for ticket in one.evidence.get("tickets", [])}
    with loaded.transaction() as connection:
        known = connection.execute(text("SELECT account, ticket FROM plain.trades")).all()
    assert named
    assert named <= {(row.account, row.ticket) for row in known}


def test_an_empty_span_finds_nothing(loaded):
    assert find_violations(loaded, SETTINGS, since=date(2020, 1, 1), until=date(2020, 1, 2)) == []


def test_only_the_named_rules_are_looked_for(loaded, firm):
    span = {"since": firm.first_day, "until": firm.last_day}
    found = find_violations(loaded, Settings(), rules=["martingale", "daily_loss"], **span)
    assert {one.rule for one in found} == {"martingale", "daily_loss"}
    off = Settings(rules={name: {"enabled": False} for name in RULES if name != "drawdown"})
    assert {one.rule for one in find_violations(loaded, off, **span)} == {"drawdown"}
