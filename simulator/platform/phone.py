"""The platform itself: its agents, its calls, and the calls that are live."""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.pace import Pace, Timing
from simulator.platform.call import Call
from simulator.platform.conversation import Conversation
from simulator.stories import Story, render

CALLS_KEPT = 1000
# Human seconds from the end of a call to its analysis.
ANALYSIS_AFTER = 2.0


@dataclass(slots=True)
class Agent:
    """A voice agent as the platform knows it: where its calls are answered."""

    id: str
    name: str
    llm_websocket_url: str = ""
    version: int = 1
    published: bool = True
    fields: dict[str, Any] = field(default_factory=dict)
    changed_at_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    def as_json(self) -> dict[str, Any]:
        known = {
            "response_engine": {"type": "custom-llm", "llm_websocket_url": self.llm_websocket_url},
            "voice_id": "11labs-Dorothy",
            "language": "en-GB",
        }
        return (
            known
            | self.fields
            | {
                "agent_id": self.id,
                "agent_name": self.name,
                "version": self.version,
                "is_published": self.published,
                "last_modification_timestamp": self.changed_at_ms,
            }
        )


class Phone:
    """Places calls and keeps them."""

    def __init__(self, pace: Pace, timing: Timing) -> None:
        self.pace = pace
        self.timing = timing
        self.agents: dict[str, Agent] = {}
        self.calls: OrderedDict[str, Call] = OrderedDict()
        self.live: dict[str, Conversation] = {}
        self._analyses: dict[str, asyncio.Task[None]] = {}

    def register(self, name: str, llm_websocket_url: str) -> Agent:
        """An agent of this name: the same id for the same name, always."""
        agent_id = "agent_" + hashlib.sha256(name.encode()).hexdigest()[:26]
        agent = self.agents.setdefault(agent_id, Agent(agent_id, name))
        agent.llm_websocket_url = llm_websocket_url
        return agent

    async def call(
        self,
        story: Story,
        agent: Agent,
        *,
        variant: int = 0,
        numbers: tuple[str, str] = ("+447700900123", "+447700900100"),
        on_placed: Callable[[Call], None] | None = None,
    ) -> Call:
        """Place one call and see it to its end; the finished call."""
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
        )
        facts = story.facts(variant)
        conversation = Conversation(call, story, facts, agent.llm_websocket_url, self.pace, self.timing)
        self._keep(call)
        self.live[call.id] = conversation
        if on_placed is not None:
            on_placed(call)
        try:
            await conversation.run()
        finally:
            del self.live[call.id]
        analysis = asyncio.create_task(self._analyse(call, story, facts))
        self._analyses[call.id] = analysis
        analysis.add_done_callback(lambda _: self._analyses.pop(call.id))
        return call

    async def analysed(self, call_id: str) -> None:
        """Wait for the analysis of a call that has ended."""
        if task := self._analyses.get(call_id):
            await task

    async def close(self) -> None:
        pending = list(self._analyses.values())
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    def _keep(self, call: Call) -> None:
        self.calls[call.id] = call
        for call_id in list(self.calls)[: max(0, len(self.calls) - CALLS_KEPT)]:
            if call_id not in self.live:
                del self.calls[call_id]

    async def _analyse(self, call: Call, story: Story, facts: dict[str, Any]) -> None:
        await self.pace.sleep(ANALYSIS_AFTER)
        heard_out = call.disconnection_reason in {"user_hangup", "agent_hangup", "call_transfer"}
        call.analysis = {
            "call_summary": render(story.summary, facts),
            "call_successful": story.successful and heard_out,
            "user_sentiment": story.sentiment,
            "in_voicemail": False,
            "custom_analysis_data": {"topic": story.title},
        }
