"""The metrics that detection watches: how each is made of daily metrics, and how people read it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.anomaly import Unit
from timeseries.metrics import Panel

__all__ = ["FEATURES", "Feature", "feature_array"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """One watched metric.

    Attributes:
        name: as stored.
        label: as people call it.
        unit: how its values are written.
        values: the metric in people's units, [accounts, days]; NaN where it does not exist.
        squeeze: to the scale on which days are compared; heavy right tails go through a logarithm.
        restore: back from that scale.
    """

    name: str
    label: str
    unit: Unit
    values: Callable[[Panel], FloatArray]
    squeeze: Callable[[FloatArray], FloatArray]
    restore: Callable[[FloatArray], FloatArray]


def feature_array(panel: Panel) -> FloatArray:
    """All features on the scale of comparison, [accounts, days, features]."""
    return np.stack([feature.squeeze(feature.values(panel)) for feature in FEATURES], axis=2)


def _where_traded(panel: Panel, metric: str) -> FloatArray:
    return np.where(panel["trades"] > 0, panel[metric], np.nan)


def _per_trade(panel: Panel, metric: str) -> FloatArray:
    return _where_traded(panel, metric) / np.where(panel["trades"] > 0, panel["trades"], 1.0)


def _win_rate(panel: Panel) -> FloatArray:
    # Half a win and half a loss added (Jeffreys' prior), so that one trade is no certainty.
    return (_where_traded(panel, "wins") + 0.5) / (panel["trades"] + 1.0)


def _logit(share: FloatArray) -> FloatArray:
    return np.log(share / (1 - share))


def _expit(value: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-value))


def _identity(values: FloatArray) -> FloatArray:
    return values


# "trades" first: it alone says whether an account is silent.
FEATURES: tuple[Feature, ...] = (
    Feature("trades", "Trades", "count", lambda p: p["trades"], np.log1p, np.expm1),
    Feature("net_profit", "Net profit", "money", lambda p: p["net_profit"], _identity, _identity),
    Feature(
        "lot_ratio",
        "Position size relative to habit",
        "number",
        lambda p: p["lot_ratio"],
        np.log,
        np.exp,
    ),
    Feature("win_rate", "Share of winning trades", "share", _win_rate, _logit, _expit),
    Feature(
        "holding_time",
        "Average holding time",
        "seconds",
        lambda p: _per_trade(p, "seconds_held"),
        np.log1p,
        np.expm1,
    ),
)
