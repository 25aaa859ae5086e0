"""The page of deliveries, read."""

import re

from platforms.models import Connection
from tests.webhooks.told import body_of, kept
from webhooks.models import Delivery


def some(connection: Connection, count: int, **fields) -> list[Delivery]:
    """Deliveries of different calls, oldest first."""
    began = Delivery.objects.count()
    return [
        kept(connection, body_of("call_ended", call={"call_id": f"call_{began + n}"}), **fields)
        for n in range(count)
    ]


def listed(client, query: str = "") -> list[str]:
    """The ids of the rows on a page, from the top."""
    response = client.get(f"/webhooks/{query}")
    assert response.status_code == 200
    return re.findall(r'id="d-([0-9a-f-]{36})"', response.content.decode())


def ids(deliveries) -> list[str]:
    return [str(delivery.pk) for delivery in deliveries]


def words_of(html: str) -> str:
    """The text of some markup, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def row_of(client, delivery) -> str:
    html = client.get("/webhooks/").content.decode()
    return words_of(re.search(rf'<tbody[^>]+id="d-{delivery.pk}".*?</tbody>', html, re.DOTALL)[0])
