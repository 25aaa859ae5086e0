"""Lists of calls as files to take away.

ask()      somebody wants one; a task makes it (making.py, tasks.py), in parts, each a file in the storage
remove()   after a day, by whoever asked, and where somebody's words must go
views.py   a short list, made while it is answered
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts import audit
from accounts.models import Workspace
from base.errors import Faulty
from calls import figures, saved
from calls.exports import cells
from calls.filters import FIELD, UTC_NAME, Filters, named
from calls.models import Call, CustomField, Export
from calls.search.found import look_for

logger = logging.getLogger(__name__)

Status = Export.Status
OPEN = (Status.WAITING, Status.RUNNING)
AT_ONCE = 3  # of a workspace
MOST_FAILED = 3  # of those to be removed: then the storage is away
KEPT = timedelta(days=1)
SMALL = 1_000  # calls, made while somebody waits
MOST_COLUMNS = 60


class TooMany(Exception):
    """As many are being made in the workspace as may be at once."""


def columns_of(asked: Sequence[str], workspace_id: UUID, *, turns: bool, sees_words: bool) -> list[str]:
    """Which columns, in order; all that are usual if none is named. Raises Faulty of those there are not, and
    PermissionError of words that are not for whoever asks."""
    if not asked:
        usual = [name for name, column in cells.COLUMNS.items() if column.is_usual]
        fields = CustomField.objects.for_workspace(workspace_id).order_by("key")
        keys = fields.values_list("key", flat=True).distinct()
        usual += [f"{FIELD}{key}" for key in keys]
        found = [name for name in usual if sees_words or not cells.is_words(name)][:MOST_COLUMNS]
    else:
        found = list(dict.fromkeys(cells.ALIASES.get(name, name) for name in asked))
        wrong = [name for name in found if not _is_known(name)]
        if wrong:
            raise Faulty({"columns": f"there is no column {wrong[0][:60]}: {', '.join(cells.COLUMNS)}"})
    if turns:
        found.append(cells.TURNS)
    if not sees_words and any(map(cells.is_words, found)):
        raise PermissionError
    return found


def _is_known(name: str) -> bool:
    return name in cells.COLUMNS or (name.startswith(FIELD) and named(name) is not None)


def rows_of(query: str, workspace_id: UUID, zone: str = UTC_NAME) -> QuerySet[Call]:
    """The calls of a list by its address; what was looked for in it counts, too. For a thread."""
    asked = QueryDict(query)
    rows: Any = Call.objects.for_workspace(workspace_id)
    filters = Filters.of(asked, zone)
    among = filters.narrow(rows)
    if not asked.get("q"):
        return among
    words_alone = asked.get("by") == "words"
    found = look_for(asked["q"], workspace_id, words_alone=words_alone, among=among)
    return among.filter(pk__in=[hit.call_id for hit in found.hits])


def tells_of_words(query: str) -> bool:
    """Whether its address is for those alone who may see words and numbers."""
    return saved.needs_words(query) or "caller" in Filters.of(QueryDict(query)).given


@transaction.atomic
def ask(
    workspace_id: UUID,
    query: str,
    form: str,
    columns: list[str],
    *,
    zone: str = UTC_NAME,
    by: UUID | None,
    program: UUID | None = None,
    sees_words: bool,
) -> Export:
    """Have a file made of a list, for a person or a program with its token. Raises Faulty, TooMany, and
    PermissionError where words are looked for."""
    query = saved.read(query)
    if not sees_words and saved.needs_words(query):
        raise PermissionError
    # Two who ask at once: one after the other.
    Workspace.objects.select_for_update().get(pk=workspace_id)
    running = Export.objects.for_workspace(workspace_id).filter(status__in=OPEN)
    if running.count() >= AT_ONCE:
        raise TooMany
    about, _ = figures.about(
        Filters.of(QueryDict(query), zone).narrow(Call.objects.for_workspace(workspace_id))
    )
    export = Export.objects.create(
        workspace_id=workspace_id,
        asked_by_id=by,
        asked_by_program_id=program,
        # Its address is shown with it, and may name a number.
        with_words=any(map(cells.is_words, columns)) or (sees_words and tells_of_words(query)),
        query=query,
        zone=zone,
        columns=columns,
        format=form,
        about=about,
    )
    detail = {"format": form, "words": export.with_words, "numbers": "number" in columns}
    actor, target = by or program, f"export:{export.pk}"
    audit.note("export.ask", workspace=workspace_id, actor=actor, target=target, detail=detail)
    return export


def stop(export: Export) -> bool:
    """No more of it is made, and what there is goes; False if it had ended."""
    if not _end(export):
        return False
    try:
        _forget_files(export)
    except OSError as error:  # they go with it, after a day
        logger.warning("export %s was stopped, and its files stay for now: %s", export.pk, error)
    return True


def _end(export: Export) -> bool:
    """Whoever makes it finds that there is nothing more to do."""
    return bool(
        Export.objects.filter(pk=export.pk, status__in=OPEN).update(
            status=Status.STOPPED, ended_at=timezone.now()
        )
    )


def remove(export: Export) -> None:
    """The row and its files. If the storage is away this raises, and the row stays, to be tried again; no
    more is made of it then, unless a transaction takes that back, too."""
    _end(export)
    _forget_files(export)
    export.delete()


def remove_all(workspace_id: UUID) -> int:
    """Every export of a workspace: where somebody's words must go, copies must go, too."""
    exports = list(Export.objects.for_workspace(workspace_id))
    for export in exports:
        remove(export)
    return len(exports)


def remove_old() -> int:
    """Some of those that were asked for a day ago, in no order: one that cannot be removed is in nobody's
    way."""
    gone = failed = 0
    for export in Export.objects.filter(created_at__lt=timezone.now() - KEPT).order_by("?")[:50]:
        try:
            remove(export)
            gone += 1
        except OSError as error:
            logger.warning("export %s could not be removed: %s", export.pk, error)
            failed += 1
            if failed == MOST_FAILED:
                break
    return gone


def folder_of(export: Export) -> str:
    """Where its parts are in the storage."""
    return f"exports/{export.workspace_id}/{export.pk}"


def _forget_files(export: Export) -> None:
    """And what a worker left there that died before it had written it down."""
    names, folder = set(export.files), folder_of(export)
    with suppress(FileNotFoundError):
        names |= {f"{folder}/{name}" for name in default_storage.listdir(folder)[1]}
    for name in names:
        default_storage.delete(name)
    Export.objects.filter(pk=export.pk).update(files=[], size=0)
