"""Who may hear a call hears it whole or in parts; nobody else does."""

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, Workspace
from accounts.tokens import create_token
from calls import recordings
from calls.models import Call, Recording, Turn
from calls.recordings.fetching import fetch
from calls.recordings.ranges import Part, part_of
from tests.calls.made import said
from tests.calls.recordings.heard import a_call
from tests.people import make_member, sign_in

pytestmark = pytest.mark.django_db

SOUND = a_call()
SIZE = len(SOUND)


@pytest.fixture
def kept(platform, told) -> Recording:
    recording = told(platform.has("/one.wav", SOUND))
    fetch(recording)
    recording.refresh_from_db()
    return recording


@pytest.fixture
def reader(workspace) -> Client:
    return sign_in(make_member(workspace, Role.OPERATOR))


@async_to_sync
async def read(response) -> bytes:
    return b"".join([piece async for piece in response.streaming_content])


def address(recording: Recording) -> str:
    return f"/calls/{recording.call_id}/recording"


def test_it_is_played_whole(reader, kept):
    response = reader.get(address(kept))

    assert (response.status_code, read(response)) == (200, SOUND)
    assert response["Content-Type"] == "audio/wav"
    assert response["Content-Length"] == str(SIZE)
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=44-99", 44, 99),
        ("bytes=300000-", 300_000, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        (f"bytes=10-{SIZE * 2}", 10, SIZE - 1),
    ],
)
def test_a_part_is_played(reader, kept, asked, first, last):
    response = reader.get(address(kept), headers={"range": asked})

    assert (response.status_code, read(response)) == (206, SOUND[first : last + 1])
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=-0"])
def test_a_part_there_is_not_is_refused(reader, kept, asked):
    response = reader.get(address(kept), headers={"range": asked})

    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4"])
def test_what_is_no_range_is_answered_whole(asked):
    assert part_of(100, {"range": asked}, "tag") == Part(0, 99, whole=True)


def test_a_part_of_what_has_changed_is_answered_whole(reader, kept):
    etag = reader.head(address(kept))["ETag"]
    for told, status in ((etag, 206), ('"another"', 200), ("Wed, 21 Oct 2026 07:28:00 GMT", 200)):
        response = reader.get(address(kept), headers={"range": "bytes=0-9", "if-range": told})
        assert response.status_code == status
        read(response)


def test_what_a_browser_has_is_not_sent_again(reader, kept):
    etag = reader.get(address(kept))["ETag"]

    assert reader.get(address(kept), headers={"if-none-match": f'"x", W/{etag}'}).status_code == 304


def test_its_head_alone(reader, kept):
    response = reader.head(address(kept), headers={"range": "bytes=0-9"})

    assert (response.status_code, response.content) == (206, b"")
    assert response["Content-Length"] == "10"


def test_a_download_is_named(reader, kept, agent):
    kept.call.agent = agent
    kept.call.save()
    response = reader.get(address(kept) + "?download")

    name = f"Odell 2026-11-20 09.00 {kept.call.pk.hex[-6:]}.wav"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'


def test_it_is_for_those_who_may_see_the_words(workspace, kept):
    other = Workspace.objects.create(name="Elsewhere")
    for user, status in (
        (make_member(workspace, Role.VIEWER), 403),
        (make_member(other, Role.OWNER), 404),
    ):
        for end in ("recording", "heard"):
            assert sign_in(user).get(f"/calls/{kept.call_id}/{end}").status_code == status
    assert Client().get(address(kept)).status_code == 302


def test_one_that_is_gone_is_not_found(reader, kept):
    recordings.remove(kept, "Kept 30 days")

    assert reader.get(address(kept)).status_code == 404
    heard = reader.get(f"/calls/{kept.call_id}/heard").json()
    assert heard["why"] == f"Kept 30 days, removed {kept.removed_at:%-d %b}"


def test_a_program_reads_it(workspace, kept):
    _, plain = create_token(workspace, "Archive", Role.OPERATOR, None)
    program = Client(headers={"authorization": f"Bearer {plain}"})

    facts = program.get(f"/api/v1/calls/{kept.call_id}/recording").json()
    sound = program.get(facts["file"], headers={"range": "bytes=0-3"})

    assert (facts["status"], facts["duration_ms"], facts["channels"]) == ("kept", 10_000, 2)
    assert (sound.status_code, read(sound)) == (206, b"RIFF")


def test_a_player_draws_peaks_and_words(reader, kept):
    kept.call.turns.add(
        Turn(
            workspace=kept.workspace,
            n=1,
            words=[["Hello?", 1_000, 2_000]],
            **said("c0", "Hello?", 900, 1_900),
        ),
        bulk=False,
    )
    Recording.objects.filter(pk=kept.pk).update(offset_ms=-100)

    heard = reader.get(f"/calls/{kept.call_id}/heard").json()

    assert heard["words"] == {"c0": [[0, 6, 900, 1_900]]}
    assert heard["silences"] == [[4_900, 9_900]]
    assert (heard["peak_ms"], [len(side) for side in heard["peaks"]]) == (10, [1_000, 1_000])
    assert heard["length_ms"] == 10_000


def test_what_is_masked_for_somebody_is_not_heard_by_them(workspace, reader, kept):
    said_then = said("c0", "My card is 4111 1111 1111 1111.", 900, 1_900)
    kept.call.turns.add(Turn(workspace=kept.workspace, n=1, **said_then), bulk=False)
    admin = sign_in(make_member(workspace, Role.ADMIN))

    for client, status, known in ((reader, 403, "hidden"), (admin, 200, "kept")):
        assert client.get(f"/calls/{kept.call_id}/heard").json()["status"] == known
        assert client.get(f"/api/v1/calls/{kept.call_id}/recording").json()["status"] == known
        for path in (address(kept), f"/api/v1/calls/{kept.call_id}/recording/file"):
            assert client.get(path).status_code == status


def test_its_parts_are_given_without_reading_the_whole_call_again(reader, kept):
    said_then = said("c0", "Nothing to hide.", 900, 1_900)
    kept.call.turns.add(Turn(workspace=kept.workspace, n=1, **said_then), bulk=False)
    reader.get(address(kept))

    with CaptureQueriesContext(connection) as asked:
        assert reader.get(address(kept), headers={"range": "bytes=0-9"}).status_code == 206
    assert not any("calls_turn" in query["sql"] for query in asked)

    # What is corrected afterwards is looked at anew.
    Turn.objects.filter(call=kept.call).update(text="It is 4111 1111 1111 1111.")
    Call.objects.filter(pk=kept.call_id).update(revision=kept.call.revision + 1)
    assert reader.get(address(kept)).status_code == 403
