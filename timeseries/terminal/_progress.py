"""Progress bars for what takes long."""

import time
from types import TracebackType

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from timeseries.terminal._console import errors

__all__ = ["Bars"]

PATIENCE_SECONDS = 1.0


class Bars:
    """Bars on the error stream, one for each thing that is done; nothing where no terminal is.

    Call it with what is done, how much, and of how much.
    """

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(),
            TextColumn("{task.completed:>11,.0f} / {task.total:,.0f}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=errors,
            disable=not errors.is_terminal,
            transient=True,
        )
        self._task = TaskID(0)
        self._current = ""
        self._begun = time.monotonic()

    def __enter__(self) -> "Bars":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._current:
            self._begin(what, total)
        self._progress.update(self._task, completed=done, total=max(total, 1))
        if time.monotonic() - self._begun > PATIENCE_SECONDS:
            self._progress.start()

    def _begin(self, what: str, total: int) -> None:
        for task in self._progress.tasks:
            self._progress.update(task.id, completed=task.total)
        self._task = self._progress.add_task(what, total=max(total, 1))
        self._current = what
