"""A line is not drawn where nobody knows how it went."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text
from web_server import serving

from timeseries.database import Database
from timeseries.metrics import refresh_aggregates

SATURDAY, IN_THE_GAP, ALONE = "2026-06-06 12:00", "2026-06-23 12:00", "2026-06-24 15:00"
FIRM = (
    "INSERT INTO plans (plan, currency, initial_balance) VALUES ('p', 'USD', 10000000)",
    """
    INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance, opened_at)
    SELECT name, plan_id, 'USD', 2, 10000000, '2026-05-01'
    FROM plans, unnest(ARRAY ['steady', 'silent']) AS name
    """,
    # By the hour of working days; the second account was silent from 17 to 30 June, but for one hour.
    """
    INSERT INTO equity (time, balance, equity, account_id)
    SELECT hour, 10000000, 10000000 + 40000 * sin(extract(epoch FROM hour) / 40000), account_id
    FROM accounts,
         generate_series(timestamptz '2026-05-18 08:00+00', '2026-07-10 17:00+00', interval '1 hour') AS hour
    WHERE extract(isodow FROM hour AT TIME ZONE 'UTC') < 6
      AND extract(hour FROM hour AT TIME ZONE 'UTC') BETWEEN 8 AND 17
      AND (account = 'steady' OR NOT hour BETWEEN '2026-06-17 00:00+00' AND '2026-07-01 00:00+00'
           OR hour = CAST(:alone AS timestamp) AT TIME ZONE 'UTC')
    """,
)
DRAWN = """
    (kind) => [...document.querySelectorAll(`#equity-chart .js-${kind}`)].map((one) => one.getAttribute("d"))
"""
PLACE = """(moment) => document.getElementById("equity-chart")._fullLayout.xaxis.d2p(moment)"""
KINDS = {"line", "fill"}
NUMBERS = re.compile(r"-?[\d.]+")
LEVELS = {
    "One point a day": "",
    "One point an hour": "&since=2026-06-03T00:00:00Z&until=2026-07-03T00:00:00Z",
}


@pytest.fixture(scope="module")
def address(database: Database) -> Iterator[str]:
    with database.transaction() as connection:
        for part in FIRM:
            connection.execute(text(part), {"alone": ALONE})
    refresh_aggregates(database)
    with serving(database, open_access=True) as client:
        yield f"http://{client.base_url.netloc.decode()}"


def open_chart(page: Page, account: str, level: str) -> None:
    page.goto(f"/account?name={account}{LEVELS[level]}")
    expect(page.locator("#equity-note")).to_contain_text(level)
    expect(page.locator("#equity-chart .js-line").first).to_be_attached()


def crossed(page: Page, moment: str) -> set[str]:
    """What of the chart of equity, lines and areas, is drawn across a moment."""
    place = page.evaluate(PLACE, moment)
    parts = [
        (kind, part) for kind in KINDS for path in page.evaluate(DRAWN, kind) for part in path.split("M")[1:]
    ]
    spans = [(kind, *across(part)) for kind, part in parts]
    return {kind for kind, first, last in spans if first < place < last}


def across(part: str) -> tuple[float, float]:
    """How far a part of a path reaches to the left and to the right."""
    places = []
    for command, rest in re.findall(r"([LHVZ]?)([^LHVZ]*)", part):
        numbers = [float(one) for one in NUMBERS.findall(rest)]
        if command != "V":
            places += numbers[:1] if command == "H" else numbers[::2]
    return min(places), max(places)


@pytest.mark.parametrize("level", LEVELS)
def test_a_line_ends_where_the_snapshots_do(page: Page, complaints, level: str):
    complaints.excuse("status of 404")  # there is no forecast
    open_chart(page, "steady", level)
    assert [crossed(page, moment) for moment in (SATURDAY, IN_THE_GAP)] == [KINDS, KINDS]
    expect(page.locator("#equity-note")).not_to_contain_text("broken")
    open_chart(page, "silent", level)
    assert [crossed(page, moment) for moment in (SATURDAY, IN_THE_GAP)] == [KINDS, set()]
    expect(page.locator("#equity-note")).to_contain_text("Where the line is broken there are no snapshots.")


def test_a_single_hour_between_two_silences_is_still_seen(page: Page, complaints):
    complaints.excuse("status of 404")
    open_chart(page, "silent", "One point an hour")
    expect(page.locator("#equity-chart .points .point")).to_have_count(1)


def test_between_two_snapshots_of_an_hour_nothing_slopes(page: Page, complaints):
    complaints.excuse("status of 404")
    open_chart(page, "steady", "One point an hour")
    parts = [part for kind in KINDS for path in page.evaluate(DRAWN, kind) for part in path.split("M")[1:]]
    assert parts and not [part for part in parts if slopes(part)]
    open_chart(page, "steady", "One point a day")
    assert any(slopes(path[1:]) for path in page.evaluate(DRAWN, "line"))


def slopes(part: str) -> bool:
    """Whether a part of a path goes to the right and up or down at once."""
    at: list[float] = []
    for command, rest in re.findall(r"([LHVZ]?)([^LHVZ]*)", part):
        numbers = [float(one) for one in NUMBERS.findall(rest)]
        if command in ("", "L"):
            for to in zip(numbers[::2], numbers[1::2], strict=True):
                if at and min(abs(one - other) for one, other in zip(at, to, strict=True)) > 1:
                    return True
                at = [*to]
        elif numbers:
            at[command == "V"] = numbers[-1]
    return False
