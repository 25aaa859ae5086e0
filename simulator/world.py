"""The whole outside world in one process: platform, model servers, tools, callers."""

import socket
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulator.pace import Pace, Timing
from simulator.platform.call import Call
from simulator.platform.mishaps import Mishaps
from simulator.platform.phone import Phone
from simulator.platform.rest import Rest
from simulator.platform.webhooks import Target, Webhooks
from simulator.server import Server
from simulator.stories import HOSTED, STORIES, Story
from simulator.stories.script import script
from simulator.tools import Tools
from simulator.vendors.anthropic import Anthropic
from simulator.vendors.faults import Faults
from simulator.vendors.models import Models
from simulator.vendors.openai import OpenAI
from simulator.vendors.stats import Stats
from simulator.web import App, Request, Response, as_json

TOKEN_RATE = 28.0
# One whose opening shows much of what there is.
SEED = 512
API_KEY = "key_simulator"


class World:
    """`async with World(seed=1, speed=20) as world:` serves everything at `world.url`.

    `speed` scales what people and models do, not the network. `port` 0 takes a free one; `listening` is a
    socket that listens already. `faults` is the share of requests to `sim-fast` that fail; `stamp` gives
    every token its own number ⟨n⟩. `webhooks` are told of every call; `mishaps` is how often that goes wrong
    on its way, `say` hears what is wrong with a receiver, and `renew` gives the targets anew when one finds
    its secret refused. `memory` is a file in which the platform keeps its agents from one run to the next.
    """

    def __init__(
        self,
        *,
        seed: int = SEED,
        speed: float = 1.0,
        port: int = 0,
        listening: socket.socket | None = None,
        token_rate: float = TOKEN_RATE,
        faults: float = 0.0,
        stamp: bool = False,
        api_keys: Iterable[str] = (API_KEY,),
        timing: Timing | None = None,
        webhooks: Iterable[Target] = (),
        memory: Path | None = None,
        mishaps: Mishaps | None = None,
        say: Callable[[str], None] = lambda line: None,
        renew: Callable[[], Iterable[Target]] = tuple,
    ) -> None:
        timing = timing or Timing()
        self.seed = seed
        self.pace = Pace(speed)
        self.stats = Stats()
        self.webhooks = Webhooks(
            webhooks,
            pace=self.pace,
            timing=timing,
            mishaps=mishaps or Mishaps(),
            seed=seed,
            say=say,
            renew=renew,
        )
        self.phone = Phone(self.pace, timing, self.webhooks, memory)
        self.tools = Tools(speed)
        models = Models(
            script(),
            self.stats,
            Faults(faults, seed),
            rate=token_rate,
            speed=speed,
            seed=seed,
            stamp=stamp,
        )
        app = App()
        Rest(self.phone, api_keys).add_to(app, "/retell")
        self.phone.recordings.add_to(app, "/retell")
        OpenAI(models).add_to(app, "/openai/v1")
        Anthropic(models).add_to(app, "/anthropic")
        self.tools.add_to(app)
        app.route("GET", "/stats", self._stats)
        app.route("GET", "/stats/tokens", self._sent)
        self._server = Server(app, port, listening)

    async def __aenter__(self) -> "World":
        await self._server.start()
        self.phone.recordings.url = self.retell_url
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.phone.close()
        await self.webhooks.close()
        await self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def retell_url(self) -> str:
        return f"{self.url}/retell"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/openai/v1"

    @property
    def anthropic_url(self) -> str:
        return f"{self.url}/anthropic"

    @property
    def tools_url(self) -> str:
        return f"{self.url}/tools"

    async def call(
        self,
        story: str | Story,
        url: str = "",
        *,
        variant: int = 0,
        never: str = "",
        on_placed: Callable[[Call], None] | None = None,
    ) -> Call:
        """Play one story against `url` (the call's id is added to it) until it ends.

        Without a URL the platform's own model is the agent; `never` is why the call does not connect, if it
        does not ("dial_no_answer", "dial_busy", "dial_failed").

        The finished Call has `entries` (what was said and used), `disconnection_reason` and the rest.
        Cancel it to hang up.
        """
        told = (STORIES | HOSTED)[story] if isinstance(story, str) else story
        agent = self.phone.register(told.agent, url)
        return await self.phone.call(told, agent, variant=variant, never=never, on_placed=on_placed)

    async def settled(self) -> None:
        """Wait until all that comes after the calls that have ended is over, and has been told."""
        await self.phone.settled()
        await self.webhooks.settled()

    async def _stats(self, request: Request) -> Response:
        live: dict[str, Any] = {"live": len(self.phone.live), "calls": len(self.phone.calls)}
        told = {"tools": self.tools.used, "webhooks": asdict(self.webhooks.counts)}
        return as_json(self.stats.as_json() | live | told)

    async def _sent(self, request: Request) -> Response:
        """The last tokens as [number, text, ns, request id]; `?after=` a number for those since."""
        after = int(request.query.get("after") or 0)
        return as_json({"tokens": [token for token in self.stats.sent if token[0] > after]})
