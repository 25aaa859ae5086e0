"""A test's conversation, held once more: the caller says what is written, the agent answers anew.

The models, tools and bounds are those of a chat (live/answer.py); nothing is written down but what models
cost, and nobody watches. Nothing outside is asked unless the test says that its tools are live.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from agents.llm import router, tools
from agents.llm.events import Failed, TextDelta, ToolCall
from agents.llm.tools import ACTED, BUILT_IN, MAX_ROUNDS, ToolResult
from agents.models import ToolsFrom
from agents.registry import ToolContext
from agents.rules.happenings import ESCALATE
from agents.services import RunningAgent
from agents.testing.checks import FEATURE
from agents.testing.conversation import answered_from, asked, is_greeted, messages_of, recording_of
from agents.testing.forms import AGENT, TOOL, Entry, size
from agents.variables import MEMORY, fill
from platforms.clean import clean

ANSWER_SECONDS = 60.0  # one answer, with all its tools
LONGEST = 200_000  # characters; tools may give more than is asked


class NotAnswered(Exception):
    """The agent gave no answer. Says why, for people."""


@dataclass
class Play:
    """`transcript` grows as it is held: what was said before `start`, and then what is said now."""

    agent: RunningAgent
    conversation: Sequence[Entry]
    start: int
    tools: str  # one of ToolsFrom
    id: UUID  # stands for a call's: what one may cost, this may
    turn: str  # what its requests are booked under
    transcript: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start = answered_from(self.conversation, self.start)
        self.transcript += self.conversation[: self.start]
        self._recording = recording_of(self.conversation, self.start)
        # Nobody is known by a number here.
        self._values = {**self.agent.variables, MEMORY: ""}
        self._system = fill(self.agent.prompt, self._values)
        self._over = False

    async def hold(self) -> None:
        """To its end, or until the agent ends it. Raises NotAnswered."""
        if is_greeted(self.conversation, self.start):
            self._say(fill(self.agent.first_message, self._values))
        for entry in asked(self.conversation, self.start):
            if self._over:
                return
            self.transcript.append(entry)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._answer()
            except TimeoutError:
                raise NotAnswered(f"An answer took longer than {ANSWER_SECONDS:g} seconds.") from None

    async def _answer(self) -> None:
        began = len(self.transcript)
        for number in range(MAX_ROUNDS + 1):
            called = await self._ask(last=number == MAX_ROUNDS)
            if not called:
                return
            results = await asyncio.gather(*(self._use(call) for call in called))
            self.transcript += [_used(call, result) for call, result in zip(called, results, strict=True)]
            if self._over:
                self._say_goodbye(called, began)
                return

    async def _ask(self, *, last: bool) -> list[ToolCall]:
        """Ask the models, and take down what they say. Returns the tools they want used."""
        if sum(map(size, self.transcript)) > LONGEST:
            raise NotAnswered("The conversation has grown too long.")
        said, called = "", []
        messages = messages_of(self.transcript)
        request = self.agent.request(FEATURE, messages, last=last, system=self._system, turn=self.turn)
        request = replace(request, cache_seconds=0, call_id=self.id)  # it is to answer anew
        async with aclosing(router.stream(request)) as events:
            async for event in events:
                match event:
                    case TextDelta():
                        said += event.text
                    case ToolCall():
                        called.append(event)
                    case Failed():
                        self._say(said)
                        raise NotAnswered(event.message)
        self._say(said)
        return called

    def _say(self, text: str) -> None:
        if text.strip():
            self.transcript.append({"role": AGENT, "text": clean(text).strip()})

    async def _use(self, call: ToolCall) -> ToolResult:
        if call.name in BUILT_IN:
            self._over = True
            return ToolResult(True, ACTED[call.name], 0)
        # To say that a person is needed touches nothing outside.
        if self.tools == ToolsFrom.LIVE or call.name == ESCALATE:
            context = ToolContext(self.agent.workspace_id, agent_id=self.agent.agent_id)
            return await tools.run(context, call.name, call.arguments)
        return self._recording.answer(call.name, call.arguments)

    def _say_goodbye(self, called: Sequence[ToolCall], began: int) -> None:
        """What comes with a tool that ends the call is said if nothing else was, as on a line."""
        if any(entry["role"] == AGENT for entry in self.transcript[began:]):
            return
        for call in called:
            message = (call.arguments or {}).get("message")
            if call.name in BUILT_IN and isinstance(message, str):
                self._say(message)
                return


def _used(call: ToolCall, result: ToolResult) -> Entry:
    arguments: Any = clean(call.arguments if call.arguments is not None else {"raw": call.raw})
    return {
        "role": TOOL,
        "name": call.name,
        "arguments": arguments,
        "ok": result.ok,
        "text": clean(result.text),
    }
