"""A platform's REST API, for one connection of a workspace. Its address was typed by people."""

from base import outward
from platforms.models import Connection
from platforms.retell.rest import CONNECT_TRIES, RetellApi


def api_of(connection: Connection) -> RetellApi:
    """An async context manager; what it is asked may raise PlatformError."""
    transport = outward.transport(retries=CONNECT_TRIES - 1)
    return RetellApi(connection.api_key, connection.base_url, transport)
