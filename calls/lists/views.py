"""The history page, a glance at one of its calls, and what ⌘K asks for."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from calls.filters import zone_of
from calls.filters.days import WHEN
from calls.lists import columns, drawing, narrowing, page, palette, peek, views_of
from calls.lists.address import WORDS, Address
from calls.models import Call


@require_GET
@requires(Permission.SEE_CALLS)
def history_page(request: HttpRequest) -> HttpResponse:
    """The list of calls, or what was looked for among them."""
    workspace_id, sees_words = request.workspace.pk, request.viewer.may(Permission.SEE_WORDS)
    address, tabs = views_of.opened(request.GET, request.viewer, zone_of(request))
    asked, faults = page.typed(address, workspace_id)
    if asked.filters != address.filters and not faults:
        return redirect(f"{reverse('calls:list')}?{asked.query}")
    if not sees_words:
        asked = replace(asked, q="", filters=asked.filters.of_facts())
    if asked.q:
        listed = page.found(asked, workspace_id, page.page_number(request.GET.get("page", "")))
    else:
        cursor = request.GET.get("cursor", "")
        listed = page.listed(asked, workspace_id, cursor, sees_words=sees_words)
    chips = page.chips(asked, workspace_id)
    context = {
        "section": "history",
        "address": asked,
        "chips": chips,
        "faults": dict(asked.filters.faults) | dict(address.filters.faults) | dict(faults),
        "heads": page.heads(asked),
        "orders": page.orders(asked),
        "columns": columns.shown(asked.columns),
        "offered": columns.offered(asked.columns),
        "fields": narrowing.fields(asked.filters, workspace_id, sees_words=sees_words),
        "when": {value: label for value, (label, _) in WHEN.items()},
        "sees_words": sees_words,
        "may_tag": sees_words,
        "peeked": _peeked(request, asked, request.GET.get("peek", "")),
        **page.links(asked),
        **tabs,
        **listed,
    }
    if listed["rows"]:
        context["drawn"] = drawing.rows(
            listed["rows"],
            context["columns"],
            may_pick=sees_words,
            sees_words=sees_words,
            peeked=context["peeked"]["call"].pk if context["peeked"] else None,
        )
    else:
        context["widened"] = page.widened(asked, workspace_id, chips)
    return render(request, "lists/history.html", context)


@require_GET
@requires(Permission.SEE_CALLS)
def peek_at(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """The drawer beside the list, as the page draws it for `peek=<id>`."""
    address = Address.of(request.GET, zone_of(request))
    call = get_object_or_404(_calls(request), pk=call_id)
    return render(request, "lists/_peek.html", {"peek": _glance(request, call, address)})


def _peeked(request: HttpRequest, address: Address, wanted: str) -> dict[str, Any] | None:
    try:
        call = _calls(request).filter(pk=UUID(wanted)).first() if wanted else None
    except ValueError:
        return None
    return _glance(request, call, address) if call else None


def _glance(request: HttpRequest, call: Call, address: Address) -> dict[str, Any]:
    sees_words = request.viewer.may(Permission.SEE_WORDS)
    return peek.peek(call, address.q, words_alone=address.by == WORDS, sees_words=sees_words)


def _calls(request: HttpRequest):
    return Call.objects.for_workspace(request.workspace).select_related("agent", "version")


@require_GET
@requires(Permission.SEE_CALLS)
def palette_names(request: HttpRequest) -> JsonResponse:
    """Calls on the line and agents: what is there at once."""
    return JsonResponse(palette.names(request.workspace.pk, _question(request)))


@require_GET
@requires(Permission.SEE_WORDS)
def palette_calls(request: HttpRequest) -> JsonResponse:
    """Calls in which it was said, which takes a moment longer."""
    return JsonResponse(palette.calls(request.workspace.pk, _question(request)))


def _question(request: HttpRequest) -> str:
    return request.GET.get("q", "")[: palette.LONGEST]
