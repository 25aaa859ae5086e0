"""`/api/chat`: what AI SDK clients (`useChat`) ask of us. docs/chat.md tells its users."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from typing import TypeVar

from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Viewer
from accounts.decorators import requires
from accounts.permissions import Permission
from agents.llm import router
from agents.llm.router import Plan
from agents.services import RunningAgent, agent_by_id, as_it_began
from base import limits
from base.errors import json_error
from base.trace import current_trace_id
from calls.models import Call
from live.chat import readers, record, tail, talk
from live.chat.asked import Asked, Invalid, asked, is_id
from live.chat.record import Conflict, Finished, Question
from live.interrupted import end_left_open
from live.leases import AWAY
from live.locks import leave_database
from live.playground import chats
from live.process import leases
from streaming.leases import Lease

logger = logging.getLogger(__name__)

T = TypeVar("T")

HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "X-Vercel-AI-UI-Message-Stream": "v1",
}
TRIES = 3  # to hold a chat that somebody lets go of while we look
# Whoever stops an answer hears of it within the sum of the first two, however Redis fares.
STOP_WITHIN_SECONDS, STOP_SECONDS, STOP_LOOK_SECONDS = 2.5, 2.0, 0.02
# Answers that are asked for, until they have begun.
_beginning: set[asyncio.Task[AsyncGenerator[bytes, None]]] = set()


def in_a_thread(work):
    return database_sync_to_async(work, thread_sensitive=False)


class Refused(Exception):
    """No answer to this. As `base.errors.json_error` takes it."""

    def __init__(self, status: int, code: str = "", message: str = "", details: list | None = None) -> None:
        super().__init__(message)
        self.response = json_error(status, code, message, details)


def invalid(faults: Mapping[str, str]) -> Refused:
    details = [{"field": field, "problem": problem} for field, problem in faults.items()]
    what = "; ".join(f"{field}: {problem}" for field, problem in faults.items())
    return Refused(400, "invalid_request", f"This request can’t be answered. {what}.", details)


# Of a program's request, the workspace is read when it is asked for.
_plan_of = database_sync_to_async(lambda request: request.workspace.plan, thread_sensitive=False)


@require_POST
@requires(Permission.CHAT)
async def chat(request: HttpRequest) -> HttpResponseBase:
    """`POST /api/chat`: the answer to the newest message, as a UI message stream."""
    taken = None
    try:
        wanted = _read(request)
        viewer = request.viewer
        taken = await limits.take(viewer.workspace_id, viewer.actor_id, await _plan_of(request))
        if not taken.ok:
            raise Refused(429, "rate_limited", f"Too many messages. Try again in {taken.retry_after_s} s.")
        response = await _answered(request.viewer, wanted)
    except Refused as refusal:
        response = refusal.response
    for name, value in (taken.headers() if taken else {}).items():
        response[name] = value
    return response


@require_GET
@requires(Permission.CHAT)
async def stream(request: HttpRequest, chat_id: str) -> HttpResponseBase:
    """`GET /api/chat/<id>/stream`: the answer under way, from its beginning; 204 if there is none."""
    try:
        call = await _find(request.viewer, chat_id)
        about = await _asked(leases().about(call.pk))
        if about is None:
            return HttpResponse(status=204)
        told = tail.tail(call, about.partition(" ")[0])
        return await _streaming(told, call, request.viewer, await _lease(request.viewer))
    except Refused as refusal:
        return refusal.response


@require_POST
@requires(Permission.CHAT)
async def stop(request: HttpRequest, chat_id: str) -> HttpResponse:
    """`POST /api/chat/<id>/stop`: `{"stopped": whether there was an answer under way}`."""
    try:
        call = await _find(request.viewer, chat_id)
        about = await _asked(_ask_to_stop(call))
        if about is not None:
            await _let_go(call, about)
    except Refused as refusal:
        return refusal.response
    return JsonResponse({"stopped": about is not None})


async def _ask_to_stop(call: Call) -> str | None:
    """What is under way and shall be no more. Raises what AWAY lists."""
    async with asyncio.timeout(STOP_WITHIN_SECONDS):
        about = await leases().about(call.pk)
        if about is not None:
            await talk.ask_to_stop(call, about.partition(" ")[0])
        return about


async def _let_go(call: Call, about: str) -> None:
    """Wait for the chat to be free, for whoever stops an answer to ask something else."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            while True:
                if await _asked(leases().about(call.pk)) != about:
                    return
                await asyncio.sleep(STOP_LOOK_SECONDS)
    except TimeoutError:
        logger.warning("call %s: its answer has not stopped yet", call.pk)


def _read(request: HttpRequest) -> Asked:
    try:
        return asked(request.body)
    except Invalid as error:
        raise invalid(error.faults) from None


async def _asked(redis: Awaitable[T]) -> T:
    """What Redis answers. Without it nobody knows who is answering."""
    try:
        return await redis
    except AWAY as error:
        logger.warning("nobody can say who is answering in a chat: %s", type(error).__name__)
        refusal = Refused(503, "unavailable", "Chats are away for a moment. Try again.")
        refusal.response["Retry-After"] = "2"
        raise refusal from None


async def _find(viewer: Viewer, chat_id: str) -> Call:
    call = await in_a_thread(record.find)(viewer.workspace_id, chat_id) if is_id(chat_id) else None
    if call is None:
        raise Refused(404, message="There is no such chat.")
    return _theirs(viewer, call)


def _theirs(viewer: Viewer, call: Call) -> Call:
    """A chat that a person began is theirs alone: colleagues watch it as a call, and programs stay out."""
    if call.opened_by_id not in (None, viewer.user_id):
        raise Refused(403, "forbidden", "Somebody else is having this chat.")
    return call


# The newest message, and what becomes of it.


async def _lease(viewer: Viewer) -> Lease:
    lease = await readers.take(viewer)
    if lease is None:
        refusal = Refused(429, "too_many_streams", "You have too many streams open. Try again later.")
        refusal.response["Retry-After"] = "10"
        raise refusal
    return lease


async def _answered(viewer: Viewer, wanted: Asked) -> HttpResponseBase:
    lease = await _lease(viewer)
    try:
        call, plan, told = await _begun(viewer, wanted)
    except BaseException:
        await readers.give_back(lease)
        raise
    return await _streaming(told, call, viewer, lease, plan)


async def _begun(viewer: Viewer, wanted: Asked) -> tuple[Call, Plan, AsyncGenerator[bytes, None]]:
    call = await in_a_thread(record.find)(viewer.workspace_id, wanted.chat_id)
    if call:
        _theirs(viewer, call)
    agent = await _agent(viewer, wanted, call)
    tier = wanted.tier or agent.tier
    plan = await router.plan(
        viewer.workspace_id, tier, wanted.provider, _chain(wanted, agent), agent_id=agent.agent_id
    )
    if call is None:
        if wanted.message is None:
            raise invalid({"messages": "there is no message of the user"})
        if not plan.available:
            raise _unavailable()
        opened = in_a_thread(record.open_chat)
        # Somebody may have been quicker to begin a chat of this name.
        try:
            call = _theirs(viewer, await opened(agent, wanted, viewer.user_id, current_trace_id()))
        except Conflict as conflict:
            raise Refused(409, "conflict", str(conflict)) from None
    # Whoever leaves now has asked all the same: a question that is written down gets its answer.
    beginning = asyncio.create_task(_told(wanted, call, agent, plan, tier), name=f"chat {call.pk} begins")
    _beginning.add(beginning)
    beginning.add_done_callback(_beginning.discard)
    return call, plan, await asyncio.shield(beginning)


async def _told(
    wanted: Asked, call: Call, agent: RunningAgent, plan: Plan, tier: str
) -> AsyncGenerator[bytes, None]:
    """The answer, begun, joined or found."""
    key = f"msg_{secrets.token_hex(12)}"
    message_id = wanted.message.id if wanted.message else ""
    for _ in range(TRIES):
        held = _Held(call)
        if await held.claim(f"{key} {message_id}"):
            return await held.answer(wanted, agent, key, plan=plan, tier=tier)
        about = await _asked(leases().about(call.pk))
        if about is not None:
            running, _, answers = about.partition(" ")
            if wanted.regenerates or wanted.about or not message_id or answers != message_id:
                break
            return tail.tail(call, running)
    raise _running()


def _running() -> Refused:
    return Refused(409, "answer_running", "The last message is still being answered.")


async def _agent(viewer: Viewer, wanted: Asked, call: Call | None) -> RunningAgent:
    known = call.agent_id if call else None
    if known and wanted.agent_id and wanted.agent_id != known:
        raise invalid({"agentId": "this chat is with another agent"})
    agent_id = known or wanted.agent_id
    if agent_id is None:
        raise invalid({"agentId": "say which agent is to answer"})
    if call and not call.is_real:
        return await _played(viewer, call)
    agent = await agent_by_id(viewer.workspace_id, agent_id)
    if agent is None:
        raise Refused(404, message="There is no such agent, or nothing of it is published.")
    return await as_it_began(agent, call.version_id if call else None)


async def _played(viewer: Viewer, call: Call) -> RunningAgent:
    if not viewer.may(Permission.EDIT_AGENTS):
        raise Refused(403, "forbidden", "You may not try agents out any more.")
    agent = await in_a_thread(chats.agent_of)(call)
    if agent is None:
        raise Refused(404, message="The agent is not there any more.")
    return agent


def _chain(wanted: Asked, agent: RunningAgent) -> Sequence[str]:
    """The agent's own, unless the client says itself whom it would rather have."""
    return () if wanted.tier or wanted.provider else agent.chain


def _unavailable() -> Refused:
    return Refused(503, "all_models_unavailable", "No model is available right now. Try again later.")


class _Held:
    """A chat while this process holds it, from the claim to the moment its talk takes over."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._talk: talk.Talk | None = None
        self._lease = ""
        self._is_lost = False

    async def claim(self, about: str) -> bool:
        lease = await _asked(leases().claim(self._call.pk, self._lost, about))
        self._lease = lease or ""
        return lease is not None

    def _lost(self) -> None:
        self._is_lost = True
        if self._talk:
            self._talk.lost()

    async def answer(
        self, wanted: Asked, agent: RunningAgent, key: str, *, plan: Plan, tier: str
    ) -> AsyncGenerator[bytes, None]:
        try:
            found = await self._ask(wanted, agent, plan)
            if self._is_lost:
                raise _running()
            if isinstance(found, Question):
                begun = talk.Talk(
                    agent,
                    found,
                    key,
                    self._lease,
                    plan=plan,
                    tier=tier,
                    chain=_chain(wanted, agent),
                    provider=wanted.provider,
                    anew=wanted.regenerates,
                )
                begun.start()
                self._talk = begun  # which gives the lease back from here on
        finally:
            if self._talk is None:
                await leases().release(self._call.pk, self._lease)
        if isinstance(found, Finished):
            return tail.replay(found.turn.key, found)
        return tail.tail(self._call, key)

    async def _ask(self, wanted: Asked, agent: RunningAgent, plan: Plan) -> Question | Finished:
        try:
            if await in_a_thread(record.is_left_open)(self._call.pk):
                await end_left_open(self._call)
            return await in_a_thread(record.ask)(self._call.pk, wanted, agent, plan.available)
        except Conflict as conflict:
            raise Refused(409, "conflict", str(conflict)) from None
        except record.Unavailable:
            raise _unavailable() from None


async def _streaming(
    told: AsyncGenerator[bytes, None], call: Call, viewer: Viewer, lease: Lease, plan: Plan | None = None
) -> StreamingHttpResponse:
    await leave_database()
    headers = HEADERS | {"X-Conversation-Id": str(call.pk)}
    if plan and plan.asked:
        first, *others = plan.asked
        headers |= {"X-Model-Name": _plain(first.model.name), "X-Model-Tier": first.tier}
        headers["X-Fallback-Chain"] = _plain(", ".join(one.model.name for one in others))
    reading = readers.read(told, viewer, lease)
    return StreamingHttpResponse(reading, content_type="text/event-stream", headers=headers)


def _plain(text: str) -> str:
    """What a header may hold."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
