"""Serves an app of the tests, with uvicorn or daphne, on a socket handed over: a process of its own.

It has the rooms that streams know and no other: it is there in a third of the time, and there are many.
"""

import os
import socket
import sys
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.utils.log import configure_logging

from config.server import Server, server_config
from streaming import hub


def main(kind: str, app: str, fd: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    apps.populate(["base", "streaming"])
    application = import_module(app).application  # only once Django is ready

    if kind == "daphne":
        daphne = import_module("daphne.server")
        daphne.Server(application, endpoints=[f"fd:fileno={fd}"], signal_handlers=True).run()
    else:
        Server(server_config(application), hub.drain).run(sockets=[socket.socket(fileno=fd)])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
