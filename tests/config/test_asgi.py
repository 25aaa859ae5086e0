"""What stands around the pages and streams."""

import asyncio

import pytest

from config.asgi import forwarded


@pytest.mark.parametrize(
    ("peer", "believed"), [("127.0.0.1", ("https", "203.0.113.9")), ("203.0.113.1", ("http", "203.0.113.1"))]
)
def test_only_a_proxy_we_trust_says_who_is_calling(peer, believed):
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope)

    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 40_000),
        "headers": [(b"x-forwarded-proto", b"https"), (b"x-forwarded-for", b"203.0.113.9")],
    }
    asyncio.run(forwarded(app)(scope, None, None))

    assert (seen["scheme"], seen["client"][0]) == believed
