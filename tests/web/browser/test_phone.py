"""The pages under a finger."""

import re

import pytest
from desk_in_browser import Firm
from playwright.sync_api import Page, expect


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
    phone.set_viewport_size({"width": 360, "height": 320})
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
