"""The queue of reviews: put up, taken and finished once each, and the pages it is worked through on."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Workspace
from base.ids import uuid7
from calls.models import Review
from calls.notes import reviews
from calls.privacy import removing
from tests.calls.made import A_SHORT_CALL, BEGAN, make_call
from tests.calls.notes.test_notes import together


@pytest.fixture
def calls(agent) -> list:
    return [make_call(agent, A_SHORT_CALL) for _ in range(3)]


@pytest.fixture
def queue(workspace, calls, db) -> list[Review]:
    """Three, put up a minute after each other."""
    up, _ = reviews.put_up(workspace.pk, [call.pk for call in calls], comment="Listen to the end")
    for n, review in enumerate(up):
        review.created_at = timezone.now() - timedelta(minutes=30 - n)
        review.save()
    return up


def test_calls_are_put_up_once_at_a_time(priya, maya, calls):
    ids = [str(call.pk) for call in calls]

    first = priya.ask("POST", "reviews", {"calls": ids[:1], "comment": "Odd"}, 201)
    more = priya.ask(
        "POST", "reviews", {"calls": [*ids, ids[0]], "comment": "Bulk", "assign_to": maya.id}, 201
    )

    assert (first["added"], more["added"]) == (1, 2)
    assert [one["call"] for one in more["items"]] == ids
    assert [one["comment"] for one in more["items"]] == ["Odd", "Bulk", "Bulk"]
    assert [(one["assigned_to"] or {}).get("name") for one in more["items"]] == [None, *["Maya Kessler"] * 2]
    assert more["items"][0]["added_by"]["name"] == "Priya Nair"


def test_all_that_a_list_has_are_put_up_the_newest_first(priya, agent, calls, monkeypatch):
    monkeypatch.setattr("calls.notes.api.MOST", 2)
    failed = [
        make_call(agent, A_SHORT_CALL, outcome="failed", started_at=BEGAN + timedelta(n)) for n in range(3)
    ]

    told = priya.ask("POST", "reviews", {"filter": "status=failed"}, 201)

    assert [one["call"] for one in told["items"]] == [str(failed[2].pk), str(failed[1].pk)]
    assert (told["added"], told["more"]) == (2, 1)
    assert priya.ask("POST", "reviews", {"calls": [str(calls[0].pk)]}, 201)["more"] == 0


@pytest.mark.parametrize(
    "body", [{"filter": "", "calls": []}, {"filter": "status=over"}, {"filter": "", "tz": "x"}]
)
def test_a_list_that_makes_no_sense_is_refused(priya, calls, body):
    priya.ask("POST", "reviews", body, 400)


@pytest.mark.parametrize("body", [{"calls": []}, {"calls": ["x"]}, {}])
def test_what_cannot_be_put_up_is_refused_whole(priya, body):
    priya.ask("POST", "reviews", body, 400)

    assert not Review.objects.exists()


def test_of_calls_one_of_which_is_gone_none_is_put_up(priya, calls):
    ids = [str(call.pk) for call in calls]
    calls[1].delete()

    told = priya.ask("POST", "reviews", {"calls": ids}, 404)["error"]

    assert [fault["field"] for fault in told["details"]] == ["calls.1"]
    assert not Review.objects.exists()


def test_of_a_list_what_is_gone_by_then_is_left_out(priya, calls, workspace):
    gone = uuid7()

    up, added = reviews.put_up(workspace.pk, [calls[0].pk, gone], leave_gone=True)

    assert ([review.call_id for review in up], added) == ([calls[0].pk], 1)


@pytest.mark.django_db(transaction=True)
def test_a_call_that_is_erased_just_then_is_gone_or_goes_with_its_review(agent):
    for _ in range(4):
        call = make_call(agent, A_SHORT_CALL)
        told, _ = together(
            lambda pk=call.pk: reviews.put_up(agent.workspace_id, [pk]),
            lambda pk=call.pk: removing.remove(agent.workspace_id, [pk]),
        )
        assert isinstance(told, (tuple, reviews.Gone)), told
        assert not Review.objects.exists()


def test_a_review_goes_to_colleagues_only(priya, joins, queue):
    viewer = joins("Vera", "viewer")
    elsewhere = joins("Else", "owner", Workspace.objects.create(name="Elsewhere"))
    for nobody in (viewer.id, elsewhere.id, str(uuid7())):
        priya.ask("PATCH", f"reviews/{queue[0].pk}", {"assign_to": nobody}, 400)
    elsewhere.ask("PATCH", f"reviews/{queue[0].pk}", {"done": True, "verdict": "x"}, 404)


def test_the_queue_is_worked_through(priya, maya, queue):
    one, two, _ = (str(review.pk) for review in queue)

    taken = priya.ask("PATCH", f"reviews/{one}", {"assign_to": priya.id, "if_assigned_to": None})
    assert taken["assigned_to"]["name"] == "Priya Nair"
    assert [item["id"] for item in priya.ask("GET", "reviews", None)["items"]] == [
        str(review.pk) for review in queue
    ]
    assert [item["id"] for item in priya.ask("GET", "reviews?state=mine")["items"]] == [one]
    assert maya.ask("GET", "reviews?state=mine")["items"] == []

    refused = priya.ask("PATCH", f"reviews/{one}", {"done": True}, 400)
    assert refused["error"]["details"][0]["field"] == "verdict"
    done = priya.ask("PATCH", f"reviews/{one}", {"done": True, "verdict": " Fine. "})
    priya.ask("PATCH", f"reviews/{two}", {"done": True, "verdict": "Also fine."})

    assert (done["verdict"], done["done_by"]["name"]) == ("Fine.", "Priya Nair")
    assert [item["id"] for item in maya.ask("GET", "reviews?state=done")["items"]] == [two, one]
    # It may be put up again.
    again = priya.ask("POST", "reviews", {"calls": [done["call"]]}, 201)
    assert (again["added"], again["items"][0]["id"] != one) == (1, True)


def test_of_two_who_take_one_the_second_is_told(priya, maya, queue):
    path = f"reviews/{queue[0].pk}"
    take = {"if_assigned_to": None}

    priya.ask("PATCH", path, take | {"assign_to": priya.id})
    priya.ask("PATCH", path, take | {"assign_to": priya.id})  # a double click
    refused = maya.ask("PATCH", path, take | {"assign_to": maya.id}, 409)

    assert refused["error"]["message"] == "Priya Nair has this review now."
    # On purpose is another thing.
    maya.ask("PATCH", path, {"assign_to": maya.id})
    assert maya.ask("PATCH", path, {"assign_to": None})["assigned_to"] is None


def test_of_two_who_finish_one_the_second_is_told(priya, maya, queue):
    path = f"reviews/{queue[0].pk}"

    for _ in range(2):  # a double click, or sent again because no answer came
        priya.ask("PATCH", path, {"done": True, "verdict": "Fine."})
    refused = maya.ask("PATCH", path, {"done": True, "verdict": "Bad."}, 409)

    assert refused["error"]["code"] == "too_late"
    assert refused["error"]["message"] == "Priya Nair finished this: “Fine.”."
    assert Review.objects.get(pk=queue[0].pk).verdict == "Fine."
    maya.ask("PATCH", path, {"assign_to": maya.id}, 409)


@pytest.mark.django_db(transaction=True)
def test_one_of_those_who_finish_at_once_has_finished_it(agent):
    call = make_call(agent, A_SHORT_CALL)
    ups = together(*[lambda: reviews.put_up(agent.workspace_id, [call.pk])] * 3)
    (review,) = {up for up, _ in ups for up in up}
    assert sum(added for _, added in ups) == 1

    told = together(*[lambda n=n: reviews.finish(review, f"Verdict {n}", by=None) for n in range(3)])

    assert sum(isinstance(one, reviews.Beaten) for one in told) == 2
    assert told[int(Review.objects.get().verdict[-1])] is None


# --- Pages ----------------------------------------------------------------------------------------------


def page(who, address: str) -> str:
    answer = who.client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_queue_shows_what_waits_and_who_was_mentioned(priya, maya, queue, calls):
    reviews.assign(queue[1], maya.user.pk)
    reviews.finish(queue[2], "Rude at the end.", by=maya.user.pk)
    maya.ask("POST", f"calls/{calls[0].pk}/notes", {"text": f"@[{priya.id}] hear this", "turn": 2}, 201)

    waiting = page(priya, "/reviews/")
    assert re.findall(r'data-review="([^"]+)"', waiting) == [str(one.pk) for one in queue[:2]]
    assert "Listen to the end" in waiting
    assert f"/calls/{calls[0].pk}/?review={queue[0].pk}" in waiting
    assert "<span data-count-n>2</span>" in waiting  # in the rail
    assert "No review is yours" in page(priya, "/reviews/?tab=mine")
    assert f"?review={queue[1].pk}&amp;list=mine" in page(maya, "/reviews/?tab=mine")
    mentioned = page(priya, "/reviews/?tab=mentioned")
    assert "@Priya Nair hear this" in mentioned
    assert re.search(rf'href="/calls/{calls[0].pk}/#note-[0-9a-f-]+"', mentioned)
    assert "Nobody has mentioned you" in page(maya, "/reviews/?tab=mentioned")
    assert "Rude at the end." in page(priya, "/reviews/?tab=done")
    assert 'aria-current="page">Open' in page(priya, "/reviews/?tab=nonsense&cursor=nonsense")


def test_more_reviews_take_no_more_queries(priya, agent, django_assert_max_num_queries):
    calls = [make_call(agent, A_SHORT_CALL) for _ in range(60)]
    reviews.put_up(agent.workspace_id, [call.pk for call in calls], by=priya.user.pk)
    priya.client.get("/reviews/")

    with django_assert_max_num_queries(14):
        first = page(priya, "/reviews/")
    following = re.search(r'href="\?tab=open&amp;cursor=([^"]+)"', first)[1]
    rest = page(priya, f"/reviews/?cursor={following}")
    assert len(re.findall("data-review=", first)) == 50
    assert len(re.findall("data-review=", rest)) == 10


def test_a_call_is_reviewed_and_the_next_one_follows(priya, maya, queue, calls):
    html = page(priya, f"/calls/{calls[1].pk}/?review={queue[1].pk}")
    assert f'data-review="{queue[1].pk}"' in html
    assert f'href="/reviews/{queue[1].pk}/next"' in html
    assert "data-review=" not in page(priya, f"/calls/{calls[0].pk}/?review={queue[1].pk}")
    assert "data-review=" not in page(priya, f"/calls/{calls[0].pk}/?review=nonsense")

    reviews.assign(queue[2], maya.user.pk)
    reviews.finish(queue[1], "Fine.", by=priya.user.pk)

    def follows(who, review, query="") -> str:
        return who.client.get(f"/reviews/{review.pk}/next{query}")["Location"]

    # Not what Maya has taken; after the last one the oldest.
    assert follows(priya, queue[1]) == f"/calls/{calls[0].pk}/?review={queue[0].pk}"
    assert follows(priya, queue[0]) == "/reviews/"
    assert follows(maya, queue[0]) == f"/calls/{calls[2].pk}/?review={queue[2].pk}"
    assert follows(maya, queue[1], "?list=mine") == f"/calls/{calls[2].pk}/?review={queue[2].pk}&list=mine"
    assert follows(priya, queue[0], "?list=mine") == "/reviews/?tab=mine"
    assert "reviewed it" in page(priya, f"/calls/{calls[1].pk}/")


def test_a_viewer_sees_neither_notes_nor_reviews(joins, priya, queue, calls):
    priya.ask("POST", f"calls/{calls[0].pk}/notes", {"text": "Between us"}, 201)
    html = page(joins("Vera", "viewer"), f"/calls/{calls[0].pk}/?review={queue[0].pk}")

    assert not re.search("Between us|notes-data|data-review|Listen to the end|/reviews/", html)
