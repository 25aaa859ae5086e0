"""A text lies at one point, however many say it; the point comes with the first of them and goes with the
last."""

import importlib
import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Privacy, Workspace
from agents.models import Agent
from calls import embedders, points
from calls.embeddings import take_in
from calls.models import Call, Embedding, Point, Turn
from calls.privacy import enforcing
from calls.search.tasks import forget
from tests.calls.made import make_call, said
from tests.calls.test_embeddings import vendor as vendor
from tests.webhooks.waiting import wait_until_waited_for

GREETING = "Hello, you are through to billing."
VECTOR = [0.1] * 256


def greeted(agent, *more: str) -> Call:
    lines = [GREETING, *more]
    return make_call(agent, [said(f"c{n}", line, n * 1_000, n * 1_000 + 900) for n, line in enumerate(lines)])


def lying(workspace_id) -> int:
    return Point.objects.for_workspace(workspace_id).count()


def digests() -> set[str]:
    return set(Embedding.objects.values_list("digest", flat=True))


def test_what_many_say_is_one_point_and_finds_them_all_newest_first(agent):
    calls = [greeted(agent), greeted(agent, "My card was charged two times."), greeted(agent, GREETING)]
    for call in calls:
        take_in(call)

    assert (Embedding.objects.count(), lying(agent.workspace_id)) == (5, 2)
    [place] = Embedding.objects.filter(call=calls[0]).values_list("vector", flat=True)
    found = points.nearest(agent.workspace_id, place, most=10, of_each=10)
    order = [(one.call_id, one.distance) for one in found]
    assert [call_id for call_id, _ in order[:4]] == [calls[n].pk for n in (2, 2, 1, 0)]
    assert [round(distance, 3) for _, distance in order[:4]] == [0, 0, 0, 0]
    assert order[4][1] > 0.1
    assert len(points.nearest(agent.workspace_id, place, most=10, of_each=1)) == 2
    assert len(points.nearest(agent.workspace_id, place, most=3, of_each=10)) == 3
    first = ("call_id = %s", [calls[0].pk])
    only = points.nearest(agent.workspace_id, place, most=10, of_each=10, among=first)
    assert {one.call_id for one in only} == {calls[0].pk}


def test_points_are_of_one_workspace(agent):
    take_in(greeted(agent))
    other = Agent.objects.create(workspace=Workspace.objects.create(name="Another"), name="Spy")

    assert points.known(other.workspace_id, embedders.name(), digests()) == {}
    assert points.nearest(other.workspace_id, VECTOR, most=10, of_each=10) == []
    take_in(greeted(other))
    assert lying(agent.workspace_id) == lying(other.workspace_id) == 1


def test_what_was_said_before_there_were_points_lies_at_one(agent):
    for _ in range(2):
        take_in(greeted(agent, "My card was charged two times."))
    before = dict(Point.objects.values_list("digest", "vector"))
    Point.objects.all().delete()

    with connection.cursor() as cursor:
        cursor.execute(importlib.import_module("calls.migrations.0023_points").FILL)

    assert dict(Point.objects.values_list("digest", "vector")) == before
    assert lying(agent.workspace_id) == 2


@pytest.mark.django_db(transaction=True)
def test_what_an_earlier_version_placed_meanwhile_is_found_from_the_next_night_on(agent):
    """One that knows nothing of points goes on while this one is put in its place."""
    call = greeted(agent, "My card was charged two times.")
    take_in(call)
    Point.objects.all().delete()

    forget()

    assert lying(agent.workspace_id) == 2
    assert points.complete(agent.workspace_id) == 0


def test_what_was_said_before_is_not_paid_for_again(agent, vendor):
    take_in(greeted(agent, "My card was charged two times.", GREETING))
    take_in(greeted(agent, "And the dog ate my meter."))
    take_in(greeted(agent))

    assert [asked["input"] for asked in vendor.asked] == [
        [GREETING, "My card was charged two times."],
        ["And the dog ate my meter."],
    ]
    assert (Embedding.objects.count(), lying(agent.workspace_id)) == (6, 3)


def test_a_point_goes_with_the_last_who_said_it(agent):
    first, last = greeted(agent, "My card was charged two times."), greeted(agent)
    for call in (first, last):
        take_in(call)
    assert points.sweep(agent.workspace_id) == 0

    first.delete()
    assert points.sweep(agent.workspace_id) == 1
    assert lying(agent.workspace_id) == 1
    last.delete()
    assert points.sweep(agent.workspace_id) == 1
    assert not Point.objects.exists()


def test_what_nobody_says_any_more_finds_nobody(agent):
    call = greeted(agent, "My card was charged two times.")
    take_in(call)
    [place] = Embedding.objects.filter(turn__n=2).values_list("vector", flat=True)
    Turn.objects.filter(n=2).update(text="The dog ate my meter.")

    take_in(call)

    assert lying(agent.workspace_id) == 3
    assert {one.turn_id for one in points.nearest(agent.workspace_id, place, most=9, of_each=9)} == set(
        Turn.objects.values_list("pk", flat=True)
    )
    assert points.sweep(agent.workspace_id) == 1


def test_what_is_read_anew_is_asked_for_again(agent):
    take_in(greeted(agent))
    before = Point.objects.get().pk

    call_command("reembed", agent=agent.name, workspace=str(agent.workspace_id), anew=True)

    assert Point.objects.get().pk != before


@pytest.mark.django_db(transaction=True)
def test_who_says_it_while_it_is_swept_is_found(agent):
    """The sweep waits for those who have said it and not yet written so, and leaves what they said."""
    first, second = greeted(agent), greeted(agent)
    take_in(first)
    [digest], [(place,)] = digests(), Point.objects.values_list("vector")
    first.delete()
    swept: list[int] = []

    def sweep() -> None:
        try:
            swept.append(points.sweep(agent.workspace_id))
        finally:
            connection.close()

    sweeping = threading.Thread(target=sweep)
    with transaction.atomic():
        points.keep(agent.workspace_id, embedders.name(), {digest: place})
        sweeping.start()
        with connection.cursor() as cursor:
            wait_until_waited_for(cursor)
        Embedding.objects.create(
            workspace_id=agent.workspace_id,
            call=second,
            turn=second.turns.get(),
            model=embedders.name(),
            digest=digest,
            vector=place,
        )
    sweeping.join(30)

    assert swept == [0]
    assert [one.call_id for one in points.nearest(agent.workspace_id, place, most=9, of_each=9)] == [
        second.pk
    ]


@pytest.mark.django_db(transaction=True)
def test_who_is_erased_leaves_no_point(agent):
    take_in(greeted(agent, "I am quizzaciously yours."))
    other = make_call(agent, [said("c0", GREETING, 0, 900)], from_number="+447700900731")
    take_in(other)

    call_command("erase_caller", "+44 7700 900142", "--workspace", str(agent.workspace_id))

    assert list(Call.objects.all()) == [other]
    assert set(Point.objects.values_list("digest", flat=True)) == digests()


def test_what_is_kept_no_longer_leaves_no_point(agent):
    old = greeted(agent, "I am quizzaciously yours.")
    Call.objects.filter(pk=old.pk).update(ended_at=timezone.now() - timedelta(days=40))
    new = make_call(agent, [said("c0", GREETING, 0, 900)], started_at=timezone.now())
    for call in (old, new):
        take_in(call)
    Privacy.objects.update_or_create(workspace=agent.workspace, defaults={"retention": {"words": 30}})

    assert [did.count for did in enforcing.enforce()] == [1]

    assert set(Point.objects.values_list("digest", flat=True)) == digests()
    assert lying(agent.workspace_id) == 1
