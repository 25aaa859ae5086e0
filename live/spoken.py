"""Answers that are spoken to a caller: every word goes out on the platform's voice socket, too."""

import re
from collections.abc import Sequence

from agents.llm.events import ToolCall
from agents.llm.request import Message
from agents.llm.tools import ACTED, BUILT_IN, ToolResult
from live.answer import Answer
from live.line import Line
from live.messages import Used
from live.wording import apology
from platforms.retell import voice
from platforms.retell.transcript import Utterance

NUMBER = re.compile(r"\+\d{7,15}")


class SpokenAnswer(Answer):
    """A reply to one response id. It ends with exactly one complete frame, whatever happens on the way."""

    def __init__(
        self,
        line: Line,
        response_id: int,
        *,
        system: str = "",
        notes: str = "",
        messages: Sequence[Message] = (),
        used: list[Used] | None = None,
        after: int = 0,
        asked_ms: int | None = None,
    ) -> None:
        key = f"r{response_id}"
        super().__init__(line, key, system=system, notes=notes, messages=messages, asked_ms=asked_ms)
        self.response_id = response_id
        self._used = used if used is not None else []  # the call's tools, added to
        self._after = after  # how many utterances of the caller there were
        self._end_call, self._transfer_number = False, ""
        self._unsent = ""  # words that go out with the last frame

    async def _say(self, text: str) -> None:
        """Shown and sent at the same moment."""
        self._add(text)
        await self.line.send(self._frame(self.stream[-1][1], complete=False))

    def _frame(self, content: str, **how) -> str:
        """A piece of it, as the platform takes it."""
        return voice.response(self.response_id, content, **how)

    async def _conclude(self) -> None:
        if self._error:
            await self._say(self._gap() + apology(self.line.agent.language))
        self._said = True
        await self.line.send(
            self._frame(
                self._unsent,
                complete=True,
                end_call=self._end_call,
                transfer_number=self._transfer_number,
            )
        )

    def _is_enough(self) -> bool:
        return self._end_call or bool(self._transfer_number)

    async def _tool_begins(self, key: str, name: str, arguments: dict) -> None:
        await self.line.send(voice.tool_call_invocation(key, name, arguments))

    async def _tool_answered(self, key: str, result: ToolResult) -> None:
        await self.line.send(voice.tool_call_result(key, result.text, ok=result.ok))

    async def _result(self, call: ToolCall) -> ToolResult:
        return await self._act(call) if call.name in BUILT_IN else await super()._result(call)

    def _tool_ended(self, call: ToolCall, result: ToolResult) -> None:
        self._used.append(Used(self._after, call, result.text))

    async def _act(self, call: ToolCall) -> ToolResult:
        """Do what only we can: hand the caller over, or hang up, once this is spoken."""
        arguments = call.arguments or {}
        if call.name == "transfer_call":
            number = self._transfer_to(arguments.get("number"))
            if not number:
                return ToolResult(False, "No number to hand over to is set.", 0)
            self._transfer_number = number
        else:
            self._end_call = True
        message = arguments.get("message")
        if isinstance(message, str) and message.strip() and not self.stream:
            await self._say(message)
        return ToolResult(True, ACTED[call.name], 0)

    def _transfer_to(self, wanted: object) -> str:
        """A number the agent's prompt names. Never another: callers may talk a model into anything."""
        allowed = NUMBER.findall(self.line.agent.prompt)
        if wanted in allowed:
            return str(wanted)
        return allowed[0] if allowed and not wanted else ""


class Greeting(SpokenAnswer):
    """The first words, which nobody asked for: one frame, as the platform waits for it."""

    def __init__(self, line: Line, text: str) -> None:
        super().__init__(line, voice.GREETING)
        self._unsent = text

    async def _think(self) -> None:
        self._add(self._unsent)


class Ordered(SpokenAnswer):
    """What a rule has the agent say, asked or not, before the call ends or goes to somebody else."""

    def __init__(self, line: Line, text: str, *, end_call: bool = False, transfer_number: str = "") -> None:
        super().__init__(line, line.ms())
        self.key = f"i{self.response_id}"
        self._unsent, self._end_call, self._transfer_number = text, end_call, transfer_number

    def fell(self, transcript: Sequence[Utterance]) -> bool:
        """Whether the platform let it fall, as it asks for an answer: what the caller says in the moment
        it arrives is heard first. A transfer that was spoken of and failed is not tried again."""
        unheard = bool(self.text) and all(utterance.key != self.key for utterance in transcript)
        return self._end_call or unheard

    def again(self) -> "Ordered":
        end, number = self._end_call, self._transfer_number
        return Ordered(self.line, self._unsent, end_call=end, transfer_number=number)

    async def _think(self) -> None:
        self._add(self._unsent)

    def _frame(self, content: str, **how) -> str:
        return voice.agent_interrupt(self.response_id, content, **how)
