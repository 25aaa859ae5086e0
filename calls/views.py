"""Pages about calls: one call, live or ended, and its replay."""

from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from calls import board, figures, history, page, parts, wording
from calls.judging import panel
from calls.models import Call
from calls.notes import pages as notes
from calls.personal import seeing
from calls.privacy.beside import beside
from calls.recordings import told as sound
from streaming.log import position

RATES = ("0.75", "1", "1.25", "1.5", "2", "4", "8")


@require_GET
@requires(Permission.SEE_CALLS)
def call(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """One address for a call's whole life: what is said now, and later what was said."""
    found = _call(request, call_id)
    # Position first, rows second: a change in between is then shown twice, never lost.
    sees_words = request.viewer.may(Permission.SEE_WORDS)
    stream = _stream(found, sees_words)
    found.refresh_from_db(from_queryset=_calls(request))
    turns = found.turns.defer("stream", "words")
    told = page.pictures(turns, sees_words=sees_words)
    alerts = page.alerts(found, told)
    now = timezone.now()
    length_ms = found.duration_ms
    if length_ms is None:
        length_ms = max(0, int((now - found.started_at).total_seconds() * 1000))
    facts = parts.call_part(found)["data"] | {"cost_usd": _cost(found)}
    newer, older = history.neighbours(found)
    may_test = found.agent_id is not None and request.viewer.may(Permission.EDIT_AGENTS)
    context = {
        "section": "live" if found.status == "live" else "history",
        "call": facts,
        "outcome": wording.outcome(found.outcome),
        "agent_name": facts["agent"] or "Agent",
        "version": found.version_label,
        "transfer": wording.TRANSFERS.get(found.transfer, ""),
        "unknown_agent": wording.UNKNOWN_AGENT,
        "levels": Call.Level.values,
        "turns": page.among([page.drawn(picture, found) for picture in told], alerts) if sees_words else [],
        "blanks": page.blanks(found),
        "turn_count": len(told),
        "sees_words": sees_words,
        "may_test": may_test,
        "play": f"{reverse('agents:agent', args=[found.agent_id])}?from={found.pk}&turn=" if may_test else "",
        "length_ms": length_ms,
        "seconds_long": length_ms // 1000,
        "strip": page.strip(found, told, length_ms),
        "strip_label": page.strip_label(told, length_ms),
        "rates": RATES,
        "alerts": alerts,
        "hits": len(found.alerts),
        "blank_alert": {},
        "replies": figures.replies_of([found.pk]).get(found.pk, figures.Replies()),
        "model": page.model(told),
        "link": f"{settings.EARSHOT_URL}{reverse('calls:call', args=[found.pk])}",
        "newer": newer,
        "older": older,
        "page_data": {
            "now": now.isoformat(),
            "call": facts,
            "turns": told,
            "sees_words": sees_words,
            "finished": found.closed_at is not None,
            "csrf": get_token(request),
            "stream": stream,
            # Each state of the record has an address of its own: the browser may have kept another.
            "replay": f"{reverse('calls:replay', args=[found.pk])}?revision={found.revision}",
            "figures": reverse("calls:figures", args=[found.pk]),
            "outcomes": wording.outcomes(),
            "errors": wording.ERRORS,
            "transfers": wording.TRANSFERS,
            "reasons": page.reasons(found) if sees_words else {},
            "acted": wording.ACTED,
            "not_acted": wording.NOT_ACTED,
            "wordless": wording.WORDLESS,
        },
    }
    context["analysis"] = panel.beside(request.viewer, found)
    may_link = request.viewer.may(Permission.MANAGE_WORKSPACE)
    context |= notes.beside(request, found) | beside(request, found)
    context["recording"] = context["page_data"]["recording"] = sound.player(found) if sees_words else None
    details = page.details(found, sees_words=sees_words, may_link=may_link)
    return render(request, "calls/call.html", context | details)


@require_GET
@requires(Permission.SEE_CALLS)
def figures_of(request: HttpRequest, call_id: UUID) -> JsonResponse:
    """What the stream does not tell of a call: what it has cost so far, models included, in USD."""
    return JsonResponse({"cost_usd": _cost(_call(request, call_id))})


@require_GET
@requires(Permission.SEE_WORDS)
@gzip_page
def replay(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """An ended call as it streamed: `{"duration_ms", "events": [[ms since it began, part], …]}`."""
    found = _call(request, call_id)
    events = parts.replay_of(found, seeing.turns(found.turns.all()))
    answer = JsonResponse({"duration_ms": found.duration_ms, "events": events})
    # It still changes for a while after its end. What is told later than that is there with the page.
    patch_cache_control(answer, private=True, max_age=3_600 if found.closed_at else 0)
    return answer


def _calls(request: HttpRequest):
    return Call.objects.for_workspace(request.workspace).select_related("agent", "version")


def _call(request: HttpRequest, call_id: UUID) -> Call:
    return get_object_or_404(_calls(request), pk=call_id)


def _stream(found: Call, sees_words: bool) -> str:
    """Where the page goes on from. Who may not see the words watches the board's facts instead."""
    if sees_words:
        path, topic = f"/live/calls/{found.pk}/stream", parts.topic(found)
    else:
        path, topic = "/live/stream", board.facts_topic(found.workspace_id)
    return f"{path}?after={position(topic)}&workspace={found.workspace_id}"


def _cost(found: Call) -> str:
    return str(found.cost_usd + figures.model_costs_of([found.pk]).get(found.pk, Decimal(0)))
