"""The SSE consumer: who may listen, from where, and until when. The hub writes."""

import logging
from collections.abc import Sequence

from channels.generic.http import AsyncHttpConsumer
from django.conf import settings
from django.db import OperationalError
from redis.exceptions import RedisError

from base.errors import error_body
from streaming import hub as hubs
from streaming import leases, sse
from streaming.admission import Admission, Refused, Topic
from streaming.connection import Connection
from streaming.positions import BadPosition, Cursor
from streaming.source import Source

__all__ = ["Admission", "EventStreamConsumer", "Refused", "Topic"]

logger = logging.getLogger(__name__)


def _away() -> Refused:
    return Refused(503, "unavailable", "Live views are away for a moment.", [(b"retry-after", b"2")])


class EventStreamConsumer(AsyncHttpConsumer):
    """Gives one browser its topics for as long as it listens. A subclass says who may: `admit`."""

    connection: Connection | None = None
    sources: Sequence[Source] = ()
    lease: leases.Lease | None = None

    async def admit(self) -> Admission:
        """Name what this request may watch, or raise Refused. Runs before the first byte."""
        raise NotImplementedError

    # Not the inherited way. It holds two tasks and a dozen objects for each stream, and a channel of a layer
    # nobody reads; it is deaf to a disconnect while handle() runs, and ends the consumer when that returns.
    async def __call__(self, scope, receive, send) -> None:
        self.scope, self.base_send = scope, send
        try:
            try:
                await self._open()
            except Refused as refusal:
                await self._refuse(refusal)
            while self.connection and (await receive())["type"] != "http.disconnect":
                pass  # the body of the request, which says nothing
        finally:
            await self.disconnect()

    async def disconnect(self) -> None:
        hub = hubs.current()
        connection, self.connection = self.connection, None
        if connection:
            hub.leave(connection)
        sources, self.sources = self.sources, ()
        hub.sources.release(sources)
        lease, self.lease = self.lease, None
        if lease:
            try:
                await leases.give_back(hub.log, lease)
            except (RedisError, OSError) as error:
                logger.info("a lease was not given back and will run out: %s", error)

    async def _open(self) -> None:
        if self.scope["method"] != "GET":
            raise Refused(405, "method_not_allowed", "A stream is read with GET.", [(b"allow", b"GET")])
        try:
            cursor = sse.cursor_of(self.scope)
        except BadPosition as error:
            raise Refused(400, "bad_position", str(error)) from None
        hub = hubs.current()
        try:
            admission = await self.admit()
        except (OperationalError, TimeoutError) as error:
            logger.warning("who may watch cannot be asked: %s", error)
            raise _away() from None
        if hub.draining:
            await self._answer_briefly()
        elif cursor and len(admission.topics) == 1 and cursor.at_end(admission.topics[0].name):
            # The whole call has been read. To EventSource this, and only this, means stop.
            await self.send_headers(status=204, headers=[(b"cache-control", b"no-store")])
            await self.send_body(b"")
        else:
            await self._stream(hub, admission, cursor)

    async def _stream(self, hub: hubs.Hub, admission: Admission, cursor: Cursor | None) -> None:
        await self._take_lease(hub, admission)
        try:
            self.sources = await hub.sources.enter(admission.topics)
        except hubs.Away as error:
            logger.warning("a stream cannot begin: %s", error)
            raise _away() from None
        await self.send_headers(headers=sse.HEADERS)
        await self.send_body(sse.pulse(retry=sse.RETRY, healthy=hub.sources.healthy), more_body=True)
        self.connection = Connection(admission, self.base_send, hub, settings.STREAM_MAX_SECONDS, self.lease)
        self._forget_who()
        try:
            await hub.join(self.connection, self.sources, cursor)
        except (hubs.Away, TimeoutError) as error:
            logger.warning("a stream broke off: %s", error)
            hub.end(self.connection, retry=sse.RETRY)

    async def _take_lease(self, hub: hubs.Hub, admission: Admission) -> None:
        if not admission.person:
            return
        self.lease = await leases.take(hub.log, admission.person)
        if self.lease is None:
            limit = settings.STREAM_LIMIT_PER_USER
            raise Refused(
                429,
                "too_many_streams",
                f"You have {limit} live streams open. Close a tab and try again.",
                [(b"retry-after", b"10")],
            )

    def _forget_who(self) -> None:
        # It has been decided: a browser's headers, its session and its user have not to be kept for minutes.
        # The list of headers is the server's own, and the wrappers around us hold it too.
        self.scope["headers"].clear()
        self.scope.clear()

    async def _answer_briefly(self) -> None:
        """This process is going away: come back at once, to another, and so by another connection."""
        await self.send_headers(headers=[*sse.HEADERS, (b"connection", b"close")])
        await self.send_body(sse.pulse(retry=sse.RETRY_AT_ONCE))

    async def _refuse(self, refusal: Refused) -> None:
        body = error_body(refusal.code, refusal.message)
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *refusal.headers]
        await self.send_headers(status=refusal.status, headers=headers)
        await self.send_body(body)
