"""`/api/v1/exports`: lists of calls as files."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from celery.exceptions import OperationalError
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from accounts import audit
from accounts.api import access
from accounts.permissions import Permission, least_role
from base.api import Listing, Told, answers, found, invalid, listed, page_of
from base.errors import json_error
from base.files import refused
from calls import exports
from calls.exports import serving
from calls.exports.tasks import make
from calls.filters import UTC_NAME, known_zone
from calls.models import Export

router = Router(tags=["Calls"])
READERS = access(Permission.SEE_CALLS)

Named = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class NewExport(Told):
    query: str = Field(
        "", max_length=4_000, description="As `GET /calls`: `status=failed&when=7d`, `q`, `by`."
    )
    format: Literal["csv", "jsonl"]
    columns: list[Named] = Field(
        [], max_length=exports.MOST_COLUMNS, description="Their names in order; the usual ones if empty."
    )
    turns: bool = Field(False, strict=True, description="What was said, too. In CSV a row is then a turn.")
    tz: str = Field(UTC_NAME, max_length=80, description="Whose days the query means.")


class ExportOut(Schema):
    id: UUID
    status: str = Field(description="waiting, running, done, failed or stopped.", examples=["running"])
    format: str
    query: str
    columns: list[str]
    about: int = Field(description="How many calls were expected.")
    done: int = Field(description="How many are in it so far.")
    size: int = Field(description="Bytes.")
    error: str | None
    file: str | None = Field(description="Where it is fetched once it is done.")
    created_at: datetime
    ended_at: datetime | None
    removed_at: datetime = Field(description="When it will be gone.")


@router.post(
    "/exports", summary="Export calls", auth=READERS, response=answers(ExportOut, 400, 409, status=202)
)
def create_export(request: HttpRequest, told: NewExport):
    """The newest call first. The file is made by a task and kept for a day; 409 while as many as may be are
    being made in the workspace."""
    viewer = request.viewer
    if not known_zone(told.tz):
        raise invalid({"tz": "an IANA time zone, as Europe/London"})
    sees_words = viewer.may(Permission.SEE_WORDS) and viewer.may(Permission.SEE_NUMBERS)
    try:
        columns = exports.columns_of(
            told.columns, viewer.workspace_id, turns=told.turns, sees_words=sees_words
        )
        export = exports.ask(
            viewer.workspace_id,
            told.query,
            told.format,
            columns,
            zone=told.tz,
            by=viewer.user_id,
            program=viewer.token_id,
            sees_words=sees_words,
        )
    except PermissionError:
        raise PermissionDenied(f"This needs the {least_role(Permission.SEE_WORDS).label} role.") from None
    except exports.TooMany:
        return json_error(409, "too_many_exports", f"{exports.AT_ONCE} exports are being made. Wait for one.")
    _ring(export)
    return Status(202, _told(export))


@router.get("/exports", summary="List exports", auth=READERS, response=answers(page_of(ExportOut), 400))
def list_exports(request: HttpRequest, asked: Query[Listing]):
    """Those of the last day, the newest first. Those with words are for those who may see words."""
    return listed(request, _seen(request), asked, _told)


@router.get(
    "/exports/{uuid:export_id}", summary="Get an export", auth=READERS, response=answers(ExportOut, 404)
)
def get_export(request: HttpRequest, export_id: UUID):
    """How far it is."""
    return _told(found(request, _seen(request), export_id))


@router.post(
    "/exports/{uuid:export_id}/stop", summary="Stop an export", auth=READERS, response=answers(ExportOut, 404)
)
def stop_export(request: HttpRequest, export_id: UUID):
    """What there is of it goes. One that has ended stays as it is. For whoever asked for it, and admins."""
    export = _own(request, export_id)
    exports.stop(export)
    return _told(Export.objects.get(pk=export.pk))


@router.delete(
    "/exports/{uuid:export_id}",
    summary="Remove an export",
    auth=READERS,
    response=answers(ExportOut, 404, 503),
)
def delete_export(request: HttpRequest, export_id: UUID):
    """With its file. For whoever asked for it, and admins. Answers as it was; 503 while the storage does not
    answer: then it has gone within a day."""
    export = _own(request, export_id)
    was = _told(export)
    try:
        exports.remove(export)
    except OSError as error:
        return refused(request, error)
    return was


@router.get(
    "/exports/{uuid:export_id}/file",
    summary="Get the file of an export",
    auth=READERS,
    response=answers(None, 404, 409, 503),
    openapi_extra={
        "responses": {
            200: {
                "description": "CSV (RFC 4180, UTF-8 with a mark) or JSON Lines.",
                "content": {
                    kind: {"schema": {"type": "string", "format": "binary"}}
                    for kind in serving.TYPES.values()
                },
            }
        }
    },
)
def get_export_file(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """409 while it is not done; 503 while the storage does not answer."""
    export = found(request, _seen(request), export_id)
    if export.status != Export.Status.DONE:
        return json_error(409, "export_not_done", "This export is not done.")
    answer = serving.answer(request, export)
    if answer.streaming:  # and was not refused
        audit.note(
            "export.fetch",
            workspace=export.workspace_id,
            actor=request.viewer.actor_id,
            target=f"export:{export.pk}",
        )
    return answer


def _seen(request: HttpRequest):
    """What whoever asked for it may see is asked again: their role may have changed, and others may look."""
    rows = Export.objects.all()
    return rows if request.viewer.may(Permission.SEE_WORDS) else rows.filter(with_words=False)


def _own(request: HttpRequest, export_id: UUID) -> Export:
    """One that they may do away with. Whose account or token is gone, theirs is the admins'."""
    export, viewer = found(request, _seen(request), export_id), request.viewer
    is_theirs = (export.asked_by_id, export.asked_by_program_id) == (viewer.user_id, viewer.token_id)
    if not is_theirs and not viewer.may(Permission.MANAGE_WORKSPACE):
        raise PermissionDenied("Only who asked for an export may stop or remove it, or an admin.")
    return export


def _ring(export: Export) -> None:
    try:
        make.delay(str(export.pk))
    except OperationalError:
        return  # Redis is away: the timetable finds it


def _told(export: Export) -> ExportOut:
    is_done = export.status == Export.Status.DONE
    return ExportOut(
        id=export.pk,
        status=export.status,
        format=export.format,
        query=export.query,
        columns=export.columns,
        about=max(export.about, export.done),
        done=export.done,
        size=export.size,
        error=export.error or None,
        file=f"/api/v1/exports/{export.pk}/file" if is_done else None,
        created_at=export.created_at,
        ended_at=export.ended_at,
        removed_at=export.created_at + exports.KEPT,
    )
