"""Many tabs of one browser, at the whole product: one connection, each tab with its own call to the byte."""

import os
import signal
import time

import redis
from playwright.sync_api import Page, expect

from base.embedded import places
from tests.browser.looking import FINISHED, SPOKEN, live_or_over, transcript
from tests.config.running import wait_for

A_CALL_S = 200  # longer than any of the simulated ones


def streams(home) -> int:
    """How many streams are open, by their leases."""
    with redis.Redis.from_url(places.redis_url(home)) as client:
        return sum(client.zcount(key, time.time(), "inf") for key in client.scan_iter("streams:{*}"))


def all_live(pages: list[Page]) -> None:
    for page in pages:
        live_or_over(page)


def test_ten_tabs_are_one_connection_and_each_ends_as_its_record(visit, earshot):
    visitor = visit()
    with earshot.to_oneself():
        wait_for(lambda: streams(earshot.home) == 0, 60)
        board = visitor.open()
        expect(board.locator(SPOKEN).nth(1)).to_be_visible(timeout=60_000)
        links = board.locator(f"{SPOKEN} .call-who").evaluate_all(
            "(all) => all.slice(-2).map((one) => one.getAttribute('href'))"
        )
        pages = [board, visitor.open(), *(visitor.open(link) for link in links * 4)]

        all_live(pages)
        wait_for(lambda: streams(earshot.home) == 1, 60)

        before = earshot.pid_of("web")
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: earshot.pid_of("web") not in (0, before))
        all_live(pages)
    for page in pages[:2]:
        page.close()  # a board has no end
    tabs = {link: [page for page in pages if page.url.endswith(link)] for link in links}

    def over() -> list[Page]:
        """The tabs of whichever of the two ends first."""
        return next((of for of in tabs.values() if of[0].locator(FINISHED).count()), [])

    first, *others = wait_for(over, A_CALL_S, every=0.5)
    for page in others:
        expect(page.locator(FINISHED)).to_be_attached()
    watched = transcript(first)
    assert [transcript(page) for page in others] == [watched] * 3
    first.reload()
    assert watched == transcript(first)
    assert len(watched) >= 2


def test_a_browser_without_shared_workers_follows_as_well(visit, earshot):
    visitor = visit(alone=True)
    visitor.context.add_init_script("delete globalThis.SharedWorker")
    board = visitor.open()
    expect(board.locator(SPOKEN).first).to_be_visible(timeout=60_000)
    page = visitor.open(board.locator(f"{SPOKEN} .call-who").last.get_attribute("href"))

    all_live([board, page])
    wait_for(lambda: streams(earshot.home) >= 2, 60)
    said = board.locator(".wall-grid").inner_text()
    board.wait_for_function("(said) => document.querySelector('.wall-grid').innerText !== said", arg=said)


def test_whoever_signs_out_is_shown_the_door_in_every_tab(visit, earshot):
    visitor = visit(signed_in=False)
    page = visitor.open()
    visitor.sign_in(page)
    other = visitor.open()
    all_live([page, other])
    key = "document.querySelector('meta[name=viewer]').content"
    assert page.evaluate(key) == other.evaluate(key) != ""
    page.locator("#sign-out").evaluate("(form) => form.submit()")

    expect(other.get_by_label("Email")).to_be_visible(timeout=60_000)
