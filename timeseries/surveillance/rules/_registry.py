"""All rules by name."""

from timeseries.surveillance._contract import Rule
from timeseries.surveillance.rules._breach import DailyLossRule, DrawdownRule
from timeseries.surveillance.rules._consistency import ConsistencyRule
from timeseries.surveillance.rules._copied import CopiedRule
from timeseries.surveillance.rules._hft import HighFrequencyRule
from timeseries.surveillance.rules._lot_explosion import LotExplosionRule
from timeseries.surveillance.rules._martingale import MartingaleRule
from timeseries.surveillance.rules._news import NewsRule
from timeseries.surveillance.rules._weekend import WeekendRule
from timeseries.surveillance.rules._win_rate import WinRateRule

__all__ = ["RULES"]

_ALL: tuple[Rule, ...] = (
    DailyLossRule(),
    DrawdownRule(),
    ConsistencyRule(),
    MartingaleRule(),
    LotExplosionRule(),
    HighFrequencyRule(),
    CopiedRule(),
    NewsRule(),
    WeekendRule(),
    WinRateRule(),
)
RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}
