"""Analysis: an admin sets up what is asked of calls, a reviewer puts right what was answered."""

import re

from playwright.sync_api import Page, expect

from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, an_ended_call, flaws

READ = 60_000  # the worker may have calls of others to read first


def a_field_is_added(page: Page, agent: str) -> None:
    form = page.get_by_role("form", name=f"Add a field for {agent}")
    form.get_by_label("Name").fill("What it was about")
    form.get_by_label("Kind").select_option("text")
    form.get_by_label("Question to the model").fill("What does the caller need with the account?")
    form.get_by_role("button", name="Add field").click()
    expect(page.locator(".an-row", has_text="field.what_it_was_about")).to_be_visible()
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}


def a_scorecard_is_made(page: Page) -> None:
    page.get_by_role("link", name="New scorecard").click()
    page.get_by_label("Name").fill("Manners of the story")
    page.get_by_label("Share of the calls that end, %").fill("100")
    page.locator("[name=check_question]").last.fill("The agent helps with the account.")
    page.get_by_role("button", name="Save scorecard").click()
    expect(page.locator(".an-row", has_text="Manners of the story")).to_contain_text("Nobody has looked")


def a_topic_is_added(page: Page) -> None:
    page.get_by_role("link", name="Topics", exact=True).click()
    form = page.get_by_role("form", name="Add a topic")
    form.get_by_label("Name").fill("Accounts of the story")
    form.get_by_label("What such calls are about").fill("Account, bill, payment, meter or contract.")
    form.get_by_role("button", name="Add topic").click()
    expect(page.locator(".an-row", has_text="Accounts of the story")).to_be_visible()


def calls_are_read_again(page: Page) -> None:
    page.get_by_role("link", name="Read again").click()
    page.get_by_label("Which calls").fill("when:today")
    page.get_by_role("button", name="What would it cost?").click()
    cost = page.get_by_role("heading", name=re.compile(r"^About \$"))
    expect(cost).to_be_visible()
    page.get_by_role("button", name=re.compile(r"^Read \d+ calls?$")).click()
    row = page.locator(".an-row").first
    expect(row).to_contain_text(re.compile(r"\d+ of \d+ calls?"))
    expect(row).to_contain_text(re.compile(r"Done · (\d+) of \1 call"), timeout=READ)


def test_what_is_asked_of_calls_is_set_up_read_and_put_right(visit):
    visitor = visit()
    call = an_ended_call(visitor)
    page = visitor.open(f"/settings/analysis/?agent={call['agent']['id']}")
    a_field_is_added(page, call["agent"]["name"])
    page.get_by_role("link", name="Scorecards", exact=True).click()
    a_scorecard_is_made(page)
    a_topic_is_added(page)
    calls_are_read_again(page)

    page.goto(f"{visitor.earshot.url}/calls/{call['id']}/")
    score = page.locator("[data-scorecard]", has_text="Manners of the story")
    check = score.get_by_label("You say of: The agent helps with the account.")
    was = score.locator(".an-marks .sr").first.inner_text()
    check.select_option(label="No" if "Yes" in was else "Yes")
    expect(score).to_contain_text("A person says so.")
    expect(page.locator("[data-key=what_it_was_about]")).to_be_visible()
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    page.goto(f"{visitor.earshot.url}/settings/analysis/scorecards/")
    expect(page.locator(".an-row", has_text="Manners of the story")).to_contain_text(
        "People agree with the model in 0% (n 1, 1 call)"
    )
