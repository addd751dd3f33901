"""Doing a few large array jobs side by side."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["each"]

Item = TypeVar("Item")
Result = TypeVar("Result")

# Below this a job is over before a thread has begun.
WORTHWHILE = 50_000
THREADS = 2


def each(function: Callable[[Item], Result], items: Iterable[Item], size: int) -> list[Result]:
    """``function`` of every item, in order; in two threads where arrays have at least 50,000 cells."""
    if size < WORTHWHILE:
        return [function(item) for item in items]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, items))
