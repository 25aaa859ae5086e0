"""An answer in the playground: as in a chat, by what is tried out, and with tools that may be a recording."""

from collections.abc import Sequence
from dataclasses import replace

from channels.db import database_sync_to_async

from agents.llm.events import ToolCall
from agents.llm.request import Request
from agents.llm.tools import ACTED, BUILT_IN, ToolResult
from agents.rules.happenings import ESCALATE
from agents.tooling.recorded import Recording
from calls.models import PLAYGROUND
from live.chat.answer import ChatAnswer
from live.playground.recorded import recording_of

_recording_of = database_sync_to_async(recording_of, thread_sensitive=False)


class PlaygroundAnswer(ChatAnswer):
    feature = PLAYGROUND
    _recording: Recording | None = None
    _has_looked = False
    _acted = False

    def _request(self, *, last: bool) -> Request:
        # What ends a call or hands it over is tried out too.
        tools = () if last else self.line.agent.tools
        return replace(super()._request(last=last), tools=tools)

    def _is_enough(self) -> bool:
        return self._acted

    async def _use_all(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        if not self._has_looked:
            # Before any of them is written down: what this answer uses is taken out as it is used.
            self._recording = await _recording_of(self.line.call, self.key)
            self._has_looked = True
        return await super()._use_all(calls)

    async def _result(self, call: ToolCall) -> ToolResult:
        if call.name in BUILT_IN:
            return await self._act(call)
        # To say that a person is needed touches nothing outside.
        if self._recording is None or call.name == ESCALATE:
            return await super()._result(call)
        return self._recording.answer(call.name, call.arguments)

    async def _act(self, call: ToolCall) -> ToolResult:
        """As on a line (live/spoken.py), in words alone: nobody is on one."""
        self._acted = True
        message = (call.arguments or {}).get("message")
        if isinstance(message, str) and message.strip() and not self.stream:
            await self._say(message)
        return ToolResult(True, ACTED[call.name], 0)
