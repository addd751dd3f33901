"""Anomalies in panels of daily values: calibrated p-values, false-discovery control, sentences."""

from timeseries.anomaly._cohort_events import CohortEvents, beside_peers, cohort_events
from timeseries.anomaly._contract import Day, Detector, Evidence
from timeseries.anomaly._control import MEMORY_DAYS, AlarmDays, Decisions, control
from timeseries.anomaly._explain import Unit, explain
from timeseries.anomaly._guards import Guards
from timeseries.anomaly._registry import DETECTORS
from timeseries.anomaly._scores import Scores, score
from timeseries.anomaly._severity import SEVERITIES, severity

__all__ = [
    "DETECTORS",
    "MEMORY_DAYS",
    "SEVERITIES",
    "AlarmDays",
    "CohortEvents",
    "Day",
    "Decisions",
    "Detector",
    "Evidence",
    "Guards",
    "Scores",
    "Unit",
    "beside_peers",
    "cohort_events",
    "control",
    "explain",
    "score",
    "severity",
]
