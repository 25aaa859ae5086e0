"""The platform itself: its agents, its calls, and the calls that are live."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from simulator.pace import Pace, Timing
from simulator.platform.call import Call
from simulator.platform.conversation import Conversation
from simulator.platform.hosted import Hosted
from simulator.platform.recordings import Recordings
from simulator.platform.studio import Agent, Studio
from simulator.platform.unanswered import Unanswered
from simulator.platform.webhooks import Webhooks, transfer
from simulator.stories import Story, render

CALLS_KEPT = 1000
# Human seconds from the end of a call to its analysis, and to the end of what it was transferred to.
ANALYSIS_AFTER = 2.0
TRANSFERRED_FOR = 30.0
HEARD_OUT = {"user_hangup", "agent_hangup", "call_transfer"}
UNHEARD = {
    "call_summary": "Nobody was reached.",
    "call_successful": False,
    "user_sentiment": "Unknown",
    "in_voicemail": False,
    "custom_analysis_data": {},
}


class Talk(Protocol):
    """A call as it happens."""

    call: Call

    async def run(self) -> Call: ...

    def stop(self, reason: str = ...) -> None: ...


class Phone:
    """Places calls, keeps them, and has webhooks tell of them."""

    def __init__(self, pace: Pace, timing: Timing, webhooks: Webhooks, memory: Path | None = None) -> None:
        self.pace = pace
        self.timing = timing
        self.studio = Studio(memory)
        self.calls: OrderedDict[str, Call] = OrderedDict()
        self.live: dict[str, Talk] = {}
        self.recordings = Recordings(self.calls)
        self._webhooks = webhooks
        self._placed = 0
        self._analyses: dict[str, asyncio.Task[None]] = {}
        self._transfers: set[asyncio.Task[None]] = set()

    def register(self, name: str, llm_websocket_url: str = "") -> Agent:
        """An agent of this name. Without a URL the platform's own model answers its calls."""
        return self.studio.register(name, llm_websocket_url)

    async def call(
        self,
        story: Story,
        agent: Agent,
        *,
        variant: int = 0,
        numbers: tuple[str, str] = ("+447700900123", "+447700900100"),
        never: str = "",
        on_placed: Callable[[Call], None] | None = None,
    ) -> Call:
        """Place one call and see it to its end; the finished call. `never`: why it does not connect."""
        call = Call(
            id=f"call_{secrets.token_hex(12)}",
            agent_id=agent.id,
            agent_name=agent.name,
            agent_version=agent.version,
            direction=story.direction,
            from_number=numbers[0],
            to_number=numbers[1],
            clock=self.pace.clock(),
            language=story.language,
            status="registered" if never else "ongoing",
            number=self._placed,
            hosted=agent.hosted,
            recording=story.recording,
        )
        call.recorded = partial(self.recordings.told, call)
        self._placed += 1
        facts = story.facts(variant)
        talk = self._talk(call, story, facts, agent, never)
        self._keep(call)
        self.live[call.id] = talk
        if on_placed is not None:
            on_placed(call)
        if not never:
            self._webhooks.tell(call, "call_started")
        try:
            await talk.run()
        finally:
            del self.live[call.id]
            if not never:
                self._webhooks.tell(call, "transcript_updated")
            self._webhooks.tell(call, "call_ended")
        analysis = asyncio.create_task(self._analyse(call, story, facts))
        self._analyses[call.id] = analysis
        analysis.add_done_callback(lambda _: self._analyses.pop(call.id))
        if call.transfer_destination:
            transferred = asyncio.create_task(self._see_transfer_out(call))
            self._transfers.add(transferred)
            transferred.add_done_callback(self._transfers.discard)
        return call

    async def analysed(self, call_id: str) -> None:
        """Wait for the analysis of a call that has ended."""
        if task := self._analyses.get(call_id):
            await task

    async def settled(self) -> None:
        """Wait for what comes after the calls that have ended: analyses, and ends of transfers."""
        while pending := {*self._analyses.values(), *self._transfers}:
            await asyncio.wait(pending)

    async def close(self) -> None:
        pending = [*self._analyses.values(), *self._transfers]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    def _talk(self, call: Call, story: Story, facts: dict[str, Any], agent: Agent, never: str) -> Talk:
        tell = partial(self._webhooks.tell, call)
        if never:
            return Unanswered(call, never, self.pace)
        if agent.hosted:
            return Hosted(call, story, facts, self.pace, tell)
        return Conversation(call, story, facts, agent.llm_websocket_url, self.pace, self.timing, tell)

    def _keep(self, call: Call) -> None:
        self.calls[call.id] = call
        for call_id in list(self.calls)[: max(0, len(self.calls) - CALLS_KEPT)]:
            if call_id not in self.live:
                del self.calls[call_id]

    async def _analyse(self, call: Call, story: Story, facts: dict[str, Any]) -> None:
        await self.pace.sleep(ANALYSIS_AFTER)
        heard_out = call.disconnection_reason in HEARD_OUT
        call.analysis = {
            "call_summary": render(story.summary, facts),
            "call_successful": story.successful and heard_out,
            "user_sentiment": story.sentiment,
            "in_voicemail": False,
            "custom_analysis_data": {"topic": story.title},
        }
        if call.status == "not_connected":
            call.analysis = UNHEARD
        self._webhooks.tell(call, "call_analyzed")

    async def _see_transfer_out(self, call: Call) -> None:
        """Those it was transferred to hang up a while later."""
        await self.pace.sleep(TRANSFERRED_FOR)
        call.transfer_ended_at_ms = call.started_at_ms + int(call.clock() * 1000)
        self._webhooks.tell(call, "transfer_ended", **transfer(call.transfer_destination))
