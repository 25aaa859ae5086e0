"""One answer: from a question to the last word, shown and written down.

How its words reach whoever asked is for `live/spoken.py` (a voice socket) and `live/chat/answer.py`.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing

from agents.llm import router, tools
from agents.llm.events import Event, Failed, Finish, Started, TextDelta, ToolCall, Usage
from agents.llm.request import Message, Request
from agents.llm.tools import MAX_ROUNDS, ToolResult
from base import tracing
from base.trace import current_trace_id
from calls import parts
from live.interrupted import dropped
from live.line import Line, LineLost
from platforms.clean import clean
from platforms.events import AnswerBegan, ToolAnswered, ToolCalled, TurnSpoken
from streaming.log import Entry

logger = logging.getLogger(__name__)

STOP_SECONDS = 2.0  # for an answer that was cut short to be gone, its upstream request included


class Answer:
    """A reply. Run as a task; `stop()` it when nobody wants it any more.

    `key` is its turn's. `asked_ms`: when the words it answers ended; None: nobody asked.
    """

    feature = "voice"

    def __init__(
        self,
        line: Line,
        key: str,
        *,
        system: str = "",
        notes: str = "",
        messages: Sequence[Message] = (),
        asked_ms: int | None = None,
    ) -> None:
        self.line = line
        self.key = key
        self.n = 0
        self.start_ms = 0
        self.first_ms: int | None = None  # when the first word came
        self.last_ms = 0
        self.stream: list[tuple[int, str]] = []
        self.running_tools: dict[str, str] = {}
        self._system, self._notes = system, notes
        self._messages = list(messages)
        self._asked_ms = asked_ms
        self._model, self._fallback, self._finish = "", 0, ""
        self._error, self._retryable, self._message = "", False, ""
        self._said = False  # all of it
        self._before: Answer | None = None
        self._task: asyncio.Task | None = None

    # The life of an answer.

    def start(self, before: "Answer | None" = None) -> None:
        """Begin, once the answer before this one is gone."""
        self._before = before
        self._task = asyncio.get_running_loop().create_task(self._traced(), name=f"answer {self.key}")

    @property
    def text(self) -> str:
        return "".join(piece for _, piece in self.stream)

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def over(self) -> None:
        """Wait for its end, however long it takes."""
        if self._task:
            await asyncio.wait([self._task])

    def stop(self, why: str) -> None:
        """Cut it short: "superseded" where it is not wanted any more, "interrupted" where we have to go."""
        if self.running:
            if not self._said:
                self._fail(why, "The answer was interrupted.", retryable=True)
            self._task.cancel()

    async def gone(self) -> None:
        """Wait for the end of a stopped answer, and of the one it was still waiting for itself."""
        if self._before:
            await self._before.gone()
        if self._task:
            await asyncio.wait([self._task], timeout=STOP_SECONDS)

    async def _traced(self) -> None:
        agent = self.line.agent
        told = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.id": str(agent.agent_id),
            "gen_ai.agent.name": agent.name,
            "gen_ai.agent.version": str(agent.version or "draft"),
            "gen_ai.conversation.id": str(self.line.call.pk),
            "earshot.answer": self.key,
        }
        await tracing.inside(self._run(), f"invoke_agent {agent.name}", told)

    async def _run(self) -> None:
        if self._before:
            await self._before.gone()
            self._before = None
        self.n = self.line.take_number()
        self.start_ms = self.last_ms = self.line.ms()
        thinking = {
            "n": self.n,
            "key": self.key,
            "role": "agent",
            "state": "thinking",
            "start_ms": self.start_ms,
        }
        self._show({"type": "start-step"}, {"type": "data-turn", "id": self.key, "data": thinking})
        self.line.changed()
        try:
            await self._speak()
        except LineLost:
            self._fail("interrupted", "The answer was interrupted.", retryable=True)
        finally:
            self._close()

    async def _speak(self) -> None:
        """Say it all, whatever happens on the way."""
        try:
            await self._think()
        except LineLost:
            raise
        except Exception:
            logger.exception("answer %s of call %s broke", self.key, self.line.call.pk)
            self._fail("internal", "The agent could not answer.", retryable=False)
        await self._conclude()

    async def _conclude(self) -> None:
        """All that is to be said has been thought of."""
        self._said = True

    def _close(self) -> None:
        """Show its end and write it down. Waits for nothing: the next answer may already be asked for."""
        self.last_ms = max(self.last_ms, self.stream[-1][0] if self.stream else self.start_ms)
        ended = [{"type": "text-end", "id": self.key}] if self.stream else []
        if self._error and self._error != parts.SUPERSEDED:
            ended += self._failure()
        self._show(*ended, {"type": "finish-step"})
        if not self._leaves_something():
            self._drop()
            return
        self._write(
            TurnSpoken(
                turn=self.key,
                at=self.line.at(self.last_ms),
                role="agent",
                text=self.text,
                start_ms=self.start_ms,
                end_ms=self.last_ms,
                n=self.n,
                stream=tuple(self.stream),
                reply_ms=self._reply_ms(),
                model=self._model,
                fallback=self._fallback,
                error=self._error,
            )
        )
        self.line.changed()

    def _leaves_something(self) -> bool:
        """Whether there is a turn to write down."""
        return bool(self.stream)

    def _write(self, said: TurnSpoken) -> None:
        self.line.write(said)

    def _drop(self) -> None:
        """It came to nothing before its first word: nothing of it stays, its number included."""
        self.line.give_back(self.n)
        self.line.show(dropped(self.key, self.n))
        self.line.changed()

    def _reply_ms(self) -> int | None:
        if self._asked_ms is None or self.first_ms is None:
            return None
        return max(0, self.first_ms - self._asked_ms)

    def _fail(self, error: str, message: str, *, retryable: bool) -> None:
        self._error, self._message, self._retryable = error, message, retryable

    def _failure(self) -> list[dict]:
        data = {"type": self._error, "retryable": self._retryable, "trace_id": current_trace_id()}
        return [{"type": "data-error", "data": data}, {"type": "error", "errorText": self._message}]

    def _show(self, *pieces: dict) -> None:
        for piece in pieces:
            tracing.current().event("stream", {"stream.event_type": piece["type"]})
        self.line.show(*(Entry(piece, group=self.key) for piece in pieces))

    # Words.

    async def _say(self, text: str) -> None:
        """More words. The hot path: nothing here waits for Redis."""
        self._add(text)

    def _gap(self) -> str:
        """What keeps new words apart from those before them."""
        return " " if self.stream and not self.stream[-1][1][-1:].isspace() else ""

    def _add(self, text: str) -> None:
        text = clean(text)
        ms = self._ms()
        if self.first_ms is None:
            self.first_ms = ms
            self._show({"type": "text-start", "id": self.key})
        self.last_ms = ms
        self.stream.append((ms, text))
        self.line.delta(self.key, text)
        self.line.changed()

    def _ms(self) -> int:
        """Now, for what is said and done in this answer."""
        return self.line.ms()

    async def _think(self) -> None:
        for number in range(MAX_ROUNDS + 1):
            called = await self._ask(last=number == MAX_ROUNDS)
            if not called or self._error:
                return
            results = await self._use_all(called)
            self._messages.append(Message("assistant", tool_calls=tuple(called)))
            for call, result in zip(called, results, strict=True):
                self._messages.append(Message("tool", result.text, tool_call_id=call.id))
            if self._is_enough():
                return

    def _is_enough(self) -> bool:
        """Whether the model need not hear what its tools answered."""
        return False

    def _request(self, *, last: bool) -> Request:
        """What the models are asked. `last`: they have to speak now, without tools."""
        return self.line.agent.request(
            self.feature,
            self._messages,
            last=last,
            system=self._system,
            notes=self._notes,
            call_id=self.line.call.pk,
            trace_id=current_trace_id(),
            turn=self.key,
        )

    async def _ask(self, *, last: bool) -> list[ToolCall]:
        """Ask the models and say what they answer. Returns the tools they want used."""
        called = []
        spoken_before = bool(self.stream)
        request = self.line.digest.onto(self._request(last=last))
        async with aclosing(router.stream(request)) as events:
            async for event in events:
                self._heard(event)
                match event:
                    case TextDelta():
                        # What is said after a tool was used continues what was said before it.
                        gap = self._gap() if spoken_before else ""
                        spoken_before = False
                        await self._say(gap + event.text)
                    case Started():
                        self._began(event)
                    case ToolCall():
                        called.append(event)
                    case Usage():
                        self.line.digest.learn(request, event)
                    case Finish():
                        self._finish = event.reason
                    case Failed():
                        self._fail(event.type, event.message, retryable=event.retryable)
        return called

    def _heard(self, event: Event) -> None:
        """Anything at all from a model."""

    def _began(self, started: Started) -> None:
        self._model, self._fallback = started.model, started.fallback
        ms = self.line.ms()
        self.line.note(
            AnswerBegan(
                self.key,
                self.line.at(ms),
                str(started.attempt),
                started.provider,
                started.model,
                started.fallback,
                self.start_ms,
                self.n,
            )
        )

    # Tools.

    async def _use_all(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        """Side by side. None goes on once one of them has lost the line."""
        using = [asyncio.create_task(self._use(call)) for call in calls]
        try:
            return await asyncio.gather(*using)
        finally:
            for task in using:
                task.cancel()
            await asyncio.gather(*using, return_exceptions=True)

    async def _use(self, call: ToolCall) -> ToolResult:
        """Have one tool used: shown while it runs, written down with its result."""
        line, n = self.line, self.line.take_number()
        key, group = self._tool_key(n)
        arguments = clean(call.arguments if call.arguments is not None else {"raw": call.raw})
        began = self._ms()
        asked = {
            "type": "tool-input-available",
            "toolCallId": key,
            "toolName": call.name,
            "input": arguments,
        }
        data = {
            "n": n,
            "key": key,
            "role": "tool",
            "name": call.name,
            "input": arguments,
            "output": None,
            "state": "running",
            "start_ms": began,
            "end_ms": None,
        }
        running = {"type": "data-turn", "id": key, "data": data}
        line.show(Entry(asked, group=group), Entry(running, group=key))
        line.write(
            ToolCalled(key, line.at(began), call.name, arguments, began, n),
            shown=lambda turn: turn.tool_ok is not None,
        )
        self.running_tools[key] = call.name
        line.changed()
        result = ToolResult(False, "The caller went on before it answered.", 0)
        try:
            await self._tool_begins(key, call.name, arguments)
            result = await self._result(call)
            await self._tool_answered(key, result)
        finally:
            del self.running_tools[key]
            line.show(Entry(parts.tool_result(key, result.ok, result.text), group=group))
            ended = self._ms()
            line.write(ToolAnswered(key, line.at(ended), result.ok, result.text, ended))
            self._tool_ended(call, result)
        return result

    def _tool_key(self, n: int) -> tuple[str, str]:
        """What a tool's turn is called, and the group that its plain parts belong to."""
        return f"x{n}", f"x{n}"

    async def _tool_begins(self, key: str, name: str, arguments: dict) -> None:
        """Tell whoever asked, beside those who watch."""

    async def _tool_answered(self, key: str, result: ToolResult) -> None:
        """Likewise."""

    async def _result(self, call: ToolCall) -> ToolResult:
        result = await tools.run(self.line.tool_context(), call.name, call.arguments)
        return ToolResult(result.ok, clean(result.text), result.duration_ms)

    def _tool_ended(self, call: ToolCall, result: ToolResult) -> None:
        """Told and written down, be it cut short."""
