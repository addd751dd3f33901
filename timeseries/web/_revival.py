"""Getting a database back that went away, without anybody waiting for it."""

import logging
import threading
import time
from collections.abc import Callable

from timeseries.errors import TimeseriesError

__all__ = ["Revival"]

logger = logging.getLogger("timeseries.web")
PAUSE_SECONDS = 5.0


class Revival:
    """Calls what opens the database again, in a thread, one at a time and not too often."""

    def __init__(self, reopen: Callable[[], object] | None) -> None:
        self._reopen = reopen
        self._lock = threading.Lock()
        self._tried_at = float("-inf")

    def begin(self) -> None:
        """Have it tried, unless it is being tried or was a moment ago."""
        if self._reopen is None:
            return
        with self._lock:
            if time.monotonic() - self._tried_at < PAUSE_SECONDS:
                return
            self._tried_at = float("inf")
        threading.Thread(target=self._try, args=(self._reopen,), daemon=True, name="revival").start()

    def _try(self, reopen: Callable[[], object]) -> None:
        try:
            reopen()
        except TimeseriesError as error:
            logger.warning("the database is not back: %s", error)
        finally:
            self._tried_at = time.monotonic()
