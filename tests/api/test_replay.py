"""Replaying a delivery through the API."""

import pytest

from accounts.models import AuditEntry
from webhooks.models import Delivery


def address(world) -> str:
    return f"webhooks/deliveries/{world.delivery.pk}/replay"


def test_it_has_the_delivery_applied_again(world):
    program = world.program("admin")

    response = program.ask(address(world), "POST")

    assert response.status_code == 202
    told = response.json()
    assert (told["status"], told["attempts"], told["replays"]) == ("pending", 0, 1)
    assert told["id"] == str(world.delivery.pk)


def test_it_is_noted_who_did_it(world):
    world.program("admin").ask(address(world), "POST")

    entry = AuditEntry.objects.get(action="delivery.replay")
    assert entry.actor_id == world.workspace.api_tokens.get().pk


@pytest.mark.parametrize("role", ["operator", "viewer"])
def test_a_smaller_role_may_not(world, role):
    assert world.program(role).ask(address(world), "POST").status_code == 403
    assert Delivery.objects.get(pk=world.delivery.pk).status == "applied"


def test_another_workspace_cannot(world):
    assert world.program("owner", world.elsewhere).ask(address(world), "POST").status_code == 404


def test_what_was_erased_cannot_be_replayed(world):
    Delivery.objects.filter(pk=world.delivery.pk).update(body=None)

    response = world.program("admin").ask(address(world), "POST")

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "erased"
    assert Delivery.objects.get(pk=world.delivery.pk).replays == 0
