"""Where people and platforms reach us, and we the simulator."""

import socket

from base.processes import CannotStart

# Connection attempts that wait while every web process is busy or being started again.
BACKLOG = 4096


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket. Raises CannotStart if the port is taken or the host is not ours."""
    if not 0 <= port <= 65535:  # the system would take the rest of a division
        raise CannotStart(f"--port {port}: give a number between 1 and 65535.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotStart(
            f"Cannot listen on {host} port {port} ({reason}); stop what is there or choose another --port."
        ) from error
    return listening


def handed_down(fd: int) -> socket.socket:
    """The listening socket that whoever started us has opened for us. Raises CannotStart if it is none."""
    try:
        listening = socket.socket(fileno=fd)
        is_one = listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except (OSError, ValueError, OverflowError) as error:
        raise CannotStart(f"--fd {fd}: there is no socket ({error}).") from error
    if not is_one:
        raise CannotStart(f"--fd {fd}: nobody listens on this socket.")
    return listening
