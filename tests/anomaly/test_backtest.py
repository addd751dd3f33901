"""Alarms against labels, and one configuration against another."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeseries.anomaly.backtest import (
    backtest,
    compare,
    first_alarms,
    labelled_events,
    threshold_at,
    vus_pr,
)

KINDS = ("spike", "drift")


def days(text: str) -> np.ndarray:
    """A row of days a line: digits are labels, x is an alarm."""
    table = str.maketrans(".x", "01")
    return np.array([[int(day) for day in line.translate(table)] for line in text.split()])


LABEL = days("000110000022000 000000000000000 000002222000000")
ALARM = days("x...x.......x.. ......x........ .......x....xx.") > 0


def test_counts_what_a_person_would_count() -> None:
    proof = backtest(ALARM, LABEL, kinds=KINDS, repeat_days=1, grace_days=1)
    whole, spike, drift = proof.scores
    assert (whole.events, whole.recall, whole.alarms, whole.false_alarms) == (3, 1.0, 6, 3)
    assert (whole.precision, whole.delay) == (0.5, 2.0)
    # 45 days, less eight labelled ones, less three of grace.
    assert whole.false_per_month == pytest.approx(3 * 21 / 34)
    assert (spike.series, spike.events, spike.recall, spike.delay, spike.false_alarms) == (1, 1, 1.0, 1.0, 1)
    assert (drift.series, drift.events, drift.alarms, drift.false_alarms, drift.delay) == (2, 2, 4, 2, 2.0)
    assert proof.delay.tolist() == [1.0, 2.0, 2.0]


def test_without_grace_a_late_alarm_is_false_and_its_event_missed() -> None:
    whole = backtest(ALARM, LABEL, kinds=KINDS, repeat_days=1).scores[0]
    assert (whole.recall, whole.false_alarms) == (2 / 3, 4)


def test_a_repeat_neither_counts_nor_finds() -> None:
    proof = backtest(ALARM, LABEL, kinds=KINDS, repeat_days=5, grace_days=1)
    assert proof.scores[0].recall == 2 / 3
    assert np.isnan(proof.delay[0])


def test_days_not_judged_have_no_events_alarms_or_months() -> None:
    judged = np.ones(LABEL.shape, dtype=bool)
    judged[:, :5] = False
    whole = backtest(ALARM, LABEL, kinds=KINDS, judged=judged, repeat_days=1, grace_days=1).scores[0]
    assert (whole.events, whole.alarms, whole.false_alarms) == (2, 4, 2)
    # 30 days, less six labelled ones, less three of grace.
    assert whole.false_per_month == pytest.approx(2 * 21 / 21)


def test_alarms_on_days_not_judged_make_no_repeats() -> None:
    judged = np.arange(15)[None] >= 3
    proof = backtest(days("..x.x..........") > 0, days("...11..........") > 0, kinds=KINDS, judged=judged)
    assert np.flatnonzero(proof.alarms).tolist() == [4]


def test_the_delay_is_that_of_an_events_first_alarm() -> None:
    proof = backtest(days("....x...x.....") > 0, days("...1111111....") > 0, kinds=KINDS, repeat_days=2)
    assert proof.delay.tolist() == [1.0]
    assert (proof.scores[0].alarms, proof.scores[0].false_alarms) == (2, 0)


def test_what_cannot_be_said_is_none_in_json() -> None:
    proof = backtest(np.zeros((2, 9), dtype=bool), np.zeros((2, 9), dtype=int), kinds=KINDS)
    said = json.loads(json.dumps(proof.as_dict()))
    assert list(said) == ["all"]
    assert (said["all"]["recall"], said["all"]["precision"], said["all"]["delay"]) == (None, None, None)
    assert said["all"]["false_per_month"] == 0.0


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10_000), repeat=st.integers(0, 6))
def test_repeats_are_those_near_the_alarm_before(seed: int, repeat: int) -> None:
    alarm = np.random.default_rng(seed).random((3, 25)) < 0.2
    kept = first_alarms(alarm, repeat_days=repeat)
    for row, mine in zip(alarm, kept, strict=True):
        places = np.flatnonzero(row)
        gaps = np.diff(places, prepend=-repeat - 1)
        assert np.flatnonzero(mine).tolist() == places[gaps > repeat].tolist()


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_events_are_the_runs_of_a_label(seed: int) -> None:
    label = np.random.default_rng(seed).integers(0, 3, (4, 20))
    events = labelled_events(label)
    rebuilt = np.zeros_like(label)
    for series, first, last, kind in zip(*vars(events).values(), strict=True):
        assert not rebuilt[series, first : last + 1].any()
        rebuilt[series, first : last + 1] = kind
    np.testing.assert_array_equal(rebuilt, label)
    assert len(events) == (np.diff(label, axis=1, prepend=0) != 0)[label > 0].sum()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), grace=st.integers(0, 4), repeat=st.integers(0, 4))
def test_kinds_add_up_to_the_whole(seed: int, grace: int, repeat: int) -> None:
    rng = np.random.default_rng(seed)
    label = np.repeat(rng.integers(0, 3, (5, 10)) * (rng.random((5, 10)) < 0.3), 3, axis=1)
    alarm = rng.random(label.shape) < 0.1
    proof = backtest(alarm, label, kinds=KINDS, repeat_days=repeat, grace_days=grace)
    whole, *parts = proof.scores
    assert whole.events == sum(part.events for part in parts)
    hits = [score.alarms - score.false_alarms for score in proof.scores]
    assert hits[0] == sum(hits[1:])
    assert whole.alarms == proof.alarms.sum()
    assert np.isfinite(proof.delay).sum() == round(whole.recall * whole.events if whole.events else 0)


def test_the_threshold_gives_as_many_false_alarms_as_allowed() -> None:
    rng = np.random.default_rng(3)
    oddness = rng.exponential(size=(40, 250))
    clean = np.ones(oddness.shape, dtype=bool)
    alarms = first_alarms(
        oddness > threshold_at(oddness, clean, clean_days=250, repeat_days=10), repeat_days=10
    )
    assert 36 <= alarms.sum() <= 40


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), repeat=st.integers(0, 8), digits=st.integers(0, 3))
def test_every_higher_threshold_is_bearable_and_the_next_lower_is_not(
    seed: int, repeat: int, digits: int
) -> None:
    rng = np.random.default_rng(seed)
    oddness, clean = np.round(rng.normal(size=(3, 50)), digits), rng.random((3, 50)) < 0.8
    found = threshold_at(oddness, clean, clean_days=30, repeat_days=repeat)
    values = np.unique(oddness[clean])[::-1]
    alarms = [(first_alarms(oddness > value, repeat_days=repeat) & clean).sum() for value in values]
    bearable = np.array(alarms) <= clean.sum() // 30
    place = int(np.flatnonzero(values == found)[0])
    # Steps of a tenth may pass over a single bad place, never over the first ten.
    assert bearable[: min(place + 1, 10)].all()
    assert bearable[place]
    assert place + 1 == len(values) or not bearable[place + 1]


def test_one_endless_alarm_is_no_way_to_few_alarms() -> None:
    oddness = np.random.default_rng(0).random((2, 2000))
    clean = np.ones(oddness.shape, dtype=bool)
    found = threshold_at(oddness, clean, repeat_days=10)
    assert found > 0.99
    assert first_alarms(oddness > found, repeat_days=10).sum() == 16


def test_an_infinitely_odd_clean_day_is_a_false_alarm_too() -> None:
    oddness = np.arange(500.0)[None]
    oddness[0, [100, 200, 300]] = np.inf
    assert threshold_at(oddness, np.ones((1, 500), dtype=bool), repeat_days=0) == np.inf
    # 497 clean days bear one.
    assert threshold_at(oddness, oddness < np.inf, repeat_days=0) == 498.0


# Said by the authors' own code (TheDatumOrg/VUS, RangeAUC_volume_opt with 250 thresholds) of these arrays.
PUBLISHED = {0: 0.47542606066344045, 1: 0.47542606066344045, 5: 0.4899587769053459, 20: 0.5037872703164407}


@pytest.mark.parametrize(("window", "published"), PUBLISHED.items())
def test_the_volume_is_the_published_one(window: int, published: float) -> None:
    label = np.zeros((1, 200), dtype=int)
    label[0, 30:35] = label[0, 90] = label[0, 96:110] = 1
    oddness = np.random.default_rng(42).normal(size=200) + 1.5 * label
    assert vus_pr(oddness, label > 0, window=window)[0] == pytest.approx(published, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), window=st.integers(0, 12), causal=st.booleans())
def test_the_volume_hangs_on_the_order_only_and_stays_in_bounds(seed: int, window: int, causal: bool) -> None:
    rng = np.random.default_rng(seed)
    oddness, label = np.round(rng.normal(size=(4, 40)), 1), rng.random((4, 40)) < 0.1
    volume = vus_pr(oddness, label, window=window, causal=causal)
    np.testing.assert_array_equal(np.isnan(volume), ~label.any(axis=1))
    assert ((volume >= 0) & (volume <= 1 + 1e-12))[label.any(axis=1)].all()
    again = vus_pr(np.exp(oddness) * 3, label, window=window, causal=causal)
    np.testing.assert_allclose(again, volume)


def test_an_alarm_before_its_event_earns_nothing_when_causal() -> None:
    label = np.zeros((2, 40), dtype=bool)
    label[:, 20:25] = True
    oddness = np.random.default_rng(0).random((2, 40)) * 0.1 + label
    oddness[0, 17] = oddness[1, 27] = 5.0
    early, late = vus_pr(oddness, label, window=10, causal=True)
    both = vus_pr(oddness, label, window=10)
    assert early < late
    assert both[0] == pytest.approx(both[1], abs=0.01)
    assert early < both[0]


def test_the_volume_of_a_kind_does_not_pay_for_other_kinds() -> None:
    label = days("000110000022000")
    proof = backtest(LABEL[:1] > 0, label, kinds=KINDS, oddness=(label > 0) * 1.0, window=0)
    assert [score.vus_pr for score in proof.scores] == [1.0, 1.0, 1.0]
    assert backtest(LABEL > 0, LABEL, kinds=KINDS).as_dict()["all"]["vus_pr"] is None


def test_comparing_says_what_is_new_and_gone() -> None:
    proposed = days("....x......x... ............... .......x....xx.") > 0
    before = backtest(ALARM, LABEL, kinds=KINDS, repeat_days=1)
    after = backtest(proposed, LABEL, kinds=KINDS, repeat_days=1)
    change = compare(before, after)
    assert change.new.tolist() == []
    assert change.gone.tolist() == [[0, 0], [1, 6]]
    said = json.loads(json.dumps(change.as_dict()))
    assert (said["gained"], said["lost"]) == ([[0, 10, 11]], [])
    assert (said["before"]["all"]["events"], said["after"]["all"]["recall"]) == (3, 1.0)
    back = compare(after, before)
    assert (back.new.tolist(), back.lost.tolist()) == (change.gone.tolist(), change.gained.tolist())


def test_comparing_a_configuration_with_itself_finds_nothing() -> None:
    proof = backtest(ALARM, LABEL, kinds=KINDS)
    change = compare(proof, proof)
    assert not any(len(part) for part in (change.new, change.gone, change.gained, change.lost))


def test_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="one shape"):
        backtest(ALARM[:2], LABEL, kinds=KINDS)
    with pytest.raises(ValueError, match="number of kinds"):
        backtest(ALARM, LABEL, kinds=("spike",))
    with pytest.raises(ValueError, match="same series"):
        compare(backtest(ALARM, LABEL, kinds=KINDS), backtest(ALARM, LABEL * 0, kinds=KINDS))
    with pytest.raises(ValueError, match="at least 0"):
        vus_pr(np.ones((1, 5)), np.ones((1, 5), dtype=bool), window=-1)
    with pytest.raises(ValueError, match="series, days"):
        vus_pr(np.ones((1, 5)), np.ones((1, 6), dtype=bool))


def test_no_series_and_no_days_are_no_error() -> None:
    for shape in ((0, 9), (3, 0)):
        proof = backtest(np.zeros(shape, dtype=bool), np.zeros(shape, dtype=int), kinds=KINDS)
        assert proof.scores[0].events == 0
    assert threshold_at(np.full((2, 3), np.nan), np.ones((2, 3), dtype=bool)) == -np.inf
