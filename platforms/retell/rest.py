"""Retell's REST API: what we ask of it and nothing more.

Not by its SDK, which takes longer to import than all else that a process of ours reads; the tests hold this
against the SDK's own calls and objects.
"""

from typing import Any
from urllib.parse import quote

import httpx
import orjson

from platforms.clean import clean
from platforms.errors import NotThere, PlatformError

BASE_URL = "https://api.retellai.com"
TIMEOUT_S = 10
CONNECT_TRIES = 2
RETRYABLE = (408, 409, 429)
MOST_SAID = 140  # of its words for what is wrong


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
        return await self._ask("GET", f"/v2/get-call/{_part(call_id)}")

    async def stop_call(self, call_id: str) -> None:
        """Hang up a call that is going on."""
        await self._ask("POST", f"/v2/stop-call/{_part(call_id)}")

    # --- Agents, the models Retell hosts, and voices (platforms/retell/agents.py says what is in them) ------

    async def get_agent(self, agent_id: str, version: int | str = "latest") -> dict:
        """A version of an agent, by number, "latest" or "latest_published"."""
        return await self._ask("GET", f"/get-agent/{_part(agent_id)}", {"version": version})

    async def create_agent(self, fields: dict) -> dict:
        """A new agent, whose first version is a draft. `fields` has at least response_engine and voice_id."""
        return await self._ask("POST", "/create-agent", json=fields)

    async def draft_of(self, agent_id: str, version: int) -> dict:
        """A version that may be changed and begins as that one is. Its model gets a version with it."""
        path = f"/create-agent-version/{_part(agent_id)}"
        return await self._ask("POST", path, json={"base_version": version})

    async def drop_draft(self, agent_id: str, version: int) -> None:
        """Take a version away that was never published."""
        await self._ask("DELETE", f"/delete-agent-version/{_part(agent_id)}", {"version": version})

    async def update_agent(self, agent_id: str, version: int, fields: dict) -> dict:
        path = f"/update-agent/{_part(agent_id)}"
        return await self._ask("PATCH", path, {"version": version}, json=fields)

    async def publish_agent(self, agent_id: str, version: int, title: str) -> None:
        """Have calls made with this version, which then never changes. Its model is published with it.

        Older APIs know no path for that and publish their latest draft: only if that is still this one.
        Raises NotThere if it is gone, or if somebody has begun another.
        """
        said = {"version": version, "version_title": title}
        try:
            await self._ask("POST", f"/publish-agent-version/{_part(agent_id)}", json=said)
        except NotThere as error:
            # 422 is a version that somebody took away: what is the latest now is theirs.
            if error.status != 404 or (await self.get_agent(agent_id)).get("version") != version:
                raise
            await self._ask("POST", f"/publish-agent/{_part(agent_id)}")

    async def get_llm(self, llm_id: str, version: int | None = None) -> dict:
        """A model that Retell hosts: a version by number, or the latest."""
        asked = {} if version is None else {"version": version}
        return await self._ask("GET", f"/get-retell-llm/{_part(llm_id)}", asked)

    async def create_llm(self, fields: dict) -> dict:
        return await self._ask("POST", "/create-retell-llm", json=fields)

    async def update_llm(self, llm_id: str, version: int | None, fields: dict) -> dict:
        asked = {} if version is None else {"version": version}
        return await self._ask("PATCH", f"/update-retell-llm/{_part(llm_id)}", asked, json=fields)

    async def list_voices(self) -> list[dict]:
        """Every voice an agent of this account may speak with."""
        return await self._ask("GET", "/list-voices", wanted=list)

    async def _ask(
        self,
        method: str,
        path: str,
        query: dict | None = None,
        *,
        json: dict | None = None,
        wanted: type = dict,
    ) -> Any:
        try:
            answer = await self._client.request(method, path, params=query or None, json=json)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PlatformError("Retell could not be reached", retryable=True) from error
        status = answer.status_code
        if status in (404, 422):
            raise NotThere(f"Retell answered {status}", status=status)
        if not answer.is_success:
            retryable = status in RETRYABLE or status >= 500
            raise PlatformError(f"Retell answered {status}{_why(answer)}", retryable=retryable)
        try:
            told = clean(orjson.loads(answer.content)) if answer.content else {}
        except orjson.JSONDecodeError as error:
            raise PlatformError("Retell answered something that is not JSON", retryable=True) from error
        if not isinstance(told, wanted):
            raise PlatformError("Retell answered something else than was asked for", retryable=True)
        return told


def _why(answer: httpx.Response) -> str:
    """What it found wrong with what we sent, in its own words."""
    if answer.status_code not in (400, 402, 412):
        return ""
    try:
        told = clean(orjson.loads(answer.content))
    except orjson.JSONDecodeError:
        return ""
    why = told.get("message") if isinstance(told, dict) else None
    return f": {why[:MOST_SAID]}" if isinstance(why, str) and why else ""


def _part(id: str) -> str:
    return quote(id, safe="")
