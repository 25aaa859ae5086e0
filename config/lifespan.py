"""What the web process begins with, and what it puts in order before it ends, its last connection gone."""

import asyncio
import gc
import logging
import os

from django.conf import settings

from agents.llm import router, tools
from base import shared, tracing
from calls import memory
from live import process
from observability import loop
from webhooks import intake, lines, unproven

logger = logging.getLogger(__name__)


async def settle() -> None:
    """What is loaded by now stays. Python need not look for cycles there: 200,000 objects, 0.1 s a time."""
    gc.collect()
    gc.freeze()


async def begin_tracing() -> None:
    tracing.start(settings.OTEL_EXPORTER_OTLP_ENDPOINT, os.environ.get("EARSHOT_ROLE", "web"))


async def end_tracing() -> None:
    """What is still to be sent, for as long as that takes and no longer than three seconds."""
    await asyncio.to_thread(tracing.stop)


OPENERS = (begin_tracing, loop.start, router.prepare, memory.prepare, settle)
# Webhooks first, and their connections to PostgreSQL after whoever writes on them.
CLOSERS = (
    intake.close,
    unproven.close,
    lines.close,
    loop.close,
    process.close,
    router.close,
    tools.close,
    shared.close,
    end_tracing,
)


async def lifespan(scope, receive, send) -> None:
    """ASGI's lifespan. Under a server without one (daphne) the records of the last moment may be lost."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            for start in OPENERS:
                await start()
            await send({"type": "lifespan.startup.complete"})
            continue
        for close in CLOSERS:
            try:
                await close()
            except Exception:
                logger.exception("%s.%s failed", close.__module__, close.__name__)
        await send({"type": "lifespan.shutdown.complete"})
        return
