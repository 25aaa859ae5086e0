"""Making an export: a part at a time, so that a worker that dies loses no more than one."""

import logging
import time
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from uuid import UUID

from django.core.cache import cache
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils import timezone

from accounts.models import Role
from base.ids import uuid7
from calls import exports
from calls.exports import writing
from calls.models import Export
from calls.personal import seeing

logger = logging.getLogger(__name__)

Status = Export.Status
TURN_SECONDS = 20.0  # of one turn of a worker: others wait for it, too
PART_SECONDS = 2.0  # and of a part: with each it is said how far it is
PART_BYTES = 32 * 2**20  # about as much as a part holds
IN_MEMORY = 2**20
TRIES, REMEMBERED_SECONDS = 5, 3_600  # with a storage that fails; the timetable comes by every 10 s
DEAD_AFTER = timedelta(seconds=60)  # without a word


def waiting() -> list[UUID]:
    """Those that nobody is making, the oldest first."""
    return list(_free().order_by("created_at").values_list("pk", flat=True)[:10])


def go_on(export_id: UUID, *, is_slow: bool = True) -> bool:
    """Make some more of an export; True if there is more to be made. Nothing, if somebody is at it.

    `is_slow`: for a while. Else a part of it, and no long one.
    """
    if not _free().filter(pk=export_id).update(status=Status.RUNNING, alive_at=timezone.now()):
        return False
    enough = time.monotonic() + (TURN_SECONDS if is_slow else PART_SECONDS)
    try:
        while True:
            export = _running(export_id).first()
            more = export is not None and _make_part(export, enough)
            cache.delete(_failed(export_id))
            if not more:
                return False
            if time.monotonic() >= enough:
                return _give_back(export_id)
    except OSError as error:
        _try_again(export_id, error)
    except ValueError as error:
        logger.exception("export %s failed", export_id)
        _end(export_id, Status.FAILED, error=f"It could not be written: {type(error).__name__}.")
    return False


def _give_back(export_id: UUID) -> bool:
    """For whoever comes next. False: it is over."""
    return bool(_running(export_id).update(alive_at=None))


def _try_again(export_id: UUID, error: OSError) -> None:
    """Later, if the storage has not failed too often."""
    tries = 1 + cache.get(_failed(export_id), 0)  # nobody else is at it
    cache.set(_failed(export_id), tries, REMEMBERED_SECONDS)
    logger.warning("export %s: the storage failed, try %d: %s", export_id, tries, error)
    if tries < TRIES:
        _give_back(export_id)
        return
    said = f"The storage could not be written to in {TRIES} tries. Ask for the file again later."
    _end(export_id, Status.FAILED, error=said)


def _failed(export_id: UUID) -> str:
    """How often in a row its storage has failed."""
    return f"exports:{export_id}:failed"


def _free():
    dead = Q(alive_at=None) | Q(alive_at__lt=timezone.now() - DEAD_AFTER)
    return Export.objects.filter(Q(status=Status.WAITING) | Q(dead, status=Status.RUNNING))


def _make_part(export: Export, enough: float) -> bool:
    """One more part, written down once it is in the storage; True if there may be more to come."""
    rows = exports.rows_of(export.query, export.workspace_id, export.zone)
    # Whoever may see words may fetch it: what is hidden from the least of them is not in it.
    hidden = seeing.mask_for(export.workspace_id, Role.OPERATOR)
    last = (export.last_started_at, export.last_call)
    done, is_last = export.done, True
    enough = min(enough, time.monotonic() + PART_SECONDS)
    with SpooledTemporaryFile(max_size=IN_MEMORY) as part:
        for text, calls, at in writing.pieces(
            rows, export.columns, export.format, hidden, last if export.files else None
        ):
            part.write(text)
            done, last = done + calls, at
            if calls and (time.monotonic() > enough or part.tell() > PART_BYTES):
                is_last = False
                break
        size = part.tell()
        if size:
            part.seek(0)
            # A name of its own: of two who believe to be alone, one's part is thrown away.
            name = default_storage.save(f"{exports.folder_of(export)}/{uuid7()}", File(part))
            taken = (
                _running(export.pk)
                .filter(files=export.files)
                .update(
                    files=[*export.files, name],
                    size=export.size + size,
                    done=done,
                    last_started_at=last[0],
                    last_call=last[1],
                    alive_at=timezone.now(),
                )
            )
            if not taken:  # stopped meanwhile, or somebody else is at it
                default_storage.delete(name)
                return False
    if is_last:
        _end(export.pk, Status.DONE)
    return not is_last


def _running(export_id: UUID):
    return Export.objects.filter(pk=export_id, status=Status.RUNNING)


def _end(export_id: UUID, status: str, **fields) -> None:
    _running(export_id).update(status=status, ended_at=timezone.now(), alive_at=None, **fields)
