"""A recording from its platform into our storage, once."""

import asyncio
import logging
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import F, QuerySet
from django.utils import timezone

from base import outward
from base.pool import leave_database
from calls.fold import OURS
from calls.models import Call, Event, Recording
from calls.recordings import place_of
from calls.recordings.sound import Heard, NoSound, listen
from platforms.events import CallStarted

logger = logging.getLogger(__name__)

MOST_BYTES = 512 * 1024 * 1024
WITHIN_S = 150.0  # for all of it; a worker's task may take 240
PIECE_BYTES = 256 * 1024
MOST_REDIRECTS = 3
MOST_TRIES = 8
# Not there may mean not there yet: platforms tell of a file before they have written it.
MOST_LOOKS = 3
# The storage being away is no fault of the platform's: it is waited for about a day.
MOST_KEEPS = 30
SOONEST, LATEST = timedelta(seconds=20), timedelta(hours=1)  # between two tries
CLAIM = timedelta(minutes=10)  # until somebody else tries, should we die of it
ASKED = {"user-agent": "Earshot", "accept": "audio/*, */*;q=0.1", "accept-encoding": "identity"}

GONE = "The platform does not have it any more."
EXPIRED = "The platform’s address of it had expired."
NOT_THERE = "The platform said there was one, and did not have it."
PRIVATE = "Its address leads into a private network."
TOO_LARGE = f"It is larger than {MOST_BYTES // 1024**2} MB."
IN_VAIN = "The platform did not hand it over."
UNKEPT = "The storage did not take it."
FINAL = {410: GONE, 401: EXPIRED, 403: EXPIRED, 404: NOT_THERE}


class Missing(Exception):
    """It cannot be had: why, for people."""


class NotNow(Exception):
    """It could not be had this time. `status` is what the platform answered, if it did."""

    def __init__(self, status: int = 0) -> None:
        super().__init__(status)
        self.status = status


def due() -> QuerySet[Recording]:
    """Those to be fetched now, the longest waiting first."""
    waiting = Recording.objects.filter(status=Recording.Status.WAITING, fetch_after__lte=timezone.now())
    return waiting.order_by("fetch_after")


def fetch(recording: Recording) -> bool:
    """Try once to have it. False: somebody else is at it. Nothing is raised that trying again could cure."""
    now = timezone.now()
    ours = Recording.objects.filter(
        pk=recording.pk, status=Recording.Status.WAITING, fetch_after=recording.fetch_after
    ).update(fetch_after=now + CLAIM, tries=F("tries") + 1)
    if not ours:
        return False
    recording.tries += 1
    if recording.tries > (MOST_KEEPS if recording.reason else MOST_TRIES):
        _give_up(recording, recording.reason or IN_VAIN)  # nobody who tried came to say what was in the way
        return True
    leave_database()
    try:
        with tempfile.NamedTemporaryFile(prefix="earshot-") as into:
            asyncio.run(_download(recording.source, Path(into.name)))
            _keep(recording, listen(Path(into.name)), Path(into.name))
    except (Missing, NoSound) as error:
        _give_up(recording, str(error))
    except (NotNow, OSError) as error:
        _later(recording, error)
    return True


async def _download(url: str, into: Path) -> None:
    """Its bytes, piece by piece. Raises Missing and NotNow."""
    try:
        async with (
            asyncio.timeout(WITHIN_S),
            httpx.AsyncClient(
                transport=outward.transport(),
                timeout=httpx.Timeout(30, connect=10),
                follow_redirects=True,
                max_redirects=MOST_REDIRECTS,
            ) as http,
            http.stream("GET", url, headers=ASKED) as answer,
        ):
            if answer.status_code != 200:
                raise NotNow(answer.status_code)
            await _read(answer, into)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
        raise Missing("Its address leads nowhere.") from error
    except (httpx.HTTPError, TimeoutError) as error:
        if outward.refused(error):
            raise Missing(PRIVATE) from error
        raise NotNow() from error


async def _read(answer: httpx.Response, into: Path) -> None:
    told = answer.headers.get("content-length", "")
    if told.isdigit() and int(told) > MOST_BYTES:
        raise Missing(TOO_LARGE)
    if answer.headers.get("content-type", "").lower().startswith(("text/", "application/json")):
        raise Missing("The platform sent a page in its place.")
    size = 0
    with into.open("wb") as file:
        async for piece in answer.aiter_bytes(PIECE_BYTES):
            size += len(piece)
            if size > MOST_BYTES:
                raise Missing(TOO_LARGE)
            file.write(piece)


def _keep(recording: Recording, heard: Heard, path: Path) -> None:
    place = place_of(recording)
    default_storage.delete(place)  # what somebody left there who died before it was written down
    with path.open("rb") as file:
        kept = default_storage.save(place, File(file))
    values = {
        "status": Recording.Status.KEPT,
        "reason": "",
        "source": "",
        "fetch_after": None,
        "fetched_at": timezone.now(),
        "file": kept,
        "content_type": heard.content_type,
        "size": path.stat().st_size,
        "duration_ms": heard.duration_ms,
        "channels": heard.channels,
        "offset_ms": _offset_ms(recording.call),
        "peaks": heard.peaks,
        "peak_ms": heard.peak_ms,
    }
    if not _still(recording).update(**values):
        default_storage.delete(kept)  # removed meanwhile, or its call erased: then it must not stay


def _still(recording: Recording) -> QuerySet[Recording]:
    """It, if it is still to be fetched."""
    return Recording.objects.filter(pk=recording.pk, status=Recording.Status.WAITING)


def _offset_ms(call: Call) -> int:
    """When the recording begins, since the call did. The platform records from where its own clock begins;
    ours, if we held the call, begins when it reached us."""
    began = Event.objects.filter(call=call, kind=CallStarted.__name__)
    theirs = began.exclude(source__in=OURS).order_by("at").values_list("at", flat=True).first()
    return 0 if theirs is None else _ms(theirs - call.started_at)


def _ms(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)


def _later(recording: Recording, error: NotNow | OSError) -> None:
    """Tries are counted together. Where storage failed once they say nothing about the platform, which had
    it: it is then given as long as the storage is."""
    status = error.status if isinstance(error, NotNow) else 0
    reason = recording.reason if isinstance(error, NotNow) else UNKEPT
    most, looks = (MOST_KEEPS, MOST_KEEPS) if reason else (MOST_TRIES, MOST_LOOKS)
    if status == 410 or recording.tries >= (looks if status in FINAL else most):
        _give_up(recording, FINAL.get(status, IN_VAIN if isinstance(error, NotNow) else UNKEPT))
        return
    logger.warning(
        "recording of call %s: try %d failed (%s)", recording.call_id, recording.tries, _named(error)
    )
    _unchanged(recording).update(fetch_after=_after(recording.tries, timezone.now()), reason=reason)


def _give_up(recording: Recording, reason: str) -> None:
    logger.warning("recording of call %s cannot be had: %s", recording.call_id, reason)
    _unchanged(recording).update(status=Recording.Status.MISSING, reason=reason, fetch_after=None)


def _unchanged(recording: Recording) -> QuerySet[Recording]:
    """It, unless another address was told of meanwhile: that one is to be tried from the beginning."""
    return _still(recording).filter(tries=recording.tries)


def _after(tries: int, now: datetime) -> datetime:
    return now + min(SOONEST * 2 ** (tries - 1), LATEST)


def _named(error: Exception) -> str:
    """Without its address, which opens it."""
    status = getattr(error, "status", 0)
    return f"status {status}" if status else type(error.__cause__ or error).__name__
