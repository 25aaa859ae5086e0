"""One call's line."""

from datetime import timedelta

from asgiref.sync import sync_to_async
from django.utils import timezone

from agents.services import agent_by_key
from calls.models import LONGEST_MS
from live.line import Line, take_up
from platforms.events import TurnSpoken


async def _send(frame: str) -> None:
    """A platform that takes everything."""


async def test_a_call_may_be_longer_than_its_column(house):
    agent = await agent_by_key(house.agent.key)
    call = (await sync_to_async(take_up)(agent, "retell", "call_1", "")).call
    call.started_at = timezone.now() - timedelta(days=30)
    line = Line(agent, "retell", call, [], _send)

    ms = line.ms()
    line.write(TurnSpoken("c0", line.at(ms), "caller", "Still there?", ms, ms, 1))
    await line.close(5)

    assert ms == LONGEST_MS
    turn = await call.turns.aget()
    assert (turn.text, turn.start_ms) == ("Still there?", LONGEST_MS)
