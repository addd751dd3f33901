"""Finding the known columns of a file by name."""

from collections.abc import Sequence

from timeseries.errors import InputError
from timeseries.ingest._kind import COLUMNS, Kind

__all__ = ["match"]

LONGEST_LIST = 500
CANCELLATION = ("account", "ticket", "cancelled")


def match(header: Sequence[str], kind: Kind, name: str) -> dict[str, int]:
    """Where each known column stands; letters' case and surrounding spaces do not matter.

    Raises:
        InputError: a required column is missing, or a known one is there twice.
    """
    found = [name.strip().lower() for name in header]
    wanted = COLUMNS[kind]
    # A cancellation needs no values: a file may hold nothing else.
    required = CANCELLATION if kind is Kind.TRADES and CANCELLATION[-1] in found else wanted.required
    missing = [column for column in required if column not in found]
    if missing:
        raise InputError(
            f"{name} is no file of {kind}: it has the columns {_listed(header)}; "
            f"needed are {', '.join(wanted.required)} (missing: {', '.join(missing)}); "
            f"possible are {', '.join(wanted.optional)}."
        )
    twice = [column for column in wanted.all if found.count(column) > 1]
    if twice:
        raise InputError(f"{name} has the column {twice[0]} more than once.")
    return {column: found.index(column) for column in wanted.all if column in found}


def _listed(header: Sequence[str]) -> str:
    names = ", ".join(" ".join(name.split()) for name in header)
    return names if len(names) <= LONGEST_LIST else f"{names[:LONGEST_LIST]} … ({len(header)} in all)"
