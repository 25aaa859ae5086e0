"""Files on their way to whoever may have them."""

import pytest
from asgiref.sync import async_to_sync
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.test import RequestFactory

from base import files
from base.files import Sending, refused


@pytest.fixture
def storage(monkeypatch) -> InMemoryStorage:
    kept = InMemoryStorage()
    monkeypatch.setattr(files, "default_storage", kept)
    monkeypatch.setattr(files, "leave_database", lambda: None)
    monkeypatch.setattr(files, "PIECE_BYTES", 3)
    for name in ("one", "two"):
        kept.save(name, ContentFile(f"the {name}".encode()))
    return kept


@async_to_sync
async def pieces(sending: Sending) -> list[bytes]:
    return [piece async for piece in sending]


@pytest.mark.parametrize(
    ("names", "part", "sent"),
    [
        ([], (), []),
        (["one"], (), [b"the", b" on", b"e"]),
        (["one", "two"], (), [b"the", b" on", b"e", b"the", b" tw", b"o"]),
        (["one"], (2, 5), [b"e o", b"n"]),
        (["one"], (6, 6), [b"e"]),
    ],
)
def test_files_are_sent_piece_by_piece(storage, names, part, sent):
    sending = Sending(names, *part)

    assert pieces(sending) == sent


class BreaksOff:
    closed = False

    def read(self, size: int) -> bytes:
        raise OSError("it broke off")

    def close(self) -> None:
        self.closed = True


def test_what_broke_off_is_closed(storage, monkeypatch):
    source = BreaksOff()
    monkeypatch.setattr(storage, "open", lambda *_: source)
    source.seek = lambda first: None
    sending = Sending(["one"])

    with pytest.raises(OSError, match="broke off"):
        pieces(sending)
    assert source.closed


def test_one_that_is_not_there_is_known_before_anything_is_sent(storage):
    with pytest.raises(FileNotFoundError):
        Sending(["three", "one"])


@pytest.mark.parametrize(("error", "status"), [(FileNotFoundError("x"), 404), (OSError("x"), 503)])
def test_why_it_cannot_be_had_is_said(error, status, caplog):
    response = refused(RequestFactory().get("/api/v1/exports/1/file"), error)

    assert response.status_code == status
    assert ("Retry-After" in response) == (status == 503)
    assert "/api/v1/exports/1/file: the storage failed: x" in caplog.text
