"""What a newcomer does: start it, sign in, watch calls, open one, and come back to it when it is over."""

import os
import re
import signal

from playwright.sync_api import Page, expect

from tests.browser.looking import FINISHED, a_live_call, live_or_over, markup, transcript
from tests.config.running import wait_for

A_CALL_MS = 200_000  # longer than any of the simulated ones
SPEAKING = """() => document.querySelector('.turn[data-role="agent"][data-state="speaking"]')?.id"""


def test_a_newcomer_watches_a_call_from_the_board_to_its_replay(visit, earshot):
    visitor = visit(signed_in=False)
    page = visitor.open()
    visitor.sign_in(page)

    calls_arrive_and_are_heard(page)
    with earshot.to_oneself():  # from here on, that the call is still going on when the server is killed
        a_live_call(page)
        a_reload_in_mid_sentence_loses_nothing(page)
        the_serving_process_is_killed_and_the_page_recovers(page, earshot)
    the_call_ends_where_it_is(page)
    it_is_the_record_to_the_byte(page)
    it_replays_as_it_streamed(page)


def calls_arrive_and_are_heard(page: Page) -> None:
    """Several at once, soon, and their words grow while nobody touches anything."""
    # Within ten seconds; but this machine may be running other tests.
    expect(page.locator(".call").nth(1)).to_be_visible(timeout=60_000)
    said = page.locator(".wall-grid").inner_text()
    page.wait_for_function("(said) => document.querySelector('.wall-grid').innerText !== said", arg=said)
    expect(page.locator(".conn-text")).to_have_text("Live")


def a_reload_in_mid_sentence_loses_nothing(page: Page) -> None:
    # Found and named at once: a turn is spoken for a moment only.
    number = page.wait_for_function(SPEAKING, timeout=60_000).json_value()
    page.reload()
    turn = page.locator(f"#{number}")
    expect(turn).to_have_attribute("data-state", re.compile("final|interrupted"), timeout=60_000)
    # A caller may cut in on words that are all there: then some of them move to those that were not heard.
    words = turn.locator('[data-part="text"], [data-part="unheard"]')
    watched = " ".join(words.all_text_contents()).split()
    page.reload()
    assert " ".join(words.all_text_contents()).split() == watched
    assert watched


def the_serving_process_is_killed_and_the_page_recovers(page: Page, earshot) -> None:
    before = earshot.pid_of("web")
    page.evaluate("() => { window.stillHere = true; }")
    os.kill(before, signal.SIGKILL)
    expect(page.locator(".conn-text")).not_to_have_text("Live")
    wait_for(lambda: earshot.pid_of("web") not in (0, before))
    live_or_over(page)
    assert page.evaluate("() => window.stillHere"), "the page was loaded anew"


def the_call_ends_where_it_is(page: Page) -> None:
    address = page.url
    expect(page.locator("[data-replay]")).to_be_visible(timeout=A_CALL_MS)
    assert page.url == address
    expect(page.locator(FINISHED)).to_be_attached(timeout=60_000)
    expect(page.locator('[data-fact="pill"]')).not_to_have_text("Live")


def it_is_the_record_to_the_byte(page: Page) -> None:
    watched, drawn = transcript(page), markup(page)
    page.reload()
    assert watched == transcript(page)
    assert drawn == markup(page)
    assert len(watched) >= 2


def it_replays_as_it_streamed(page: Page) -> None:
    whole = transcript(page)
    page.get_by_role("button", name="As it streamed").click()
    page.get_by_label("Speed").select_option("8")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator(".turn")).not_to_have_count(len(whole))
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=60_000)
    assert transcript(page) == whole
