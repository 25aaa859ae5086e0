"""A browser, and a whole Earshot for it to look at: `manage.py up` in a data folder of its own."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import chromium
from tests.browser.house import House, joined

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


# What is expected may take a busy machine a while.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


# For the tests here and no longer: Playwright keeps an event loop running, in which the ORM refuses to work.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    options = chromium.options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


# For as long as pages are looked at: its callers would go on talking beside all the other tests.
@pytest.fixture(scope="package")
def earshot() -> Iterator[House]:
    """All of it, with simulated callers: what a newcomer gets from `make run`."""
    chromium.options()
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    with joined() as house:
        yield house


@pytest.fixture(autouse=True)
def among_others(request) -> Iterator[None]:
    """Other workers have tests in the same house, some of which kill what runs there: not during this one."""
    if "earshot" not in request.fixturenames:
        yield
        return
    with request.getfixturevalue("earshot").among_others():
        yield


@dataclass
class Visitor:
    """One person at one browser, and everything their browser complained about."""

    earshot: House
    context: BrowserContext
    theme: str = "light"
    viewport: dict = field(default_factory=lambda: WIDE)
    complaints: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def page(self) -> Page:
        """An empty one, in this visitor's theme and size."""
        page = self.context.new_page()
        self.pages.append(page)
        if self.theme != "light":
            page.emulate_media(color_scheme=self.theme)
        if self.viewport != WIDE:
            page.set_viewport_size(self.viewport)
        return page

    def open(self, path: str = "/") -> Page:
        page = self.page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(f"{path}: {error}"))
        page.goto(self.earshot.url + path)
        return page

    def sign_in(self, page: Page) -> None:
        page.get_by_label("Email").fill(self.earshot.ready["email"])
        page.get_by_label("Password", exact=True).fill(self.earshot.ready["password"])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()

    def leave(self) -> None:
        for page in self.pages:
            page.close()

    def _note(self, message) -> None:
        # A server that is down for a moment is news to the console; whether we cope is seen on the page.
        if message.type in ("error", "warning") and "ERR_" not in message.text:
            self.complaints.append(message.text)


def a_browser_of_ones_own(browser: Browser, state: dict | None = None) -> BrowserContext:
    context = browser.new_context(viewport=WIDE, color_scheme="light", storage_state=state)
    context.set_default_timeout(20_000)
    return context


@pytest.fixture(scope="package")
def shared(browser, earshot) -> Iterator[BrowserContext]:
    """Somebody signed in, for all tests here: their cache is warm, which halves what a page costs."""
    with earshot.among_others():
        state = _state(browser, earshot)
    context = a_browser_of_ones_own(browser, state)
    yield context
    context.close()


@pytest.fixture
def visit(browser, earshot, shared):
    """visit(theme=…, viewport=…, signed_in=…, alone=…) → Visitor. Afterwards no browser may have complained.

    Whoever is signed in shares cookies and storage with the other tests, unless `alone`: for a test
    that changes them, or gives its browser permissions, scripts or a clock.
    """
    visitors: list[Visitor] = []
    own: list[BrowserContext] = []

    def arrive(
        *, theme: str = "light", viewport: dict = WIDE, signed_in: bool = True, alone: bool = False
    ) -> Visitor:
        if alone or not signed_in:
            own.append(a_browser_of_ones_own(browser, _state(browser, earshot) if signed_in else None))
        context = own[-1] if alone or not signed_in else shared
        visitors.append(Visitor(earshot, context, theme, viewport))
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.leave()
    for context in own:
        context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


_signed_in: dict[str, dict] = {}


def _state(browser: Browser, earshot: House) -> dict:
    """Cookies of somebody who signed in once: signing in again and again is throttled, as it should be."""
    if earshot.url not in _signed_in:
        context = browser.new_context()
        visitor = Visitor(earshot, context)
        visitor.sign_in(visitor.open())
        _signed_in[earshot.url] = context.storage_state()
        context.close()
    return _signed_in[earshot.url]
