"""What a call's page says of its privacy: that it is under hold, and what of it has been removed."""

from typing import Any

from django.http import HttpRequest

from accounts.permissions import Permission
from calls.models import Call
from calls.privacy import holds


def beside(request: HttpRequest, call: Call) -> dict[str, Any]:
    return {
        "legal_hold": holds.of(call),
        "may_hold": request.viewer.may(Permission.MANAGE_WORKSPACE),  # type: ignore[attr-defined]
        "words_removed_at": call.words_removed_at,
        "numbers_removed_at": call.numbers_removed_at,
    }
