"""The models people can ask for by name."""

from collections.abc import Mapping
from types import MappingProxyType

from timeseries.forecast._contract import Model
from timeseries.forecast.models._boosted import Boosted
from timeseries.forecast.models._combined import Combined
from timeseries.forecast.models._damped import Damped
from timeseries.forecast.models._drift import Drift
from timeseries.forecast.models._empirical import Empirical
from timeseries.forecast.models._ets import Ets
from timeseries.forecast.models._ewma_fhs import EwmaFhs
from timeseries.forecast.models._har_fhs import HarFhs
from timeseries.forecast.models._holt import Holt
from timeseries.forecast.models._naive import Naive
from timeseries.forecast.models._sarimax import Sarimax
from timeseries.forecast.models._seasonal_naive import SeasonalNaive
from timeseries.forecast.models._ses import Ses
from timeseries.forecast.models._theta import Theta

__all__ = ["FLOW_CANDIDATES", "LEVEL_CANDIDATES", "MODELS", "NAIVE", "SLOW"]

NAIVE: Model = Naive()
DRIFT, EMPIRICAL, EWMA_FHS, HAR_FHS = Drift(), Empirical(), EwmaFhs(), HarFhs()
SES, HOLT, DAMPED, THETA = Ses(), Holt(), Damped(), Theta()
BOOSTED: Model = Boosted()
COMBINED: Model = Combined("combined", flow=(EMPIRICAL, EWMA_FHS, HAR_FHS), level=(HAR_FHS, BOOSTED))
# What "auto" tries, the favourite first: chosen on accounts, stock returns and levels alike.
FLOW_CANDIDATES: tuple[Model, ...] = (HAR_FHS, NAIVE, EMPIRICAL, EWMA_FHS)
LEVEL_CANDIDATES: tuple[Model, ...] = (COMBINED, NAIVE, DRIFT, SES, THETA, HAR_FHS)
# One fit a series, a fraction of a second each.
FITTED_ONE_BY_ONE: tuple[Model, ...] = (Ets(), Sarimax())
SLOW = frozenset(model.name for model in FITTED_ONE_BY_ONE)
ALL: tuple[Model, ...] = (
    *(NAIVE, DRIFT, SeasonalNaive(), EMPIRICAL, EWMA_FHS, HAR_FHS),
    *(SES, HOLT, DAMPED, THETA, BOOSTED, COMBINED),
    *FITTED_ONE_BY_ONE,
)
MODELS: Mapping[str, Model] = MappingProxyType({model.name: model for model in ALL})
