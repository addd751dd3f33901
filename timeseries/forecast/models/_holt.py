"""Holt's linear trend."""

from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import History
from timeseries.forecast._smoothing import smoothed, smoothing_values
from timeseries.forecast.models._smoothing import course_outlook
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["Holt"]

PARAMETERS = tuple(
    (alpha, beta, 1.0) for alpha in (0.1, 0.3, 0.6, 0.8, 0.9, 1.0) for beta in (0.005, 0.02, 0.05, 0.1)
)


class Holt(Unlearned):
    """A level and a trend that both move by a share of each surprise; the trend goes on for ever.

    Source: Holt (1957, reprinted 2004), "Forecasting seasonals and trends by exponentially weighted moving
    averages", International Journal of Forecasting 20(1).
    """

    name = "holt"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        return course_outlook(history, smoothed(smoothing_values(history), PARAMETERS, horizon))
