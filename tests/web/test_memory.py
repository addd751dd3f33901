"""Answers remembered for a moment: asked once for all who wait, and never for somebody else."""

import asyncio
import time

import pytest
from starlette.concurrency import run_in_threadpool

from timeseries.config import Settings
from timeseries.web import remembered


class Desk:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []


def asking(seconds: float = 60, *, slow: float = 0, most: int = 500):
    @remembered(seconds, most=most)
    def answer(database: Desk, day: int = 1, settings: Settings | None = None) -> int:
        time.sleep(slow)
        database.asked.append(day)
        if day < 0:
            raise ValueError(day)
        return len(database.asked)

    return answer


def in_turn(answer, *questions):
    """The answers to some questions, each asked when the one before was answered."""

    async def ask() -> list[int]:
        return [await answer(**question) for question in questions]

    return asyncio.run(ask())


def test_the_same_question_is_asked_once_and_another_is_another():
    desk, answer = Desk(), asking()
    questions = [{"database": desk, "day": day, "settings": Settings()} for day in (1, 1, 2, 1)]
    assert in_turn(answer, *questions) == [1, 1, 2, 1]
    assert desk.asked == [1, 2]


def test_readers_of_other_groups_are_not_served_what_one_was():
    london, dubai, answer = Desk(), Desk(), asking()
    in_turn(answer, {"database": london}, {"database": dubai})
    assert (london.asked, dubai.asked) == ([1], [1])


def test_of_those_who_ask_at_once_one_asks_the_database_and_no_more_threads_wait_than_one():
    desk, answer = Desk(), asking(slow=0.2)

    async def ask() -> tuple[list[int], list[int]]:
        waiting = [asyncio.ensure_future(answer(database=desk)) for _ in range(100)]
        await asyncio.sleep(0.05)
        started = time.monotonic()
        other = await run_in_threadpool(lambda: [1])  # the pool has forty
        assert time.monotonic() - started < 0.1
        return await asyncio.gather(*waiting), other

    answers, other = asyncio.run(ask())
    assert (set(answers), other) == ({1}, [1])
    assert desk.asked == [1]


def test_who_asked_first_may_leave_while_others_wait():
    desk, answer = Desk(), asking(slow=0.1)

    async def ask() -> int:
        first, second = (asyncio.ensure_future(answer(database=desk)) for _ in range(2))
        await asyncio.sleep(0.02)
        first.cancel()
        return await second

    assert asyncio.run(ask()) == 1
    assert desk.asked == [1]


def test_it_is_asked_again_when_the_time_is_over_and_after_a_failure():
    desk, briefly = Desk(), asking(0.05)
    in_turn(briefly, {"database": desk})
    time.sleep(0.06)
    in_turn(briefly, {"database": desk})
    for _ in range(2):
        with pytest.raises(ValueError, match="-1"):
            in_turn(briefly, {"database": desk, "day": -1})
    assert desk.asked == [1, 1, -1, -1]


def test_no_more_are_kept_than_were_asked_for():
    desk, answer = Desk(), asking(most=2)
    in_turn(answer, *({"database": desk, "day": day} for day in (1, 2, 3, 1)))
    assert desk.asked == [1, 2, 3, 1]
