"""What the pages of agents show, and to whom."""

import json
import re
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.drafting import drafts
from agents.drafting.content import faults
from agents.drafting.content import of as said_by
from agents.models import Agent, LanguageModel, ModelCall, Provider
from agents.pages import chain, starters
from agents.services import publish
from tests.people import make_member, sign_in


def page_of(agent, role: str):
    return sign_in(make_member(agent.workspace, role)).get(f"/agents/{agent.pk}/")


def data_of(response) -> dict:
    return json.loads(re.search(r'id="agent-data"[^>]*>(.*?)</script>', response.content.decode())[1])


def test_who_may_edit_is_shown_the_draft_and_what_it_changes(agent):
    changes = {"first_message": "Good day?", "speed": 9.0, "tools": ["end_call"]}
    saved = drafts.save(agent, changes, 0, None)

    response = page_of(agent, "admin")
    page, data = response.content.decode(), data_of(response)

    assert "v2 draft, 3 changes" in page
    assert "Good day?" in page
    marks = re.findall(r'data-section="(\w+)".*?data-part="mark">(.*?)<', page)
    assert marks == [
        ("prompt", ""),
        ("voice", "edited"),
        ("model", ""),
        ("tools", "edited"),
        ("escalation", ""),
        ("tests", ""),
        ("versions", "1"),
    ]
    assert (data["revision"], data["live_number"], data["next_number"]) == (saved.draft.revision, 1, 2)
    assert [fault["field"] for fault in data["faults"] if fault["blocks"]] == ["speed"]


def test_an_operator_reads_and_is_told_why_not_more(agent):
    page = page_of(agent, "operator").content.decode()

    assert "Ask for {{field}}." in page
    assert "editing agents needs the Admin role" in page
    assert 'data-act="publish"' not in page
    assert 'id="publish"' not in page


def test_a_viewer_is_shown_no_words(agent):
    response = page_of(agent, "viewer")

    assert "Ask for" not in response.content.decode()
    assert "Hello?" not in response.content.decode()
    assert {"prompt", "first_message", "variables", "rules"}.isdisjoint(data_of(response)["content"])
    assert data_of(response)["live"] is None


def test_variables_say_what_they_are_and_who_says_so(agent):
    drafts.save(agent, {"variables": {"field": "postcode"}, "first_message": "{{memory}} {{desk}}"}, 0, None)

    cells = re.findall(
        r'<tr data-name="(\w+)".*?data-part="set-by">(.*?)</td>', page_of(agent, "admin").content.decode()
    )

    assert cells[:4] == [
        ("field", "agent"),
        ("agent_name", "workspace"),
        ("desk", "per call"),
        ("memory", "caller’s past"),
    ]


def test_the_list_says_who_answers_with_what(agent, workspace):
    Agent.objects.create(workspace=workspace, name="Juno")
    drafts.save(agent, {"prompt": "Be brief."}, 0, None)

    page = sign_in(make_member(workspace, "admin")).get("/agents/").content.decode()
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))

    assert "2 agents, by name." in told
    assert "Juno Not published" in told
    assert "Odell Billing v1 + 1 change" in told


def test_the_list_costs_as_much_however_many_agents_were_rewritten(agent, workspace):
    client = sign_in(make_member(workspace, "viewer"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/agents/").status_code == 200
        return len(asked)

    # What takes longest to compare: all lines differ, but for every second one.
    before, after = ("\n\n".join(f"{word} {n}" for n in range(1_000)) for word in ("Say", "Never say"))
    publish(agent, prompt=before)
    drafts.save(agent, {"prompt": after}, 0, None)
    one = queries()
    for n in range(3):
        other = Agent.objects.create(workspace=workspace, name=f"Agent {n}")
        publish(other, prompt=before)
        drafts.save(other, {"prompt": after}, 0, None)
    began = time.process_time()
    assert queries() <= one
    # Compared line by line they would take minutes.
    assert time.process_time() - began < 10


def test_a_model_of_the_chain_says_how_it_did_for_this_agent(agent, workspace):
    provider = Provider.objects.create(workspace=workspace, name="OpenAI", kind="openai")
    for name, tier in (("quick", "fast"), ("slow", "standard")):
        LanguageModel.objects.create(workspace=workspace, provider=provider, name=name, tier=tier)
    for model, first in (("quick", 300), ("quick", 500), ("quick", 900), ("slow", 100)):
        ModelCall.objects.create(
            workspace=workspace,
            agent=agent,
            provider="OpenAI",
            model=model,
            first_token_ms=first,
            cost_usd="0.002",
        )
    ModelCall.objects.create(
        workspace=workspace, agent=agent, provider="OpenAI", model="quick", error_type="timeout"
    )

    every = chain.options(agent)
    quick, slow = (option.told() for option in every)

    assert (quick["first"], quick["cost"], quick["share"], quick["now"]) == (
        "0.50 s",
        "$0.0020",
        "75%",
        False,
    )
    assert (slow["share"], slow["now"]) == ("25%", True)
    own = {"tier": "fast", "chain": [every[1].id, "gone", every[0].id]}
    assert [option.name for option in chain.in_order(every, own)] == ["slow", "quick"]
    assert [option.name for option in chain.in_order(every, own | {"chain": []})] == ["quick", "slow"]


def test_editors_see_each_other_and_how_far_the_draft_is(agent):
    jon = sign_in(make_member(agent.workspace, "admin", "jon@example.com", name="Jon Ossa"))
    maya = sign_in(make_member(agent.workspace, "owner", "maya@example.com", name="Maya Kessler"))
    address = f"/agents/{agent.pk}/presence"

    alone = jon.post(address, {"tab": "j", "section": "prompt"}).json()
    assert alone == {"editors": [], "revision": 0, "live_number": 1}
    jon.post(address, {"tab": "j2", "section": "voice"})
    seen = maya.post(address, {"tab": "m"}).json()["editors"]
    assert seen == [{"name": "Jon Ossa", "section": "prompt"}, {"name": "Jon Ossa", "section": "voice"}]
    assert {"name": "Your other tab", "section": "prompt"} in jon.post(address, {"tab": "j2"}).json()[
        "editors"
    ]

    jon.post(address, {"tab": "j", "leaving": "1"})
    assert [one["name"] for one in maya.post(address, {"tab": "m"}).json()["editors"]] == ["Jon Ossa"]
    saved = drafts.save(agent, {"prompt": "Be brief."}, 0, None)
    assert maya.post(address, {"tab": "m"}).json()["revision"] == saved.draft.revision


@pytest.mark.parametrize("starter", starters.told(), ids=lambda starter: starter["key"])
def test_what_an_agent_can_begin_with_could_be_published(workspace, starter):
    assert faults(workspace.pk, said_by(None) | starter["content"]) == []
