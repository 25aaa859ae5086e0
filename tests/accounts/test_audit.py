import pytest
from django.db import DatabaseError, transaction

from accounts import audit
from accounts.models import AuditEntry
from base.trace import bind_trace


def test_a_note_carries_the_trace_it_belongs_to(workspace, maya):
    with bind_trace("a" * 32):
        entry = audit.note(
            "call.end", workspace=workspace, actor=maya, target="call:1", detail={"by": "button"}
        )

    entry.refresh_from_db()
    assert (entry.trace_id, entry.actor_id, entry.detail) == ("a" * 32, maya.pk, {"by": "button"})


def test_the_log_cannot_be_changed(workspace, maya):
    entry = audit.note("call.end", workspace=workspace, actor=maya)

    for attack in (
        lambda: AuditEntry.objects.update(action="nothing"),
        lambda: AuditEntry.objects.all()._raw_delete("default"),
        lambda: entry.delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attack()

    assert AuditEntry.objects.get().action == "call.end"
