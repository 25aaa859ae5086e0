"""Tests of an agent as people keep them: made from a call, run on the draft, looked at before publishing."""

import json
import re

from playwright.sync_api import Page, expect

from tests.browser.configuring.test_agents import saved, the_editor
from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws, in_time
from tests.browser.modules import LOAD, with_imports


def an_ended_call(page: Page) -> None:
    """From an agent's page to one of its calls. Simulated callers ring all the time."""
    here, there = page.url.split("/agents/")
    page.goto(f"{here}/calls/?status=ended&agent={there.strip('/')}")
    in_time(page, "() => document.querySelector('.hit-row') !== null")
    page.locator(".hit-row .row-link").last.click()
    expect(page).to_have_url(re.compile(r"/calls/[0-9a-f-]{36}/"))
    page.wait_for_load_state()  # its modules are there: what is pressed is heard


def test_a_test_made_from_a_call_says_before_publishing_what_would_break(visit):
    page = the_editor(visit(), "Iris")
    editor = page.url
    an_ended_call(page)
    page.get_by_role("button", name="Make a test").click()
    page.get_by_role("link", name="Open it").click()
    section = page.get_by_role("region", name="Tests", exact=True)
    expect(section.get_by_text("From here the agent answers anew")).to_be_visible()
    expect(section.get_by_label(re.compile("^Caller’s words")).first).not_to_have_value("")

    expect(section.get_by_role("combobox", name="Add a check")).to_be_focused()  # so far it checks nothing
    name = section.get_by_label("Name")
    name.fill("Never of zebras")
    section.get_by_role("combobox", name="Add a check").select_option(label="words that are not said")
    section.get_by_label("Words", exact=True).fill("zebra")
    page.keyboard.press("Control+s")
    expect(section.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("spinbutton", name="Speed").fill("1.1")
    saved(page)
    section.get_by_role("button", name="Run all on the draft").click()
    expect(section.get_by_text("1 of 1 test passed.")).to_be_visible(timeout=90_000)
    expect(section.locator(".verdict")).to_contain_text("Passed Every answer does not contain “zebra”")
    expect(page.get_by_role("navigation", name="Sections").get_by_role("link", name="Tests")).to_contain_text(
        "1"
    )

    section.get_by_label("What is checked").select_option(label="contains")
    page.keyboard.press("Control+s")
    expect(section.get_by_text("earlier test", exact=True).first).to_be_visible()
    section.get_by_role("button", name="Run it").click()
    expect(section.get_by_text("0 of 1 test passed.")).to_be_visible(timeout=90_000)
    expect(section.locator("[data-failed]")).to_contain_text("Every answer contains “zebra”")
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name=re.compile("^Publish"))
    expect(dialog.get_by_text("0 of 1 test passed.")).to_be_visible()
    expect(dialog.get_by_role("listitem").filter(has_text="“Never of zebras” failed")).to_be_visible()
    assert flaws(page, (LIGHT_WIDE,)) == {}
    dialog.get_by_role("button", name=re.compile(r"^Publish v\d+ anyway$")).click()

    expect(page.locator("#versions [data-part=tested]").first).to_have_text("0 of 1 test")
    expect(page.locator(".test").filter(has_text="Never of zebras")).to_contain_text("Failed")
    assert page.url.split("#")[0] == editor
    section.get_by_role("button", name="Delete").click()
    section.get_by_role("button", name="Undo").press("Enter")
    expect(section.get_by_text("Never of zebras")).to_be_visible()


CHECKS = [
    ({"kind": "contains", "answers": "any", "text": "refund"}, "An answer contains “refund”"),
    (
        {"kind": "regex", "answers": "last", "text": "£[0-9]+"},
        "The last answer matches the pattern “£[0-9]+”",
    ),
    (
        {"kind": "tool_called", "answers": "any", "tool": "refund.create", "arguments": {"pence": 1200}},
        'An answer uses the tool refund.create with {"pence":1200}',
    ),
    (
        {"kind": "tool_not_called", "answers": "every", "tool": "end_call"},
        "Every answer does not use the tool end_call",
    ),
    (
        {"kind": "judged", "question": "It is polite."},
        "The conversation is judged by a model: “It is polite.”",
    ),
]


def test_a_check_reads_as_a_sentence(browser):
    page = browser.new_page()
    work = f"({{ worded }}) => {json.dumps([check for check, _ in CHECKS])}.map(worded)"

    told = page.evaluate(
        LOAD, [list(with_imports("agents/test-checks.js").items()), "agents/test-checks.js", work]
    )
    assert told == [words for _, words in CHECKS]
    page.close()
