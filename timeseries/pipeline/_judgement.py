"""From p-values to alarms: cohorts are set apart, small money is let go, the budget decides."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.anomaly import (
    AlarmDays,
    CohortEvents,
    Scores,
    beside_peers,
    cohort_events,
    control,
    severity,
)
from timeseries.config import AlertSettings
from timeseries.metrics import Panel
from timeseries.pipeline._features import MONEY

__all__ = ["FIRM", "Budget", "Judgement", "judge"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
FIRM = "firm"
WARNING = 1


@dataclass(frozen=True)
class Budget:
    """How alarms are rationed: by an accepted share of false ones, or by how many a day; one is None."""

    fdr: float | None
    budget: float | None
    alarm_pvalue: float

    @classmethod
    def of(cls, settings: AlertSettings, *, fdr: float | None, budget: float | None) -> "Budget":
        """What was asked for, else what the settings say."""
        if fdr is not None or budget is not None:
            return cls(fdr, budget, settings.alarm_pvalue)
        return cls(settings.fdr, None if settings.fdr else settings.budget, settings.alarm_pvalue)

    @property
    def control(self) -> str:
        """``fdr`` or ``budget``."""
        return "budget" if self.fdr is None else "fdr"

    @property
    def target(self) -> float:
        """The accepted share, or the accepted number a day."""
        value = self.budget if self.fdr is None else self.fdr
        assert value is not None
        return value


@dataclass(frozen=True)
class Judgement:
    """What becomes of the last days' p-values; arrays are [accounts, days] of these days alone.

    Attributes:
        pvalue: with what a whole cohort did set apart.
        alarming: worth a person's time.
        severity: codes into ``SEVERITIES``; at least a warning where alarming.
        at_stake: money by which the day's net profit is off what was expected, in the account's currency.
        events: moves of the whole firm, and of the groups beside it, with the names their codes stand for.
        days: what the budget has to remember.
    """

    pvalue: FloatArray
    alarming: BoolArray
    severity: npt.NDArray[np.int8]
    at_stake: FloatArray
    events: tuple[tuple[CohortEvents, list[str]], ...]
    days: AlarmDays


def judge(
    panel: Panel,
    scores: Scores,
    days: int,
    settings: AlertSettings,
    budget: Budget,
    *,
    weight: FloatArray,
    past: AlarmDays | None,
) -> Judgement:
    """Decide which of the last days' account-days raise an alarm.

    Args:
        panel: what was scored; its accounts have groups and sizes.
        scores: of all its days.
        days: how many at the end to decide on.
        settings: the guards in money.
        budget: how alarms are rationed.
        weight: [accounts, days of the panel, metrics], how far people found such alarms worth it.
        past: what was decided on the days before.
    """
    last = slice(-days, None)
    money = _money_off(panel, scores)
    lifted, events = _without_cohorts(panel, scores, last)
    pvalue = np.maximum(scores.pvalue[:, last], np.nan_to_num(lifted, nan=0.0))
    pvalue[_too_little(panel, scores, money, settings)[:, last]] = 1.0
    loudest = np.maximum(scores.metric[:, last, None], 0).astype(np.int64)
    chosen = np.take_along_axis(weight[:, last], loudest, axis=2)[:, :, 0]
    decided = control(pvalue, fdr=budget.fdr, budget=budget.budget, weight=chosen, past=past)
    alarming = decided.found & (decided.adjusted <= budget.alarm_pvalue)
    share = money[:, last] / np.maximum(panel.accounts.column("initial_balance"), 1.0)[:, None]
    codes = severity(pvalue, share)
    codes[alarming] = np.maximum(codes[alarming], WARNING)
    codes[~alarming] = 0
    return Judgement(pvalue, alarming, codes, money[:, last], events, decided.days)


def _money_off(panel: Panel, scores: Scores) -> FloatArray:
    """How far the net profit is from what was expected; NaN on days without a trade."""
    off = np.abs(panel["net_profit"] - scores.expected[:, :, MONEY])
    result: FloatArray = np.where(panel["trades"] > 0, off, np.nan)
    return result


def _too_little(panel: Panel, scores: Scores, money: FloatArray, settings: AlertSettings) -> BoolArray:
    """Account-days of which money says most, but too little of it."""
    size = panel.accounts.column("initial_balance")[:, None]
    least = np.maximum(settings.minimum_deviation_share * size, settings.minimum_deviation_money)
    result: BoolArray = (scores.metric == MONEY) & (money < least)
    return result


def _without_cohorts(
    panel: Panel, scores: Scores, last: slice
) -> tuple[FloatArray, tuple[tuple[CohortEvents, list[str]], ...]]:
    """The loudest metric's p-value beside the account's peers, and the moves of cohorts."""
    pvalue, direction = scores.metric_pvalue[:, last], scores.metric_direction[:, last]
    firm = np.zeros(len(panel.accounts), dtype=np.int64)
    names, group = _groups(panel)
    events = []
    for codes, called in ((firm, [FIRM]), (group, names)):
        found = cohort_events(pvalue, direction, codes)
        pvalue = beside_peers(pvalue, direction, codes, found)
        events.append((found.leads(), called))
    # Only where the peers' move was the loudest thing; the join of the metrics stays as it was elsewhere.
    moved = pvalue > scores.metric_pvalue[:, last]
    loudest = np.maximum(scores.metric[:, last, None], 0).astype(np.int64)
    lifted = np.take_along_axis(np.where(moved, pvalue, np.nan), loudest, axis=2)[:, :, 0]
    return lifted, tuple(events)


def _groups(panel: Panel) -> tuple[list[str], npt.NDArray[np.int64]]:
    labels = panel.accounts.table["account_group"]
    known = sorted(set(labels.dropna()))
    codes = labels.map({name: code for code, name in enumerate(known)}).fillna(-1)
    return known, codes.to_numpy(np.int64)
