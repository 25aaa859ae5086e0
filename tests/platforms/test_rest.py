"""A platform's address was typed by people, so it may not lead into our own network."""

import pytest

from platforms.errors import PlatformError
from platforms.models import Connection
from platforms.rest import api_of


@pytest.mark.parametrize("base_url", ["http://2130706433:9", "https://169.254.169.254", "https://[fd00::1]"])
async def test_nothing_of_ours_is_asked_as_a_platform(settings, base_url):
    settings.PRIVATE_HOSTS = []

    async with api_of(Connection(base_url=base_url, api_key="key")) as api:
        with pytest.raises(PlatformError, match="could not be reached"):
            await api.get_call("call_1")
