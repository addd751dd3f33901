"""What plans and accounts share: rows with names, compared whole with what is there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from timeseries.database import statement
from timeseries.ingest._copy import copy_text
from timeseries.ingest._faults import Faults
from timeseries.ingest._text import Names

__all__ = ["Currencies", "as_frame", "check_name", "merge_rows", "nullable", "texts", "to_change"]

LONGEST_NAME = 200


class Currencies:
    """The currencies that money may be kept in, and the decimals of each."""

    def __init__(self, connection: Connection) -> None:
        found = connection.execute(statement("ingest.currencies")).all()
        self.names = [row.currency for row in found]
        self.digits = np.array([row.digits for row in found], np.int64)

    @property
    def unknown(self) -> str:
        """What to say of another currency."""
        known = ", ".join(self.names)
        return f"The currency is not known; known are {known}. A row in the table currencies admits another."

    def numbers(self, found: Names) -> NDArray[np.int64]:
        """Position of each row's currency; -1 for an unknown one, -2 for none."""
        places = {"": -2, **{name: place for place, name in enumerate(self.names)}}
        return Names(found.codes, [text.upper() for text in found.distinct]).lookup(places, -1)


def check_name(found: Names, column: str, faults: Faults) -> None:
    """A name must be there, and of reasonable length."""
    faults.add(found.where(lambda text: not text), column, f"The {column} is missing.")
    reason = f"The {column} is longer than {LONGEST_NAME} characters."
    faults.add(found.where(lambda text: len(text) > LONGEST_NAME), column, reason)


def texts(found: Names, *, empty: str | None = None) -> NDArray[np.object_]:
    """The text of each row, ``empty`` where there is none."""
    return np.array([text or empty for text in found.distinct] or [empty], object)[found.codes]


def nullable(values: NDArray[np.int64], there: NDArray[np.bool_]) -> Any:
    """Whole numbers, null where nothing is there."""
    return pd.arrays.IntegerArray(np.where(there, values, 0), ~there)


def as_frame(rows: Sequence[Any], columns: Sequence[str], like: pd.DataFrame) -> pd.DataFrame:
    """Fetched rows with the column types of another frame."""
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: like[name].dtype for name in like.columns})


def to_change(wanted: pd.DataFrame, there: pd.DataFrame, key: str) -> pd.DataFrame:
    """The wanted rows that are new or differ from what is there; the last row of a name counts."""
    last = wanted.drop_duplicates(key, keep="last")
    old = there.set_index(key)[[name for name in wanted.columns if name != key]].reindex(last[key])
    new = last.set_index(key)
    same = ((new == old) | (new.isna() & old.isna())).fillna(False).all(axis=1).to_numpy()
    return last[~(same & last[key].isin(there[key]).to_numpy())]


def merge_rows(connection: Connection, changed: pd.DataFrame, what: str) -> None:
    """Bring new and changed rows into the table of plans or accounts."""
    connection.execute(statement(f"ingest.create_incoming_{what}"))
    copy_text(connection, f"ingest.copy_incoming_{what}", pa.Table.from_pandas(changed, preserve_index=False))
    connection.execute(statement(f"ingest.merge_{what}"))


def mark_accounts(connection: Connection, account_ids: list[int], moved_ids: list[int]) -> None:
    """All days of some accounts are out of date; those of ``moved_ids`` begin at another time as well."""
    if account_ids:
        connection.execute(statement("ingest.mark_account_days"), {"account_ids": account_ids})
    if moved_ids:
        connection.execute(statement("ingest.mark_moved_days"), {"account_ids": moved_ids})
