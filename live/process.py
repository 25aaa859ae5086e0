"""What a process that holds calls has once, for each of its event loops."""

from agents.lookup import per_loop
from live.leases import Leases
from streaming.writer import Writer

writer = per_loop(Writer)
leases = per_loop(Leases)


async def close() -> None:
    """At the end of the process: say what is left to be said, let go of the calls."""
    await writer().close()
    await leases().close()
