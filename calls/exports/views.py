"""A short list as a file, in the answer itself."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.decorators import requires
from accounts.permissions import Permission, least_role
from base.errors import Faulty
from calls import exports, saved
from calls.exports import serving, writing
from calls.filters import zone_of
from calls.models import Export
from calls.personal import seeing

# What an address says of the file beside its list.
OWN = ("format", "columns", "turns", "view", "peek", "cursor", "page", "all")


@require_GET
@requires(Permission.SEE_CALLS)
def download(request: HttpRequest) -> HttpResponseBase:
    """`?format=csv|jsonl&columns=a,b&turns=1` and the address of a list. 409 of a longer one: it is asked for
    at `/api/v1/exports`."""
    viewer, asked = request.viewer, request.GET.copy()
    form = asked.get("format", Export.Format.CSV)
    columns = [name for name in asked.get("columns", "").split(",") if name]
    turns = asked.get("turns") == "1"
    for name in OWN:
        asked.pop(name, None)
    sees_words = viewer.may(Permission.SEE_WORDS) and viewer.may(Permission.SEE_NUMBERS)
    try:
        if form not in Export.Format.values:
            raise Faulty({"format": "csv or jsonl"})
        shown = exports.columns_of(columns, viewer.workspace_id, turns=turns, sees_words=sees_words)
        query = saved.read(asked.urlencode())
        if not sees_words and saved.needs_words(query):
            raise PermissionError
        rows = exports.rows_of(query, viewer.workspace_id, zone_of(request))
    except Faulty as error:
        return JsonResponse({"faults": error.faults}, status=400)
    except PermissionError:
        raise PermissionDenied(f"This needs the {least_role(Permission.SEE_WORDS).label} role.") from None
    if len(rows.order_by().values_list("pk")[: exports.SMALL + 1]) > exports.SMALL:
        return JsonResponse({"most": exports.SMALL}, status=409)
    hidden = seeing.mask_for(viewer.workspace_id, viewer.role)
    audit.note(
        "export.small",
        workspace=viewer.workspace_id,
        actor=viewer.actor_id,
        detail={"format": form, "turns": turns, "numbers": "number" in shown},
    )
    return serving.at_once([text for text, _, _ in writing.pieces(rows, shown, form, hidden)], form)
