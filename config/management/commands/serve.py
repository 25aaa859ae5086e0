from django.conf import settings
from django.core.management.base import BaseCommand

from config.listening import handed_down, listen
from config.preflight import check_database, check_redis
from config.server import Server, server_config
from live import process
from streaming import hub


class Command(BaseCommand):
    help = "Serve pages, APIs, live streams and voice sockets: one web process."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--fd", type=int, help="serve a listening socket that was opened for us")

    def handle(self, *, host: str, port: int, fd: int | None, **options) -> None:
        if fd is not None:
            # Whoever keeps us running has asked already. Servers that are away now will be back: what can be
            # answered meanwhile is, and ending here again and again would make `up` give up.
            listening = handed_down(fd)
        else:
            check_database(settings.DATABASE_URL)
            check_redis("REDIS_URL", settings.REDIS_URL)
            listening = listen(host, port)
        # It ends live streams, and finishes what it is saying on calls.
        Server(server_config(), hub.drain, process.hand_on).run(sockets=[listening])
