"""The answer to the question that is likely asked next, made before it is asked.

It waits among the answers given before. Only for agents that say so, and whose answers may be given again at
all. It is paid for, asked or not.
"""

import asyncio
import logging
from contextlib import aclosing

from channels.db import database_sync_to_async

from agents.llm import router
from agents.llm.events import Failed, ToolCall
from agents.llm.request import Message, Request
from agents.llm.tools import BUILT_IN
from agents.services import RunningAgent, agent_by_id, as_it_began
from agents.variables import MEMORY, fill
from calls.models import Call
from live.chat import record

logger = logging.getLogger(__name__)

TAKES_SECONDS = 60.0
_under_way: set[asyncio.Task[None]] = set()
_messages = database_sync_to_async(
    lambda chat: record.messages_of(record.conversation(chat)), thread_sensitive=False
)


def begin(chat: Call, question: str) -> None:
    """Answer it, if the chat's agent has that done. Nobody waits for it."""
    if chat.agent and chat.agent.prefetches and chat.agent.cache_seconds:
        task = asyncio.get_running_loop().create_task(_answer(chat, question), name=f"prefetch {chat.pk}")
        _under_way.add(task)
        task.add_done_callback(_under_way.discard)


async def drain() -> None:
    """Wait until what was begun is over."""
    await asyncio.gather(*_under_way)


async def _answer(chat: Call, question: str) -> None:
    agent = await agent_by_id(chat.workspace_id, chat.agent_id)
    if agent is None:
        return
    agent = await as_it_began(agent, chat.version_id)
    request = _request(chat, agent, [*await _messages(chat), Message("user", question)])
    try:
        async with asyncio.timeout(TAKES_SECONDS), aclosing(router.stream(request)) as events:
            async for event in events:
                # What a tool does is done once it is asked for, not before.
                if isinstance(event, ToolCall | Failed):
                    return
    except TimeoutError:
        logger.info("call %s: what may be asked next could not be answered in time", chat.pk)


def _request(chat: Call, agent: RunningAgent, messages: list[Message]) -> Request:
    """To the letter what the chat will ask (live/chat/answer.py), or its answer is not found."""
    return Request(
        workspace_id=agent.workspace_id,
        feature="prefetch",
        system=fill(agent.prompt, {**agent.variables, MEMORY: ""}),
        messages=messages,
        tier=agent.tier,
        chain=agent.chain,
        tools=tuple(tool for tool in agent.tools if tool.name not in BUILT_IN),
        temperature=agent.temperature,
        agent_id=agent.agent_id,
        call_id=chat.pk,
        version_id=agent.version_id,
        cache_seconds=agent.cache_seconds,
        call_cap_usd=agent.call_cap_usd,
    )
