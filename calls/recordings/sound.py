"""What a sound file is, by its own bytes, and how loud it is in every piece of its time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

MOST_PIECES = 1_200
SHORTEST_MS = 10  # of a piece
BLOCK_SAMPLES = 1 << 18  # read at once, of all channels
LONGEST_S = 6 * 3600
MOST_CHANNELS = 2
FULL = 255
QUIET = 5  # no louder than a line is by itself
SILENCE_MS = 1_500  # a shorter one is only a breath


class NoSound(Exception):
    """The file is none that can be played. The message is for people."""


@dataclass(frozen=True, slots=True)
class Heard:
    content_type: str
    duration_ms: int
    channels: int
    # Of each channel, the loudest of each piece from 0 to 255; a piece is `peak_ms` long.
    peaks: list[list[int]]
    peak_ms: int


def kind_of(beginning: bytes) -> str:
    """The type of a sound file by its first 16 bytes, whatever its name or its server says; "" for others."""
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WAVE":
        return "audio/wav"
    if beginning[:4] == b"OggS":
        return "audio/ogg"
    if beginning[:4] == b"fLaC":
        return "audio/flac"
    # A tag, or a frame of layer III: eleven bits of sync, then version and layer.
    if beginning[:3] == b"ID3" or (
        beginning[:1] == b"\xff" and beginning[1:2] and beginning[1] & 0xE6 == 0xE2
    ):
        return "audio/mpeg"
    return ""


def listen(path: Path) -> Heard:
    """Hear a file through, a block at a time. Raises NoSound."""
    with path.open("rb") as file:
        kind = kind_of(file.read(16))
    if not kind:
        raise NoSound("What the platform sent is no sound file that can be played (wav, mp3, ogg or flac).")
    try:
        with library().SoundFile(str(path)) as sound:
            return _hear(sound, kind)
    except (library().LibsndfileError, RuntimeError) as error:
        raise NoSound("The sound file that the platform sent is broken.") from error


def _hear(sound: Any, kind: str) -> Heard:
    rate, frames, channels = sound.samplerate, sound.frames, sound.channels
    if not 0 < frames <= rate * LONGEST_S or channels > MOST_CHANNELS:
        raise NoSound("The sound file is empty, longer than six hours, or has more than two channels.")
    piece = max(-(-frames // MOST_PIECES), rate * SHORTEST_MS // 1000, 1)
    # A whole number of milliseconds, so that pieces are where they are said to be at the end, too.
    peak_ms = -(-piece * 1000 // rate)
    piece = max(peak_ms * rate // 1000, 1)
    peaks: list[list[int]] = [[] for _ in range(channels)]
    heard = 0
    at_once = max(BLOCK_SAMPLES // channels // piece, 1) * piece
    for block in sound.blocks(blocksize=at_once, dtype="int16", always_2d=True):
        heard += len(block)
        for channel, loudest in enumerate(_loudest(block, piece)):
            peaks[channel] += loudest
    return Heard(kind, round(heard * 1000 / rate), channels, peaks, peak_ms)


def _loudest(block: Any, piece: int) -> list[list[int]]:
    """Of each channel, the loudest of each piece, 0 to 255."""
    np = numbers()
    loud = np.abs(block.astype(np.int32))
    pieces = np.maximum.reduceat(loud, np.arange(0, len(loud), piece), axis=0)
    return (pieces * FULL // 32_768).T.tolist()


def told_apart(
    peaks: list[list[int]], peak_ms: int, offset_ms: int, turns: Sequence[tuple[int, str]]
) -> list[list[int]]:
    """Peaks of the caller and of the agent. Where both are on one channel a piece is given to whoever had
    begun to speak last: `turns` are (start_ms, role) by time. Without turns nothing is told apart."""
    if len(peaks) != 1 or not turns:
        return peaks
    sides: dict[str, list[int]] = {"caller": [], "agent": []}
    latest = 0
    for index, loud in enumerate(peaks[0]):
        at = index * peak_ms + offset_ms
        while latest + 1 < len(turns) and turns[latest + 1][0] <= at:
            latest += 1
        for role, told in sides.items():
            told.append(loud if turns[latest][1] == role else 0)
    return [sides["caller"], sides["agent"]]


def silences(peaks: list[list[int]], peak_ms: int, offset_ms: int) -> list[list[int]]:
    """When nobody is heard for a while: [[start_ms, end_ms], …] in ms of the call."""
    found: list[list[int]] = []
    began = None
    for index, pieces in enumerate([*zip(*peaks, strict=False), (FULL,)]):
        quiet = max(pieces) <= QUIET
        if quiet and began is None:
            began = index
        elif not quiet and began is not None:
            if (index - began) * peak_ms >= SILENCE_MS:
                found.append([began * peak_ms + offset_ms, index * peak_ms + offset_ms])
            began = None
    return found


@cache
def library() -> Any:
    """soundfile. By name: 5 MB that only a worker who listens needs."""
    return import_module("soundfile")


@cache
def numbers() -> Any:
    """numpy, for the same reason."""
    return import_module("numpy")
