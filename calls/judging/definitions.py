"""Fields, scorecards and topics are defined by people, and each act is in the audit log.

Nothing is deleted: what was answered would lose its question. What is not wanted any more is not asked for.
"""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import Workspace
from agents.models import Agent
from base.errors import Faulty
from calls.judging import scoring
from calls.judging.forms import MOST_FIELDS, MOST_SCORECARDS, MOST_TOPICS
from calls.models import CustomField, Scorecard, Topic

Definition = CustomField | Scorecard | Topic
NAMES = {CustomField: "field", Scorecard: "scorecard", Topic: "topic"}


def add_field(agent: Agent, typed: dict[str, Any], *, by: UUID | None) -> CustomField:
    """Raises Faulty."""
    there = CustomField.objects.filter(agent=agent)
    row = CustomField(workspace_id=agent.workspace_id, agent=agent, position=there.count(), **typed)
    return _add(row, there, MOST_FIELDS, by)


def add_scorecard(workspace_id: UUID, typed: dict[str, Any], *, by: UUID | None) -> Scorecard:
    """Raises Faulty."""
    there = Scorecard.objects.for_workspace(workspace_id)
    return _add(Scorecard(workspace_id=workspace_id, **typed), there, MOST_SCORECARDS, by)


def add_topic(workspace_id: UUID, typed: dict[str, Any], *, by: UUID | None) -> Topic:
    """Raises Faulty."""
    there = Topic.objects.for_workspace(workspace_id)
    return _add(Topic(workspace_id=workspace_id, **typed), there, MOST_TOPICS, by)


@transaction.atomic
def edit(row: Definition, typed: dict[str, Any], *, by: UUID | None) -> None:
    """`typed`: what is to be otherwise. A scorecard whose checks change is another revision of it."""
    if isinstance(row, Scorecard) and "checks" in typed and not scoring.same(row.checks, typed["checks"]):
        typed = typed | {"revision": row.revision + 1}
    for name, value in typed.items():
        setattr(row, name, value)
    if typed:
        row.save(update_fields=list(typed))
    _note("edit", row, by)


@transaction.atomic
def _add(row: Any, there: Any, most: int, by: UUID | None) -> Any:
    Workspace.objects.select_for_update(of=("self",)).only("pk").get(pk=row.workspace_id)
    if there.filter(is_active=True).count() >= most:
        raise Faulty({"name": f"There are {most} already. Stop asking for one of them first."})
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Faulty({"name": "Somebody else was quicker: that name is taken."}) from None
    _note("create", row, by)
    return row


def _note(act: str, row: Definition, by: UUID | None) -> None:
    name = NAMES[type(row)]
    audit.note(
        f"{name}.{act}",
        workspace=row.workspace_id,
        actor=by,
        target=f"{name}:{row.pk}",
        detail={"is_active": row.is_active},
    )
