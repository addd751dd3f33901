"""Sentences for findings."""

import math
from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeseries.anomaly import DETECTORS, Unit, explain

DAY = date(2026, 6, 29)


def test_a_ratio_reads_as_times_the_usual() -> None:
    sentence = explain(
        "Lots per trade", "lots", day=DAY, seen=4.2, expected=0.5, direction=1, spread=0.2, pvalue=1 / 4012
    )
    assert sentence == (
        "Lots per trade were 4.20 on 2026-06-29; usually about 0.50 (8.4 times), "
        "and such a day comes once in about 4,000."
    )


def test_money_around_zero_reads_as_a_range() -> None:
    sentence = explain(
        "Net profit",
        "money",
        day=DAY,
        seen=-4200,
        expected=12,
        direction=-1,
        spread=310,
        pvalue=1e-9,
        currency="USD",
    )
    assert sentence == (
        "Net profit was -4,200.00 USD on 2026-06-29; usually between -608.00 USD and 632.00 USD, "
        "and such a day comes less than once in 1,000,000."
    )


def test_silence_says_since_when() -> None:
    sentence = explain(
        "Trades",
        "count",
        day=DAY,
        seen=0,
        expected=12,
        direction=-1,
        spread=3,
        pvalue=1e-3,
        since=DAY - timedelta(days=14),
        detector="silence",
    )
    assert sentence == (
        "Trades stopped: nothing since 2026-06-15; usually about 12 on an active day, "
        "and such a silence comes once in about 1,000."
    )


def test_a_level_shift_says_its_side_and_start() -> None:
    sentence = explain(
        "Win rate",
        "share",
        day=DAY,
        seen=0.93,
        expected=0.61,
        direction=1,
        spread=0.08,
        pvalue=2e-4,
        since=DAY - timedelta(days=8),
        detector="level_shift",
    )
    assert sentence == (
        "Win rate has been above the usual since 2026-06-21: 93.0 % on 2026-06-29; "
        "usually about 61.0 % (1.5 times), and such a run comes once in about 5,000."
    )


@pytest.mark.parametrize(
    ("detector", "direction", "said"),
    [
        ("drift", -1, "Win rate has drifted downwards since 2026-06-21"),
        ("variance_shift", 1, "Win rate has varied more than usual since 2026-06-21"),
        ("variance_shift", -1, "Win rate has varied less than usual since 2026-06-21"),
        ("flat_line", 0, "Win rate has hardly moved since 2026-06-21"),
    ],
)
def test_what_lasts_says_since_when(detector: str, direction: int, said: str) -> None:
    sentence = explain(
        "Win rate",
        "share",
        day=DAY,
        seen=0.93,
        expected=0.61,
        direction=direction,
        spread=0.08,
        pvalue=2e-4,
        since=DAY - timedelta(days=8),
        detector=detector,
    )
    assert sentence == (
        f"{said}: 93.0 % on 2026-06-29; usually about 61.0 % (1.5 times), "
        "and such a run comes once in about 5,000."
    )


def test_a_missing_day_without_history_still_reads() -> None:
    sentence = explain(
        "Trades",
        "count",
        day=DAY,
        seen=math.nan,
        expected=math.nan,
        direction=0,
        spread=math.nan,
        pvalue=math.nan,
    )
    assert sentence == "Trades were missing on 2026-06-29."


@pytest.mark.parametrize(
    ("seconds", "text"), [(45, "45 s"), (600, "10.0 min"), (9000, "2.5 h"), (259200, "3.0 days")]
)
def test_durations_read_in_a_fitting_unit(seconds: float, text: str) -> None:
    sentence = explain(
        "Holding time", "seconds", day=DAY, seen=seconds, expected=1.0, direction=1, spread=1.0, pvalue=0.01
    )
    assert f"Holding time was {text} on" in sentence


@given(
    unit=st.sampled_from(get_args(Unit)),
    detector=st.sampled_from(list(DETECTORS)),
    seen=st.floats(-1e9, 1e9) | st.just(math.nan),
    expected=st.floats(-1e9, 1e9) | st.just(math.nan),
    spread=st.floats(0, 1e9) | st.just(math.nan),
    pvalue=st.floats(0, 1) | st.just(math.nan),
    direction=st.sampled_from([-1, 0, 1]),
    ago=st.none() | st.integers(0, 30),
)
def test_always_one_sentence_without_machine_words(
    unit: Unit,
    detector: str,
    seen: float,
    expected: float,
    spread: float,
    pvalue: float,
    direction: int,
    ago: int | None,
) -> None:
    since = None if ago is None else DAY - timedelta(days=ago)
    sentence = explain(
        "Gross loss",
        unit,
        day=DAY,
        seen=seen,
        expected=expected,
        direction=direction,
        spread=spread,
        pvalue=pvalue,
        since=since,
        detector=detector,
    )
    assert sentence.startswith("Gross loss ")
    assert sentence.endswith(".")
    assert not {"nan", "inf", "none"} & set(sentence.lower().replace(";", " ").replace(",", " ").split())


def test_refuses_an_unknown_unit() -> None:
    with pytest.raises(ValueError, match="count, lots, money"):
        explain("Trades", "parsecs", day=DAY, seen=1, expected=1, direction=0, spread=1, pvalue=0.5)  # type: ignore[arg-type]
