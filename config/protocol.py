"""HTTP as uvicorn speaks it, without what would let a stranger stop everybody: heads without end, and cookies
that take minutes to read."""

import asyncio
from itertools import chain
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Far more than any browser or proxy sends.
LONGEST_HEAD, MOST_HEADERS = 64 << 10, 200
# httptools has no limit, and copies what it has of a header with every piece that comes: one header of 64 MB
# would keep the event loop, and so everybody, for 20 s. More than what one read may bring.
MOST_BESIDE = 512 << 10


class InOnePiece:
    """A transport on which the head of one answer waits for what comes next: uvloop writes each at once, and
    one write to the system is a fifteenth of what taking in a webhook costs."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._head is None:
            self._head = data
        else:
            self._transport.write(self._head + data)
            self._head = b""

    def close(self) -> None:
        if self._head:
            self._transport.write(self._head)
        self._transport.close()


class Protocol(HttpToolsProtocol):
    """Counts what has come of a request beside its body: its head, the sizes of chunks, what trails them."""

    _beside = 0

    def data_received(self, data: bytes) -> None:
        self._beside += len(data)
        super().data_received(data)
        if self._beside > MOST_BESIDE and not self.transport.is_closing():
            self._refuse()

    def on_body(self, body: bytes) -> None:
        self._beside -= len(body)
        super().on_body(body)

    def on_headers_complete(self) -> None:
        length = len(self.url) + sum(map(len, chain.from_iterable(self.headers)))
        for index, (name, value) in enumerate(self.headers):
            if name == b"cookie" and b"\\" in value:
                self.headers[index] = (name, _readable(value))
        if length > LONGEST_HEAD or len(self.headers) > MOST_HEADERS:
            raise ValueError("the head of this request is too long")  # for the parser: it is answered 400
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before and self.url.startswith(b"/webhooks/") and self._answers_at_once():
            self.cycle.transport = cast("asyncio.Transport", InOnePiece(self.transport))

    def on_message_complete(self) -> None:
        self._beside = 0
        super().on_message_complete()

    def _answers_at_once(self) -> bool:
        """Whether a body comes right after the head of its answer, and nothing before it."""
        return self.scope["method"] == "POST" and not self.expect_100_continue

    def _refuse(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response("The head of this request is too long.")
        else:
            self.transport.abort()  # another answer is under way


def _readable(cookies: bytes) -> bytes:
    """Without those that hold a backslash. No cookie may (RFC 6265), and Python before 3.11.10 reads one in
    time that grows with the square of its length (CVE-2024-7592): 200 kB in 75 s."""
    return b";".join(one for one in cookies.split(b";") if b"\\" not in one)
