"""`/observability/` in a browser: fresh every few seconds, still under a reader, never well by default."""

import re
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, Visitor
from tests.browser.looking import flaws
from tests.config.running import wait_for

NOW = "**/observability/now*"
EVERY_MS = 5_000  # the page looks again


def as_of(page: Page):
    return page.locator('[data-part="as-of"]')


def words(page: Page) -> set[str]:
    return {word.strip() for word in page.locator("[data-word]").all_inner_texts()}


def test_it_is_accessible_and_fits(visit):
    page = visit(viewport=NARROW).open("/observability/?trace=" + "0" * 32)
    expect(page.get_by_text("Nothing of the last 7 days")).to_be_visible()

    assert flaws(page) == {}


@pytest.fixture
def visitor(visit) -> Visitor:
    """Whoever comes with a clock that can be put forward, so that nobody waits for the page's next look."""
    visitor = visit(alone=True)
    visitor.context.clock.install()
    return visitor


def looks_again(page: Page) -> None:
    with page.expect_response(NOW):
        page.clock.fast_forward(EVERY_MS)


def test_it_looks_again_by_itself(visitor):
    page = visitor.open("/observability/")
    before = as_of(page).inner_text()

    wait_for(lambda: looks_again(page) or as_of(page).inner_text() != before)


def test_a_list_that_is_read_stays_as_it_is(visitor):
    page = visitor.open("/observability/")
    calls = page.locator('[data-part="model-calls"]')
    calls.locator("tbody tr").first.hover()
    shown = calls.inner_html()
    for _ in range(2):
        before = as_of(page).inner_text()
        wait_for(lambda before=before: looks_again(page) or as_of(page).inner_text() != before)

    assert calls.inner_html() == shown


def test_what_cannot_be_asked_is_unknown_until_it_can(visitor):
    page = visitor.open("/observability/")
    page.route(NOW, lambda route: route.fulfill(status=503, body=""))
    looks_again(page)
    expect(page.locator("[data-word]").first).to_have_text("Unknown")
    assert words(page) == {"Unknown"}

    page.unroute(NOW)
    looks_again(page)
    expect(page.locator("[data-word]").first).not_to_have_text("Unknown")
    visitor.complaints.clear()  # the console names the 503


def test_each_box_shows_what_was_asked(visit):
    page = visit().open("/observability/")
    page.get_by_role("button", name=re.compile("^Database: the query")).click()

    dialog = page.get_by_role("dialog", name="Database")
    expect(dialog.get_by_label("SQL")).to_contain_text("FROM pg_stat_activity")
    expect(dialog).to_contain_text("docs/observability.md#database")


def test_a_trace_is_one_press_away(visit):
    page = visit().open("/observability/")
    page.locator('[data-part="model-calls"] a[href^="?trace="]').first.click()

    expect(page.get_by_role("heading", name=re.compile("Trace [0-9a-f]{32}"))).to_be_visible()
    expect(page.get_by_role("heading", name="Model calls", exact=True, level=3)).to_be_visible()


def test_machines_are_answered_too(earshot):
    def status(path: str) -> int:
        try:
            with urllib.request.urlopen(earshot.url + path, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    assert [status(path) for path in ("/healthz", "/metrics")] == [200, 404]
    wait_for(lambda: status("/readyz") == 200)  # a busy machine may miss its two seconds once
    counted = {path.stem.split("_")[-1] for path in (earshot.home / "metrics").glob("*.db")}
    assert str(earshot.pid_of("web")) in counted
