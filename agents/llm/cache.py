"""Answers given before, for agents that allow it: to exactly the same question, for so long.

Only whole answers are kept, of words alone. They are encrypted, and found by a keyed hash of all that makes
up the question, workspace and version of the agent included: Redis alone tells nothing of what was said. Of a
caller who is to be forgotten nothing is left here after a day at most.
"""

import asyncio
import hashlib
import json
import logging
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.conf import settings

from agents.llm.chain import Candidate
from agents.llm.request import Request
from base import meters
from base.fields import cipher
from base.loops import per_loop
from base.shared import Away, shared

logger = logging.getLogger(__name__)

LOOKED_UP = meters.counter("model_cache", "Questions looked up among answers given before.", "outcome")

MOST_SECONDS = 86_400
MOST_BYTES = 16_384  # of one answer
MOST_ANSWERS = 500  # of one workspace
# A page shows an answer as it comes, also one that is there: in so many pieces at most, so far apart.
PIECES = 40
PIECE_SECONDS = 0.01
PIECE_CHARACTERS = 24
_KEEP = (Path(__file__).parent / "lua" / "keep.lua").read_text()


async def find(request: Request, candidate: Candidate) -> str | None:
    """The answer this model gave to the same question, if it may be given again."""
    if not request.cache_seconds:
        return None
    text = await _answers().find(request.workspace_id, digest(request, candidate))
    LOOKED_UP.labels("miss" if text is None else "hit").inc()
    return text


def keep(request: Request, candidate: Candidate, text: str) -> None:
    """Have this (whole) answer given again. Nobody waits for that."""
    if request.cache_seconds and text and len(text.encode()) <= MOST_BYTES:
        seconds = min(request.cache_seconds, MOST_SECONDS)
        _answers().keep(request.workspace_id, digest(request, candidate), text, seconds)


async def drain() -> None:
    """Wait until what was to be kept is, or could not be."""
    await _answers().drain()


def pieces(text: str) -> list[str]:
    """The words as they would come, in little time."""
    size = max(PIECE_CHARACTERS, -(-len(text) // PIECES))
    return re.findall(rf"(?s).{{1,{size}}}(?!\S)\s?|.{{1,{size}}}", text)


def digest(request: Request, candidate: Candidate) -> str:
    """The same for the same question to the same model, and for no other."""
    model = candidate.model
    question = [
        request.workspace_id,
        request.version_id,
        [candidate.provider, model.endpoint.base_url, model.name, model.options],
        request.system,
        request.notes,
        request.summary,
        [[one.role, one.text, one.tool_calls, one.tool_call_id] for one in request.messages],
        request.tools,
        request.temperature,
        request.max_tokens,
    ]
    packed = json.dumps(question, sort_keys=True, default=_plain).encode()
    secret = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b(packed, key=secret, digest_size=20).hexdigest()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else asdict(value)


class Answers:
    """Bound to one event loop."""

    def __init__(self, *, most: int = MOST_ANSWERS) -> None:
        self._shared = shared()
        self._most = most
        self._keep = self._shared.client.register_script(_KEEP)
        self._keeping: set[asyncio.Task[None]] = set()

    async def find(self, workspace_id: UUID, name: str) -> str | None:
        try:
            found = await self._shared.ask(lambda: self._shared.client.get(_key(workspace_id, name)))
        except Away:
            return None
        try:
            return cipher().decrypt(found).decode() if found else None
        except InvalidToken:
            return None  # written with a key that is no longer ours

    def keep(self, workspace_id: UUID, name: str, text: str, seconds: int) -> None:
        task = asyncio.create_task(self._store(workspace_id, name, text, seconds))
        self._keeping.add(task)
        task.add_done_callback(self._has_kept)

    async def drain(self) -> None:
        await asyncio.gather(*self._keeping, return_exceptions=True)

    def _has_kept(self, task: asyncio.Task[None]) -> None:
        self._keeping.discard(task)
        if not task.cancelled() and task.exception():
            logger.error("an answer could not be kept", exc_info=task.exception())

    async def _store(self, workspace_id: UUID, name: str, text: str, seconds: int) -> None:
        keys = [_key(workspace_id, name), _key(workspace_id, "index")]
        arguments: list[Any] = [cipher().encrypt(text.encode()), seconds, self._most]
        try:
            await self._shared.ask(lambda: self._keep(keys=keys, args=arguments))
        except Away:
            logger.info("an answer of workspace %s is not kept", workspace_id)


def _key(workspace_id: UUID, name: str) -> str:
    return f"answers:{{{workspace_id}}}:{name}"


_answers = per_loop(Answers)
