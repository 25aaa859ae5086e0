"""Serves an app of the tests, with uvicorn or daphne, on a socket handed over: a process of its own."""

import os
import socket
import sys
from importlib import import_module

import django
from daphne.server import Server as Daphne

from config.management.commands import serve


def main(kind: str, app: str, fd: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    application = import_module(app).application  # only once Django is ready

    if kind == "daphne":
        Daphne(application, endpoints=[f"fd:fileno={fd}"], signal_handlers=True).run()
    else:
        server = serve.Server(serve.server_config(application))
        server.run(sockets=[socket.socket(fileno=fd)])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
