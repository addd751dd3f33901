"""Proof by rolling origins: what forecasts would have said on past days, scored by what came.

Takes arrays, returns arrays:

>>> import numpy as np
>>> from timeseries.forecast.backtest import backtest
>>> proof = backtest(np.random.default_rng(0).normal(size=(20, 120)), horizon=5, origins=(100, 110))
>>> [score.model for score in proof.scores("model")]
['auto', 'naive']
"""

from timeseries.forecast.backtest._cells import LEVELS
from timeseries.forecast.backtest._proof import Backtest
from timeseries.forecast.backtest._ratio import Ratio
from timeseries.forecast.backtest._realised import realised_outcomes
from timeseries.forecast.backtest._reliability import ReliabilityBin, RiskScores
from timeseries.forecast.backtest._run import Breaches, backtest
from timeseries.forecast.backtest._summary import GroupScores

__all__ = [
    "LEVELS",
    "Backtest",
    "Breaches",
    "GroupScores",
    "Ratio",
    "ReliabilityBin",
    "RiskScores",
    "backtest",
    "realised_outcomes",
]
