"""Retell's REST API: what we ask of it and nothing more.

Not by its SDK, which takes longer to import than all else that a process of ours reads; the tests hold this
against the SDK's own calls and objects.
"""

from urllib.parse import quote

import httpx
import orjson

from platforms.clean import clean
from platforms.errors import PlatformError

BASE_URL = "https://api.retellai.com"
TIMEOUT_S = 10
CONNECT_TRIES = 2
RETRYABLE = (408, 409, 429)


class RetellApi:
    """One workspace's account at Retell. An async context manager; calls may raise PlatformError."""

    def __init__(
        self, api_key: str, base_url: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`transport`: what guards our network from a typed address; platforms/rest.py has it."""
        self._client = httpx.AsyncClient(
            base_url=base_url or BASE_URL,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=TIMEOUT_S,
            transport=transport or httpx.AsyncHTTPTransport(retries=CONNECT_TRIES - 1),
        )

    async def __aenter__(self) -> "RetellApi":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get_call(self, call_id: str) -> dict:
        """The call object as it is now; platforms/retell/calls.py reads it."""
        return await self._ask("GET", f"/v2/get-call/{quote(call_id, safe='')}")

    async def stop_call(self, call_id: str) -> None:
        """Hang up a call that is going on."""
        await self._ask("POST", f"/v2/stop-call/{quote(call_id, safe='')}")

    async def point_agent(self, agent_id: str, llm_websocket_url: str) -> None:
        """Have an agent of theirs ask our voice socket what to say."""
        engine = {"type": "custom-llm", "llm_websocket_url": llm_websocket_url}
        await self._ask("PATCH", f"/update-agent/{quote(agent_id, safe='')}", {"response_engine": engine})

    async def _ask(self, method: str, path: str, json: dict | None = None) -> dict:
        try:
            answer = await self._client.request(method, path, json=json)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PlatformError("Retell could not be reached", retryable=True) from error
        status = answer.status_code
        if not answer.is_success:
            raise PlatformError(f"Retell answered {status}", retryable=status in RETRYABLE or status >= 500)
        try:
            return clean(orjson.loads(answer.content)) if answer.content else {}
        except orjson.JSONDecodeError as error:
            raise PlatformError("Retell answered something that is not JSON", retryable=True) from error
