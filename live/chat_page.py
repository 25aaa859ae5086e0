"""The chat page: an operator talks to an agent as its callers do."""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from agents.models import Agent, LanguageModel, Tier
from base.api import Listing, paged
from calls.page import plain
from calls.wording import usd
from live import api, notices
from live.chat.asked import LONGEST_TEXT

ROUNDS = 20  # that a page is drawn with
CHATS = 30
BLANK = {
    "user": {"role": "user", "id": "", "at": None},
    "assistant": {"role": "assistant", "id": "", "at": None, "state": "streaming", "first_ms": None},
    "tool": {"state": "running", "icon": "clock", "status": "Running", "result": "running"},
    "row": {"id": "", "at": None},
}
TOOL_STATES = {
    "output-available": ("ok", "check", "OK"),
    "output-error": ("failed", "alert", "Failed"),
    "input-available": ("running", "clock", "Running"),
}


@require_GET
@requires(Permission.CHAT)
def chat(request: HttpRequest, chat_id: str = "") -> HttpResponse:
    """A new chat, or one of the reader's own."""
    found = api.chat_of(request.viewer, chat_id) if chat_id else None
    messages, older = api.page(found, ROUNDS) if found else ([], None)
    chats, newest = api.chats_of(request.viewer), Listing(limit=CHATS, cursor="")
    listed, following = paged(chats, newest, request.viewer.workspace_id, order="-started_at")
    agents = _agents(request)
    agent_id = str(found.agent_id) if found else request.GET.get("agent", "")
    out = api.told([found])[0] if found else None
    context = {
        "section": "chat",
        "chat": chat_id,
        "title": out.title if out else "",
        "agent_name": out.agent.name if out and out.agent else "Agent",
        "version": out.agent.version if out and out.agent else None,
        "topic": found.agent.topic if found and found.agent else "",
        "call_url": reverse("calls:call", args=[found.pk]) if found else "",
        "cost": out.cost_usd if out else "",
        "messages": [drawn(message) for message in messages],
        "older": older,
        "agents": agents,
        "agent_id": agent_id,
        "tiers": [(tier.value, tier.label) for tier in Tier],
        "providers": _providers(request),
        "chats": [
            {
                "id": one.id,
                "title": one.title,
                "agent": one.agent.name if one.agent else "",
                "at": one.started_at,
            }
            for one in api.told(listed)
        ],
        "next": following,
        "blank": BLANK,
        "longest": LONGEST_TEXT,
        "page_data": {
            "chat": chat_id,
            "csrf": get_token(request),
            "messages": [_told(message) for message in messages],
            "older": older,
            "next": following,
            "errors": notices.ERRORS,
            "refusals": notices.REFUSALS,
            "urls": URLS,
        },
    }
    return render(request, "chat/chat.html", context)


# "-" stands for a chat's id, or a call's.
URLS = {
    "chat": "/api/chat",
    "chats": "/api/v1/chats",
    "messages": "/api/v1/chats/-/messages",
    "suggestions": "/api/v1/chats/-/suggestions",
    "page": "/chat/-/",
    "call": "/calls/-/",
}


def _agents(request: HttpRequest) -> list[dict]:
    rows = Agent.objects.for_workspace(request.viewer.workspace_id).filter(live_version__isnull=False)
    return [
        {"id": str(row.pk), "name": row.name, "topic": row.topic, "version": row.live_version.number}
        for row in rows.select_related("live_version").order_by("name", "id")
    ]


def _providers(request: HttpRequest) -> list[str]:
    models = LanguageModel.objects.for_workspace(request.viewer.workspace_id)
    names = models.filter(enabled=True, provider__enabled=True).values_list("provider__name", flat=True)
    return list(names.order_by("provider__name").distinct())


def _told(message: dict) -> dict:
    """For the page's own use: the HTML is in the page by then."""
    parts = [{name: value for name, value in part.items() if name != "html"} for part in message["parts"]]
    return message | {"parts": parts}


def drawn(message: dict) -> dict:
    """A message with what templates/chat/_message.html shows of it."""
    at = parse_datetime(message["metadata"]["createdAt"])
    if message["role"] == "user":
        return {"role": "user", "id": message["id"], "at": at, "text": message["parts"][0]["text"]}
    metadata, error = message["metadata"], message["error"]
    return {
        "role": "assistant",
        "id": message["id"],
        "at": at,
        "state": message["state"],
        "first_ms": metadata.get("firstTokenMs"),
        "parts": [_drawn_part(part) for part in message["parts"]],
        "fallback": metadata["fallback"],
        "facts": facts(metadata),
        "error": notices.ERRORS.get(error["type"], notices.ERRORS["internal"]) if error else None,
    }


def _drawn_part(part: dict) -> dict:
    if part["type"] == "text":
        return {"kind": "text", "html": part["html"]}
    state, icon, status = TOOL_STATES[part["state"]]
    output = plain(part.get("output", part.get("errorText")))
    return {
        "kind": "tool",
        "name": part["toolName"],
        "state": state,
        "icon": icon,
        "status": status,
        "result": "running" if state == "running" else output.split("\n", 1)[0],
        "input_text": plain(part["input"]),
        "output_text": output,
    }


def facts(metadata: dict) -> list[str]:
    """What an answer took, in words: its model, tokens and cost. As static/chat/turns.js does."""
    if not metadata.get("provider"):
        # What it took is not stored yet.
        return [metadata["model"]] if metadata.get("model") else []
    usage = metadata["usage"]
    cost = "cached, free" if metadata["cached"] else usd(metadata["costUsd"])
    return [metadata["model"], f"{usage['inputTokens']:,} in, {usage['outputTokens']:,} out", cost]
