"""Insights as a person uses it: charts walked by keyboard, read as tables, and followed to their calls."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import NARROW
from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws, in_time


def test_a_chart_is_read_walked_and_followed_to_its_calls(visit):
    page = visit(viewport=NARROW).open("/insights/")
    # Calls of the first minutes are added up behind everybody's back.
    in_time(page, "() => document.querySelector('[data-chart]') !== null")
    expect(page.get_by_role("heading", name="How many calls were there?")).to_be_visible()
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    chart = page.get_by_role("figure", name="How many calls were there?")
    columns = chart.locator("svg a")
    columns.first.focus()
    page.keyboard.press("End")
    expect(columns.last).to_be_focused()

    page.keyboard.press("t")
    expect(page.get_by_role("button", name="Tables")).to_have_attribute("aria-pressed", "true")
    expect(columns.first).to_be_hidden()
    today = chart.get_by_role("table").get_by_role("link").last
    expect(today).to_be_visible()
    page.reload()
    expect(today).to_be_visible()
    assert flaws(page, (LIGHT_WIDE,)) == {}

    page.get_by_label("Channel").select_option("phone")
    expect(page).to_have_url(re.compile("channel=phone"))
    expect(page.get_by_role("button", name="Tables")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("t")
    columns.last.click()
    expect(page).to_have_url(re.compile(r"/calls/\?.*channel=phone"))
    expect(page.get_by_role("heading", name="History")).to_be_visible()
