"""A bucket as its users see it: files that are there, are not, or cannot be had now."""

import socket
import time
from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile

from base import bucket as of_buckets
from base.bucket import Bucket
from tests.bucket import FarSide, far_side


@pytest.fixture(scope="module")
def playing() -> Iterator[tuple[FarSide, Bucket]]:
    with far_side() as played:
        yield played, played.storage()


@pytest.fixture
def far(playing) -> FarSide:
    playing[0].forget()
    return playing[0]


@pytest.fixture
def bucket(far, playing) -> Bucket:
    return playing[1]


@pytest.fixture(scope="module")
def misspelt(playing) -> Bucket:
    return playing[0].storage("cals")


@pytest.fixture(scope="module")
def nobodys() -> Bucket:
    return nobody_at().storage()


def everything(bucket: Bucket) -> dict:
    return {
        "save": lambda: bucket.save("a", ContentFile(b"a")),
        "open": lambda: bucket.open("a"),
        "read": lambda: bucket.read_from("a", 0, None),
        "delete": lambda: bucket.delete("a"),
        "exists": lambda: bucket.exists("a"),
        "listdir": lambda: bucket.listdir("a"),
        "size": lambda: bucket.size("a"),
    }


def nobody_at() -> FarSide:
    far = FarSide()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        far.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    return far


def test_a_file_is_kept_read_in_parts_listed_and_deleted(far, bucket):
    assert bucket.save("exports/one", ContentFile(b"0123456789")) == "exports/one"
    assert far.files == {"files/exports/one": b"0123456789"}
    for first, last, part in ((0, None, b"0123456789"), (2, 4, b"234"), (8, None, b"89")):
        assert bucket.read_from("exports/one", first, last).read(100) == part
    assert far.asked[-2:] == [("GET", "files/exports/one", f"bytes={part}") for part in ("2-4", "8-")]
    assert (bucket.exists("exports/one"), bucket.size("exports/one")) == (True, 10)
    assert bucket.listdir("exports") == ([], ["one"])

    bucket.delete("exports/one")
    bucket.delete("exports/one")
    assert (far.files, bucket.exists("exports/one"), bucket.listdir("exports")) == ({}, False, ([], []))


@pytest.mark.parametrize("does", everything(None))
def test_it_fails_as_a_folder_does_where_nobody_answers(nobodys, does):
    with pytest.raises(OSError, match=r"^the bucket failed: EndpointConnectionError$"):
        everything(nobodys)[does]()


@pytest.mark.parametrize("does", ["open", "read", "size"])
def test_what_is_not_there_is_no_fault_of_the_bucket(bucket, does):
    with pytest.raises(FileNotFoundError):
        everything(bucket)[does]()


def test_deleting_what_is_not_there_does_no_harm_where_that_is_said(far, bucket):
    far.is_google = True
    bucket.save("exports/one", ContentFile(b"one"))

    bucket.delete("exports/one")
    bucket.delete("exports/one")

    assert far.files == {}


@pytest.mark.parametrize("does", ["save", "read", "delete", "listdir"])
def test_a_bucket_that_is_not_there_is_no_missing_file(misspelt, does):
    """Else an erasure would be content with a name that is misspelt."""
    with pytest.raises(OSError, match="NoSuchBucket") as caught:
        everything(misspelt)[does]()
    assert not isinstance(caught.value, FileNotFoundError)


def test_a_bucket_that_breaks_off_fails_as_a_folder_does(far, bucket):
    bucket.save("a", ContentFile(b"0123456789"))
    far.cuts = 4

    body = bucket.read_from("a", 0, None)
    assert body.read(100) == b"0123"
    with pytest.raises(OSError, match="the bucket failed: "):
        body.read(100)


def test_a_bucket_that_is_silent_is_waited_for_a_moment_only(monkeypatch):
    monkeypatch.setattr(of_buckets, "ASKED", of_buckets.ASKED.merge(of_buckets.Config(read_timeout=0.2)))
    assert of_buckets.ASKED.connect_timeout + of_buckets.ASKED.retries["total_max_attempts"] * 10 < 30
    with socket.create_server(("127.0.0.1", 0)) as listening:
        far = FarSide()
        far.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(OSError, match="ReadTimeoutError"):
            far.storage().read_from("a", 0, None)
    assert time.monotonic() - began < 10
