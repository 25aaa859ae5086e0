"""`/api/v1/privacy`, `/erasures` and `/holds`: how long what is kept, who is forgotten, what must not be."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from accounts.retention import PARTS
from base.api import Listing, Told, answers, found, invalid, listed, named, page_of
from calls import parts
from calls.models import Call, Erasure, LegalHold
from calls.personal import seeing
from calls.privacy import asking, enforcing, holds

router = Router(tags=["Privacy"])
ADMINS = access(Permission.MANAGE_WORKSPACE)
KEPT = ", ".join(part.name for part in PARTS)


class PrivacyOut(Schema):
    retention: dict[str, int | None] = Field(
        description=f"For how many days each is kept, null for ever: {KEPT}.", examples=[{"recordings": 30}]
    )
    masked: dict[str, str] = Field(
        description="The lowest role that sees each kind of personal data in what was said: "
        f"{', '.join(seeing.KINDS)}.",
        examples=[{"cards": "admin"}],
    )
    masked_live: bool = Field(
        description="Whether that holds while it is spoken, too: digits are dots until a turn is finished."
    )


class PrivacyChange(Told):
    retention: dict[str, int | None] = Field(None, description="Only those that are to change.")
    masked: dict[str, Literal["operator", "admin", "owner"]] = Field(None, description="As of `retention`.")
    masked_live: bool = Field(None, strict=True)


class ErasureOut(Schema):
    id: UUID
    status: Literal["waiting", "running", "done"] = Field(
        description="`waiting`: for a worker, or until a call that still goes on has ended."
    )
    found: int = Field(description="Calls.")
    erased: int
    held: int = Field(description="Calls that were left, as they are under legal hold.")
    live: int = Field(description="Calls that still go on: they are erased once they have ended.")
    counts: dict[str, int] = Field(description="What went, beside calls.", examples=[{"turns": 41}])
    created_at: datetime
    ended_at: datetime | None


class NewErasure(Told):
    caller: str = Field(max_length=60, description="A whole number with its country's code.")


class HoldOut(Schema):
    id: UUID
    call: UUID | None
    caller: str | None = Field(description="The number all of whose calls are held, masked.")
    reason: str
    created_at: datetime


class NewHold(Told):
    call: UUID = Field(None, description="Either this")
    caller: str = Field(None, max_length=60, description="or this: a whole number.")
    reason: str = Field(max_length=1_000, description="For people, 1 to 200 characters.")


@router.get("/privacy", auth=ADMINS, response=answers(PrivacyOut), summary="How long what is kept")
def get_privacy(request: HttpRequest) -> dict:
    """And who sees personal data in what was said."""
    return _privacy(request.viewer.workspace_id)


@router.patch(
    "/privacy", auth=ADMINS, response=answers(PrivacyOut, 400), summary="Change how long what is kept"
)
def change_privacy(request: HttpRequest, told: PrivacyChange) -> dict:
    """What is too old then is removed within the hour, and cannot be had back."""
    viewer = request.viewer
    if told.retention is not None:
        enforcing.set_days(viewer.workspace_id, told.retention, by=viewer.actor_id)
    if told.masked is not None or told.masked_live is not None:
        seeing.change(viewer.workspace_id, told.masked or {}, live=told.masked_live, by=viewer.actor_id)
    return _privacy(viewer.workspace_id)


@router.get("/erasures", auth=ADMINS, response=answers(page_of(ErasureOut), 400), summary="List erasures")
def list_erasures(request: HttpRequest, asked: Query[Listing]) -> dict:
    """Newest first. None says whom it was about."""
    return listed(request, Erasure, asked, _erasure)


@router.post(
    "/erasures", auth=ADMINS, response=answers(ErasureOut, 400, status=202), summary="Erase one caller"
)
def erase_caller(request: HttpRequest, told: NewErasure) -> Status:
    """Their calls and what belongs to them, everywhere; it cannot be undone. Ask for the erasure until it is
    `done`. What is under legal hold is left."""
    return Status(202, _erasure(asking.ask(told.caller, by=request.viewer)))


@router.get("/erasures/{uuid:erasure}", auth=ADMINS, response=answers(ErasureOut, 404), summary="One erasure")
def get_erasure(request: HttpRequest, erasure: UUID) -> dict:
    """How far it has come, and once it is done what went."""
    return _erasure(found(request, Erasure, erasure))


@router.get("/holds", auth=ADMINS, response=answers(page_of(HoldOut), 400), summary="List legal holds")
def list_holds(request: HttpRequest, asked: Query[Listing]) -> dict:
    """Those that have not been lifted."""
    return listed(request, LegalHold.objects.filter(lifted_at=None), asked, _hold)


@router.post("/holds", auth=ADMINS, response=answers(HoldOut, 400, status=201), summary="Place a legal hold")
def place_hold(request: HttpRequest, told: NewHold) -> Status:
    """Until it is lifted, neither retention nor an erasure removes anything of the call, or of the caller."""
    if bool(told.call) == bool(told.caller):
        raise invalid({"call": "give either a call or a caller"})
    call = named(request, "call", Call, told.call) if told.call else None
    hold = holds.place(told.reason, by=request.viewer, call=call, caller=told.caller or "")
    return Status(201, _hold(hold))


@router.delete("/holds/{uuid:hold}", auth=ADMINS, response=answers(HoldOut, 404), summary="Lift a legal hold")
def lift_hold(request: HttpRequest, hold: UUID) -> dict:
    """From then on retention and erasures remove it like anything else. Lifted twice it is lifted once."""
    row = found(request, LegalHold, hold)
    holds.lift(row, by=request.viewer)
    return _hold(row)


def _privacy(workspace_id: UUID) -> dict[str, Any]:
    kept = enforcing.days_of(workspace_id)
    return {
        "retention": {part.name: kept.get(part.name) for part in PARTS},
        "masked": seeing.roles(workspace_id),
        "masked_live": seeing.is_live(workspace_id),
    }


def _erasure(row: Erasure) -> dict[str, Any]:
    return {
        "id": row.pk,
        "status": row.status,
        "found": row.about,
        "erased": row.done,
        "held": row.held,
        "live": row.live,
        "counts": row.counts,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }


def _hold(row: LegalHold) -> dict[str, Any]:
    return {
        "id": row.pk,
        "call": row.call_id,
        "caller": parts.masked(f"+{row.caller}") if row.caller else None,
        "reason": row.reason,
        "created_at": row.created_at,
    }
