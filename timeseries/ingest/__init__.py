"""Files into the database: plans, accounts, trades and equity, each row at most once."""

from timeseries.ingest._kind import Kind
from timeseries.ingest._ledger import IngestedFile, RejectedRow, ingested_files, rejected_rows
from timeseries.ingest._load import Progress, load
from timeseries.ingest._load_rows import RowVerdict, RowVerdicts, load_rows
from timeseries.ingest._options import LoadOptions, StatementOptions
from timeseries.ingest._report import Counts, LoadReport, StatementTotals
from timeseries.ingest._stream import Acknowledgement, arriving, load_stream

__all__ = [
    "Acknowledgement",
    "Counts",
    "IngestedFile",
    "Kind",
    "LoadOptions",
    "LoadReport",
    "Progress",
    "RejectedRow",
    "RowVerdict",
    "RowVerdicts",
    "StatementOptions",
    "StatementTotals",
    "arriving",
    "ingested_files",
    "load",
    "load_rows",
    "load_stream",
    "rejected_rows",
]
