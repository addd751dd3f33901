"""ARIMA with a weekly season, by statsmodels."""

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import History
from timeseries.forecast.models._statsmodels import fitted_one_by_one
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["Sarimax"]

WEEK = 5


class Sarimax(Unlearned):
    """ARIMA(1, d, 1)(1, 0, 0) with a week of five days, one series at a time.

    A level is differenced once, a flow has a constant instead. By maximum likelihood.

    Source: Durbin & Koopman (2012), "Time series analysis by state space methods", second edition.
    """

    name = "sarimax"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        # Here, because importing it takes longer than most commands.
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        level = history.levels is not None

        def fit(values: npt.NDArray[np.float64], days: int) -> tuple[FloatArray, FloatArray]:
            model = SARIMAX(
                values,
                order=(1, int(level), 1),
                seasonal_order=(1, 0, 0, WEEK),
                trend="n" if level else "c",
            )
            ahead = model.fit(disp=False, maxiter=50).get_forecast(days)
            return np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean)

        return fitted_one_by_one(history, horizon, fit)
