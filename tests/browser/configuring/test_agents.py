"""Agents as people edit them: written, published, compared, gone back to; by two at once; on a bad line."""

import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

from config.env import BASE_DIR
from simulator.director import plan
from tests.browser.conftest import NARROW
from tests.browser.house import SPEED
from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws, in_time
from tests.browser.modules import LOAD, with_imports
from tests.config.running import environment

GREETING = "Larkfield billing, Odell here. What went wrong?"
SAVED = re.compile(r"^Saved")


def the_editor(visitor, name: str) -> Page:
    page = visitor.open("/")
    # The platform takes calls, so it can be asked for its voices too.
    expect(page.locator(".call").first).to_be_visible()
    page.get_by_role("link", name="Agents").click()
    page.get_by_role("link", name=name, exact=True).click()
    loaded(page, name)
    return page


def loaded(page: Page, name: str) -> None:
    """The editor's modules are there, too: what is written is kept."""
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    page.wait_for_load_state()


@contextmanager
def a_call_to(agent: str, earshot) -> Iterator[None]:
    """Somebody rings just them: the crowd may take a while to come round."""
    seed = next(seed for seed in itertools.count(1) if next(plan(seed)).story.agent == agent)
    options = ("--calls", "1", "--seed", str(seed), "--no-webhooks", "--speed", str(SPEED))
    command = [sys.executable, "manage.py", "simulate", *options]
    env = environment(earshot.home, PRIVATE_HOSTS="")
    simulator = subprocess.Popen(command, cwd=BASE_DIR, env=env, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        simulator.terminate()
        simulator.wait(60)


def prompt(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Prompt", exact=True)


def saved(page: Page) -> None:
    expect(page.locator(".edit-saved")).to_have_text(SAVED)


def test_what_is_published_answers_the_next_call_and_can_be_taken_back(visit, earshot):
    page = the_editor(visit(), "Odell")
    prompt(page).press("Control+End")
    prompt(page).press_sequentially("\nSay you are from {{comp")
    page.keyboard.press("Enter")
    expect(prompt(page)).to_have_value(re.compile(r"from \{\{company_name\}\}$"))
    page.get_by_role("textbox", name="First message").fill(GREETING)
    saved(page)
    expect(page.get_by_text("v2 draft, 2 changes")).to_be_visible()

    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name="Publish v2")
    expect(dialog.get_by_text("New calls use v2 from the next ring.")).to_be_visible()
    expect(dialog.get_by_role("listitem")).to_have_text(["Prompt", "First message"])
    dialog.get_by_label("What changed").fill("Asks what went wrong")
    dialog.get_by_role("button", name="Publish v2").click()
    expect(page.get_by_text("v2 live")).to_be_visible()

    call = page.context.new_page()
    with a_call_to("Odell", earshot):
        call.goto(f"{page.url.split('/agents/')[0]}/calls/?agent={page.url.rstrip('/').split('/')[-1]}")
        of_v2 = (
            "() => [...document.querySelectorAll('.hit-row')].some((row) => row.textContent.includes('v2'))"
        )
        in_time(call, of_v2)
        call.locator(".hit-row", has_text="v2").last.locator(".row-link").click()
        expect(call.locator('.turn[data-role="agent"]').first).to_contain_text(GREETING)
    call.close()

    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog", name="Compare versions")
    expect(dialog.locator("ins", has_text=GREETING)).to_be_visible()
    expect(dialog.locator("del", has_text="you're through to Larkfield Energy billing")).to_be_visible()
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Restore v1").click()
    expect(page.get_by_role("button", name="Keep v2")).to_be_focused()
    page.get_by_role("button", name="Restore it as v3").click()
    expect(page.get_by_text("v3 live")).to_be_visible()
    expect(prompt(page)).not_to_have_value(re.compile("company_name"))


def test_two_who_write_at_once_are_told_and_merged(visit):
    mine, theirs = the_editor(visit(), "Juno"), the_editor(visit(alone=True), "Juno")
    prompt(theirs).press("Control+Home")
    expect(mine.locator("#prompt .edit-here")).to_have_text("Your other tab is editing Prompt")
    prompt(theirs).press_sequentially("Speak slowly.\n")
    prompt(mine).press("Control+End")
    prompt(mine).press_sequentially("\nNever hurry a caller.")

    both = re.compile(r"^Speak slowly\.\n.*\nNever hurry a caller\.$", re.DOTALL)
    for page in (mine, theirs):
        expect(prompt(page)).to_have_value(both)
        saved(page)
    for page in (mine, theirs):
        expect(
            page.get_by_text("Your other tab changed Prompt too. Both are in the draft now.")
        ).to_be_visible()


def test_what_is_written_on_a_bad_line_is_not_lost(visit):
    visitor = visit(alone=True)
    page = the_editor(visitor, "Penn")
    visitor.context.set_offline(True)
    page.get_by_role("spinbutton", name="Speed").fill("1.2")
    expect(page.get_by_text("Not saved, trying again")).to_be_visible()
    page.close()
    visitor.context.set_offline(False)
    page = the_editor(visitor, "Penn")

    expect(page.get_by_text("What you wrote while it could not be saved is back.")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Speed")).to_have_value("1.2")
    saved(page)
    page.reload()
    expect(page.get_by_role("spinbutton", name="Speed")).to_have_value("1.2")
    expect(page.get_by_text("is back.")).to_be_hidden()


def test_what_is_refused_for_good_does_not_come_back_and_is_nobody_elses(visit):
    visitor = visit(alone=True)
    page = the_editor(visitor, "Penn")
    speed, kept = page.get_by_role("spinbutton", name="Speed"), "() => Object.entries(localStorage)"
    before = speed.input_value()
    visitor.context.set_offline(True)
    speed.fill("1.3")
    expect(page.get_by_text("Not saved, trying again")).to_be_visible()
    ((name, _),) = page.evaluate(kept)
    person = page.locator("#agent-data").evaluate("(data) => JSON.parse(data.textContent).person")
    assert name == f"draft:{person}:{page.url.rstrip('/').split('/')[-1]}"

    refusal = {"error": {"code": "invalid", "message": "That is no speed."}}
    page.route("**/draft", lambda route: route.fulfill(status=400, json=refusal))
    visitor.context.set_offline(False)
    expect(page.get_by_text("Not saved. That is no speed.")).to_be_visible()
    visitor.complaints.clear()  # the browser's word for an answer of 400
    assert page.evaluate(kept) == []
    page.unroute("**/draft")
    page.reload()
    expect(speed).to_have_value(before)
    expect(page.get_by_text("is back.")).to_be_hidden()


def test_an_agent_is_made_from_a_template_and_every_look_of_it_is_right(visit):
    page = visit(viewport=NARROW).open("/agents/")
    expect(page.locator('[data-part="cost"]').first).to_be_attached()
    assert flaws(page) == {}
    page.set_viewport_size(NARROW)
    page.get_by_role("button", name="New agent").click()
    dialog = page.get_by_role("dialog", name="New agent")
    dialog.get_by_label("Appointments").check()
    dialog.get_by_label("Name").fill("Nora")
    dialog.get_by_role("button", name="Make the agent").click()
    loaded(page, "Nora")
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Model").click()

    page.get_by_role("combobox", name="Order").select_option(label="An order of its own")
    first, second = (page.locator(".chain li [data-part=name]").nth(n).text_content() for n in (0, 1))
    page.get_by_role("button", name=f"Ask later: {first}").press("Enter")
    expect(page.locator(".chain li [data-part=name]").first).to_have_text(second)
    expect(page.get_by_role("button", name=f"Ask later: {first}")).to_be_focused()
    saved(page)
    page.get_by_role("link", name="Sections").locator("visible=true").click()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Prompt").click()
    expect(prompt(page)).to_have_value(re.compile("you keep the diary"))
    assert flaws(page) == {}
    page.goto(f"{page.url.partition('#')[0]}#tests")
    page.reload()  # as one of the last it does not come to the top
    tests = page.get_by_role("navigation", name="Sections").get_by_role("link", name="Tests")
    expect(tests).to_have_attribute("aria-current", "true")


REBASED = [
    ("one two three", "one two three four", "zero one two three", "zero one two three four"),
    ("one two three", "zero one two three", "one two three four", "zero one two three four"),
    ("one two three", "one TWO three", "one two three", "one TWO three"),
    ("one two three", "one 2 three", "one zwei three", None),
]


def test_what_was_typed_meanwhile_goes_on_top_of_what_others_made(browser):
    page = browser.new_page()
    sources = list(with_imports("agents/splice.js").items())
    work = f"({{ rebase }}) => {[list(case[:3]) for case in REBASED]!r}.map((one) => rebase(...one))"

    assert page.evaluate(LOAD, [sources, "agents/splice.js", work]) == [case[3] for case in REBASED]
    page.close()
