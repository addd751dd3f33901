"""Corrections and cancellations: every version is kept, and the trades hold the one in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from timeseries.database import run, statement
from timeseries.ingest._outcome import no_rows

__all__ = ["Changes", "revise"]


@dataclass(frozen=True)
class Changes:
    """What revisions did.

    Attributes:
        added, corrected, cancelled: rows that took effect.
        refused: rows that contradict another version of the same moment.
        places, moments, tickets: rows whose trade came to or went from a moment (UTC seconds), and
            its ticket; the moment is 0 for the cancellation of a trade that was never there.
    """

    added: NDArray[np.int64] = field(default_factory=no_rows)
    corrected: NDArray[np.int64] = field(default_factory=no_rows)
    cancelled: NDArray[np.int64] = field(default_factory=no_rows)
    refused: NDArray[np.int64] = field(default_factory=no_rows)
    places: NDArray[np.int64] = field(default_factory=no_rows)
    moments: NDArray[np.int64] = field(default_factory=no_rows)
    tickets: NDArray[np.int64] = field(default_factory=no_rows)

    @property
    def effective(self) -> int:
        """How many rows took effect."""
        return len(self.added) + len(self.corrected) + len(self.cancelled)


def revise(
    connection: Connection, revising: NDArray[np.int64], where: Sequence[Mapping[str, Any]], file_id: int
) -> Changes:
    """Bring some of the suspects into their tickets' histories, and the trades into line with these.

    Args:
        connection: the temporary table ``suspects`` is filled.
        revising: places of the suspects.
        where: bounds within which the trades they revise lie.
        file_id: what they came from.
    """
    if not len(revising):
        return Changes()
    connection.execute(statement("revisions.create_revisions"), {"places": revising.tolist()})
    connection.execute(statement("revisions.analyze_revisions"))
    for bound in where:
        run(connection, "revisions.keep_originals", bound)
    connection.execute(statement("revisions.create_before"))
    refused = list(connection.scalars(statement("revisions.tied_revisions")))
    connection.execute(statement("revisions.drop_revisions"), {"places": refused})
    connection.execute(statement("revisions.hold_versions"))
    connection.execute(statement("revisions.keep_revisions"), {"file_id": file_id})
    connection.execute(statement("revisions.create_changes"))
    connection.execute(statement("revisions.remove_replaced_trades"))
    connection.execute(statement("revisions.add_changed_trades"))
    return _changes(connection, np.array(refused, np.int64))


def _changes(connection: Connection, refused: NDArray[np.int64]) -> Changes:
    rows = connection.execute(statement("revisions.changes")).all()
    effective = np.array([row.place for row in rows], np.int64)
    closed = np.array([row.new_close is not None for row in rows], bool)
    unknown = np.array([row.unknown for row in rows], bool)
    moments = [
        (row.place, moment, row.ticket)
        for row in rows
        for moment in {row.old_close, row.new_close} - {None} or {0}
    ]
    places, seconds, tickets = np.array(moments, np.int64).reshape(-1, 3).T
    return Changes(
        added=effective[unknown & closed],
        corrected=effective[~unknown & closed],
        cancelled=effective[~closed],
        refused=refused,
        places=places,
        moments=seconds,
        tickets=tickets,
    )
