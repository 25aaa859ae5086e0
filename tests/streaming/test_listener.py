"""The connection that hears the log, when it breaks."""

import asyncio

import uvloop
from django.conf import settings

from streaming.listener import Listener


def test_a_channel_asked_for_while_the_connection_closes_is_heard_on_the_next():
    async def listen() -> None:
        listener = Listener(settings.REDIS_LOG_URL, lambda channel, message: None, lambda: None)
        await listener.listen(b"one")
        listener._transport.close()
        await listener.listen(b"two", seconds=30)
        await listener.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(listen())
