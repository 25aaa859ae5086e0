"""What those who watch a call, or the wallboard, are told of what was recorded; and when that it is over."""

import pytest
from django.db import transaction

from calls import board, parts, services
from calls.fold import PLATFORM, SOCKET, WATCH, WEBHOOK
from calls.models import Turn
from calls.services import Opening, finish, record, record_quietly
from platforms.events import CallEnded, CallStarted, RuleFired
from streaming.log import publish
from tests.calls.recorded import tell, watched
from tests.calls.told import ALL, BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET, at, spoken


@pytest.mark.django_db(transaction=True)
def test_a_change_is_announced_once_it_is_committed(workspace, opening):
    events = [CallStarted(BEGAN), spoken("c0", "Hello?", 0, 500, n=1)]
    call = record(workspace.pk, "retell", "x", events, source=SOCKET, opening=opening)
    record(workspace.pk, "retell", "x", events, source=SOCKET, opening=opening)

    told = watched(parts.topic(call))
    assert [(part["type"], part["id"]) for part in told] == [("data-turn", "c0"), ("data-call", "call")]
    assert told[0] == parts.turn_part(call.turns.get())


@pytest.mark.django_db(transaction=True)
def test_a_change_that_was_rolled_back_is_never_shown(workspace, opening):
    with transaction.atomic():
        call = record(workspace.pk, "retell", "x", [CallStarted(BEGAN)], source=PLATFORM, opening=opening)
        transaction.set_rollback(True)

    assert watched(parts.topic(call)) == []
    assert watched(board.topic(workspace.pk)) == []


@pytest.mark.django_db(transaction=True)
def test_whoever_holds_the_socket_shows_what_was_recorded_themselves(workspace, opening):
    recorded = record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET, source=SOCKET, opening=opening)

    assert watched(parts.topic(recorded.call)) == []
    assert recorded.call.status == "ended"
    assert recorded.call.closed_at is None


@pytest.mark.django_db(transaction=True)
def test_the_topic_is_finished_once_by_whoever_knows_how_the_call_ended(workspace, opening):
    call = record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET, source=SOCKET, opening=opening).call
    record(workspace.pk, "retell", "x", BY_THE_PLATFORM, source=PLATFORM, opening=opening)
    assert finish(call.pk) is False

    told = watched(parts.topic(call))
    assert [part["type"] for part in told][-2:] == ["data-call", "finish"]
    assert told[-2]["data"]["outcome"] == "caller_hung_up"
    assert sum(part["type"] == "finish" for part in told) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("source", "event"),
    [
        (WEBHOOK, CallStarted(BEGAN, direction="inbound")),
        (WATCH, RuleFired(at(9_100), "no_words", 1, "No words", 9_100, "r2")),
    ],
)
def test_what_comes_behind_the_end_and_is_not_about_it_does_not_finish_the_topic(
    workspace, opening, source, event
):
    """A first webhook may be late, and a rule look back: the platform has the last word all the same."""
    record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET, source=SOCKET, opening=opening)
    call = record(workspace.pk, "retell", "x", [event], source=source, opening=opening)
    assert (call.status, call.closed_at) == ("ended", None)

    record(workspace.pk, "retell", "x", BY_THE_PLATFORM, source=PLATFORM, opening=opening)

    told = watched(parts.topic(call))
    pictures = {part["id"]: part for part in told if part["type"] == "data-turn"}
    assert told[-1]["type"] == "finish"
    assert pictures == {turn.key: parts.turn_part(turn) for turn in call.turns.all()}


@pytest.mark.django_db(transaction=True)
def test_a_call_whose_platform_says_nothing_is_finished_without_it(workspace, opening):
    call = record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET, source=SOCKET, opening=opening).call

    assert finish(call.pk) is True
    assert finish(call.pk) is False
    assert watched(parts.topic(call))[-1] == {"type": "finish"}


def test_a_call_that_goes_on_cannot_be_finished(workspace, opening):
    call = tell(workspace, ALL[:3], opening)

    assert finish(call.pk) is False


@pytest.mark.django_db(transaction=True)
def test_a_call_that_came_back_before_its_end_was_told_is_not_told_to_be_over(workspace, opening):
    record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET[:-1], source=SOCKET, opening=opening)
    with transaction.atomic():
        given_up = [CallEnded(at(45_000), "connection_lost", "failed")]
        ended = record(workspace.pk, "retell", "x", given_up, source=WATCH, opening=opening)
        again = [CallStarted(at(50_000))]
        call = record_quietly(workspace.pk, "retell", "x", again, source=SOCKET, opening=opening).call

    assert ended.closed_at
    assert call.status == "live"
    assert "finish" not in [part["type"] for part in watched(parts.topic(call))]


@pytest.mark.django_db(transaction=True)
def test_a_platform_that_says_the_end_first_does_not_finish_what_we_may_still_add_to(workspace, opening):
    record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET[:3], source=SOCKET, opening=opening)
    ended = [CallEnded(at(9_200), "user_hangup", "caller_hung_up")]
    call = record(workspace.pk, "retell", "x", ended, source=WEBHOOK, opening=Opening(BEGAN))
    assert (call.status, call.closed_at) == ("ended", None)
    assert watched(parts.topic(call))[-1]["type"] == "data-call"

    record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET[-1:], source=SOCKET, opening=opening)
    call = record(workspace.pk, "retell", "x", BY_THE_PLATFORM, source=PLATFORM, opening=Opening(BEGAN))

    assert call.closed_at
    assert watched(parts.topic(call))[-1]["type"] == "finish"


@pytest.mark.django_db(transaction=True)
def test_a_turn_that_proves_to_be_part_of_another_is_taken_from_who_watches(workspace):
    opening = Opening(BEGAN, level="turn")
    before = [spoken("a0", "Hello", 0, 400, n=1)]
    record(workspace.pk, "retell", "x", before, source=WEBHOOK, opening=opening)
    final = [spoken("r0", "Hello there.", 0, 900, n=1, final=True), CallEnded(at(2_000))]
    call = record(workspace.pk, "retell", "x", final, source=WEBHOOK, opening=opening)

    shown_to_watchers = watched(parts.topic(call))
    gone = next(part for part in shown_to_watchers if part.get("data", {}).get("state") == "dropped")
    assert gone["id"] == "a0"
    assert shown_to_watchers[-1]["type"] == "finish"


@pytest.mark.django_db(transaction=True)
def test_what_is_told_last_is_the_newest_whoever_comes_late(workspace):
    opening = Opening(BEGAN, level="turn")
    first = [spoken("c0", "I was", 0, 400, n=1)]
    late = record_quietly(workspace.pk, "retell", "x", first, source=WEBHOOK, opening=opening)
    more = [spoken("c0", "I was charged twice.", 0, 900, n=1)]
    record(workspace.pk, "retell", "x", more, source=WEBHOOK, opening=opening)

    services._announce(late)

    *_, turn, facts = watched(parts.topic(late.call))
    assert turn["data"]["text"] == "I was charged twice."
    assert facts["data"]["revision"] == 2
    assert watched(board.topic(workspace.pk))[-1]["data"]["revision"] == 2


@pytest.mark.django_db(transaction=True)
def test_nothing_is_added_to_a_topic_that_somebody_finished_meanwhile(workspace):
    opening = Opening(BEGAN, level="turn")
    late = record_quietly(
        workspace.pk, "retell", "x", [spoken("c0", "I was", 0, 400, n=1)], source=WEBHOOK, opening=opening
    )
    record(workspace.pk, "retell", "x", [CallEnded(at(900))], source=WEBHOOK, opening=opening)
    before = watched(parts.topic(late.call))

    services._announce(late)

    # Whoever finished it has told what the other had recorded and not told yet.
    assert [part["type"] for part in before] == ["data-turn", "data-call", "finish"]
    assert before[0]["data"]["text"] == "I was"
    assert watched(parts.topic(late.call)) == before


@pytest.mark.django_db(transaction=True)
def test_the_end_tells_what_watchers_were_never_told_or_told_too_early(workspace, opening):
    live = record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET, source=SOCKET, opening=opening)
    topic = parts.topic(live.call)
    well, early, *never = live.turns
    stray = Turn(key="a9", n=9, role="agent", text="Words that became part of another turn.")
    publish(topic, [*map(parts.turn_entry, [well, Turn(key=early.key, n=early.n, role="caller"), stray])])

    finish(live.call.pk)

    news = watched(topic)[3:]
    assert (news[0]["id"], news[0]["data"]["state"]) == ("a9", "dropped")
    assert news[1:-2] == [parts.turn_part(turn) for turn in [early, *never]]
    assert [part["type"] for part in news[-2:]] == ["data-call", "finish"]
