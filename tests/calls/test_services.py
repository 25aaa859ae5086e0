import json
import threading
from itertools import count, groupby

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Workspace
from agents.models import Agent, PlatformCopy
from calls import board, parts, services
from calls.fold import PLATFORM, SOCKET, WATCH, WEBHOOK, Fact
from calls.models import Call, Event, Turn
from calls.services import Opening, finish, link_agent, record, record_quietly
from platforms.events import CallEnded, CallStarted, RuleFired
from platforms.models import Connection
from streaming.log import Log, publish
from tests.calls.told import ALL, BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET, at, spoken

ids = count()

CALL_FIELDS = (
    "level", "direction", "from_number", "to_number", "started_at", "ended_at", "end_reason", "outcome",
    "summary", "sentiment", "successful", "cost_usd", "turn_count", "status",
)  # fmt: skip
TURN_FIELDS = (
    "key", "n", "role", "text", "start_ms", "end_ms", "words", "stream", "heard", "reply_ms", "model",
    "error", "tool_name", "tool_arguments", "tool_ok",
)  # fmt: skip


def tell(workspace, facts, opening, call_id=None) -> Call:
    """Record the facts in the order given, as many at a time as come from the same source."""
    call_id = call_id or f"call_{next(ids)}"
    for source, told in groupby(facts, key=lambda fact: fact.source):
        events = [fact.event for fact in told]
        call = record(workspace.pk, "retell", call_id, events, source=source, opening=opening)
    return call


def shown(call: Call) -> dict:
    """Everything of a call that anybody can see, but its ids and how often it changed."""
    call = Call.objects.get(pk=call.pk)
    turns = [{name: getattr(turn, name) for name in TURN_FIELDS} for turn in call.turns.all()]
    return {name: getattr(call, name) for name in CALL_FIELDS} | {"turns": turns}


def watched(topic: str) -> list[dict]:
    """What a topic holds for somebody who watched from the start."""

    @async_to_sync
    async def read():
        log = Log()
        try:
            return (await log.recent(topic, 1000)).entries
        finally:
            await log.close()

    return [json.loads(item.data) for item in read()]


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
def test_a_call_whose_platform_says_nothing_is_finished_without_it(workspace, opening):
    call = record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET, source=SOCKET, opening=opening).call

    assert finish(call.pk) is True
    assert finish(call.pk) is False
    assert watched(parts.topic(call))[-1] == {"type": "finish"}


def test_a_call_that_goes_on_cannot_be_finished(workspace, opening):
    call = tell(workspace, ALL[:3], opening)

    assert finish(call.pk) is False


def test_a_call_that_comes_back_is_live_again(workspace, opening):
    given_up = [CallEnded(at(45_000), "connection_lost", "failed")]
    record(workspace.pk, "retell", "x", [CallStarted(BEGAN)], source=SOCKET, opening=opening)
    assert record(workspace.pk, "retell", "x", given_up, source=WATCH, opening=opening).status == "failed"

    call = record(workspace.pk, "retell", "x", [CallStarted(at(50_000))], source=SOCKET, opening=opening)

    assert call.status == "live"
    assert call.started_at == BEGAN
    assert call.closed_at is None


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


@pytest.fixture
def linked(workspace, agent) -> Opening:
    """What a webhook knows of a call of an agent of ours, by its name at the platform."""
    connection = Connection.objects.create(workspace=workspace, platform="retell", name="Retell")
    agent.connection, agent.platform_agent_id = connection, "agent_1"
    agent.save()
    return Opening(BEGAN, connection_id=connection.pk, platform_agent_id="agent_1")


def test_a_call_finds_its_agent_by_the_platforms_name_for_it(workspace, agent, linked):
    call = record(workspace.pk, "retell", "x", [], source=WEBHOOK, opening=linked)

    assert (call.agent, call.version, call.platform_agent_id) == (agent, None, "agent_1")


@pytest.mark.parametrize(
    ("hosting", "put_at", "known"),
    [("platform", BEGAN, True), ("platform", at(1), False), ("ours", BEGAN, False)],
)
def test_a_call_the_platform_answers_by_itself_runs_what_was_put_there(agent, linked, hosting, put_at, known):
    agent.hosting = hosting
    agent.save()
    version = agent.live_version
    PlatformCopy.objects.create(workspace=agent.workspace, agent=agent, version=version, put_at=put_at)

    call = record(agent.workspace_id, "retell", "x", [], source=WEBHOOK, opening=linked)

    assert call.version == (version if known else None)


def test_an_agent_of_another_workspace_is_never_found(linked):
    elsewhere = Workspace.objects.create(name="Elsewhere")

    assert record(elsewhere.pk, "retell", "x", [], source=WEBHOOK, opening=linked).agent is None


def test_whichever_source_comes_first_the_call_is_the_same(workspace, agent, opening, linked):
    other = Agent.objects.create(workspace=workspace, name="Winfield")
    ours = Opening(BEGAN, level="token", agent_id=other.pk, version_id=opening.version_id, trace_id="t")
    theirs = Opening(
        at(-500), level="turn", channel="web", connection_id=linked.connection_id, platform_agent_id="agent_1"
    )
    told = [(SOCKET, ON_THE_SOCKET, ours), (WEBHOOK, BY_THE_PLATFORM, theirs)]
    calls = []
    for order in (told, told[::-1]):
        call_id = f"call_{next(ids)}"
        for source, events, first in order:
            record(workspace.pk, "retell", call_id, events, source=source, opening=first)
        call = Call.objects.get(platform_call_id=call_id)
        calls.append(
            (call.agent, call.version_id, call.connection_id, call.channel, call.trace_id, shown(call))
        )

    assert calls[0] == calls[1]
    assert calls[0][:2] == (other, opening.version_id)
    assert calls[0][3] == "web"


@pytest.mark.django_db(transaction=True)
def test_calls_that_wait_for_their_agent_are_given_it(workspace, agent, linked):
    agent.platform_agent_id = ""
    agent.save()
    waits = record(workspace.pk, "retell", "x", [CallStarted(BEGAN)], source=WEBHOOK, opening=linked)
    elsewhere = Workspace.objects.create(name="Elsewhere")
    record(elsewhere.pk, "retell", "x", [], source=WEBHOOK, opening=linked)
    assert waits.agent is None

    assert link_agent(workspace.pk, linked.connection_id, "agent_1", agent) == 1

    waits.refresh_from_db()
    assert waits.agent == agent
    assert watched(parts.topic(waits))[-1]["data"]["agent"] == "Odell"
    assert watched(board.topic(workspace.pk))[-1]["data"]["agent"] == "Odell"
    assert Call.objects.for_workspace(elsewhere).get().agent is None
    assert link_agent(workspace.pk, linked.connection_id, "agent_1", agent) == 0


@pytest.mark.django_db(transaction=True)
def test_a_turn_that_proves_to_be_part_of_another_is_taken_from_who_watches(workspace, linked):
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
def test_what_is_told_last_is_the_newest_whoever_comes_late(workspace, linked):
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
def test_nothing_is_added_to_a_topic_that_somebody_finished_meanwhile(workspace, linked):
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


def test_whoever_holds_a_call_that_webhooks_told_of_first_need_not_ask_for_its_agent(
    workspace, agent, django_assert_num_queries
):
    record(workspace.pk, "retell", "told", BY_THE_PLATFORM[:1], source="webhook", opening=Opening(BEGAN))
    ours = Opening(BEGAN, level=Call.Level.TOKEN, agent_id=agent.pk, version_id=agent.live_version_id)

    recorded = record_quietly(workspace.pk, "retell", "told", [], source="socket", opening=ours)

    with django_assert_num_queries(0):
        assert (recorded.call.agent.name, recorded.call.version.number) == (agent.name, 1)


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
