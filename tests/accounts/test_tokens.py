import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.access import viewer_of_token
from accounts.models import ApiToken, AuditEntry, Workspace
from accounts.tokens import create_token, digest, revoke_token


def test_a_token_is_kept_only_as_a_hash(workspace, maya):
    token, plain = create_token(workspace, "CRM", "operator", maya)

    assert re.fullmatch(r"es_[\w-]{43}", plain)
    assert plain.startswith(token.prefix)
    assert token.digest == digest(plain)
    assert plain not in str(ApiToken.objects.values_list())


def test_making_and_revoking_are_written_down(workspace, maya):
    token, plain = create_token(workspace, "CRM", "operator", maya)
    revoke_token(token, maya)
    revoke_token(token, maya)

    assert viewer_of_token(digest(plain)) is None
    assert list(AuditEntry.objects.order_by("id").values_list("action", "actor_id", "target")) == [
        ("api_token.create", maya.pk, f"api_token:{token.pk}"),
        ("api_token.revoke", maya.pk, f"api_token:{token.pk}"),
    ]


def test_a_token_ends_when_it_was_said_to(workspace):
    now = timezone.now()
    _, late = create_token(workspace, "old", "viewer", None, expires_at=now - timedelta(seconds=1))
    _, good = create_token(workspace, "new", "viewer", None, expires_at=now + timedelta(days=1))

    assert viewer_of_token(digest(late)) is None
    assert viewer_of_token(digest(good)).workspace_id == workspace.pk


def test_it_remembers_when_a_token_was_last_used(workspace):
    token, plain = create_token(workspace, "CRM", "viewer", None)

    viewer_of_token(digest(plain))

    token.refresh_from_db()
    assert timezone.now() - token.last_used_at < timedelta(minutes=1)


def test_the_command_prints_a_token_that_works(workspace, capsys):
    call_command("create_api_token", "CI", role="viewer", days=7)

    viewer = viewer_of_token(digest(capsys.readouterr().out.strip()))
    assert (viewer.name, viewer.role, viewer.workspace_id) == ("CI", "viewer", workspace.pk)


@pytest.mark.parametrize("workspace_name", [None, "Nowhere"])
def test_the_command_asks_which_workspace_is_meant(workspace, workspace_name):
    Workspace.objects.create(name="Staging")

    with pytest.raises(CommandError, match="Larkfield Energy, Staging"):
        call_command("create_api_token", "CI", workspace=workspace_name)
