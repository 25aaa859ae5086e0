"""How an agent stands at its platform, as a person sees it and as a program is told."""

import pytest
from django.test import Client

from accounts.tokens import create_token
from agents.models import Agent, PlatformCopy
from agents.publishing import drift, push
from agents.services import publish
from tests.people import make_member, sign_in


@pytest.fixture
def person(editor) -> Client:
    return sign_in(editor)


@pytest.fixture
def program(workspace) -> Client:
    _, token = create_token(workspace, "program", "admin", None)
    return Client(headers={"authorization": f"Bearer {token}"})


def ask(client: Client, agent: Agent, path: str, method: str = "post", status: int = 200) -> dict:
    response = getattr(client, method)(f"/api/v1/agents/{agent.pk}/{path}", content_type="application/json")
    assert response.status_code == status, response.content
    return response.json()


def page(client: Client, agent: Agent, act: str = "") -> str:
    address = f"/agents/{agent.pk}/copy"
    response = client.post(f"{address}/{act}") if act else client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_a_program_puts_an_agent_there_and_keeps_what_others_change(program, agent, elsewhere):
    assert ask(program, agent, "drift", "get")["state"] == "none"

    put = ask(program, agent, "push")
    assert (put["state"], put["version"], put["platform"]) == ("same", 1, "Retell")

    agent.refresh_from_db()
    elsewhere.change(agent.platform_agent_id, voice_speed=1.1)
    seen = ask(program, agent, "drift/check")
    assert seen["state"] == "differs"
    assert seen["differences"] == [{"setting": "speed", "label": "Speed", "before": 1.0, "after": 1.1}]

    kept = ask(program, agent, "drift/keep")
    assert (kept["state"], kept["version"]) == ("same", 2)


def test_or_puts_ours_back(program, agent, elsewhere):
    push.push(agent, None)
    agent.refresh_from_db()
    elsewhere.change(agent.platform_agent_id, voice_speed=1.1)

    assert ask(program, agent, "drift/put-back")["state"] == "same"
    assert elsewhere.agent(agent.platform_agent_id)["voice_speed"] == 1.0


def test_what_stands_in_the_way_is_said(program, agent, connection):
    assert ask(program, agent, "drift/check", status=409)["error"]["message"] == (
        "This agent is on no platform yet: put it there first."
    )
    connection.base_url = "http://127.0.0.1:9"
    connection.save()
    assert ask(program, agent, "push", status=503)["error"]["message"] == "Retell could not be reached."


def test_a_program_has_it_guarded_no_longer(program, agent):
    push.push(agent, None)

    assert ask(program, agent, "drift", "delete")["state"] == "none"
    assert not PlatformCopy.objects.exists()


def test_voices_are_listed(program, connection):
    response = program.get(f"/api/v1/connections/{connection.pk}/voices")

    assert {"id": "11labs-Anthony", "name": "Anthony"}.items() <= response.json()["items"][1].items()
    connection.base_url = "http://127.0.0.1:9"
    connection.save()
    again = program.get(f"/api/v1/connections/{connection.pk}/voices")
    assert again.json() == response.json()  # for five minutes


def test_a_platform_that_cannot_be_asked_for_voices_is_said(program, connection):
    connection.base_url = "http://127.0.0.1:9"
    connection.save()

    response = program.get(f"/api/v1/connections/{connection.pk}/voices")

    assert response.status_code == 503
    assert response.json()["error"]["message"] == "Retell could not be reached. Try again in a moment."


def test_a_person_sees_each_state_and_what_may_be_done(person, agent, connection, elsewhere):
    assert "Earshot has not put this agent on Main." in page(person, agent)

    assert "v1 is on Main" in page(person, agent, "push")

    agent.refresh_from_db()
    elsewhere.change(agent.platform_agent_id, voice_speed=1.1)
    seen = page(person, agent, "check")
    assert "Retell says speed <b>1.1</b>, and v1 says <b>1.0</b>." in seen
    assert "Keep 1.1" in seen
    assert "Put back 1.0" in seen
    assert "Drift: 1 setting differs" in seen

    assert "v1 is on Main" in page(person, agent, "put-back")

    publish(agent, speed=1.2)
    assert "v2 is on its way to Main." in page(person, agent)

    connection.base_url = "http://127.0.0.1:9"
    connection.save()
    push.catch_up(agent)
    seen = page(person, agent)
    assert "Retell could not be reached" in seen
    assert "v2 is not on Retell yet: v1 is." in seen


def test_the_page_is_told_that_a_version_was_published(person, agent, elsewhere):
    push.push(agent, None)
    agent.refresh_from_db()
    elsewhere.change(agent.platform_agent_id, voice_speed=1.1)

    response = person.post(f"/agents/{agent.pk}/copy/keep")

    assert response["X-Version-Published"] == "1"


def test_changed_words_are_shown_line_by_line_to_those_who_may_read_them(
    hosted, elsewhere, workspace, person
):
    publish(hosted, prompt="You are Odell.\nBe kind.")
    push.push(hosted, None)
    hosted.refresh_from_db()
    changed = {"general_prompt": "You are Odell.\nBe <quick>.", "general_tools": []}
    elsewhere.change(hosted.platform_agent_id, llm=changed, webhook_url=None)
    drift.check(hosted)

    seen = page(person, hosted)
    assert "3 settings differ on Retell from v3: webhook address, prompt, tools." in seen
    assert "<pre><del>Be kind.</del><ins>Be &lt;quick&gt;.</ins></pre>" in seen
    assert "<pre><del>end_call</del><del>transfer_call</del></pre>" in seen

    viewer = page(sign_in(make_member(workspace, "viewer")), hosted)
    assert "3 settings differ" in viewer
    assert "kind" not in viewer
    assert "button" not in viewer


def test_the_key_of_our_socket_is_told_to_nobody(agent, program, elsewhere):
    push.push(agent, None)
    agent.refresh_from_db()
    engine = {"type": "custom-llm", "llm_websocket_url": "wss://else.example/here"}
    elsewhere.change(agent.platform_agent_id, response_engine=engine)

    [difference] = ask(program, agent, "drift/check")["differences"]

    assert difference["before"].endswith("/voice/retell/…")
    assert difference["after"] == "wss://else.example/here"

    engine["llm_websocket_url"] = "wss://earshot.example/voice/retell/the-key-of-another-agent"
    elsewhere.change(agent.platform_agent_id, response_engine=engine)
    [difference] = ask(program, agent, "drift/check")["differences"]
    assert difference["after"] == "wss://earshot.example/voice/retell/…"
