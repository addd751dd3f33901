"""How the engine itself is: what is observed of database and machine, what of that is trouble, and upkeep."""

from timeseries.health._judge import troubles
from timeseries.health._observe import Observation, observations, observe
from timeseries.health._upkeep import statistics

__all__ = ["Observation", "observations", "observe", "statistics", "troubles"]
