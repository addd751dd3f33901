"""What people do to alerts: acknowledge, label, mute. Everything done is kept with who did it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from timeseries.alerts._alert import LABELS
from timeseries.alerts._history import remember
from timeseries.alerts._words import WORDS
from timeseries.database import Database, run
from timeseries.errors import InputError, NotFound

__all__ = ["Mute", "acknowledge", "label", "list_mutes", "mute", "unmute"]


@dataclass(frozen=True)
class Mute:
    """Findings that raise no alert: of these accounts, groups and subjects, on these days; None is any.

    Attributes:
        account: the firm's name for it.
        account_group: of the accounts, or of a cohort's finding.
        subject: a metric, a rule, or ``forecast_breach``.
        since, until: the first and the last trading day; past days too. Without ``until`` it lasts.
        made_at, lifted_at: UTC.
    """

    mute_id: int
    account: str | None
    account_group: str | None
    subject: str | None
    since: date
    until: date | None
    reason: str | None
    made_by: str
    made_at: datetime
    lifted_at: datetime | None


def acknowledge(
    database: Database, alert_ids: Sequence[int], *, by: str, note: str | None = None
) -> list[int]:
    """Say that somebody looks after these alerts: they are not told again for having been neglected.

    Returns:
        Those that were open until now; doing it twice changes nothing.

    Raises:
        NotFound: there is no such alert; nothing was changed.
    """
    with database.transaction() as connection:
        _check_alerts(connection, alert_ids)
        values = {"alert_ids": list(alert_ids), "done_by": by}
        done = list(run(connection, "alert_actions.acknowledge", values).scalars())
        remember(connection, done, "acknowledged", by=by, note=note)
    return done


def label(
    database: Database, alert_ids: Sequence[int], verdict: str, *, by: str, note: str | None = None
) -> list[int]:
    """Say what these alerts were in truth.

    ``true`` was worth it. ``expected`` really happened and is of no interest; ``false`` did not happen: both
    resolve the alert, and detection asks more of that metric in accounts of the same plan and phase from
    then on. ``new_normal`` resolves it too: the account's days from then on are taken into its past.

    Raises:
        NotFound: there is no such alert; nothing was changed.
        InputError: there is no such label.
    """
    if verdict not in LABELS:
        raise InputError(f"There is no label {verdict!r}; known: {', '.join(LABELS)}.")
    with database.transaction() as connection:
        _check_alerts(connection, alert_ids)
        values = {"alert_ids": list(alert_ids), "label": verdict, "done_by": by, "note": note}
        done = list(run(connection, "alert_actions.label", values).scalars())
        remember(connection, done, f"labelled {verdict}", by=by, note=note)
    return done


def mute(
    database: Database,
    *,
    by: str,
    account: str | None = None,
    group: str | None = None,
    subject: str | None = None,
    since: date,
    until: date | None = None,
    reason: str | None = None,
) -> int:
    """Keep findings from raising alerts, of past days too: alerts with nothing else in them are resolved.

    Returns:
        The mute's number, by which it is lifted.

    Raises:
        NotFound: there is no such account, group, metric or rule.
        InputError: nothing is named, or the days are in the wrong order.
    """
    if account is None and group is None and subject is None:
        raise InputError("Name an account, a group, or a metric or rule: a mute of everything helps nobody.")
    if until is not None and until < since:
        raise InputError(f"The mute would end on {until}, before it begins on {since}.")
    if subject not in (None, *WORDS):
        raise NotFound(f"There is no metric or rule {subject!r}; known: {', '.join(WORDS)}.")
    with database.transaction() as connection:
        _check_exists(connection, "account", account)
        _check_exists(connection, "group", group)
        values = {
            "account": account,
            "account_group": group,
            "subject": subject,
            "since": since,
            "until": until,
            "reason": reason,
            "done_by": by,
        }
        return int(run(connection, "alert_actions.mute", values).scalar_one())


def unmute(database: Database, mute_id: int, *, by: str) -> None:
    """Lift a mute; findings that are still there raise their alerts at the next run.

    Raises:
        NotFound: there is no such mute in force.
    """
    with database.transaction() as connection:
        values = {"mute_id": mute_id, "done_by": by}
        if run(connection, "alert_actions.unmute", values).scalar() is None:
            raise NotFound(
                f"There is no mute {mute_id} in force: `timeseries alerts mutes` shows those there are."
            )


def list_mutes(database: Database) -> list[Mute]:
    """All mutes, those in force first."""
    with database.transaction() as connection:
        return [Mute(**row) for row in run(connection, "alert_actions.mutes", {}).mappings()]


def _check_alerts(connection: Connection, alert_ids: Sequence[int]) -> None:
    if not alert_ids:
        raise InputError("Name at least one alert by its number.")
    known = set(run(connection, "alert_actions.known", {"alert_ids": list(alert_ids)}).scalars())
    missing = sorted(set(alert_ids) - known)
    if missing:
        numbers = ", ".join(map(str, missing))
        what = f"is no alert {numbers}" if len(missing) == 1 else f"are no alerts {numbers}"
        raise NotFound(f"There {what}: `timeseries alerts list` shows those there are.")


def _check_exists(connection: Connection, what: str, name: str | None) -> None:
    query = {"account": "alerts.account_exists", "group": "alert_actions.group_exists"}[what]
    values = {"account": name, "account_group": name}
    if name is not None and not run(connection, query, values).scalar_one():
        raise NotFound(f"There is no {what} {name!r}: `timeseries accounts` shows those there are.")
