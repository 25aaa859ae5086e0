"""Rows of analysis, made without anybody having to read a call."""

from uuid import UUID

from django.utils import timezone

from calls.models import Call, CustomField, FieldValue, Reading, Score, Scorecard, Topic

CHECKS = [
    {"id": "c1", "question": "The agent greets the caller.", "weight": 1, "is_critical": False},
    {"id": "c2", "question": "The agent finds the charges.", "weight": 3, "is_critical": False},
    {"id": "c3", "question": "The agent promises nothing.", "weight": 1, "is_critical": True},
]


def make_field(agent, key="amount", kind="number", **fields) -> CustomField:
    told = {"name": key.capitalize(), "question": f"What is the {key}?"} | fields
    return CustomField.objects.create(
        workspace_id=agent.workspace_id, agent=agent, key=key, kind=kind, **told
    )


def make_scorecard(one, name="Quality", **fields) -> Scorecard:
    """Of the workspace of this agent, for all of them."""
    return Scorecard.objects.create(
        **{"workspace_id": one.workspace_id, "name": name, "checks": CHECKS, **fields}
    )


def make_topic(one, name="Billing") -> Topic:
    return Topic.objects.create(workspace_id=one.workspace_id, name=name, description=f"About {name}.")


def make_score(call: Call, scorecard: Scorecard, ok=True, points=100, **fields) -> Score:
    checks = [check | {"ok": ok, "reason": "So it was.", "turn": 1} for check in scorecard.checks]
    facts = {"revision": 1, "points": points, "model": "a", "judged_at": timezone.now()} | fields
    return Score.objects.create(
        workspace_id=call.workspace_id, call=call, scorecard=scorecard, checks=checks, **facts
    )


def read_in(call: Call) -> dict[str, UUID]:
    """One of everything, said of this call: ids, as tests of addresses name them."""
    field = make_field(call.agent, "plan", "text")
    facts = {"workspace_id": call.workspace_id, "call": call}
    FieldValue.objects.create(**facts, field=field, value="Fixed", turn=2, said_at=timezone.now())
    scorecard, topic = make_scorecard(call.agent), make_topic(call.agent)
    make_score(call, scorecard)
    Call.objects.filter(pk=call.pk).update(fields={"plan": "Fixed"}, topics=[topic.pk], score=100)
    reading = Reading.objects.create(workspace_id=call.workspace_id, what=["fields"], status="done", about=1)
    return {
        "field_id": field.pk,
        "scorecard_id": scorecard.pk,
        "topic_id": topic.pk,
        "reading_id": reading.pk,
    }
