"""Serves tests/streaming/app.py on a socket that is handed over, with uvicorn or daphne: a process of its
own."""

import os
import socket
import sys

import django
from daphne.server import Server as Daphne

from config.management.commands import serve


def main(kind: str, fd: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from tests.streaming.app import application  # noqa: PLC0415 - only once Django is ready

    if kind == "daphne":
        Daphne(application, endpoints=[f"fd:fileno={fd}"], signal_handlers=True).run()
    else:
        server = serve.Server(serve.server_config(application))
        server.run(sockets=[socket.socket(fileno=fd)])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
