"""The contract, run over every registered detector."""

import numpy as np
import pytest

from timeseries.anomaly import DETECTORS, Day, Detector

SERIES, METRICS = 8, 2


@pytest.fixture(params=list(DETECTORS))
def kind(request: pytest.FixtureRequest) -> type[Detector]:
    return DETECTORS[request.param]


def panel_days(count: int, seed: int = 0) -> list[Day]:
    rng = np.random.default_rng(seed)
    days = []
    for index in range(count):
        residual = rng.standard_normal((SERIES, METRICS))
        idle = rng.random((SERIES, METRICS)) < 0.3
        residual[idle] = np.nan
        values = np.where(idle, 0.0, residual + 10.0)
        expected = np.full((SERIES, METRICS), 10.0)
        cohort = np.zeros(SERIES, dtype=np.int64)
        days.append(Day(values, idle, expected, np.ones_like(expected), residual, index % 5, cohort))
    return days


def run(kind: type[Detector], days: list[Day]) -> list[np.ndarray]:
    detector = kind(SERIES, METRICS)
    nothing = np.zeros((SERIES, METRICS), dtype=bool)
    result = []
    for day in days:
        said = detector.score(day)
        detector.learn(day, nothing)
        result.append(np.stack([said.statistic, said.direction]))
    return result


def test_name_is_the_key(kind: type[Detector]) -> None:
    assert DETECTORS[kind.name] is kind


def test_statistics_are_non_negative_or_no_opinion(kind: type[Detector]) -> None:
    for statistic, direction in run(kind, panel_days(60)):
        assert statistic.shape == direction.shape == (SERIES, METRICS)
        assert ((statistic >= 0) | np.isnan(statistic)).all()
        assert not np.isinf(statistic).any()
        assert np.isin(direction[np.isfinite(statistic)], (-1.0, 0.0, 1.0)).all()


def test_repeats_exactly(kind: type[Detector]) -> None:
    one, other = run(kind, panel_days(40)), run(kind, panel_days(40))
    np.testing.assert_array_equal(one, other)


def test_earlier_opinions_do_not_depend_on_later_days(kind: type[Detector]) -> None:
    days = panel_days(40)
    np.testing.assert_array_equal(run(kind, days)[:25], run(kind, days[:25] + panel_days(15, seed=9))[:25])


def test_series_do_not_see_each_other(kind: type[Detector]) -> None:
    if kind.fleetwise:
        pytest.skip("judges a series beside its cohort")
    days = panel_days(40)
    mixed = [
        Day(*(np.roll(part, 1, axis=0) for part in _arrays(day)), day.weekday, day.cohort) for day in days
    ]
    for straight, rolled in zip(run(kind, days), run(kind, mixed), strict=True):
        np.testing.assert_array_equal(np.roll(straight, 1, axis=1), rolled)


def test_does_not_change_its_input(kind: type[Detector]) -> None:
    days, untouched = panel_days(30), panel_days(30)
    run(kind, days)
    for day, same in zip(days, untouched, strict=True):
        np.testing.assert_array_equal(np.stack(_arrays(day)[2:]), np.stack(_arrays(same)[2:]))
        np.testing.assert_array_equal(day.values, same.values)


def test_flagged_days_are_not_learned(kind: type[Detector]) -> None:
    """A detector that learned only flagged days still has no more to say of habits than a new one."""
    flagged, fresh = kind(SERIES, METRICS), kind(SERIES, METRICS)
    everything = np.ones((SERIES, METRICS), dtype=bool)
    days = panel_days(31)
    for day in days[:30]:
        flagged.learn(day, everything)
    np.testing.assert_array_equal(flagged.score(days[30]).statistic, fresh.score(days[30]).statistic)


def test_accepts_days_without_any_observation(kind: type[Detector]) -> None:
    nothing = np.full((SERIES, METRICS), np.nan)
    blank = Day(
        nothing,
        np.zeros(nothing.shape, dtype=bool),
        nothing,
        nothing,
        nothing,
        0,
        np.zeros(SERIES, dtype=np.int64),
    )
    for statistic, _ in run(kind, [blank] * 30):
        assert np.isnan(statistic).all()


def _arrays(day: Day) -> list[np.ndarray]:
    return [day.values, day.idle, day.expected, day.spread, day.residual]


def test_ages_are_days_since_a_beginning(kind: type[Detector]) -> None:
    detector = kind(SERIES, METRICS)
    for index, day in enumerate(panel_days(50)):
        said = detector.score(day)
        if said.age is not None:
            assert ((said.age >= 0) & (said.age <= index + 1)).all()
        detector.learn(day, np.zeros((SERIES, METRICS), dtype=bool))


def test_a_restart_leaves_the_others_alone(kind: type[Detector]) -> None:
    days, where = panel_days(50), np.zeros((SERIES, METRICS), dtype=bool)
    where[2] = True
    straight, restarted = kind(SERIES, METRICS), kind(SERIES, METRICS)
    for day in days[:-1]:
        for detector in (straight, restarted):
            detector.score(day)
            detector.learn(day, np.zeros(where.shape, dtype=bool))
    restarted.restart(where)
    one, other = straight.score(days[-1]).statistic, restarted.score(days[-1]).statistic
    np.testing.assert_array_equal(one[~where], other[~where])
