"""Holt's trend, damped."""

from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import History
from timeseries.forecast._smoothing import smoothed, smoothing_values
from timeseries.forecast.models._smoothing import course_outlook
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["Damped"]

PARAMETERS = tuple(
    (alpha, beta, phi)
    for alpha in (0.1, 0.3, 0.6, 0.8, 0.9, 1.0)
    for beta in (0.02, 0.1, 0.2)
    for phi in (0.8, 0.9, 0.97)
)


class Damped(Unlearned):
    """A level and a trend that fades: the course bends to a constant.

    Source: Gardner & McKenzie (1985), "Forecasting trends in time series", Management Science 31(10).
    """

    name = "damped"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        return course_outlook(history, smoothed(smoothing_values(history), PARAMETERS, horizon))
