"""A platform's REST API, for one connection of a workspace. Its address was typed by people."""

from functools import partial

from base import outward
from platforms.agents import Account
from platforms.models import Connection
from platforms.retell.rest import CONNECT_TRIES, RetellApi

_transport = partial(outward.transport, retries=CONNECT_TRIES - 1)


def api_of(connection: Connection) -> RetellApi:
    """An async context manager; what it is asked may raise PlatformError."""
    return RetellApi(connection.api_key, connection.base_url, _transport())


def account_of(connection: Connection) -> Account:
    """For what puts agents there (platforms/agents.py, Home)."""
    return Account(connection.api_key, connection.base_url, _transport)
