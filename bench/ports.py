"""Ports of 127.0.0.1 for servers that have to be told where to listen."""

import socket
import sys
from contextlib import ExitStack

_held = ExitStack()  # as long as this process runs


def own_port(*above: int) -> int:
    """A port where servers of ours may listen, stop, and listen again; and so may they at those `above` it,
    by so many.

    It is bound and not listened at. Meanwhile Linux gives it neither to a connection nor to who asks for any
    port, and yet to a server that names it and reuses addresses, as they do. Other systems would refuse it.
    """
    while True:
        with ExitStack() as ours:
            try:
                port = _bound(ours, 0)
                for step in above:
                    _bound(ours, port + step)
            except (OSError, OverflowError):
                continue  # one of them is somebody's, or beyond the last
            if sys.platform == "linux":
                _held.push(ours.pop_all())
            return port


def _bound(ours: ExitStack, port: int) -> int:
    bound = ours.enter_context(socket.socket())
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound.getsockname()[1]
