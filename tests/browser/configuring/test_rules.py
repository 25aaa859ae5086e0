"""Escalation rules as people write them: sentences with slots, tried on what has been; and one that fires."""

import re

from playwright.sync_api import expect

from tests.browser.configuring.test_agents import saved, the_editor
from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws


def test_a_rule_is_written_by_keyboard_tried_on_past_calls_and_put_before_another(visit):
    page = the_editor(visit(), "Penn")
    rules = page.locator("#escalation .sentence")
    # What the first run gave it.
    expect(rules.first.get_by_label("Called")).to_have_value("Asked for a person")
    expect(rules.first.locator('[data-part="hits"]')).to_have_text(re.compile(r"^(no|[\d,]+) hits?$"))
    page.get_by_role("button", name="Rule", exact=True).press("Enter")
    expect(rules).to_have_count(3)
    mine = rules.nth(2)
    expect(mine.get_by_label("What happens")).to_be_focused()
    mine.get_by_label("What happens").select_option(label="the call takes long")
    mine.get_by_label("Minutes").fill("0")
    saved(page)
    expect(mine.locator(".fault")).to_contain_text("Minutes: A whole number from 1 to 600.")
    mine.get_by_label("What happens").select_option(label="a phrase is said")
    mine.get_by_label("Phrases, one a line").fill("larkfield\nautomated assistant")
    mine.get_by_label("By whom").select_option(label="by anybody")
    mine.get_by_label("Called").fill("Says who they are")
    expect(page.locator("#escalation .fault")).to_have_count(0)

    page.get_by_role("button", name="Try on the last 100 calls").click()
    expect(
        page.get_by_text(re.compile(r"Would have fired on \d+ of the last|has had no calls yet"))
    ).to_be_visible()

    page.get_by_role("button", name="Rule", exact=True).click()
    page.get_by_label("What happens").last.press("Alt+ArrowUp")
    expect(rules.nth(2).get_by_label("What happens")).to_be_focused()
    rules.nth(2).get_by_label("What is done").select_option(label="tell the agent")
    rules.nth(2).get_by_label("What the agent is told").fill("Offer a colleague.")
    saved(page)
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    page.reload()
    expect(rules.nth(2).get_by_label("What the agent is told")).to_have_value("Offer a colleague.")
    expect(rules.nth(3).get_by_label("Called")).to_have_value("Says who they are")
    rules.nth(2).get_by_role("button", name="Remove").click()
    expect(rules).to_have_count(3)
    expect(rules.nth(2).get_by_label("What happens")).to_have_value('"phrase"')


def test_a_rule_that_fires_is_a_row_among_the_words(visit):
    visitor = visit()
    chat = visitor.open("/chat/")
    chat.get_by_role("combobox", name="Agent").select_option(label="Odell, Billing")

    def say(text: str, answers: int) -> str:
        """Gives the id of the call."""
        with chat.expect_response("**/api/chat") as asked:
            chat.get_by_role("textbox", name="Message").fill(text)
            chat.keyboard.press("Enter")
        expect(chat.locator('.answer:not([data-state="streaming"])')).to_have_count(answers)
        return asked.value.headers["x-conversation-id"]

    page = visitor.open(f"/calls/{say('Hello?', 1)}/")
    say("I want to talk to a person, please.", 2)

    # Pushed to whoever watches, behind the words that it fired on.
    row = page.locator('.turn[data-role="caller"]:has-text("a person") + .turn-rule')
    expect(row).to_contain_text("Rule fired: Asked for a person")
    expect(row).to_contain_text("When the caller asks for a person")
    page.locator(".rules a").click()
    expect(page).to_have_url(re.compile(rf"#{row.get_attribute('id')}$"))
    page.reload()
    expect(row).to_be_in_viewport()
