"""How long a token takes from the model server to the DOM of a call page, with five calls live.

Everything is real: `manage.py up`, the simulator as a process of its own, Chromium. The simulator numbers
every token and remembers when it left; a MutationObserver on the call page notes when each number stands in
the DOM. The page paints once per animation frame, so up to 17 ms of the figure are the screen's own.

    python -m bench.token_to_dom
"""

import json
import statistics
import time
from dataclasses import dataclass
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

from bench import chromium
from bench.stack import Stack, running

RUNS, LIVE_CALLS = 3, 5
ENOUGH_TOKENS, AT_LEAST_TOKENS, MOST_SECONDS = 100, 60, 75
TARGET_P50_MS, TARGET_P95_MS = 30.0, 50.0
WORDS_WITHIN_MS = 40_000

# The wall clock to a fraction of a millisecond: the moment Date.now() turns over, read on the finer clock.
OBSERVE = r"""() => {
  const before = Date.now(); while (Date.now() === before);
  const offset = Date.now() - performance.now(), turns = document.querySelector(".turns");
  window.seen = {};
  const look = () => {
    const now = performance.now() + offset;
    for (const [, n] of turns.textContent.matchAll(/⟨(\d+)⟩/g)) window.seen[n] ??= now;
  };
  look();
  // What stood there before is not measured.
  for (const n of Object.keys(window.seen)) window.seen[n] = 0;
  new MutationObserver(look).observe(turns, {subtree: true, childList: true, characterData: true});
}"""


@dataclass(frozen=True, slots=True)
class Delay:
    """Milliseconds from leaving the model server to standing in the DOM, over so many tokens of one call."""

    tokens: int
    p50: float
    p95: float
    p99: float

    def __str__(self) -> str:
        return f"p50 {self.p50:.1f} ms, p95 {self.p95:.1f} ms, p99 {self.p99:.1f} ms ({self.tokens} tokens)"


def run(stack: Stack) -> list[Delay]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.options())
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        sign_in(page, stack)
        delays = [_one_call(page, stack) for _ in range(RUNS)]
        browser.close()
    return delays


def sign_in(page: Page, stack: Stack) -> None:
    """To the wallboard."""
    page.goto(f"{stack.url}/accounts/login/")
    page.fill("[name=login]", stack.email)
    page.fill("[name=password]", stack.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".wall-grid")


def report(delays: list[Delay]) -> str:
    """Every run, and the middle one of each figure."""
    middle = Delay(
        *(statistics.median(getattr(run, name) for run in delays) for name in ("tokens", "p50", "p95", "p99"))
    )
    lines = [f"token to DOM, {LIVE_CALLS} or more calls live", *(f"  run     {run}" for run in delays)]
    targets = f"targets p50 ≤ {TARGET_P50_MS:g}, p95 ≤ {TARGET_P95_MS:g}"
    return "\n".join([*lines, f"  median  {middle}; {targets}"])


def _one_call(page: Page, stack: Stack) -> Delay:
    """Open the page of a call in its middle and watch it for a while."""
    page.goto(f"{stack.url}/live/")
    cards = page.locator(".call:has(a.call-who[href])")
    cards.nth(LIVE_CALLS - 1).wait_for(timeout=WORDS_WITHIN_MS)
    # The newest lasts the longest.
    lengths = [_seconds(text) for text in cards.locator(".call-dur").all_inner_texts()]
    cards.nth(lengths.index(min(lengths))).locator("a.call-who").click()
    page.wait_for_selector("[data-stream]", timeout=WORDS_WITHIN_MS)
    page.evaluate(OBSERVE)
    end = time.monotonic() + MOST_SECONDS
    seen: dict[int, float] = {}
    while len(seen) < ENOUGH_TOKENS and time.monotonic() < end:
        page.wait_for_timeout(1000)
        seen = {int(n): at for n, at in page.evaluate("window.seen").items() if at}
    with urlopen(f"{stack.simulator}/stats/tokens", timeout=5) as answer:
        sent = {number: ns / 1e6 for number, _, ns, _ in json.load(answer)["tokens"]}
    delays = sorted(at - sent[n] for n, at in seen.items() if n in sent)
    if len(delays) < AT_LEAST_TOKENS:
        raise SystemExit(f"only {len(delays)} tokens reached the page; too few to measure")

    def share(of: float) -> float:
        return delays[int((len(delays) - 1) * of)]

    return Delay(len(delays), share(0.5), share(0.95), share(0.99))


def _seconds(clock: str) -> int:
    """Of a length as the card words it, "1:06"."""
    minutes, seconds = clock.split(":")
    return int(minutes) * 60 + int(seconds)


if __name__ == "__main__":
    with running() as stack:
        print(report(run(stack)))
