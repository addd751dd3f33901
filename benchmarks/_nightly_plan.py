"""From measured parts: who waits for whom, how long the night takes with some workers, and how it grows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from _nightly_runs import INGEST, Part

from jobs.registry import JOBS

__all__ = ["Growth", "Step", "alerts_out", "critical_path", "growth", "plan", "seconds_of"]

FINDERS = ("detect", "rules", "forecast")


@dataclass(frozen=True)
class Step:
    """A job's place in the night: begun and ended so many seconds after the day was final."""

    name: str
    begun: float
    ended: float
    after: tuple[str, ...]


@dataclass(frozen=True)
class Growth:
    """How a figure grows with the accounts.

    Attributes:
        per_account: what one more costs, by the two largest firms; all of it where there is but one.
        exponent: slope of the logarithms; NaN of fewer than two firms.
        expected: at so many accounts as asked for. The larger of the power law and of the straight line
            through the two largest firms: the one is low where a fixed part still counts, the other where
            more than each account's own is done.
    """

    per_account: float
    exponent: float
    expected: float


def waits_for(name: str) -> tuple[str, ...]:
    """Which of a day's jobs come before one: those declared, or those whose results it works with."""
    if name == "alert":
        return FINDERS
    if name == "deliver":
        return ("alert",)
    return JOBS[name].after


def plan(seconds: Mapping[str, float], workers: int) -> list[Step]:
    """A day's jobs on some workers: each as soon as what it waits for has ended and a worker is free.

    A run is taken to last as long as it did alone, and what is begun by the clock to begin at once.
    """
    names = [name for name in JOBS if name in (*FINDERS, "realise", "alert", "digest", "deliver")]
    free, done = [0.0] * workers, dict[str, Step]()
    while waiting := [name for name in names if name not in done]:
        ready = {
            name: max((done[one].ended for one in waits_for(name)), default=0.0)
            for name in waiting
            if all(one in done for one in waits_for(name))
        }
        worker = int(np.argmin(free))
        name = min(ready, key=lambda one: max(ready[one], free[worker]))
        begun = max(ready[name], free[worker])
        free[worker] = begun + seconds[name]
        done[name] = Step(name, begun, free[worker], waits_for(name))
    return sorted(done.values(), key=lambda step: (step.begun, step.ended))


def alerts_out(steps: Sequence[Step]) -> float:
    """When the day's alerts have been delivered."""
    return next(step.ended for step in steps if step.name == "deliver")


def critical_path(steps: Sequence[Step]) -> list[str]:
    """What the delivery had to wait for, link by link: what ended when the next began."""
    path = [next(step for step in steps if step.name == "deliver")]
    while path[0].begun > 0:
        path.insert(0, next(step for step in steps if step.ended == path[0].begun))
    return [step.name for step in path]


def seconds_of(parts: Sequence[Part]) -> dict[str, float]:
    """By name; an ingest that was not measured counts nothing."""
    return {INGEST: 0.0} | {part.name: part.seconds for part in parts}


def growth(accounts: Sequence[int], values: Sequence[float], target: int) -> Growth:
    """From firms of different sizes to one larger than all; without a second firm in proportion."""
    order = np.argsort(accounts)
    sizes, figures = np.array(accounts, float)[order], np.maximum(np.array(values, float)[order], 1e-9)
    ratio = target / sizes[-1]
    if len(sizes) < 2:
        return Growth(figures[-1] / sizes[-1], float("nan"), figures[-1] * ratio)
    exponent = float(np.polyfit(np.log(sizes), np.log(figures), 1)[0])
    slope = (figures[-1] - figures[-2]) / (sizes[-1] - sizes[-2])
    straight = figures[-1] + slope * (target - sizes[-1])
    return Growth(slope, exponent, float(max(straight, figures[-1] * ratio**exponent)))
