"""Takes the screenshots in docs/screenshots/ of a running Earshot, in light and dark, wide and narrow.

    python -m docs.shoot [--home .earshot]

Start `make run` first and let it run for a minute or two, so that some calls have ended. Needs Chromium
(CHROMIUM, or on the PATH) and what requirements/dev.txt installs.
"""

import argparse
import json
import os
import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench import chromium

FOLDER = Path(__file__).parent / "screenshots"
SIZES = {1440: {"width": 1440, "height": 900}, 390: {"width": 390, "height": 844}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("EARSHOT_HOME", ".earshot")))
    first_run = json.loads((parser.parse_args().home / "first-run.json").read_text())
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.options())
        login = sign_in(browser, first_run)
        for theme in ("light", "dark"):
            for width in SIZES:
                shoot(browser, first_run["url"], login, theme, width)
        browser.close()


def sign_in(browser: Browser, first_run: dict) -> dict:
    """The cookies of somebody who has signed in."""
    page = browser.new_page()
    page.goto(first_run["url"])
    page.get_by_label("Email").fill(first_run["email"])
    page.get_by_label("Password", exact=True).fill(first_run["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".call").first).to_be_visible(timeout=20_000)
    return page.context.storage_state()


def shoot(browser: Browser, url: str, login: dict, theme: str, width: int) -> None:
    def page(path: str, state: dict | None = login) -> Page:
        context = browser.new_context(
            viewport=SIZES[width], color_scheme=theme, storage_state=state, device_scale_factor=1
        )
        opened = context.new_page()
        opened.goto(url + path)
        opened.wait_for_load_state("load")
        return opened

    def take(name: str, opened: Page) -> None:
        opened.wait_for_timeout(600)  # a moment of the stream, so that a picture shows it moving
        opened.screenshot(path=FOLDER / f"{name}-{theme}-{width}.png")
        opened.context.close()

    take("login", page("/accounts/login/", None))
    board = page("/")
    expect(board.locator(".conn-text")).to_have_text("Live")
    calls = board.locator('.call:not([data-ended]):has([data-level="token"])')
    followed = calls.filter(has_not_text="Chat visitor").locator(".call-who")
    address = followed.last.get_attribute("href")
    take("wallboard", board)
    call = page(address)
    expect(call.locator(".turn").nth(6)).to_be_attached(timeout=90_000)
    expect(call.locator('.turn[data-state="speaking"]').first).to_be_visible(timeout=30_000)
    take("call", call)
    chat = page("/chat/")
    for number, text in enumerate(["Show me my last three bills", "How do I read my meter?"], 1):
        chat.get_by_role("textbox", name="Message").fill(text)
        chat.keyboard.press("Enter")
        expect(chat.locator('.answer:not([data-state="streaming"])')).to_have_count(number, timeout=30_000)
    expect(chat.locator(".asks .btn").first).to_be_visible(timeout=20_000)
    take("chat", chat)
    take("history", page("/calls/"))
    search = page("/calls/?q=taken+my+payment+twice")
    search.locator("body").press("j")
    search.keyboard.press("Space")
    expect(search.locator(".peek")).to_be_visible()
    take("search", search)
    history = page("/calls/?status=ended")
    history.locator(".row-link").first.click()
    replay = page(f"{history.url.removeprefix(url)}?t=21")
    history.context.close()
    take("replay", replay)
    deliveries = page("/webhooks/?kind=call_ended&status=applied")
    deliveries.locator(".row-link").first.click()
    expect(deliveries.locator(".d-main")).to_be_visible()
    take("webhooks", deliveries)
    connections = page("/settings/connections/")
    connections.get_by_role("link", name="Simulated Retell").click()
    expect(connections.locator("#address")).to_be_visible()
    take("connection", connections)
    take("observability", page("/observability/"))
    agents = page("/agents/")
    expect(agents.locator('[data-part="cost"]').first).to_have_text(re.compile(r"\$"), timeout=20_000)
    address = agents.get_by_role("link", name="Odell", exact=True).get_attribute("href")
    take("agents", agents)
    # On a phone the sections are a list, and the one in the address is open.
    agent = page(f"{address}#prompt")
    expect(agent.locator('[data-part="size"]')).to_contain_text("tokens")
    take("agent", agent)
    trial = page(address)
    if width < 1_000:
        trial.locator(".view-tabs label", has_text="Playground").click()
    trial.get_by_role("button", name="Both", exact=True).click()
    trial.get_by_role("textbox", name="Say something as the caller").fill("I was charged twice in May.")
    trial.keyboard.press("Enter")
    expect(trial.locator(".playground .verdict:visible")).to_have_count(2, timeout=30_000)
    take("playground", trial)


if __name__ == "__main__":
    main()
