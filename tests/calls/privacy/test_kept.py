"""What has been kept for long enough goes, part by part; what is under legal hold, or young, stays."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEntry, Privacy
from base.errors import Faulty
from base.ids import first_uuid7
from calls import recordings
from calls.models import Call, Event, Export, LegalHold, Note, Recording, Tombstone
from calls.privacy import enforcing
from calls.privacy.tombstones import CallErased
from calls.services import Opening, record
from observability.models import BrowserReport
from tests.api.made import make_model_call
from tests.calls.made import make_call, said
from tests.calls.told import BY_THE_PLATFORM, ON_THE_SOCKET
from tests.webhooks.conftest import connection  # noqa: F401
from tests.webhooks.told import body_of, kept
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)
OLD = timedelta(days=40)


def call_of(agent, age: timedelta, **fields) -> Call:
    turns = [said("c0", "They charged me twice.", 0, 900), said("a1", "I see two charges.", 1_500, 2_400)]
    return make_call(agent, turns, started_at=timezone.now() - age, **fields)


def told_of(agent, age: timedelta) -> Call:
    opening = Opening(timezone.now(), level="token", agent_id=agent.pk)
    record(agent.workspace_id, "retell", "told", ON_THE_SOCKET, source="socket", opening=opening)
    call = record(agent.workspace_id, "retell", "told", BY_THE_PLATFORM, source="platform", opening=opening)
    Call.objects.filter(pk=call.pk).update(ended_at=timezone.now() - age)
    return call


def keep(agent, **days: int) -> str:
    enforcing.set_days(agent.workspace_id, days, by=None)
    out = StringIO()
    call_command("enforce_retention", stdout=out)
    return out.getvalue()


def test_words_go_and_what_a_call_came_to_stays(agent):
    old, young = told_of(agent, OLD), call_of(agent, timedelta(days=3))
    before = Call.objects.get(pk=old.pk)
    assert before.summary

    assert "1 transcript removed" in keep(agent, words=30)

    old.refresh_from_db()
    assert (old.summary, old.words_removed_at is not None) == ("", True)
    assert (old.turn_count, old.outcome, old.sentiment) == (
        before.turn_count,
        before.outcome,
        before.sentiment,
    )
    assert {(turn.text, turn.tool_arguments) for turn in old.turns.all()} == {("", None)}
    assert not Event.objects.filter(call=old).exclude(turn="").exists()
    assert young.turns.exclude(text="").count() == 2
    assert "1 transcript" not in keep(agent, words=30)  # they are gone

    # Told again by the platform, they do not come back.
    opening = Opening(timezone.now())
    record(old.workspace_id, "retell", "told", BY_THE_PLATFORM, source="platform", opening=opening)
    assert not old.turns.exclude(text="").exists()


def test_numbers_go_from_the_call_and_from_what_was_told_of_it(agent):
    old = told_of(agent, OLD)

    keep(agent, numbers=1)

    old.refresh_from_db()
    assert (old.from_number, old.to_number, old.transfer_to) == ("", "", "")
    assert "7700900142" not in str(list(Event.objects.filter(turn="").values_list("data", flat=True)))


def test_recordings_go_with_their_files_and_say_why(agent):
    call = call_of(agent, OLD)
    row = Recording.objects.create(workspace_id=call.workspace_id, call=call, status="kept")
    Recording.objects.filter(pk=row.pk).update(
        file=default_storage.save(recordings.place_of(row), ContentFile(b"sound"))
    )

    keep(agent, recordings=30)

    row.refresh_from_db()
    assert (row.status, row.reason) == ("removed", "Recordings are kept for 30 days here.")
    assert not default_storage.exists(recordings.place_of(row))


def test_whole_calls_go_and_cannot_be_told_again(agent):
    old = call_of(agent, OLD)
    young, tried = call_of(agent, timedelta(days=3)), call_of(agent, OLD, platform="playground")
    Export.objects.create(workspace_id=agent.workspace_id, format="csv")

    said = keep(agent, calls=30)

    assert "Larkfield Energy: 1 call removed" in said
    assert set(Call.objects.all()) == {young, tried}
    assert Tombstone.objects.count() == 1
    assert Export.objects.exists()  # it is kept for its day
    with pytest.raises(CallErased):
        record(
            old.workspace_id,
            old.platform,
            old.platform_call_id,
            [],
            source="platform",
            opening=Opening(timezone.now()),
        )
    keep(agent, playground=30)
    assert set(Call.objects.all()) == {young}


def test_what_is_under_hold_stays(agent):
    call = call_of(agent, OLD)
    Note.objects.create(workspace_id=call.workspace_id, call=call, text="They were angry.")
    Note.objects.update(created_at=timezone.now() - OLD)
    hold = LegalHold.objects.create(workspace_id=call.workspace_id, caller="447700900142", reason="court")

    assert keep(agent, words=1, numbers=1, notes=1, calls=1, recordings=1) == "0 removed.\n"

    LegalHold.objects.filter(pk=hold.pk).update(lifted_at=timezone.now())
    assert "1 call removed" in keep(agent, calls=1)


def test_other_rooms_remove_what_is_theirs(agent, connection):  # noqa: F811
    call = call_of(agent, timedelta(days=3))
    came = first_uuid7(int((timezone.now() - OLD).timestamp() * 1000))
    kept(connection, body_of("call_started", call={"call_id": "x"}), id=came)
    Delivery.objects.update(status="applied", created_at=timezone.now() - OLD)
    make_model_call(call)
    type(call.workspace.model_calls.get()).objects.update(created_at=timezone.now() - OLD)
    BrowserReport.objects.create(workspace_id=call.workspace_id, kind="error")
    BrowserReport.objects.update(created_at=timezone.now() - OLD)

    keep(agent, model_calls=35, browser_reports=30)
    assert not call.workspace.model_calls.exists()
    assert not BrowserReport.objects.exists()
    assert Delivery.objects.get().body is not None

    keep(agent, words=30)  # a body has them, too
    assert Delivery.objects.get().body is None


def test_a_dry_run_only_counts(agent):
    call_of(agent, OLD)
    enforcing.set_days(agent.workspace_id, {"calls": 30}, by=None)
    out = StringIO()

    call_command("enforce_retention", "--dry-run", stdout=out)

    assert "1 call would be removed" in out.getvalue()
    assert Call.objects.count() == 1


@pytest.mark.parametrize("days", [{"words": 0}, {"model_calls": 3}, {"calls": 10_000}, {"memories": 3}])
def test_what_cannot_be_kept_to_is_refused(agent, days):
    with pytest.raises(Faulty):
        enforcing.set_days(agent.workspace_id, days, by=None)
    assert not Privacy.objects.exists()


def test_a_change_is_in_the_audit_log(agent):
    enforcing.set_days(agent.workspace_id, {"words": 30}, by=None)
    enforcing.set_days(agent.workspace_id, {"words": 30, "calls": None}, by=None)

    assert AuditEntry.objects.get(action="retention.change").detail == {"words": 30}
