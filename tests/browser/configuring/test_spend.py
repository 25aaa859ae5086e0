"""Settings → Spend as a person uses it: what was spent, and a budget from its first day to its last."""

from playwright.sync_api import expect

from tests.browser.conftest import NARROW
from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws, in_time


def test_a_budget_is_added_changed_and_removed(visit):
    visitor = visit(viewport=NARROW)
    page = visitor.open("/settings/spend/")
    in_time(page, "() => document.querySelector('[aria-labelledby=spend-models]') !== null")
    expect(page.get_by_role("table", name="By model")).to_be_visible()
    page.get_by_label("For").select_option(label="Odell")
    page.get_by_label("Hard limit, USD").last.fill("500")
    page.get_by_role("button", name="Add budget").click()
    expect(page.get_by_text("of $500.00")).to_be_visible()

    page.get_by_role("button", name="Change the budget of Odell a month").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep it as it is")).to_be_focused()
    expect(dialog.get_by_label("Hard limit, USD")).to_have_value("500")
    dialog.get_by_label("Soft limit, USD").fill("600")
    dialog.get_by_role("button", name="Save limits").click()
    expect(page.get_by_role("dialog")).to_contain_text("The soft limit must not be above the hard one.")
    visitor.complaints.clear()  # the browser's word for an answer of 400
    page.get_by_role("dialog").get_by_label("Soft limit, USD").fill("0")
    page.get_by_role("dialog").get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("Cheaper models answer", exact=True)).to_be_visible()
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    page.get_by_role("button", name="Remove the budget of Odell a month").click()
    page.get_by_role("button", name="Remove budget").click()
    expect(page.get_by_text("None yet: models may cost what they cost.")).to_be_visible()
