"""Samples, the ledger, the job, the command, and what happens at the same time."""

import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cli import timeseries
from jobs.engine import run_by_hand
from jobs.registry import JOBS
from timeseries.config import Settings
from timeseries.database import compress, retain
from timeseries.metrics import refresh_aggregates, refresh_metrics
from timeseries.verify import past_verifications, subject_states, verify
from timeseries.verify._cells import _without
from timeseries.verify._heal import _stretches

DAYS = st.integers(0, 400).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n))


@given(st.sets(DAYS))
def test_stretches_hold_the_same_days_and_do_not_touch(days):
    stretches = _stretches(days)
    held = [s + timedelta(days=n) for s, u in stretches for n in range((u - s).days)]
    assert held == sorted(days)
    assert all(before[1] < after[0] for before, after in pairwise(stretches))


@given(DAYS, DAYS)
def test_periods_without_a_stretch_hold_all_other_days_once(one, other):
    since, until = min(one, other), max(one, other) + timedelta(days=1)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    periods = [(first + timedelta(days=30 * n), first + timedelta(days=30 * n + 30)) for n in range(14)]
    parts = _without(periods, since, until)
    held = [s + timedelta(days=n) for s, u in parts for n in range((u - s).days)]
    everything = [first + timedelta(days=n) for n in range(420)]
    assert held == [day for day in everything if not since <= day < until]


def spoil_some_days(vandal) -> None:
    vandal.run(
        "UPDATE daily_metrics SET lots = lots + 1 WHERE (account_id, trading_day) IN ("
        " SELECT account_id, trading_day FROM daily_metrics"
        " ORDER BY md5(account_id || trading_day::text) LIMIT 60)"
    )


def test_a_seed_draws_the_same_sample_again(vandal):
    spoil_some_days(vandal)
    first, again = (verify(vandal.database, sample=1, seed=3) for _ in range(2))
    assert (first.checks, first.differences) == (again.checks, again.differences)
    assert verify(vandal.database, sample=1000).differing == 60
    everything = verify(vandal.database, full=True, heal=True)
    assert everything.differing == 60
    assert first.compared < everything.compared


def test_runs_and_what_they_found_are_written_down(vandal):
    vandal.run("TRUNCATE verifications, verification_differences")
    verify(vandal.database, full=True)
    vandal.run(
        "UPDATE daily_metrics SET swap = swap + 3 WHERE (account_id, trading_day) ="
        " (SELECT account_id, max(trading_day) FROM daily_metrics GROUP BY account_id LIMIT 1)"
    )
    verify(vandal.database, full=True)
    verify(vandal.database, full=True, heal=True)
    healed, found, equal = past_verifications(vandal.database)
    assert (equal.differing, equal.differing_subjects, equal.healed) == (0, [], False)
    assert (found.differing, found.differing_subjects, found.healed) == (1, ["daily_metrics"], False)
    assert (healed.differing, healed.differing_subjects, healed.healed) == (1, ["daily_metrics"], True)
    assert equal.whole
    assert found.started_at < found.finished_at < healed.started_at
    kept = vandal.rows("SELECT column_name, kept - recomputed FROM verification_differences")
    assert kept == [("swap", 3), ("swap", 3)]


def test_no_more_than_a_thousand_differences_of_a_subject_are_listed(vandal):
    names = ("trades", "wins", "losses", "commission", "swap", "lots", "largest_lots", "seconds_held")
    vandal.run(f"UPDATE daily_metrics SET {', '.join(f'{name} = {name} + 1' for name in names)}")  # noqa: S608
    [(days,)] = vandal.rows("SELECT count(*) FROM daily_metrics")
    found = verify(vandal.database, full=True, heal=True)
    assert found.differing == days
    assert len(found.differences) == 1000
    assert found.healed


def test_the_job_heals_and_says_so(vandal, caplog):
    settings = Settings()
    with caplog.at_level(logging.WARNING, "timeseries.jobs"):
        assert run_by_hand(vandal.database, settings, JOBS, "verify") > 0
    assert not caplog.records
    vandal.run(
        "UPDATE daily_metrics SET trades = trades + 1 WHERE trading_day ="
        " (SELECT max(trading_day) FROM daily_metrics WHERE extract(isodow FROM trading_day) < 5)"
    )
    with caplog.at_level(logging.WARNING, "timeseries.jobs"):
        assert run_by_hand(vandal.database, settings, JOBS, "verify") > 0
    verify(vandal.database, full=True, heal=True)
    assert list(JOBS).index("verify") > list(JOBS).index("compress")


def run(database, *arguments: str):
    return CliRunner().invoke(timeseries, ["--database-url", database.url, "db", *arguments])


def test_the_command_shows_lists_and_ends_with_its_verdict(vandal):
    equal = run(vandal.database, "verify", "--full")
    assert equal.exit_code == 0, equal.output
    assert "Everything was compared" in equal.output
    spoil_some_days(vandal)
    found = run(vandal.database, "verify", "--full")
    assert found.exit_code == 1
    assert "and 40 more" in found.output
    assert "lots" in found.output
    healing = run(vandal.database, "verify", "--full", "--heal", "--json")
    assert healing.exit_code == 1
    told = json.loads(healing.output)
    assert (told["differing"], told["healed"], len(told["differences"])) == (60, True, 60)
    assert run(vandal.database, "verify", "--full").exit_code == 0
    history = json.loads(run(vandal.database, "verify", "--history", "--json").output)
    assert [one["differing"] for one in history[:3]] == [0, 60, 60]
    assert "daily_metrics" in run(vandal.database, "verify", "--history").output
    status = run(vandal.database, "status")
    assert "all equal" in status.output
    assert "bytes per row" in status.output
    assert len(json.loads(run(vandal.database, "status", "--json").output)["subjects"]) == 5


def test_loads_refreshes_and_compressions_meanwhile_are_no_differences(vandal):
    stop, done = threading.Event(), []

    def disturb() -> None:
        while not stop.is_set():
            vandal.run(
                "WITH copied AS (INSERT INTO trades SELECT close_time, ticket + 1000000007, open_price,"
                " price_move, profit, commission, swap, account_id, seconds_held, lots, symbol_id,"
                " side, price_digits, lot_digits FROM trades"
                " ORDER BY md5(ticket::text || clock_timestamp()::text) LIMIT 20"
                " ON CONFLICT DO NOTHING RETURNING account_id, close_time)"
                " INSERT INTO stale_days (account_id, trading_day)"
                " SELECT DISTINCT account_id, trading_day_of(close_time, reset_time, time_zone)"
                " FROM copied JOIN accounts USING (account_id) JOIN plans USING (plan_id)"
                " ON CONFLICT (account_id, trading_day) DO UPDATE SET marked_at = excluded.marked_at"
            )
            refresh_metrics(vandal.database)
            compress(vandal.database)
            done.append(1)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        found = [verify(vandal.database, full=True) for _ in range(3)]
    finally:
        stop.set()
        thread.join()
    assert done
    assert [one.differences for one in found] == [()] * 3


def test_where_raw_data_was_dropped_only_what_is_carried_forward_is_compared(vandal):
    refresh_aggregates(vandal.database)
    before = {one.subject: one for one in verify(vandal.database, full=True).checks}
    [(first, passed)] = vandal.rows(
        "SELECT (SELECT min(close_time) FROM trades), extract(day FROM now() - min(range_end))::integer"
        " FROM timescaledb_information.chunks WHERE hypertable_name = 'trades'"
    )
    assert retain(vandal.database, passed) == 2
    refresh_metrics(vandal.database)
    found = verify(vandal.database, full=True)
    after = {one.subject: one for one in found.checks}
    assert found.differing == 0
    for subject, check in after.items():
        assert check.state.since > first
        assert (check.compared < before[subject].compared) == (subject != "daily_metrics")
    vandal.run(
        "UPDATE daily_metrics SET equity_peak = equity_peak + 1 WHERE (account_id, trading_day) ="
        " (SELECT account_id, trading_day FROM daily_metrics ORDER BY trading_day LIMIT 1)"
    )
    healing = verify(vandal.database, full=True, heal=True)
    assert "equity_peak" in {one.column_name for one in healing.differences}
    assert healing.healed


def test_an_empty_database_has_nothing_to_compare(clean_database):
    assert (verify(clean_database).compared, verify(clean_database, full=True, heal=True).differing) == (0, 0)
    states = subject_states(clean_database)
    assert [(one.pending, one.since) for one in states] == [(0, None)] * 5
