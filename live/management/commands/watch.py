import asyncio
import signal

from django.core.management.base import BaseCommand

from live.watch import Watch


class Command(BaseCommand):
    help = "Watch over live calls: tell of dead processes, end what nobody came back for, tidy the board."
    requires_system_checks = ()

    def handle(self, **options) -> None:
        asyncio.run(watch())


async def watch() -> None:
    """Watch until the process is asked to end."""
    watching = asyncio.create_task(Watch().run(), name="watch")
    loop = asyncio.get_running_loop()
    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, watching.cancel)
    done, _ = await asyncio.wait([watching])
    for task in done:
        if not task.cancelled():
            task.result()
