"""Tags of calls, one at a time and many at once."""

import json

import pytest

from agents.models import Agent
from calls import tags
from calls.models import Call
from tests.calls.made import make_call

pytestmark = pytest.mark.django_db


def send(program, method: str, path: str, body: dict | None = None):
    return program.client.generic(
        method,
        f"/api/v1/{path}",
        json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers={"authorization": f"Bearer {program.token}"},
    )


def test_a_tag_is_put_on_once_and_taken_off(world):
    program, path = world.program(), f"calls/{world.ended.pk}/tags"

    for tag in ("VIP", "vip", "Needs%20a%20call"):
        answer = send(program, "PUT", f"{path}/{tag}")
    assert answer.json() == {"tags": ["needs a call", "vip"]}
    assert program.get("calls", tag="Vip")["items"][0]["tags"] == ["needs a call", "vip"]

    assert send(program, "DELETE", f"{path}/Vip").json() == {"tags": ["needs a call"]}
    assert send(program, "DELETE", f"{path}/vip").json() == {"tags": ["needs a call"]}


@pytest.mark.parametrize("tag", ["x" * 41, "a%2Cb", "a%22b", "%20"])
def test_a_tag_is_short_and_plain(world, tag):
    answer = send(world.program(), "PUT", f"calls/{world.ended.pk}/tags/{tag}")

    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "tag"


def test_a_call_has_so_many_and_no_more(world):
    Call.objects.filter(pk=world.ended.pk).update(tags=[f"t{n:02}" for n in range(tags.MOST)])

    answer = send(world.program(), "PUT", f"calls/{world.ended.pk}/tags/one-more")
    many = send(world.program(), "POST", "calls/tags", {"add": ["x"], "calls": [str(world.ended.pk)]})

    assert "at most 20" in answer.json()["error"]["details"][0]["problem"]
    assert many.json() == {"calls": 1, "changed": 0, "touched": [], "full": 1}


def test_many_are_tagged_by_name_or_by_what_lists_them(world):
    calls = [make_call(world.agent, outcome="failed", tags=["old"]) for _ in range(3)]
    elsewhere = make_call(Agent.objects.create(workspace=world.elsewhere, name="Theirs"))
    program = world.program()

    named = {"add": ["Seen"], "calls": [str(calls[0].pk), str(elsewhere.pk)]}
    one = send(program, "POST", "calls/tags", named).json()
    assert one == {"calls": 1, "changed": 1, "touched": [str(calls[0].pk)], "full": 0}
    listed = {"add": ["seen"], "remove": ["OLD"], "filter": "status=failed&tag=old"}
    all_three = send(program, "POST", "calls/tags", listed).json()
    assert (all_three["calls"], all_three["changed"]) == (3, 3)
    assert sorted(all_three["touched"]) == sorted(str(call.pk) for call in calls)

    assert {tuple(call.tags) for call in Call.objects.filter(outcome="failed")} == {("seen",)}
    assert Call.objects.get(pk=elsewhere.pk).tags == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"calls": []}, "add"),
        ({"add": ["x"]}, "calls"),
        ({"add": ["x"], "calls": [], "filter": ""}, "calls"),
        ({"add": ["x"], "filter": "status=over"}, "filter.status"),
        ({"add": ["x"], "filter": "", "tz": "Nowhere"}, "tz"),
        ({"add": ["a,b"], "filter": ""}, "add"),
    ],
)
def test_what_makes_no_sense_changes_nothing(world, body, field):
    answer = send(world.program(), "POST", "calls/tags", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field
    assert not Call.objects.exclude(tags=[]).exists()


def test_the_tags_there_are_the_commonest_first(world):
    for tagged in (["vip"], ["vip", "angry"], ["vine"]):
        make_call(world.agent, tags=tagged)
    make_call(Agent.objects.create(workspace=world.elsewhere, name="Theirs"), tags=["theirs"])
    program = world.program("viewer")

    assert program.get("tags")["items"] == [
        {"tag": "vip", "calls": 2},
        {"tag": "angry", "calls": 1},
        {"tag": "vine", "calls": 1},
    ]
    assert [item["tag"] for item in program.get("tags", q="VI")["items"]] == ["vip", "vine"]
