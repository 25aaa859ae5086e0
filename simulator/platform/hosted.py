"""A call whose agent is a model of the platform's own: nobody outside hears it, webhooks tell of it."""

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

from simulator.pace import Pace
from simulator.platform import speech
from simulator.platform.call import Call
from simulator.stories import Line, Story, Use, render

# Human seconds until the model's first word, and of those the share the model itself takes.
THINKS = (0.6, 1.3)
MODELS_SHARE = 0.6
PROMPT_TOKENS = 1_100


class Hosted:
    """Plays both sides of a story, at the pace people speak. `tell(event)` sends a webhook about the call."""

    def __init__(
        self, call: Call, story: Story, facts: dict[str, Any], pace: Pace, tell: Callable[..., None]
    ) -> None:
        self.call = call
        self._story = story
        self._facts = facts
        self._pace = pace
        self._tell = tell
        self._chance = random.Random(f"{story.name}:{facts['account']}:hosted")
        self._answers = 0
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def run(self) -> Call:
        """Hold the conversation; the finished call."""
        playing = asyncio.create_task(self._play())
        playing.add_done_callback(self._played)
        reason = "error_retell"
        try:
            reason = await self._over
        except asyncio.CancelledError:
            reason = "manual_stopped"
            raise
        finally:
            self.call.finish(reason)
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
        return self.call

    def stop(self, reason: str = "manual_stopped") -> None:
        """Hang up now."""
        if not self._over.done():
            self._over.set_result(reason)

    def _played(self, task: asyncio.Task[str]) -> None:
        if task.cancelled() or self._over.done():
            return
        if error := task.exception():
            self._over.set_exception(error)
        else:
            self._over.set_result(task.result())

    async def _play(self) -> str:
        """The story from hello to hanging up; why it is over."""
        if self._story.opening:
            await self._answer(self._story.opening)
        lines = self._story.lines
        cuts: list[float | None] = [*(line.cuts_in for line in lines[1:]), self._story.hangs_up_after]
        for line, cut_after in zip(lines, cuts, strict=True):
            if line.cuts_in is None:
                await self._pace.sleep(line.pause)
            await self._say("user", line.says, speech.CALLER_WPM)
            await self._respond(line, cut_after)
            if line.then == "end_call":
                return "agent_hangup"
        if self._story.hangs_up_after is None:
            await self._pace.sleep(0.9)
        return "user_hangup"

    async def _respond(self, line: Line, cut_after: float | None) -> None:
        if line.before:
            await self._answer(line.before)
        for use in line.tools:
            await self._use(use)
        await self._answer(line.answer, cut_after)

    async def _answer(self, text: str, cut_after: float | None = None) -> None:
        """The agent thinks and speaks, until the caller cuts in after so many seconds."""
        if self._answers:
            seconds = self._chance.uniform(*THINKS)
            await self._pace.sleep(seconds)
            self.call.first_words_ms.append(seconds * 1000 * MODELS_SHARE)
            self.call.first_sounds_ms.append(seconds * 1000)
        said = sum(len(entry.get("content", "")) for entry in self.call.entries)
        self.call.tokens.append(PROMPT_TOKENS + said // 4)
        await self._say("agent", text, speech.AGENT_WPM, cut_after, response_id=self._answers)
        self._answers += 1

    async def _say(
        self, role: str, text: str, wpm: int, cut_after: float | None = None, **metadata: Any
    ) -> None:
        utterance = self.call.open_utterance(role, **metadata)
        due = began = self.call.clock()
        for word in render(text, self._facts).split():
            if cut_after is not None and due - began > cut_after:
                break
            sound, silence = speech.seconds(word, wpm, self._chance)
            self.call.add_word(utterance, word, due, due + sound)
            due += sound + silence
            await self._pace.sleep(due - self.call.clock())
        self._tell("transcript_updated")

    async def _use(self, use: Use) -> None:
        tool_call_id = f"tool_call_{self._chance.getrandbits(40):010x}"
        arguments = json.dumps(render(use.arguments, self._facts), ensure_ascii=False)
        self.call.tool_invoked(tool_call_id, use.name, arguments)
        await self._pace.sleep(use.seconds)
        result = json.dumps(render(use.result, self._facts), ensure_ascii=False)
        self.call.tool_answered(tool_call_id, result, use.status == 200)
