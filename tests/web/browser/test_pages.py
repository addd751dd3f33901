"""Every page in a real browser: seen, read aloud, looked at closely, and come back to."""

import re
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from desk_in_browser import DAY, ENDED, Firm
from playwright.sync_api import Page, expect

PAGES = {
    "/": "#list .alerts li",
    "/account": "#accounts tbody tr",
    "/account?name={account}": "#fan-chart .main-svg",
    "/firm": "#cohorts-chart .main-svg",
    "/symbols": "#profits .main-svg",
    "/jobs": "#jobs tbody tr",
    "/login": "#token",
}
SHOWN = "(id) => String(document.getElementById(`${id}-chart`).layout.xaxis.range)"
FRESH = re.compile(
    rf"(Complete to|Trades to|Snapshots to|Made|trading days after) {DAY.pattern}",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible_in_both_themes_and_fits_a_phone(page: Page, firm: Firm, path: str):
    page.goto(path.format(account=firm.busy))
    expect(page.locator(PAGES[path]).first).to_be_visible()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.locator(f"html[data-theme={theme}]")).to_be_attached()
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_charts_say_their_figures_and_how_fresh_they_are(page: Page, firm: Firm):
    page.goto(f"/account?name={firm.busy}")
    expect(page.locator("#freshness")).to_have_text(re.compile(r"Complete to \d{4}.*newest trade \d{4}"))
    chart = page.get_by_role("img", name=re.compile("Equity from .* lowest .* USD"))
    expect(chart).to_be_visible()
    page.locator("#equity summary").click()
    rows = page.locator("#equity-table tbody tr")
    assert rows.count() > 10
    expect(page.locator("#forecast dl")).to_contain_text(re.compile(r"Any rule breached\s*(under |over )?\d"))


@pytest.mark.parametrize(("path", "charts"), [("/account?name={account}", 3), ("/firm", 6), ("/symbols", 1)])
def test_every_chart_says_how_fresh_it_is(page: Page, firm: Firm, path: str, charts: int):
    page.goto(path.format(account=firm.busy))
    drawn = page.locator(".chart:has(.main-svg)")
    expect(drawn).to_have_count(charts)
    for name in drawn.evaluate_all("all => all.map(one => one.id)"):
        note = page.locator(f"#{name.removesuffix('-chart')}-note")
        expect(note).to_have_text(FRESH)


def test_a_day_leads_to_its_trades_and_stays_in_the_address(page: Page, firm: Firm):
    page.goto(f"/account?name={firm.busy}")
    page.locator("#profit summary").click()
    traded = page.locator("#profit-table tr", has=page.locator("td:nth-child(3):not(:text-is('0'))")).nth(2)
    day = DAY.findall(traded.inner_text())[0]
    traded.get_by_role("button").click()
    expect(page.locator("#trades-title")).to_have_text(f"Trades closed on {day}")
    page.reload()
    expect(page.locator("#trades-title")).to_have_text(f"Trades closed on {day}")
    closes = page.locator("#trades tbody th")
    expect(closes.first).to_be_visible()
    assert {one[:10] for one in closes.all_inner_texts()} == {day}


def test_a_closer_look_fetches_finer_figures_and_survives_a_reload(page: Page, firm: Firm):
    page.goto(f"/account?name={firm.busy}")
    expect(page.locator("#equity-note")).to_contain_text(re.compile("One point.* Snapshots to "))
    coarse = page.locator("#equity-note").inner_text()
    with page.expect_request(lambda one: "/equity" in one.url and "since=" in one.url):
        page.get_by_role("button", name="Week").click()
    expect(page.locator("#equity-note")).not_to_have_text(coarse)
    fine = page.locator("#equity-note").inner_text()
    page.reload()
    expect(page.locator("#equity-note")).to_have_text(fine)
    expect(page.get_by_role("button", name="Week")).to_have_attribute("aria-pressed", "true")


def test_the_last_week_has_its_newest_day_whole(page: Page, firm: Firm):
    page.goto(f"/account?name={firm.busy}")
    page.locator("#profit summary").click()
    days = DAY.findall(page.locator("#profit-table tbody").inner_text())
    page.get_by_role("button", name="Week").click()
    end = date.fromisoformat(max(days)) + timedelta(days=1)
    page.wait_for_url(f"**since={end - timedelta(days=7)}T00*until={end}T00*")


def test_the_way_back_leads_through_ranges_and_days(page: Page, firm: Firm):
    page.goto(f"/account?name={firm.busy}")
    expect(page.locator("#equity-note")).to_contain_text(re.compile("One point.* Snapshots to "))
    whole = page.locator("#equity-note").inner_text()
    first, month, week = (
        page.url,
        page.get_by_role("button", name="Month"),
        page.get_by_role("button", name="Week"),
    )
    week.click()
    expect(page.locator("#equity-note")).not_to_have_text(whole)
    fine = page.locator("#equity-note").inner_text()
    month.click()
    expect(month).to_have_attribute("aria-pressed", "true")
    page.locator("#findings tbody button").first.click()
    expect(page.locator("#trades-title")).to_have_text(re.compile("Trades closed on"))
    page.go_back()
    expect(page.locator("#trades-title")).to_have_text("Newest trades")
    page.go_back()
    expect(week).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#equity-note")).to_have_text(fine)
    page.go_back()
    expect(page.locator("#equity-note")).to_have_text(whole)
    expect(week).to_have_attribute("aria-pressed", "false")
    assert page.url == first
    assert page.evaluate(SHOWN, "equity") == page.evaluate(SHOWN, "profit")


def test_of_an_account_that_has_ended_it_is_said_that_none_is_forecast(page: Page, firm: Firm, complaints):
    complaints.excuse("status of 404")
    with firm.database.transaction() as connection:
        ended = connection.scalar(ENDED)
    page.goto(f"/account?name={ended}")
    expect(page.locator("#forecast")).to_have_text(
        "The account is breached; only active accounts are forecast."
    )


def test_the_key_of_the_fan_names_only_what_is_drawn(page: Page, firm: Firm):
    def move_the_target_away(route) -> None:
        answer = route.fetch()
        far = {"max_drawdown_left": 1, "profit_target_left": 10**9}
        route.fulfill(response=answer, json=answer.json() | {"lines": far})

    page.route("**/forecast", move_the_target_away)
    page.goto(f"/account?name={firm.busy}")
    expect(page.locator("#fan-note")).to_contain_text(
        "The profit target, at 1,000,000,000 USD, is too far away"
    )
    expect(page.locator("#fan-key")).to_contain_text("drawdown limit")
    expect(page.locator("#fan-key")).not_to_contain_text("profit target")
