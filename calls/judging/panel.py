"""What pages show of analysis: plain values for the templates."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse

from accounts.access import Viewer
from accounts.permissions import Permission
from calls.filters import Filters
from calls.judging.scores import counts
from calls.models import Call, CustomField, FieldValue, Reading, Score, Topic
from calls.personal import seeing

WHAT = {"fields": "Custom fields", "scorecards": "Scorecards", "topics": "Topics"}
NOT_SAID = "Not said"
ANSWERS = {
    True: ("check", "ok", "Yes"),
    False: ("x", "danger", "No"),
    None: ("mute", "none", "Does not apply"),
}
STATUSES = {"waiting": "Waits", "running": "Reads", "done": "Done", "stopped": "Stopped"}


def beside(viewer: Viewer, call: Call) -> dict[str, Any]:
    """What stands beside a call's words; empty for those who may not see them, or where nothing is asked."""
    if not viewer.may(Permission.SEE_WORDS):
        return {}
    fields = _fields(call)
    scores = [_score(one) for one in call.scores.select_related("scorecard", "reviewed_by").order_by("id")]
    names = dict(
        Topic.objects.for_workspace(call.workspace_id).filter(pk__in=call.topics).values_list("pk", "name")
    )
    topics = [{"id": pk, "name": names[pk]} for pk in call.topics if pk in names]
    is_read = scores or topics or any(one["value"] is not None for one in fields)
    if not (is_read or (fields and call.ended_at)):
        return {}
    return {
        "call": call.pk,
        "fields": fields,
        "scores": scores,
        "topics": topics,
        "list": reverse("calls:list"),
    }


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def reading(row: Reading, workspace_id: UUID) -> dict[str, Any]:
    goes_on = row.status in (Reading.Status.WAITING, Reading.Status.RUNNING)
    chips = Filters.of(QueryDict(row.query)).chips(workspace_id)
    return {
        "row": row,
        "goes_on": goes_on,
        "status": STATUSES[row.status],
        "which": ", ".join(f"{chip['label']}: {chip['value']}" for chip in chips) or "All calls",
        "what": ", ".join(WHAT[one].lower() for one in row.what if one in WHAT),
        "version": f"{row.status} {row.done} {row.failed} {row.cost_usd}",
    }


def _fields(call: Call) -> list[dict[str, Any]]:
    """Those that its agent's calls are asked for, and those that it says something to."""
    said = {one.field_id: one for one in _values(call)}
    asked = CustomField.objects.filter(agent=call.agent_id, is_active=True) if call.agent_id else ()
    known = {one.pk: one for one in asked} | {one.field_id: one.field for one in said.values()}
    return [_field(field, said.get(pk)) for pk, field in known.items()]


def _values(call: Call) -> Any:
    return FieldValue.objects.filter(call=call).select_related("field", "said_by").order_by("field__position")


def _field(field: CustomField, said: FieldValue | None) -> dict[str, Any]:
    value = seeing.mask().all(said.value) if said else None
    is_hidden = said is not None and value != said.value
    return {
        "key": field.key,
        "name": field.name,
        "kind": field.kind,
        "question": field.question,
        "choices": field.choices,
        "value": value,
        "shown": str(value) if is_hidden else _shown(field.kind, value),
        "typed": "" if value is None or is_hidden else str(value),
        "turn": said.turn if said else None,
        "by": _by(said) if said else "Not asked yet",
        "is_by_person": bool(said and said.is_by_person),
    }


def _shown(kind: str, value: Any) -> str:
    if value is None:
        return NOT_SAID
    if kind == CustomField.FieldKind.BOOLEAN:
        return "Yes" if value else "No"
    if kind == CustomField.FieldKind.DATE:
        return f"{date.fromisoformat(value):%-d %b %Y}"
    return f"{value:,.12g}" if kind == CustomField.FieldKind.NUMBER else str(value)


def _by(said: FieldValue) -> str:
    if said.is_by_person:
        return f"Said by {said.said_by or 'a program'}"
    return f"Read by {said.model}" if said.model else "Read by a model"


def _score(score: Score) -> dict[str, Any]:
    points = counts(score)
    return {
        "scorecard": score.scorecard_id,
        "name": score.scorecard.name,
        "points": points,
        "model_points": score.points,
        "is_changed": points != score.points,
        "pass_mark": score.scorecard.pass_mark,
        "is_passed": points is not None and points >= score.scorecard.pass_mark,
        "checks": [_check(one, score) for one in score.checks],
        "model": score.model or "a model",
        "is_reviewed": score.reviewed_at is not None,
        "reviewed_by": score.reviewed_by or "a program",
    }


def _check(check: dict[str, Any], score: Score) -> dict[str, Any]:
    is_overridden = check["id"] in score.overrides
    ok = score.overrides.get(check["id"], check["ok"])
    icon, tone, word = ANSWERS[ok]
    told = json.dumps(score.overrides[check["id"]]) if is_overridden else ""
    return check | {
        "reason": seeing.shown(check["reason"]),
        "icon": icon,
        "tone": tone,
        "word": word,
        "is_overridden": is_overridden,
        "model_word": ANSWERS[check["ok"]][2],
        "choices": [
            (value, label, value == told)
            for value, label in (("true", "Yes"), ("false", "No"), ("null", "N/A"))
        ],
    }
