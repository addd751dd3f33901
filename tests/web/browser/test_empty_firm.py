"""The pages before any data came: each says what to do."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from web_server import serving

from jobs.api import jobs_router
from timeseries.database import Database

SAID = {
    "/": "No trades yet: load some with timeseries ingest trades FILE.",
    "/account": "No accounts yet: load some with timeseries ingest accounts FILE.",
    "/firm": "No trades yet: load some with timeseries ingest trades FILE.",
    "/symbols": "No trades yet: load some with timeseries ingest trades FILE.",
    "/jobs": "No job has run yet: timeseries jobs start runs them on their schedules.",
}


@pytest.fixture(scope="module")
def address(database: Database) -> Iterator[str]:
    with serving(database, routers=[jobs_router], open_access=True) as client:
        yield f"http://{client.base_url.netloc.decode()}"


@pytest.mark.parametrize("path", SAID)
def test_an_empty_firm_is_told_what_to_do(page: Page, path: str):
    page.goto(path)
    expect(page.locator(".empty").filter(has_text=SAID[path]).first).to_be_visible()
    expect(page.locator("#freshness")).to_have_text("No data yet.")
    expect(page.locator(".problem[role=alert]")).to_have_count(0)


def test_an_account_that_is_not_there(page: Page, complaints):
    complaints.excuse("status of 404")  # the browser itself reports each
    page.goto("/account?name=Z-1")
    expect(page.locator("main")).to_contain_text("There is no account of this name.")
    page.wait_for_load_state("networkidle")
    expect(page.locator("main")).not_to_contain_text("no account '")
