"""HTTP as uvicorn speaks it, with a limit on what comes before and between the bytes of a body."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Far more than any browser or proxy sends. httptools has no limit, and copies what it has of a header with
# every piece that comes: one header of 64 MB would keep the event loop, and so everybody, for 20 s.
MOST_HEAD = 512 << 10


class Protocol(HttpToolsProtocol):
    """Counts what has come of a request beside its body: its head, the sizes of chunks, what trails them."""

    _beside = 0

    def data_received(self, data: bytes) -> None:
        self._beside += len(data)
        super().data_received(data)
        if self._beside > MOST_HEAD and not self.transport.is_closing():
            self._refuse()

    def on_body(self, body: bytes) -> None:
        self._beside -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._beside = 0
        super().on_message_complete()

    def _refuse(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response("The head of this request is too long.")
        else:
            self.transport.abort()  # another answer is under way
