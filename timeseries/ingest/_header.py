"""Finding the known columns of a file by name."""

from collections.abc import Sequence
from pathlib import Path

from timeseries.errors import InputError
from timeseries.ingest._kind import COLUMNS, Kind

__all__ = ["match"]

LONGEST_LIST = 500


def match(header: Sequence[str], kind: Kind, path: Path) -> dict[str, int]:
    """Where each known column stands; letters' case and surrounding spaces do not matter.

    Raises:
        InputError: a required column is missing, or a known one is there twice.
    """
    found = [name.strip().lower() for name in header]
    wanted = COLUMNS[kind]
    missing = [name for name in wanted.required if name not in found]
    if missing:
        raise InputError(
            f"{path} is no file of {kind}: it has the columns {_listed(header)}; "
            f"needed are {', '.join(wanted.required)} (missing: {', '.join(missing)}); "
            f"possible are {', '.join(wanted.optional)}."
        )
    twice = [name for name in wanted.all if found.count(name) > 1]
    if twice:
        raise InputError(f"{path} has the column {twice[0]} more than once.")
    return {name: found.index(name) for name in wanted.all if name in found}


def _listed(header: Sequence[str]) -> str:
    names = ", ".join(" ".join(name.split()) for name in header)
    return names if len(names) <= LONGEST_LIST else f"{names[:LONGEST_LIST]} … ({len(header)} in all)"
