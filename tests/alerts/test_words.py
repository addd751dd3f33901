"""The headline of an incident says of a day what its finding says."""

from datetime import date

import pytest

from timeseries.alerts._words import title_of

LEAD = {
    "kind": "anomaly",
    "account": "A",
    "cohort": None,
    "subject": "win_rate",
    "trading_day": date(2026, 6, 26),
}


@pytest.mark.parametrize(
    ("detector", "direction", "said"),
    [
        ("residual", 1, "share of winning trades unusually high on 2026-06-26"),
        ("residual", -1, "share of winning trades unusually low on 2026-06-26"),
        ("isolation", 0, "share of winning trades unusual on 2026-06-26"),
        ("silence", -1, "share of winning trades stopped, as seen on 2026-06-26"),
        ("variance_shift", 1, "share of winning trades unusually changeable, as seen on 2026-06-26"),
        ("variance_shift", -1, "share of winning trades unusually steady, as seen on 2026-06-26"),
    ],
)
def test_a_title_says_what_the_detector_found(detector: str, direction: int, said: str):
    assert title_of({**LEAD, "detector": detector, "direction": direction}) == f"Account A: {said}"
