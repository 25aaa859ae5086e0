"""Whatever order a call's webhooks come in, however often, and whatever our own socket told of it meanwhile:
one record comes of it. And whatever a proven body holds, it is settled."""

import json
from itertools import count, permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.models import Agent
from calls.fold import SOCKET, WATCH, Fact
from calls.models import Call, Turn
from calls.services import Opening, record_quietly
from platforms.events import CallEnded, CallStarted, ToolAnswered, ToolCalled, TurnHeard
from platforms.models import Connection
from tests.calls.told import BEGAN, at, spoken
from tests.platforms.retell.mutated import mutated
from tests.platforms.retell.payloads import EVERYTHING, OF_A_CALL, OF_A_CALL_NEVER_CONNECTED, OF_A_CHAT
from tests.webhooks.told import kept
from webhooks.models import Delivery
from webhooks.services import apply_next

pytestmark = pytest.mark.busy

ids = count()
# What whoever held the socket of tests/platforms/retell/payloads.CALL heard, and the watch that stepped in.
AS_WE_HEARD_IT = [
    Fact(SOCKET, CallStarted(BEGAN)),
    Fact(SOCKET, spoken("r0", "Hi, how can I help?", 400, 900, n=1)),
    Fact(SOCKET, spoken("c0", "I need to move", 4_100, 5_000, n=2)),
    Fact(SOCKET, spoken("c0", "I need to move my cleaning to Friday", 4_100, 6_200, n=2)),
    Fact(SOCKET, ToolCalled("tool_call_51f0c2", at(6_400), "reschedule_visit", {}, 6_400, n=4)),
    Fact(SOCKET, ToolAnswered("tool_call_51f0c2", at(6_900), True, "moved", 6_900)),
    Fact(SOCKET, spoken("r2", "One moment", 6_300, 6_350, n=3, error="superseded")),
    Fact(SOCKET, spoken("r3", "Booked. Anything else?", 7_000, 9_000, n=5, reply_ms=600)),
    Fact(SOCKET, TurnHeard("r3", at(9_000), "Booked.")),
    Fact(WATCH, spoken("r3", "Booked. Any", 7_000, 8_000, n=5, error="interrupted")),
    Fact(SOCKET, spoken("c1", "great bye", 13_200, 13_700, n=6)),
    Fact(SOCKET, CallEnded(at(14_000))),
]
WRITTEN = {"id", "created_at", "revision", "closed_at", "trace_id", "platform_call_id", "call"}


def shown(call: Call) -> dict:
    """The whole record, but its ids, how often it changed and when it was written."""

    def values(row) -> dict:
        return {
            field.name: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if field.name not in WRITTEN
        }

    return values(call) | {"turns": [values(turn) for turn in Turn.objects.filter(call=call)]}


def named(payload: dict, call_id: str) -> bytes:
    """The payload as it would be of another call."""
    of_it = {
        name: payload[name] | {f"{name}_id": call_id}
        for name in ("call", "chat")
        if isinstance(payload.get(name), dict)
    }
    return json.dumps(payload | of_it).encode()


def tell(connection, agent, arrivals, applied_at) -> dict | None:
    """Have all this arrive in this order, applying what is pending at these places and in the end."""
    call_id = f"call_{next(ids)}"
    opening = Opening(
        BEGAN,
        level="token",
        connection_id=connection.pk,
        agent_id=agent.pk,
        version_id=agent.live_version_id,
    )
    for place, told in enumerate(arrivals):
        if isinstance(told, Fact):
            identity = (connection.workspace_id, "retell", call_id)
            record_quietly(*identity, [told.event], source=told.source, opening=opening)
        else:
            kept(connection, named(told, call_id))
        if place in applied_at:
            apply_next()
    while apply_next():
        pass
    assert not Delivery.objects.filter(status="pending").exists()
    call = Call.objects.filter(platform_call_id=call_id).first()
    return call and shown(call)


CONVERSATIONS = {
    "held by us": [*OF_A_CALL, *AS_WE_HEARD_IT],
    "held by the platform": OF_A_CALL,
    "never connected": OF_A_CALL_NEVER_CONNECTED,
    "typed": OF_A_CHAT,
}


@pytest.fixture
def calm() -> dict:
    """The record of a run in order, once it has been made."""
    return {}


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_and_any_repetition_give_the_same_record(connection, agent, calm, conversation, data):
    told = CONVERSATIONS[conversation]
    if not calm:
        calm |= tell(connection, agent, told, ())
    again = data.draw(st.lists(st.sampled_from(range(len(told))), max_size=6))
    order = data.draw(st.permutations([*range(len(told)), *again]))
    applied_at = data.draw(st.sets(st.sampled_from(range(len(order)))))

    assert tell(connection, agent, [told[n] for n in order], applied_at) == calm


def test_the_record_is_what_was_told(connection, agent):
    record = tell(connection, agent, CONVERSATIONS["held by us"], ())
    assert set(Delivery.objects.values_list("status", flat=True)) == {"applied"}

    assert (record["level"], record["started_at"], record["agent"]) == ("token", BEGAN, agent.pk)
    assert (record["transfer"], record["transfer_to"]) == ("cancelled", "+14155550166")
    assert [(turn["key"], turn["n"]) for turn in record["turns"]] == [
        ("r0", 1),
        ("c0", 2),
        ("r2", 3),
        ("tool_call_51f0c2", 4),
        ("r3", 5),
        ("c1", 6),
    ]
    assert record["turns"][1]["text"] == "I need to move my cleaning to Friday."
    assert record["turns"][4]["heard"] == "Booked."


def test_of_a_call_held_by_the_platform_the_final_transcript_stands(connection, agent):
    record = tell(connection, agent, list(reversed(OF_A_CALL)), range(20))

    assert (record["level"], record["outcome"], record["agent"]) == ("turn", "caller_hung_up", agent.pk)
    assert [turn["key"] for turn in record["turns"]] == ["r0", "c0", "tool_call_51f0c2", "r3", "c1"]


def test_of_a_call_never_connected_there_is_a_record(connection, agent):
    record = tell(connection, agent, OF_A_CALL_NEVER_CONNECTED, ())

    assert (record["outcome"], record["end_reason"]) == ("not_connected", "dial_no_answer")
    assert (record["turns"], record["successful"]) == ([], False)


def test_of_a_chat_there_is_a_call(connection, agent):
    record = tell(connection, agent, OF_A_CHAT, ())

    assert (record["channel"], record["level"], record["outcome"]) == ("chat", "turn", "completed")
    assert [turn["key"] for turn in record["turns"]] == ["c0", "tool_call_9", "a0"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_even_damaged_ones_give_the_same_record_in_any_order(connection, agent, data):
    payloads = data.draw(st.sampled_from([OF_A_CALL, OF_A_CHAT, OF_A_CALL_NEVER_CONNECTED]))
    damaged = data.draw(st.lists(mutated(payloads).map(json.loads), min_size=2, max_size=4))
    heard = data.draw(st.lists(st.sampled_from(AS_WE_HEARD_IT), max_size=3, unique_by=id))
    order = data.draw(st.permutations([*damaged, *heard]))

    together = tell(connection, agent, [*damaged, *heard], ())
    one_by_one = tell(connection, agent, order, range(len(order)))
    assert one_by_one == together


def test_a_call_two_connections_tell_of_is_the_older_ones(connection, agent):
    other = Connection.objects.create(workspace=connection.workspace, platform="retell", name="Other")
    Agent.objects.create(
        workspace=connection.workspace,
        connection=other,
        platform_agent_id=agent.platform_agent_id,
        name="Another",
    )
    told = [(connection, OF_A_CALL[0]), (other, OF_A_CALL[0]), (other, OF_A_CALL[-1])]
    for order in permutations(told):
        call_id = f"call_{next(ids)}"
        for teller, payload in order:
            kept(teller, named(payload, call_id))
            assert apply_next()
        call = Call.objects.get(platform_call_id=call_id)
        assert (call.connection, call.agent) == (connection, agent)


def test_a_call_that_nobody_says_the_beginning_of_began_when_it_was_first_heard_of(connection):
    for order in permutations(range(2)):
        call_id = f"call_{next(ids)}"
        for minute in order:
            entries = [{"role": "agent", "content": f"Minute {minute}"}]
            body = {"event": "transcript_updated", "call": {"transcript_object": entries}}
            row = kept(connection, named(body, call_id))
            Delivery.objects.filter(pk=row.pk).update(created_at=at(60_000 * minute))
            assert apply_next()
        assert Call.objects.get(platform_call_id=call_id).started_at == BEGAN


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(mutated(EVERYTHING), max_size=3))
def test_whatever_a_proven_body_holds_it_is_settled_at_once(connection, bodies):
    for body in bodies:
        kept(connection, body)
    while apply_next():
        pass

    pending = Delivery.objects.filter(status="pending")
    assert list(pending.values_list("error", "body")) == []
