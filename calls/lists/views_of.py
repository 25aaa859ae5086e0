"""The saved views above a list: which there are, which is open, and whether it has been changed since."""

from typing import Any

from django.http import QueryDict

from accounts.access import Viewer
from calls import saved
from calls.lists.address import Address, is_bare, of_view


def opened(query: QueryDict, viewer: Viewer, zone: str) -> tuple[Address, dict[str, Any]]:
    """What an address asks for, a view of its own if it names no more than one; and what the tabs say."""
    address = Address.of(query, zone)
    views = saved.seen_by(viewer)
    view = next((one for one in views if one.pk == address.view), None)
    kept = of_view(view.query, view.columns, view.pk, zone) if view else None
    if kept and is_bare(query):
        address = kept
    return address, {
        "tabs": views,
        "view": view,
        "view_is_mine": view is not None and view.owner_id == viewer.user_id,
        "view_is_away": address.view is not None and view is None,
        "is_unsaved": kept is not None and (kept.saved, kept.columns) != (address.saved, address.columns),
    }
