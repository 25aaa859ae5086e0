"""The history page: what it lists, what it finds, and what its address says."""

import html
import json
import re
from datetime import timedelta

import pytest

from agents.models import Agent
from calls.models import Call, Recording, SavedView, Turn
from tests.calls.judging.made import make_field
from tests.calls.made import A_SHORT_CALL, BEGAN, make_call, used
from tests.people import make_member


def rows(response) -> list[str]:
    return re.findall(r'class="row-link" href="/calls/([0-9a-f-]{36})/"', response.content.decode())


def shown(response) -> str:
    return response.content.decode().partition("<main")[2].partition("</main>")[0]


@pytest.fixture
def other(agent):
    return make_call(agent, A_SHORT_CALL, started_at=BEGAN + timedelta(hours=1), outcome="failed")


def test_what_was_said_is_found_marked_and_linked_to(operator, refund, other):
    answer = operator.get("/calls/", {"q": "charged twice", "by": "words"})

    assert rows(answer) == [str(refund.pk)]
    assert f'href="/calls/{refund.pk}/#turn-2"' in shown(answer)
    assert "= Exact" in shown(answer)
    assert "I was &lt;i&gt;<mark>charged</mark> <mark>twice</mark>&lt;/i&gt; and" in shown(answer)
    assert "1 call, best first" in shown(answer)
    assert "1 by words" in shown(answer)


def test_filters_hold_while_it_is_searched(operator, refund):
    assert rows(operator.get("/calls/", {"q": "charged", "status": "ended"})) == [str(refund.pk)]

    nothing = shown(operator.get("/calls/", {"q": "charged", "by": "words", "status": "failed"}))
    assert "Nothing found" in nothing
    assert "By meaning, too" in nothing


def test_filters_that_are_typed_become_chips(operator, refund, agent):
    answer = operator.get("/calls/", {"q": "charged agent:Odell twice", "status": "ended"})

    assert answer.status_code == 302
    assert answer.url == f"/calls/?q=charged+twice&agent={agent.pk}&status=ended"
    assert 'aria-label="Remove Agent Odell"' in shown(operator.get(answer.url))


def test_a_filter_that_makes_no_sense_is_left_out_and_named(operator, other):
    answer = operator.get("/calls/", {"status": "lost", "agent": "x"})

    assert rows(answer) == [str(other.pk)]
    assert "<b>status</b> is left out: one of live, ended, failed." in shown(answer)


def test_an_empty_list_says_which_filter_to_drop(operator, other):
    page = shown(operator.get("/calls/", {"status": "ended", "to": "2026-11-30"}))

    assert "No call matches" in page
    assert 'href="/calls/?to=2026-11-30">Without status Ended <span class="count">1</span>' in page
    assert "Without to" not in page


def test_a_viewer_searches_nothing_and_is_told_why(viewer, refund):
    page = shown(viewer.get("/calls/", {"q": "charged twice"}))

    assert "Searching what was said needs the Operator role." in page
    assert "<mark>" not in page
    assert "charged" not in page


def test_a_viewer_narrows_nothing_by_what_was_said(viewer, agent, refund):
    make_call(agent, fields={"plan": "Gold"})
    page = viewer.get("/calls/?field.plan=Gold")

    assert len(rows(page)) == 2
    assert "<b>field.plan</b> is left out: this needs the Operator role." in shown(page)


def test_columns_are_chosen_in_the_address(operator, other):
    page = shown(operator.get("/calls/", {"columns": "score,caller,nothing"}))

    heads = re.findall(r'<th role="columnheader" class="(c-[a-z0-9]+)', page)
    assert heads == ["c-pick", "c-when", "c-more", "c-who"]


def test_it_is_sorted_by_a_press_on_a_columns_head(operator, refund, other):
    assert rows(operator.get("/calls/")) == [str(other.pk), str(refund.pk)]
    page = operator.get("/calls/?sort=started&status=ended")

    assert rows(operator.get("/calls/?sort=started")) == [str(refund.pk), str(other.pk)]
    assert 'aria-sort="ascending"><a href="/calls/?status=ended">Started' in shown(page)
    assert '<a href="/calls/?sort=-duration&amp;status=ended">Length' in shown(page)
    assert "oldest first" in shown(page)


def test_it_is_sorted_where_there_are_no_heads_to_press(operator, refund, other):
    page = shown(operator.get("/calls/?sort=-cost&status=ended"))

    assert '<select name="sort">' in page
    assert '<option value="-cost" selected>Dearest first</option>' in page
    assert '<option value="">Newest first</option>' in page
    found = shown(operator.get("/calls/?q=charged&by=words"))
    assert "Sort by" not in found


def test_custom_fields_are_offered_as_what_they_are(operator, agent, refund):
    for kind, hint in (
        ("text", "as shown; several with commas"),
        ("number", "&gt;30, 1..5"),
        ("date", "2026-11-01..2026-11-30"),
    ):
        make_field(agent, f"a_{kind}", kind)
        assert (
            f'name="field.a_{kind}" value="" placeholder="{hint}"' in operator.get("/calls/").content.decode()
        )
    make_field(agent, "churn", "boolean", name="May leave")

    page = operator.get("/calls/?field.churn=yes").content.decode()
    assert '<input type="checkbox" name="field.churn" value="yes" checked>Yes</label>' in page
    assert 'aria-label="Remove May leave Yes"' in page


def test_a_field_that_several_agents_have_is_offered_once_with_the_values_of_all(operator, agent, refund):
    other = Agent.objects.create(workspace=agent.workspace, name="Sol")
    make_field(agent, "plan", "choice", choices=["Gold", "Tin"])
    make_field(other, "plan", "choice", choices=["Tin", "Zinc"])

    page = operator.get("/calls/").content.decode()

    assert re.findall(r'name="field.plan" value="([^"]*)"', page) == ["Gold", "Tin", "Zinc"]


# --- The drawer -----------------------------------------------------------------------------------------


def test_a_glance_says_what_came_of_a_call_and_where_it_says_it(operator, refund):
    alone = operator.get(f"/calls/{refund.pk}/peek", {"q": "charged twice"}).content.decode()

    assert "The caller was billed twice and got a refund." in alone
    assert f'href="/calls/{refund.pk}/#turn-2"' in alone
    assert "<mark>charged</mark> <mark>twice</mark>" in alone
    assert "p95 1.1 s" in alone
    with_page = operator.get("/calls/", {"q": "charged twice", "peek": refund.pk}).content.decode()
    assert alone.strip() in with_page
    assert 'data-call="x"' not in operator.get("/calls/?peek=x").content.decode()


def test_a_glance_has_a_player_where_there_is_something_to_hear(operator, viewer, refund):
    peek = f"/calls/{refund.pk}/peek"
    assert "No recording of this call." in operator.get(peek).content.decode()
    failed = used("x0", "refund.create", 4_500, 4_900, ok=False)
    Turn.objects.create(workspace=refund.workspace, call=refund, n=4, **failed)
    Call.objects.filter(pk=refund.pk).update(alerts=[{"name": "Tool failed", "at_ms": 5_000}])
    recording = Recording.objects.create(
        workspace=refund.workspace, call=refund, status="kept", duration_ms=9_000
    )

    page = operator.get(peek).content.decode()
    assert f'data-sound="/calls/{refund.pk}/recording"' in page
    assert f'data-heard="/calls/{refund.pk}/heard"' in page
    assert "data-sound" not in viewer.get(peek).content.decode()
    marks = json.loads(html.unescape(re.search('data-marks="(.*?)"', page)[1]))
    assert marks == {
        "tools": [{"at_ms": 4_500, "failed": True}],
        "rules": [{"at_ms": 5_000, "name": "Tool failed"}],
    }
    Recording.objects.filter(pk=recording.pk).update(status="missing", reason="The platform had none.")
    assert "No recording. The platform had none." in operator.get(peek).content.decode()


def test_a_glance_shows_a_viewer_no_words(viewer, refund):
    page = viewer.get(f"/calls/{refund.pk}/peek", {"q": "charged twice"}).content.decode()

    assert "charged" not in page
    assert "billed" not in page
    assert "Words need the Operator role." in page


# --- Saved views ----------------------------------------------------------------------------------------


@pytest.fixture
def failures(workspace):
    owner = make_member(workspace, "admin")
    return SavedView.objects.create(
        workspace=workspace,
        owner=owner,
        name="Failures",
        query="status=failed",
        columns=["caller"],
        is_shared=True,
    )


def test_a_saved_view_opens_as_it_was_saved(operator, failures, refund, other):
    page = operator.get(f"/calls/?view={failures.pk}")

    assert rows(page) == [str(other.pk)]
    assert 'aria-label="Remove Status Failed"' in shown(page)
    assert "unsaved" not in shown(page)


def test_a_view_that_was_changed_says_so(operator, failures, refund, other):
    page = operator.get(f"/calls/?view={failures.pk}&all=1")

    assert set(rows(page)) == {str(refund.pk), str(other.pk)}
    assert 'Failures <span class="dim">unsaved</span>' in shown(page)


def test_somebody_elses_own_view_is_not_there(operator, failures, other):
    SavedView.objects.update(is_shared=False)
    page = shown(operator.get(f"/calls/?view={failures.pk}"))

    assert "is its owner’s alone, or is gone" in page
    assert "Failures" not in page
