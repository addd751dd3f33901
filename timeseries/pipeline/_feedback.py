"""What people and earlier runs tell detection: labels, new normals, and the budget spent so far."""

import json
from datetime import date

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from timeseries.anomaly import AlarmDays
from timeseries.database import Database, run
from timeseries.metrics import Panel
from timeseries.pipeline._features import FEATURES
from timeseries.pipeline._judgement import Budget

__all__ = ["alarm_days_before", "keep_alarm_days", "label_weights", "new_normals"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
# As if so many alarms of every metric had been found worth it: a first dismissal is not yet a verdict.
TRUST = 3.0


def label_weights(database: Database, panel: Panel) -> FloatArray:
    """How far alarms of each account's cohort and metric were found worth it, [accounts, days, metrics].

    One where nobody labelled anything; with every alarm dismissed it falls towards zero. The posterior mean
    of the share of true ones, as weights of their p-values.
    """
    with database.transaction() as connection:
        rows = run(connection, "alert_actions.precision", {}).all()
    share = {
        (row.cohort, row.subject): (row.confirmed + TRUST) / (row.confirmed + row.dismissed + TRUST)
        for row in rows
    }
    cohorts, codes = np.unique(panel.accounts.cohort, return_inverse=True)
    table = np.array([[share.get((str(c), f.name), 1.0) for f in FEATURES] for c in cohorts])
    by_account = table.reshape(-1, len(FEATURES))[codes]
    weights: FloatArray = np.broadcast_to(
        by_account[:, None, :], (len(codes), len(panel.days), len(FEATURES))
    )
    return weights


def new_normals(database: Database, panel: Panel) -> BoolArray:
    """Account-days that people called the new normal, [accounts, days]."""
    accepted = np.zeros((len(panel.accounts), len(panel.days)), dtype=bool)
    with database.transaction() as connection:
        rows = run(connection, "alert_actions.new_normal", {}).all()
    identifiers = panel.accounts.table["account_id"].to_numpy(np.int64)
    for row in rows:
        accepted[identifiers == row.account_id] |= panel.days >= np.datetime64(row.since, "D")
    return accepted


def alarm_days_before(database: Database, budget: Budget, day: date) -> AlarmDays | None:
    """What the budget remembers of the days before; None when it began with this one."""
    values = {"control": budget.control, "target": budget.target, "day": day}
    with database.transaction() as connection:
        rows = run(connection, "findings.alarm_days", values).all()
    if not rows:
        return None
    return AlarmDays(
        tests=np.array([row.tests for row in rows], dtype=np.int64),
        discoveries=np.array([row.discoveries for row in rows], dtype=np.int64),
        augmented=np.array([row.augmented for row in rows], dtype=np.int64),
        level=np.array([row.level for row in rows], dtype=np.float64),
    )


def keep_alarm_days(connection: Connection, budget: Budget, days: list[date], kept: AlarmDays) -> None:
    """Write down what the next day's budget needs, in place of what these days had before."""
    rows = [
        {
            "trading_day": str(day),
            "tests": int(kept.tests[place]),
            "discoveries": int(kept.discoveries[place]),
            "augmented": int(kept.augmented[place]),
            "level": None if np.isnan(kept.level[place]) else float(kept.level[place]),
        }
        for place, day in enumerate(days)
    ]
    values = {"control": budget.control, "target": budget.target, "rows": json.dumps(rows)}
    run(connection, "findings.keep_alarm_days", values)
