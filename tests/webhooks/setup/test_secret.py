"""Settings → Connections: the secret, shown, replaced and rotated."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from platforms import services
from platforms.models import Connection
from tests.webhooks.setup.steps import KEY, at, deliver, fresh, text


def test_revealing_is_written_down_and_kept_by_no_cache(browser, workspace, connection):
    response = browser.post(at("reveal_secret", connection))

    assert connection.webhook_secret in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    note = AuditEntry.objects.for_workspace(workspace).get(action="connection.reveal")
    assert note.target == f"connection:{connection.pk}"
    assert connection.webhook_secret not in str(note.detail)


def test_a_key_of_the_platform_is_never_revealed(browser, connection, admin):
    services.rotate(connection, secret=KEY, keep_previous=False, by=admin)
    response = browser.post(at("reveal_secret", connection), follow=True)

    assert "This key was made by the platform. Look it up there." in text(response)
    assert KEY not in response.content.decode()


def test_a_key_pasted_before_anything_came_simply_replaces_ours(browser, connection):
    response = browser.post(at("rotate_secret", connection), {"made": "pasted", "secret": KEY}, follow=True)
    kept = fresh(connection)

    assert (kept.webhook_secret, kept.previous_webhook_secret) == (KEY, "")
    assert "Secret saved." in text(response)
    assert "A key of Retell’s is set." in text(response)


def test_a_rotation_is_begun_seen_and_finished(browser, connection):
    deliver(connection)
    response = browser.post(at("rotate_secret", connection), {"made": "ours"}, follow=True)
    assert "Secret rotated. The old one is accepted until you finish." in text(response)
    deliver(connection)
    deliver(connection, "earshot_test")
    page = text(browser.get(at("connection", connection)))
    assert "1 delivery since." in page
    assert "1 delivery came in the last 10 minutes. Some may still be signed with the old secret." in page

    response = browser.post(at("finish_rotation", connection), follow=True)
    assert "Rotation finished. The old secret is refused within 5 s." in text(response)
    assert fresh(connection).previous_webhook_secret == ""
    assert "No rotation is under way." in text(browser.post(at("finish_rotation", connection), follow=True))


def test_a_rotation_can_be_undone(browser, connection):
    deliver(connection)
    browser.post(at("rotate_secret", connection), {"made": "pasted", "secret": KEY})
    response = browser.post(at("undo_rotation", connection), follow=True)

    assert "Rotation undone." in text(response)
    assert fresh(connection).webhook_secret == connection.webhook_secret
    assert "No rotation is under way." in text(browser.post(at("undo_rotation", connection), follow=True))


def test_a_second_rotation_waits_for_the_first(browser, connection):
    deliver(connection)
    browser.post(at("rotate_secret", connection), {"made": "ours"})
    response = browser.post(at("rotate_secret", connection), {"made": "ours"}, follow=True)

    assert "A rotation is under way already. Finish it first." in text(response)


def test_a_rotation_that_takes_a_week_is_reminded_of(browser, connection):
    deliver(connection)
    browser.post(at("rotate_secret", connection), {"made": "ours"})
    Connection.objects.update(rotated_at=timezone.now() - timedelta(days=9))

    assert "Two secrets are accepted for 9 days now." in text(browser.get(at("connection", connection)))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"made": "pasted", "secret": ""}, "Paste the key, or let Earshot make a secret."),
        ({"made": "pasted", "secret": "too short"}, "A key has no spaces"),
        ({"made": "pasted", "secret": KEY}, "This is the secret in use already."),
    ],
)
def test_a_rotation_that_cannot_be_says_why(browser, connection, admin, typed, said):
    services.rotate(connection, secret=KEY, keep_previous=False, by=admin)
    response = browser.post(at("rotate_secret", connection), typed)

    assert response.status_code == 400
    assert said in text(response)
    assert 'id="rotate" aria-labelledby="rotate-t" data-open' in response.content.decode()
    assert fresh(connection).webhook_secret == KEY
