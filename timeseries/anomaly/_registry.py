"""The detectors the engine knows, by name."""

from timeseries.anomaly._contract import Detector
from timeseries.anomaly._level_shift import LevelShift
from timeseries.anomaly._residual import Residual
from timeseries.anomaly._silence import Silence

__all__ = ["DETECTORS"]

DETECTORS: dict[str, type[Detector]] = {
    detector.name: detector for detector in (Residual, LevelShift, Silence)
}
"""Every detector by its name, in the order of the codes a full run uses."""
