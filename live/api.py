"""`/api/v1/chats`: somebody's chats, their messages, and what could be asked next. Talking is `/api/chat`."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from accounts.access import Viewer
from accounts.api import access
from accounts.permissions import Permission
from agents.models import Agent
from agents.rules import form
from base.api import Listing, Money, answers, found, invalid, money, page_of, paged
from base.cursors import make_cursor, read_cursor
from calls import figures, parts
from calls.models import Call
from live import suggestions, uimessages
from live.backtest import backtest
from live.chat.asked import is_id
from live.chat.record import PLATFORM, PLATFORMS
from live.locks import leave_database

router = Router(tags=["Chats"])
backtests = Router(tags=["Agents"])
BACKTEST_S = 60  # then one whose process has died is forgotten
MOST_FIRINGS = 200  # that are told one by one


class AgentOfChat(Schema):
    id: UUID
    name: str = Field(examples=["Nora"])
    version: int | None = Field(description="Which of its versions it is with, from its beginning.")


class ChatOut(Schema):
    id: str = Field(description="The client’s own, as it was sent to `/api/chat`.")
    call: UUID = Field(description="The same conversation as a call.")
    title: str = Field(examples=["My bill for June"])
    agent: AgentOfChat | None
    started_at: datetime
    cost_usd: Money = Field(description="What the models have cost so far.")


class MessageOut(Schema):
    """An AI SDK `UIMessage`, and how it ended. A text of an answer has clean `html` beside it."""

    id: str
    role: str = Field(description="user or assistant.")
    parts: list[dict[str, Any]]
    metadata: dict[str, Any] = Field(description="`createdAt`; of an answer its model, usage and cost.")
    state: str = Field(description="done, stopped (by its reader) or failed.", examples=["done"])
    error: dict[str, Any] | None = Field(description="Of one that failed: `type` and `retryable`.")


class MessageList(Schema):
    items: list[MessageOut]
    next: str | None = Field(description="Leads to what was said before.")


class Suggestions(Schema):
    items: list[str] = Field(description="At most three questions.", examples=[["When will it arrive?"]])


@router.get(
    "/chats",
    summary="List your chats",
    auth=access(Permission.CHAT),
    response=answers(page_of(ChatOut), 400),
)
def list_chats(request: HttpRequest, asked: Query[Listing]):
    """The latest to begin first. A person’s are theirs alone; a program sees those that programs began."""
    viewer = request.viewer
    chats, following = paged(chats_of(viewer), asked, viewer.workspace_id, order="-started_at")
    return {"items": told(chats), "next": following}


@router.get(
    "/chats/{str:chat_id}/messages",
    summary="List the messages of a chat",
    auth=access(Permission.CHAT),
    response=answers(MessageList, 400, 404),
)
def list_messages(request: HttpRequest, chat_id: str, asked: Query[Listing]):
    """The latest `limit` questions with their answers, as they were said; `next` leads further back."""
    messages, following = page(chat_of(request.viewer, chat_id, PLATFORMS), asked.limit, asked.cursor)
    return MessageList(items=[MessageOut(**message) for message in messages], next=following)


@router.get(
    "/chats/{str:chat_id}/suggestions",
    summary="Suggest what to ask next",
    auth=access(Permission.CHAT),
    response=answers(Suggestions, 404),
)
async def list_suggestions(request: HttpRequest, chat_id: str):
    """Made by a model of the fast tier, once for each answer. None while there is nothing to go by."""
    chat = await sync_to_async(chat_of)(request.viewer, chat_id)
    await leave_database()
    return Suggestions(items=await suggestions.of(chat))


def chats_of(viewer: Viewer, platforms: Collection[str] = (PLATFORM,)):
    """Whoever began a chat may read it as a chat; as a call it is the workspace's."""
    chats = Call.objects.for_workspace(viewer.workspace_id).select_related("agent", "version")
    return chats.filter(channel=Call.Channel.CHAT, platform__in=platforms, opened_by_id=viewer.user_id)


def chat_of(viewer: Viewer, chat_id: str, platforms: Collection[str] = (PLATFORM,)) -> Call:
    """Raises Http404."""
    chat = chats_of(viewer, platforms).filter(platform_call_id=chat_id).first() if is_id(chat_id) else None
    if chat is None:
        raise Http404("no such chat")
    return chat


def told(chats: list[Call]) -> list[ChatOut]:
    costs = figures.model_costs_of([chat.pk for chat in chats])
    return [_out(chat, costs.get(chat.pk, Decimal(0))) for chat in chats]


def _out(chat: Call, cost: Decimal) -> ChatOut:
    version = chat.version.number if chat.version else None
    agent = AgentOfChat(id=chat.agent_id, name=chat.agent.name, version=version) if chat.agent else None
    return ChatOut(
        id=chat.platform_call_id,
        call=chat.pk,
        title=chat.title,
        agent=agent,
        started_at=chat.started_at,
        cost_usd=money(cost),
    )


def page(chat: Call, limit: int, cursor: str = "") -> tuple[list[dict], str | None]:
    """The last `limit` rounds before the cursor as messages, and the cursor of those before them or None."""
    scope = f"messages:{chat.pk}"
    rounds = uimessages.rounds(chat)
    if cursor:
        try:
            edge, _ = read_cursor(cursor, scope)
        except BadRequest as error:
            raise invalid({"cursor": "it is not one of this list"}) from error
        at = next((n for n, each in enumerate(rounds) if each[0].pk == edge), 0)
        rounds = rounds[:at]
    chosen = rounds[-limit:]
    more = len(rounds) > len(chosen)
    following = make_cursor(chosen[0][0].pk, "older", scope) if more else None
    return uimessages.messages(chat, chosen), following


class CallOfFiring(Schema):
    id: UUID
    who: str = Field(description="Masked.", examples=["+44 77•• ••• 142"])
    started_at: datetime
    duration_ms: int


class FiringOut(Schema):
    rule: str = Field(examples=["r1"])
    name: str = Field(examples=["Asked for a person"])
    at_ms: int = Field(description="Since the call began.")
    turn: str | None = Field(description="The key of the turn or tool it would have been for.")
    call: CallOfFiring


class BacktestOut(Schema):
    calls: int = Field(description="How many there were to look at.")
    fired_on: int = Field(description="On how many of them at least one rule would have fired.")
    items: list[FiringOut] = Field(description="The newest call first; 200 at most.")


class Backtested(Schema):
    rules: list[dict[str, Any]] = Field(max_length=form.MOST_RULES, description="As a version keeps them.")
    last: int = Field(100, strict=True, ge=1, le=500, description="Of the agent’s calls that have ended.")


@backtests.post(
    "/agents/{uuid:agent_id}/backtest",
    summary="Try rules on past calls",
    auth=access(Permission.EDIT_AGENTS),
    response=answers(BacktestOut, 400, 404, 429),
)
def backtest_rules(request: HttpRequest, agent_id: UUID, asked: Backtested):
    """On which of the last calls they would have fired, and when: what live calls are followed by, over the
    record. Nothing is written down. One at a time in a workspace, for ten seconds at most, so `calls` may
    be fewer than were asked for."""
    agent = found(request, Agent, agent_id)
    if wrong := form.faults(asked.rules):
        raise invalid({fault.field: fault.message for fault in wrong})
    looking = f"backtest:{agent.workspace_id}"
    if not cache.add(looking, 1, timeout=BACKTEST_S):
        raise HttpError(429, "rules are being tried already")
    try:
        tried = backtest(agent.workspace_id, agent.pk, asked.rules, asked.last)
    finally:
        cache.delete(looking)
    return BacktestOut(
        calls=tried.calls,
        fired_on=len({call.pk for call, _ in tried.fired}),
        items=[
            FiringOut(
                rule=firing.rule.id,
                name=firing.rule.name,
                at_ms=firing.at_ms,
                turn=firing.about or None,
                call=CallOfFiring(
                    id=call.pk,
                    who=parts.who(call),
                    started_at=call.started_at,
                    duration_ms=call.duration_ms or 0,
                ),
            )
            for call, firing in tried.fired[:MOST_FIRINGS]
        ],
    )
