"""The playground beside the editor: a draft heard beside what is live, branched, and begun from a call."""

import re

from playwright.sync_api import expect

from tests.browser.configuring.test_agents import the_editor
from tests.browser.configuring.test_tests import an_ended_call
from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws


def test_the_draft_is_heard_beside_what_is_live_branched_and_begun_from_a_call(visit):
    page = the_editor(visit(), "Odell")
    play = page.get_by_role("complementary", name="Playground")
    box = play.get_by_role("textbox", name="Say something as the caller")
    expect(play.get_by_text("Odell begins:")).to_be_visible()
    play.get_by_role("button", name="Both", exact=True).click()
    box.fill("I was charged twice in May.")
    box.press("Enter")
    live, draft = play.locator('[data-talk="a"]'), play.locator('[data-talk="b"]')
    for one in (live, draft):
        expect(one.locator('.answer[data-state="done"]')).to_have_count(2)
        expect(one.locator(".answer").last).to_contain_text(re.compile(r"\d\.\d s\d+ words"))
        expect(one.get_by_role("list", name="What is to be noticed")).to_contain_text(
            re.compile("rule fired|Rule fired")
        )

    live.locator('.turn[data-role="caller"]').focus()
    page.keyboard.press("e")
    expect(box).to_have_value("I was charged twice in May.")
    box.fill("Where do I send my meter reading?")
    box.press("Enter")
    for one in (live, draft):
        expect(one.locator('[data-part="which"]')).to_have_text("2/2")
        expect(one.locator('.answer[data-state="done"]')).to_have_count(2)
        expect(one.locator('.turn[data-role="caller"]')).to_contain_text("Where do I send my meter reading?")
    live.get_by_role("button", name="What was said before here").click()
    expect(draft.locator('[data-part="which"]')).to_have_text("1/2")
    page.reload()
    for one in (live, draft):
        expect(one.locator('.turn[data-role="caller"]')).to_contain_text("I was charged twice in May.")
        expect(one.locator('[data-part="which"]')).to_have_text("1/2")
    assert flaws(page, (LIGHT_WIDE,)) == {}

    an_ended_call(page)
    turn = page.locator('.turn[data-role="agent"]').nth(1)
    words = turn.locator('[data-part="text"]').inner_text()
    turn.get_by_role("link", name="Playground").click()
    expect(
        live.get_by_text(re.compile(r"Turns 1 to \d+ from the call at .*Tools answer from the recording"))
    ).to_be_visible()
    expect(live.locator(".answer").last).to_contain_text(words[:40])
    before = live.locator('.turn[data-role="caller"]').count()
    box.fill("Thank you, that is all.")
    page.route("**/api/chat", lambda route: route.abort(), times=1)  # it never arrives, and is sent again
    box.press("Enter")
    expect(live.locator('.turn[data-role="caller"]')).to_have_count(before + 1)
    expect(live.get_by_role("list", name="What is to be noticed")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?play=[0-9a-f-]{36}"))
    page.route("**/api/chat", lambda route: route.abort())
    box.fill("And one more thing.")
    box.press("Enter")
    expect(live.get_by_text("The server can’t be reached. Send it again once it can.")).to_be_visible()
    expect(box).to_have_value("And one more thing.")
    expect(live.locator('.turn[data-role="caller"]')).to_have_count(before + 1)
    page.unroute("**/api/chat")
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}
