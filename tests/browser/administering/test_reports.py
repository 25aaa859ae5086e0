"""What goes wrong in a page is told to the server, once each, with the trace it belongs to."""

import json
import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

REFRESHED_MS = 15_000  # the page looks again every 5 s
SENT = "**/api/v1/ui-errors"
TRACE = re.compile("[0-9a-f]{32}")


class Told:
    """Every report a page sends, with the server's answer; what the server keeps is its own tests' matter."""

    def __init__(self, page: Page) -> None:
        self.reports: list[dict] = []
        self.statuses: list[int] = []
        self.page = page
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _asked(self, request) -> None:
        if request.url.endswith("/api/v1/ui-errors"):
            self.reports += json.loads(request.post_data)["reports"]

    def _answered(self, response) -> None:
        if response.url.endswith("/api/v1/ui-errors"):
            self.statuses.append(response.status)

    def wait(self, count: int, *, passing_ms: int = 0) -> list[dict]:
        """The reports once there are so many; `passing_ms`: how fast the page's own clock is put forward."""
        deadline = time.monotonic() + 60
        while len(self.reports) < count or len(self.statuses) < 1:
            assert time.monotonic() < deadline, (self.reports, self.statuses)
            if passing_ms:
                self.page.clock.run_for(passing_ms)
            self.page.wait_for_timeout(50)
        return self.reports


@pytest.fixture
def told(visit):
    visitor = visit()
    yield Told(visitor.open("/calls/"))
    visitor.complaints.clear()  # they were meant


@pytest.fixture
def hasty(visit):
    """Somebody whose clock can be put forward, so that nobody waits out what a page waits out."""
    visitor = visit(alone=True)
    visitor.context.clock.install()
    yield visitor
    visitor.complaints.clear()


def trace_of(page: Page) -> str:
    return page.locator('meta[name="trace-id"]').get_attribute("content")


def test_an_error_and_a_rejection_are_told_with_the_pages_trace(told):
    page = told.page
    page.evaluate("""() => {
        for (let n = 0; n < 3; n++) setTimeout(() => { throw new TypeError("card is undefined"); });
        setTimeout(() => Promise.reject(new RangeError("too far")));
    }""")
    told.wait(2)

    found = {report["kind"]: report for report in told.reports}
    assert TRACE.fullmatch(trace_of(page))
    assert {report["last_trace_id"] for report in told.reports} == {trace_of(page)}
    assert found["error"]["message"] == "Uncaught TypeError: card is undefined"
    assert found["error"]["count"] == 3
    assert found["unhandledrejection"]["message"] == "RangeError: too far"
    assert {report["page"] for report in told.reports} == {"/calls/"}
    assert told.statuses == [202]


def test_what_the_policy_refuses_is_told(told):
    told.page.evaluate("""() => {
        const image = document.createElement("img");
        image.src = "https://elsewhere.example/pixel.png?secret=1";
        document.body.append(image);
    }""")
    report = told.wait(1)[0]

    assert (report["kind"], report["message"]) == (
        "csp",
        "img-src refused https://elsewhere.example/pixel.png",
    )
    assert report["detail"]["directive"] == "img-src"


def test_the_newest_trace_the_page_has_seen_is_told(told):
    page = told.page
    seen = page.evaluate("""async () => {
        const answer = await fetch("/live/pulse", { headers: { accept: "application/json" } });
        setTimeout(() => { throw new Error("after it"); });
        return answer.headers.get("x-trace-id");
    }""")

    assert told.wait(1)[0]["last_trace_id"] == seen != trace_of(page)


def test_data_that_somebody_threw_is_not_told(told):
    told.page.evaluate("() => setTimeout(() => Promise.reject({ text: 'I was charged twice' }))")

    assert told.wait(1)[0]["message"] == "a object"


def test_what_breaks_as_the_page_is_left_is_told_too(told):
    page = told.page
    page.evaluate("() => setTimeout(() => { throw new Error('last words'); })")
    page.wait_for_timeout(50)  # the script has run; the report waits for company
    page.goto(page.url.replace("/calls/", "/observability/"))

    expect(page.get_by_text("Uncaught Error: last words")).to_be_visible(timeout=REFRESHED_MS)


def test_a_storm_is_bounded_and_a_refusal_is_the_end_of_it(told):
    page = told.page
    asked = []

    def refuse(route: Route) -> None:
        asked.append(route)
        route.fulfill(status=403, body="{}")

    page.route(SENT, refuse)
    page.evaluate("""() => {
        for (let n = 0; n < 500; n++) setTimeout(() => { throw new Error(`no. ${n}`); });
    }""")
    told.wait(20)
    page.evaluate("() => setTimeout(() => { throw new Error('another'); })")
    page.wait_for_timeout(2_500)  # longer than it ever lingers

    assert (len(asked), len(told.reports)) == (1, 20)


def test_what_could_not_be_told_is_told_later_and_is_no_news_itself(hasty):
    page = hasty.open("/calls/")
    told = Told(page)
    page.route(SENT, lambda route: route.abort(), times=1)
    # A timer of that clock would keep the error to itself.
    page.evaluate("() => queueMicrotask(() => { throw new Error('while away'); })")
    reports = told.wait(2, passing_ms=1_000)

    assert [report["message"] for report in reports] == ["Uncaught Error: while away"] * 2
    assert told.statuses == [202]


def test_a_stream_that_is_cut_is_told_when_it_is_back(hasty):
    """The board's stream runs into silence, and comes back."""
    page = hasty.page()
    page.add_init_script("delete globalThis.SharedWorker")  # what a worker asks for cannot be answered here
    told = Told(page)
    cut = {"is": True}

    def answer(route: Route) -> None:
        if cut["is"]:
            route.fulfill(status=503, body="{}")
        else:
            route.continue_()

    page.route("**/live/stream*", answer)
    page.goto(hasty.earshot.url + "/")
    stall = told.wait(1, passing_ms=1_000)[0]
    assert (stall["kind"], stall["source"]) == ("stall", "/live/stream")
    # Of the 15 s without a sign of life, those since the first refusal, which may have taken a while to come.
    assert 5_000 <= stall["detail"]["ms"] <= 20_000

    cut["is"] = False
    back = told.wait(2, passing_ms=1_000)[1]
    assert (back["kind"], back["detail"]["stalled"]) == ("reconnect", True)
    assert back["detail"]["ms"] > stall["detail"]["ms"]
    assert back["detail"]["tries"] >= 1


def test_what_was_told_is_there_to_read(told):
    """The whole way round: a page breaks, a row is kept, the page of such rows shows it."""
    page = told.page
    page.evaluate("() => setTimeout(() => { throw new Error('kept for you'); })")
    told.wait(1)
    page.goto(page.url.replace("/calls/", "/observability/"))

    expect(page.get_by_text("kept for you")).to_be_visible(timeout=REFRESHED_MS)
