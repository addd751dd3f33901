"""The rungs' bookkeeping; what each does stands in ``sql/schema``."""

from alembic import op

from timeseries.database._statements import sql_directory

__all__ = ["run_file"]


def run_file(name: str) -> None:
    """Run one SQL file of ``sql/schema``, all its statements in the transaction of its rung."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute((sql_directory() / "schema" / name).read_text())
