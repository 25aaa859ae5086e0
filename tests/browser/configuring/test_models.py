"""Settings → Models as a person uses them: from a preset to a model that is tested, turned off, deleted."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW
from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws


def looks_right(page: Page) -> None:
    page.wait_for_load_state("load")
    # Colours do not depend on the width, nor the layout on colours.
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}
    page.set_viewport_size(NARROW)


def test_a_provider_is_added_and_its_address_refused_until_it_is_right(visit):
    visitor = visit(viewport=NARROW)
    page = visitor.open("/settings/models/")
    looks_right(page)
    page.get_by_role("link", name="Add provider").click()
    page.get_by_role("link", name="Ollama").click()
    expect(page.get_by_label("Base URL")).to_have_value("http://localhost:11434/v1")
    page.get_by_role("button", name="Add provider").press("Enter")
    expect(page.get_by_text("localhost is on a private network.")).to_be_visible()
    visitor.complaints.clear()  # the browser's word for an answer of 400
    looks_right(page)

    page.get_by_label("Base URL").fill("https://ollama.invalid/v1")
    page.get_by_role("button", name="Add provider").click()
    expect(page.get_by_text("Ollama added.")).to_be_visible()
    page.get_by_role("link", name="Add model").click()
    page.get_by_label("Name").fill("qwen3:8b")
    page.get_by_label("Options").fill("{nope")
    page.get_by_role("button", name="Add model").click()
    expect(page.get_by_text("This is not JSON")).to_be_visible()
    visitor.complaints.clear()
    looks_right(page)
    page.get_by_label("Options").fill('{"reasoning_effort": "none"}')
    page.get_by_role("button", name="Add model").click()
    expect(page.get_by_text("qwen3:8b added.")).to_be_visible()

    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_text("qwen3:8b is off.")).to_be_visible()
    page.get_by_role("link", name="Back to Ollama").click()
    page.get_by_role("button", name="Delete provider").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep the provider")).to_be_focused()
    looks_right(page)
    dialog.get_by_label("Type its name").fill("Ollama")
    dialog.get_by_role("button", name="Delete provider").click()
    expect(page.get_by_text("Ollama deleted.")).to_be_visible()


def test_a_model_is_tested_in_place(visit):
    page = visit(viewport=NARROW).open("/settings/models/")
    page.get_by_role("link", name="sim-standard").click()
    page.evaluate("() => { window.stayed = true; }")
    page.get_by_role("button", name="Test the model").click()

    expect(page.locator("#tested")).to_have_text(
        re.compile(r"sim-standard answered: its first token came after \d+ ms, .* tokens in, .* \$0\.\d+")
    )
    assert page.evaluate("() => window.stayed")
    looks_right(page)
