"""Lists that people come back to: their own, and those they share with everybody in the workspace."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts.access import Viewer
from accounts.permissions import Permission
from base.errors import Faulty
from calls.filters import FIELD, Filters, named
from calls.models import SavedView
from calls.personal import seeing
from calls.sorting import SORTS

MOST = 50  # of one person in a workspace
LONGEST_QUERY = 4_000
# What an address says beside its filters, and what it may be: None is anything.
OWN: dict[str, tuple[str, ...] | None] = {"q": None, "by": ("both", "words"), "sort": SORTS}


def seen_by(viewer: Viewer) -> list[SavedView]:
    """One's own first, in one's own order, and those that others share by name: but for those whose address
    or name says what they may not see."""
    rows = SavedView.objects.for_workspace(viewer.workspace_id).select_related("owner")
    found = list(
        rows.filter(Q(owner_id=viewer.user_id) | Q(is_shared=True)).order_by("position", "name", "id")
    )
    own = [view for view in found if view.owner_id == viewer.user_id]
    return own + [view for view in found if view.owner_id != viewer.user_id and _is_open_to(view, viewer)]


def _is_open_to(view: SavedView, viewer: Viewer) -> bool:
    """To be told of a caller takes seeing numbers, of words seeing words; and nothing in it is masked."""
    mask, asked = seeing.mask_for(viewer.workspace_id, viewer.role), QueryDict(view.query)
    if not viewer.may(Permission.SEE_WORDS) and needs_words(view.query):
        return False
    if "caller" in asked and (not viewer.may(Permission.SEE_NUMBERS) or "numbers" in mask.kinds):
        return False
    told = (name for name in asked if name == "q" or name.startswith(FIELD))
    words = (value for name in told for value in asked.getlist(name))
    return all(mask.text(text) == text for text in (view.name, *words))


def needs_words(query: str) -> bool:
    """Whether a list says something of what was said, by which calls are in it."""
    asked = QueryDict(query)
    return bool(asked.get("q") or Filters.of(asked).of_facts().faults)


def read(query: str) -> str:
    """An address as it is kept. Raises Faulty with what in it makes no sense."""
    asked = QueryDict(query.encode(errors="replace"))
    filters = Filters.of(asked)
    faults = dict(filters.faults)
    own = []
    for name in asked:
        value = asked.get(name, "")
        if name not in OWN:
            if not named(name):
                faults[name[:60]] = "there is no such filter"
            continue
        known = OWN[name]
        if (known and value not in known) or not value.isprintable():
            faults[name] = f"one of {', '.join(known)}" if known else "it cannot be printed"
        elif value:
            own.append((name, value))
    found = "&".join(part for part in (urlencode(own), filters.query) if part)
    if len(found) > LONGEST_QUERY:
        faults["query"] = f"at most {LONGEST_QUERY} characters"
    if faults:
        raise Faulty({name if name == "query" else f"query.{name}": why for name, why in faults.items()})
    return found


@transaction.atomic
def save(workspace_id: UUID, owner_id: UUID, **fields: Any) -> SavedView:
    """A new one, the last of its owner's. Raises Faulty."""
    rows = _own(workspace_id, owner_id).select_for_update()
    positions = list(rows.values_list("position", flat=True))
    if len(positions) >= MOST:
        raise Faulty({"name": f"you have {MOST} views; remove one first"})
    last = max(positions, default=-1) + 1
    return SavedView.objects.create(workspace_id=workspace_id, owner_id=owner_id, position=last, **fields)


def edit(view: SavedView, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(view, name, value)
    view.save(update_fields=list(fields))


@transaction.atomic
def put_in_order(workspace_id: UUID, owner_id: UUID, views: Sequence[UUID]) -> None:
    """One's own, those that are named first; the others stay behind them, as they are."""
    rows = {row.pk: row for row in _own(workspace_id, owner_id).select_for_update()}
    named_first = [rows.pop(pk) for pk in dict.fromkeys(views) if pk in rows]
    ordered = [*named_first, *rows.values()]
    for position, row in enumerate(ordered):
        row.position = position
    SavedView.objects.bulk_update(ordered, ["position"])


def _own(workspace_id: UUID, owner_id: UUID) -> QuerySet[SavedView]:
    return SavedView.objects.for_workspace(workspace_id).filter(owner_id=owner_id)
