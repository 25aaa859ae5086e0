"""What both vendors' servers share: the stories, the pace, the faults and the counts."""

import contextlib
import json
import random
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.stories.script import Reply, Said, Script
from simulator.stories.written import written
from simulator.tools import CATALOGUE
from simulator.vendors.faults import BROKEN_OFF, SAY_NOTHING, SLOW_FACTOR, WINDOW, Faults
from simulator.vendors.reader import read
from simulator.vendors.stats import Counts, Stats
from simulator.vendors.tokens import Pen, count
from simulator.web import Cut

# Seconds to the first token, in the middle; and how much faster than the settable rate a model is.
FIRST_TOKEN = {"sim-fast": 0.32, "sim-standard": 0.55, "sim-claude": 0.6}
RATE_FACTOR = {"sim-fast": 1.3, "sim-standard": 1.0, "sim-claude": 1.1}
MODELS = tuple(FIRST_TOKEN)
# What an agent may do with the call itself; whoever conducts the call offers these.
ACTIONS = ("end_call", "transfer_call")
CACHED_FROM = 1024
CACHE_BLOCK = 128
HALF_A_CHUNK = b'event: content_block_delta\ndata: {"id": "half a ch\n\n'


@dataclass(slots=True)
class Work:
    """One request to a model."""

    model: str
    fault: str
    request_id: str
    counts: Counts
    pen: Pen
    reply: Reply
    tool: str
    prompt_tokens: int
    done: bool = False

    @property
    def arguments(self) -> str:
        return json.dumps(self.reply.call.arguments, ensure_ascii=False) if self.reply.call else ""

    @property
    def completion_tokens(self) -> int:
        return count(self.reply.text) + count(self.arguments)

    @property
    def cached_tokens(self) -> int:
        """Vendors keep long beginnings of a prompt, in blocks."""
        if self.prompt_tokens < CACHED_FROM:
            return 0
        return (self.prompt_tokens // CACHE_BLOCK - 1) * CACHE_BLOCK

    async def think(self) -> None:
        await self.pen.think(SLOW_FACTOR if self.fault == "slow" else 1.0)

    def break_off(self, error: bytes) -> bytes:
        """What a stream that ends in the middle says last: an error, half a chunk, nothing. Or it is cut."""
        if self.fault == "cut":
            raise Cut
        if self.fault == "truncate":
            return b""
        self.counts.cut += 1
        return error if self.fault == "error" else HALF_A_CHUNK

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Around the answer: whether it was finished, cut by us, or left by the client."""
        self.counts.open += 1
        try:
            yield
        except Exception:
            self.counts.cut += 1
            raise
        finally:
            self.counts.open -= 1
            if self.done:
                self.counts.finished += 1
                self.counts.tokens += self.completion_tokens
            elif self.fault not in BROKEN_OFF:
                self.counts.aborted += 1


class Models:
    """Answers any conversation as the stories would have it."""

    def __init__(
        self,
        script: Script,
        stats: Stats,
        faults: Faults,
        *,
        rate: float,
        speed: float,
        seed: int,
        stamp: bool,
    ) -> None:
        self.script = script
        self.stats = stats
        self.faults = faults
        self._rate = rate * speed
        self._speed = speed
        self._chance = random.Random(f"{seed}:models")
        self._stamp = stamp

    def start(self, model: str, messages: Sequence[Said], offered: Iterable[str], system: str) -> Work:
        name, fault = self.faults.of(model)
        names = {_letters(tool): tool for tool in offered}
        known = [tool for tool in (*CATALOGUE, *ACTIONS) if _letters(tool) in names]
        reply = Reply("")
        if fault not in SAY_NOTHING:
            told = read(system, messages, self.script) or written(messages)
            reply = told or self.script.reply(messages, known)
        counts = self.stats.of(name)
        counts.requests += 1
        prompt = count(system) + sum(count(message.text) + 4 for message in messages)
        counts.prompt_tokens += prompt
        if fault == "window":
            fault = "context" if prompt > WINDOW else ""
        pen = Pen(
            self._rate * RATE_FACTOR.get(name, 1.0),
            FIRST_TOKEN.get(name, 0.5) / self._speed,
            self.stats,
            random.Random(self._chance.random()),
            self._stamp,
        )
        tool = names[_letters(reply.call.name)] if reply.call else ""
        return Work(name, fault, f"req_{secrets.token_hex(12)}", counts, pen, reply, tool, prompt)


def _letters(name: str) -> str:
    """Vendors allow no dots in a tool's name, so it may have been rewritten."""
    return re.sub(r"[^a-z]", "", name.lower())


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or blocks of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(str(block.get("text", "")) for block in content if isinstance(block, dict)).strip()
    return ""
