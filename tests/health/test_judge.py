"""Each threshold, from both sides of its limit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from timeseries.alerts import Trouble
from timeseries.config import HealthSettings, Settings
from timeseries.database import Database
from timeseries.health import Observation, observe, troubles
from timeseries.health._judge import judge

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMITS = HealthSettings()
NO_DAYS = np.empty((0, 2))
STEP = timedelta(minutes=5)
CALM = Observation(
    observation_id=1,
    observed_at=NOW,
    host="one",
    read_seconds={"overview": 0.1, "freshness": 0.2},
    committed=1000,
    rolled_back=0,
    database_bytes=10**9,
    table_bytes={},
    cpu_since=NOW - STEP,
    cpu=0.1,
    memory=0.5,
    disk_free=0.5,
)


def looks(*changes: dict[str, Any], host: str = "one") -> list[Observation]:
    """Calm looks five minutes apart, the last one now, each with something changed."""
    moments = [NOW - STEP * back for back in reversed(range(len(changes)))]
    return [
        replace(CALM, **{"observed_at": at, "cpu_since": at - STEP, "host": host} | change)
        for at, change in zip(moments, changes, strict=True)
    ]


def found(seen: list[Observation], sizes: Any = NO_DAYS, settings: HealthSettings = LIMITS) -> list[Trouble]:
    return judge(seen, np.asarray(sizes, dtype=float), settings, NOW)


def days(*gigabytes: float) -> list[tuple[float, float]]:
    return [(20_000.0 + day, 1e9 * size) for day, size in enumerate(gigabytes)]


def test_without_observations_and_when_all_is_well_there_is_no_trouble() -> None:
    assert found([]) == []
    assert found(looks(*[{}] * 12), days(*np.linspace(10, 10.5, 30))) == []


# ---- reads


def test_a_read_is_slow_when_it_is_so_more_often_than_not() -> None:
    slow, quick = {"read_seconds": {"overview": 1.42, "freshness": 0.2}}, {}
    assert found(looks(quick, slow, quick, quick, slow)) == []
    [trouble] = found(looks(quick, slow, quick, slow))
    assert (trouble.subject, trouble.severity) == ("slow_query", "warning")
    assert trouble.body == (
        "In the median of the last 3 looks these reads took: overview 1.42 s; the limit is 1 s."
    )


def test_two_looks_are_too_few_to_call_a_read_slow() -> None:
    assert found(looks(*[{"read_seconds": {"overview": 9.0}}] * 2)) == []


def test_a_read_is_judged_only_where_every_look_has_it() -> None:
    only_once = looks({}, {}, {"read_seconds": {"account_days": 9.0}})
    assert found(only_once) == []


# ---- transactions


@pytest.mark.parametrize(
    ("committed", "rolled_back", "subjects"),
    [
        (99_900, 100, []),
        (99_899, 101, ["failed_transactions"]),
        (989, 10, []),
        (990, 10, ["failed_transactions"]),
    ],
)
def test_failed_transactions(committed: int, rolled_back: int, subjects: list[str]) -> None:
    seen = looks({"committed": committed, "rolled_back": rolled_back})
    assert [one.subject for one in found(seen)] == subjects


def test_only_the_last_hour_of_transactions_counts() -> None:
    failing = {"committed": 10_000, "rolled_back": 500}
    assert found(looks(failing, *[{}] * 12)) == []
    [trouble] = found(looks(failing, *[{}] * 11))
    assert trouble.body == (
        "Of 21,500 transactions in the last hour 500 (2.33 %) failed; the limit is 0.1 %."
    )


def test_uncounted_transactions_are_no_trouble() -> None:
    assert found(looks(*[{"committed": None, "rolled_back": None}] * 3)) == []


# ---- storage


def test_storage_that_grows_by_more_than_a_fifth_a_month() -> None:
    assert found([], days(*(10 + 0.066 * np.arange(10)))) == []
    [trouble] = found([], days(*(10 + 0.075 * np.arange(10))))
    assert trouble.subject == "storage_growth"
    assert trouble.body == (
        "The database has 10.7 GB and, as it grew over the last 9 days, will have 12.9 GB in 30 days "
        "(21.1 % more); the limit is 20 %."
    )


def test_little_or_short_growth_is_no_trouble() -> None:
    assert found([], days(0.2, 0.4, 0.6, 0.8, 1.0)) == []
    assert found([], days(10, 12, 14)) == []
    assert [one.subject for one in found([], days(10, 12, 14, 16))] == ["storage_growth"]


@given(at=st.integers(1, 29), size=st.floats(1, 1000))
def test_loading_a_history_once_is_no_growth(at: int, size: float) -> None:
    steps = np.where(np.arange(30) < at, 2.0, 2.0 + size)
    share = at * (30 - at) / (30 * 29 / 2)
    assert share > 0.5 or found([], days(*steps)) == []


# ---- machine


def test_processors_are_in_trouble_when_every_look_says_so() -> None:
    busy = {"cpu": 0.93}
    [trouble] = found(looks({}, busy, busy, busy))
    assert trouble.subject == "cpu"
    assert trouble.body == "For 15 minutes at least 93 % of one was in use; the limit is 80 %."
    assert found(looks(busy, busy, {}, busy)) == []
    assert found(looks(busy, busy, {"cpu": None}, busy)) == []


def test_processors_not_watched_for_long_enough_are_no_trouble() -> None:
    assert found(looks({"cpu": 1.0}, {"cpu": 1.0})) == []
    assert [one.subject for one in found(looks({"cpu": 1.0, "cpu_since": NOW - 4 * STEP}))] == ["cpu"]


def test_each_machine_is_judged_by_its_own_looks() -> None:
    calm, busy = looks({}, {}, {}), looks(*[{"cpu": 0.9, "memory": 0.95}] * 3, host="two")
    troubles = {one.subject: one for one in found(sorted(calm + busy, key=lambda one: one.observed_at))}
    assert set(troubles) == {"cpu", "memory"}
    assert "95 % of two" in troubles["memory"].body
    assert "of one" not in troubles["cpu"].body


def test_memory_is_judged_by_the_last_look_within_the_hour() -> None:
    full = {"memory": 0.901}
    assert [one.subject for one in found(looks({}, full))] == ["memory"]
    assert found(looks(full, {})) == []
    assert found([replace(CALM, observed_at=NOW - timedelta(hours=1), memory=1.0)]) == []


def test_disk_running_out_is_critical_at_half_of_what_must_be_free() -> None:
    shares = [0.1, 0.09, 0.05, 0.049, None]
    seen = [found(looks({"disk_free": share})) for share in shares]
    assert [[one.severity for one in each] for each in seen] == [
        [],
        ["warning"],
        ["warning"],
        ["critical"],
        [],
    ]


# ---- stored observations


def test_what_was_stored_is_judged(clean_database: Database, tmp_path) -> None:
    settings = Settings(data_dir=tmp_path)
    for back in (3, 2, 1, 0):
        observe(clean_database, settings, now=NOW - back * timedelta(days=1))
    with clean_database.transaction() as connection:
        connection.execute(
            text(
                """
                UPDATE health_observations
                SET database_bytes = 5e9 + 1e9 * observation_id, memory_share = 0.99,
                    read_seconds = '{"overview": 2.5}', disk_free_share = 0.5, cpu_busy_seconds = 0
                """
            )
        )
    assert [one.subject for one in troubles(clean_database, settings, now=NOW)] == [
        "storage_growth",
        "memory",
    ]
    for forward in (1, 2):
        observe(clean_database, settings, now=NOW + forward * timedelta(minutes=1))
    assert [one.subject for one in troubles(clean_database, settings, now=NOW - timedelta(days=4))] == []


# ---- settings


def test_the_defaults_can_be_judged_by() -> None:
    assert LIMITS.broken_rules() == []


@pytest.mark.parametrize("name", list(HealthSettings.__dataclass_fields__))
@given(value=st.one_of(st.floats(max_value=-1e-9), st.just(float("nan")), st.floats(min_value=2000)))
def test_what_cannot_be_judged_by_is_refused_by_name(name: str, value: float) -> None:
    [sentence] = replace(LIMITS, **{name: value}).broken_rules()
    assert sentence.startswith(f"{name} in [health] must ")
