"""Exponential smoothing in state space, by statsmodels."""

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import History
from timeseries.forecast.models._statsmodels import fitted_one_by_one
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["Ets"]


class Ets(Unlearned):
    """ETS(A, Ad, N): additive errors and a damped trend, by maximum likelihood, one series at a time.

    Source: Hyndman, Koehler, Snyder & Grose (2002), "A state space framework for automatic forecasting using
    exponential smoothing methods", International Journal of Forecasting 18(3).
    """

    name = "ets"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        return fitted_one_by_one(history, horizon, fit)


def fit(values: npt.NDArray[np.float64], horizon: int) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of each coming day."""
    # Here, because importing them takes longer than most commands.
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    # Its predictions want an index.
    model = ETSModel(pd.Series(values), error="add", trend="add", damped_trend=True)
    ahead = model.fit(disp=False, maxiter=200).get_prediction(len(values), len(values) + horizon - 1)
    return np.asarray(ahead.predicted_mean), np.sqrt(np.asarray(ahead.forecast_variance))
