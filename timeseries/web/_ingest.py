"""``/trades``: trades in batches, each row with its verdict."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, WithJsonSchema

from timeseries.ingest import RowVerdicts, load_rows
from timeseries.web._dependencies import Ingesting, OrdinaryDatabase
from timeseries.web._values import Model

__all__ = ["PATH", "router"]

PATH = "/trades"
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


@router.post(PATH, response_model=Verdicts, summary="Load trades")
def load_trades(caller: Ingesting, database: OrdinaryDatabase, batch: Batch) -> RowVerdicts:
    """All in one transaction, and idempotent: the same rows again are duplicates and change nothing."""
    return load_rows(database, batch.trades, source=f"api:{caller.name}", groups=caller.groups)
