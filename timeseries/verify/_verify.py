"""The run of a verification."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from timeseries.database import Database
from timeseries.verify._cells import DEFAULT_SAMPLE, Cell, all_cells, sampled_cells
from timeseries.verify._compare import Findings, compare, read_states
from timeseries.verify._heal import heal as heal_findings
from timeseries.verify._ledger import record
from timeseries.verify._types import SUBJECTS, SubjectCheck, SubjectState, Verification

__all__ = ["DEFAULT_SAMPLE", "subject_states", "verify"]

KEPT_DIFFERENCES = 1_000

Progress = Callable[[str, int, int], None]


def verify(
    database: Database,
    *,
    full: bool = False,
    sample: int = DEFAULT_SAMPLE,
    heal: bool = False,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Compare every aggregate and the daily metrics with raw data, and write down what came of it.

    What is known to be out of date is not compared: it is counted as pending. Where raw data has been
    dropped, only what days carry forward is compared, each with the day before it.

    Args:
        full: compare everything; otherwise the newest complete day and a sample.
        sample: how many cells of the sample are drawn; a cell is 30 days of some accounts, and the default
            number of them about one hundredth of all data.
        heal: compute again what differs, mark what was built upon it, and compare once more.
        seed: draws the sample; None draws another one each time.
        progress: called with what is done, how many of how many cells.
    """
    started_at = datetime.now(UTC)
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    states = read_states(database)
    cells = all_cells(database) if full else sampled_cells(database, sample, seed)
    findings = Findings()
    differing = _compare_all(database, cells, findings, "comparing with raw data", progress)
    left = findings
    if heal and differing:
        heal_findings(database, findings)
        left = Findings()
        _compare_all(database, differing, left, "comparing what was healed", progress)
    checks = tuple(_check(states[name], findings, left) for name in SUBJECTS)
    differences = tuple(one for name in SUBJECTS for one in findings.differences[name])
    verification = Verification(started_at, full, seed, checks, differences)
    record(database, verification)
    return verification


def subject_states(database: Database) -> list[SubjectState]:
    """How far each aggregate and the daily metrics are behind and out of date, without comparing anything."""
    states = read_states(database)
    return [states[name] for name in SUBJECTS]


def _compare_all(
    database: Database, cells: Iterable[Cell], findings: Findings, what: str, progress: Progress | None
) -> list[Cell]:
    """Compare cells one after the other; returns those in which something differs."""
    cells = list(cells)
    differing = []
    for done, cell in enumerate(cells):
        if progress is not None:
            progress(what, done, len(cells))
        if compare(database, cell, findings, keep=KEPT_DIFFERENCES):
            differing.append(cell)
    if progress is not None:
        progress(what, len(cells), len(cells))
    return differing


def _check(state: SubjectState, findings: Findings, left: Findings) -> SubjectCheck:
    name = state.subject
    healed = findings.differing[name] > 0 and left.differing[name] == 0
    return SubjectCheck(state, findings.compared[name], findings.differing[name], healed)
