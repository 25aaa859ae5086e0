"""The page of deliveries: what platforms told us, what became of it, and having it applied again."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import requires
from accounts.permissions import Permission
from base.errors import json_error
from platforms.models import Connection
from webhooks import curl, doorbell, listing, page, shown
from webhooks.models import Delivery, Unproven
from webhooks.services import replay
from webhooks.setup.trial import address

MOST_REPLAYED = 10_000  # at once and from a page; `manage.py replay_webhooks` takes any number
MOST_ASKED_AFTER = 2 * listing.PAGE


@require_GET
@requires(Permission.SEE_CALLS)
def deliveries(request: HttpRequest) -> HttpResponse:
    """One page of the list. `?open=` shows one delivery whole, wherever in the list it stands."""
    filters = listing.Filters.of(request.GET)
    cursor = request.GET.get("cursor", "")
    connections = list(Connection.objects.for_workspace(request.workspace).order_by("name", "id"))
    context = {
        "section": "webhooks",
        "filters": filters,
        "since": listing.spelled(filters.since),
        "until": listing.spelled(filters.until),
        "chips": listing.chips(request.workspace.pk, filters),
        "tabs": listing.tabs(request.workspace.pk, filters),
        "statuses": listing.STATUSES,
        "connections": connections,
        "cursor": cursor,
        **_may(request),
    }
    if filters.status == "rejected":
        return render(request, "webhooks/rejected.html", context | _rejected(request, filters))
    return render(
        request, "webhooks/deliveries.html", context | _listed(request, filters, cursor, connections)
    )


def _listed(
    request: HttpRequest, filters: listing.Filters, cursor: str, connections: list[Connection]
) -> dict:
    now = timezone.now()
    found, newer, older = listing.page(request.workspace.pk, filters, cursor)
    opened = _asked_open(request)
    # A link to a delivery that is not on this page puts it above the others.
    above = [opened] if opened and opened.pk not in {delivery.pk for delivery in found} else []
    any_yet = bool(found) or Delivery.objects.for_workspace(request.workspace).exists()
    return {
        "rows": [page.row(delivery, now) for delivery in [*above, *found]],
        "above": above[0].pk if above else None,
        "open": _detail(request, opened) if opened else None,
        "newer": newer,
        "older": older,
        "floor": found[-1].pk if older else "",
        "count": listing.counted(filters.narrow(listing.deliveries(request.workspace.pk))),
        "kinds": listing.kinds(connections),
        "selectable": filters.status in listing.SELECTABLE,
        "waiting_for": [] if any_yet else [(each, address(each)) for each in connections],
    }


def _rejected(request: HttpRequest, filters: listing.Filters) -> dict:
    unproven = Unproven.objects.for_workspace(request.workspace).select_related("connection")
    if filters.connection:
        unproven = unproven.filter(connection_id=filters.connection)
    return {"rejected": [page.rejected(each) for each in unproven.filter(count__gt=0).order_by("-last_at")]}


@require_GET
@requires(Permission.SEE_CALLS)
def changes(request: HttpRequest) -> HttpResponse:
    """What has changed for a page that shows rows `row` (repeated), down to `floor` if older ones follow."""
    filters = listing.Filters.of(request.GET)
    shown = [UUID(row) for row in request.GET.getlist("row")[:MOST_ASKED_AFTER] if _is_id(row)]
    floor = request.GET.get("floor", "")
    now = timezone.now()
    fresh = []
    if "cursor" not in request.GET:  # only on the newest page does any appear
        fresh = listing.missing(request.workspace.pk, filters, shown, UUID(floor) if _is_id(floor) else None)
    context = {
        "known": [page.row(delivery, now) for delivery in listing.changes(request.workspace.pk, shown)],
        "fresh": [page.row(delivery, now) for delivery in fresh],
        "tabs": listing.tabs(request.workspace.pk, filters),
        "filters": filters,
        "selectable": filters.status in listing.SELECTABLE,
        **_may(request),
    }
    return render(request, "webhooks/_changes.html", context)


@require_GET
@requires(Permission.SEE_CALLS)
def delivery(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """One delivery whole, to be put into the page; somebody who follows a link here gets that page."""
    found = _delivery(request, delivery_id)
    if request.headers.get("sec-fetch-dest") == "document":
        return redirect(f"{reverse('webhooks:list')}?open={found.pk}")
    return render(request, "webhooks/_detail.html", {"d": _detail(request, found), **_may(request)})


@require_GET
@requires(Permission.SEE_WORDS)
def body(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The body as they may see it, to be saved: whatever it holds, no browser shows it as a page."""
    found = _delivery(request, delivery_id)
    seen = shown.body(found)
    if seen is None:
        return json_error(404, "erased", "This body has been erased.")
    response = HttpResponse(seen, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="delivery-{found.pk}.json"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
@requires(Permission.SEE_WORDS)
def as_curl(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The same request as a command, its signature left out."""
    found = _delivery(request, delivery_id)
    seen = shown.body(found)
    if seen is None:
        return json_error(404, "erased", "This body has been erased.")
    command = curl.command(address(found.connection), found.headers, seen)
    return HttpResponse(command, content_type="text/plain; charset=utf-8")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def replay_them(request: HttpRequest) -> HttpResponse:
    """Have deliveries applied again: those named by `id` (repeated), or what a list's `query` finds (`all`).

    Answers {"deliveries", "calls", "erased", "upto"}; with `dry_run` that is what it would be, and nothing is
    done. `upto` is the newest of them: sent along, nothing that has come meanwhile is replayed with them.
    """
    chosen = _chosen(request)
    if chosen[: MOST_REPLAYED + 1].count() > MOST_REPLAYED:
        said = f"More than {MOST_REPLAYED:,} match. Narrow the list, or run manage.py replay_webhooks."
        return json_error(413, "too_many", said)
    erased = chosen.filter(body=None).count()
    newest = chosen.order_by("-id").values_list("id", flat=True).first()
    dry_run = bool(request.POST.get("dry_run"))
    told = list(replay(chosen, dry_run=dry_run, by=request.viewer.user_id))
    if told and not dry_run:
        doorbell.ring()
    calls = {each.platform_call_id for each in told} - {""}
    return JsonResponse(
        {"deliveries": len(told), "calls": len(calls), "erased": erased, "upto": str(newest or "")}
    )


def _chosen(request: HttpRequest) -> QuerySet[Delivery]:
    rows: QuerySet[Delivery] = Delivery.objects.for_workspace(request.workspace)
    if request.POST.get("all"):
        filters = listing.Filters.of(QueryDict(request.POST.get("query", "")))
        rows = rows.none() if filters.status == "rejected" else filters.narrow(rows)
    else:
        rows = rows.filter(id__in=[each for each in request.POST.getlist("id") if _is_id(each)])
    upto = request.POST.get("upto", "")
    return rows.filter(id__lte=upto) if _is_id(upto) else rows


def _delivery(request: HttpRequest, delivery_id: UUID) -> Delivery:
    rows = Delivery.objects.for_workspace(request.workspace).select_related("connection", "call")
    return get_object_or_404(rows, pk=delivery_id)


def _asked_open(request: HttpRequest) -> Delivery | None:
    asked = request.GET.get("open", "")
    rows = Delivery.objects.for_workspace(request.workspace).select_related("connection", "call")
    return rows.filter(pk=asked).first() if _is_id(asked) else None


def _detail(request: HttpRequest, found: Delivery) -> dict:
    return page.detail(found, timezone.now(), sees_words=request.viewer.may(Permission.SEE_WORDS))


def _may(request: HttpRequest) -> dict[str, bool]:
    return {
        "sees_words": request.viewer.may(Permission.SEE_WORDS),
        "may_replay": request.viewer.may(Permission.MANAGE_WORKSPACE),
    }


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
