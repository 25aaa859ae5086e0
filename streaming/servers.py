"""What we know of the servers below ASGI, found out when a stream opens; without it, plain `send` works too.

uvicorn: a body message becomes `<hex length>\\r\\n<bytes>\\r\\n` on the transport. Writing those bytes
ourselves saves a coroutine and a copy per frame and browser, being told when a transport fills up saves
asking each. daphne has no back-pressure of its own, but Twisted tells whoever asks when a transport is full.
"""

import logging
from collections.abc import Callable
from functools import cache
from inspect import unwrap
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

logger = logging.getLogger(__name__)


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


class _Recorder:
    """A transport that remembers what was written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        pass


@cache
def writes_as_we_think(cycle_class: type) -> bool:
    """Start-up check: does this server's response object put exactly our bytes on its transport?"""
    transport = _Recorder()
    try:
        cycle: Any = object.__new__(cycle_class)
        flow = type("Flow", (), {"write_paused": False})()
        values = {
            "scope": {"method": "GET"}, "transport": transport, "flow": flow, "disconnected": False,
            "response_started": True, "response_complete": False, "chunked_encoding": True,
            "expected_content_length": 0,
        }  # fmt: skip
        for name, value in values.items():
            setattr(cycle, name, value)
        step = cycle.send({"type": "http.response.body", "body": b"0123456789abcdefgh", "more_body": True})
        step.send(None)
    except StopIteration:
        same = transport.written == chunked(b"0123456789abcdefgh")
    except (AttributeError, TypeError, RuntimeError, ValueError) as error:
        logger.info("cannot write to %s directly: %r", cycle_class.__qualname__, error)
        return False
    else:
        same = False
    if not same:
        logger.info("%s writes differently than expected; using its own send", cycle_class.__qualname__)
    return same


@cache
def says_when_full(protocol_class: type) -> bool:
    """Start-up check: does this server's protocol hand its transport's word on to the flow it has then?"""
    heard: list[bool] = []
    flow = type("Flow", (), {})()
    flow.pause_writing = lambda: heard.append(True)
    try:
        protocol: Any = object.__new__(protocol_class)
        protocol.flow = flow
        protocol.pause_writing()
    except (AttributeError, TypeError) as error:
        logger.info("cannot tell when %s is full: %r", protocol_class.__qualname__, error)
    return bool(heard)


def uvicorn_cycle(send: Callable) -> Any | None:
    """The response behind `send`, if it is uvicorn's and can be written to directly."""
    cycle: Any = getattr(unwrap(send), "__self__", None)
    its_class: Any = type(cycle)
    if not its_class.__module__.startswith("uvicorn.") or not writes_as_we_think(its_class):
        return None
    protocol: Any = getattr(cycle.on_response, "__self__", None)
    its_class = type(protocol)
    if not says_when_full(its_class) or protocol.flow is not cycle.flow:
        return None
    return cycle if cycle.chunked_encoding else None


@implementer(IPushProducer)
class Tap:
    """Twisted's word on whether a daphne connection can take more."""

    def __init__(self, drained: Callable[[], None]) -> None:
        self.full = False
        self._drained = drained

    def pauseProducing(self) -> None:
        self.full = True

    def resumeProducing(self) -> None:
        self.full = False
        self._drained()

    def stopProducing(self) -> None:
        self.full = False


def daphne_request(send: Callable) -> Any | None:
    """The Twisted request behind `send`, if it is daphne's."""
    arguments = getattr(unwrap(send), "args", ())
    request = arguments[0] if arguments else None
    return request if type(request).__module__.startswith("daphne.") else None
