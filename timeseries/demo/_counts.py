"""What was written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows in the files: ``trades_written`` = ``distinct_trades`` + ``duplicates`` + ``broken``.

    ``distinct_trades`` are the good trades a database must hold once everything is loaded; ``late`` of
    them stand in the late file only. ``broken`` rows have tickets of their own and belong in quarantine.
    """

    accounts: int
    accounts_ended: int
    trades_written: int
    distinct_trades: int
    duplicates: int
    late: int
    broken: int
    snapshots: int
