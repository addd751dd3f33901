"""What pages and API ask for says what the raw rows say, and to scoped readers only of their accounts."""

from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recompute import Plan
from sqlalchemy import text

from timeseries import reads
from timeseries.access import reader
from timeseries.database import Database
from timeseries.errors import InputError, NotFound

FEW = settings(max_examples=10, deadline=None)
SIZES = {"5 minutes": "5min", "1 hour": "1h", "1 day": "1D"}


@pytest.fixture(scope="module")
def snapshots(firm, one) -> pd.DataFrame:
    return table(
        firm, "SELECT time, equity, balance FROM plain.equity WHERE account = :account ORDER BY time", one
    )


@pytest.fixture(scope="module")
def metrics(firm, standings) -> pd.DataFrame:
    groups = {one.account: (one.account_group, one.initial_balance) for one in standings}
    rows = [row for name in groups for row in reads.account_days(firm, name, days=1_000)]
    days = pd.DataFrame(rows)
    days["group"] = [groups[name][0] for name in days.account]
    days["share"] = [
        float(profit / groups[name][1]) for profit, name in zip(days.net_profit, days.account, strict=True)
    ]
    return days


@pytest.fixture(scope="module")
def trades(firm) -> pd.DataFrame:
    found = table(
        firm,
        "SELECT account, account_group, symbol, ticket, close_time, net_profit, reset_time, time_zone "
        "FROM plain.trades JOIN plain.accounts USING (account) JOIN plain.plans USING (plan)",
    )
    found["trading_day"] = [
        Plan(Decimal(0), None, "equity", "static", None, "equity", reset, ZoneInfo(zone)).day_of(close)
        for reset, zone, close in zip(found.reset_time, found.time_zone, found.close_time, strict=True)
    ]
    return found


def table(database: Database, query: str, one: reads.AccountStanding | None = None) -> pd.DataFrame:
    with database.transaction() as connection:
        result = connection.execute(text(query), {} if one is None else {"account": one.account})
        return pd.DataFrame(result.all(), columns=list(result.keys()))


# ---- series


@FEW
@given(back=st.integers(1, 70 * 1440), length=st.integers(1, 70 * 1440), points=st.integers(1, 900))
def test_a_line_of_equity_is_what_the_snapshots_say(firm, one, snapshots, back, length, points):
    since = snapshots.time.max() - timedelta(minutes=back)
    until = since + timedelta(minutes=length)
    line = reads.equity_series(firm, one.account, since=since, until=until, points=points)
    size = SIZES[line.level]
    assert line.level == "1 day" or len(line.time) <= points
    buckets = snapshots.time.dt.floor(size)
    within = (buckets >= pd.Timestamp(since).floor(size)) & (buckets < until)
    by = snapshots[within].groupby(buckets[within])
    assert list(line.time) == list(by.groups)
    for columns, wanted in (
        (line.equity, by.equity.last()),
        (line.low, by.equity.min()),
        (line.high, by.equity.max()),
        (line.balance, by.balance.last()),
    ):
        assert list(columns) == list(map(float, wanted))


def test_the_finest_level_that_fits_is_taken(firm, one, snapshots):
    end = snapshots.time.max()
    for span, points, level in (
        (timedelta(hours=10), 150, "5 minutes"),
        (timedelta(hours=10), 100, "1 hour"),
        (timedelta(hours=10), 5, "1 day"),
        (timedelta(days=30), 800, "1 hour"),
    ):
        assert reads.equity_series(firm, one.account, since=end - span, points=points).level == level


def test_an_empty_line_is_no_error(firm, one, standings):
    ahead = datetime(2100, 1, 1, tzinfo=UTC)
    line = reads.equity_series(firm, one.account, since=ahead)
    assert (line.currency, line.time, line.high) == (one.currency, (), ())
    assert reads.equity_series(firm, one.account, until=datetime(2000, 1, 1, tzinfo=UTC)).time == ()


# ---- pages


@FEW
@given(
    limit=st.integers(1, 30), sort=st.sampled_from(["name", "risk"]), group=st.sampled_from([None, "london"])
)
def test_pages_of_accounts_follow_one_another(firm, limit, sort, group):
    whole = reads.overview(firm, sort=sort, group=group, limit=1_000)
    seen, after = [], None
    while True:
        page = reads.overview(firm, sort=sort, group=group, limit=limit, after=after)
        assert (page.total, len(page.accounts) <= limit) == (whole.total, True)
        seen += page.accounts
        after = page.next
        if after is None:
            break
    assert seen == list(whole.accounts)


def test_pages_of_days_follow_one_another(firm, one):
    whole = reads.account_days(firm, one.account, days=1_000)
    seen, before = [], None
    while page := reads.account_days(firm, one.account, before=before, days=7):
        seen, before = seen + page, page[-1]["trading_day"]
    assert seen == whole
    first, last = whole[20]["trading_day"], whole[10]["trading_day"]
    assert reads.account_days(firm, one.account, since=first, until=last, days=1_000) == whole[10:21]


def test_trades_of_one_symbol(firm, one, trades):
    mine = trades[trades.account == one.account]
    for symbol, part in mine.groupby("symbol"):
        found = reads.account_trades(firm, one.account, symbol=symbol, limit=1_000).trades
        assert {trade.ticket for trade in found} == set(part.ticket)
    assert reads.account_trades(firm, one.account, symbol="none").trades == ()


@FEW
@given(limit=st.integers(1, 40), severity=st.sampled_from([None, "info", "warning", "critical"]))
def test_pages_of_findings_follow_one_another(firm, limit, severity):
    seen, before = [], None
    while True:
        page = reads.find_findings(firm, severity=severity, limit=limit, before=before)
        seen += [(found.trading_day, found.finding_id, found.severity) for found in page.findings]
        before = page.older
        if before is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == len(seen) == {None: 75, "info": 75, "warning": 51, "critical": 24}[severity]


def test_findings_are_chosen(firm, one):
    found = reads.find_findings(firm, account=one.account, since=date(2026, 6, 23)).findings
    assert [(f.account, f.trading_day.day, f.at_stake) for f in found] == [
        (one.account, 24, Decimal("123.45")),
        (one.account, 23, Decimal("123.45")),
    ]
    assert found[0].evidence == {"tickets": [7]}
    cohorts = reads.find_findings(firm, kind="cohort").findings
    assert {(f.account, f.cohort, f.at_stake) for f in cohorts} == {
        (None, cohort, None) for cohort in ("firm", "london", "dubai")
    }
    assert len(reads.find_findings(firm, until=date(2026, 6, 22)).findings) == 24


# ---- outlooks


def test_the_newest_forecast_and_the_lines_it_is_drawn_against(firm, standings):
    with firm.transaction() as connection:
        rules = {
            row.account: row
            for row in connection.execute(text("SELECT * FROM plain.accounts JOIN plain.plans USING (plan)"))
        }
    for one in standings:
        found = reads.account_forecast(firm, one.account)
        assert (found.origin, found.days) == (date(2026, 6, 26), (date(2026, 6, 29), date(2026, 6, 30)))
        assert (found.levels, found.mean) == ((0.025, 0.1, 0.5, 0.9, 0.975), (301, 302))
        assert (found.quantiles[0], found.total_quantiles[1]) == ((280, 290, 300, 310, 320), (6, 7, 8, 9, 10))
        assert (found.any_breach, found.daily_loss_breach, found.expected_payout) == (
            0.25,
            None,
            Decimal("12.35"),
        )
        assert found.daily_loss_left == one.daily_loss
        known = [
            d for d in reads.account_days(firm, one.account, days=1_000) if d["trading_day"] <= found.origin
        ]
        balance = known[0]["balance_end"] if known else one.initial_balance
        target = (
            None
            if one.phase == "funded" or one.profit_target is None
            else one.initial_balance + one.profit_target
        )
        assert found.profit_target_left == (None if target is None else target - balance)
        rule = rules[one.account]
        if one.max_drawdown is None or rule.max_drawdown_mode == "trailing":
            continue
        watched = balance if rule.max_drawdown_basis == "balance" or not known else known[0]["equity_end"]
        assert found.max_drawdown_left == watched - one.initial_balance + one.max_drawdown


def test_what_was_foretold_of_a_day_stands_on_the_next_weekday(firm, one):
    said = reads.expected_days(firm, one.account)
    assert said.trading_day == (date(2026, 6, 25), date(2026, 6, 26), date(2026, 6, 29))
    assert (said.median, said.low_80, said.high_95) == ((100, 200, 300), (90, 190, 290), (120, 220, 320))
    friday = date(2026, 6, 26)
    assert reads.expected_days(firm, one.account, since=friday, until=friday).median == (200,)
    assert reads.expected_days(firm, one.account, since=date(2026, 6, 27)).trading_day == (date(2026, 6, 29),)
    assert reads.expected_days(firm, one.account, since=date(2027, 1, 1)).low_95 == ()


def test_only_forecasts_that_are_over_stand_against_what_came(firm, one):
    (outcome,) = reads.forecast_outcomes_of(firm, one.account)
    assert (outcome.origin, outcome.total, outcome.expected_total) == (
        date(2026, 6, 24),
        Decimal("-3.5"),
        203,
    )
    assert (outcome.low_80, outcome.high_80, outcome.any_breach, outcome.any_breached) == (7, 9, 0.25, False)


# ---- the firm


@FEW
@given(days=st.integers(1, 80), group=st.sampled_from([None, "london", "dubai"]))
def test_days_of_the_firm_are_what_its_trades_say(firm, trades, metrics, days, group):
    (series,) = reads.firm_days(firm, group=group, days=days)
    mine = metrics if group is None else metrics[metrics.group == group]
    first = mine.trading_day.max() - timedelta(days=days - 1)
    mine = mine[mine.trading_day >= first]
    rows = trades if group is None else trades[trades.account_group == group]
    by = dict(list(rows.groupby("trading_day")))
    assert list(series.trading_day) == sorted(set(mine.trading_day))
    for day, profit, count, active, equity in zip(*list(asdict(series).values())[1:], strict=True):
        part = by.get(day, rows[:0])
        assert (count, active) == (len(part), part.account.nunique())
        assert profit == pytest.approx(float(sum(part.net_profit)))
        assert equity == pytest.approx(float(mine[mine.trading_day == day].equity_end.sum()))


def test_groups_side_by_side(firm, trades, standings):
    newest = max(one.last_day for one in standings if one.last_day)
    rows = trades[trades.trading_day > newest - timedelta(days=30)]
    found = reads.group_comparison(firm)
    assert [line.group for line in found] == sorted({one.account_group for one in standings})
    for line in found:
        members = [one for one in standings if one.account_group == line.group]
        mine = rows[rows.account_group == line.group]
        assert line.accounts == len(members)
        assert line.breached == sum(one.status == "breached" for one in members)
        assert (line.trades, line.active_accounts) == (len(mine), mine.account.nunique())
        assert line.net_profit == sum(mine.net_profit)
        assert line.win_rate == (pytest.approx((mine.net_profit > 0).mean()) if len(mine) else None)


@FEW
@given(days=st.integers(1, 60), scope=st.sampled_from([{}, {"group": "london"}, {"account": None}]))
def test_hours_of_the_week_are_what_the_trades_say(firm, trades, one, days, scope):
    scope = {"account": one.account} if "account" in scope else scope
    rows = trades[trades.account == one.account] if "account" in scope else trades
    last = rows.close_time.max().floor("1D")
    rows = rows[rows.account_group == scope["group"]] if "group" in scope else rows
    rows = rows[rows.close_time >= last - timedelta(days=days - 1)]
    wanted: dict[tuple[int, int], list[Decimal]] = defaultdict(list)
    for close, profit in zip(rows.close_time, rows.net_profit, strict=True):
        wanted[close.isoweekday(), close.hour].append(profit)
    found = reads.trading_hours(firm, **scope, days=days)
    assert {(cell.weekday, cell.hour): (cell.trades, cell.net_profit) for cell in found} == {
        place: (len(profits), sum(profits)) for place, profits in wanted.items()
    }


def test_returns_of_cohorts(firm, metrics):
    rows = metrics[
        (metrics.trading_day > metrics.trading_day.max() - timedelta(days=30)) & (metrics.trades > 0)
    ]
    found = {line.group: line for line in reads.cohort_returns(firm)}
    assert set(found) == set(rows.group)
    for group, part in rows.groupby("group"):
        line = found[group]
        assert (line.days, line.accounts) == (len(part), part.account.nunique())
        quantiles = np.quantile(part.share, [0.05, 0.25, 0.5, 0.75, 0.95])
        assert (line.p5, line.p25, line.p50, line.p75, line.p95) == pytest.approx(tuple(quantiles))
        assert line.volatility == (pytest.approx(part.share.std()) if len(part) > 1 else None)


def test_payouts_are_the_newest_of_groups_with_accounts(firm):
    found = reads.payout_forecasts(firm)
    assert [line.group for line in found] == [None, "dubai", "london"]
    for line in found:
        assert (line.origin, line.expected_payout) == (date(2026, 6, 26), 50)
        assert (line.payout_low, line.payout_high, line.total_quantiles[1][0]) == (10, 90, 6)


# ---- who may see what


def test_a_scoped_reader_sees_its_groups_accounts_in_every_read(firm, standings, one):
    ours = reader(firm, ["london"])
    members = {one.account for one in standings if one.account_group == "london"}
    assert {one.account for one in reads.overview(ours, limit=1_000).accounts} == members
    assert reads.overview(ours).total == len(members)
    assert reads.firm_days(ours) == reads.firm_days(firm, group="london")
    assert reads.group_comparison(ours) == tuple(
        g for g in reads.group_comparison(firm) if g.group == "london"
    )
    (returns,) = reads.cohort_returns(ours)
    (wanted,) = (line for line in reads.cohort_returns(firm) if line.group == "london")
    assert (returns.group, returns.days, returns.p5) == ("london", wanted.days, wanted.p5)
    assert [line.group for line in reads.payout_forecasts(ours)] == ["london"]
    assert reads.trading_hours(ours) == reads.trading_hours(ours, group="london") != reads.trading_hours(firm)
    assert reads.symbol_performance(ours) == reads.symbol_performance(firm, group="london")
    assert reads.trade_summary(ours).totals == reads.trade_summary(firm, group="london").totals
    found = reads.find_findings(ours, limit=1_000).findings
    assert {f.account or f.cohort for f in found} == members | {"london"}
    mine = next(iter(sorted(members)))
    for read in (reads.equity_series, reads.account_forecast, reads.expected_days, reads.forecast_outcomes_of,
                 reads.account_days, reads.account_trades):  # fmt: skip
        assert read(ours, mine) == read(firm, mine)
        with pytest.raises(NotFound):
            read(ours, next(one.account for one in standings if one.account_group != "london"))


def test_what_does_not_exist_is_said_so(firm, one):
    for read in (
        reads.equity_series,
        reads.account_forecast,
        reads.expected_days,
        reads.forecast_outcomes_of,
    ):
        with pytest.raises(NotFound, match="no account 'nobody'"):
            read(firm, "nobody")
    with pytest.raises(NotFound, match="no account"):
        reads.find_findings(firm, account="nobody")
    with pytest.raises(NotFound, match="group 'none'"):
        reads.firm_days(firm, group="none")
    for wrong in ({"kind": "odd"}, {"severity": "grave"}, {"limit": 0}):
        with pytest.raises(InputError):
            reads.find_findings(firm, **wrong)
    for call in (reads.firm_days, reads.group_comparison, reads.trading_hours, reads.cohort_returns):
        with pytest.raises(InputError, match="at least 1"):
            call(firm, days=0)


def test_an_empty_firm_has_nothing_to_show(clean_database):
    for call in (
        reads.firm_days,
        reads.group_comparison,
        reads.trading_hours,
        reads.cohort_returns,
        reads.payout_forecasts,
    ):
        assert call(clean_database) == ()
    assert reads.find_findings(clean_database) == reads.FindingPage((), None)
    assert reads.overview(clean_database, sort="risk") == reads.Overview(0, ())
