"""Reading Parquet in batches of bounded size."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from timeseries.errors import InputError
from timeseries.ingest._header import match
from timeseries.ingest._kind import Kind
from timeseries.ingest._rows import Rows, joined
from timeseries.ingest._source import Source

__all__ = ["parquet_rows", "read_parquet"]

BATCH_ROWS = 16_384


def read_parquet(source: Source, kind: Kind) -> Iterator[Rows]:
    """The rows of a Parquet file, batch by batch; the columns are checked before this returns.

    Raises:
        InputError: it is not Parquet, or the columns are not those of the kind.
    """
    try:
        with pq.ParquetFile(source.path) as file:
            header = file.schema_arrow.names
    except (pa.ArrowException, OSError) as error:
        raise _damaged(source) from error
    known = match(header, kind, str(source.path))
    return _rows(source, {name: header[place] for name, place in known.items()})


def parquet_rows(source: Source) -> int:
    """How many rows the file says it has."""
    with pq.ParquetFile(source.path) as file:
        return int(file.metadata.num_rows)


def _rows(source: Source, known: dict[str, str]) -> Iterator[Rows]:
    first = 0
    try:
        with pq.ParquetFile(source.path) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(known.values())):
                batch.validate(full=True)
                columns = {name: batch.column(original) for name, original in known.items()}
                yield _batch(columns, first)
                first += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise _damaged(source) from error


def _batch(columns: dict[str, pa.Array], first: int) -> Rows:
    positions = first + np.arange(len(next(iter(columns.values()))))
    arrays = list(columns.values())
    return Rows(
        start=first,
        end=first + len(positions),
        positions=positions,
        lines=positions + 1,
        columns=columns,
        raw=lambda chosen: joined([array.take(pa.array(chosen)) for array in arrays]),
    )


def _damaged(source: Source) -> InputError:
    return InputError(f"{source.path} is damaged or cut off: it cannot be read as Parquet to the end.")
