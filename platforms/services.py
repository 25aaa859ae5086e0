"""Connections as people manage them: made, edited, their secrets rotated, removed. All of it is audited.

The audit log is given ids and which settings changed; never a name, an address or a secret.
"""

import secrets
from datetime import timedelta
from uuid import UUID

from django.db import OperationalError, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User, Workspace
from platforms.models import Connection

Actor = User | UUID | None
ROTATION_SHOULD_END_IN = timedelta(days=7)
DEADLOCK, TRIES = "40P01", 5


class RotationUnderWay(Exception):
    """A third secret would silently end the first: finish or undo the rotation under way."""


class NoRotation(Exception):
    """There is no earlier secret: the rotation was finished or undone meanwhile, or never began."""


def new_secret() -> str:
    """A webhook secret of our own: 256 random bits."""
    return secrets.token_urlsafe(32)


@transaction.atomic
def create(
    workspace: Workspace,
    platform: str,
    name: str,
    *,
    api_key: str = "",
    webhook_secret: str = "",
    base_url: str = "",
    by: Actor,
) -> Connection:
    """A new connection. Without the platform's webhook secret it gets one of ours."""
    connection = Connection.objects.create(
        workspace=workspace,
        platform=platform,
        name=name,
        api_key=api_key,
        base_url=base_url,
        webhook_secret=webhook_secret or new_secret(),
        webhook_secret_is_ours=not webhook_secret,
    )
    _note("connection.create", connection, by, {"platform": platform})
    return connection


@transaction.atomic
def edit(connection: Connection, *, name: str, base_url: str, api_key: str | None, by: Actor) -> None:
    """Change what a connection is called and how its platform is reached. `api_key` None: as it was."""
    wanted = {"name": name, "base_url": base_url}
    if api_key is not None:
        wanted["api_key"] = api_key
    changed = [field for field, value in wanted.items() if getattr(connection, field) != value]
    if not changed:
        return
    for field in changed:
        setattr(connection, field, wanted[field])
    connection.save(update_fields=changed)
    _note("connection.edit", connection, by, {"changed": changed})


@transaction.atomic
def reveal(connection: Connection, *, by: Actor) -> str:
    """The webhook secret, to be shown to `by`. Raises ValueError if the platform made it: nobody sees it."""
    if not connection.webhook_secret_is_ours:
        raise ValueError("the platform made this secret")
    _note("connection.reveal", connection, by)
    return connection.webhook_secret


@transaction.atomic
def rotate(connection: Connection, *, secret: str = "", keep_previous: bool = True, by: Actor) -> Connection:
    """Make `secret` (or a new one of ours) the current one; the one before goes on being accepted.

    With `keep_previous` False it does not: for a connection that nobody has sent anything to yet. Raises
    RotationUnderWay.
    """
    row = _locked(connection)
    if row.previous_webhook_secret:
        raise RotationUnderWay
    if keep_previous:
        row.previous_webhook_secret = row.webhook_secret
        row.previous_webhook_secret_is_ours = row.webhook_secret_is_ours
        row.rotated_at = timezone.now()
    row.webhook_secret = secret or new_secret()
    row.webhook_secret_is_ours = not secret
    _save_secrets(row)
    _note("connection.rotate", row, by, {"made_by_us": not secret, "previous_kept": keep_previous})
    return row


@transaction.atomic
def finish_rotation(connection: Connection, *, by: Actor) -> Connection:
    """Accept the earlier secret no longer. Raises NoRotation."""
    row = _rotating(connection)
    _forget_previous(row)
    _note("connection.finish_rotation", row, by)
    return row


@transaction.atomic
def undo_rotation(connection: Connection, *, by: Actor) -> Connection:
    """The earlier secret is the only one again. Raises NoRotation."""
    row = _rotating(connection)
    row.webhook_secret = row.previous_webhook_secret
    row.webhook_secret_is_ours = row.previous_webhook_secret_is_ours
    _forget_previous(row)
    _note("connection.undo_rotation", row, by)
    return row


def delete(connection: Connection, *, by: Actor) -> None:
    """Remove it with every delivery it brought. Its calls and agents stay, and belong to no connection."""
    for tries_left in reversed(range(TRIES)):
        try:
            _delete(connection, by)
            return
        except OperationalError as error:
            # Whoever applies its deliveries holds a call and wants them; we have them and want the call.
            if not tries_left or getattr(error.__cause__, "sqlstate", None) != DEADLOCK:
                raise


@transaction.atomic
def _delete(connection: Connection, by: Actor) -> None:
    # Held, so that nothing is kept for it that we would not remove.
    row = Connection.objects.select_for_update().filter(pk=connection.pk).first()
    if row is None:
        return  # somebody else was first
    _note("connection.delete", row, by, {"platform": row.platform})
    row.delete()


def _locked(connection: Connection) -> Connection:
    # Two people may press Rotate at once; the second must see what the first did.
    return Connection.objects.select_for_update().get(pk=connection.pk)


def _rotating(connection: Connection) -> Connection:
    row = _locked(connection)
    if not row.previous_webhook_secret:
        raise NoRotation
    return row


def _forget_previous(row: Connection) -> None:
    row.previous_webhook_secret = ""
    row.previous_webhook_secret_is_ours = True
    row.rotated_at = None
    _save_secrets(row)


def _save_secrets(row: Connection) -> None:
    row.save(
        update_fields=[
            "webhook_secret",
            "webhook_secret_is_ours",
            "previous_webhook_secret",
            "previous_webhook_secret_is_ours",
            "rotated_at",
        ]
    )


def _note(action: str, connection: Connection, by: Actor, detail: dict | None = None) -> None:
    audit.note(
        action,
        workspace=connection.workspace_id,
        actor=by,
        target=f"connection:{connection.pk}",
        detail=detail,
    )
