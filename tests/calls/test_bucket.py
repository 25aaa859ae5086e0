"""Recordings and exports in a bucket: kept, handed out, erased; and what is said while it is away."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Role
from calls import exports
from calls.exports import making
from calls.models import Call, Export, Recording
from calls.privacy import erasing
from calls.privacy import tasks as of_privacy
from calls.recordings import fetching
from calls.recordings.fetching import fetch
from calls.services import Opening, record
from platforms.events import CallEnded, CallRecorded, CallStarted
from tests.bucket import FarSide, far_side
from tests.calls.made import A_SHORT_CALL, make_call
from tests.calls.recordings.heard import a_call, platform
from tests.calls.told import BEGAN
from tests.people import make_member, sign_in

pytestmark = pytest.mark.django_db

SOUND = a_call()


@pytest.fixture(scope="module")
def playing() -> FarSide:
    with far_side() as played:
        yield played


@pytest.fixture(autouse=True)
def far(settings, playing) -> FarSide:
    playing.forget()
    cache.clear()
    storage = {"default": {"BACKEND": "base.bucket.Bucket", "OPTIONS": playing.options()}}
    settings.STORAGES = settings.STORAGES | storage
    return playing


@pytest.fixture
def told(workspace) -> Recording:
    """Of a call whose platform has its sound."""
    with platform() as played:
        events = [
            CallStarted(BEGAN),
            CallEnded(BEGAN + timedelta(seconds=10)),
            CallRecorded(BEGAN, played.has("/one.wav", SOUND), True),
        ]
        opening = Opening(started_at=BEGAN)
        call = record(workspace.pk, "retell", "recorded", events, source="webhook", opening=opening)
        Call.objects.update(from_number="+447700900001")
        yield Recording.objects.select_related("call").get(call=call)


@pytest.fixture
def kept(told) -> Recording:
    assert fetch(told)
    told.refresh_from_db()
    return told


@pytest.fixture
def export(agent) -> Export:
    for _ in range(2):
        make_call(agent, A_SHORT_CALL)
    columns = exports.columns_of(["id"], agent.workspace_id, turns=False, sees_words=True)
    return exports.ask(agent.workspace_id, "", "csv", columns, by=None, sees_words=True)


@pytest.fixture
def reader(workspace) -> Client:
    return sign_in(make_member(workspace, Role.ADMIN))


@async_to_sync
async def read(response) -> bytes:
    return b"".join([piece async for piece in response.streaming_content])


def sound_of(recording: Recording) -> str:
    return f"/calls/{recording.call_id}/recording"


def test_a_recording_is_kept_and_no_more_of_it_is_asked_for_than_is_wanted(far, reader, kept):
    key = f"files/{kept.file.name}"
    assert far.files == {key: SOUND}

    assert read(reader.get(sound_of(kept))) == SOUND
    part = reader.get(sound_of(kept), headers={"range": "bytes=44-99"})

    assert (part.status_code, read(part)) == (206, SOUND[44:100])
    assert far.asked[-1] == ("GET", key, "bytes=44-99")


@pytest.mark.parametrize(
    ("accept", "address"),
    [("text/html", "/calls/{}/recording"), ("application/json", "/api/v1/calls/{}/recording/file")],
)
def test_what_the_storage_lacks_is_told_from_a_storage_that_is_away(far, reader, kept, accept, address):
    def answer():
        return reader.get(address.format(kept.call_id), headers={"accept": accept})

    far.fails = "SlowDown"
    away = answer()
    assert (away.status_code, away["Retry-After"]) == (503, "10")
    assert "The storage that files are kept in does not answer" in away.content.decode()
    far.forget()
    gone = answer()
    assert gone.status_code == 404
    assert "The file is gone" in gone.content.decode()


def test_a_sound_that_breaks_off_ends_without_being_whole(far, reader, kept):
    far.cuts = 100
    response = reader.get(sound_of(kept))

    with pytest.raises(OSError, match="the bucket failed"):
        read(response)


def test_a_storage_that_is_away_does_not_lose_a_recording(far, told):
    """The platform's patience is shorter than a bad hour of the bucket."""
    far.fails = "ServiceUnavailable"
    for _ in range(fetching.MOST_TRIES + 2):
        Recording.objects.update(fetch_after=timezone.now())
        told.refresh_from_db()
        fetch(told)
    told.refresh_from_db()
    assert (told.status, told.reason) == ("waiting", fetching.UNKEPT)

    far.fails = ""
    Recording.objects.update(fetch_after=timezone.now())
    told.refresh_from_db()
    fetch(told)
    told.refresh_from_db()
    assert (told.status, told.reason) == ("kept", "")


def test_a_storage_that_stays_away_is_not_tried_for_ever(far, reader, told):
    far.fails = "ServiceUnavailable"
    Recording.objects.update(tries=fetching.MOST_KEEPS - 1, reason=fetching.UNKEPT)
    told.refresh_from_db()
    fetch(told)

    told.refresh_from_db()
    assert told.status == "missing"
    why = reader.get(f"/calls/{told.call_id}/heard").json()["why"]
    assert why == "No recording. The storage did not take it."


def test_an_export_is_made_and_fetched_part_by_part(far, reader, export, monkeypatch):
    monkeypatch.setattr("calls.exports.writing.PIECE", 1)
    monkeypatch.setattr("calls.exports.making.PART_SECONDS", 0)
    while making.go_on(export.pk):
        pass
    export.refresh_from_db()
    assert len(export.files) == len(far.files) >= 2

    address = f"/api/v1/exports/{export.pk}"
    assert read(reader.get(f"{address}/file")) == b"".join(
        far.files[f"files/{name}"] for name in export.files
    )

    far.fails = "SlowDown"
    for answer in (reader.get(f"{address}/file"), reader.delete(address)):
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "unavailable"
    # Nobody has been handed it in vain.
    assert AuditEntry.objects.filter(action="export.fetch").count() == 1
    far.fails = ""
    assert reader.delete(address).status_code == 200
    assert far.files == {}


def test_an_export_is_stopped_while_the_storage_is_away(far, reader, export):
    far.fails = "SlowDown"

    assert reader.post(f"/api/v1/exports/{export.pk}/stop").json()["status"] == "stopped"


def test_one_that_is_removed_while_the_storage_is_away_is_made_no_more(far, reader, export):
    far.fails = "NoSuchBucket"  # which is not tried again

    assert reader.delete(f"/api/v1/exports/{export.pk}").status_code == 503

    export.refresh_from_db()
    assert (export.status, len(far.asked)) == ("stopped", 1)


def test_those_of_yesterday_are_not_all_tried_while_the_storage_is_away(far, agent, export):
    for _ in range(5):
        Export.objects.create(workspace=agent.workspace, format="csv", columns=["id"], files=["exports/x"])
    Export.objects.update(created_at=timezone.now() - timedelta(days=2))
    far.fails = "NoSuchBucket"  # which is not tried again

    assert exports.remove_old() == 0
    assert len(far.asked) == exports.MOST_FAILED


def test_a_caller_is_not_forgotten_before_the_storage_has(far, kept, workspace):
    erasure = erasing.ask(workspace.pk, "+447700900001", by=None)
    far.fails = "SlowDown"
    of_privacy.erase()
    erasure.refresh_from_db()
    assert (erasure.status, Call.objects.count()) == ("running", 1)

    far.fails = ""
    type(erasure).objects.update(alive_at=None)
    of_privacy.erase()

    erasure.refresh_from_db()
    assert (erasure.status, Call.objects.count(), far.files) == ("done", 0, {})
