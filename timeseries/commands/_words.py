"""Counts and orders that several verbs show alike."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar

__all__ = ["counted", "gravest_first"]

GRAVITY = ("critical", "warning", "info")


class Found(Protocol):
    """A finding or a violation."""

    @property
    def trading_day(self) -> date:
        """When."""

    @property
    def severity(self) -> str:
        """How grave: ``info``, ``warning`` or ``critical``."""


AnyFound = TypeVar("AnyFound", bound=Found)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number and what it counts: 1 alert, 2 alerts."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def gravest_first(found: Iterable[AnyFound]) -> list[AnyFound]:
    """The gravest first, of these the newest; else in the order they came."""
    newest = sorted(found, key=lambda one: one.trading_day, reverse=True)
    return sorted(newest, key=lambda one: GRAVITY.index(one.severity))
