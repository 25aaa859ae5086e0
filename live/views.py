"""The wallboard."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from agents.models import Agent
from calls import board, figures, timeline
from calls.models import Call
from calls.personal import seeing, watching
from calls.wording import seconds
from streaming.log import position

ROLES = ("caller", "agent", "tool")
TOOL_STATES = {"running": "is running", "ok": "worked", "failed": "failed"}
# show, key, label, tone, icon. Keys stay with their filters for ever: 1 is also for escalations, 4 for moods.
TALLY = (
    ("", "0", "All", "", "wave"),
    ("failing", "1", "Failing", "danger", "alert"),
    ("dead", "2", "Dead air", "warn", "mute"),
    ("slow", "3", "Slow", "warn", "gauge"),
    ("steady", "5", "Steady", "", "check"),
)
ARROWS = {"falling": " ↘", "rising": " ↗", "": ""}
BLANK = {
    "id": "",
    "status": "live",
    "who": "",
    "why": {},
    "level": "token",
    "channel": "phone",
    "length_ms": 0,
    "reply_p50_ms": None,
    "tools_text": "none",
    "shape": timeline.ribbon([], [], 0),
}


@require_GET
@requires(Permission.SEE_CALLS)
def wallboard(request: HttpRequest) -> HttpResponse:
    workspace, sees_words = request.workspace, request.viewer.may(Permission.SEE_WORDS)
    topic = board.topic(workspace.pk) if sees_words else board.facts_topic(workspace.pk)
    # Position first, rows second: a change in between is then shown twice, never lost.
    after = position(topic)
    now = timezone.now()
    cards = board.cards_on(workspace.pk, words=sees_words)
    if sees_words:
        hidden = seeing.live_mask_for(workspace.pk, request.viewer.role)
        cards = [watching.card(hidden, card) for card in cards]
    pulse = _pulse(request)
    context = {
        "section": "live",
        "now": now,
        "cards": [drawn(card, now) for card in cards],
        "blank": BLANK,
        "roles": ROLES,
        "levels": Call.Level.values,
        "sees_words": sees_words,
        "tally": _tally(cards),
        "pulse": pulse,
        "page_data": {
            "now": now.isoformat(),
            "cards": cards,
            "sees_words": sees_words,
            "stream": f"/live/stream?after={after}&workspace={workspace.pk}",
            "pulse": reverse("live:pulse"),
        },
    }
    if not cards and not pulse["last_ended_at"]:
        context["sockets"] = _sockets(request)
    return render(request, "live/wallboard.html", context)


@require_GET
@requires(Permission.SEE_CALLS)
def pulse(request: HttpRequest) -> JsonResponse:
    """The figures above the board, which no card knows. Asked for every few seconds."""
    return JsonResponse(_pulse(request))


def _pulse(request: HttpRequest) -> dict:
    found = figures.pulse(request.workspace.pk)
    return {
        "p50": seconds(found.replies.p50_ms),
        "p95": seconds(found.replies.p95_ms),
        "n": f"{found.replies.n:,}",
        "last_ended_at": found.last_ended_at,
    }


def _tally(cards: list[dict]) -> list[dict]:
    """The filters. The browser counts, since dead air depends on its clock; until then all are steady."""
    live = sum(card["status"] == "live" for card in cards)
    return [
        {
            "show": show,
            "key": key,
            "label": label,
            "tone": tone,
            "icon": icon,
            "count": live if show in ("", "steady") else 0,
        }
        for show, key, label, tone, icon in TALLY
    ]


def _sockets(request: HttpRequest) -> list[tuple[str, str]]:
    """Where to point a platform at, for those who may see an agent's key: (agent, address)."""
    if not request.viewer.may(Permission.MANAGE_WORKSPACE):
        return []
    base = settings.EARSHOT_URL.replace("http", "ws", 1)
    agents = Agent.objects.for_workspace(request.workspace).filter(live_version__isnull=False)
    return [(agent.name, f"{base}/voice/retell/{agent.key}") for agent in agents.order_by("name")[:8]]


def drawn(card: dict, now) -> dict:
    """A card with what its template needs: shapes and words just as static/live/card.js makes them."""
    started = datetime.fromisoformat(card["started_at"])
    at = card["duration_ms"] if card["duration_ms"] is not None else _ms(now - started)
    silent = 0
    speaking = card["now"] and card["now"]["speaking"]
    spoken = card["level"] == "token" and card["channel"] != Call.Channel.CHAT
    if card["status"] == "live" and spoken and not speaking:
        heard = max((end for _, end, *_ in timeline.voiced(card["ribbon"])), default=0)
        silent = min(_ms(now - datetime.fromisoformat(card["last_at"])), max(0, at - heard))
    tools_text, tools_tone = tool_words(**card["tools"])
    mood_text, mood_tone = mood_words(card["mood"])
    return card | {
        "length_ms": at,
        "said": said(card),
        "shape": timeline.ribbon(card["ribbon"], card["ticks"], at, level=card["level"], silent_ms=silent),
        "tools_text": tools_text,
        "tools_tone": tools_tone,
        "mood_text": mood_text,
        "mood_tone": mood_tone,
    }


def said(card: dict) -> list[dict]:
    """The rows of words, oldest first: finished ones, a tool not spoken about yet, and what is being said."""
    rows = [line | {"speaking": False} for line in card["lines"]]
    if card["level"] == "event":
        return []
    if card["tool"]:
        name, state = card["tool"]["name"], card["tool"]["state"]
        rows.append({"role": "tool", "text": f"{name} {TOOL_STATES.get(state, state)}", "speaking": False})
    if card["now"] and card["now"]["text"]:
        rows.append(card["now"])
    return rows


def tool_words(ok: int, failed: int, running: int) -> tuple[str, str]:
    """The Tools vital: (words, tone)."""
    if failed:
        return f"{failed} failed", "danger"
    if running:
        return "waiting", "warn"
    return (f"{ok} ok" if ok else "none"), ""


def mood_words(mood: dict | None) -> tuple[str, str]:
    """The Mood vital: (words, tone)."""
    if mood is None:
        return "—", ""
    return f"{mood['word']}{ARROWS[mood['trend']]}", "warn" if mood["word"] == "Upset" else ""


def _ms(span) -> int:
    return max(0, int(span.total_seconds() * 1000))
