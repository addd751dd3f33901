"""Logs of the jobs: lines for people or JSON for machines, each with the run it belongs to."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

from jobs.engine.ledger import Claim

__all__ = ["log_to_stderr", "run_context"]

_current: ContextVar[Claim | None] = ContextVar("current run", default=None)


@contextmanager
def run_context(claimed: Claim) -> Iterator[None]:
    """Let what is logged in the block name the run."""
    token = _current.set(claimed)
    try:
        yield
    finally:
        _current.reset(token)


def log_to_stderr(*, as_json: bool, level: int = logging.INFO) -> None:
    """Send the program's logs to standard error, in place of where they went before.

    Args:
        as_json: one object a line with time, level, logger, message and, within a run, run_id, job, window
            and attempt; at its end rows and seconds.
        level: of the program's own loggers; those of libraries speak from WARNING on.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_name_run)
    handler.setFormatter(_json() if as_json else _Lines("%(asctime)s %(levelname)-7s %(run)s%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("timeseries").setLevel(level)


def _json() -> logging.Formatter:
    names = {"levelname": "level", "name": "logger"}
    return JsonFormatter("%(levelname)s %(name)s %(message)s", rename_fields=names, timestamp="time")


class _Lines(logging.Formatter):
    """Lines that begin with the run's number."""

    def format(self, record: logging.LogRecord) -> str:
        run_id = getattr(record, "run_id", None)
        record.run = f"[run {run_id}] " if run_id else ""
        return super().format(record)


def _name_run(record: logging.LogRecord) -> bool:
    claimed = _current.get()
    if claimed is not None:
        record.run_id, record.job = claimed.run_id, claimed.job
        record.window, record.attempt = str(claimed.window), claimed.attempt
    return True
