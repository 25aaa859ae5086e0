"""Serves an app of the tests, with uvicorn or daphne, on a socket handed over: in a process of its own.

It has the rooms that streams know and no other: it is there in a third of the time, and there are many.
"""

import os
import socket
from collections.abc import Mapping
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.utils.log import configure_logging

from config.server import Server, server_config
from streaming import hub


def main(kind: str, app: str, listening: socket.socket, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)  # nothing that is loaded before has asked for settings
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    apps.populate(["base", "streaming"])
    application = import_module(app).application  # only once Django is ready

    if kind == "daphne":
        daphne = import_module("daphne.server")
        endpoint = f"fd:fileno={listening.fileno()}"
        daphne.Server(application, endpoints=[endpoint], signal_handlers=True).run()
    else:
        Server(server_config(application), hub.drain).run(sockets=[listening])
