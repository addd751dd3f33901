"""What was learnt from a panel, kept to forecast its later days without learning again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import IntArray
from timeseries.forecast._calibration import Calibration
from timeseries.forecast._choice import Choice
from timeseries.forecast._contract import Lessons
from timeseries.forecast._history import History

__all__ = ["State"]

# Goes up whenever a model or its lessons change their meaning.
VERSION = 1


@dataclass(frozen=True)
class State:
    """The choice, the calibration and the lessons of a panel of one kind.

    Attributes:
        kind: "flow" or "level".
        cohorts: labels of the cohorts seen.
        choice: of each of them, and of any other at the end.
        lessons: of each model in use.
    """

    kind: str
    cohorts: tuple[str, ...]
    choice: Choice
    lessons: Mapping[str, Lessons]

    def places(self, history: History) -> IntArray:
        """Where each series' cohort stands in the choice, [series]."""
        known = {label: place for place, label in enumerate(self.cohorts)}
        of_cohort = np.array(
            [known.get(label, len(self.cohorts)) for label in history.cohorts], dtype=np.intp
        )
        return of_cohort[history.cohort]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        choice = self.choice
        return {
            "version": VERSION,
            "kind": self.kind,
            "cohorts": list(self.cohorts),
            "model": choice.model.tolist(),
            "skill": [float(value) if np.isfinite(value) else None for value in choice.skill],
            "inner": choice.calibration.inner.tolist(),
            "outer": choice.calibration.outer.tolist(),
            "total": choice.calibration.total.tolist(),
            "lessons": {
                model: {name: lesson.tolist() for name, lesson in lessons.items()}
                for model, lessons in self.lessons.items()
            },
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "State | None":
        """The state again; None when another version wrote it, so that learning starts anew."""
        if plain.get("version") != VERSION:
            return None
        return cls(
            kind=plain["kind"],
            cohorts=tuple(plain["cohorts"]),
            choice=Choice(
                model=np.array(plain["model"], dtype=np.str_),
                skill=numbers(plain["skill"]),
                calibration=Calibration(*(numbers(plain[name]) for name in ("inner", "outer", "total"))),
            ),
            lessons={
                model: {name: numbers(lesson) for name, lesson in lessons.items()}
                for model, lessons in plain["lessons"].items()
            },
        )


def numbers(plain: list[Any]) -> npt.NDArray[np.float64]:
    """An array from plain numbers, NaN for none."""
    return np.array(plain, dtype=np.float64)
