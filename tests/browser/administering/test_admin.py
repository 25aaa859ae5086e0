"""The admin and the API's page in a browser, which complains of nothing: no policy, no missing file."""

import re

from playwright.sync_api import Page, expect

# Rooms whose first list has rows from the first minute on.
FILLED = {"accounts", "agents", "calls", "platforms"}
CHANGE = re.compile(r"/admin/\w+/\w+/[0-9a-f-]{36}/change/$")


def lists(page: Page) -> list[str]:
    """Where every model is listed, as the admin's first page links to it."""
    links = page.eval_on_selector_all("#content a", "all => all.map((one) => one.getAttribute('href'))")
    return sorted({link for link in links if re.fullmatch(r"/admin/\w+/\w+/", link)})


def from_elsewhere(page: Page, home: str) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload(wait_until="networkidle")
    return [url for url in asked if not url.startswith((home, "data:", "blob:"))]


def test_a_list_of_every_room_opens_and_so_does_a_row_of_it(visit):
    """That all of them do, and what is on them, is asked without a browser (tests/test_admin.py)."""
    visitor = visit()
    page = visitor.open("/admin/")
    by_room = {path.split("/")[2]: path for path in reversed(lists(page))}
    assert len(by_room) >= 7
    assert by_room.keys() >= FILLED

    for room, path in by_room.items():
        page.goto(visitor.earshot.url + path)
        expect(page.get_by_role("link", name="Back to the dashboard")).to_be_visible()
        if room in FILLED:
            page.locator('#result_list a[href$="/change/"]').first.click()
            expect(page).to_have_url(CHANGE)
            expect(page.locator("#content")).to_be_visible()


def test_its_scripts_run_and_come_from_us(visit):
    visitor = visit(theme="dark")
    page = visitor.open("/admin/agents/agent/")
    assert from_elsewhere(page, visitor.earshot.url) == []

    page.locator("#changelist").get_by_text("Filters").first.click()
    page.locator(".select2-selection").click()
    page.get_by_role("option", name="Larkfield Energy").click()
    page.get_by_role("button", name="Apply Filters").click()

    expect(page).to_have_url(re.compile("workspace__id__exact=[0-9a-f-]{36}"))
    expect(page.locator("#result_list")).to_contain_text("Odell")


def test_it_is_reached_from_the_dashboard_and_leads_back(visit):
    page = visit().open("/admin/")

    page.get_by_role("link", name="Back to the dashboard").click()

    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_the_apis_page_lets_somebody_signed_in_try_it(visit):
    visitor = visit()
    page = visitor.open("/api/v1/docs")
    page.locator("#operations-tag-Agents").click()
    page.locator("#operations-Agents-list_agents").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table")).to_contain_text("Odell")
    assert from_elsewhere(page, visitor.earshot.url) == []
    # Swagger UI says so itself of every id in a 3.1 description, and shows them all the same.
    visitor.complaints[:] = [one for one in visitor.complaints if "Could not find component" not in one]
