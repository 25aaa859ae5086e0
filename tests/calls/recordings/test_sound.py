"""A file is what its bytes say, and its loudness is told for each side and each piece of its time."""

import numpy as np
import pytest

from calls.recordings.sound import MOST_PIECES, NoSound, listen, silences, told_apart
from tests.calls.recordings.heard import RATE, a_call, sound, tone


@pytest.fixture
def heard(tmp_path):
    def hear(content: bytes):
        path = tmp_path / "sound"
        path.write_bytes(content)
        return listen(path)

    return hear


def test_each_side_is_as_loud_as_it_is(heard):
    found = heard(a_call())

    caller, agent = found.peaks
    loud = lambda side: [index for index, peak in enumerate(side) if peak > 10]  # noqa: E731
    assert (found.duration_ms, found.peak_ms, len(caller)) == (10_000, 10, 1_000)
    assert loud(caller) == [*range(100, 200)]
    assert loud(agent) == [*range(300, 500)]
    assert max(caller) == pytest.approx(127, abs=2)
    assert max(agent) == pytest.approx(63, abs=2)


@pytest.mark.parametrize(
    ("form", "kind"),
    [("WAV", "audio/wav"), ("MP3", "audio/mpeg"), ("OGG", "audio/ogg"), ("FLAC", "audio/flac")],
)
def test_it_reads_what_browsers_play(heard, form, kind):
    found = heard(sound(np.concatenate([np.zeros(RATE), tone(1)]), form=form))

    assert (found.content_type, found.channels) == (kind, 1)
    assert found.duration_ms == pytest.approx(2_000, abs=100)
    quiet, loud = found.peaks[0][:90], found.peaks[0][120:180]
    assert max(quiet) < 20 < min(loud)


def test_a_long_one_has_no_more_pieces(heard):
    found = heard(sound(np.zeros(RATE * 600)))

    assert MOST_PIECES - 10 < len(found.peaks[0]) <= MOST_PIECES
    assert found.peak_ms * len(found.peaks[0]) == pytest.approx(600_000, abs=found.peak_ms)


@pytest.mark.parametrize("content", [b"", b"MZ", b"RIFF0000WAVEfmt ", sound(*[tone(0.1)] * 3)])
def test_what_is_no_sound_is_refused(heard, content):
    with pytest.raises(NoSound):
        heard(content)


def test_one_channel_is_told_apart_by_who_had_begun():
    turns = [(200, "agent"), (500, "caller")]

    assert told_apart([[9] * 8], 100, 0, turns) == [[0] * 5 + [9] * 3, [9] * 5 + [0] * 3]
    assert told_apart([[9] * 8], 100, 0, []) == [[9] * 8]
    assert told_apart([[1], [2]], 100, 0, turns) == [[1], [2]]


def test_a_silence_is_when_nobody_is_heard_for_a_while():
    caller, agent = [9] * 2 + [0] * 30, [0] * 10 + [9] + [0] * 21

    assert silences([caller, agent], 100, -50) == [[1_050, 3_150]]
    assert silences([], 100, 0) == []
