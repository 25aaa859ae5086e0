"""What a process that holds calls has once, for each of its event loops."""

from agents.lookup import per_loop
from live import digest
from live.leases import Leases
from live.orders import Orders
from live.sockets import Sockets
from streaming.writer import Writer

writer = per_loop(Writer)
leases = per_loop(Leases)
sockets = per_loop(Sockets)
orders = per_loop(Orders)


async def hand_on() -> None:
    """For the server's exit signal: answers are finished, then their calls go on in other processes."""
    await sockets().hand_on()


async def close() -> None:
    """At the end of the process: say what is left to be said, let go of the calls."""
    await digest.close()
    await writer().close()
    await leases().close()
    await orders().close()
