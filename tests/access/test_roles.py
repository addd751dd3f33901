"""Who may make the roles, and what is said to who may not."""

import pytest
from sqlalchemy import text

from timeseries.database import Database, driver, sql_directory
from timeseries.errors import DatabaseError


def make_roles() -> str:
    """The part of the rung that makes the roles."""
    rung = (sql_directory() / "schema" / "0022_dashboard.upgrade.sql").read_text()
    return rung[rung.index("DO $$") : rung.index("$$;") + 3]


def test_who_may_not_use_the_roles_is_told_what_an_administrator_must_run(database: Database) -> None:
    said = (
        "CREATE ROLE timeseries_reader NOLOGIN; CREATE ROLE timeseries_scoped_reader NOLOGIN; "
        'GRANT timeseries_reader, timeseries_scoped_reader TO "timeseries test owner";'
    )
    with pytest.raises(DatabaseError) as caught, database.transaction() as connection:
        connection.execute(text('CREATE ROLE "timeseries test owner" NOLOGIN'))
        connection.execute(text('SET LOCAL ROLE "timeseries test owner"'))
        driver(connection).execute(make_roles())
    assert said in str(caught.value)


def test_an_owner_that_was_given_the_roles_climbs(database: Database) -> None:
    with database.connection() as connection:
        connection.execute(text("CREATE ROLE timeseries_test_owner NOLOGIN"))
        connection.execute(text("GRANT timeseries_reader, timeseries_scoped_reader TO timeseries_test_owner"))
        connection.execute(text("SET LOCAL ROLE timeseries_test_owner"))
        driver(connection).execute(make_roles())
        connection.rollback()
