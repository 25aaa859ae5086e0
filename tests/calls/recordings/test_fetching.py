"""A recording is fetched once, by whoever comes first, and kept; one that cannot be had says why."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from calls import recordings
from calls.models import Call, Event, Recording
from calls.recordings import fetching, tasks
from calls.recordings.fetching import fetch
from calls.services import Opening, record
from platforms.events import CallEnded, CallRecorded, CallStarted
from tests.calls.recordings.heard import Folder, a_call
from tests.calls.told import BEGAN

pytestmark = pytest.mark.django_db


def files(folder) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def until_settled(recording: Recording) -> Recording:
    """Tried again and again, as if the pauses between were over."""
    while recording.status == "waiting":
        Recording.objects.filter(pk=recording.pk).update(fetch_after=timezone.now())
        recording.refresh_from_db()
        fetch(recording)
        recording.refresh_from_db()
    return recording


def test_it_is_fetched_and_kept(platform, told, storage):
    recording = told(platform.has("/one.wav", a_call()))

    assert fetch(recording)

    recording.refresh_from_db()
    assert (recording.status, recording.reason, recording.source) == ("kept", "", "")
    assert (recording.content_type, recording.channels, recording.duration_ms) == ("audio/wav", 2, 10_000)
    assert (recording.offset_ms, recording.fetch_after) == (0, None)
    with default_storage.open(recording.file.name) as file:
        assert file.read() == a_call()
    assert recording.size == len(a_call())


@pytest.mark.django_db(transaction=True)
def test_the_timetable_fetches_what_waits(platform, told):
    one, other = (told(platform.has(f"/{n}.wav", a_call()), call=f"call {n}") for n in (1, 2))

    tasks.fetch_due()

    for recording in (one, other):
        recording.refresh_from_db()
        assert recording.status == "kept"
    assert sorted(platform.asked) == ["/1.wav", "/2.wav"]


def test_it_is_fetched_once_though_it_is_told_of_again(platform, told):
    url = platform.has("/one.wav", a_call())
    until_settled(told(url))

    again = told(url + "?signature=newer")

    assert again.status == "kept"
    assert not fetch(again)
    assert platform.asked == ["/one.wav"]


def test_whoever_is_second_leaves_it(platform, told):
    recording = told(platform.has("/one.wav", a_call()))
    same = Recording.objects.get(pk=recording.pk)

    assert fetch(recording)
    assert not fetch(same)


@pytest.mark.parametrize("arrivals", [*permutations(["/mono.wav", "/split.wav", "end"])])
def test_two_channels_are_better_in_whatever_order_they_are_told_of(workspace, arrivals):
    events = {
        "/mono.wav": CallRecorded(BEGAN, "https://example.com/mono.wav"),
        "/split.wav": CallRecorded(BEGAN, "https://example.com/split.wav", split=True),
        "end": CallEnded(BEGAN + timedelta(seconds=10)),
    }
    for _ in range(2):
        for name in arrivals:
            opening = Opening(started_at=BEGAN)
            record(workspace.pk, "retell", "one", [events[name]], source="webhook", opening=opening)

    assert Recording.objects.get().source == "https://example.com/split.wav"
    kept = Event.objects.filter(kind="CallRecorded").values_list("data", flat=True)
    assert "example.com" not in str(list(kept))  # whoever reads the facts cannot listen


@pytest.mark.parametrize(
    ("answer", "tries", "reason"),
    [
        ({"status": 404}, fetching.MOST_LOOKS, fetching.NOT_THERE),
        ({"status": 403}, fetching.MOST_LOOKS, fetching.EXPIRED),
        ({"status": 410}, 1, fetching.GONE),
        ({"status": 503}, fetching.MOST_TRIES, fetching.IN_VAIN),
        ({"body": b"RIFF1234WAVEbroken"}, 1, "The sound file that the platform sent is broken."),
        ({"body": b"<html>sorry</html>", "content_type": "text/html"}, 1, "The platform sent a page"),
        ({"body": b"%PDF-1.7 and more of it", "content_type": "audio/wav"}, 1, "What the platform sent"),
        ({"content_length": str(fetching.MOST_BYTES + 1)}, 1, fetching.TOO_LARGE),
        ({"status": 302, "location": "ftp://example.com/"}, 1, "Its address leads nowhere."),
    ],
)  # fmt: skip
def test_one_that_cannot_be_had_says_why(platform, told, storage, answer, tries, reason):
    recording = until_settled(told(platform.has("/one.wav", **answer)))

    assert recording.status == "missing"
    assert recording.reason.startswith(reason)
    assert (recording.tries, len(platform.asked)) == (tries, tries)
    assert files(storage) == []


@pytest.mark.parametrize("status", [503, 404])
def test_tries_that_the_storage_spent_are_not_the_platforms(platform, told, status):
    recording = told(platform.has("/one.wav", status=status))
    Recording.objects.update(tries=fetching.MOST_TRIES, reason=fetching.UNKEPT)
    recording.refresh_from_db()
    fetch(recording)
    recording.refresh_from_db()
    assert (recording.status, recording.reason) == ("waiting", fetching.UNKEPT)

    platform.has("/one.wav", a_call())
    assert until_settled(recording).status == "kept"


def test_a_private_network_is_not_asked(told, settings):
    settings.PRIVATE_HOSTS = []

    recording = until_settled(told("http://127.0.0.1:9/one.wav"))

    assert (recording.status, recording.reason) == ("missing", fetching.PRIVATE)


def test_it_is_tried_later_and_ever_later(platform, told):
    recording = told(platform.url + "/later.wav")

    fetch(recording)

    recording.refresh_from_db()
    assert recording.status == "waiting"
    assert recording.fetch_after > timezone.now()
    assert not fetching.due().exists()


def test_one_that_ends_whoever_tries_is_given_up(platform, told):
    """A worker that is killed in the middle says nothing of what was in the way."""
    recording = told(platform.has("/one.wav", a_call()))
    Recording.objects.update(tries=fetching.MOST_TRIES)
    recording.refresh_from_db()

    recording = until_settled(recording)

    assert (recording.status, recording.reason) == ("missing", fetching.IN_VAIN)
    assert platform.asked == []


def test_one_that_was_missing_is_tried_at_a_new_address(platform, told):
    until_settled(told(platform.url + "/gone.wav"))

    recording = until_settled(told(platform.has("/here.wav", a_call())))

    assert recording.status == "kept"


def test_the_platforms_clock_says_where_it_begins(platform, told, workspace):
    opening = Opening(started_at=BEGAN + timedelta(milliseconds=350))
    ours = [CallStarted(BEGAN + timedelta(milliseconds=350))]
    record(workspace.pk, "retell", "recorded", ours, source="socket", opening=opening)

    assert until_settled(told(platform.has("/one.wav", a_call()))).offset_ms == -350


def test_removing_takes_the_file_and_keeps_the_reason(platform, told, storage):
    url = platform.has("/one.wav", a_call())
    recording = until_settled(told(url))

    recordings.remove(recording, "Kept 30 days")
    recordings.remove(recording, "Kept 30 days")

    assert files(storage) == []
    again = told(url + "?again")
    assert (again.status, again.reason, again.source, again.peaks) == ("removed", "Kept 30 days", "", [])


@pytest.mark.parametrize("lost", ["removed", "erased"])
def test_what_is_lost_while_it_is_fetched_does_not_stay(platform, told, storage, monkeypatch, lost):
    recording = told(platform.has("/one.wav", a_call()))
    row = Recording.objects.filter(pk=recording.pk)
    happens = row.delete if lost == "erased" else lambda: row.update(status="removed")
    monkeypatch.setattr(Folder, "then", happens)

    fetch(recording)

    assert not row.exclude(status="removed").exists()
    assert files(storage) == []


@pytest.mark.django_db(transaction=True)
def test_with_its_call_the_file_goes(platform, told, storage):
    recording = until_settled(told(platform.has("/one.wav", a_call())))
    assert files(storage)

    with transaction.atomic():
        Call.objects.filter(pk=recording.call_id).delete()
        assert files(storage)  # it may yet be taken back

    assert files(storage) == []
