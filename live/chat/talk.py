"""One answer under way in this process: it outlives the request that asked for it.

Whoever reads it, reads the call's topic (live/chat/tail.py). A lease says that somebody is at work, and on
what; while it is held nobody else answers in this chat. It is given back once the answer is in the record,
and only then are readers told that it is over: who asks on at once finds the chat free.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from contextvars import copy_context

import orjson
from asgiref.sync import SyncToAsync

from agents.llm.router import Plan
from agents.services import RunningAgent
from calls import board, parts
from calls.models import Call
from live.chat.answer import ChatAnswer
from live.chat.record import Question
from live.line import Line, LineLost
from live.playground.answer import PlaygroundAnswer
from live.process import leases, sockets, writer
from live.sockets import FINISH_SECONDS
from streaming.follow import follow
from streaming.hub import Away
from streaming.log import Entry

logger = logging.getLogger(__name__)

END_SECONDS = 10.0  # for the last facts to be written
LISTEN_SECONDS, AGAIN_SECONDS = 30.0, 1.0
STOP = "data-stop"  # in the call's topic: somebody wants this answer no more
_STOP = b'{"type":"data-stop",'


async def _nobody(frame: str) -> None:
    """There is no platform to send anything to."""
    raise LineLost


async def ask_to_stop(call: Call, key: str) -> None:
    """Have the answer `key` stopped, whichever process makes it. Raises RedisError."""
    await writer().log.append(parts.topic(call), [Entry({"type": STOP, "data": {"answer": key}})])


class Talk:
    """Made by whoever holds the chat's lease; it gives it back in the end."""

    def __init__(
        self,
        agent: RunningAgent,
        question: Question,
        key: str,
        lease: str,
        *,
        plan: Plan,
        tier: str,
        chain: Sequence[str],
        provider: str,
        anew: bool,
    ) -> None:
        call = question.call
        self.line = Line(agent, call.platform, call, question.turns, _nobody, question.digest)
        self.line.now = self._now
        self.answer = (ChatAnswer if call.is_real else PlaygroundAnswer)(
            self.line,
            key,
            messages=question.messages,
            asked_ms=question.asked_ms,
            tier=tier,
            chain=chain,
            provider=provider,
            anew=anew,
            tiers={(one.provider, one.model.name): one.tier for one in plan.models},
        )
        self._question = question
        self._lease = lease
        self._task: asyncio.Task | None = None
        self._leaving: asyncio.Task | None = None

    def start(self) -> None:
        line, question = self.line, self._question
        if question.reopened:
            line.writer.renew(line.topic)
        line.show_call()
        line.show(*map(parts.turn_entry, question.changed))
        line.changed()
        # Django runs what is bound to a request on that request's thread, which ends with it.
        context = copy_context()
        context.run(SyncToAsync.thread_sensitive_context.set, None)
        context.run(self.answer.start)
        self._task = asyncio.get_running_loop().create_task(
            self._run(), name=f"chat {line.call.pk}", context=context
        )
        sockets().opened(self)

    def lost(self) -> None:
        """The lease is somebody else's: we were taken for dead."""
        self.answer.stop("interrupted")

    def hand_on(self) -> asyncio.Task:
        """This process has to go: the answer is finished, if that does not take long."""
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._leave(), name="chat hand-on")
        return self._leaving

    async def _leave(self) -> None:
        _, late = await asyncio.wait([self._task], timeout=FINISH_SECONDS)
        if late:
            logger.warning("call %s: its process has to go in mid-answer", self.line.call.pk)
            self.answer.stop("interrupted")
            await asyncio.wait(late, timeout=END_SECONDS)

    async def _run(self) -> None:
        listening = asyncio.create_task(self._listen(), name="chat stop")
        try:
            await self.answer.over()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await self._end()

    async def _listen(self) -> None:
        """Stop the answer when somebody says so."""
        while True:
            try:
                async with aclosing(follow(self.line.topic, pause=LISTEN_SECONDS)) as topic:
                    async for heard in topic:
                        for item in heard.items:
                            if item.data.startswith(_STOP) and self._is_meant(item.data):
                                self.answer.stop(parts.SUPERSEDED)
            except (Away, TimeoutError) as error:
                # Whoever stops it meanwhile is heard later: the topic keeps what they say.
                logger.warning("call %s: its answer cannot be stopped now: %s", self.line.call.pk, error)
            except Exception:
                logger.exception("call %s: its answer cannot be stopped now", self.line.call.pk)
            await asyncio.sleep(AGAIN_SECONDS)

    def _is_meant(self, data: bytes) -> bool:
        return orjson.loads(data)["data"].get("answer") == self.answer.key

    async def _end(self) -> None:
        line = self.line
        try:
            await line.close(END_SECONDS)
        finally:
            await leases().release(line.call.pk, self._lease)
            sockets().closed(self)
        line.show(*self.answer.last_words())
        await line.writer.flush(line.topic, END_SECONDS)

    def _now(self) -> board.Now:
        """What is going on and not in the record yet."""
        line, answer = self.line, self.answer
        last_at = line.at(max(answer.last_ms, self._question.asked_ms))
        tool = next(iter(answer.running_tools.values()), "")
        if answer.stream and answer.key not in line.turns:
            return board.Now(last_at, "agent", answer.text, True, answer.stream[0][0], answer.last_ms, tool)
        return board.Now(last_at, tool=tool)
