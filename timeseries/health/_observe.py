"""One look at database and machine, kept."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from timeseries import reads
from timeseries.config import Settings
from timeseries.database import Database, run
from timeseries.health._machine import look_at_machine

__all__ = ["Observation", "observations", "observe"]

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Observation:
    """What one look saw; moments in UTC, sizes in bytes, shares from 0 to 1.

    Attributes:
        host: the machine that looked, and whose processors and memory these are.
        read_seconds: common read → how long it took, the wait for its turn included.
        committed, rolled_back: transactions since the observation before; None: the first observation, the
            counters were started anew, or the database counts none, as the embedded one.
        database_bytes: the whole database.
        table_bytes: hypertable → its size, indexes included.
        cpu_since: the host's observation before, from which on ``cpu`` is meant.
        cpu: share of the processors in use since then; None: there was none, or the host was started anew.
        memory: share in use.
        disk_free: share of the disk under the embedded database; None for a server's.
    """

    observation_id: int
    observed_at: datetime
    host: str
    read_seconds: dict[str, float]
    committed: int | None
    rolled_back: int | None
    database_bytes: int
    table_bytes: dict[str, int]
    cpu_since: datetime | None
    cpu: float | None
    memory: float
    disk_free: float | None


def observe(database: Database, settings: Settings, *, now: datetime | None = None) -> Observation:
    """Time the common reads, read the counters of database and machine, and keep all that as one row.

    The common reads are the first 100 accounts, the freshness of all answers and, where there is an account,
    the last 30 days of its metrics and of its trading by symbol.

    Args:
        database: whose reads; no connection to it may be open in a transaction meanwhile.
        settings: their ``data_dir`` is where the embedded database lies.
        now: the time of the observation, with a zone; by default the database's clock.
    """
    seconds = _time_reads(database)
    beside = database.embedded and settings.data_dir.exists()  # else it was opened by its address
    machine = look_at_machine(settings.data_dir if beside else None)
    with database.transaction() as connection:
        counters = run(connection, "health.counters", {}).mappings().one()
        seen = {**counters, **asdict(machine), "read_seconds": json.dumps(seconds), "now": now}
        stored = run(connection, "health.store", seen).one()
    found = observations(database, since=stored.observed_at - timedelta(seconds=1), until=stored.observed_at)
    return next(one for one in found if one.observation_id == stored.observation_id)


def observations(database: Database, *, since: datetime, until: datetime) -> list[Observation]:
    """What was observed after a moment, up to another; the oldest first."""
    with database.transaction() as connection:
        rows = run(connection, "health.observations", {"since": since, "until": until}).mappings()
        return [Observation(**row) for row in rows]


def _time_reads(database: Database) -> dict[str, float]:
    seconds: dict[str, float] = {}
    first = _timed(seconds, "overview", lambda: reads.overview(database, limit=100)).accounts[:1]
    _timed(seconds, "freshness", lambda: reads.freshness(database))
    if first:
        name = first[0].account
        _timed(seconds, "account_days", lambda: reads.account_days(database, name))
        _timed(seconds, "symbol_performance", lambda: reads.symbol_performance(database, account=name))
    return seconds


def _timed(seconds: dict[str, float], read: str, ask: Callable[[], Answer]) -> Answer:
    start = time.perf_counter()
    answer = ask()
    seconds[read] = time.perf_counter() - start
    return answer
