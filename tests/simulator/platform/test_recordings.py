"""Each word is a tone where the platform says it was spoken, and the address is good for a while."""

import io

import httpx
import numpy as np
import pytest
import soundfile

from simulator.platform.call import Call
from simulator.platform.recordings import Recordings
from simulator.web import App


@pytest.fixture
def call() -> Call:
    call = Call("call_1", "agent_1", "Odell", "inbound", "+447700900142", "+442079460100", clock=lambda: 4.0)
    caller, agent = call.open_utterance("user"), call.open_utterance("agent")
    call.add_word(caller, "Hello?", 0.5, 0.9)
    call.add_word(agent, "Good", 2.0, 2.3)
    call.add_word(agent, "morning.", 2.4, 2.9)
    return call


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def recordings(call, now) -> Recordings:
    recordings = Recordings({call.id: call}, clock=lambda: now[0])
    recordings.url = "http://sim/retell"
    return recordings


@pytest.fixture
def get(recordings):
    app = App()
    recordings.add_to(app, "/retell")

    async def get(url: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
            return await http.get(url)

    return get


def loud(side: np.ndarray, rate: int) -> list[float]:
    """When it is loud, in tenths of a second."""
    pieces = np.abs(side).reshape(-1, rate // 10).max(axis=1)
    return [int(index) for index in np.flatnonzero(pieces > 0.02)]


async def test_words_sound_where_they_were_spoken(call, recordings, get):
    call.finish("user_hangup")
    answer = await get(recordings.told(call)["recording_multi_channel_url"])

    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    samples, rate = soundfile.read(io.BytesIO(answer.content))
    assert samples.shape == (4 * rate + 1, 2)
    caller, agent = samples[: 4 * rate].T
    assert loud(caller, rate) == [5, 6, 7, 8]
    assert loud(agent, rate) == [20, 21, 22, 24, 25, 26, 27, 28]
    assert (await get(recordings.told(call)["recording_multi_channel_url"])).content == answer.content


async def test_an_address_is_good_for_a_while(call, recordings, get, now):
    call.finish("user_hangup")
    url = recordings.told(call)["recording_url"]

    assert (await get(url)).status_code == 200
    assert (await get(url.replace("recording.wav", "recording_multichannel.wav"))).status_code == 403
    assert (await get(url.split("?")[0])).status_code == 403
    now[0] = call.ended_at_ms / 1000 + 25 * 3600
    assert (await get(url)).status_code == 403


async def test_some_have_none_and_some_are_lost(call, recordings, get):
    assert recordings.told(call) == {}  # it goes on
    call.finish("user_hangup")

    call.recording = "lost"
    assert (await get(recordings.told(call)["recording_url"])).status_code == 404

    call.recording = "off"
    assert recordings.told(call) == {}
