"""The pages for people and the HTTP interface for programs, over the same reads as the command line.

``create_app`` makes the application; rooms above this one add endpoints with what else is here.
"""

from timeseries.web._app import create_app
from timeseries.web._dependencies import EngineSettings, WholeDatabase
from timeseries.web._gate import tokens_exist
from timeseries.web._memory import remembered
from timeseries.web._paging import place_of, written
from timeseries.web._parameters import Cursor, Limit
from timeseries.web._values import Model

__all__ = [
    "Cursor",
    "EngineSettings",
    "Limit",
    "Model",
    "WholeDatabase",
    "create_app",
    "place_of",
    "remembered",
    "tokens_exist",
    "written",
]
