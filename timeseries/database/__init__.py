"""The database: a TimescaleDB server by URL, or the embedded one; its schema and its statements."""

from timeseries.database._database import Database, connect_database, driver, open_database
from timeseries.database._schema import HEAD, downgrade, history, upgrade
from timeseries.database._statements import run, sql_directory, statement
from timeseries.database._storage import TableSize, compress, retain, table_sizes

__all__ = [
    "HEAD",
    "Database",
    "TableSize",
    "compress",
    "connect_database",
    "downgrade",
    "driver",
    "history",
    "open_database",
    "retain",
    "run",
    "sql_directory",
    "statement",
    "table_sizes",
    "upgrade",
]
