"""The work of a load: read ahead, divided by account, merged by one connection or several."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Lock
from typing import Any, TypeVar

import numpy as np

from timeseries.database import Database, statement
from timeseries.ingest._commit import WAYS, Batch, commit
from timeseries.ingest._kind import Kind
from timeseries.ingest._ledger import Entry
from timeseries.ingest._rows import Rows
from timeseries.ingest._text import names
from timeseries.ingest._times import ToUtc

__all__ = ["Load", "work"]

Item = TypeVar("Item")

JOINED = (Kind.TRADES, Kind.EQUITY)
# Rows in the transactions under way: an account costs a lock, a mark and its days in each. More saves
# little and takes memory.
ROWS_AT_ONCE = 128_000
BLOCKS_WAITING = 1  # read ahead for each worker
PATIENCE = 0.2  # seconds between looks at whether the others still work


@dataclass(frozen=True)
class Load:
    """A load under way.

    Attributes:
        naive: how times without a zone are read.
        progress: told the rows done after every batch.
    """

    database: Database
    kind: Kind
    entry: Entry
    naive: ToUtc | None
    progress: Callable[[int], None]


def work(load: Load, blocks: Iterable[Rows]) -> None:
    """Merge all blocks of a file, on as many connections as it has parts.

    Rows of one account always go the same way, so no two workers wait for each other's accounts.
    When one fails the others end with the batch they are at, and its error is raised.
    """
    told = _Told(load)
    left = (block for block in blocks if block.end > load.entry.position)
    if load.entry.parts == 1:
        _merge_part(load, 0, left, told)
    else:
        _merge_in_parts(load, left, told)


class _Told:
    """Counts the rows of all workers, and tells."""

    def __init__(self, load: Load) -> None:
        self._load, self._lock, self._done = load, Lock(), load.entry.counts.rows_read

    def __call__(self, rows: int) -> None:
        with self._lock:
            self._done += rows
            self._load.progress(self._done)


def _merge_part(load: Load, part: int, blocks: Iterable[Rows], told: _Told) -> None:
    way = WAYS[load.kind]
    parsed = (way.parse(block, load.naive) for block in blocks)
    days: set[int] = set()  # whose chunks are there
    rows = ROWS_AT_ONCE // load.entry.parts if load.kind in JOINED else 1
    # Several workers read while others wait for the database; one alone would wait for both in turn.
    ready = _together(parsed, rows, way.join)
    for batch in ready if load.entry.parts > 1 else _one_ahead(ready):
        if load.entry.parts > 1:
            _create_chunks(load, batch, days)
        done = commit(load.database, way, load.entry, part, batch)
        if done is not None:
            told(batch.rows.count)


def _together(batches: Iterator[Any], rows: int, join: Callable[[list[Any]], Any]) -> Iterator[Batch]:
    """Consecutive batches joined, so that at least so many rows share a transaction."""
    group: list[Any] = []
    for batch in batches:
        group.append(batch)
        if sum(part.rows.count for part in group) >= rows:
            yield _joined(group, join)
    if group:
        yield _joined(group, join)


def _joined(group: list[Any], join: Callable[[list[Any]], Any]) -> Any:
    """The parts are let go: the memory is wanted for the next."""
    whole = group[0] if len(group) == 1 else join(group)
    group.clear()
    return whole


def _one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The next batch is read while the database works on this one."""
    with ThreadPoolExecutor(1) as reader:
        pending = reader.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = reader.submit(next, items, None)
            yield item


def _merge_in_parts(load: Load, blocks: Iterable[Rows], told: _Told) -> None:
    parts, stop = range(load.entry.parts), Event()
    queues: list[Queue[Rows | None]] = [Queue(BLOCKS_WAITING) for _ in parts]

    def merge(part: int) -> None:
        try:
            _merge_part(load, part, _taken(queues[part], stop), told)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(len(parts)) as workers:
        merged = [workers.submit(merge, part) for part in parts]
        try:
            _hand_out(blocks, queues, stop)
            for done in merged:
                done.result()
        except BaseException:
            stop.set()
            raise


def _hand_out(blocks: Iterable[Rows], queues: "list[Queue[Rows | None]]", stop: Event) -> None:
    for block in blocks:
        for queue, share in zip(queues, _divided(block, len(queues)), strict=True):
            if not _put(queue, share, stop):
                return
    for queue in queues:
        _put(queue, None, stop)


def _divided(block: Rows, parts: int) -> list[Rows]:
    """A block's rows by account; records that name no account go to the first part."""
    account = names(block.columns["account"])
    # The same in every run, so that a load that was broken off goes on with the same parts.
    owners = [zlib.crc32(name.encode()) % parts for name in account.distinct]
    owner = np.array(owners, np.int64)[account.codes]
    malformed = np.ones(len(block.malformed.lines), bool)
    return [
        block.take(np.flatnonzero(owner == part), malformed=malformed & (part == 0)) for part in range(parts)
    ]


def _put(queue: "Queue[Rows | None]", item: Rows | None, stop: Event) -> bool:
    while not stop.is_set():
        try:
            queue.put(item, timeout=PATIENCE)
        except Full:
            continue
        return True
    return False


def _taken(queue: "Queue[Rows | None]", stop: Event) -> Iterator[Rows]:
    while not stop.is_set():
        try:
            item = queue.get(timeout=PATIENCE)
        except Empty:
            continue
        if item is None:
            return
        yield item


def _create_chunks(load: Load, batch: Any, known: set[int]) -> None:
    """Else the first worker to reach a new chunk keeps the others waiting until its batch is committed."""
    seconds = batch.moments[batch.faults.good]
    days = [day for day in (np.unique(seconds // 86_400) * 86_400).tolist() if day not in known]
    if not days:
        return
    known.update(days)
    with load.database.transaction() as connection:
        connection.execute(statement("ingest.create_chunks"), {"table": load.kind.value, "moments": days})
