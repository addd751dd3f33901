"""The pages in a real browser: read, act, come back, lose the connection; and nothing read becomes markup."""

import re
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import text
from web_client import note_run
from web_server import UNLIMITED, make_firm, serving

from jobs.api import jobs_router
from timeseries.access import create_token, revoke_token
from timeseries.alerts import Alert, acknowledge, list_alerts, list_mutes, raise_alerts
from timeseries.database import Database
from timeseries.metrics import known_day

HOSTILE = "<img src=x onerror=alert(1)>"
FINDING = text(
    """
    INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, pvalue, direction,
                          severity, at_stake, reason, evidence)
    SELECT 'anomaly', account_id, :day, :day, 'win_rate', 'residual', 0.0002, 1, :severity, 123456, :reason,
           '{"note": "<b>bold</b>"}'
    FROM accounts WHERE account = :account ON CONFLICT DO NOTHING
    """
)
SCORED = text("INSERT INTO scored_days (kind, trading_day) VALUES ('anomaly', :day) ON CONFLICT DO NOTHING")
BUSY = text(
    "SELECT account FROM accounts JOIN forecasts USING (account_id) "
    "GROUP BY account ORDER BY count(*) DESC, account"
)
QUIET = text(
    "SELECT account FROM accounts a "
    "WHERE NOT EXISTS (SELECT FROM findings f WHERE f.account_id = a.account_id)"
)
ENDED = text(
    "SELECT account FROM accounts a WHERE status = 'breached' "
    "AND NOT EXISTS (SELECT FROM forecasts f WHERE f.account_id = a.account_id)"
)
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
DAY = re.compile(r"\d{4}-\d\d-\d\d")
FRESH = re.compile(
    rf"(Complete to|Trades to|Snapshots to|Made|trading days after) {DAY.pattern}",
)


class Firm:
    """A small firm, and a way to put an alert before its people."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.day: date = known_day(database)
        with database.transaction() as connection:
            self.busy, hostile = list(connection.scalars(BUSY))[:2]
            connection.execute(SCORED, {"day": self.day})
            connection.execute(
                text("UPDATE accounts SET account = :hostile WHERE account = :account"),
                {"hostile": HOSTILE, "account": hostile},
            )
            quiet = set(connection.scalars(QUIET)) - {self.busy, HOSTILE}
        self._quiet = iter(sorted(quiet))
        self.alert(self.busy)

    def alert(self, account: str | None = None, severity: str = "critical") -> Alert:
        """A new alert, of an account that had none of these yet."""
        name = account or next(self._quiet)
        values = {
            "account": name,
            "severity": severity,
            "reason": f"Wins of {name} are odd.",
            "day": self.day,
        }
        with self.database.transaction() as connection:
            connection.execute(FINDING, values)
            raise_alerts(connection, UNLIMITED.alerts)
        return max(list_alerts(self.database, account=name), key=lambda one: one.alert_id)

    def alerts(self) -> list[Alert]:
        """Those that need somebody."""
        return [one for one in list_alerts(self.database) if one.state != "resolved"]

    def read(self, alert: Alert) -> Alert:
        found = list_alerts(self.database, account=alert.account)
        return next(one for one in found if one.alert_id == alert.alert_id)


@pytest.fixture(scope="module")
def firm(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Firm:
    make_firm(database, tmp_path_factory.mktemp("firm"))
    return Firm(database)


@pytest.fixture(scope="module")
def address(firm: Firm) -> Iterator[str]:
    with serving(firm.database, routers=[jobs_router], open_access=True, name="dora") as client:
        yield f"http://{client.base_url.netloc.decode()}"


def row(page: Page, alert: Alert):
    return page.locator(f".alerts li[data-alert='{alert.alert_id}']")


def open_alert(page: Page, alert: Alert) -> None:
    page.goto(f"/?account={alert.account}")
    row(page, alert).locator(".open").click()
    expect(page.locator("#evidence h2")).to_have_text(alert.title)


# ---- every page


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
    expect(page.locator("#equity-note")).to_contain_text("One point")
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
    expect(page.locator("#equity-note")).to_contain_text("One point")
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


# ---- acting


def test_the_desk_is_worked_by_keyboard_alone(page: Page, firm: Firm):
    alert = firm.alert()
    page.goto(f"/?account={alert.account}")
    expect(row(page, alert)).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator(":focus")).to_have_class("open")
    page.keyboard.press("Enter")
    expect(page.locator("#evidence h2")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("acknowledge the alert")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.wait_for_url("**/firm")


def test_an_alert_is_acknowledged(page: Page, firm: Firm):
    alert = firm.alert()
    open_alert(page, alert)
    page.keyboard.press("a")
    expect(row(page, alert)).to_contain_text("acknowledged")
    expect(page.locator(".toast")).to_contain_text(f"the alert of account {alert.account}.")
    expect(page.get_by_role("button", name="Acknowledge")).to_be_disabled()
    stored = firm.read(alert)
    assert (stored.state, stored.acknowledged_by) == ("acknowledged", "dora")


def test_an_alert_is_labelled_with_a_note(page: Page, firm: Firm):
    alert = firm.alert()
    open_alert(page, alert)
    page.keyboard.press("l")
    page.get_by_label("Note, if you like").fill("payday")
    page.get_by_role("button", name=re.compile("False alarm")).click()
    expect(page.locator(".toast")).to_contain_text(
        f"Labelled “false alarm”: the alert of account {alert.account}, which is now resolved."
    )
    expect(row(page, alert)).to_have_count(0)  # resolved, and the list shows what is not
    expect(page.locator("#evidence")).to_contain_text("resolved")
    stored = firm.read(alert)
    assert (stored.state, stored.label, stored.note) == ("resolved", "false", "payday")


def test_a_mute_is_made_and_taken_back(page: Page, firm: Firm):
    alert = firm.alert()
    open_alert(page, alert)
    page.keyboard.press("m")
    page.get_by_label("Reason").fill("new desk")
    page.get_by_role("button", name="Mute", exact=True).last.click()
    expect(page.locator("#mutes")).to_contain_text("new desk")
    made = next(one for one in list_mutes(firm.database) if one.account == alert.account)
    assert (made.subject, made.since, made.until) == ("win_rate", firm.day, firm.day + timedelta(days=7))
    page.keyboard.press("u")
    expect(page.locator("#mutes")).to_be_hidden()
    assert next(one for one in list_mutes(firm.database) if one.mute_id == made.mute_id).lifted_at is not None


def test_the_keyboard_goes_on_from_where_it_was(page: Page, firm: Firm):
    page.goto("/")
    rows = page.locator(".alerts li")
    expect(rows.nth(2)).to_be_visible()
    names = rows.evaluate_all("all => all.map(one => one.dataset.alert)")
    at = page.locator(".alerts li:has(:focus)")
    for _ in range(2):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#evidence h2")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_contain_text("Acknowledged")
    expect(rows.nth(1)).to_contain_text("acknowledged")
    expect(at).to_have_attribute("data-alert", names[1])
    page.keyboard.press("Tab")
    page.keyboard.press("x")
    expect(at).to_have_attribute("data-alert", names[1])
    page.keyboard.press("l")
    page.get_by_role("button", name=re.compile("Expected")).click()
    expect(page.locator(f".alerts li[data-alert='{names[1]}']")).to_have_count(0)
    expect(at).to_have_attribute("data-alert", names[2])
    page.keyboard.press("k")
    expect(at).to_have_attribute("data-alert", names[0])


def test_what_is_done_elsewhere_is_there_after_a_reload(page: Page, firm: Firm):
    alert = firm.alert()
    open_alert(page, alert)
    acknowledge(firm.database, [alert.alert_id], by="ben", note="on it")
    page.reload()
    expect(page.locator("#evidence")).to_contain_text("by ben: on it")
    expect(row(page, alert)).to_contain_text("acknowledged")


def test_a_new_alert_appears_without_a_reload(page: Page, firm: Firm):
    with page.expect_response(lambda answer: "alerts/stream" in answer.url):
        page.goto("/?severity=critical")
    expect(page.locator(".alerts li").first).to_be_visible()
    time.sleep(1)  # the stream tells what comes after it was opened
    alert = firm.alert()
    expect(row(page, alert)).to_contain_text("new")
    expect(page.locator(".toast")).to_contain_text("new alert")


def test_filters_stay_in_the_address(page: Page, firm: Firm):
    alert = firm.alert(severity="warning")
    page.goto("/")
    page.locator("[name=severity]").select_option("critical")
    page.locator("[name=sort]").select_option("newest")
    page.wait_for_url("**/?severity=critical&sort=newest")
    page.go_back()
    expect(page.locator("[name=sort]")).to_have_value("rank")
    page.go_forward()
    expect(row(page, alert)).to_have_count(0)
    page.reload()
    expect(page.locator("[name=severity]")).to_have_value("critical")
    expect(page.locator("[name=sort]")).to_have_value("newest")
    expect(page.locator(".alerts .severity").first).to_be_visible()
    assert {one.split()[-1] for one in page.locator(".alerts .severity").all_inner_texts()} == {"critical"}


# ---- answers that come late


def test_a_late_answer_does_not_take_the_place_of_what_was_asked_for_since(page: Page, firm: Firm):
    one, other = firm.alerts()[:2]
    held = []
    page.route(f"**/api/v1/alerts/{one.alert_id}", lambda route: held.append(route))
    page.goto("/")
    row(page, one).locator(".open").click()
    expect(row(page, one)).to_be_visible()
    row(page, other).locator(".open").click()
    expect(page.locator("#evidence h2")).to_have_text(other.title)
    held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#evidence h2")).to_have_text(other.title)
    expect(page.locator("#evidence")).not_to_have_attribute("aria-busy", "true")


def test_the_newest_filter_decides_what_the_firm_shows(page: Page, firm: Firm):
    held = []
    page.goto("/firm")
    expect(page.locator("#days dl").first).to_contain_text(re.compile(r"in \d\d trading days"))
    page.route("**/firm/days?days=30", lambda route: held.append(route))
    page.locator("[name=days]").select_option("30")
    page.locator("[name=days]").select_option("7")
    expect(page.locator("#days dl").first).to_contain_text(re.compile(r"in \d trading days"))
    held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#days dl").first).to_contain_text(re.compile(r"in \d trading days"))


# ---- on a phone


def swipe_up(phone: Page, x: float, y: float) -> None:
    """Upwards by 200 px with a little drift, as thumbs do."""
    touch = phone.context.new_cdp_session(phone)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 11):
        point = {"x": x + 2 * step, "y": y - 20 * step}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_swipe_over_a_chart_scrolls_and_a_tap_chooses_its_day(phone: Page, firm: Firm):
    phone.goto(f"/account?name={firm.busy}")
    expect(phone.locator("#fan-chart .main-svg").first).to_be_visible()
    chart = phone.locator("#equity-chart")
    chart.scroll_into_view_if_needed()
    place, before, begun = chart.bounding_box(), phone.url, phone.evaluate("scrollY")
    swipe_up(phone, place["x"] + 150, place["y"] + 220)
    phone.wait_for_function("begun => scrollY > begun + 100", arg=begun)
    assert phone.url == before
    expect(phone.locator("#trades-title")).to_have_text("Newest trades")
    phone.wait_for_timeout(300)  # the swipe has run out
    phone.evaluate("scrollTo(0, document.getElementById('equity-chart').offsetTop - 200)")
    place = chart.bounding_box()
    phone.touchscreen.tap(place["x"] + 200, place["y"] + 150)
    expect(phone.locator("#trades-title")).to_have_text(re.compile("Trades closed on"))


def test_back_to_the_list_finds_it_where_it_was(phone: Page, firm: Firm):
    phone.goto("/?state=all")
    expect(phone.locator(".alerts li").first).to_be_visible()
    phone.locator(".alerts li").last.scroll_into_view_if_needed()
    before = phone.evaluate("scrollY")
    assert before > 0
    phone.locator(".alerts li").last.tap()
    expect(phone.locator("#evidence h2")).to_be_visible()
    phone.evaluate("scrollTo(0, 0)")
    phone.get_by_role("button", name="Back to the list").tap()
    expect(phone.locator(".alerts li").first).to_be_visible()
    assert phone.evaluate("scrollY") == pytest.approx(before, abs=60)


def test_what_was_found_can_be_read_and_touched_on_a_phone(phone: Page, firm: Firm):
    phone.goto(f"/account?name={firm.busy}")
    prose = phone.locator("#findings td.prose").first
    expect(prose).to_be_visible()
    place = prose.bounding_box()
    assert place["width"] > 250 and place["x"] + place["width"] <= 375
    assert phone.locator("#findings tbody button").first.bounding_box()["height"] >= 24
    phone.goto("/account")
    assert phone.locator("#accounts tbody a").first.bounding_box()["height"] >= 24
    phone.goto("/")
    phone.locator(".alerts li").first.tap()
    expect(phone.get_by_role("button", name="Label")).to_be_visible()
    expect(phone.locator(".actions kbd").first).to_be_hidden()


def test_the_help_begins_with_the_way_out_of_it(page: Page):
    page.goto("/")
    page.locator("#help").click()
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    place = page.get_by_role("checkbox").bounding_box()
    assert place["width"] == place["height"]


# ---- addresses that lead nowhere


def test_what_is_not_there_is_said_once(page: Page, firm: Firm, complaints):
    complaints.excuse("status of 404")
    page.goto("/account?name=Z-1")
    expect(page.locator("main")).to_contain_text("There is no account of this name.")
    page.goto("/firm?group=nope")
    said = page.get_by_text("There is no account in a group")
    expect(page.locator("#days code")).to_have_text("timeseries accounts")
    expect(page.locator("#cohorts .main-svg").first).to_be_visible()
    expect(said.locator("visible=true")).to_have_count(1)
    expect(page.locator("#payouts")).to_be_hidden()
    page.locator("[name=group]").fill("")
    page.locator("[name=group]").press("Enter")
    expect(page.locator("#payouts .main-svg").first).to_be_visible()
    page.goto("/symbols?group=nope")
    expect(said.locator("visible=true")).to_have_count(1)


def test_small_letters_find_an_account_written_in_capitals(page: Page, firm: Firm, complaints):
    complaints.excuse("status of 404")
    page.goto("/account")
    page.keyboard.press("/")
    page.keyboard.type(firm.busy.lower())
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/account?name={firm.busy}")
    expect(page.locator("#standing")).to_contain_text("Balance")


@pytest.mark.parametrize("query", ["day=2026-13-45&since=x", "day=2026-02-31&since=2026-06-01T00:00:00Z"])
def test_what_an_address_says_in_no_usable_way_is_ignored(page: Page, firm: Firm, query: str):
    page.goto(f"/account?name={firm.busy}&{query}")
    expect(page.locator("#trades-title")).to_have_text("Newest trades")
    expect(page.locator("#equity-chart .main-svg").first).to_be_visible()
    expect(page.get_by_role("button", name="All", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".problem")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "field", "usual"),
    [
        ("/?severity=bogus&state=odd&subject=x&alert=y", "severity", ""),
        ("/account?status=bogus&sort=x", "status", "active"),
        ("/firm?days=x", "days", "90"),
    ],
)
def test_an_unknown_filter_is_the_usual_one(page: Page, path: str, field: str, usual: str):
    page.goto(path)
    expect(page.locator(f"[name={field}]")).to_have_value(usual)
    expect(page.locator(".alerts li, #accounts tbody tr, #cohorts .main-svg").first).to_be_visible()
    expect(page.locator(".problem")).to_have_count(0)


# ---- trouble


def test_a_lost_connection_is_said_and_forgotten_when_it_is_back(page: Page, firm: Firm, complaints):
    complaints.excuse("ERR_INTERNET_DISCONNECTED")
    page.goto("/")
    expect(page.locator(".alerts li").first).to_be_visible()
    page.context.set_offline(True)
    page.locator("[name=severity]").select_option("warning")
    expect(page.locator("#banner")).to_contain_text("trying again")
    page.context.set_offline(False)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator(".alerts li").first).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/account?name={account}", "/firm", "/symbols"])
def test_a_page_that_nobody_touches_says_that_the_server_is_gone(
    page: Page, firm: Firm, complaints, path: str
):
    complaints.excuse("ERR_FAILED")
    page.clock.install()
    page.goto(path.format(account=firm.busy))
    expect(page.locator("#freshness")).to_contain_text("Complete to")
    page.route("**/api/v1/**", lambda route: route.abort())
    page.clock.fast_forward(16_000)
    expect(page.locator("#banner")).to_contain_text("The server does not answer.")
    page.unroute("**/api/v1/**")
    page.clock.fast_forward(10_000)
    expect(page.locator("#banner")).to_be_hidden()


def test_a_stream_that_is_lost_is_said_until_it_is_back(page: Page, firm: Firm, complaints):
    complaints.excuse("ERR_FAILED")
    page.route("**/alerts/stream", lambda route: route.abort())
    page.goto("/")
    expect(page.locator("#banner")).to_contain_text("New alerts do not appear by themselves")
    page.unroute("**/alerts/stream")
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator(".alerts li").first).to_be_visible()


def test_a_slow_database_is_waited_for_and_that_is_said(page: Page, firm: Firm):
    page.goto("/login")
    held, begun = threading.Event(), threading.Event()

    def hold() -> None:
        with firm.database.transaction() as connection:
            connection.execute(text("LOCK TABLE accounts, alerts IN ACCESS EXCLUSIVE MODE"))
            begun.set()
            held.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(10)
    page.goto("/")
    expect(page.locator("#waiting")).to_be_visible()
    page.wait_for_timeout(1200)
    held.set()
    holder.join()
    expect(page.locator(".alerts li").first).to_be_visible()
    expect(page.locator("#waiting")).to_be_hidden()


def test_what_is_read_stays_text(page: Page, firm: Firm):
    alerts: list[str] = []
    page.on("dialog", lambda one: (alerts.append(one.message), one.dismiss()))
    alert = firm.alert(HOSTILE)
    page.goto(f"/?alert={alert.alert_id}")
    expect(page.locator("#evidence h2")).to_contain_text(HOSTILE)
    page.locator("#evidence details summary").first.click()
    expect(page.locator("#evidence")).to_contain_text("<b>bold</b>")
    page.locator("#evidence").get_by_role("link", name=HOSTILE).click()
    expect(page.locator("#title")).to_have_text(f"Account {HOSTILE}")
    expect(page.locator("#fan-chart .main-svg").first).to_be_visible()
    assert page.locator("main img, main b").count() == 0
    assert alerts == []


def test_jobs_that_are_late_for_one_reason_are_told_of_once(page: Page, firm: Firm):
    late = {"compress", "retain", "verify"}
    for job in late:
        note_run(firm.database, job, "done", timedelta(days=3))
    page.goto("/jobs")
    told = page.locator("#doctor tbody tr").filter(has_text="no scheduler began it")
    expect(told).to_have_count(1)
    assert late <= set(told.get_by_role("link").all_inner_texts())
    told.get_by_role("link", name="verify").click()
    expect(page.locator("#history-title")).to_have_text("Runs of verify")
    expect(page.locator("#history tbody tr")).to_have_count(1)


# ---- access


def test_a_token_opens_the_pages(browser, firm: Firm):
    token = create_token(firm.database, "clara", scopes=["read", "act"])
    with serving(firm.database, routers=[jobs_router]) as client:
        context = browser.new_context(base_url=f"http://{client.base_url.netloc.decode()}")
        page = context.new_page()
        page.goto("/?severity=critical")
        page.wait_for_url("**/login?next=*")
        page.get_by_label("Token").fill("tse_" + "x" * 43)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("not valid")
        page.get_by_label("Token").fill(token.token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/?severity=critical")
        expect(page.locator(".alerts li").first).to_be_visible()
        assert all(one["httpOnly"] for one in context.cookies() if one["name"] == "timeseries_session")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/login")
        page.goto("/firm")
        page.wait_for_url("**/login?next=*")
        context.close()
    revoke_token(firm.database, "clara")


def test_who_may_only_look_is_offered_no_action(browser, firm: Firm):
    token = create_token(firm.database, "looker", scopes=["read"])
    with serving(firm.database, routers=[jobs_router]) as client:
        context = browser.new_context(base_url=f"http://{client.base_url.netloc.decode()}")
        page = context.new_page()
        page.goto("/login")
        page.get_by_label("Token").fill(token.token)
        page.get_by_role("button", name="Sign in").click()
        page.locator(".alerts li").first.click()
        expect(page.get_by_text("Your token may look, but not act.")).to_be_visible()
        expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
        context.close()
    revoke_token(firm.database, "looker")
