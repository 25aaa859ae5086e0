"""npm `ai` 5, 6 and 7: its own transport and reader, over real connections."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.agents.vendors import HANG, HELLO, Part, Refuse, Say, Stop, Until

NODE = Path(__file__).parents[2] / "node"


def plays(resumed: asyncio.Event) -> list[list]:
    """Of the model, one a request, in the order of the scenes in tests/node/chat.js."""
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


async def play(sdk: str, address: str, house, resumed: asyncio.Event) -> dict:
    node = shutil.which("node")
    if not node or not (NODE / "node_modules" / sdk).is_dir():
        message = "node or tests/node/node_modules is missing (npm ci in tests/node)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    arguments = (sdk, f"http://{address}", house.token, str(house.agent.pk))
    process = await asyncio.create_subprocess_exec(
        node, str(NODE / "chat.js"), *arguments, stdout=asyncio.subprocess.PIPE
    )
    found = {}
    try:
        async with asyncio.timeout(60):
            async for line in process.stdout:
                scene, came = json.loads(line)
                found[scene] = came
                if scene == "resuming":
                    resumed.set()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
    return found


def shape(message: dict) -> list:
    """Its parts, told in short."""
    return [part.get("text", part["type"]) for part in message["parts"]]


@pytest.mark.parametrize("sdk", ["ai5", "ai6", "ai7"])
async def test_it_is_what_the_sdk_expects(house, model, address, sdk, capsys):
    resumed = asyncio.Event()
    model.plays["m"] = plays(resumed)

    found = await play(sdk, address, house, resumed)

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
    with capsys.disabled():
        print(f"\n  {sdk}: stopped, told and closed after {stopped['ms']} ms")

    first, second = found["together"]
    assert first == second
    assert shape(first["message"]) == ["step-start", "One two."]
    assert len(model.requests) == len(plays(resumed))
