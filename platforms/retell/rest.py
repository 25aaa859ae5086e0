"""Retell's REST API, through its official SDK: what we ask of it and nothing more."""

from typing import Any

import orjson
from retell import APIConnectionError, APIStatusError, AsyncRetell

from platforms.clean import clean
from platforms.errors import PlatformError

TIMEOUT_S = 10
RETRYABLE = (408, 409, 429)


class RetellApi:
    """One workspace's account at Retell. An async context manager; calls may raise PlatformError."""

    def __init__(self, api_key: str, base_url: str = "") -> None:
        self._client = AsyncRetell(
            api_key=api_key, base_url=base_url or None, timeout=TIMEOUT_S, max_retries=1
        )

    async def __aenter__(self) -> "RetellApi":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def get_call(self, call_id: str) -> dict:
        """The call object as it is now; platforms/retell/calls.py reads it."""
        return await self._ask(self._client.call.with_raw_response.retrieve(call_id))

    async def stop_call(self, call_id: str) -> None:
        """Hang up a call that is going on."""
        await self._ask(self._client.call.with_raw_response.stop(call_id))

    async def point_agent(self, agent_id: str, llm_websocket_url: str) -> None:
        """Have an agent of theirs ask our voice socket what to say."""
        engine: Any = {"type": "custom-llm", "llm_websocket_url": llm_websocket_url}
        await self._ask(self._client.agent.with_raw_response.update(agent_id, response_engine=engine))

    async def _ask(self, request: Any) -> dict:
        # Raw, because the platform may say things its SDK does not know yet.
        try:
            answer = await request
        except APIStatusError as error:
            status = error.status_code
            raise PlatformError(
                f"Retell answered {status}", retryable=status in RETRYABLE or status >= 500
            ) from error
        except APIConnectionError as error:
            raise PlatformError("Retell could not be reached", retryable=True) from error
        body = answer.http_response.content
        try:
            return clean(orjson.loads(body)) if body else {}
        except orjson.JSONDecodeError as error:
            raise PlatformError("Retell answered something that is not JSON", retryable=True) from error
