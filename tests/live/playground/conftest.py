"""The chats' house, and somebody who tries its agent out."""

from collections.abc import AsyncIterator

import httpx
import pytest
from asgiref.sync import sync_to_async

from accounts.tokens import create_token
from tests.live.chat.conftest import address, house, model, shop  # noqa: F401
from tests.live.chat.typing import Chatter
from tests.live.chat.typing import House as Chats


class Player(Chatter):
    async def begin(self, version="draft", **fields) -> dict:
        response = await self.beginning(version, **fields)
        assert response.status_code == 201, response.text
        return response.json()

    async def beginning(self, version="draft", agent=None, **fields) -> httpx.Response:
        path = f"/api/v1/agents/{agent or self.house.agent.pk}/playground"
        return await self.client.post(path, json={"version": version} | fields)

    async def say(self, play: dict, text: str, message_id: str = "u1", **fields):
        return await self.ask(text, message_id, id=play["chat"], agentId=..., **fields)

    async def look(self, play: dict) -> dict:
        return (await self.client.get(f"/api/v1/playground/{play['id']}")).raise_for_status().json()

    async def verdict(self, play: dict) -> list[dict]:
        response = await self.client.get(f"/api/v1/playground/{play['id']}/verdict")
        return response.raise_for_status().json()["firings"]


@pytest.fixture
async def player(house: Chats, address: str) -> AsyncIterator[Player]:  # noqa: F811
    _, token = await sync_to_async(create_token)(house.workspace, "an editor", "admin", None)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=f"http://{address}", headers=headers, timeout=20, trust_env=False, verify=False
    ) as client:
        yield Player(client, house)
