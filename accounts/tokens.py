"""API tokens: made once, shown once, kept only as a hash."""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import ApiToken, User, Workspace
from base.ids import uuid7

PREFIX = "es_"
_SHOWN = len(PREFIX) + 6


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
    return ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)
