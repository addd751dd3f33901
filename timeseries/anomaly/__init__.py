"""Anomalies in panels of daily values: calibrated p-values, false-discovery control, sentences."""

from timeseries.anomaly._contract import Day, Detector, Evidence
from timeseries.anomaly._discoveries import discoveries
from timeseries.anomaly._explain import Unit, explain
from timeseries.anomaly._registry import DETECTORS
from timeseries.anomaly._scores import Scores, score

__all__ = ["DETECTORS", "Day", "Detector", "Evidence", "Scores", "Unit", "discoveries", "explain", "score"]
