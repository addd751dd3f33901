"""Charts made of characters."""

import math

import pytest

from timeseries.terminal import amount, fan, percent, sparkline


def test_a_sparkline_rises_and_falls_with_its_series():
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, math.nan, 2]) == "▁ █"
    assert sparkline([5, 5, 5]) == "▁▁▁"
    assert sparkline([]) == ""
    assert len(sparkline(range(100), width=10)) == 10


def test_a_fan_shows_interval_median_and_zero_in_order():
    (line,) = fan([-10], [5], [20], ["day"], width=31)
    bar = line.removeprefix("day  ")
    assert len(bar) == 31
    assert bar.index("─") == 0
    assert bar.index("│") == 10
    assert bar.index("●") == 15
    assert bar.rindex("─") == 30


def test_a_fan_of_nothing_at_all_is_still_drawn():
    assert "●" in fan([0], [0], [0], ["day"])[0]


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1,234.50"), (-0.5, "-0.50"), (None, "–"), (math.nan, "–")]
)
def test_money_is_written_as_people_read_it(value, text):
    assert amount(value) == text


def test_shares_are_written_as_percentages():
    assert percent(0.1234, 1) == "12.3%"
    assert percent(None) == "–"
