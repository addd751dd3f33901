"""``/trades``: trades in batches, each row with its verdict."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, WithJsonSchema

from timeseries.database import run
from timeseries.ingest import RowVerdict, RowVerdicts, load_rows
from timeseries.web._dependencies import Gatekeeper, Ingesting, OrdinaryDatabase
from timeseries.web._gate import Caller, Gate
from timeseries.web._values import Model

__all__ = ["router"]

router = APIRouter(tags=["ingest"])
MOST_ROWS = 5000
EXAMPLE = {
    "account": "A000001",
    "ticket": 7000001,
    "symbol": "EURUSD",
    "side": "buy",
    "lots": "0.50",
    "open_time": "2026-11-24T08:30:00Z",
    "close_time": "2026-11-24T09:10:00Z",
    "open_price": "1.08412",
    "close_price": "1.08467",
    "commission": "-3.50",
    "swap": "0",
    "profit": "27.50",
}
Row = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": True,
            "description": (
                "A trade: `account`, `ticket`, `symbol`, `side`, `lots`, `open_time`, `close_time`, "
                "`open_price`, `close_price`, `profit`, and, if there are, `commission`, `swap`, "
                "`updated_at`. Times with their zone. A row that cannot be used is rejected by itself."
            ),
            "examples": [EXAMPLE],
        }
    ),
]


class Batch(Model):
    """Closed trades."""

    trades: list[Row] = Field(max_length=MOST_ROWS)


class Verdict(Model):
    """What became of a row."""

    row: int = Field(description="Its place in the batch, from 0.")
    verdict: Literal["new", "duplicate", "changed", "rejected"] = Field(
        description="`changed`: it took the place of an earlier version of its ticket, or cancelled it."
    )
    field: str | None = Field(description="What it was rejected for; null: the row as a whole.")
    reason: str | None = Field(description="Why; null where it was not rejected.")


class Verdicts(Model):
    """What became of a batch: how many rows of each verdict, and each row's."""

    new: int
    duplicate: int
    changed: int
    rejected: int
    verdicts: list[Verdict]


@router.post("/trades", response_model=Verdicts, summary="Load trades")
def load_trades(caller: Ingesting, gate: Gatekeeper, database: OrdinaryDatabase, batch: Batch) -> RowVerdicts:
    """All in one transaction, and idempotent: the same rows again are duplicates and change nothing."""
    source = f"api:{caller.name}"
    foreign = _foreign(caller, gate, batch.trades)
    if not foreign:
        return load_rows(database, batch.trades, source=source)
    own = [place for place in range(len(batch.trades)) if place not in foreign]
    loaded = load_rows(database, [batch.trades[place] for place in own], source=source)
    return _together(loaded, own, foreign)


def _foreign(caller: Caller, gate: Gate, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """The rows that are about accounts which a token for some groups cannot see, and whose."""
    if caller.groups is None:
        return {}
    names = [str(row.get("account", "")).replace("\0", "") for row in rows]
    with gate.reader(caller.groups).transaction() as connection:
        found = run(connection, "reads.unknown_accounts", {"accounts": sorted(set(names))})
        unknown = set(found.scalars())
    return {place: name for place, name in enumerate(names) if name in unknown}


def _together(loaded: RowVerdicts, own: Sequence[int], foreign: Mapping[int, str]) -> RowVerdicts:
    verdicts = [RowVerdict(own[one.row], one.verdict, one.field, one.reason) for one in loaded.verdicts] + [
        RowVerdict(place, "rejected", "account", f"there is no account {name!r} in the token's groups")
        for place, name in foreign.items()
    ]
    return RowVerdicts(
        loaded.new,
        loaded.duplicate,
        loaded.changed,
        loaded.rejected + len(foreign),
        tuple(sorted(verdicts, key=lambda one: one.row)),
    )
