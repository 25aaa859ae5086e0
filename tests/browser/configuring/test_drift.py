"""An agent on the simulated Retell that somebody changes there: theirs is kept, or ours put back."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from simulator import API_KEY
from tests.browser.conftest import NARROW
from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws

NAME = "Drifter"


class Api:
    """Earshot's, as a program asks it."""

    def __init__(self, earshot) -> None:
        self.url = f"{earshot.url}/api/v1"
        self.headers = {"Authorization": f"Bearer {earshot.first_run()['api_token']}"}

    def __call__(self, method: str, path: str, **json) -> dict:
        answer = httpx.request(method, self.url + path, headers=self.headers, json=json or None, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
def api(earshot) -> Api:
    return Api(earshot)


@pytest.fixture
def agent(api) -> str:
    """Published, and on no platform yet."""
    [connection] = [one for one in api("GET", "/connections")["items"] if one["name"] == "Simulated Retell"]
    id = api("POST", "/agents", name=NAME, connection=connection["id"])["id"]
    publish(api, id, prompt="You are Drifter.", voice="11labs-Anthony", language="en-GB")
    return id


def publish(api: Api, agent: str, **changes) -> None:
    revision = api("GET", f"/agents/{agent}/draft")["revision"]
    api("PATCH", f"/agents/{agent}/draft", revision=revision, changes=changes)
    api("POST", f"/agents/{agent}/publish", note="As it is tested")


def speed_there(api, agent: str, speed: float | None = None) -> float:
    """As the platform has it; given one, somebody with the key publishes it there first."""
    [url] = [
        one["base_url"] for one in api("GET", "/connections")["items"] if one["name"] == "Simulated Retell"
    ]
    there = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {API_KEY}"}, timeout=30)
    id = api("GET", f"/agents/{agent}")["platform_agent_id"]
    if speed is not None:
        live = there.get(f"/get-agent/{id}", params={"version": "latest_published"}).json()
        draft = there.post(f"/create-agent-version/{id}", json={"base_version": live["version"]}).json()
        there.patch(
            f"/update-agent/{id}", params={"version": draft["version"]}, json={"voice_speed": speed}
        ).raise_for_status()
        there.post(f"/publish-agent-version/{id}", json={"version": draft["version"]}).raise_for_status()
    return there.get(f"/get-agent/{id}", params={"version": "latest_published"}).json()["voice_speed"]


def press(page: Page, name: str) -> None:
    page.locator("platform-copy").get_by_role("button", name=name).click()


def test_what_others_change_there_is_put_back_or_kept(visit, api, agent):
    page = visit(viewport=NARROW).open(f"/agents/{agent}/")
    told = page.locator("platform-copy")
    expect(told).to_contain_text("Earshot has not put this agent on Simulated Retell.")
    press(page, "Put it there")
    expect(told).to_contain_text("v1 is on Simulated Retell")

    speed_there(api, agent, 1.1)
    press(page, "Look now")
    expect(told).to_contain_text("Retell says speed 1.1, and v1 says 1.0.")
    expect(page.locator("[data-drift-pill]")).to_have_text(re.compile("Drift: 1 setting differs"))
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    press(page, "Put back 1.0")
    expect(told).to_contain_text("v1 is on Simulated Retell")
    expect(page.locator("[data-drift-pill]")).to_be_empty()
    assert speed_there(api, agent) == 1.0

    speed_there(api, agent, 1.2)
    press(page, "Look now")
    press(page, "Keep 1.2")
    expect(told).to_contain_text("v2 is on Simulated Retell")
    expect(page.get_by_label("Speed")).to_have_value("1.2")
    assert speed_there(api, agent) == 1.2


def test_what_is_published_goes_there_by_itself(visit, api, agent):
    page = visit().open(f"/agents/{agent}/")
    press(page, "Put it there")
    expect(page.locator("platform-copy")).to_contain_text("v1 is on Simulated Retell")

    publish(api, agent, speed=0.9)

    page.reload()
    expect(page.locator("platform-copy")).to_contain_text("v2 is on Simulated Retell")
    assert speed_there(api, agent) == 0.9
