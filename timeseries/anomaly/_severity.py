"""How much an alarm matters: its evidence and the money behind it."""

import numpy as np
import numpy.typing as npt

from timeseries.anomaly._types import CodeArray, FloatArray

__all__ = ["SEVERITIES", "severity"]

SEVERITIES = ("info", "warning", "critical")


def severity(
    pvalue: FloatArray,
    at_stake: npt.ArrayLike,
    *,
    evidence: tuple[float, float] = (1e-3, 1e-5),
    stakes: tuple[float, float] = (0.005, 0.02),
) -> CodeArray:
    """Codes into ``SEVERITIES`` from how unlikely something is and how much money is at stake.

    ===================  ==============  ===============  ==============
    p-value              under 0.5 %     0.5 % to 2 %     2 % and more
    ===================  ==============  ===============  ==============
    above 0.001          info            info             warning
    up to 0.001          info            warning          critical
    up to 0.00001        warning         critical         critical
    ===================  ==============  ===============  ==============

    Args:
        pvalue: any shape; NaN is info.
        at_stake: money as a share of the account's size, of a shape that broadcasts with ``pvalue``; the sign
            does not matter, and NaN, where a metric has no price, counts as the middle column.
        evidence: the p-values at which the rows begin, descending.
        stakes: the shares at which the columns begin, ascending.

    Raises:
        ValueError: limits out of order.
    """
    if not (evidence[0] >= evidence[1] > 0 and 0 <= stakes[0] <= stakes[1]):
        raise ValueError(f"evidence must descend and stakes ascend, not {evidence} and {stakes}")
    share = np.abs(np.nan_to_num(np.asarray(at_stake, dtype=np.float64), nan=stakes[0]))
    row = (pvalue <= evidence[0]).astype(np.int8) + (pvalue <= evidence[1])
    column = (share >= stakes[0]).astype(np.int8) + (share >= stakes[1])
    codes = np.where(np.isnan(pvalue), 0, np.clip(row + column - 1, 0, len(SEVERITIES) - 1))
    return codes.astype(np.int8)
