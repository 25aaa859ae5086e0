"""API tokens: made once, shown once, kept only as a hash."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts import audit
from accounts.models import ApiToken, User, Workspace
from base.ids import uuid7

PREFIX = "es_"
_SHOWN = len(PREFIX) + 6
_WORKS = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
_USED = f"""
SELECT digest, id, workspace_id, role, name, last_used_at FROM accounts_apitoken
WHERE digest = ANY(%s) AND {_WORKS}
"""  # noqa: S608  ours


class Used(NamedTuple):
    """A token that works, as far as a request needs to know it."""

    digest: str
    token_id: UUID
    workspace_id: UUID
    role: str
    name: str
    last_used_at: datetime | None


@transaction.atomic
def create_token(
    workspace: Workspace,
    name: str,
    role: str,
    created_by: User | None,
    expires_at: datetime | None = None,
    token_id: UUID | None = None,
) -> tuple[ApiToken, str]:
    """Make a token and give it with its plain text, which is not kept and cannot be had again.

    IntegrityError if there is a token with that id, of whatever workspace.
    """
    plain = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        id=token_id or uuid7(),
        workspace=workspace,
        name=name,
        role=role,
        created_by=created_by,
        expires_at=expires_at,
        prefix=plain[:_SHOWN],
        digest=digest(plain),
    )
    audit.note("api_token.create", workspace=workspace, actor=created_by, target=f"api_token:{token.pk}")
    return token, plain


@transaction.atomic
def revoke_token(token: ApiToken, revoked_by: User | UUID | None) -> None:
    """End a token. Streams it holds open end within 15 s. Revoking twice changes nothing."""
    claimed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    if claimed:
        audit.note(
            "api_token.revoke", workspace=token.workspace_id, actor=revoked_by, target=f"api_token:{token.pk}"
        )


def digest(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def working_tokens() -> QuerySet[ApiToken]:
    """Tokens that are neither revoked nor expired."""
    return ApiToken.objects.filter(RawSQL(_WORKS, [], BooleanField()))  # noqa: S611  ours


def used_tokens(digests: Sequence[str]) -> list[Used]:
    """Those of them that work. Every request of a program asks for one: a query that is put together anew
    each time would take four times as long."""
    with connection.cursor() as cursor:
        cursor.execute(_USED, [list(digests)])
        return list(map(Used._make, cursor.fetchall()))
