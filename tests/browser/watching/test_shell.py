"""Signing in and the frame around every page."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import NARROW
from tests.browser.looking import flaws, violations


def test_signing_in_is_accessible_and_fits(visit):
    page = visit(viewport=NARROW, signed_in=False).open("/calls/?status=ended")

    expect(page.get_by_label("Email")).to_be_focused()
    assert flaws(page) == {}

    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_label("Password", exact=True).fill("not it")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("That email and password don’t match an account.")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    assert flaws(page) == {}


def test_signing_in_leads_to_the_page_asked_for(visit):
    visitor = visit(signed_in=False)
    page = visitor.open("/calls/?status=ended")
    visitor.sign_in(page)

    expect(page).to_have_url(f"{visitor.earshot.url}/calls/?status=ended")


def test_a_typed_password_can_be_shown(visit):
    page = visit(signed_in=False).open("/accounts/login/")
    password = page.get_by_label("Password", exact=True)

    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "password")


def test_the_frame_works_by_keyboard(visit):
    visitor = visit(alone=True)  # it keeps the theme
    page = visitor.open("/calls/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    assert violations(page) == []
    page.keyboard.type("theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page).to_have_url(f"{visitor.earshot.url}/")


def test_single_letters_can_be_turned_off(visit):
    page = visit(alone=True).open("/calls/")  # it keeps whether letters are on
    sheet = page.get_by_role("dialog", name="Keyboard")

    page.keyboard.press("?")
    expect(sheet).to_be_visible()
    assert violations(page) == []
    sheet.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(sheet).to_be_hidden()

    page.get_by_role("button", name="Keyboard shortcuts").click()
    sheet.get_by_role("checkbox").check()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(sheet).to_be_visible()


def test_signing_out_is_one_press(visit):
    visitor = visit(viewport=NARROW, signed_in=False)
    page = visitor.open("/calls/")
    visitor.sign_in(page)

    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.goto(f"{visitor.earshot.url}/calls/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_pill_and_the_notice_say_how_live_the_page_is(visit):
    page = visit().open("/calls/")
    pill, notice = page.locator(".conn"), page.locator("[data-conn-banner]")
    expect(pill).to_be_hidden()

    page.evaluate("""async () => {
        const shell = await import("js/shell.js");
        shell.onRetry(() => { document.body.dataset.retried = "yes"; });
        shell.setConnection("live", "38 ms", { lagMs: 38 });
    }""")
    expect(pill).to_have_text("Live38 ms")
    page.evaluate("""async () => {
        const { setConnection } = await import("js/shell.js");
        setConnection("stale", "0:42", { lastAt: Date.now() - 42_000 });
    }""")
    expect(notice).to_contain_text(re.compile("Last event 4[2-9] s ago"))
    page.get_by_role("button", name="Retry now").click()
    expect(page.locator("body")).to_have_attribute("data-retried", "yes")
    page.get_by_role("button", name="Hide this notice").click()
    expect(notice).to_be_hidden()
