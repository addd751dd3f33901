"""The models people can ask for by name."""

from collections.abc import Mapping
from types import MappingProxyType

from timeseries.forecast._contract import Model
from timeseries.forecast._empirical import Empirical
from timeseries.forecast._ewma_fhs import EwmaFhs
from timeseries.forecast._naive import Naive

__all__ = ["MODELS", "NAIVE"]

NAIVE: Model = Naive()
ALL: tuple[Model, ...] = (NAIVE, Empirical(), EwmaFhs())
MODELS: Mapping[str, Model] = MappingProxyType({model.name: model for model in ALL})
