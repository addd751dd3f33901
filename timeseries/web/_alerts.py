"""``/alerts`` and ``/mutes``: who needs attention, and what people say to it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from timeseries.alerts import Alert as AlertRecord
from timeseries.alerts import (
    AlertPage,
    Mute,
    acknowledge,
    find_alerts,
    label,
    list_mutes,
    mute,
    show_alert,
    unmute,
)
from timeseries.database import Database
from timeseries.errors import NotFound
from timeseries.reads import Trade, account_standing, account_trades, trading_span
from timeseries.web._accounts import ClosedTrade
from timeseries.web._dependencies import Acting, Gatekeeper, OrdinaryDatabase, ReadingDatabase
from timeseries.web._gate import Caller, Gate
from timeseries.web._paging import numbers_of, written
from timeseries.web._parameters import AccountFilter, Cursor, GroupFilter, Limit, Severity, SinceDay
from timeseries.web._problems import Refusal
from timeseries.web._values import Day, Instant, Model, Text, TradingDay

__all__ = ["mutes_router", "router"]

router = APIRouter(prefix="/alerts", tags=["alerts"])
mutes_router = APIRouter(prefix="/mutes", tags=["alerts"])
MOST_TRADES = 50


class Delivery(Model):
    """One message on its way to one sink."""

    message: str = Field(description="`raised`, `escalated`, `corrected` or `resolved`.")
    sink: str
    state: str = Field(description="`pending`, `delivered`, `dead` or `cancelled`.")
    attempts: int
    next_attempt: Instant = Field(description="When it is due again, UTC; of interest while pending.")
    error: str | None
    delivered_at: Instant | None


class Alert(Model):
    """An incident a risk desk should know of."""

    alert_id: int
    fingerprint: str = Field(description="What makes two alerts the same one.")
    kind: str = Field(description="`incident`, `forecast_breach`, or `engine`: the engine's own trouble.")
    account: str | None = Field(description="Null when it is about a cohort.")
    cohort: str | None = Field(description="An account group, `firm` or `engine`.")
    subject: str = Field(description="Metric or rule of its gravest finding, or `forecast_breach`.")
    subjects: list[str]
    first_day: Day
    trading_day: Day = Field(description="The last trading day it is about.")
    severity: str = Field(description="`info`, `warning` or `critical`.")
    at_stake: float | None = Field(description="Money in `currency`; null where unknown.")
    currency: str | None = Field(description="Of the account; null when it is about a cohort.")
    title: str
    body: str
    state: str = Field(description="`open`, `acknowledged` or `resolved`.")
    resolution: str | None = Field(description="`ended`, `withdrawn`, `muted` or `labelled`.")
    label: str | None = Field(
        description="`true`, `expected`, `false` or `new_normal`, as a person judged it."
    )
    note: str | None
    raised_at: Instant
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    resolved_at: Instant | None
    deliveries: list[Delivery]


class Alerts(Model):
    """A page of alerts."""

    items: list[Alert]
    next: str | None


class Proof(Model):
    """A finding that an alert rests on."""

    trading_day: Day
    since: Day
    kind: str = Field(description="`anomaly`, `rule` or `cohort`.")
    subject: str
    detector: str
    severity: str
    pvalue: float | None = Field(description="Null for a rule's.")
    seen: float | None = Field(description="Of the metric, in its own unit; so is `expected`.")
    expected: float | None
    reason: str
    rule_version: int | None
    evidence: dict[str, Any] = Field(description="Tickets, times, counterparts.")


class Event(Model):
    """Something done to an alert."""

    at: Instant
    event: str
    done_by: str | None = Field(description="Null: the engine.")
    note: str | None


class AlertDetail(Alert):
    """An alert with everything it rests on."""

    proofs: list[Proof]
    events: list[Event]
    trades: list[ClosedTrade] = Field(description="The newest 50 at most of the account on the alert's days.")


class Standing(Model):
    """How an alert stands after somebody acted on it."""

    alert_id: int
    state: str = Field(description="`open`, `acknowledged` or `resolved`.")
    resolution: str | None
    label: str | None
    note: str | None
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    resolved_at: Instant | None


class Acknowledgement(Model):
    """Somebody looks after the alert."""

    note: Text | None = Field(default=None, max_length=2000)


class Verdict(Model):
    """What the alert was in truth."""

    verdict: Literal["true", "expected", "false", "new_normal"] = Field(
        description="All but `true` resolve it; `expected` and `false` make detection ask for more."
    )
    note: Text | None = Field(default=None, max_length=2000)


class MuteWish(Model):
    """Findings that shall raise no alert; at least one of account, group and subject is needed."""

    account: Text | None = Field(default=None, max_length=200)
    group: Text | None = Field(default=None, max_length=200)
    subject: Text | None = Field(
        default=None, max_length=200, description="A metric, a rule, or `forecast_breach`."
    )
    since: TradingDay = Field(description="The first trading day, past ones too.")
    until: TradingDay | None = Field(default=None, description="The last; null: until the mute is lifted.")
    reason: Text | None = Field(default=None, max_length=2000)


class MuteItem(Model):
    """A mute."""

    mute_id: int
    account: str | None
    account_group: str | None
    subject: str | None
    since: Day
    until: Day | None
    reason: str | None
    made_by: str
    made_at: Instant
    lifted_at: Instant | None = Field(description="Null: it is in force.")


class Mutes(Model):
    """All mutes, those in force first."""

    items: list[MuteItem]
    next: str | None = None


AlertId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The alert's number.")]
MuteId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The mute's number.")]
State = Annotated[
    Literal["open", "acknowledged", "resolved", "unresolved"] | None,
    Query(description="`unresolved`: open or acknowledged."),
]
Subject = Annotated[
    Text | None, Query(max_length=200, description="Only those with a finding of this metric or rule.")
]
Order = Annotated[
    Literal["rank", "newest"],
    Query(description="`rank`: unresolved first, then by severity, money at stake, trading day."),
]


@router.get("", response_model=Alerts, summary="Alerts by rank or by day")
def list_alerts(
    database: ReadingDatabase,
    state: State = None,
    severity: Severity = None,
    account: AccountFilter = None,
    group: GroupFilter = None,
    subject: Subject = None,
    since: SinceDay = None,
    sort: Order = "rank",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Those who need attention come first."""
    found = find_alerts(
        database,
        account=account,
        group=group,
        severity=severity,
        state=state,
        subject=subject,
        since=since,
        sort=sort,
        after=numbers_of(cursor, sort),
        limit=limit,
    )
    return {"items": found.alerts, "next": written(found.next and (sort, *found.next))}


@router.get("/{alert_id}", response_model=AlertDetail, summary="One alert and what it rests on")
def one_alert(database: ReadingDatabase, alert_id: AlertId) -> dict[str, Any]:
    """The alert, its findings, what was done to it, and the account's trades of its days."""
    return _detail(show_alert(database, alert_id), database)


def _detail(page: AlertPage, database: Database) -> dict[str, Any]:
    return {
        **vars(page.alert),
        "proofs": page.proofs,
        "events": page.events,
        "trades": _trades(page, database),
    }


def _trades(page: AlertPage, database: Database) -> tuple[Trade, ...]:
    alert = page.alert
    if alert.account is None:
        return ()
    since, until = trading_span(database, alert.account, alert.first_day, alert.trading_day)
    return account_trades(database, alert.account, since=since, until=until, limit=MOST_TRADES).trades


@router.post("/{alert_id}/acknowledge", response_model=Standing, summary="Acknowledge an alert")
def acknowledge_alert(
    caller: Acting,
    gate: Gatekeeper,
    database: OrdinaryDatabase,
    alert_id: AlertId,
    wish: Acknowledgement | None = None,
) -> AlertRecord:
    """Say that somebody looks after it; doing it twice changes nothing."""
    reading = gate.reader(caller.groups)
    show_alert(reading, alert_id)
    acknowledge(database, [alert_id], by=caller.name, note=wish.note if wish else None)
    return show_alert(reading, alert_id).alert


@router.post("/{alert_id}/label", response_model=Standing, summary="Label an alert")
def label_alert(
    caller: Acting, gate: Gatekeeper, database: OrdinaryDatabase, alert_id: AlertId, wish: Verdict
) -> AlertRecord:
    """Say what it was in truth."""
    reading = gate.reader(caller.groups)
    show_alert(reading, alert_id)
    label(database, [alert_id], wish.verdict, by=caller.name, note=wish.note)
    return show_alert(reading, alert_id).alert


@mutes_router.get("", response_model=Mutes, summary="Mutes")
def mutes(database: ReadingDatabase) -> dict[str, Any]:
    """All mutes, those in force first."""
    return {"items": list_mutes(database)}


@mutes_router.post("", response_model=MuteItem, status_code=201, summary="Mute findings")
def add_mute(caller: Acting, gate: Gatekeeper, database: OrdinaryDatabase, wish: MuteWish) -> Mute:
    """Keep findings of an account, a group or a subject from raising alerts."""
    _check_reach(caller, gate, wish)
    made = mute(database, by=caller.name, **dict(wish))
    return next(one for one in list_mutes(database) if one.mute_id == made)


def _check_reach(caller: Caller, gate: Gate, wish: MuteWish) -> None:
    """A token for some groups mutes only what it can see."""
    if caller.groups is None:
        return
    if wish.account is not None:
        account_standing(gate.reader(caller.groups), wish.account)
    if wish.group not in caller.groups and (wish.group is not None or wish.account is None):
        groups = ", ".join(caller.groups)
        raise Refusal(
            403, f"The token {caller.name!r} may mute only accounts and groups of its own: {groups}."
        )


@mutes_router.delete("/{mute_id}", status_code=204, summary="Lift a mute")
def lift_mute(caller: Acting, gate: Gatekeeper, database: OrdinaryDatabase, mute_id: MuteId) -> Response:
    """Findings that are still there raise their alerts at the next run."""
    if caller.groups is not None:
        _check_own(gate.reader(caller.groups), caller, mute_id)
    unmute(database, mute_id, by=caller.name)
    return Response(status_code=204)


def _check_own(reading: Database, caller: Caller, mute_id: int) -> None:
    for one in list_mutes(reading):
        narrow = one.account is not None or one.account_group in (caller.groups or ())
        if one.mute_id == mute_id and narrow:
            return
    raise NotFound(f"There is no mute {mute_id} in force: `timeseries alerts mutes` shows those there are.")
