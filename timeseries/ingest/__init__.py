"""Files into the database: plans, accounts, trades and equity, each row at most once."""

from timeseries.ingest._kind import Kind
from timeseries.ingest._ledger import IngestedFile, RejectedRow, ingested_files, rejected_rows
from timeseries.ingest._load import Progress, load
from timeseries.ingest._options import LoadOptions, StatementOptions
from timeseries.ingest._report import LoadReport, StatementTotals

__all__ = [
    "IngestedFile",
    "Kind",
    "LoadOptions",
    "LoadReport",
    "Progress",
    "RejectedRow",
    "StatementOptions",
    "StatementTotals",
    "ingested_files",
    "load",
    "rejected_rows",
]
