"""The voice socket: Retell dials it for every call of an agent and asks what to say."""

import asyncio
import logging
import re

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from agents.services import agent_by_key
from base import tracing
from live.conversation import Conversation
from live.line import LineLost
from live.process import sockets
from live.sockets import FINISH_SECONDS
from platforms.errors import Unreadable
from platforms.retell import voice

logger = logging.getLogger(__name__)

PING_SECONDS = 2.0
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
CALL_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")
# Close codes. Never 1000: Retell takes that for the agent hanging up, anything else for a line to dial again.
UNKNOWN_AGENT, TOO_LONG, TAKEN_OVER, BROKEN, RESTART = 4404, 1009, 4409, 1011, 1012


class RetellVoice(AsyncWebsocketConsumer):
    """One call's socket. The agent key in its address is all the proof there is, so it is unguessable.

    No Origin is checked: servers send none. The consumer reads frames and keeps the line alive; what they
    mean is the conversation's business.
    """

    channel_layer_alias = "none"

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.conversation: Conversation | None = None
        self._pinging: asyncio.Task | None = None
        self._closing: asyncio.Task | None = None
        self._handing: asyncio.Task | None = None
        self._deaf = False

    async def dispatch(self, message: dict) -> None:
        """As Channels does, but for closing old database connections of the thread that everybody shares: we
        have none there, and every frame of every call would wait its turn for it."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        arguments = self.scope["url_route"]["kwargs"]
        key, call_id = arguments["key"], arguments["call_id"]
        readable = KEY.fullmatch(key) and CALL_ID.fullmatch(call_id)
        agent = await agent_by_key(key) if readable else None
        if agent is None:
            await self.close(UNKNOWN_AGENT)
            return
        await self.accept()
        try:
            self.conversation = await Conversation.begin(agent, call_id, self.send, self._taken_over)
        except Exception as error:
            # Retell dials again; whoever answers then may be better off. By name only: the database quotes
            # the row it refuses, and the row is what somebody said.
            logger.error("a call of agent %s could not be taken up: %s", agent.agent_id, type(error).__name__)
            await self.close(BROKEN)
            return
        tracing.current().set({"gen_ai.conversation.id": str(self.conversation.line.call.pk)})
        self._pinging = asyncio.create_task(self._ping(), name="voice ping")
        sockets().opened(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.conversation is None or self._deaf:
            return
        try:
            await self.conversation.hear(voice.parse(text_data))
        except Unreadable as error:
            logger.warning("call %s: unreadable frame, %s", self.conversation.line.call.pk, error)
            if text_data is not None and len(text_data) > voice.MAX_FRAME:
                await self.close(TOO_LONG)
        except LineLost:
            logger.info("call %s: the line is lost", self.conversation.line.call.pk)

    async def disconnect(self, code: int) -> None:
        sockets().closed(self)
        await _ended(self._pinging)
        conversation, self.conversation = self.conversation, None
        try:
            if conversation:
                await conversation.end(over=code == voice.NORMAL_CLOSE)
        finally:
            # The call may have been taken over while it ended; after that it is not ours to lose.
            await _ended(self._closing)
            await _ended(self._handing)
        raise StopConsumer

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            try:
                await self.conversation.ping()
            except LineLost:
                return

    def hand_on(self) -> asyncio.Task:
        """This process has to go: finish what is being said, then have the platform dial again. It finds one
        that goes on where we stopped."""
        if self._handing is None:
            self._handing = asyncio.create_task(self._hand_on(self.conversation), name="voice hand-on")
        return self._handing

    async def _hand_on(self, conversation: Conversation) -> None:
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                await conversation.finish()
        except TimeoutError:
            logger.warning("call %s: its process has to go in mid-answer", conversation.line.call.pk)
        # What is said from here on, the platform tells whoever answers next.
        self._deaf = True
        await conversation.end(over=False)
        await self.close(RESTART)

    def _taken_over(self) -> None:
        """The platform has dialled again and somebody else answered: this socket is dead, known or not."""
        self._closing = asyncio.create_task(self.close(TAKEN_OVER), name="voice close")


async def _ended(task: asyncio.Task | None) -> None:
    if task:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
