"""Escalation rules as people write them: sentences with slots, tried on what has been."""

import re

from playwright.sync_api import expect

from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws
from tests.browser.test_agents import saved, the_editor


def test_a_rule_is_written_by_keyboard_tried_on_past_calls_and_put_first(visit):
    page = the_editor(visit(), "Penn")
    page.get_by_role("button", name="Rule", exact=True).press("Enter")
    what = page.get_by_label("What happens")
    expect(what).to_be_focused()
    what.select_option(label="the call takes long")
    page.get_by_label("Minutes").fill("0")
    saved(page)
    expect(page.locator("#escalation .fault")).to_contain_text("Minutes: A whole number from 1 to 600.")
    page.get_by_label("What happens").select_option(label="a phrase is said")
    page.get_by_label("Phrases, one a line").fill("larkfield\nautomated assistant")
    page.get_by_label("By whom").select_option(label="by anybody")
    page.get_by_label("Called").fill("Says who they are")
    expect(page.locator("#escalation .fault")).to_have_count(0)

    page.get_by_role("button", name="Try on the last 100 calls").click()
    expect(
        page.get_by_text(re.compile(r"Would have fired on \d+ of the last|has had no calls yet"))
    ).to_be_visible()

    page.get_by_role("button", name="Rule", exact=True).click()
    page.get_by_label("What happens").last.press("Alt+ArrowUp")
    expect(page.get_by_label("What happens").first).to_be_focused()
    page.get_by_label("What is done").first.select_option(label="tell the agent")
    page.get_by_label("What the agent is told").fill("Offer a colleague.")
    saved(page)
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    page.reload()
    expect(page.get_by_role("group", name="Asked for a person")).to_be_visible()
    expect(page.get_by_label("What the agent is told")).to_have_value("Offer a colleague.")
    expect(page.get_by_label("Called").nth(1)).to_have_value("Says who they are")
    page.get_by_role("button", name="Remove").first.click()
    expect(page.get_by_label("What happens")).to_have_value('"phrase"')
