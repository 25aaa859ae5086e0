"""What whoever posts is answered, and what is kept of it."""

import pytest

from tests.webhooks.posting import posted
from tests.webhooks.told import body_of
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)
STARTED = body_of("call_started", call={"call_id": "call_1", "start_timestamp": 1_795_000_000_000})


def test_it_keeps_what_is_proven_and_says_so(connection):
    [answer] = posted(connection, STARTED)

    assert answer.told == (200, "accepted")
    row = Delivery.objects.get()
    assert (row.kind, row.platform_call_id, row.status) == ("call_started", "call_1", "pending")
    assert (bytes(row.body), row.size, row.trace_id) == (
        STARTED,
        len(STARTED),
        answer.headers[b"x-trace-id"].decode(),
    )


def test_it_keeps_a_repeated_delivery_once(connection):
    first, second, third = posted(connection, STARTED, STARTED, STARTED)

    assert [first.told, second.told, third.told] == [
        (200, "accepted"),
        (200, "duplicate"),
        (200, "duplicate"),
    ]
    assert Delivery.objects.get().repeats == 2
