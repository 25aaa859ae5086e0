from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from streaming import feed as feeds
from streaming import recent as rings
from streaming.log import Log
from streaming.writer import Writer
from tests.streaming.running import Web, web


@pytest.fixture
def topic() -> str:
    return f"ws:1:call:{uuid4()}"


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    log = Log()
    yield log
    await log.close()


@pytest.fixture
async def writer() -> AsyncIterator[Writer]:
    writer = Writer()
    yield writer
    await writer.close()


@pytest.fixture(scope="session", params=["uvicorn", "daphne"])
def server(request) -> Iterator[Web]:
    """The test app on each server we support, for the whole session."""
    with web(request.param) as port:
        yield port


@pytest.fixture(scope="session")
def uvicorn_server() -> Iterator[Web]:
    with web("uvicorn") as port:
        yield port


@pytest.fixture
def small_rings(monkeypatch) -> None:
    """So small that readers fall behind them at once, and the log must serve."""
    monkeypatch.setattr(rings, "MOST_ITEMS", 3)
    monkeypatch.setattr(feeds, "MOST_CHUNKS", 2)
