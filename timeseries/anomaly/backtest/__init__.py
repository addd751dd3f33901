"""Proof of a detector: what it would have said on labelled days, and what a change of it would change.

Takes arrays, returns arrays; nothing here looks at how the alarms came about.

>>> import numpy as np
>>> from timeseries.anomaly.backtest import backtest
>>> label = np.array([[0, 0, 0, 1, 1, 0]])
>>> proof = backtest(np.array([[0, 1, 0, 0, 1, 0]]) > 0, label, kinds=("spike",), repeat_days=1)
>>> [(score.kind, score.recall, score.precision, score.delay) for score in proof.scores]
[('all', 1.0, 0.5, 1.0), ('spike', 1.0, 0.5, 1.0)]
"""

from timeseries.anomaly.backtest._alarms import first_alarms, threshold_at
from timeseries.anomaly.backtest._comparison import Comparison, compare
from timeseries.anomaly.backtest._events import Events, labelled_events
from timeseries.anomaly.backtest._run import Backtest, KindScores, backtest
from timeseries.anomaly.backtest._volume import vus_pr

__all__ = [
    "Backtest",
    "Comparison",
    "Events",
    "KindScores",
    "backtest",
    "compare",
    "first_alarms",
    "labelled_events",
    "threshold_at",
    "vus_pr",
]
