"""The models, one class a file; each keeps the promise of :class:`timeseries.forecast.Model`."""

from timeseries.forecast.models._registry import FLOW_CANDIDATES, LEVEL_CANDIDATES, MODELS, NAIVE, SLOW

__all__ = ["FLOW_CANDIDATES", "LEVEL_CANDIDATES", "MODELS", "NAIVE", "SLOW"]
