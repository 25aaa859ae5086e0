"""How what is told of a call becomes one record, whoever tells it and in whichever order."""

import threading

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Workspace
from calls import board, services
from calls.fold import PLATFORM, SOCKET, WATCH, WEBHOOK, Fact
from calls.models import Call, Event, Turn
from calls.services import Opening, record, record_quietly
from platforms.events import CallEnded, CallStarted, RuleFired
from tests.calls.recorded import shown, tell
from tests.calls.told import ALL, BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET, at, spoken


def test_a_call_is_what_was_told_of_it(workspace, opening):
    call = tell(workspace, ALL, opening)

    assert call.status == "ended"
    assert call.turn_count == 7
    assert [turn.key for turn in call.turns.all()] == ["r0", "c0", "r2", "x1", "c1", "r3", "c2"]
    assert call.agent.name == "Odell"


@pytest.fixture
def calm(workspace, opening):
    """What is shown of a call that was told in order."""
    return shown(tell(workspace, ALL, opening))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_it_ends_the_same_from_any_order_and_any_repetition(workspace, opening, calm, data):
    arrivals = data.draw(st.permutations([*ALL, *data.draw(st.lists(st.sampled_from(ALL), max_size=12))]))

    assert shown(tell(workspace, arrivals, opening)) == calm


def test_it_keeps_a_repeated_fact_once(workspace, opening):
    call = tell(workspace, ALL, opening, "again")
    before = (Event.objects.count(), call.revision)

    call = tell(workspace, ALL, opening, "again")

    assert (Event.objects.count(), call.revision) == before


def test_a_turn_keeps_its_row_when_it_is_told_again_differently(workspace, opening):
    one = record_quietly(
        workspace.pk, "retell", "x", [spoken("c0", "I was", 0, 400, n=1)], source=SOCKET, opening=opening
    )
    two = record_quietly(
        workspace.pk,
        "retell",
        "x",
        [spoken("c0", "I was charged.", 0, 900, n=1)],
        source=SOCKET,
        opening=opening,
    )

    assert one.turns[0].pk == two.turns[0].pk
    assert (two.turns[0].n, two.turns[0].text) == (1, "I was charged.")


def test_a_platforms_transcript_makes_a_call_nobody_watched(workspace):
    opening = Opening(started_at=at(60_000))
    call = record(workspace.pk, "retell", "x", BY_THE_PLATFORM, source=PLATFORM, opening=opening)

    assert (call.started_at, call.level) == (at(-500), "event")
    assert [turn.n for turn in call.turns.all()] == [1, 2, 3, 4, 5, 6]


def test_the_same_call_id_in_another_workspace_is_another_call(workspace, opening):
    other = Workspace.objects.create(name="Elsewhere")
    mine = tell(workspace, ALL[:3], opening, "same")
    theirs = tell(other, ALL[:2], Opening(started_at=BEGAN), "same")

    assert mine.pk != theirs.pk
    assert Turn.objects.for_workspace(other).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_records_of_one_call_wait_for_each_other(opening, workspace):
    start = threading.Barrier(4)
    failures = []

    def tell_a_part(part):
        try:
            start.wait(timeout=10)
            for fact in ALL[part::4]:
                record(workspace.pk, "retell", "at once", [fact.event], source=fact.source, opening=opening)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell_a_part, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert failures == []
    assert shown(Call.objects.get()) == shown(tell(workspace, ALL, opening, "calm"))


def test_a_call_that_comes_back_is_live_again(workspace, opening):
    given_up = [CallEnded(at(45_000), "connection_lost", "failed")]
    record(workspace.pk, "retell", "x", [CallStarted(BEGAN)], source=SOCKET, opening=opening)
    assert record(workspace.pk, "retell", "x", given_up, source=WATCH, opening=opening).status == "failed"

    call = record(workspace.pk, "retell", "x", [CallStarted(at(50_000))], source=SOCKET, opening=opening)

    assert call.status == "live"
    assert call.started_at == BEGAN
    assert call.closed_at is None


@pytest.mark.django_db(transaction=True)
def test_a_call_we_hold_shows_only_what_we_heard_while_it_goes_on(workspace, opening):
    record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET[:3], source=SOCKET, opening=opening)
    told = [spoken("r0", "Larkfield", 0, 300, n=1), spoken("c0", "I was", 2_000, 2_500, n=2)]
    call = record(workspace.pk, "retell", "x", told, source=WEBHOOK, opening=Opening(BEGAN, level="turn"))
    record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET[3:5], source=SOCKET, opening=opening)

    shown_now = [(turn.key, turn.n, turn.text) for turn in call.turns.all()]
    assert shown_now == [
        ("r0", 1, "Larkfield Energy, how can I help?"),
        ("c0", 2, "I was charged twice."),
        ("r2", 3, "Let me look. I see two charges of £42."),
    ]
    assert call.level == "token"


def test_what_others_told_is_gone_once_we_hear_for_ourselves(workspace, opening):
    told = [spoken("r0", "Larkfield", 0, 300, n=1), spoken("c0", "I was", 2_000, 2_500, n=2)]
    call = record(workspace.pk, "retell", "x", told, source=WEBHOOK, opening=Opening(BEGAN, level="turn"))
    assert call.turn_count == 2

    tell(workspace, [Fact(SOCKET, ON_THE_SOCKET[5])], opening, "x")

    assert [turn.key for turn in call.turns.all()] == ["x1"]


def test_a_rule_fires_once_and_is_on_the_card_until_the_call_ends(workspace, opening):
    call = tell(workspace, [Fact(SOCKET, event) for event in ON_THE_SOCKET[:3]], opening)
    fired = RuleFired(BEGAN, "r1", 1, "Asked for a person", 2_900, "c0")

    assert services.record_firing(call, fired).alerts[0]["name"] == "Asked for a person"
    assert services.record_firing(call, fired) is None

    call = Call.objects.get(pk=call.pk)
    why = board.card(call, list(call.turns.all()))["why"]
    assert (why["tone"], why["icon"], why["text"]) == ("danger", "flag", "Asked for a person")
    ended = record(
        workspace.pk,
        call.platform,
        call.platform_call_id,
        [CallEnded(at(9_000))],
        source=SOCKET,
        opening=opening,
    )
    assert board.card(ended, [])["why"]["tone"] == ""
