"""Every page: readable by machines and in every size, still while words come, and quiet in the console."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW
from tests.browser.looking import FINISHED, a_live_call, an_ended_call, flaws

# Only what happens to elements: a caret is none, and has to move. A card with a new reason may say so.
SHIFTS = """() => new Promise((done) => {
  const moved = new Set(), from = performance.now();
  new PerformanceObserver((list) => {
    for (const { startTime, sources } of list.getEntries()) {
      if (startTime < from) continue;
      for (const { node } of sources) {
        const element = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
        if (element && !element.closest('.call-why')) moved.add(element.outerHTML.slice(0, 200));
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done([...moved]), 5000);
})"""


GAP = "const box = document.querySelector('[data-follow]'); const gap = box.scrollHeight - box.clientHeight"


def a_record(visitor) -> Page:
    page = visitor.open(f"/calls/{an_ended_call(visitor)['id']}/")
    expect(page.locator("[data-replay]")).to_be_visible()
    return page


def a_chat(visitor) -> Page:
    page = visitor.open("/chat/")
    for n, text in enumerate(["Show me my last three bills", "Could I do that by program?"], 1):
        page.get_by_role("textbox", name="Message").fill(text)
        page.keyboard.press("Enter")
        expect(page.locator('.answer:not([data-state="streaming"])')).to_have_count(n)
    expect(page.get_by_role("group", name="Suggested next questions")).to_be_visible()
    return page


# How tall a card is with one row of them and with more than three, and what is left of the room below three.
CROWDED = """() => {
  const grid = document.querySelector('.wall-grid'), main = document.querySelector('.main');
  const height = () => grid.firstElementChild.getBoundingClientRect().height;
  const bottom = (node) => node.getBoundingClientRect().bottom;
  const extra = [], before = height();
  const add = () => extra.push(grid.appendChild(grid.firstElementChild.cloneNode(true)));
  const rows = () => new Set([...grid.children].map(bottom)).size;
  while (rows() < 3) add();
  const padding = parseFloat(getComputedStyle(grid).paddingBlockEnd);
  const left = Math.round(bottom(main) - padding - Math.max(...[...grid.children].map(bottom)));
  while (rows() < 4) add();
  const after = height();
  for (const one of extra) one.remove();
  return [before, after, left];
}"""

PAGES = {
    "login": lambda visitor: visitor.open("/accounts/login/"),
    "board": lambda visitor: visitor.open("/"),
    "rows": lambda visitor: visitor.open("/?view=rows"),
    "call": lambda visitor: (page := visitor.open("/"), a_live_call(page))[0],
    "replay": a_record,
    "chat": a_chat,
    "history": lambda visitor: visitor.open("/calls/"),
    "no match": lambda visitor: visitor.open("/calls/?status=failed&to=2020-01-01"),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits(visit, name):
    page = PAGES[name](visit(viewport=NARROW, signed_in=name != "login"))
    page.wait_for_load_state("load")

    assert flaws(page) == {}


def test_nothing_on_the_board_moves_under_a_pointer(visit):
    page = visit().open("/")
    expect(page.locator(".call").nth(1)).to_be_visible()
    page.locator(".call").first.hover()

    assert page.evaluate(SHIFTS) == []
    for height in (800, 1_100, 1_600):
        page.set_viewport_size({"width": 1_440, "height": height})
        before, after, left = page.evaluate(CROWDED)
        assert before == after
        assert left == 0 or height == 800  # three rows are as tall as there is room for


def test_filters_are_in_the_address_and_go_back(visit):
    page = visit().open("/")
    page.locator("body").press("5")
    expect(page).to_have_url(re.compile(r"\?show=steady$"))
    expect(page.get_by_role("button", name="Steady")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Rows").click()
    expect(page).to_have_url(re.compile(r"\?show=steady&view=rows$"))

    page.reload()
    expect(page.locator("wall-board")).to_have_attribute("data-view", "rows")
    page.go_back()
    page.go_back()

    expect(page.get_by_role("button", name=re.compile(r"^\d+ All$"))).to_have_attribute(
        "aria-pressed", "true"
    )


def test_the_board_is_walked_by_keyboard(visit):
    page = visit().open("/")
    expect(page.locator(".call").nth(1)).to_be_visible()
    page.locator("body").press("h")
    expect(page.get_by_role("button", name="Hold order")).to_have_attribute("aria-pressed", "true")
    page.locator("body").press("j")
    page.keyboard.press("j")
    second = page.locator(".call-who").nth(1)
    expect(second).to_be_focused()
    address = second.get_attribute("href")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"{address}$"))


def looking_back(page: Page) -> float | None:
    """Read a call and scroll back until something new has come. Where that is; None if it ended before."""
    a_live_call(page)
    box, over = page.locator("[data-follow]"), f"document.querySelector('{FINISHED}')"
    page.wait_for_function(f"() => {{ {GAP}; return gap > 140 || {over}; }}", timeout=90_000)
    box.hover()
    page.mouse.wheel(0, -120)
    page.wait_for_function(f"() => {{ {GAP}; return gap - box.scrollTop > 80 || {over}; }}")
    place = box.evaluate("(box) => box.scrollTop")
    new = page.get_by_role("button", name="New messages")
    # Both, when its last words and its end come together.
    expect(new.locator("visible=true").or_(page.locator(FINISHED)).first).to_be_attached(timeout=60_000)
    return place if new.is_visible() else None


def test_a_reader_is_never_moved_and_can_come_back(visit):
    page = visit(viewport={"width": 1100, "height": 420}).open("/")
    box, pill = page.locator("[data-follow]"), page.get_by_role("button", name="New messages")
    # A call may end before it says anything more; then another is read.
    while not (place := looking_back(page)):
        page.goto(page.url.split("/calls/")[0])
    assert box.evaluate("(box) => box.scrollTop") == place

    page.keyboard.press("End")
    expect(pill).to_be_hidden()
    assert box.evaluate("(box) => box.scrollHeight - box.scrollTop - box.clientHeight") <= 1


def test_a_link_to_a_moment_goes_there_and_does_not_play(visit):
    page = a_record(visit())
    page.goto(page.url.split("?")[0].split("#")[0] + "?t=2.5")

    expect(page.locator('.replay [data-part="at"]')).to_have_text("0:02")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator('.replay [data-part="at"]')).to_have_text("0:07")


def test_a_link_to_a_turn_goes_there(visit):
    page = a_record(visit())
    page.goto(page.url.split("?")[0].split("#")[0] + "#turn-2")
    page.reload()

    expect(page.locator("#turn-2")).to_be_in_viewport()
    expect(page.locator(".turn[data-now]")).to_have_count(1)  # where Play would begin


def test_the_list_is_narrowed_and_widened_again(visit):
    page = visit().open("/calls/")
    page.locator("body").press("f")
    page.get_by_label("Live", exact=True).check()
    page.get_by_role("button", name="Show calls").click()
    expect(page.locator(".fchip")).to_have_text("StatusLive")
    page.get_by_role("link", name="Remove Status Live").click()
    expect(page.locator(".fchip")).to_have_count(0)

    page.go_back()

    expect(page.locator(".fchip")).to_have_text("StatusLive")
