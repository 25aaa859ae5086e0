"""One answer: from a question of the platform to the last word, said, shown and written down."""

import asyncio
import logging
import re
from collections.abc import Sequence
from contextlib import aclosing

from agents.llm import router, tools
from agents.llm.events import Failed, Started, TextDelta, ToolCall
from agents.llm.request import Message, Request
from agents.llm.tools import BUILT_IN, ToolResult
from base.trace import current_trace_id
from calls import parts
from live.interrupted import dropped
from live.line import Line, LineLost
from live.messages import Used
from live.wording import apology
from platforms.clean import clean
from platforms.events import AnswerBegan, ToolAnswered, ToolCalled, TurnSpoken
from platforms.retell import voice
from streaming.log import Entry

logger = logging.getLogger(__name__)

MAX_ROUNDS = 6  # times the tools' results go back to the model before it has to speak
STOP_SECONDS = 2.0  # for an answer that was cut short to be gone, its upstream request included
NUMBER = re.compile(r"\+\d{7,15}")


class Answer:
    """A reply to one response id. Run as a task; `stop()` it when nobody wants it any more."""

    def __init__(
        self,
        line: Line,
        response_id: int,
        *,
        system: str = "",
        messages: Sequence[Message] = (),
        used: list[Used] | None = None,
        after: int = 0,
        asked_ms: int | None = None,
    ) -> None:
        self.line = line
        self.response_id = response_id
        self.key = f"r{response_id}"
        self.n = 0
        self.start_ms = 0
        self.first_ms: int | None = None  # when the first word came
        self.last_ms = 0
        self.stream: list[tuple[int, str]] = []
        self.running_tools: dict[str, str] = {}
        self._system = system
        self._messages = list(messages)
        self._used = used if used is not None else []  # the call's tools, added to
        self._after = after  # how many utterances of the caller there were
        self._asked_ms = asked_ms  # when the caller's words ended; None: nobody asked
        self._model, self._fallback = "", 0
        self._error, self._retryable, self._message = "", False, ""
        self._end_call, self._transfer_number = False, ""
        self._unsent = ""  # words that go out with the last frame
        self._said = False  # all of it
        self._before: Answer | None = None
        self._task: asyncio.Task | None = None

    # The life of an answer.

    def start(self, before: "Answer | None") -> None:
        """Begin, once the answer before this one is gone."""
        self._before = before
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"answer {self.key}")

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
        """Cut it short: "superseded" by a newer question, or "interrupted" by the end of its socket."""
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
        """Say it all, and end with exactly one complete frame, whatever happens on the way."""
        try:
            await self._think()
        except LineLost:
            raise
        except Exception:
            logger.exception("answer %s of call %s broke", self.key, self.line.call.pk)
            self._fail("internal", "The agent could not answer.", retryable=False)
        if self._error:
            await self._say(self._gap() + apology(self.line.agent.language))
        self._said = True
        await self.line.send(
            voice.response(
                self.response_id,
                self._unsent,
                complete=True,
                end_call=self._end_call,
                transfer_number=self._transfer_number,
            )
        )

    def _close(self) -> None:
        """Show its end and write it down. Waits for nothing: the next answer may already be asked for."""
        self.last_ms = max(self.last_ms, self.stream[-1][0] if self.stream else self.start_ms)
        ended = [{"type": "text-end", "id": self.key}] if self.stream else []
        if self._error and self._error != parts.SUPERSEDED:
            ended += self._failure()
        self._show(*ended, {"type": "finish-step"})
        if not self.stream:
            self._drop()
            return
        self.line.write(
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
        self.line.show(*(Entry(piece, group=self.key) for piece in pieces))

    # Words.

    async def _say(self, text: str) -> None:
        """More words: shown and sent at the same moment. The hot path: nothing here waits for Redis."""
        self._add(text)
        await self.line.send(voice.response(self.response_id, self.stream[-1][1], complete=False))

    def _gap(self) -> str:
        """What keeps new words apart from those before them."""
        return " " if self.stream and not self.stream[-1][1][-1:].isspace() else ""

    def _add(self, text: str) -> None:
        text = clean(text)
        ms = self.line.ms()
        if self.first_ms is None:
            self.first_ms = ms
            self._show({"type": "text-start", "id": self.key})
        self.last_ms = ms
        self.stream.append((ms, text))
        self.line.delta(self.key, text)
        self.line.changed()

    async def _think(self) -> None:
        for number in range(MAX_ROUNDS + 1):
            called = await self._ask(last=number == MAX_ROUNDS)
            if not called or self._error:
                return
            results = await self._use_all(called)
            self._messages.append(Message("assistant", tool_calls=tuple(called)))
            for call, result in zip(called, results, strict=True):
                self._messages.append(Message("tool", result.text, tool_call_id=call.id))
            if self._end_call or self._transfer_number:
                return

    async def _ask(self, *, last: bool) -> list[ToolCall]:
        """Ask the models and say what they answer. Returns the tools they want used."""
        agent = self.line.agent
        request = Request(
            workspace_id=agent.workspace_id,
            feature="voice",
            system=self._system,
            messages=self._messages,
            tier=agent.tier,
            tools=() if last else agent.tools,
            temperature=agent.temperature,
            agent_id=agent.agent_id,
            call_id=self.line.call.pk,
            trace_id=current_trace_id(),
        )
        called = []
        spoken_before = bool(self.stream)
        async with aclosing(router.stream(request)) as events:
            async for event in events:
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
                    case Failed():
                        self._fail(event.type, event.message, retryable=event.retryable)
        return called

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
        """Have one tool used: shown while it runs, told to the platform, written down with its result."""
        line, n = self.line, self.line.take_number()
        key = f"x{n}"
        arguments = clean(call.arguments if call.arguments is not None else {"raw": call.raw})
        began = line.ms()
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
        line.show(Entry(asked, group=key), Entry(running, group=key))
        line.write(
            ToolCalled(key, line.at(began), call.name, arguments, began, n),
            shown=lambda turn: turn.tool_ok is not None,
        )
        self.running_tools[key] = call.name
        line.changed()
        result = ToolResult(False, "The caller went on before it answered.", 0)
        try:
            await line.send(voice.tool_call_invocation(key, call.name, arguments))
            result = await self._result(call)
            await line.send(voice.tool_call_result(key, result.text, ok=result.ok))
        finally:
            del self.running_tools[key]
            self._used.append(Used(self._after, call, result.text))
            line.show(Entry(parts.tool_result(key, result.ok, result.text), group=key))
            ended = line.ms()
            line.write(ToolAnswered(key, line.at(ended), result.ok, result.text, ended))
        return result

    async def _result(self, call: ToolCall) -> ToolResult:
        if call.name not in BUILT_IN:
            result = await tools.run(self.line.tool_context(), call.name, call.arguments)
            return ToolResult(result.ok, clean(result.text), result.duration_ms)
        arguments = call.arguments or {}
        if call.name == "transfer_call":
            number = self._transfer_to(arguments.get("number"))
            if not number:
                return ToolResult(False, "No number to hand over to is set.", 0)
            self._transfer_number = number
            told = "The caller is put through once this is spoken."
        else:
            self._end_call = True
            told = "The call ends once this is spoken."
        message = arguments.get("message")
        if isinstance(message, str) and message.strip() and not self.stream:
            await self._say(message)
        return ToolResult(True, told, 0)

    def _transfer_to(self, wanted: object) -> str:
        """A number the agent's prompt names. Never another: callers may talk a model into anything."""
        allowed = NUMBER.findall(self.line.agent.prompt)
        if wanted in allowed:
            return str(wanted)
        return allowed[0] if allowed and not wanted else ""


class Greeting(Answer):
    """The first words, which nobody asked for: one frame, as the platform waits for it."""

    def __init__(self, line: Line, text: str) -> None:
        super().__init__(line, voice.GREETING)
        self._unsent = text

    async def _think(self) -> None:
        self._add(self._unsent)
