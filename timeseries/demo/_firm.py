"""The generated firm."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ._counts import Counts
from ._label import Label


@dataclass(frozen=True, slots=True)
class DemoFirm:
    """A synthetic firm on disk: no account, trade or person in it is real.

    The files stand in the order in which to load them: ``plans``, ``accounts``, ``trades`` (monthly, the
    late rows last), ``equity`` (monthly). ``labels_file`` holds ``labels`` as CSV. ``first_day`` and
    ``last_day`` are the first and last trading dates.
    """

    directory: Path
    plans: tuple[Path, ...]
    accounts: tuple[Path, ...]
    trades: tuple[Path, ...]
    equity: tuple[Path, ...]
    labels_file: Path
    labels: tuple[Label, ...]
    counts: Counts
    first_day: date
    last_day: date

    @property
    def files(self) -> dict[str, tuple[Path, ...]]:
        """Input files by kind, in load order."""
        return {
            "plans": self.plans,
            "accounts": self.accounts,
            "trades": self.trades,
            "equity": self.equity,
        }
