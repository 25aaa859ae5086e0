"""What calls say to custom fields and topics, written down. A person's word stays, whatever is read later."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from agents.models import ModelCall
from base.errors import Faulty
from calls.judging.asking import Answered
from calls.judging.values import Unfit, fit
from calls.models import Call, CustomField, FieldValue


@transaction.atomic
def keep(call: Call, told: Answered, *, model: str) -> None:
    """What a model said."""
    _locked(call.pk)
    said = FieldValue.objects.filter(call=call, is_by_person=True)
    by_people = set(said.values_list("field_id", flat=True))
    for field_id, (value, turn) in told.values.items():
        if field_id not in by_people:
            _put(call, field_id, value=value, turn=turn, model=model)
    changed: dict[str, Any] = {"fields": _fields_of(call)}
    if told.topics is not None:
        changed["topics"] = told.topics
    # What lists and insights keep of it is made anew.
    Call.objects.filter(pk=call.pk).update(**changed, kept_at=None)


@transaction.atomic
def say(call: Call, field: CustomField, value: Any, *, by: UUID | None, actor: UUID | None) -> FieldValue:
    """What a person says; null: the call does not say. Raises Faulty."""
    try:
        value = fit(field, value)
    except Unfit as why:
        raise Faulty({"value": str(why)}) from why
    _locked(call.pk)
    before = FieldValue.objects.filter(call=call, field=field).first()
    turn = before.turn if before and before.value == value else None
    kept = _put(call, field.pk, value=value, turn=turn, said_by_id=by, is_by_person=True)
    Call.objects.filter(pk=call.pk).update(fields=_fields_of(call), kept_at=None)
    audit.note(
        "call.field",
        workspace=call.workspace_id,
        actor=actor,
        target=f"call:{call.pk}",
        detail={"field": str(field.pk)},
    )
    return kept


def model_of(call: Call, feature: str) -> str:
    """The name of the model that answered about it last."""
    made = ModelCall.objects.for_workspace(call.workspace_id).filter(call_id=call.pk, feature=feature)
    return made.filter(error_type="").order_by("-id").values_list("model", flat=True).first() or ""


def _locked(call_id: UUID) -> None:
    Call.objects.select_for_update(of=("self",)).only("pk").get(pk=call_id)


def _put(call: Call, field_id: UUID, **said: Any) -> FieldValue:
    nobody = {"turn": None, "model": "", "said_by_id": None, "is_by_person": False}
    facts = nobody | {"workspace_id": call.workspace_id, "said_at": timezone.now()} | said
    kept, _ = FieldValue.objects.update_or_create(call=call, field_id=field_id, defaults=facts)
    return kept


def _fields_of(call: Call) -> dict[str, Any]:
    rows = FieldValue.objects.filter(call=call).values_list("field__key", "value")
    return {key: value for key, value in rows if value is not None}
