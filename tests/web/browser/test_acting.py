"""Acting on alerts in a real browser, by mouse and by keyboard; and answers that come too late."""

import re
import time
from datetime import timedelta

from desk_in_browser import Firm, open_alert, row
from playwright.sync_api import Page, expect

from timeseries.alerts import acknowledge, list_mutes


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
