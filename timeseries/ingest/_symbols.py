"""Symbols by their small ids."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from timeseries.database import statement
from timeseries.ingest._text import Names

__all__ = ["known_symbols", "symbol_ids"]


def symbol_ids(connection: Connection, symbols: Names) -> NDArray[np.int16]:
    """The id of each row's symbol; unknown symbols are entered."""
    known = known_symbols(connection, symbols.distinct)
    unknown = [symbol for symbol in symbols.distinct if symbol not in known]
    if unknown:
        connection.execute(statement("ingest.add_symbols"), {"symbols": unknown})
        known = known_symbols(connection, symbols.distinct)
    return symbols.lookup(known, 0).astype(np.int16)


def known_symbols(connection: Connection, symbols: list[str]) -> dict[str, int]:
    """Ids of those of these symbols that there are."""
    rows = connection.execute(statement("ingest.known_symbols"), {"symbols": symbols})
    return {row.symbol: row.symbol_id for row in rows}
