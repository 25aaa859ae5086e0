"""What a wallboard with three hundred live calls costs the browser's main thread, at 1,200 pictures a second.

Everything between the log and the screen is real: `manage.py up` and a headless Chromium with the page open.
The pictures come straight from `bench.crowd`, as if three hundred calls were being spoken.

    python -m bench.wallboard
"""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import CDPSession, sync_playwright

from bench import chromium
from bench.stack import ROOT, Stack, running
from bench.token_to_dom import sign_in

CALLS, TARGET_MS = 300, 100.0
RUNS, SECONDS, SETTLE_SECONDS = 3, 10, 8
SHOWN_WITHIN_MS = 60_000
KINDS = ("Task", "Script", "Layout", "RecalcStyle")


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of the page's main thread in each second: on the CPU; and by the clock, which also counts
    what it waited for a core: all tasks, and of them script, layout and style."""

    cpu: float
    task: float
    script: float
    layout: float
    style: float

    def __str__(self) -> str:
        parts = f"script {self.script:.0f}, layout {self.layout:.0f}, style {self.style:.0f}"
        return f"{self.cpu:5.0f} ms a second ({self.task:.0f} by the clock: {parts})"


def run(stack: Stack) -> list[Cost]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.options())
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        sign_in(page, stack)
        cdp, whole = page.context.new_cdp_session(page), browser.new_browser_cdp_session()
        cdp.send("Performance.enable")
        with _crowd(stack):
            cards = page.locator(".wall-grid .call")
            cards.nth(CALLS - 1).wait_for(state="attached", timeout=SHOWN_WITHIN_MS)
            page.wait_for_timeout(SETTLE_SECONDS * 1000)
            costs = []
            for _ in range(RUNS):
                before = _metrics(cdp) | _main_threads(whole)
                page.wait_for_timeout(SECONDS * 1000)
                costs.append(_cost(before, _metrics(cdp) | _main_threads(whole)))
            if cards.count() < CALLS:
                raise SystemExit("cards were lost while they were measured")
        browser.close()
    return costs


def report(costs: list[Cost]) -> str:
    """Every run, and the middle one."""
    middle = statistics.median(cost.cpu for cost in costs)
    lines = [f"a wallboard of {CALLS} live calls", *(f"  run     {cost}" for cost in costs)]
    return "\n".join([*lines, f"  median  {middle:5.0f} ms a second; target < {TARGET_MS:g}"])


@contextmanager
def _crowd(stack: Stack) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "bench.crowd", str(CALLS)], cwd=ROOT, env=stack.env)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _metrics(cdp: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in cdp.send("Performance.getMetrics")["metrics"]}


def _main_threads(cdp: CDPSession) -> dict[str, float]:
    """Seconds on the CPU of every renderer's main thread, by process."""
    processes = cdp.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [each["id"] for each in processes if each["type"] == "renderer"]
    stats = {pid: Path(f"/proc/{pid}/task/{pid}/schedstat") for pid in renderers}
    return {f"renderer {pid}": int(stat.read_text().split()[0]) / 1e9 for pid, stat in stats.items()}


def _cost(before: dict[str, float], after: dict[str, float]) -> Cost:
    spent = {name: after[name] - before[name] for name in after.keys() & before.keys()}
    seconds = spent["Timestamp"]
    cpu = max(spent[name] for name in spent if name.startswith("renderer "))
    each = (spent[f"{kind}Duration"] for kind in KINDS)
    return Cost(*(1000 * value / seconds for value in (cpu, *each)))


if __name__ == "__main__":
    with running() as stack:
        print(report(run(stack)))
