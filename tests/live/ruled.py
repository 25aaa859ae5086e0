"""Calls of an agent that has rules, as they are told to its record."""

from asgiref.sync import sync_to_async
from django.db import transaction

from agents.models import Agent, ModelCall
from agents.services import publish
from calls import parts, services
from calls.fold import SOCKET
from calls.models import Call, Event
from calls.services import Opening
from platforms.events import RuleFired, TurnSpoken
from streaming.log import Entry, Log
from tests.agents.rules.made import rule
from tests.live.scenes import BEGAN, Scene, at

RULES = [
    rule("asks_for_person", "asks"),
    rule("phrase", "phrase", phrases=["third time", "no rush"], who="anybody"),
    rule("regex", "regex", pattern=r"£\d{3}", who="caller"),
    rule("sentiment", "mood", mood="very_upset"),
    rule("repeated", "again", who="anybody"),
    rule("tool_failed", "tools", tool="any", times=2),
    rule("silence", "silence", seconds=11, cooldown_s=86_400),
    rule("duration", "long", minutes=2),
    rule("cost", "cost", usd="5.00"),
]


@sync_to_async
def tell(agent: Agent, scene: Scene, after_ms: int, until_ms: int) -> Call:
    """Record what of a scene is known by then and was not before, as whoever holds or follows a call does."""
    return _record(agent, scene, after_ms, until_ms)


@sync_to_async
@transaction.atomic
def tell_all(agent: Agent, told: list[Scene], after_ms: int, until_ms: int) -> dict[str, Call]:
    calls = {scene.name: _record(agent, scene, after_ms, until_ms) for scene in told}
    paid, when = [], {}
    for scene in told:
        for ms, usd in scene.costs:
            if after_ms < ms <= until_ms:
                whose = {"workspace_id": agent.workspace_id, "call_id": calls[scene.name].pk}
                paid.append(ModelCall(**whose, feature="voice", provider="p", model="m", cost_usd=usd))
                when[paid[-1].pk] = at(ms)
    ModelCall.objects.bulk_create(paid)
    for one in paid:
        one.created_at = when[one.pk]
    ModelCall.objects.bulk_update(paid, ["created_at"])
    return calls


def _record(agent: Agent, scene: Scene, after_ms: int, until_ms: int) -> Call:
    events = [event for known, event in scene.events if after_ms < known <= until_ms]
    opening = Opening(
        started_at=BEGAN,
        level="token" if scene.source == SOCKET else "turn",
        agent_id=agent.pk,
        version_id=agent.live_version_id,
    )
    return services.record_quietly(
        agent.workspace_id, "retell", scene.name, events, source=scene.source, opening=opening
    ).call


@sync_to_async
def fired() -> set[tuple[str, str, int]]:
    told = Event.objects.filter(kind=RuleFired.__name__)
    rows = told.values_list("call__platform_call_id", "data__rule", "data__at_ms")
    return set(rows)


async def speak(log: Log, call: Call, scene: Scene, until_ms: int) -> None:
    """Whoever is in the middle of a turn is seen speaking: the record hears of it at its end."""
    for known, event in scene.events:
        if isinstance(event, TurnSpoken) and event.start_ms <= until_ms < known:
            turn = {"n": event.n, "key": event.turn, "role": event.role, "state": "speaking"}
            turn |= {"start_ms": event.start_ms, "end_ms": until_ms}
            picture = {"type": "data-turn", "id": event.turn, "data": turn}
            await log.append(parts.topic(call), [Entry(picture, group=event.turn, whole=True)])


def one_call(*events: tuple[int, str, str]) -> Scene:
    """(end in ms, key, words), each two seconds long."""
    spoken = [
        (end, TurnSpoken(key, at(end), "caller" if key[0] == "c" else "agent", words, end - 2_000, end, n=n))
        for n, (end, key, words) in enumerate(events, 1)
    ]
    return Scene("call_1", SOCKET, spoken, [], 60_000)


@sync_to_async
def with_rules(agent: Agent, *rules: dict) -> None:
    publish(agent, rules=list(rules))
