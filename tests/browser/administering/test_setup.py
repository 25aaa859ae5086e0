"""Settings → Connections as a person uses them, from an empty connection to deliveries that tick in."""

import json
import re
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Page, expect

from platforms.retell.webhooks import sign
from tests.browser.conftest import NARROW
from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws


def the_simulated_one(visitor) -> Page:
    page = visitor.open("/settings/connections/")
    page.get_by_role("link", name="Simulated Retell").click()
    expect(page.get_by_role("heading", name="Connect Retell")).to_be_visible()
    return page


def a_new_one(visitor, name: str) -> Page:
    page = visitor.open("/settings/connections/")
    page.get_by_role("link", name="Add connection").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add connection").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    return page


def dialog(name: str):
    def open_it(visitor) -> Page:
        page = the_simulated_one(visitor)
        page.get_by_role("button", name=name).first.click()
        expect(page.locator("dialog[open]")).to_be_visible()
        return page

    return open_it


def wrongly_filled(visitor) -> Page:
    page = visitor.open("/settings/connections/new")
    page.get_by_label("API key").fill("too short")
    page.get_by_text("Advanced").click()
    page.get_by_label("Base URL").fill("nonsense")
    page.get_by_role("button", name="Add connection").click()
    expect(page.get_by_text("This is not an address.")).to_be_visible()
    expect(page.get_by_label("Base URL")).to_have_value("nonsense")
    return page


def secret_of(page: Page) -> str:
    page.get_by_role("button", name="Reveal").click()
    expect(page.get_by_role("button", name="Copy secret")).to_be_visible()
    return page.locator("#shown-secret code").inner_text()


def deliver(page: Page, secret: str, kind: str) -> httpx.Response:
    """As the platform would."""
    body = json.dumps({"event": kind, "call": {"call_id": f"call_{kind}_{datetime.now(UTC).timestamp()}"}})
    headers = sign(body.encode(), secret, datetime.now(UTC))
    return httpx.post(page.locator("#address").inner_text(), content=body, headers=headers, timeout=10)


PAGES = {
    "list": lambda visitor: visitor.open("/settings/connections/"),
    "new": lambda visitor: visitor.open("/settings/connections/new"),
    "new, wrong": wrongly_filled,
    "one": the_simulated_one,
    "tokens": lambda visitor: visitor.open("/settings/tokens/"),
    "rotate": dialog("Rotate secret"),
    "delete": dialog("Delete connection"),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_settings_are_accessible_and_fit(visit, name):
    visitor = visit(viewport=NARROW)
    page = PAGES[name](visitor)
    page.wait_for_load_state("load")
    if name == "new, wrong":
        visitor.complaints.clear()  # the browser's word for an answer of 400

    # Colours do not depend on the width, nor the layout on colours.
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}


def test_the_address_is_copied_and_the_secret_only_once_it_is_shown(visit):
    visitor = visit(alone=True)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = a_new_one(visitor, "Copied")
    clipboard = "() => navigator.clipboard.readText()"

    page.get_by_role("button", name="Copy address").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate(clipboard) == page.locator("#address").inner_text()

    before = page.content()
    secret = secret_of(page)
    assert secret not in before
    page.get_by_role("button", name="Copy secret").click()
    expect(page.locator("#shown-secret").get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate(clipboard) == secret
    page.reload()
    assert secret not in page.content()


def test_the_first_delivery_ticks_in_without_a_reload(visit):
    page = a_new_one(visit(), "Ticking")
    page.evaluate("() => { window.stayed = true; }")
    expect(page.locator("#first-delivery")).to_contain_text("Waiting for the first delivery…")
    row = page.get_by_role("row", name="call_started")
    expect(row).to_contain_text("Not yet")

    assert deliver(page, secret_of(page), "call_started").status_code == 200

    expect(page.locator("#first-delivery")).to_have_text(
        re.compile("First delivery arrived [0-9]+ s ago: call_started")
    )
    expect(row).to_have_text(re.compile("[0-9]+ s ago"))
    expect(page.locator(".set-head")).to_contain_text("Receiving, last")
    assert page.evaluate("() => window.stayed")


def test_a_rotation_refuses_nothing_until_it_is_finished(visit):
    visitor = visit()
    page = a_new_one(visitor, "Rotating")
    old = secret_of(page)
    assert deliver(page, old, "call_started").status_code == 200

    page.get_by_role("button", name="Rotate secret").click()
    expect(page.get_by_role("radio", name="A secret made by Earshot")).to_be_checked()
    page.get_by_role("dialog").get_by_role("button", name="Rotate secret").click()
    expect(page.get_by_text("Secret rotated. The old one is accepted until you finish.")).to_be_visible()
    new = secret_of(page)
    assert new != old
    page.wait_for_timeout(5_500)  # so long a server may go on with what it knew
    assert deliver(page, old, "call_ended").status_code == 200
    assert deliver(page, new, "call_analyzed").status_code == 200

    page.reload()
    expect(page.get_by_text("2 deliveries since.")).to_be_visible()
    page.get_by_role("button", name="Finish rotation").click()
    finishing = page.get_by_role("dialog")
    expect(finishing).to_contain_text("2 deliveries came in the last 10 minutes.")
    expect(finishing.get_by_role("button", name="Keep both")).to_be_focused()
    finishing.get_by_role("button", name="Finish rotation").click()
    expect(page.get_by_text("Rotation finished.")).to_be_visible()
    page.wait_for_timeout(5_500)
    assert deliver(page, old, "call_ended").status_code == 401
    assert deliver(page, new, "call_ended").status_code == 200
    expect(page.locator(".set-head")).to_contain_text("Rejected 1 with a bad signature in the last hour")


def test_a_test_delivery_says_what_came_back(visit):
    page = a_new_one(visit(), "Tested")
    send = page.get_by_role("button", name="Send a test delivery")

    send.click()
    expect(page.locator("#tested")).to_have_text(re.compile("Accepted in [0-9]+ ms.  ?The address"))
    expect(page.locator("#first-delivery")).to_contain_text("Waiting for the first delivery…")
    send.click()
    expect(page.locator("#tested")).to_contain_text("One test every 5 s.")


def test_deleting_asks_for_the_name(visit):
    visitor = visit(viewport=NARROW)
    page = a_new_one(visitor, "Short-lived")
    page.get_by_role("button", name="Delete connection").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep the connection")).to_be_focused()

    dialog.get_by_label("Type its name").fill("Short lived")
    dialog.get_by_role("button", name="Delete connection").click()
    expect(page.get_by_role("dialog")).to_contain_text("That is not its name.")
    visitor.complaints.clear()  # the browser's word for an answer of 400
    page.get_by_label("Type its name").fill("Short-lived")
    page.get_by_role("dialog").get_by_role("button", name="Delete connection").click()

    expect(page.get_by_text("Short-lived deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Short-lived")).to_have_count(0)


def test_a_token_is_made_copied_and_revoked(visit):
    visitor = visit(alone=True)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open("/settings/tokens/")
    page.get_by_label("Name").fill("Nightly export")
    page.get_by_role("button", name="Create token").click()
    page.get_by_role("button", name="Copy token").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    token = page.evaluate("() => navigator.clipboard.readText()")
    asked = {"headers": {"authorization": f"Bearer {token}"}, "timeout": 10}
    assert httpx.get(f"{visitor.earshot.url}/api/v1/agents", **asked).status_code == 200

    page.get_by_role("button", name="Revoke Nightly export").click()
    expect(page.get_by_role("button", name="Keep the token")).to_be_focused()
    page.get_by_role("button", name="Revoke token").click()
    expect(page.get_by_text("Nightly export revoked.")).to_be_visible()
    assert httpx.get(f"{visitor.earshot.url}/api/v1/agents", **asked).status_code == 401
