"""A real browser before a real server of a real database."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from desk_in_browser import Firm
from playwright.sync_api import Browser, Page, expect, sync_playwright
from web_server import make_firm, serving

from jobs.api import jobs_router
from timeseries.database import Database

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 15_000
expect.set_options(timeout=PATIENCE)


class Complaints:
    """What the browser complained of. A test may excuse some, also such as the browser is late to report."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._excused: list[str] = []

    def excuse(self, part: str) -> None:
        """Expect complaints with this in their text."""
        self._excused.append(part)

    def unexcused(self) -> list[str]:
        return [one for one in self.heard if not any(part in one for part in self._excused)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium; each test has a profile of its own in it."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("The tests of the pages need Chromium: `make test` sees to it, or install it yourself.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=ARGUMENTS, env=dict(os.environ))
        yield started
        started.close()


@pytest.fixture
def complaints() -> Complaints:
    """What the browser complained of; all of it must be excused when the test ends."""
    return Complaints()


@contextmanager
def window(browser: Browser, address: str, complaints: Complaints, **options) -> Iterator[Page]:
    context = browser.new_context(base_url=address, color_scheme="light", reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    opened.on("console", lambda one: complaints.heard.append(one.text) if one.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.heard.append(str(error)))
    yield opened
    context.close()
    assert complaints.unexcused() == []


@pytest.fixture
def page(browser: Browser, address: str, complaints: Complaints) -> Iterator[Page]:
    """A fresh window on the pages at ``address``, which the module says."""
    with window(browser, address, complaints, viewport={"width": 1280, "height": 800}) as opened:
        yield opened


@pytest.fixture
def phone(browser: Browser, address: str, complaints: Complaints) -> Iterator[Page]:
    """The same on a phone, which is touched and has no mouse."""
    size = {"width": 375, "height": 740}
    with window(browser, address, complaints, viewport=size, has_touch=True, is_mobile=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def firm(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Firm:
    """Sixteen accounts, one of them with a name that is markup."""
    make_firm(database, tmp_path_factory.mktemp("firm"))
    return Firm(database)


@pytest.fixture(scope="module")
def address(firm: Firm) -> Iterator[str]:
    """Where the firm's pages are served to whoever comes."""
    with serving(firm.database, routers=[jobs_router], open_access=True, name="dora") as client:
        yield f"http://{client.base_url.netloc.decode()}"
