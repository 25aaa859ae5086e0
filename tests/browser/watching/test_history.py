"""The history page as somebody works through it: narrow, look, pick, tag, keep, find."""

import re

from playwright.sync_api import Page, expect

from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws, in_time

# The longest word that the list quotes, but for those so common that nobody is found by them ("Take care of
# yourself" was all that two calls had to say).
WORD = """(little) => {
  const said = [...document.querySelectorAll(".snip q")].map((quote) => quote.textContent).join(" ");
  const telling = (word) => !little.split(" ").includes(word.toLowerCase());
  const words = (said.match(/\\p{L}{6,}/gu) || []).filter(telling);
  return words.sort((a, b) => b.length - a.length)[0];
}"""
LITTLE = (
    "against because before between during further having should through herself himself itself myself"
    " ourselves theirs themselves yourself yourselves"
)
FOUND = "() => document.querySelector('.snip mark') !== null"


def a_list(visitor) -> Page:
    """Of calls that have ended, two of them at least."""
    page = visitor.open("/calls/?status=ended")
    in_time(page, "() => document.querySelectorAll('.row-link').length > 1")
    return page


def test_a_list_is_narrowed_looked_through_picked_from_and_kept(visit):
    page = a_list(visit())
    drawer, rows = page.locator(".peek"), page.locator(".row-link")

    page.locator("body").press("j")
    page.keyboard.press("Space")
    expect(drawer).to_be_visible()
    first = drawer.get_attribute("data-call")
    page.keyboard.press("j")
    expect(drawer).not_to_have_attribute("data-call", first)
    expect(page).to_have_url(re.compile(f"peek={drawer.get_attribute('data-call')}"))
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(rows.nth(1)).to_be_focused()

    page.keyboard.press("x")
    page.get_by_placeholder("A tag").fill("Story")
    page.get_by_role("button", name="Tag", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("“story” put on 1 call.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("is as it was")

    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Tags").check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Tags")).to_be_visible()
    page.get_by_role("button", name="Save view").click()
    page.get_by_role("textbox", name="Name").fill("Ended, with tags")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Ended, with tags")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Remove Status Ended").click()
    expect(page.get_by_role("link", name="Ended, with tags unsaved")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="Remove Status Ended")).to_be_visible()
    page.get_by_role("button", name="More of Ended, with tags").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("button", name="Keep the view")).to_be_focused()
    page.get_by_role("button", name="Remove view").click()
    expect(page.get_by_role("link", name="Ended, with tags")).to_have_count(0)

    word = in_time(page, WORD, LITTLE)
    page.keyboard.press("/")
    page.keyboard.type(f"{word} status:ended")
    page.keyboard.press("Enter")
    expect(page.locator(".fchip")).to_have_text("StatusEnded")
    in_time(page, FOUND)
    page.locator(".snip a").first.click()
    expect(page).to_have_url(re.compile(r"/calls/[0-9a-f-]{36}/(#turn-\d+)?$"))
