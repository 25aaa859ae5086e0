"""npm `ai` 5, 6 and 7: its own transport and reader, over real connections, in Node and in a page."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from tests import chromium
from tests.agents.vendors import HANG, HELLO, Part, Refuse, Say, Stop, Until, Vendors

NODE = Path(__file__).parents[2] / "node"
SDKS = ["ai5", "ai6", "ai7"]
ELSEWHERE = "http://localhost:3999"  # where a customer's page might be; nothing listens there
LONGEST_S = 60
# Else Chromium asks a person whether a page from elsewhere may reach this machine.
LOOPBACK_IS_NOTHING_SPECIAL = "LocalNetworkAccessChecks"


def plays(resumed: asyncio.Event) -> list[list]:
    """Of the model, one a request, in the order of tests/node/scenes.js."""
    return [
        [*HELLO],
        [Say("Hello again."), Stop()],
        [Say("Let me see."), Part('{"month": "May"}', id="c1", name="bill__lookup"), Stop("tool_calls")],
        [Say("It is 12 pounds."), Stop()],
        [Refuse(500)],
        [Say("One "), Until(resumed), Say("two."), Stop()],
        [Say("One"), HANG],
        [Say("One two."), Stop()],
    ]


def installed(*needed: str) -> str:
    """Where node is, once all that is needed is there."""
    node = shutil.which("node")
    if not node or not all((NODE / "node_modules" / name).is_dir() for name in needed):
        message = "node or tests/node/node_modules is missing (npm ci in tests/node)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return node


class Told:
    """What came of each scene. The rest of an answer waits for whoever resumes it."""

    def __init__(self) -> None:
        self.found: dict = {}
        self.resumed = asyncio.Event()

    def hear(self, scene: str, came) -> None:
        self.found[scene] = came
        if scene == "resuming":
            self.resumed.set()


async def in_node(sdk: str, address: str, house, told: Told) -> None:
    arguments = (sdk, f"http://{address}", house.token, str(house.agent.pk))
    process = await asyncio.create_subprocess_exec(
        installed(sdk), str(NODE / "chat.js"), *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(LONGEST_S):
            async for line in process.stdout:
                told.hear(*json.loads(line))
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()


async def bundle(sdk: str) -> str:
    """tests/node/page.js with this SDK, for a browser."""
    installed("esbuild", sdk)
    options = ("--bundle", "--format=iife", "--platform=browser", f"--alias:ai={sdk}", "--log-level=warning")
    esbuild = NODE / "node_modules/.bin/esbuild"
    process = await asyncio.create_subprocess_exec(
        str(esbuild), "page.js", *options, cwd=NODE, stdout=asyncio.subprocess.PIPE
    )
    script, _ = await process.communicate()
    assert process.returncode == 0
    return script.decode()


async def in_a_page(page: Page, sdk: str, address: str, house, told: Told) -> None:
    await page.goto(ELSEWHERE)
    await page.evaluate(await bundle(sdk))
    where = {"address": f"http://{address}", "token": house.token, "agentId": str(house.agent.pk)}
    async with asyncio.timeout(LONGEST_S):
        await page.evaluate("(where) => globalThis.playScenes(where)", where)


def shape(message: dict) -> list:
    """Its parts, told in short."""
    return [part.get("text", part["type"]) for part in message["parts"]]


@pytest.mark.parametrize("sdk", SDKS)
async def test_it_is_what_the_sdk_expects(house, model, address, sdk, capsys):
    told = Told()
    model.plays["m"] = plays(told.resumed)

    await in_node(sdk, address, house, told)

    all_is_as_expected(told.found, model)
    with capsys.disabled():
        print(f"\n  {sdk} in node: stopped, told and closed after {told.found['stop']['ms']} ms")


@pytest.mark.browser
@pytest.mark.parametrize("sdk", SDKS)
async def test_it_is_what_the_sdk_expects_in_a_page_of_another_origin(
    house, model, address, sdk, capsys, settings
):
    settings.CORS_ALLOWED_ORIGINS = [ELSEWHERE]
    told = Told()
    model.plays["m"] = plays(told.resumed)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.options(LOOPBACK_IS_NOTHING_SPECIAL))
        page = await browser.new_page()
        await page.route(f"{ELSEWHERE}/**", lambda route: route.fulfill(body="", content_type="text/html"))
        await page.expose_function("tell", lambda scene, came: told.hear(scene, json.loads(came)))
        await in_a_page(page, sdk, address, house, told)
        await browser.close()

    all_is_as_expected(told.found, model)
    with capsys.disabled():
        print(f"\n  {sdk} in a page: stopped, told and closed after {told.found['stop']['ms']} ms")


def all_is_as_expected(found: dict, model: Vendors) -> None:
    plain = found["plain"]["message"]
    assert (shape(plain), plain["role"]) == (["step-start", "Hello."], "assistant")
    assert plain["parts"][1]["state"] == "done"
    assert plain["metadata"]["model"] == "m"
    assert "error" not in found["plain"]

    anew = found["regenerate"]["message"]
    assert (shape(anew), anew["id"] != plain["id"]) == (["step-start", "Hello again."], True)

    used = found["tool"]["message"]
    assert shape(used) == [
        "step-start", "Let me see.", "tool-bill.lookup", "step-start", " It is 12 pounds.",
    ]  # fmt: skip
    tool = used["parts"][2]
    assert (tool["state"], tool["input"], tool["output"]) == (
        "output-available",
        {"month": "May"},
        '{"due": 12}',
    )

    failed = found["error"]
    assert failed["error"]
    assert failed["message"]["parts"][-1]["data"]["type"] == "internal"

    assert shape(found["resume"]["message"]) == ["step-start", "One two."]
    assert found["nothing to resume"] is None

    stopped = found["stop"]
    assert (shape(stopped["message"]), "error" in stopped) == (["step-start", "One"], False)
    assert model.requests[6].hung_up.is_set()

    first, second = found["together"]
    assert first == second
    assert shape(first["message"]) == ["step-start", "One two."]
    assert len(model.requests) == len(plays(asyncio.Event()))
