"""Addresses that lead nowhere, a server that is gone, and who may come in."""

import threading
from datetime import timedelta

import pytest
from desk_in_browser import HOSTILE, Firm
from playwright.sync_api import Page, expect
from sqlalchemy import text
from web_client import note_run
from web_server import serving

from jobs.api import jobs_router
from timeseries.access import create_token, revoke_token

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


@pytest.mark.parametrize("path", ["/", "/account?name={account}", "/symbols"])
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
