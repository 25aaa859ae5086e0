"""The page of deliveries as a person reads it: still while they read, live while they do not."""

import json
import re
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from platforms.retell.webhooks import sign
from tests.browser.conftest import NARROW
from tests.browser.looking import flaws, in_time
from tests.config.running import wait_for

# Retell never sends such a transcript, so it stays unreadable however often it is tried.
UNREADABLE = "no list"


def post(earshot, call_id: str, *, secret: str = "", **call) -> str:
    """A delivery about that call, as the platform sends it; answers what was answered."""
    connection = earshot.first_run()["connections"][0]
    body = json.dumps(
        {"event": "call_ended", "call": {"call_id": call_id, "n": str(uuid4()), **call}}
    ).encode()
    headers = sign(body, secret or connection["webhook_secret"], datetime.now(UTC))
    return httpx.post(connection["webhook_url"], content=body, headers=headers, timeout=20).text


def dead_letters(earshot, count: int) -> str:
    """The platform's id of a new call, about which there are so many."""
    call_id = f"call_{uuid4().hex}"
    for _ in range(count):
        assert "accepted" in post(earshot, call_id, transcript_object=UNREADABLE)
    return call_id


def rows(page: Page):
    return page.locator(".hit-row")


def the_dead(visitor, count: int) -> Page:
    """A list of dead letters, all of one call."""
    call_id = dead_letters(visitor.earshot, count)
    page = visitor.open(f"/webhooks/?status=dead&call={call_id}")
    expect(rows(page)).to_have_count(count, timeout=30_000)  # each appears once a worker has given it up
    return page


def opened(visitor) -> Page:
    page = the_dead(visitor, 1)
    page.locator(".row-link").first.click()
    expect(page.get_by_role("heading", name="Body")).to_be_visible()
    return page


def asking(visitor) -> Page:
    page = the_dead(visitor, 2)
    page.get_by_role("button", name="Replay all that match").click()
    expect(page.get_by_role("button", name="Replay 2 deliveries")).to_be_visible()
    return page


def rejected(visitor) -> Page:
    assert "unauthenticated" in post(visitor.earshot, "call_forged", secret="key_wrong")
    page = visitor.open("/webhooks/?status=rejected")
    # The counter is written once a second.
    in_time(page, "() => document.querySelector('.d-attempts summary') !== null")
    page.locator(".d-attempts summary").first.click()
    return page


def the_list(visitor) -> Page:
    page = visitor.open("/webhooks/")
    expect(rows(page).nth(3)).to_be_visible(timeout=60_000)
    return page


PAGES = {
    "list": the_list,
    "opened": opened,
    "asking": asking,
    "rejected": rejected,
    "no match": lambda visitor: visitor.open("/webhooks/?kind=none&since=2020-01-01"),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_deliveries_are_accessible_and_fit(visit, name):
    page = PAGES[name](visit(viewport=NARROW))

    assert flaws(page) == {}


def test_a_row_opens_in_place_and_the_address_says_so(visit):
    page = the_dead(visit(), 2)
    link = page.locator(".row-link").nth(1)
    link.click()

    expect(page.locator(".d-detail")).to_contain_text("Gave up. Unreadable")
    expect(page).to_have_url(re.compile(r"&open=[0-9a-f-]{36}$"))
    expect(link).to_have_attribute("aria-expanded", "true")
    page.reload()
    expect(page.locator(".d-detail")).to_be_visible()
    page.go_back()
    expect(page.locator(".d-detail")).to_have_count(0)
    page.go_forward()
    expect(page.locator(".d-detail")).to_be_visible()
    page.locator(".row-link").nth(1).click()
    expect(page.locator(".d-detail")).to_have_count(0)


def test_a_body_is_read_in_lines_and_as_it_came_and_copied(visit):
    visitor = visit(alone=True)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(visitor)

    expect(page.get_by_role("region", name="Body in lines")).to_contain_text('"transcript_object": "no list"')
    page.get_by_role("button", name="As it came").click()
    expect(page.get_by_role("region", name="Body in lines")).to_be_hidden()
    shown = page.get_by_role("region", name="Body as it came").inner_text()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == shown

    page.get_by_role("button", name="Copy as curl").click()
    wait_for(lambda: page.evaluate("navigator.clipboard.readText()").startswith("curl -X POST"))
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "<x-retell-signature>" in copied
    assert shown in copied
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all").click()
    assert download.value.path().read_text() == shown


def test_those_selected_are_replayed_and_their_verdicts_follow(visit):
    page = the_dead(visit(), 4)
    boxes = page.locator(".hit-row input[type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])

    page.get_by_role("button", name="Replay 3 selected").click()
    dialog = page.get_by_role("dialog", name="Replay 3 deliveries?")
    expect(dialog).to_contain_text("3 deliveries of 1 call would be applied again.")
    expect(page.get_by_role("button", name="Leave them")).to_be_focused()
    dialog.get_by_role("button", name="Replay 3 deliveries").click()

    expect(page.locator(".toast")).to_contain_text("3 deliveries will be applied again.")
    expect(page.locator(".hit-row", has_text="Replayed")).to_have_count(3, timeout=20_000)
    expect(page.locator(".hit-row", has_text="Gave up")).to_have_count(4, timeout=30_000)
    expect(rows(page)).to_have_count(4)


def test_leaving_them_replays_nothing(visit):
    page = asking(visit())
    page.get_by_role("button", name="Leave them").click()

    page.reload()
    expect(rows(page)).to_have_count(2)
    expect(page.locator(".hit-row", has_text="Replayed")).to_have_count(0)


def test_all_on_the_page_are_selected_at_once(visit):
    page = the_dead(visit(), 2)
    page.get_by_label("Select all on this page").check()
    expect(page.get_by_role("button", name="Replay 2 selected")).to_be_visible()
    page.locator(".hit-row input[type=checkbox]").first.uncheck()
    expect(page.get_by_role("button", name="Replay 1 selected")).to_be_visible()
    page.locator(".hit-row input[type=checkbox]").last.uncheck()
    expect(page.get_by_role("button", name="Replay all that match")).to_be_visible()


def test_new_ones_appear_by_themselves_while_nobody_reads(visit):
    visitor = visit()
    call_id = dead_letters(visitor.earshot, 1)
    page = visitor.open(f"/webhooks/?call={call_id}")
    page.mouse.move(5, 5)
    expect(rows(page)).to_have_count(1)

    post(visitor.earshot, call_id, transcript_object=UNREADABLE)

    expect(rows(page)).to_have_count(2, timeout=15_000)
    expect(rows(page).first).to_contain_text("Gave up", timeout=20_000)


def test_one_given_up_after_a_newer_one_appears_below_it(visit):
    page = the_dead(visit(), 3)
    page.mouse.move(5, 5)
    ids = rows(page).evaluate_all("rows => rows.map(row => row.id)")

    for hidden in (0, 1, 2):  # as the page was before that one had been tried for the last time
        rows(page).nth(hidden).evaluate("row => row.remove()")
        expect(rows(page)).to_have_count(3, timeout=15_000)
        assert rows(page).evaluate_all("rows => rows.map(row => row.id)") == ids


def test_new_ones_are_counted_and_move_nothing_while_somebody_reads(visit):
    visitor = visit()
    call_id = dead_letters(visitor.earshot, 1)
    page = visitor.open(f"/webhooks/?call={call_id}")
    page.locator(".row-link").click()
    expect(page.locator(".d-detail")).to_be_visible()
    before = page.locator(".row-link").bounding_box()

    post(visitor.earshot, call_id, transcript_object=UNREADABLE)

    pill = page.get_by_role("button", name="1 new delivery")
    expect(pill).to_be_visible(timeout=15_000)
    assert page.locator(".row-link").bounding_box() == before
    pill.click()
    expect(rows(page)).to_have_count(2)


def test_a_list_that_is_out_of_date_says_so(visit):
    page = the_list(visit())
    expect(page.locator("[data-fresh]")).to_have_text("Live")

    page.route("**/webhooks/changes?*", lambda route: route.abort())
    expect(page.locator("[data-fresh]")).to_contain_text("Not updating since", timeout=15_000)
    page.unroute("**/webhooks/changes?*")
    expect(page.locator("[data-fresh]")).to_have_text("Live", timeout=20_000)


def test_it_is_walked_by_keyboard(visit):
    visitor = visit()
    page = visitor.open("/calls/")
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page).to_have_url(f"{visitor.earshot.url}/webhooks/")

    page = the_dead(visitor, 2)
    page.locator("body").press("j")
    page.keyboard.press("j")
    expect(page.locator(".row-link").nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator(".d-detail")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.locator(".d-detail")).to_have_count(0)
    page.keyboard.press("f")
    expect(page.get_by_label("Event")).to_be_visible()


def test_filters_are_in_the_address_and_go_back(visit):
    page = the_list(visit())
    page.locator("body").press("f")
    page.get_by_label("Applied", exact=True).check()
    page.get_by_role("button", name="Show deliveries").click()
    expect(page.locator(".fchip")).to_have_text("StatusApplied")
    page.get_by_role("navigation", name="Deliveries").get_by_role("link", name="Dead letters").click()
    expect(page).to_have_url(re.compile("status=dead"))
    page.go_back()
    expect(page.locator(".fchip")).to_have_text("StatusApplied")
