"""The instruments: contract sizes, price scales and costs, as columns."""

from typing import NamedTuple

import numpy as np

from ._arrays import Bools, Floats, Ints


class _Symbol(NamedTuple):
    name: str
    price: float
    decimals: int
    contract: float
    daily_volatility: float
    quote_symbol: str
    quote_power: int
    commission_per_lot: int
    swap_buy: int
    swap_sell: int
    crypto: bool = False


# Commission is USD per lot, round turn (3.50 a side); swaps are US cents per lot and night.
_TABLE = (
    _Symbol("XAUUSD", 4050.0, 2, 100, 0.011, "", 0, 7, -5200, 2100),
    _Symbol("NAS100", 25100.0, 1, 1, 0.012, "", 0, 0, -410, 60),
    _Symbol("EURUSD", 1.1605, 5, 100_000, 0.0045, "", 0, 7, -720, 210),
    _Symbol("US30", 46800.0, 1, 1, 0.009, "", 0, 0, -760, 110),
    _Symbol("GBPUSD", 1.3370, 5, 100_000, 0.005, "", 0, 7, -310, -240),
    _Symbol("USDJPY", 151.90, 3, 100_000, 0.0055, "USDJPY", -1, 7, 940, -1850),
    _Symbol("GBPJPY", 203.10, 3, 100_000, 0.0065, "USDJPY", -1, 7, 1430, -2900),
    _Symbol("BTCUSD", 108_500.0, 2, 1, 0.025, "", 0, 0, -4400, -900, True),
    _Symbol("GER40", 24_200.0, 1, 1, 0.010, "EURUSD", 1, 0, -390, -80),
    _Symbol("ETHUSD", 3880.0, 2, 10, 0.033, "", 0, 0, -1700, -350, True),
    _Symbol("AUDUSD", 0.6510, 5, 100_000, 0.0055, "", 0, 7, -250, -90),
    _Symbol("USDCAD", 1.4010, 5, 100_000, 0.004, "USDCAD", -1, 7, 130, -640),
    _Symbol("XAGUSD", 48.60, 3, 5000, 0.019, "", 0, 7, -2600, 800),
    _Symbol("EURJPY", 176.30, 3, 100_000, 0.006, "USDJPY", -1, 7, 820, -2100),
    _Symbol("SPX500", 6700.0, 1, 10, 0.009, "", 0, 0, -1100, 160),
    _Symbol("USDCHF", 0.7960, 5, 100_000, 0.005, "USDCHF", -1, 7, 710, -1290),
    _Symbol("USOIL", 58.40, 2, 1000, 0.021, "", 0, 0, 310, -1400),
    _Symbol("NZDUSD", 0.5740, 5, 100_000, 0.0055, "", 0, 7, -280, -150),
    _Symbol("EURGBP", 0.8690, 5, 100_000, 0.0035, "GBPUSD", 1, 7, -590, 90),
    _Symbol("AUDJPY", 98.90, 3, 100_000, 0.0065, "USDJPY", -1, 7, 610, -1700),
)
_NAMED_SHARES = (0.30, 0.14, 0.12, 0.10, 0.08, 0.05, 0.04, 0.04)
_ORDER = {row.name: index for index, row in enumerate(_TABLE)}
# A trader's usual stop is worth this share of the symbol's daily volatility.
_USUAL_MOVE = 0.3


def _shares() -> Floats:
    rest = 1 / np.arange(1, len(_TABLE) - len(_NAMED_SHARES) + 1)
    return np.concatenate([_NAMED_SHARES, (1 - sum(_NAMED_SHARES)) * rest / rest.sum()])


def _powers() -> Floats:
    return np.array([row.quote_power for row in _TABLE], np.float64)


NAMES: tuple[str, ...] = tuple(row.name for row in _TABLE)
SHARES: Floats = _shares()
PRICE: Floats = np.array([row.price for row in _TABLE])
DECIMALS: Ints = np.array([row.decimals for row in _TABLE], np.int64)
CONTRACT: Floats = np.array([row.contract for row in _TABLE], np.float64)
VOLATILITY: Floats = np.array([row.daily_volatility for row in _TABLE])
QUOTE_SYMBOL: Ints = np.array([_ORDER.get(row.quote_symbol, 0) for row in _TABLE], np.int64)
QUOTE_POWER: Floats = _powers()
COMMISSION_PER_LOT: Ints = np.array([row.commission_per_lot for row in _TABLE], np.int64)
SWAPS: Ints = np.array([(row.swap_sell, row.swap_buy) for row in _TABLE], np.int64)
CRYPTO: Bools = np.array([row.crypto for row in _TABLE], np.bool_)
USUAL_MOVE: Floats = _USUAL_MOVE * PRICE * VOLATILITY
USD_PER_LOT: Floats = USUAL_MOVE * CONTRACT * PRICE[QUOTE_SYMBOL] ** QUOTE_POWER
