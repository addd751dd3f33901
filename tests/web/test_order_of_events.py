"""Positions in the history of alerts rise with commits, so who reads on from one misses nothing."""

import threading
import time

import pytest
from sqlalchemy import text

from timeseries.alerts._history import remember
from timeseries.database import Database

ALERT = """
INSERT INTO alerts (fingerprint, kind, cohort, subject, first_day, trading_day, severity, title, body)
VALUES (:name, 'incident', 'g', 'lots', '2026-01-01', '2026-01-01', 'info', 'x', 'x') RETURNING alert_id
"""
HISTORY = text("SELECT position, event FROM alert_history ORDER BY position")


@pytest.fixture
def alert(clean_database: Database) -> int:
    with clean_database.transaction() as connection:
        return connection.scalar(text(ALERT), {"name": "one"})


def test_what_was_done_stands_in_the_order_it_was_done(clean_database: Database, alert: int):
    for event in ("raised", "acknowledged", "labelled true"):
        with clean_database.transaction() as connection:
            remember(connection, [alert], event)
    with clean_database.transaction() as connection:
        seen = connection.execute(HISTORY).all()
    assert [one.event for one in seen] == ["raised", "acknowledged", "labelled true"]
    assert [one.position for one in seen] == sorted({one.position for one in seen})


def test_of_two_at_once_the_later_to_commit_has_the_higher_position(clean_database: Database, alert: int):
    if clean_database.embedded:
        pytest.skip("the embedded database has a single session")

    def second() -> None:
        with clean_database.transaction() as connection:
            remember(connection, [alert], "acknowledged", by="second")

    with clean_database.transaction() as connection:
        remember(connection, [alert], "raised")
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.5)
        with clean_database.transaction() as reading:
            assert reading.execute(HISTORY).all() == [], "neither has committed, and reading waits for nobody"
        assert other.is_alive()
    other.join(10)
    with clean_database.transaction() as connection:
        assert [one.event for one in connection.execute(HISTORY)] == ["raised", "acknowledged"]
