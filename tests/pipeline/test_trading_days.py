"""Work by trading day: the past as it was, twice as good as once, told of when it commits."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from timeseries.alerts import make_digest
from timeseries.config import AlertSettings, DigestSettings, Settings
from timeseries.database import Database
from timeseries.demo import generate
from timeseries.errors import InputError
from timeseries.ingest import Kind, load
from timeseries.metrics import known_day, refresh_metrics
from timeseries.pipeline import (
    apply_rules,
    detect,
    forecast_all,
    realise,
)
from timeseries.pipeline._days import weekday, weekdays

HORIZON = 5
SETTINGS = Settings(alerts=AlertSettings(sinks={"desk": "log"}, digest=DigestSettings(("desk",))))
FOUND = (
    "findings",
    "alarm_days",
    "scored_days",
    "rescoring",
    "forecasts",
    "group_forecasts",
    "forecast_states",
    "forecast_outcomes",
    "messages",
)
# What may differ between two runs that did the same: when they were, and the numbers of rows.
OF_THE_RUN = {"scored_at", "made_at", "forecast_made_at", "finding_id", "message_id", "marked_at"}
MARKS = (
    "INSERT INTO rescoring (kind, account_id, since) "
    "SELECT unnest(ARRAY['anomaly', 'rule', 'forecast']), 1, :day"
)
# What came after a day, made another and back again.
FUTURE = (
    "UPDATE daily_metrics SET gross_profit = gross_profit * 50 + 7777, trades = trades + 100, "
    "max_drawdown_left = -max_drawdown_left, daily_loss_left = -daily_loss_left, best_day = best_day * 9 "
    "WHERE trading_day > :day",
    "UPDATE trades SET profit = profit * 50, lots = lots * 10 WHERE close_time > CAST(:day AS date) + 2",
    "UPDATE accounts SET status = 'breached', closed_at = CAST(:day AS date) + interval '75 hours' "
    "WHERE status = 'active'",
)
BACK = (
    "UPDATE daily_metrics SET gross_profit = (gross_profit - 7777) / 50, trades = trades - 100, "
    "max_drawdown_left = -max_drawdown_left, daily_loss_left = -daily_loss_left, best_day = best_day / 9 "
    "WHERE trading_day > :day",
    "UPDATE trades SET profit = profit / 50, lots = lots / 10 WHERE close_time > CAST(:day AS date) + 2",
    "UPDATE accounts SET status = 'active', closed_at = NULL "
    "WHERE closed_at = CAST(:day AS date) + interval '75 hours'",
)


@pytest.fixture(scope="module")
def loaded(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A small firm with odd days and broken rules."""
    made = generate(tmp_path_factory.mktemp("firm"), accounts=16, days=100, seed=7)
    for path in (*made.plans, *made.accounts, *made.trades, *made.equity):
        load(database, next(kind for kind in Kind if path.name.startswith(kind)), path)
    refresh_metrics(database)
    return database


@pytest.fixture
def firm(loaded: Database) -> Database:
    forget(loaded)
    return loaded


@pytest.fixture
def last(firm: Database) -> date:
    return known_day(firm)


def do(database: Database, sql: str, **values: Any) -> None:
    with database.transaction() as connection:
        connection.execute(text(sql), values)


def rows(database: Database, table: str, **values: Any) -> list[dict[str, Any]]:
    """A table's rows with some values, but for what is of the run, in one order."""
    with database.transaction() as connection:
        found = connection.execute(text(f"TABLE {table}")).mappings().all()
    kept = [{name: value for name, value in row.items() if name not in OF_THE_RUN} for row in found]
    return sorted((row for row in kept if values.items() <= row.items()), key=repr)


def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    return {table: rows(database, table) for table in FOUND}


def forget(database: Database) -> None:
    do(database, f"TRUNCATE {', '.join(FOUND)} RESTART IDENTITY CASCADE")


RUNS: dict[str, Callable[..., Any]] = {
    "detect": partial(detect, settings=SETTINGS, days=10),
    "rules": partial(apply_rules, settings=SETTINGS, days=10),
    "forecast": partial(forecast_all, horizon=HORIZON),
    "forecast learning anew": partial(forecast_all, horizon=HORIZON, learn=True),
}


# ---- twice is once


@pytest.mark.parametrize("name", RUNS)
def test_twice_for_a_day_is_as_good_as_once(firm: Database, last: date, name: str) -> None:
    once = []
    for _ in range(2):
        RUNS[name](firm, day=last - timedelta(days=9))
        once.append(everything(firm))
    assert once[0] == once[1]
    assert any(once[0].values())


def test_outcomes_joined_twice_are_joined_once(firm: Database, last: date) -> None:
    forecast_all(firm, horizon=HORIZON, day=last - timedelta(days=10))
    assert realise(firm).forecasts > 0
    once = rows(firm, "forecast_outcomes")
    assert realise(firm).forecasts == 0
    assert rows(firm, "forecast_outcomes") == once


def test_outcomes_of_a_day_forecast_again_come_out_the_same(firm: Database, last: date) -> None:
    day = last - timedelta(days=40)
    once = []
    for _ in range(2):
        forecast_all(firm, horizon=HORIZON, day=day)
        assert realise(firm).forecasts > 0
        once.append(rows(firm, "forecast_outcomes"))
    assert once[0] == once[1] != []


def test_a_day_forecast_long_after_others_were_joined_is_joined_too(firm: Database, last: date) -> None:
    forecast_all(firm, horizon=HORIZON)
    realise(firm)
    forecast_all(firm, horizon=HORIZON, day=last - timedelta(days=40))
    joined = realise(firm).forecasts
    assert joined == len(rows(firm, "forecast_outcomes", days_closed=HORIZON)) > 0


def test_a_forecast_made_again_leaves_no_other_model_s_of_its_day(firm: Database, last: date) -> None:
    forecast_all(firm, horizon=HORIZON, model="naive")
    forecast_all(firm, horizon=HORIZON - 1, model="naive")
    realise(firm)
    do(
        firm,
        "INSERT INTO group_forecasts "
        "SELECT origin, 'gone', currency, horizon, accounts, quantile_levels, mean, total_quantiles, "
        "expected_payout, payout_quantiles, expected_breaches, made_at - interval '1 hour' "
        "FROM group_forecasts LIMIT 1",
    )
    report = forecast_all(firm, horizon=HORIZON)
    realise(firm)
    for table in ("forecasts", "forecast_outcomes"):
        of_the_day = rows(firm, table, horizon=HORIZON)
        assert len({row["account_id"] for row in of_the_day}) == len(of_the_day)
    assert len(rows(firm, "forecasts", horizon=HORIZON)) == len(report.accounts)
    assert len(rows(firm, "forecasts", horizon=HORIZON - 1)) == len(report.accounts)
    assert not rows(firm, "group_forecasts", account_group="gone")
    kept = rows(firm, "forecasts")
    forecast_all(firm, horizon=HORIZON, model="naive")
    assert all(one in rows(firm, "forecasts") for one in kept)


# ---- the past as it was


@pytest.fixture
def another_future(firm: Database, last: date) -> Iterator[Callable[[date], None]]:
    """Changes everything after a day, until the test is over."""
    changed = []

    def change(day: date) -> None:
        changed.append(day)
        for sql in FUTURE:
            do(firm, sql, day=day)

    yield change
    for day in changed:
        for sql in BACK:
            do(firm, sql, day=day)


def test_nothing_after_the_day_is_read(
    firm: Database, last: date, another_future: Callable[[date], None]
) -> None:
    day = weekday(last - timedelta(days=12))
    found = []
    for future in (None, another_future):
        if future is not None:
            future(day)
        forget(firm)
        detect(firm, SETTINGS, day=day, days=10)
        forecast_all(firm, horizon=HORIZON, day=day)
        found.append(everything(firm))
    assert found[0] == found[1]
    assert {row["kind"] for row in found[0]["findings"]} >= {"anomaly", "rule"} and found[0]["forecasts"]


def test_who_ended_after_the_day_is_forecast_and_who_ended_on_it_is_not(firm: Database, last: date) -> None:
    day = weekday(last - timedelta(days=12))
    names = forecast_all(firm, horizon=HORIZON, day=day).accounts[:2]
    ends = zip(names, (day, day + timedelta(days=2)), strict=True)
    for name, end in ends:
        do(firm, "UPDATE accounts SET status = 'closed', closed_at = CAST(:end AS date) + time '12:00' "
                 "WHERE account = :name AND status = 'active'", name=name, end=end)  # fmt: skip
    try:
        again = forecast_all(firm, horizon=HORIZON, day=day)
    finally:
        do(firm, "UPDATE accounts SET status = 'active', closed_at = NULL WHERE status = 'closed'")
    assert set(names) - set(again.accounts) == {names[0]}
    [gone] = rows(firm, "accounts", account=names[0])
    assert rows(firm, "forecasts", account_id=gone["account_id"]) == []


def test_what_was_learnt_later_is_not_known(firm: Database, last: date) -> None:
    day = weekday(last - timedelta(days=12))
    forecast_all(firm, horizon=HORIZON)
    forecast_all(firm, horizon=HORIZON, day=day)
    with firm.transaction() as connection:
        origins = connection.execute(text("SELECT origin FROM forecast_states ORDER BY 1")).scalars().all()
    assert origins == [day, last]


def test_a_weekend_stands_for_the_friday_before(firm: Database, last: date) -> None:
    friday = weekday(last - timedelta(days=(last.weekday() + 2) % 7 + 7))
    saturday, sunday = friday + timedelta(days=1), friday + timedelta(days=2)
    assert detect(firm, SETTINGS, day=saturday).day == friday
    assert apply_rules(firm, SETTINGS, day=sunday).day == friday
    assert forecast_all(firm, horizon=HORIZON, day=sunday).origin == friday
    assert {row["trading_day"] for row in rows(firm, "scored_days")} == {friday}


@pytest.mark.parametrize("name", RUNS)
def test_a_day_that_is_not_complete_or_before_all_data_is_refused(
    firm: Database, last: date, name: str
) -> None:
    with pytest.raises(InputError, match=f"the newest complete trading day is {last}"):
        RUNS[name](firm, day=last + timedelta(days=1))
    with pytest.raises(InputError, match="no data of 1999-12-31"):
        RUNS[name](firm, day=date(2000, 1, 1))
    assert not any(rows(firm, table) for table in FOUND)


# ---- rules and anomalies apart


def test_apart_they_find_what_they_find_together(firm: Database, last: date) -> None:
    together = detect(firm, SETTINGS, days=10)
    stored = {table: rows(firm, table) for table in ("findings", "alarm_days", "scored_days")}
    forget(firm)
    ruled = apply_rules(firm, SETTINGS, days=10)
    scored = detect(firm, SETTINGS, days=10, rules=False)
    assert stored == {table: rows(firm, table) for table in stored}
    assert [*ruled.findings, *scored.findings] == together.findings
    assert [row["trading_day"] for row in stored["alarm_days"]] == weekdays(last, 10)
    assert {one.kind for one in ruled.findings} == {"rule"}
    assert "anomaly" in {one.kind for one in scored.findings}


def test_each_settles_its_own_marks(firm: Database, last: date) -> None:
    detect(firm, SETTINGS)
    marked = weekdays(last, 4)[0]
    do(firm, MARKS, day=marked)
    report = apply_rules(firm, SETTINGS)
    assert (report.day, report.rescored) == (last, 1)
    assert [row["kind"] for row in rows(firm, "rescoring")] == ["anomaly", "forecast"]
    assert len(rows(firm, "scored_days", kind="rule")) == 4
    assert detect(firm, SETTINGS, rules=False).rescored == 1
    assert [row["kind"] for row in rows(firm, "rescoring")] == ["forecast"]
    do(firm, "TRUNCATE rescoring")
    do(firm, MARKS, day=marked)
    assert (detect(firm, SETTINGS).rescored, len(rows(firm, "rescoring"))) == (1, 1)


def test_a_run_for_an_earlier_day_leaves_the_marks_of_later_ones(firm: Database, last: date) -> None:
    detect(firm, SETTINGS)
    forecast_all(firm, horizon=HORIZON)
    do(firm, MARKS, day=last)
    for name in ("detect", "rules", "forecast"):
        RUNS[name](firm, day=last - timedelta(days=7))
    assert len(rows(firm, "rescoring")) == 3


def test_a_mark_far_back_widens_the_days_looked_at(firm: Database, last: date) -> None:
    apply_rules(firm, SETTINGS)
    do(
        firm,
        "INSERT INTO rescoring (kind, account_id, since) VALUES ('rule', 1, :day)",
        day=weekdays(last, 30)[0],
    )
    widened = apply_rules(firm, SETTINGS).findings
    assert widened == apply_rules(firm, SETTINGS, days=30).findings
    assert min(one.trading_day for one in widened) < last


# ---- told of at the end of the transaction

COMPLETED: dict[str, tuple[Callable[..., Any], str, Callable[[Any], int]]] = {
    "detect": (RUNS["detect"], "findings", lambda report: len(report.findings)),
    "rules": (RUNS["rules"], "findings", lambda report: len(report.findings)),
    "forecast": (RUNS["forecast"], "forecasts", lambda report: len(report.accounts)),
    "realise": (realise, "forecast_outcomes", lambda report: report.forecasts),
    "digest": (partial(make_digest, settings=SETTINGS.alerts), "messages", int),
}


def prepare(firm: Database, name: str) -> None:
    """What is to be joined must have been forecast: here in three of its transactions."""
    if name == "realise":
        for day in weekdays(known_day(firm), 6)[:3]:
            forecast_all(firm, horizon=HORIZON, day=day)


@pytest.mark.parametrize("name", COMPLETED)
def test_the_rows_are_told_where_they_are_stored(firm: Database, name: str) -> None:
    prepare(firm, name)
    run, table, touched = COMPLETED[name]
    told: list[tuple[int, int]] = []

    def tell(connection: Connection, number: int) -> None:
        told.append((number, len(connection.execute(text(f"TABLE {table}")).all())))

    report = run(firm, complete=tell)
    [(number, stored)] = told
    assert number == touched(report) > 0
    assert stored >= number


@pytest.mark.parametrize("name", COMPLETED)
def test_what_cannot_be_completed_is_not_stored(firm: Database, name: str) -> None:
    prepare(firm, name)
    run, _, _ = COMPLETED[name]

    def refuse(connection: Connection, number: int) -> None:
        raise InterruptedError

    before = everything(firm)
    with pytest.raises(InterruptedError):
        run(firm, complete=refuse)
    if name == "realise":  # all but the last of its transactions count; the next run does the rest
        told: list[int] = []
        run(firm, complete=lambda connection, number: told.append(number))
        assert told[0] > 0
    else:
        assert everything(firm) == before


def test_where_nothing_is_to_do_that_is_told_too(firm: Database) -> None:
    told: list[int] = []

    def tell(connection: Connection, number: int) -> None:
        assert connection.in_transaction()
        told.append(number)

    realise(firm, complete=tell)
    make_digest(firm, AlertSettings(), complete=tell)
    make_digest(firm, SETTINGS.alerts, complete=tell)
    make_digest(firm, SETTINGS.alerts, complete=tell)
    assert told == [0, 0, 1, 0]
    assert len(rows(firm, "messages")) == 1
