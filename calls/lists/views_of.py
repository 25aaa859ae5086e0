"""The saved views above a list: which there are, which is open, and whether it has been changed since."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from calls.filters import zone_of
from calls.lists.address import Address, is_bare, of_view
from calls.models import SavedView


def opened(request: HttpRequest) -> tuple[Address, dict[str, Any]]:
    """What the address asks for, a view of its own if it names no more than one; and what the tabs say."""
    zone, viewer = zone_of(request), request.viewer
    address = Address.of(request.GET, zone)
    of_theirs = Q(owner_id=viewer.user_id) | Q(is_shared=True)
    rows = SavedView.objects.for_workspace(viewer.workspace_id).filter(of_theirs)
    views = sorted(rows.select_related("owner"), key=lambda one: one.owner_id != viewer.user_id)
    view = next((one for one in views if one.pk == address.view), None)
    kept = of_view(view.query, view.columns, view.pk, zone) if view else None
    if kept and is_bare(request.GET):
        address = kept
    return address, {
        "tabs": views,
        "view": view,
        "view_is_mine": view is not None and view.owner_id == viewer.user_id,
        "view_is_away": address.view is not None and view is None,
        "is_unsaved": kept is not None and (kept.saved, kept.columns) != (address.saved, address.columns),
    }
