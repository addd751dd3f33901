"""Small jobs whose effect can be counted; worker processes import them by name."""

import os
import time
from datetime import timedelta

from sqlalchemy import text

from jobs.engine import Context, Job

CREATE = """
CREATE TABLE IF NOT EXISTS effects (
    job text, window_start timestamptz, window_end timestamptz, trading_day date, run serial
)
"""
NOTE = text(
    "INSERT INTO effects (job, window_start, window_end, trading_day) VALUES (:job, :start, :end, :day)"
)


def note(context: Context, connection, name: str) -> None:
    """Leave a mark of this run."""
    window = context.window
    connection.execute(NOTE, {"job": name, "start": window.start, "end": window.end, "day": window.day})


def quick(context: Context) -> int:
    with context.database.transaction() as connection:
        note(context, connection, "quick")
        context.complete(connection, 3)
    return 3


def other(context: Context) -> int:
    with context.database.transaction() as connection:
        note(context, connection, "other")
        context.complete(connection, 1)
    return 1


def broken(context: Context) -> int:
    with context.database.transaction() as connection:
        note(context, connection, "broken")
    raise ValueError("the toy is broken")


def hanging(context: Context) -> int:
    """Hangs in the first attempt of a window, in a transaction; the next ones are quick."""
    with context.database.transaction() as connection:
        attempt = connection.scalar(text("SELECT max(attempt) FROM job_runs WHERE job = 'hanging'"))
        note(context, connection, "hanging")
        if attempt == 1:
            time.sleep(600)
        context.complete(connection, 1)
    return 1


def sleeping(context: Context) -> int:
    """Hangs in a statement in the first attempt of a window, with a row locked that the next one needs."""
    with context.database.transaction() as connection:
        attempt = connection.scalar(text("SELECT max(attempt) FROM job_runs WHERE job = 'sleeping'"))
        connection.execute(text("UPDATE effects SET run = run WHERE job = 'in the way'"))
        note(context, connection, "sleeping")
        if attempt == 1:
            connection.execute(text("SELECT pg_sleep(600)"))
        context.complete(connection, 1)
    return 1


def slow(context: Context) -> int:
    time.sleep(30)
    return quick(context)


def dying(context: Context) -> int:
    os.kill(os.getpid(), 9)
    return 0


QUICK = Job("quick", "is quick", "every second", quick)
OTHER = Job("other", "is quick too", "every second", other)
BROKEN = Job("broken", "always fails", "every second", broken)
HANGING = Job("hanging", "hangs once", "every day", hanging, limit=timedelta(seconds=12))
SLEEPING = Job("sleeping", "hangs once in a statement", "every day", sleeping, limit=timedelta(seconds=4))
SLOW = Job("slow", "takes half a minute", "every day", slow)
DYING = Job("dying", "kills its own process", "every day", dying)
