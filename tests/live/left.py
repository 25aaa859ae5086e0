"""A call that was held at a socket, and its holder is gone; and what is left of it."""

from datetime import timedelta

from asgiref.sync import sync_to_async
from django.utils import timezone

from base.ids import uuid7
from calls import services
from calls.fold import SOCKET
from calls.models import Call
from calls.services import Opening
from platforms.events import AnswerBegan, CallStarted
from streaming.log import Entry, Log


def make_call(house, *events, ago: float = 60, call_id: str = "call_1") -> Call:
    """A call that was held at a socket, and its holder is gone."""
    began = timezone.now() - timedelta(seconds=ago)
    opening = Opening(started_at=began, level="token", agent_id=house.agent.pk)
    return services.record_quietly(
        house.workspace.pk,
        "retell",
        call_id,
        [CallStarted(began), *events],
        source=SOCKET,
        opening=opening,
    ).call


async def say(topic: str, *entries: Entry) -> None:
    log = Log()
    await log.append(topic, entries)
    await log.close()


def half_an_answer() -> list[Entry]:
    thinking = {"n": 3, "key": "r1", "role": "agent", "state": "thinking", "start_ms": 4_000}
    said = [
        {"type": "start-step"},
        {"type": "data-turn", "id": "r1", "data": thinking},
        {"type": "text-start", "id": "r1"},
        {"type": "text-delta", "id": "r1", "delta": "Let me"},
        {"type": "text-delta", "id": "r1", "delta": " see"},
    ]
    return [Entry(part, group="r1") for part in said]


def began(key: str) -> AnswerBegan:
    """That a model began to give this answer."""
    return AnswerBegan(key, timezone.now(), str(uuid7()), "Simulator", "sim-fast", 0, 4_000, 3)


def kinds(shown: list[dict]) -> list[str]:
    return [part["type"] for part in shown]


@sync_to_async
def reread(call: Call) -> Call:
    return Call.objects.select_related("agent", "version").prefetch_related("turns").get(pk=call.pk)
