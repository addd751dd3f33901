"""How soon each page is there, in Debian's Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Browser, BrowserContext, sync_playwright

__all__ = ["Painted", "paint"]

CHROMIUM = "/usr/bin/chromium"
# What is painted later than this after loading is not what people wait for.
SETTLED_MILLISECONDS = 1500
WATCH = """
    window.__largest = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) window.__largest = entry.startTime;
    }).observe({type: 'largest-contentful-paint', buffered: true});
"""
READ = """() => {
    const first = performance.getEntriesByName('first-contentful-paint')[0];
    const asked = performance.getEntriesByType('resource').filter(one => one.name.includes('/api/v1/'));
    const answered = Math.max(0, ...asked.map(one => one.responseEnd));
    return [first ? first.startTime : NaN, window.__largest, answered];
}"""


@dataclass(frozen=True)
class Painted:
    """A page, over several loads: milliseconds from its request to each moment.

    Attributes:
        cold: whether nothing was in the browser's cache.
        first: median first contentful paint.
        largest: median largest contentful paint, the first meaningful one; ``worst`` of all loads.
        data: median end of the last answer of the API that came within the time looked at.
    """

    page: str
    cold: bool
    first: float
    largest: float
    worst: float
    data: float


def paint(base: str, account: str | None, loads: int) -> list[Painted]:
    """Open every page so often, with an empty cache and with a filled one."""
    pages = {"Today": "/", "Firm": "/firm", "Symbols": "/symbols", "Jobs": "/jobs"}
    if account is not None:
        pages["Account"] = f"/account?name={quote(account)}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            return [
                _summary(page, cold, [_load(browser, base + path, cold) for _ in range(loads)])
                for page, path in pages.items()
                for cold in (True, False)
            ]
        finally:
            browser.close()


def _summary(page: str, cold: bool, seen: list[list[float]]) -> Painted:
    first, largest, data = np.median(np.array(seen), axis=0).round(0).tolist()
    return Painted(page, cold, first, largest, max(one[1] for one in seen), data)


def _load(browser: Browser, url: str, cold: bool) -> list[float]:
    with _context(browser) as context:
        if not cold:
            _moments(context, url)
        return _moments(context, url)


@contextmanager
def _context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(WATCH)
    try:
        yield context
    finally:
        context.close()


def _moments(context: BrowserContext, url: str) -> list[float]:
    page = context.new_page()
    page.goto(url, wait_until="load")
    page.wait_for_timeout(SETTLED_MILLISECONDS)
    moments: list[float] = page.evaluate(READ)
    page.close()
    return moments
