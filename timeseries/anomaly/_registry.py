"""The detectors the engine knows, by name."""

from timeseries.anomaly._contract import Detector
from timeseries.anomaly._drift import Drift
from timeseries.anomaly._flat_line import FlatLine
from timeseries.anomaly._isolation import Isolation
from timeseries.anomaly._level_shift import LevelShift
from timeseries.anomaly._predictive import Predictive
from timeseries.anomaly._residual import Residual
from timeseries.anomaly._silence import Silence
from timeseries.anomaly._variance_shift import VarianceShift

__all__ = ["DETECTORS"]

DETECTORS: dict[str, type[Detector]] = {
    detector.name: detector
    for detector in (Residual, LevelShift, Silence, Predictive, VarianceShift, FlatLine, Drift, Isolation)
}
"""Every detector by its name, in the order of the codes a full run uses."""
