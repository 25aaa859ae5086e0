"""Saved views: one's own, and those that others share."""

import json

import pytest

from calls import saved
from calls.models import SavedView
from calls.personal import seeing
from tests.people import make_member, sign_in

pytestmark = pytest.mark.django_db


class Person:
    def __init__(self, workspace, role: str, email: str) -> None:
        self.user = make_member(workspace, role, email=email)
        self.client = sign_in(self.user)

    def ask(self, method: str, path: str = "", body: dict | None = None):
        return self.client.generic(
            method, f"/api/v1/views{path}", json.dumps(body or {}), content_type="application/json"
        )

    def save(self, name: str, **fields) -> dict:
        answer = self.ask("POST", "", {"name": name, **fields})
        assert answer.status_code == 201, answer.content
        return answer.json()

    def names(self) -> list[str]:
        return [item["name"] for item in self.ask("GET").json()["items"]]


@pytest.fixture
def anna(world) -> Person:
    return Person(world.workspace, "operator", "anna@example.com")


@pytest.fixture
def ben(world) -> Person:
    return Person(world.workspace, "viewer", "ben@example.com")


@pytest.fixture(autouse=True)
def hidden_as_usual():
    """What a workspace has chosen is remembered for some seconds, and all tests have the same one."""
    seeing._kept.clear()


def test_a_view_is_kept_in_one_way_of_writing(anna):
    view = anna.save("Escalated", query="when=7d&escalated=yes&sort=-cost&status=failed,ended&by=both")

    assert view["query"] == "sort=-cost&by=both&when=7d&status=ended%2Cfailed&escalated=yes"
    assert view["mine"]
    assert view["url"].endswith(f"/calls/?view={view['id']}")


def test_what_is_not_shared_is_not_there_for_others(anna, ben):
    own = anna.save("Mine alone")
    shared = anna.save("Ours", shared=True)
    ben.save("Ben’s")

    assert anna.names() == ["Mine alone", "Ours"]
    assert ben.names() == ["Ben’s", "Ours"]
    assert ben.ask("GET", f"/{own['id']}").status_code == 404
    assert ben.ask("GET", f"/{shared['id']}").json()["mine"] is False
    for method in ("PATCH", "DELETE"):
        assert ben.ask(method, f"/{own['id']}").status_code == 404
        assert ben.ask(method, f"/{shared['id']}").status_code == 403


def test_a_shared_one_that_names_a_caller_or_words_is_for_who_may_see_them(world, anna, ben):
    for name, query in (
        ("Of one caller", "caller=%2B447700900142&status=ended"),
        ("Of no such caller", "status=ended&caller=%21%2B447700900142"),
        ("Of words", "q=Ada+Lovelace"),
        ("Of failures", "status=failed"),
    ):
        view = anna.save(name, query=query, shared=True)
        seen = name == "Of failures"
        assert ben.ask("GET", f"/{view['id']}").status_code == (200 if seen else 404)
        assert (name in ben.client.get("/calls/").content.decode()) == seen
    own = ben.save("My own caller", query="caller=%2B447700900142")
    assert ben.names() == ["My own caller", "Of failures"]
    assert own["mine"]

    seeing.change(world.workspace.pk, {"numbers": "admin"}, by=None)
    carol = Person(world.workspace, "operator", "carol@example.com")
    assert carol.names() == ["Of words", "Of failures"]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Of a number that was said", "q=%2B44+7700+900142"),
        ("Ring +44 7700 900142", "status=failed"),
        ("Of a number in a field", "field.call_back=07700900142"),
        ("Of a number beside what is not wanted", "field.call_back=07700900142&field.call_back=!x"),
    ],
)
def test_a_shared_one_that_says_what_is_masked_is_not_there_for_them(world, anna, name, query):
    carol = Person(world.workspace, "operator", "carol@example.com")
    anna.save(name, query=query, shared=True)
    assert carol.names() == [name]

    seeing.change(world.workspace.pk, {"numbers": "admin"}, by=None)
    assert carol.names() == []
    assert anna.names() == [name]
    assert Person(world.workspace, "admin", "eve@example.com").names() == [name]


def test_one_by_a_custom_field_is_for_who_may_see_words(anna, ben):
    anna.save("On gold", query="field.plan=Gold", shared=True)

    assert (anna.names(), ben.names()) == (["On gold"], [])


def test_its_owner_changes_and_removes_it(anna):
    view = anna.save("Failed", query="status=failed")

    changed = anna.ask(
        "PATCH", f"/{view['id']}", {"name": "All", "query": "", "columns": ["started", "cost"]}
    )
    assert (changed.json()["name"], changed.json()["query"]) == ("All", "")
    assert anna.ask("DELETE", f"/{view['id']}").json()["name"] == "All"
    assert anna.names() == []


def test_an_admin_removes_what_is_shared(world, anna):
    view = anna.save("Ours", shared=True)

    assert (
        Person(world.workspace, "admin", "eve@example.com").ask("DELETE", f"/{view['id']}").status_code == 200
    )


def test_views_are_in_their_owners_order(anna):
    ids = {name: anna.save(name)["id"] for name in ("A", "B", "C")}

    ordered = anna.ask("POST", "/order", {"views": [ids["C"], ids["A"]]}).json()["items"]

    assert [item["name"] for item in ordered] == anna.names() == ["C", "A", "B"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x", "query": "status=over"}, "query.status"),
        ({"name": "x", "query": "agnet=1"}, "query.agnet"),
        ({"name": "x", "query": "sort=price"}, "query.sort"),
        ({"name": "x", "columns": ["<b>"]}, "columns.0"),
        ({"name": "Taken"}, "name"),
    ],
)
def test_what_makes_no_sense_is_named(anna, body, field):
    anna.save("Taken")

    answer = anna.ask("POST", "", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field


def test_one_person_has_so_many(anna, monkeypatch):
    monkeypatch.setattr(saved, "MOST", 2)
    anna.save("A")
    anna.save("B")

    assert anna.ask("POST", "", {"name": "C"}).status_code == 400
    assert SavedView.objects.count() == 2


def test_a_program_has_none(world):
    program = world.program("owner")

    answer = program.client.post(
        "/api/v1/views",
        {"name": "x"},
        content_type="application/json",
        headers={"authorization": f"Bearer {program.token}"},
    )
    assert answer.status_code == 403
