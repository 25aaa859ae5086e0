"""A platform that posts signed webhooks and tries each again until it is answered 200."""

import asyncio
import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from platforms.retell.webhooks import sign
from tests.webhooks.chaos.histories import Post

AT_ONCE = 32
ANSWER_WITHIN_S = 5
GIVE_UP_AFTER_S = 120  # of one delivery
OUR_FAULT = range(400, 500)  # what trying again does not mend


class Sender(threading.Thread):
    """Posts everything, in order of `posts`, spread over so many seconds."""

    def __init__(self, url: str, secret: str, posts: Sequence[Post], seconds: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.accepted: Counter[str] = Counter()  # digest → how often it was answered 200
        self.answers: Counter[str] = Counter()  # "200", "503", "ConnectError", …
        self.slowest = 0.0  # seconds until an answer of 200
        self.failure: BaseException | None = None
        self._url, self._secret, self._posts = url, secret, posts
        self._pace = seconds / len(posts)
        self._rng = random.Random(seed)

    def run(self) -> None:
        try:
            asyncio.run(self._send_all())
        except BaseException as error:
            self.failure = error

    async def _send_all(self) -> None:
        began = time.monotonic()
        numbered = iter(enumerate(self._posts))
        async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S) as client, asyncio.TaskGroup() as group:

            async def worker() -> None:
                for place, post in numbered:
                    await asyncio.sleep(began + place * self._pace - time.monotonic())
                    await self._send(client, post)

            for _ in range(AT_ONCE):
                group.create_task(worker())

    async def _send(self, client: httpx.AsyncClient, post: Post) -> None:
        deadline = time.monotonic() + GIVE_UP_AFTER_S
        while time.monotonic() < deadline:
            answer = await self._try(client, post.body)
            self.answers[answer] += 1
            if answer == "200":
                self.accepted[hashlib.sha256(post.body).hexdigest()] += 1
                return
            if answer.isdecimal() and int(answer) in OUR_FAULT:
                raise AssertionError(f"{post.call_id} was answered {answer}")
            await asyncio.sleep(self._rng.uniform(0.1, 1))
        raise AssertionError(f"{post.call_id} was not taken within {GIVE_UP_AFTER_S} s: {self.answers}")

    async def _try(self, client: httpx.AsyncClient, body: bytes) -> str:
        headers = sign(body, self._secret, datetime.now(UTC)) | {"content-type": "application/json"}
        began = time.monotonic()
        try:
            answer = await client.post(self._url, content=body, headers=headers)
        except httpx.TransportError as error:
            return type(error).__name__
        if answer.status_code == 200:
            self.slowest = max(self.slowest, time.monotonic() - began)
        return str(answer.status_code)
