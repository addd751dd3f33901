"""The metrics that detection watches: how each is made of daily metrics, and how people read it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.anomaly import Guards, Unit
from timeseries.metrics import Panel

__all__ = ["FEATURES", "MONEY", "NEVER", "Feature", "feature_array", "feature_guards"]

FloatArray = npt.NDArray[np.float64]
# To detectors a zero is a day of rest, which a ratio of one is not.
NO_ZERO = 1e-9


@dataclass(frozen=True)
class Feature:
    """One watched metric.

    Attributes:
        name: as stored.
        label: as people call it.
        unit: how its values are written.
        values: the metric in people's units, [accounts, days]; NaN where it does not exist.
        direction: the only side worth a finding: 1 above the expected, -1 below; 0 for both.
        minimum: the least deviation worth one, on the scale of comparison.
        squeeze: to the scale on which days are compared; heavy right tails go through a logarithm.
        restore: back from that scale.
    """

    name: str
    label: str
    unit: Unit
    direction: int
    minimum: float
    values: Callable[[Panel], FloatArray]
    squeeze: Callable[[FloatArray], FloatArray]
    restore: Callable[[FloatArray], FloatArray]


def feature_array(panel: Panel) -> FloatArray:
    """All features on the scale of comparison, [accounts, days, features]."""
    return np.stack([feature.squeeze(feature.values(panel)) for feature in FEATURES], axis=2)


def feature_guards() -> Guards:
    """What keeps a deviation from being a finding, whatever its p-value."""
    return Guards(
        direction=np.array([feature.direction for feature in FEATURES]),
        minimum=np.array([feature.minimum for feature in FEATURES]),
        minimum_share=np.zeros(len(FEATURES)),
    )


def _where_traded(panel: Panel, metric: str) -> FloatArray:
    return np.where(panel["trades"] > 0, panel[metric], np.nan)


def _per_trade(panel: Panel, metric: str) -> FloatArray:
    return _where_traded(panel, metric) / np.where(panel["trades"] > 0, panel["trades"], 1.0)


def _win_rate(panel: Panel) -> FloatArray:
    # Half a win and half a loss added (Jeffreys' prior), so that one trade is no certainty.
    return (_where_traded(panel, "wins") + 0.5) / (panel["trades"] + 1.0)


def _any_snapshot(panel: Panel) -> FloatArray:
    # How many there are hangs on open positions; that there are any says the feed is alive.
    snapshots = panel["snapshots"]
    alive: FloatArray = np.where(np.isnan(snapshots), np.nan, np.minimum(snapshots, 1.0))
    return alive


def _logit(share: FloatArray) -> FloatArray:
    return _log(share / (1 - share))


def _log(value: FloatArray) -> FloatArray:
    result: FloatArray = np.log(value) + NO_ZERO
    return result


def _net_profit(panel: Panel) -> FloatArray:
    return _where_traded(panel, "net_profit")


def _expit(value: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-value))


def _identity(values: FloatArray) -> FloatArray:
    return values


# Of this metric only the absence says something; no deviation of its count is a finding.
NEVER = 1e9
TWICE = float(np.log(2.0))

FEATURES: tuple[Feature, ...] = (
    Feature("trades", "Trades", "count", 0, TWICE, lambda p: p["trades"], np.log1p, np.expm1),
    Feature("net_profit", "Net profit", "money", 0, 0.0, _net_profit, _identity, _identity),
    Feature(
        "lot_ratio",
        "Position size relative to habit",
        "number",
        1,
        TWICE,
        lambda p: p["lot_ratio"],
        _log,
        np.exp,
    ),
    Feature("win_rate", "Share of winning trades", "share", 1, 0.5, _win_rate, _logit, _expit),
    Feature(
        "holding_time",
        "Average holding time",
        "seconds",
        -1,
        TWICE,
        lambda p: _per_trade(p, "seconds_held"),
        np.log1p,
        np.expm1,
    ),
    Feature("snapshots", "Equity snapshots", "count", -1, NEVER, _any_snapshot, _identity, _identity),
)
MONEY = tuple(feature.name for feature in FEATURES).index("net_profit")
