"""Simple exponential smoothing."""

from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import History
from timeseries.forecast._smoothing import smoothed, smoothing_values
from timeseries.forecast.models._smoothing import course_outlook
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["Ses"]

PARAMETERS = tuple((alpha, 0.0, 1.0) for alpha in (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.9, 1.0))


class Ses(Unlearned):
    """A level that moves by a share of each surprise, and stays where it is.

    Source: Brown (1959), "Statistical forecasting for inventory control".
    """

    name = "ses"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        return course_outlook(history, smoothed(smoothing_values(history), PARAMETERS, horizon))
