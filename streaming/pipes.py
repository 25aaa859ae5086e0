"""From shared bytes to one browser's socket, without a task per browser.

A pipe takes a chunk and says whether it still flows. When the transport is full it keeps what it was given
and calls back once it drains; nothing more may be handed to it before. So what one browser can hold of us is
bounded. Whatever goes wrong in one pipe is its own: it never raises into the loop that serves them all.

Where the server tells when a transport fills up there is a `direct` write, too, which asks nothing and says
nothing: `full` is called back instead.
"""

import asyncio
import logging
from collections.abc import Callable

from streaming import servers

logger = logging.getLogger(__name__)


class Chunk:
    """Bytes for many browsers: as an ASGI message, and as they are on the wire of HTTP/1.1."""

    __slots__ = ("body", "message", "wire")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.message = {"type": "http.response.body", "body": body, "more_body": True}
        self.wire = servers.chunked(body)


class Pipe:
    """Steps the connection's ASGI `send` itself: with an open transport it ends at once, nothing is
    scheduled."""

    __slots__ = ("_drained", "_held", "_parked", "_send", "dead")

    direct: Callable[[bytes], object] | None = None  # wire bytes straight to the transport

    def __init__(self, send: Callable, drained: Callable[[], None]) -> None:
        self._send = send
        self._drained = drained
        self._held: Chunk | None = None  # given to us, not yet to the server
        self._parked = None  # a coroutine of the server's that waits for its transport
        self.dead = False

    @property
    def holding(self) -> bool:
        """Whether the transport is full and what was given last has not left."""
        return self._held is not None or self._parked is not None

    def write(self, chunk: Chunk) -> bool:
        """Hand it over. False: it is held, wait for `drained` (or see `dead`)."""
        return self._step(self._send(chunk.message))

    def waits(self) -> bool:
        """Its transport has filled up: whether it still is, so that `drained` will be called."""
        return self.holding

    def finish(self, body: bytes) -> None:
        """The last bytes, and the end of the response."""
        self._step(self._send({"type": "http.response.body", "body": body, "more_body": False}))

    def abort(self) -> bool:
        """Drop the connection. False: this server gives us no way to."""
        self.close()
        return False

    def close(self) -> None:
        """Let go of what is held."""
        step, self._parked, self._held = self._parked, None, None
        if step is not None:
            step.close()

    def _step(self, step) -> bool:
        try:
            waits_for = step.send(None)
        except StopIteration:
            return True
        except (Exception, asyncio.CancelledError) as error:
            self.broke(error)
            return False
        self._parked = step
        if waits_for is None:
            asyncio.get_running_loop().call_soon(self._resume)
        else:
            # What a Task does when it takes over a future from a coroutine.
            waits_for._asyncio_future_blocking = False
            waits_for.add_done_callback(self._resume)
        return False

    def _resume(self, future=None) -> None:
        step, self._parked = self._parked, None
        if step is not None and self._step(step):
            self._flows()

    def _flows(self) -> None:
        held, self._held = self._held, None
        if held is None or self.write(held):
            self._drained()

    def broke(self, error: BaseException) -> None:
        """A write has raised."""
        self._held, self.dead = None, True
        logger.debug("a stream could not be written: %r", error)  # most often its browser has just left


class UvicornPipe(Pipe):
    """Writes the shared wire bytes straight to the transport, heeding uvicorn's flow control.

    Its transport says when it fills up, in the middle of the write that does it. We listen in, because asking
    each of a thousand before every write costs as much as a tenth of writing.
    """

    __slots__ = ("_cycle", "_flow", "_full", "direct")

    def __init__(
        self, send: Callable, drained: Callable[[], None], full: Callable[[], object], cycle
    ) -> None:
        super().__init__(send, drained)
        self._cycle, self._flow, self._full = cycle, cycle.flow, full
        self.direct = cycle.transport.write
        self._flow.pause_writing = self._pause

    def _pause(self) -> None:
        type(self._flow).pause_writing(self._flow)
        # Whoever is writing may be in the middle of a list of connections.
        asyncio.get_running_loop().call_soon(self._full)

    def write(self, chunk: Chunk) -> bool:
        if self._flow.write_paused:
            self._held = chunk
            return self._step(self._flow.drain())
        try:
            self.direct(chunk.wire)
        except Exception as error:
            self.broke(error)
            return False
        return True

    def waits(self) -> bool:
        return self.holding or not self._step(self._flow.drain())

    def finish(self, body: bytes) -> None:
        self._listen_no_more()
        super().finish(body)

    def close(self) -> None:
        super().close()
        self._listen_no_more()

    def _listen_no_more(self) -> None:
        # The browser may ask for something else on the same connection.
        vars(self._flow).pop("pause_writing", None)

    def abort(self) -> bool:
        self.close()
        self._cycle.transport.abort()
        # uvicorn tells only the newest request of a connection that it is lost. Had the browser sent another
        # one behind ours, our consumer would wait for ever.
        self._cycle.disconnected = True
        self._cycle.message_event.set()
        return True


class DaphnePipe(Pipe):
    """daphne takes whatever it is given; Twisted says when that is too much."""

    __slots__ = ("_request", "_tap")

    def __init__(self, send: Callable, drained: Callable[[], None], request) -> None:
        super().__init__(send, drained)
        self._request = request
        self._tap = servers.Tap(self._flows)
        request.registerProducer(self._tap, True)

    def write(self, chunk: Chunk) -> bool:
        if not self._tap.full:
            return super().write(chunk)
        self._held = chunk
        return False

    def finish(self, body: bytes) -> None:
        self._unregister()
        super().finish(body)

    def abort(self) -> bool:
        channel = self._request.channel
        self.close()
        if channel is not None:
            channel.forceAbortClient()
        return True

    def close(self) -> None:
        super().close()
        self._unregister()

    def _unregister(self) -> None:
        if self._request.producer is self._tap and self._request.channel is not None:
            self._request.unregisterProducer()


def pipe_for(send: Callable, drained: Callable[[], None], full: Callable[[], object]) -> Pipe:
    """The cheapest pipe for the server behind `send`. The response's headers must have been sent."""
    if cycle := servers.uvicorn_cycle(send):
        return UvicornPipe(send, drained, full, cycle)
    if request := servers.daphne_request(send):
        return DaphnePipe(send, drained, request)
    return Pipe(send, drained)
