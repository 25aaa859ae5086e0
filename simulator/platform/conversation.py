"""One call as it happens: a caller with a script, a platform that takes turns, an agent on a socket."""

import asyncio
import operator
import random
import time
from collections.abc import Callable
from typing import Any

from simulator.pace import Pace, Timing
from simulator.platform import speech
from simulator.platform.answer import Answer
from simulator.platform.call import Call, readable
from simulator.platform.line import Line as Socket
from simulator.platform.webhooks import transfer
from simulator.stories import Story, render

# How often the transcript is sent while the agent speaks, in words; the caller's goes word by word.
AGENT_WORDS_PER_UPDATE = 3
REMINDER_AFTER = 10.0
REMINDERS = 2
# A word that is this late (human seconds) moves the words behind it.
LATE = 0.4
# How long it rings where a call is transferred to, and how often nobody picks up.
RINGING = 2.5
NOBODY_THERE = 1 / 6
STILL_THERE = {"en-GB": "Hello? Are you still there?", "es-ES": "¿Hola? ¿Sigue ahí?"}
SIGNS_OF_LIFE = {"response", "agent_interrupt", "tool_call_invocation", "tool_call_result"}
_is_begun, _is_over = operator.attrgetter("begun"), operator.attrgetter("over")


class Conversation:
    """Runs one story against `url` until somebody hangs up. The record is in `call`.

    `tell(event, …)` sends a webhook about the call.
    """

    def __init__(
        self,
        call: Call,
        story: Story,
        facts: dict[str, Any],
        url: str,
        pace: Pace,
        timing: Timing,
        tell: Callable[..., None],
    ) -> None:
        self.call = call
        self._tell_webhooks = tell
        self._story = story
        self._facts = facts
        self._pace = pace
        self._timing = timing
        self._chance = random.Random(f"{story.name}:{facts['account']}:voice")
        self._socket = Socket(f"{url.rstrip('/')}/{call.id}", timing, self._heard, self._back)
        self._answer = Answer(0)
        self._speaking: asyncio.Task[None] | None = None
        self._next_id = 1
        self._last_sign = time.monotonic()
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reminder_after = REMINDER_AFTER
        self._reminders = REMINDERS

    async def run(self) -> Call:
        """Hold the conversation; the finished call."""
        tasks = {
            asyncio.create_task(self._hold_line()),
            asyncio.create_task(self._live()),
        }
        for task in tasks:
            task.add_done_callback(self._failed)
        self._speak()
        reason = "error_retell"
        try:
            reason = await self._over
        except asyncio.CancelledError:
            reason = "manual_stopped"
            raise
        finally:
            self.call.finish(reason)
            await self._socket.hang_up()
            if self._speaking is not None:
                tasks.add(self._speaking)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self.call

    def stop(self, reason: str = "manual_stopped") -> None:
        """Hang up now."""
        if not self._over.done():
            self._over.set_result(reason)

    def _failed(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) and not self._over.done():
            self._over.set_exception(error)

    async def _hold_line(self) -> None:
        self.stop(await self._socket.run())

    # --- what the agent's side sends ---------------------------------------------------------------

    async def _heard(self, frame: dict[str, Any]) -> None:
        kind = frame.get("response_type", "response")
        if kind in SIGNS_OF_LIFE:
            self._last_sign = time.monotonic()
        match kind:
            case "config":
                await self._configure(frame.get("config") or {})
            case "ping_pong":
                self._heard_ping(frame)
            case "response":
                self._take(frame)
            case "agent_interrupt":
                self._take_interrupt(frame)
            case "tool_call_invocation":
                self.call.tool_invoked(
                    str(frame.get("tool_call_id")),
                    str(frame.get("name")),
                    readable(frame.get("arguments", "{}")),
                )
            case "tool_call_result":
                self.call.tool_answered(
                    str(frame.get("tool_call_id")), str(frame.get("content")), frame.get("successful")
                )
            case "update_agent":
                settings = frame.get("agent_config") or {}
                self._reminder_after = settings.get("reminder_trigger_ms", self._reminder_after * 1000) / 1000
                self._reminders = settings.get("reminder_max_count", self._reminders)
            case "metadata":
                self.call.metadata |= frame.get("metadata") or {}

    async def _configure(self, config: dict[str, Any]) -> None:
        if config.get("auto_reconnect"):
            self._socket.keep_alive()
        if config.get("call_details"):
            await self._socket.send({"interaction_type": "call_details", "call": self.call.brief()})

    def _heard_ping(self, frame: dict[str, Any]) -> None:
        self._socket.heard_ping()
        sent = frame.get("timestamp")
        if isinstance(sent, int):
            self.call.round_trips_ms.append(max(0.0, time.time() * 1000 - sent))
            del self.call.round_trips_ms[:-100]

    def _take(self, frame: dict[str, Any]) -> None:
        """A piece of an answer. Those to older questions are dropped."""
        answer = self._answer
        if frame.get("response_id") != answer.response_id or answer.cut:
            return
        if not answer.text and frame.get("content") and answer.response_id:
            self.call.first_words_ms.append((time.monotonic() - answer.asked_at) * 1000)
        answer.take(frame)

    def _take_interrupt(self, frame: dict[str, Any]) -> None:
        """The agent speaks without being asked, over whatever it was saying."""
        number = int(frame.get("interrupt_id") or 0)
        if self._answer.interrupt_id != number:
            self._cut()
            self._answer = Answer(self._answer.response_id, interrupt_id=number)
            self._speak()
        self._answer.take(frame)

    async def _back(self) -> None:
        """The line dropped and is back: what was half said is asked for again."""
        answer = self._answer
        if answer.response_id and not answer.complete and not answer.cut:
            await self._ask("response_required")

    # --- the platform's turns ------------------------------------------------------------------------

    async def _ask(self, kind: str) -> None:
        """It is the agent's turn: a newer question ends the older answer."""
        self._cut()
        if kind == "response_required":
            self._tell_webhooks("transcript_updated")
        self._answer = Answer(self._next_id)
        self._next_id += 1
        self._last_sign = time.monotonic()
        self._speak()
        await self._socket.send(
            {"interaction_type": kind, "response_id": self._answer.response_id, **self._transcripts()}
        )

    async def _tell(self, turn: str) -> None:
        await self._socket.send(
            {"interaction_type": "update_only", "turntaking": turn, **self._transcripts()}
        )

    def _transcripts(self) -> dict[str, Any]:
        return {
            "transcript": self.call.transcript(),
            "transcript_with_tool_calls": self.call.entries,
        }

    def _cut(self) -> None:
        """Stop speaking: the transcript keeps what was spoken."""
        self._answer.cut = True
        self._answer.end()
        if self._speaking is not None:
            self._speaking.cancel()
            self._speaking = None

    def _speak(self) -> None:
        self._speaking = asyncio.create_task(self._say_answer(self._answer))
        self._speaking.add_done_callback(self._failed)

    async def _say_answer(self, answer: Answer) -> None:
        """Text to speech: words go into the transcript as they are spoken."""
        utterance: dict[str, Any] | None = None
        due = 0.0
        while (word := await answer.next_word()) is not None:
            if utterance is None:
                await self._pace.sleep(0.12)
                due = self.call.clock()
                utterance = self.call.open_utterance("agent", **answer.metadata)
                if answer.response_id:
                    self.call.first_sounds_ms.append((time.monotonic() - answer.asked_at) * 1000)
                answer.begun.set()
            sound, silence = speech.seconds(word, speech.AGENT_WPM, self._chance)
            start = max(due, self.call.clock() - LATE)
            due = start + sound + silence
            self.call.add_word(utterance, word, start, start + sound)
            if answer.spoken % AGENT_WORDS_PER_UPDATE == 1:
                await self._tell("agent_turn")
            await self._until(due)
            self._last_sign = time.monotonic()
        if utterance is not None:
            self._tell_webhooks("transcript_updated")
            await self._tell("user_turn")
        if answer.end_call:
            self.stop("agent_hangup")
        elif answer.transfer_number and await self._transfer(answer.transfer_number):
            self.call.transfer_destination = answer.transfer_number
            self.stop("call_transfer")
        answer.end()

    async def _transfer(self, number: str) -> bool:
        """Put the caller through to somebody else; whether anybody picked up."""
        luck = random.Random(f"{self._story.name}:{self._facts['account']}:transfer")
        somebody = luck.random() >= NOBODY_THERE
        bridged = False
        self._tell_webhooks("transfer_started", **transfer(number))
        try:
            await self._pace.sleep(RINGING)
            bridged = somebody
        finally:
            event = "transfer_bridged" if bridged else "transfer_cancelled"
            self._tell_webhooks(event, **transfer(number))
        return bridged

    # --- the caller ----------------------------------------------------------------------------------

    async def _live(self) -> None:
        """The caller's side of the story, from hello to hanging up."""
        await self._hear_greeting()
        for line in self._story.lines:
            if line.adds_on is not None:
                await self._pace.sleep(line.adds_on)
            elif line.cuts_in is not None:
                await self._wait_until_speaking(line.cuts_in)
            else:
                if not await self._hear_out():
                    self.stop("user_hangup")
                    return
                await (self._stay_quiet(line.quiet) if line.quiet else self._pace.sleep(line.pause))
            await self._say(render(line.says, self._facts))
            await self._ask("response_required")
        if self._story.hangs_up_after is not None:
            await self._wait_until_speaking(self._story.hangs_up_after)
        else:
            await self._hear_out()
            await self._pace.sleep(0.9)
        self.stop("user_hangup")

    async def _hear_greeting(self) -> None:
        await self._socket.opened.wait()
        self._last_sign = time.monotonic()
        await self._wait_for(_is_over, self._timing.greeting)

    async def _hear_out(self) -> bool:
        """Listen until the agent has finished. Nothing comes: ask once; still nothing: False."""
        for _ in range(2):
            if await self._wait_for(_is_over, self._patience()):
                return True
            await self._say(STILL_THERE.get(self._story.language, STILL_THERE["en-GB"]))
            await self._ask("response_required")
        return await self._wait_for(_is_over, self._patience())

    async def _wait_until_speaking(self, seconds: float) -> None:
        """Let the agent speak for so long, or until it has finished by itself."""
        if not await self._wait_for(_is_begun, self._patience()) or self._answer.no_interruption:
            await self._hear_out()
            return
        answer = self._answer
        try:
            async with asyncio.timeout(seconds / self._pace.speed):
                await answer.over.wait()
        except TimeoutError:
            return

    async def _stay_quiet(self, seconds: float) -> None:
        """Say nothing; the platform asks the agent to check, and that counts as part of the silence."""
        reminders = self._reminders
        until = self.call.clock() + seconds
        while (left := until - self.call.clock()) > 0:
            await self._pace.sleep(min(left, self._reminder_after))
            if reminders and until - self.call.clock() > 1:
                reminders -= 1
                await self._ask("reminder_required")
                await self._wait_for(_is_over, self._patience())

    async def _say(self, text: str) -> None:
        """Speak, word by word. Speaking over the agent makes it stop after a word or two."""
        # An answer that was not begun waits for the caller's next silence, and is then out of date.
        if not self._answer.begun.is_set():
            self._cut()
        over_agent = not self._answer.over.is_set()
        utterance = self.call.last_spoken()
        if utterance is None or utterance["role"] != "user":
            utterance = self.call.open_utterance("user")
        due = self.call.clock()
        for number, word in enumerate(text.split()):
            sound, silence = speech.seconds(word, speech.CALLER_WPM, self._chance)
            start = max(due, self.call.clock() - LATE)
            due = start + sound + silence
            self.call.add_word(utterance, word, start, start + sound)
            await self._tell("user_turn")
            await self._until(due)
            if over_agent and number == 1:
                self._cut()

    async def _until(self, due: float) -> None:
        """Wait for a time of the call's clock: small delays do not add up over a sentence."""
        await self._pace.sleep(due - self.call.clock())

    def _patience(self) -> float:
        return max(12.0 / self._pace.speed, self._timing.patience)

    async def _wait_for(self, event_of: Callable[[Answer], asyncio.Event], seconds: float) -> bool:
        """Wait until the current answer is `begun` or `over`, whichever answer that comes to be.

        False when there was no sign of life from the agent for so many real seconds.
        """
        while True:
            answer = self._answer
            left = self._last_sign + seconds - time.monotonic()
            if left <= 0:
                return False
            try:
                async with asyncio.timeout(left):
                    await event_of(answer).wait()
            except TimeoutError:
                continue
            if answer is self._answer:
                return True
