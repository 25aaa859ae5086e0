"""What is on a page, as plain values to compare; and the way to a page worth looking at."""

import re
from collections.abc import Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, WIDE
from tests.config.running import wait_for

# Narrow ones first: a page is opened in the first of them, where it is hardest to reach what is looked at.
LIGHT_NARROW, DARK_NARROW, DARK_WIDE, LIGHT_WIDE = (
    ("light", NARROW),
    ("dark", NARROW),
    ("dark", WIDE),
    ("light", WIDE),
)
EVERY_LOOK = (LIGHT_NARROW, DARK_NARROW, DARK_WIDE, LIGHT_WIDE)

# A theme or width is there once it has been drawn and colours have stopped fading. What is folded away is not
# drawn, so there they never do. Answers the colour of the ground.
DRESSED = """async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const fades = (one) => one instanceof CSSTransition && one.effect.target.checkVisibility();
  const fading = document.getAnimations().filter(fades);
  await Promise.allSettled(fading.map((one) => one.finished));
  return getComputedStyle(document.body).backgroundColor;
}"""

# What axe calls a violation: [rule, what it is about, and where]. By all its rules, or by these.
VIOLATIONS = """async (rules) => {
  const { violations } = await axe.run({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) });
  return violations.map(({ id, nodes }) => [id, ...nodes.map((one) => `${one.html} ${one.failureSummary}`)]);
}"""

OF_COLOUR = ["color-contrast", "link-in-text-block"]

# Every turn as it stands: its number, who, in what state, and each of its words.
TRANSCRIPT = """() => [...document.querySelectorAll('.turns > .turn')].map((turn) => {
  const read = (part) => turn.querySelector(`[data-part="${part}"]`)?.textContent ?? null;
  const parts = ['text', 'unheard', 'name', 'input', 'output', 'reply', 'model', 'error'];
  return [turn.id, turn.dataset.role, turn.dataset.state, ...parts.map(read)];
})"""

# The same as markup, whatever the order of attributes and the white space of templates.
MARKUP = """() => {
  const told = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data.trim() ? node.data : '';
    if (node.nodeType !== Node.ELEMENT_NODE) return '';
    const attributes = [...node.attributes]
      .filter(({ name, value }) => value || name !== 'class')
      .filter(({ name }) => !['title', 'data-now', 'open'].includes(name))
      .map(({ name, value }) => `${name}="${value.trim()}"`).sort().join(' ');
    return `<${node.localName} ${attributes}>${[...node.childNodes].map(told).join('')}</>`;
  };
  return [...document.querySelectorAll('.turns > .turn')].map(told);
}"""


def in_time(page: Page, script: str, arg: Any = None) -> Any:
    """What `script` finds on a page that does not follow what it shows, once it finds something. It is loaded
    again each second: a script that does so itself does it without end, and nobody else gets on."""
    found = page.evaluate(script, arg)
    return found or wait_for(lambda: page.reload() and page.evaluate(script, arg), seconds=180, every=1)


def live_or_over(page: Page) -> None:
    """It follows what it shows. A call may end before it does, and then its page is a record."""
    follows = page.locator(".conn-text", has_text=re.compile(r"^\s*Live\s*$"))
    over = page.locator("[data-replay]:not([hidden])")
    expect(follows.or_(over).locator("visible=true").first).to_be_visible(timeout=60_000)


def transcript(page: Page) -> list[list]:
    return page.evaluate(TRANSCRIPT)


def markup(page: Page) -> list[str]:
    return page.evaluate(MARKUP)


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


def violations(page: Page, rules: list[str] | None = None) -> list[list[str]]:
    """What a machine that reads the page aloud, or measures its colours, finds wrong, by all its rules or
    these."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(VIOLATIONS, rules)


def flaws(page: Page, looks: Sequence[tuple[str, dict]] = EVERY_LOOK) -> dict[str, tuple]:
    """What is wrong in each theme and width: {} if it is accessible and fits in all of them."""
    found, grounds, widths = {}, {}, set()
    for theme, viewport in looks:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(viewport)
        grounds[theme] = page.evaluate(DRESSED)
        # The other theme of a width has the same elements in the same places, in other colours.
        wrong = (violations(page, OF_COLOUR if viewport["width"] in widths else None), max(0, overflow(page)))
        widths.add(viewport["width"])
        if wrong != ([], 0):
            found[f"{theme}, {viewport['width']} px wide"] = wrong
    assert len(set(grounds.values())) == len(grounds), f"the page does not follow the theme: {grounds}"
    return found


# A card of a call that was answered and whose words come one by one. It will end by itself; a chat, and a
# call of which a test told no more than its beginning (level "event"), do not. One that nobody takes has no
# words.
SPOKEN = (
    '.call:not([data-ended]):not(:has-text("Chat visitor"))'
    ':has([data-level="token"]):has(.said[data-role="agent"])'
)


# Over, and told to the end: the platform has the last word on what was heard, a moment after a call's end.
FINISHED = "call-page[data-finished]"


def a_live_call(page: Page) -> None:
    """The youngest that is spoken, so that it goes on for a while."""
    page.locator(f"{SPOKEN} .call-who").last.click()
    expect(page.locator(".turn").first).to_be_visible()


def an_ended_call(visitor) -> dict:
    """The youngest in which both spoke, as the API tells of it: tests tell of others without a word."""
    api = visitor.context.request

    def found() -> dict:
        calls = api.get(f"{visitor.earshot.url}/api/v1/calls?status=ended&limit=50").json()["items"]
        return next((call for call in calls if call["turn_count"] > 3 and call["agent"]), {})

    return wait_for(found, seconds=180, every=1)
