"""Agents and their drafts, as programs write them."""

import json

import pytest

from accounts.models import AuditEntry, Workspace
from agents.models import Agent, LanguageModel, Provider
from agents.services import publish


@pytest.fixture
def send(world):
    program = world.program("admin")

    def send(method: str, path: str, body: object = None, status: int = 200) -> dict:
        response = program.client.generic(
            method,
            f"/api/v1/{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"authorization": f"Bearer {program.token}"},
        )
        assert response.status_code == status, response.content
        return response.json()

    return send


@pytest.fixture
def path(world) -> str:
    return f"agents/{world.agent.pk}"


def faults(answer: dict) -> dict[str, str]:
    return {one["field"]: one["problem"] for one in answer["error"]["details"]}


def test_a_draft_is_written_looked_at_and_published(send, path, world):
    began = send("GET", f"{path}/draft")
    assert (began["revision"], began["base"], began["changes"]) == (0, 1, [])

    saved = send("PATCH", f"{path}/draft", {"revision": 0, "changes": {"prompt": "Be kind.", "speed": 1}})
    assert (saved["merged"], saved["conflicts"], saved["faults"]) == (False, [], [])
    assert saved["content"]["prompt"] == "Be kind."

    draft = send("GET", f"{path}/draft")
    (change,) = draft["changes"]
    assert (change["section"], change["field"], change["after"]) == ("prompt", "prompt", "Be kind.")
    assert change["lines"][-1] == {"mark": "+", "text": "Be kind."}
    asked = {"note": "Kinder", "name": "Autumn", "revision": draft["revision"]}
    version = send("POST", f"{path}/publish", asked, 201)
    assert (version["number"], version["is_live"], version["name"]) == (2, True, "Autumn")
    assert send("GET", f"{path}/versions/2") == version
    assert send("GET", f"{path}/draft")["changes"] == []
    token = world.workspace.api_tokens.get()
    acts = AuditEntry.objects.filter(actor_id=token.pk).order_by("id")
    assert list(acts.values_list("action", flat=True)) == ["draft.edit", "agent.publish"]


def test_two_programs_are_merged_and_told(send, path):
    began = send("PATCH", f"{path}/draft", {"revision": 0, "changes": {"prompt": "a\nb\nc"}})["revision"]
    send("PATCH", f"{path}/draft", {"revision": began, "changes": {"prompt": "A\nb\nc"}})

    saved = send("PATCH", f"{path}/draft", {"revision": began, "changes": {"prompt": "X\nb\nC"}})

    assert saved["content"]["prompt"] == "X\nb\nC"
    assert (saved["merged"], saved["conflicts"], saved["theirs"]) == (True, ["prompt"], {"prompt": "A\nb\nc"})


def test_what_cannot_be_published_says_why(send, path, world):
    publish(world.agent, prompt="Be brief.")
    assert "v2" in faults(send("POST", f"{path}/publish", {}, 400))["versions"]
    saved = send("PATCH", f"{path}/draft", {"revision": 0, "changes": {"prompt": "", "tools": ["no"]}})

    assert {fault["field"] for fault in saved["faults"]} == {"prompt", "tools"}
    assert set(faults(send("POST", f"{path}/publish", {}, 400))) == {"prompt", "tools"}
    moved = send("POST", f"{path}/publish", {"revision": saved["revision"] - 1}, 409)
    assert moved["error"]["code"] == "draft_changed"


def test_a_draft_is_discarded(send, path):
    send("PATCH", f"{path}/draft", {"revision": 0, "changes": {"voice": "ada"}})

    assert send("DELETE", f"{path}/draft")["changes"] == []


def test_it_goes_back_and_compares(send, path, world):
    first = send("GET", f"{path}/versions/1")
    publish(world.agent, prompt="Be terrible.")
    publish(world.agent, voice="ada")

    (one, two) = send("GET", f"{path}/diff?from=1&to=3")["changes"]
    assert (one["field"], one["after"], two["field"], two["after"]) == (
        "prompt", "Be terrible.", "voice", "ada",
    )  # fmt: skip
    again = send("POST", f"{path}/rollback", {"number": 1}, 201)
    assert (again["number"], again["prompt"]) == (4, first["prompt"])
    assert send("GET", f"{path}/diff?from=4&to=draft")["changes"] == []
    assert "number" in faults(send("POST", f"{path}/rollback", {"number": 9}, 400))
    assert "from" in faults(send("GET", f"{path}/diff?from=9&to=draft", status=400))
    send("GET", f"{path}/versions/9", status=404)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"colour": "red"}, "changes.colour"),
        ({"prompt": None}, "changes.prompt"),
        ({"prompt": "x" * 100_001}, "changes.prompt"),
        ({"speed": "1"}, "changes.speed"),
        ({"tier": "best"}, "changes.tier"),
        ({"tools": "end_call"}, "changes.tools"),
        ({"variables": {"a": 1}}, "changes.variables.a"),
        ({"rules": ["when"]}, "changes.rules.0"),
    ],
)
def test_what_no_version_can_hold_is_refused(send, path, changes, field):
    assert list(faults(send("PATCH", f"{path}/draft", {"revision": 0, "changes": changes}, 400))) == [field]


def test_what_no_database_can_hold_is_mended(send, path):
    told = {"prompt": "a\x00b", "variables": {"a\x00": "\x00"}, "rules": [{"id": "\x00"}]}

    saved = send("PATCH", f"{path}/draft", {"revision": 0, "changes": told})

    assert saved["content"]["prompt"] == "a\ufffdb"


def test_an_agent_is_made_and_set_up(send, world):
    made = send("POST", "agents", {"name": "Nora", "topic": None}, 201)
    assert (made["live_version"], made["hosting"], made["topic"]) == (None, "ours", None)

    path = f"agents/{made['id']}"
    asked = {"connection": str(world.connection.pk), "platform_agent_id": "agent_nora"}
    changed = send("PATCH", path, asked | {"hosting": "platform", "topic": "Meters"})
    assert (changed["connection"], changed["hosting"]) == (str(world.connection.pk), "platform")
    other = send("POST", "agents", {"name": "Other"}, 201)["id"]
    assert "platform_agent_id" in faults(send("PATCH", f"agents/{other}", asked, 400))
    acts = AuditEntry.objects.filter(target=f"agent:{made['id']}").order_by("id")
    assert [(one.action, one.detail) for one in acts] == [
        ("agent.create", {}),
        ("agent.edit", {"changed": ["connection_id", "hosting", "platform_agent_id", "topic"]}),
    ]


def test_another_workspaces_connection_is_not_there(send, world):
    elsewhere = type(world.connection).objects.create(workspace=world.elsewhere, platform="retell", name="L")

    assert "connection" in faults(send("POST", "agents", {"name": "N", "connection": str(elsewhere.pk)}, 400))


# --- Files ----------------------------------------------------------------------------------------------


def model(workspace: Workspace, name: str) -> LanguageModel:
    provider, _ = Provider.objects.get_or_create(workspace=workspace, name="Vendor", kind="openai")
    return LanguageModel.objects.create(workspace=workspace, provider=provider, name=name, tier="fast")


def test_an_agent_goes_out_as_a_file_and_comes_in_as_a_draft(send, path, world):
    chain = [str(model(world.workspace, name).pk) for name in ("one", "two")]
    publish(world.agent, chain=chain, variables={"desk": "Billing"}, rules=[], speed=1.2)

    file = send("GET", f"{path}/export")
    assert file["content"]["chain"] == [{"provider": "Vendor", "model": name} for name in ("one", "two")]
    assert not [one for one in chain if one in json.dumps(file)]
    LanguageModel.objects.get(name="two").delete()
    came = send("POST", "agents/import", file, 201)

    agent = Agent.objects.get(pk=came["agent"]["id"])
    assert (agent.name, agent.topic, agent.live_version) == (world.agent.name, world.agent.topic, None)
    assert (came["left_out"], [fault for fault in came["faults"] if fault["blocks"]]) == (
        ["two at Vendor"],
        [],
    )
    draft = send("GET", f"agents/{agent.pk}/draft")["content"]
    assert (draft["chain"], draft["variables"], draft["speed"]) == (chain[:1], {"desk": "Billing"}, 1.2)


def test_any_version_and_the_draft_can_be_taken_out(send, path, world):
    publish(world.agent, voice="ada")
    send("PATCH", f"{path}/draft", {"revision": 0, "changes": {"voice": "juno"}})

    send("PATCH", f"{path}/draft", {"revision": 0, "changes": {"chain": ["nobody"]}})

    assert send("GET", f"{path}/export?version=draft")["content"]["chain"] == []
    voices = {
        version: send("GET", f"{path}/export?version={version}")["content"]["voice"]
        for version in ("1", "2", "draft", "")
    }

    assert voices == {"1": "", "2": "ada", "draft": "juno", "": "ada"}
    assert "version" in faults(send("GET", f"{path}/export?version=9", status=400))


@pytest.mark.parametrize(
    "file",
    [{}, {"format": "other/1", "name": "N", "content": {}}, {"format": "earshot.agent/1", "name": "N"}],
)
def test_a_file_that_is_none_makes_nothing(send, file):
    before = Agent.objects.count()

    send("POST", "agents/import", file, 400)

    assert Agent.objects.count() == before
