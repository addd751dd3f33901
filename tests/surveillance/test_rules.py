"""Each rule at its limit: what is found, what just is not, and what the sentence says."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import pytest

from timeseries.surveillance import Violation, load_news

MONDAY = date(2026, 3, 2)


def at(minutes: float, day: int = 0) -> datetime:
    """So many minutes after noon UTC, so many days after Monday, 2 March 2026."""
    return datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=day, minutes=minutes)


def days_of(violations: Iterable[Violation]) -> list[tuple[str, date]]:
    return [(one.account, one.trading_day) for one in violations]


# ---- the plan's limits


def test_a_loss_beyond_the_daily_limit_is_found_with_its_excess(desk):
    desk.trade(at(0), profit=-500)
    desk.trade(at(0, day=1), account="B", profit=-500.5)
    (one,) = desk.found("daily_loss")
    assert days_of([one]) == [("B", date(2026, 3, 3))]
    assert (one.seen, one.expected, one.at_stake) == (500.5, 500.0, 50)
    assert "500.50 USD" in one.reason
    assert "500.00 USD" in one.reason
    assert "2026-03-03" in one.reason


def test_an_ended_account_is_told_once(desk):
    for day in (0, 1, 2):
        desk.trade(at(0, day), account="D", profit=-600)
        desk.trade(at(0, day), account="A", profit=-600)
    found = desk.found("daily_loss")
    assert days_of(found) == [("A", MONDAY), ("D", MONDAY), ("A", date(2026, 3, 3)), ("A", date(2026, 3, 4))]
    assert [one.severity for one in found] == ["critical", "info", "critical", "critical"]


def test_a_drawdown_is_told_on_its_first_day_and_again_after_it_was_made_good(desk):
    for day, profit in enumerate([-1100, -50, 400, 10, -300]):
        desk.trade(at(0, day), profit=profit)
    assert [one.trading_day for one in desk.found("drawdown")] == [MONDAY, date(2026, 3, 6)]
    # The day before is looked at even where the span begins after it.
    assert desk.found("drawdown", since=date(2026, 3, 3), until=date(2026, 3, 4)) == []


def test_one_good_day_is_inconsistent_once_the_target_is_met(desk):
    for day, profit in enumerate([600, 350, 100, 900]):
        desk.trade(at(0, day), profit=profit)
    (one,) = desk.found("consistency")
    assert one.trading_day == date(2026, 3, 4)  # 600 of 1,050: the first day at the target of 1,000
    assert one.seen == pytest.approx(600 / 1050, abs=1e-6)
    assert one.at_stake == 60_000 - 42_000


# ---- martingale


def losing_run(desk, sizes, *, account="A", symbol="EURUSD", apart=30, profits=None):
    for step, lots in enumerate(sizes):
        profit = profits[step] if profits else -10
        desk.trade(at(step * apart), account=account, lots=lots, profit=profit, symbol=symbol)


def test_three_raises_after_losses_are_a_martingale(desk):
    losing_run(desk, [0.1, 0.2, 0.4, 0.8])
    (one,) = desk.found("martingale")
    assert (one.seen, one.expected, one.at_stake) == (3, 3, 3000)
    assert one.evidence["tickets"] == [1, 2, 3, 4]
    assert one.evidence["sizes"] == [0.1, 0.2, 0.4, 0.8]
    assert desk.found("martingale", growth=2) == []


def test_what_is_no_martingale(desk):
    runs = [
        {"sizes": [0.1, 0.2, 0.4]},
        {"sizes": [1.0, 1.1, 1.21, 1.33]},  # a raise is more than 1.1 times
        {"sizes": [0.1, 0.2, 0.4, 0.8], "profits": [-1, 0, -1, 5]},  # 0.2 did not lose
        {"sizes": [0.1, 0.2, 0.4, 0.8], "apart": 9},  # opened before the loss was known
        {"sizes": [0.1, 0.2, 0.4, 0.8], "apart": 25 * 60},  # more than a day apart
        {"sizes": [0.1, 0.2, 0.4, 0.8], "apart": 24 * 60},  # just not more than a day
    ]
    for number, run in enumerate(runs):
        losing_run(desk, account=f"N0{number}", **run)
    assert {one.account for one in desk.found("martingale")} == {"N05"}


def test_trades_in_another_symbol_do_not_break_a_run(desk):
    losing_run(desk, [0.1, 0.2, 0.4, 0.8])
    for step in range(4):
        desk.trade(at(step * 30 + 15), symbol="XAUUSD", profit=50)
    assert len(desk.found("martingale")) == 1


def test_a_run_over_midnight_is_found_whole_by_a_look_at_its_last_day(desk):
    losing_run(desk, [0.1, 0.2, 0.4, 0.8, 1.6], apart=5 * 60)
    (one,) = desk.found("martingale", since=date(2026, 3, 3), until=date(2026, 3, 3))
    assert (one.seen, one.since) == (4, MONDAY)


# ---- lots


def quiet_days(desk, days, lots=1.0, account="A"):
    for day in range(days):
        desk.trade(at(0, day), lots=lots, account=account)


def test_an_explosion_needs_four_times_the_usual_size_and_five_days_of_past(desk):
    for account, days, lots in (("A", 5, 4.0), ("B", 5, 3.9), ("N00", 4, 40.0)):
        quiet_days(desk, days, account=account)
        desk.trade(at(0, 7), lots=lots, account=account)
    (one,) = desk.found("lot_explosion")
    assert (one.account, one.seen, one.expected, one.trading_day) == ("A", 4.0, 1.0, date(2026, 3, 9))


def test_a_size_that_was_there_before_is_no_explosion(desk):
    quiet_days(desk, 6)
    desk.trade(at(60, 2), lots=4.0)
    desk.trade(at(0, 7), lots=6.0)
    assert [one.trading_day for one in desk.found("lot_explosion")] == []
    assert [one.trading_day for one in desk.found("lot_explosion", peak_factor=1.5)] == [date(2026, 3, 9)]


def test_a_size_is_compared_in_its_own_symbol(desk):
    quiet_days(desk, 6)
    desk.trade(at(0, 7), lots=50, symbol="US30")
    assert desk.found("lot_explosion") == []


# ---- seconds


def scalps(desk, count, *, account="A", lost=0, held=60, days=1):
    for number in range(count):
        profit = -1 if number < lost else 1
        desk.trade(at(number * 2, number % days), account=account, held=held, profit=profit)


def test_twenty_won_scalps_in_five_days_are_latency_trading(desk):
    patterns = [
        ({"count": 20, "lost": 3}, 1),
        ({"count": 20, "lost": 4}, 0),
        ({"count": 19}, 0),
        ({"count": 20, "held": 61}, 0),
        ({"count": 20, "days": 5}, 1),
        ({"count": 24, "days": 6}, 2),  # any five days have twenty
    ]
    for number, (pattern, _) in enumerate(patterns):
        scalps(desk, account=f"N0{number}", **pattern)
    violations = desk.found("hft")
    told = Counter(one.account for one in violations)
    assert told == {f"N0{number}": times for number, (_, times) in enumerate(patterns) if times}
    for one in violations:
        assert one.seen >= one.expected == 0.85
        assert len(one.evidence["tickets"]) <= 20


# ---- copies


def copies(desk, count, *, accounts=("A", "B"), late=4, lots=1.0, side="buy", days=5, symbol="EURUSD"):
    for number in range(count):
        opened = at(number * 17, number % days)
        desk.trade(opened, account=accounts[0], symbol=symbol)
        desk.trade(opened + timedelta(seconds=late), account=accounts[1], symbol=symbol, lots=lots, side=side)


def test_five_matches_in_seven_days_are_copies(desk):
    patterns = {
        "EURUSD": {"count": 5},
        "GBPUSD": {"count": 4},
        "USDJPY": {"count": 5, "late": 5},
        "USDCHF": {"count": 5, "late": 6},
        "USDCAD": {"count": 5, "lots": 1.1},
        "AUDUSD": {"count": 5, "lots": 1.12},
        "NZDUSD": {"count": 5, "side": "sell"},
        "XAUUSD": {"count": 8, "days": 8},
    }
    for number, (symbol, pattern) in enumerate(patterns.items()):
        accounts = f"N{2 * number:02}", f"N{2 * number + 1:02}"
        copies(desk, symbol=symbol, accounts=accounts, **pattern)
    always = {"EURUSD", "USDJPY", "USDCAD", "XAUUSD"}
    for parameters, symbols in (
        ({}, always | {"AUDUSD"}),
        ({"scaled": False}, always),
        ({"scaled": False, "opposite": True}, always | {"NZDUSD"}),
        ({"matches": 8}, set()),
    ):
        found = desk.found("copied", **parameters)
        assert {symbol for one in found for symbol in one.evidence["symbols"]} == symbols
        for one in found:
            (counterpart,) = one.evidence["counterparts"]
            assert int(one.account[1:]) // 2 == int(counterpart["account"][1:]) // 2
            assert one.account != counterpart["account"]


def test_many_openings_at_one_moment_are_one_match(desk):
    for number in range(8):
        desk.trade(at(number / 60))
        desk.trade(at(number / 60), account="B")
    assert desk.found("copied") == []


def test_moments_at_which_the_whole_firm_trades_prove_nothing(desk):
    for day in range(6):
        for account in ("A", "B", *(f"N{n:02}" for n in range(60) if n % 6 != day)):
            desk.trade(at(0, day), account=account)
    assert desk.found("copied") == []


def test_a_copy_counts_on_the_day_both_trades_are_closed_on_each_account_s_calendar(desk):
    copies(desk, 4, accounts=("A", "C"), days=4)
    desk.trade(at(0, 4), held=60)
    desk.trade(at(0, 4), account="C", held=10.5 * 3600)  # 22:30 UTC on Friday: after New York's reset
    found = desk.found("copied")
    assert days_of(found) == [("A", date(2026, 3, 6)), ("C", date(2026, 3, 7))]
    assert desk.found("copied", until=date(2026, 3, 5)) == []


# ---- news and weekends


NEWS = """time,currency,title,impact
2026-03-02T07:30:00-05:00,USD,Payrolls,high
2026-03-02T15:00:00Z,EUR,Rate,low
"""


def test_trades_near_news_where_the_plan_forbids_them(desk, tmp_path):
    path = tmp_path / "news.csv"
    path.write_text(NEWS)
    load_news(desk.database, path)
    near = [
        (28, {"held": 600}),  # 12:28 is two minutes before
        (20, {"held": 12 * 60}),  # closed at 12:32
        (30, {"held": 600, "symbol": "US30"}),
    ]
    far = [
        (27.9, {"held": 5}),
        (20, {"held": 12 * 60 + 1}),
        (30, {"held": 600, "symbol": "EURGBP"}),
        (180, {"held": 600}),  # of low impact
    ]
    for number, (opened, trade) in enumerate([*near, *far]):
        desk.trade(at(opened), account=f"N0{number}", **trade)
    desk.trade(at(30), account="C")  # its plan allows it
    found = desk.found("news", plans=["utc"])
    assert [one.account for one in found] == [f"N0{number}" for number in range(len(near))]
    assert desk.found("news") == []
    for one in found:
        assert "Payrolls" in one.reason
        assert one.evidence["news"][0]["time"] == "2026-03-02T12:30:00Z"


def test_positions_over_the_weekend(desk):
    held = [
        ("2026-03-06T21:59:59", "2026-03-09T10:00:00", "EURUSD"),  # winter: 22:00 UTC
        ("2026-03-13T20:59:59", "2026-03-16T10:00:00", "EURUSD"),  # summer: 21:00 UTC
        ("2026-03-04T12:00:00", "2026-03-18T10:00:00", "EURUSD"),  # two weekends
    ]
    not_held = [
        ("2026-03-06T22:00:00", "2026-03-09T10:00:00", "EURUSD"),
        ("2026-03-13T21:00:00", "2026-03-16T10:00:00", "EURUSD"),
        ("2026-03-04T12:00:00", "2026-03-06T20:00:00", "EURUSD"),
        ("2026-03-06T12:00:00", "2026-03-09T10:00:00", "BTCUSD"),
    ]
    for number, (opened, closed, symbol) in enumerate([*held, *not_held]):
        begin, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (opened, closed))
        desk.trade(begin, account=f"N0{number}", held=(end - begin).total_seconds(), symbol=symbol)
    found = desk.found("weekend", plans=["utc"])
    assert sorted(one.account for one in found) == [f"N0{number}" for number in range(len(held))]
    assert {one.since for one in found} == {date(2026, 3, 6), date(2026, 3, 13)}
    assert desk.found("weekend", plans=["new-york"]) == []


# ---- wins


def test_a_jump_in_wins_is_found_against_the_account_s_own_past(desk):
    """An account between the two that was closed long ago is nobody's past."""
    for account, share in (("A", 2), ("B", 1)):
        for number in range(80):
            profit = 10 if number % 4 < share else -10
            desk.trade(at(number % 4, -40 + number // 4), account=account, profit=profit)
        for number in range(16):
            desk.trade(at(number % 4 * 9, number // 4), account=account, profit=5 if number else -5)
    for number in range(80):
        desk.trade(at(number % 4, -40 + number // 4), account="OLD", profit=10)
    found = desk.found("win_rate", since=MONDAY)
    assert {one.account for one in found} == {"A", "B"}
    last = found[-1]
    assert (last.account, last.trading_day, last.since) == ("B", date(2026, 3, 5), MONDAY)
    assert (last.seen, last.expected) == (pytest.approx(15 / 16), pytest.approx(0.25))
    assert 0 < last.evidence["pvalue"] < 1e-4
    assert desk.found("win_rate", since=MONDAY, past_trades=100) == []


def test_many_small_wins_are_found_sooner_than_as_many_ordinary_ones(desk):
    for account in ("A", "B"):
        for number in range(80):
            profit = 10 if number % 2 else -10
            desk.trade(at(number % 4, -40 + number // 4), account=account, profit=profit)
        for number in range(12):
            win = 2 if account == "A" else 10
            desk.trade(at(number % 4 * 9, number // 4), account=account, profit=win if number else -5)
    found = desk.found("win_rate", since=MONDAY)
    assert {one.account for one in found} == {"A"}
    assert (found[-1].evidence["average_win"], found[-1].evidence["past_average_win"]) == (200, 1000)
    assert "average win of 2.00 USD where 10.00 USD is usual" in found[-1].reason


def test_an_account_that_always_won_is_not_found(desk):
    for number in range(60):
        desk.trade(at(number % 4, -20 + number // 4), profit=10 if number % 20 else -10)
    for number in range(12):
        desk.trade(at(number % 4, number // 4))
    assert desk.found("win_rate") == []


def test_evidence_can_be_written_as_json(desk):
    losing_run(desk, [0.1, 0.2, 0.4, 0.8])
    copies(desk, 6)
    scalps(desk, 30)
    for rule in ("martingale", "copied", "hft"):
        for one in desk.found(rule):
            assert json.loads(json.dumps(one.evidence)) == one.evidence
            assert asdict(one)["rule"] == rule
