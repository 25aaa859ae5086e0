"""`/api/v1/calls/<id>/recording`: whether a call can be heard, and its sound."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from base.api import answers, found
from calls.api import CALLS
from calls.models import Recording
from calls.recordings import serving, told

router = Router(tags=["Calls"])
LISTENERS = access(Permission.SEE_WORDS)


class RecordingOut(Schema):
    status: str = Field(description="none, waiting, kept, missing, removed or hidden.", examples=["kept"])
    why: str | None = Field(description="Why there is nothing to hear. Null: there is.")
    file: str | None = Field(description="Where its sound is, for the same token or session.")
    content_type: str | None = Field(examples=["audio/wav"])
    size: int | None = Field(description="In bytes.")
    duration_ms: int | None
    channels: int | None = Field(description="Of two, the first is the caller’s and the second the agent’s.")
    offset_ms: int | None = Field(description="When it begins, since the call began.")
    fetched_at: datetime | None
    removed_at: datetime | None
    peak_ms: int | None = Field(description="How long a piece of `peaks` is.")
    peaks: list[list[int]] | None = Field(
        description="The loudest of each piece, 0 to 255, of the caller and of the agent."
    )


# It is no JSON, so ninja is told only what else may be answered.
_SOUND = {"description": "OK", "content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}
_REFUSALS = {status: shape for status, shape in answers(None, 404, 416, 503).items() if status != 200}


@router.get(
    "/calls/{uuid:call_id}/recording",
    summary="Whether a call can be heard",
    auth=LISTENERS,
    response=answers(RecordingOut, 404),
)
def get_recording(request: HttpRequest, call_id: UUID):
    """It is fetched from the platform once, soon after the call has ended."""
    call = found(request, CALLS, call_id)
    recording = Recording.objects.filter(call=call).first()
    known = dict.fromkeys(RecordingOut.model_fields)
    shown = told.facts(call, recording)
    known |= {"status": shown["status"], "why": shown["why"] or None}
    if recording is None:
        return known
    known |= {name: getattr(recording, name) for name in ("fetched_at", "removed_at")}
    if shown["status"] != Recording.Status.KEPT:
        return known
    names = ("content_type", "size", "duration_ms", "channels", "offset_ms", "peak_ms")
    known |= {name: getattr(recording, name) for name in names}
    file = reverse("api:get_recording_file", args=[call.pk])
    return known | {"file": file, "peaks": told.heard(call)["peaks"]}


@router.get(
    "/calls/{uuid:call_id}/recording/file",
    summary="The sound of a call",
    auth=LISTENERS,
    response=_REFUSALS,
    openapi_extra={"responses": {200: _SOUND}},
)
def get_recording_file(request: HttpRequest, call_id: UUID):
    """As the platform recorded it. Takes `Range`, of one part, and `If-Range`. 404 while there is none, 503
    while the storage does not answer."""
    call = found(request, CALLS, call_id)
    if told.hides(call):
        raise PermissionDenied(told.HIDDEN)
    rows = Recording.objects.select_related("call__agent").defer("peaks", "source")
    return serving.answer(request, get_object_or_404(rows, call=call), download=True)
