"""Reading a database that may be gone, or hang, without waiting for it."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from timeseries.errors import TimeseriesError

__all__ = ["PatientReader"]

Answer = TypeVar("Answer")
FRESH_SECONDS = 5.0
PATIENCE_SECONDS = 4.0
# A connection whose other end vanished may hang for hours.
ABANDONED_SECONDS = 60.0


class _Attempt(Generic[Answer]):
    """One try to read; the answer is None as long as there is none."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.ended = threading.Event()
        self.answer: Answer | None = None

    def serves(self) -> bool:
        """Whether there is no need for another."""
        limit = FRESH_SECONDS if self.ended.is_set() else ABANDONED_SECONDS
        return time.monotonic() - self.began < limit


class PatientReader(Generic[Answer]):
    """Has something read in a thread, waits four seconds for it, and answers everybody the same for five.

    Attributes:
        answered_at: when it last read something, by ``time.monotonic``; None: not yet.
    """

    def __init__(self, read: Callable[[], Answer]) -> None:
        self.answered_at: float | None = None
        self._read = read
        self._lock = threading.Lock()
        self._attempt: _Attempt[Answer] | None = None

    def begin(self) -> None:
        """Have it read now, without waiting for that."""
        self._current()

    def newest(self) -> Answer | None:
        """What was read within the last five seconds; None when nothing could be read in time."""
        attempt = self._current()
        attempt.ended.wait(max(attempt.began + PATIENCE_SECONDS - time.monotonic(), 0.0))
        return attempt.answer

    @property
    def is_waiting(self) -> bool:
        """Whether the last try has neither failed nor succeeded yet."""
        return self._attempt is not None and not self._attempt.ended.is_set()

    def _current(self) -> _Attempt[Answer]:
        with self._lock:
            if self._attempt is None or not self._attempt.serves():
                self._attempt = _Attempt()
                threading.Thread(target=self._try, args=(self._attempt,), daemon=True, name="metrics").start()
            return self._attempt

    def _try(self, attempt: _Attempt[Answer]) -> None:
        try:
            attempt.answer = self._read()
            self.answered_at = time.monotonic()
        except TimeseriesError:
            pass  # the scheduler logs it, and the answer says so
        finally:
            attempt.ended.set()
