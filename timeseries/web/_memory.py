"""Answers that many desks ask for at once, remembered for a moment."""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

from timeseries.config import Settings

__all__ = ["remembered"]

P = ParamSpec("P")
R = TypeVar("R")
Answers = dict[object, "_Answer"]


@dataclass(eq=False)
class _Answer:
    """An answer, or what will be one, and until when it serves."""

    made: "asyncio.Future[Any]"
    until: float = math.inf


def remembered(
    seconds: float, *, most: int = 500
) -> Callable[[Callable[P, R]], Callable[P, Coroutine[Any, Any, R]]]:
    """Let an endpoint serve its last answer again to the same question by the same reader.

    Of several who ask at once only one asks the database, in a thread; the others wait without one, so that a
    slow answer that all want keeps nobody from another. Readers of different account groups are different
    databases here, so nobody is answered with what others may see. Failures are not remembered.

    Args:
        seconds: for how long; what is read changes with each refresh of the aggregates, minutes apart.
        most: answers that are kept.
    """

    def decorate(endpoint: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
        answers: Answers = {}

        @wraps(endpoint)
        async def answer(*args: P.args, **named: P.kwargs) -> R:
            # An application has one database and one set of settings.
            question = {name: value for name, value in named.items() if not isinstance(value, Settings)}
            key = (args, frozenset(question.items()))
            found = answers.get(key)
            if found is None or time.monotonic() >= found.until:
                if len(answers) >= most:
                    answers.clear()
                found = answers[key] = _Answer(
                    asyncio.ensure_future(run_in_threadpool(endpoint, *args, **named))
                )
                found.made.add_done_callback(partial(_settle, answers, key, found, seconds))
            # Who asked first may leave while others wait.
            answered: R = await asyncio.shield(found.made)
            return answered

        return answer

    return decorate


def _settle(
    answers: Answers, key: object, answer: _Answer, seconds: float, made: "asyncio.Future[Any]"
) -> None:
    """Say how long an answer serves from now on; forget a failure."""
    if not made.cancelled() and made.exception() is None:
        answer.until = time.monotonic() + seconds
    elif answers.get(key) is answer:
        del answers[key]
