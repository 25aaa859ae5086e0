"""Recordings of calls: where they are, for a while, and what they are once somebody comes for them."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping

from simulator.platform.call import Call
from simulator.platform.sound import wav
from simulator.web import App, Request, Response, as_json

GOOD_FOR_S = 24 * 3600
FILES = {"recording": 1, "recording_multichannel": 2}  # name → channels


class Recordings:
    """Tells of the recordings of `calls` that have ended, and hands them out to whoever has their address.

    `url` is where `add_to` has put them, once that is known. A call whose story is not recorded has none; of
    one whose recording is lost there is an address, and nothing behind it.
    """

    def __init__(self, calls: Mapping[str, Call], clock: Callable[[], float] = time.time) -> None:
        self.url = ""
        self._calls = calls
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._making = asyncio.Semaphore(1)  # one takes tens of megabytes

    def add_to(self, app: App, prefix: str) -> None:
        app.route("GET", prefix + "/recordings/{call}/{file}.wav", self._answer)

    def told(self, call: Call) -> dict[str, str]:
        """What the call object says of them."""
        if call.live or call.recording == "off" or not call.duration_ms:
            return {}
        expires = call.ended_at_ms // 1000 + GOOD_FOR_S
        return {
            "recording_url": self._address(call.id, "recording", expires),
            "recording_multi_channel_url": self._address(call.id, "recording_multichannel", expires),
        }

    def _address(self, call_id: str, file: str, expires: int) -> str:
        signed = self._signature(call_id, file, str(expires))
        return f"{self.url}/recordings/{call_id}/{file}.wav?expires={expires}&signature={signed}"

    def _signature(self, call_id: str, file: str, expires: str) -> str:
        return hmac.new(self._key, f"{call_id}/{file}/{expires}".encode(), hashlib.sha256).hexdigest()

    async def _answer(self, request: Request) -> Response:
        call_id, file = request.params["call"], request.params["file"]
        expires = request.query.get("expires", "")
        signed = self._signature(call_id, file, expires)
        if (
            not hmac.compare_digest(signed, request.query.get("signature", ""))
            or int(expires) < self._clock()
        ):
            return as_json({"status": "error", "message": "The address has expired."}, 403)
        call = self._calls.get(call_id)
        if call is None or call.recording != "kept" or file not in FILES:
            return as_json({"status": "error", "message": "Not found."}, 404)
        voices = {"user": call.from_number, "agent": call.agent_name}
        async with self._making:
            sound = await asyncio.to_thread(
                wav, call.transcript(), voices, call.duration_ms / 1000, FILES[file]
            )
        return Response(200, sound, kind="audio/wav")
