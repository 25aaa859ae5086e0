"""The tools server: right for the stories, sensible for anything else."""

import httpx
import pytest_asyncio

from simulator.stories import STORIES, render
from simulator.tools import CATALOGUE


@pytest_asyncio.fixture
async def http(world):
    async with httpx.AsyncClient(base_url=world.url, trust_env=False, verify=False) as http:
        yield http


async def test_it_answers_as_the_story_says(http):
    facts = STORIES["refund"].facts(2)
    use = STORIES["refund"].lines[4].tools[0]
    call = {"name": use.name, "args": render(use.arguments, facts), "call": {"call_id": "call_1"}}

    answer = await http.post(f"/tools/{use.name}", json=call)

    assert answer.json() == {
        "refund": f"rf_{facts['reference']}",
        "amount": f"£{facts['amount']}",
        "arrives_in_days": 3,
    }


async def test_the_refund_of_the_failing_story_fails(http):
    use = STORIES["refund_fails"].lines[2].tools[0]
    arguments = render(use.arguments, STORIES["refund_fails"].facts(0))

    answer = await http.post("/tools/refund.create", json={"name": use.name, "args": arguments})

    assert answer.status_code == 502
    assert "error" in answer.json()


async def test_any_other_arguments_get_the_same_sensible_answer_twice(http):
    call = {"args": {"account_number": "LE99999999"}}

    first = await http.post("/tools/account.lookup", json=call)
    second = await http.post("/tools/account.lookup", json=call)

    assert first.json() == second.json()
    assert first.json()["status"] == "active"


async def test_it_refuses_what_it_cannot_use(http):
    assert (await http.post("/tools/no.such", json={})).status_code == 404
    assert (await http.post("/tools/refund.create", json={"args": {}})).status_code == 422
    assert (await http.post("/tools/refund.create", json={"args": []})).status_code == 400
    assert (await http.post("/tools/refund.create", content=b"{")).status_code == 400
    assert (await http.get("/tools/refund.create")).status_code == 405
    assert (await http.get("/nowhere")).status_code == 404


async def test_it_tells_what_it_offers_and_what_was_used(http):
    await http.post("/tools/outage.lookup", json={"args": {"postcode": "LS7 1AA"}})

    assert [tool["name"] for tool in (await http.get("/tools")).json()["tools"]] == list(CATALOGUE)
    assert (await http.get("/stats")).json()["tools"]["outage.lookup"] == 1
