"""What a call sounds like: a tone for every word, where the platform says the word was spoken.

The caller is on the left, the agent on the right; each voice has a pitch of its own. The same call sounds the
same, whenever it is asked for.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

RATE = 8_000
BYTES = 2  # of a sample
LOUD = 9_000  # of 32,767
PITCHES = {"user": (170, 230), "agent": (95, 150)}  # Hz, the lowest and the highest of a voice
SIDES = {"user": 0, "agent": 1}
# How strong a voice's overtones are; the vowel of each word moves the strength among them.
OVERTONES = 5
RISES_S = 0.02
SYLLABLE_S = 0.18


def wav(
    entries: Iterable[Mapping[str, Any]], voices: Mapping[str, str], seconds: float, sides: int = 2
) -> bytes:
    """A WAV file of the words of a transcript, in stereo or, with one side, mixed.

    `voices` says who speaks for each role ("user", "agent"): another name is another pitch.
    """
    np = numbers()
    heard = np.zeros((int(seconds * RATE) + 1, 2), dtype=np.float32)
    for entry in entries:
        role = entry["role"]
        if role in SIDES:
            pitch = _pitch(role, voices[role])
            for word in entry["words"]:
                start = int(word["start"] * RATE)
                said = _word(word["word"], pitch, word["end"] - word["start"])
                place = heard[start : start + len(said), SIDES[role]]
                place += said[: len(place)]
    if sides == 1:
        heard = heard.sum(axis=1, keepdims=True)
    samples = (heard.clip(-1, 1) * LOUD).astype("<i2").tobytes()
    return _header(len(samples), sides) + samples


def _word(word: str, pitch: float, seconds: float) -> Any:
    """Its tone: swells with every syllable, and glides down a little, as voices do."""
    np = numbers()
    at = np.arange(max(int(seconds * RATE), 1), dtype=np.float32) / RATE
    told = zlib.crc32(word.lower().encode())
    pitch *= 1 + (told % 17 - 8) / 100
    phase = 2 * np.pi * pitch * (at - 0.06 * at * at)
    tone = np.zeros_like(at)
    for overtone in range(1, OVERTONES + 1):
        strength = 1 + (told >> (3 * overtone)) % 8 / 4
        tone += np.sin(overtone * phase) * strength / (2 * overtone)
    syllables = 0.65 + 0.35 * np.cos(2 * np.pi * at / SYLLABLE_S)
    edges = np.minimum(1, np.minimum(at, at[::-1]) / RISES_S)
    return tone * syllables * edges / 2


def _pitch(role: str, voice: str) -> float:
    low, high = PITCHES[role]
    return low + zlib.crc32(voice.encode()) % 1_000 / 1_000 * (high - low)


def _header(size: int, sides: int) -> bytes:
    frame = BYTES * sides
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, sides, RATE, RATE * frame, frame, BYTES * 8)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size)


@cache
def numbers() -> Any:
    """numpy. By name: only a simulator that is asked for sound needs it."""
    return import_module("numpy")
