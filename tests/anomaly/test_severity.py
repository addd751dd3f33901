"""Evidence and money at stake together make a severity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeseries.anomaly import SEVERITIES, severity

SHARES = st.floats(0, 1)


@pytest.mark.parametrize(
    ("pvalue", "at_stake", "expected"),
    [
        (1e-4, 0.001, "info"),
        (1e-4, 0.01, "warning"),
        (1e-4, 0.05, "critical"),
        (1e-7, 0.0, "warning"),
        (1e-7, -0.01, "critical"),
        (0.01, 0.5, "warning"),
        (0.01, 0.01, "info"),
        (1e-4, np.nan, "warning"),
        (np.nan, 0.5, "info"),
    ],
)
def test_says_what_the_table_says(pvalue: float, at_stake: float, expected: str) -> None:
    assert SEVERITIES[severity(np.array([pvalue]), at_stake)[0]] == expected


@given(pvalue=SHARES, less=SHARES, at_stake=SHARES, more=SHARES)
def test_more_evidence_or_money_never_makes_it_milder(
    pvalue: float, less: float, at_stake: float, more: float
) -> None:
    mild = severity(np.array([max(pvalue, less)]), min(at_stake, more))
    assert (severity(np.array([min(pvalue, less)]), max(at_stake, more)) >= mild).all()


def test_judges_whole_panels() -> None:
    codes = severity(np.full((3, 2), 1e-4), np.array([[0.0], [0.01], [0.1]]))
    assert codes.tolist() == [[0, 0], [1, 1], [2, 2]]


def test_refuses_limits_out_of_order() -> None:
    with pytest.raises(ValueError, match="descend"):
        severity(np.ones(2), 0.1, evidence=(1e-5, 1e-3))
