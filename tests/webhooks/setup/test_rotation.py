"""A rotation as the platform meets it: what it signs is answered by the real receiver."""

import re

import pytest
from django.urls import reverse

from accounts.models import Workspace
from platforms import services
from platforms.models import Connection
from tests.webhooks.posting import posted
from tests.webhooks.told import body_of
from webhooks.models import Delivery
from webhooks.setup import checklist

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "key_0123456789abcdef"


def answered(connection, secret: str) -> int:
    """What the platform is told when it signs with that secret."""
    number = Delivery.objects.count()
    body = body_of("call_started", call={"call_id": f"call_{number}"})
    [answer] = posted(connection, body, secret=secret)
    return answer.status


def press(browser, connection, act: str, /, **typed) -> None:
    browser.post(reverse(f"settings:{act}", args=[connection.pk]), typed)


def test_both_secrets_are_accepted_until_it_is_finished(browser, connection):
    old = connection.webhook_secret
    assert answered(connection, old) == 200

    press(browser, connection, "rotate_secret", made="pasted", secret=KEY)
    assert (answered(connection, old), answered(connection, KEY)) == (200, 200)
    assert answered(connection, "key_of_nobody") == 401

    press(browser, connection, "finish_rotation")
    assert (answered(connection, old), answered(connection, KEY)) == (401, 200)


def test_what_comes_meanwhile_is_counted_while_one_looks(browser, connection):
    answered(connection, connection.webhook_secret)
    press(browser, connection, "rotate_secret", made="pasted", secret=KEY)
    counts = []
    for _ in range(3):
        state = browser.get(reverse("settings:connection_state", args=[connection.pk])).content.decode()
        counts += re.findall('id="since-rotation" data-live="([^"]+)"', state)
        answered(connection, KEY)

    assert counts == ["0", "1", "2"]


def test_undone_only_the_old_one_is(browser, connection):
    old = connection.webhook_secret
    answered(connection, old)
    press(browser, connection, "rotate_secret", made="pasted", secret=KEY)
    press(browser, connection, "undo_rotation")

    assert (answered(connection, old), answered(connection, KEY)) == (200, 401)


def test_before_the_first_delivery_a_pasted_key_is_the_only_one(browser, connection):
    old = connection.webhook_secret
    press(browser, connection, "rotate_secret", made="pasted", secret=KEY)

    assert (answered(connection, old), answered(connection, KEY)) == (401, 200)


def test_a_deleted_connection_is_not_known_any_more(browser, connection):
    assert answered(connection, connection.webhook_secret) == 200
    press(browser, connection, "delete_connection", name=connection.name)

    assert answered(connection, connection.webhook_secret) == 404
    assert not Delivery.objects.exists()


def test_the_checklist_says_what_the_receiver_has_kept(connection):
    posted(connection, body_of("call_started", call={"call_id": "call_1"}))
    posted(connection, body_of("call_ended", call={"call_id": "call_1"}), b"not JSON")
    posted(connection, body_of("call_ended", call={"call_id": "call_1"}), secret="key_of_nobody")
    facts = checklist.facts(connection)

    assert set(facts.kinds) == {"call_started", "call_ended", ""}
    assert facts.first.kind == "call_started"
    assert [state.words for state in facts.states] == [
        "Failing 1",
        "Receiving, last",
        "Rejected 1 with a bad signature in the last hour",
    ]


def test_another_connections_deliveries_are_its_own(connection):
    theirs = services.create(Workspace.objects.create(name="Theirs"), "retell", "Theirs", by=None)
    posted(theirs, body_of("call_started", call={"call_id": "call_1"}))

    assert checklist.facts(connection).kinds == {}
    assert checklist.facts(Connection.objects.get(pk=theirs.pk)).first.kind == "call_started"
