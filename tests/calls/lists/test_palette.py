"""What ⌘K offers."""

from accounts.models import Workspace
from tests.calls.made import make_call
from tests.people import make_member, sign_in


def test_it_offers_calls_on_the_line_and_agents(operator, agent, refund):
    live = make_call(agent, ended=False, alerts=[{"name": "Asked for a person"}])
    make_call(agent, ended=False, platform="playground")

    found = operator.get("/palette").json()

    assert found["live"] == [
        {
            "label": "+44 77•• ••• 142",
            "note": "Odell, Billing. Asked for a person",
            "icon": "flag",
            "href": f"/calls/{live.pk}/",
        }
    ]
    assert [(one["label"], one["note"]) for one in found["agents"]] == [("Odell", "Billing, v1 live")]
    assert operator.get("/palette", {"q": "bill asked"}).json()["live"] == found["live"]
    assert operator.get("/palette", {"q": "nobody"}).json() == {"live": [], "agents": []}


def test_it_finds_past_calls_by_what_was_said(operator, refund):
    found = operator.get("/palette/calls", {"q": "charged twice"}).json()
    (call,) = found["calls"]

    assert found["meaning"]
    assert call["href"] == f"/calls/{refund.pk}/#turn-2"
    assert call["how"] == "exact"
    assert [text for text, hit in call["pieces"] if hit] == ["charged", "twice"]
    assert "<i>" in call["pieces"][0][0]  # text, to be set as such


def test_a_call_found_by_a_likely_word_says_so(operator, refund):
    (call,) = operator.get("/palette/calls", {"q": "chraged"}).json()["calls"]

    assert call["how"] == "spelt"
    assert [text for text, hit in call["pieces"] if hit] == ["charged"]


def test_who_may_not_see_words_does_not_search_them(viewer, refund):
    assert viewer.get("/palette/calls", {"q": "charged"}).status_code == 403
    assert "/palette/calls" not in viewer.get("/calls/").content.decode()


def test_another_workspaces_calls_are_not_found(refund):
    stranger = sign_in(make_member(Workspace.objects.create(name="Fenwick Water"), "owner"))

    assert stranger.get("/palette/calls", {"q": "charged twice"}).json()["calls"] == []
    assert stranger.get("/palette").json() == {"live": [], "agents": []}


def test_what_says_nothing_finds_nothing(operator, refund):
    assert operator.get("/palette/calls?q=%00").json() == {"calls": [], "meaning": True}
