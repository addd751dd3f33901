"""The database: a TimescaleDB server by URL, or the embedded one; its schema and its statements."""

from timeseries.database._database import Database, connect_database, driver, open_database
from timeseries.database._policies import Policy, policies, run_due_policies
from timeseries.database._schema import HEAD, downgrade, history, upgrade
from timeseries.database._statements import run, sql_directory, statement
from timeseries.database._storage import TableSize, compress, retain, table_sizes

__all__ = [
    "HEAD",
    "Database",
    "Policy",
    "TableSize",
    "compress",
    "connect_database",
    "downgrade",
    "driver",
    "history",
    "open_database",
    "policies",
    "retain",
    "run",
    "run_due_policies",
    "sql_directory",
    "statement",
    "table_sizes",
    "upgrade",
]
