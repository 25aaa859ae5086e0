"""Who may be mentioned in a note or be given a review: members who see words. In a text they stand by id."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from accounts.models import Role, User
from accounts.permissions import Permission, role_may
from base.errors import Faulty

MOST = 500  # who are offered
MENTION = re.compile(r"@\[([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\]")
_READERS = [role for role in Role.values if role_may(role, Permission.SEE_WORDS)]


@dataclass(frozen=True, slots=True)
class Colleague:
    id: UUID
    name: str  # no two have the same
    initials: str


def colleagues(workspace_id: UUID) -> list[Colleague]:
    """In the order of their names."""
    people = list(_members(workspace_id).order_by("name", "email")[:MOST])
    alike = Counter(map(str, people))
    return [
        Colleague(one.pk, f"{one} ({one.email})" if alike[str(one)] > 1 else str(one), one.initials)
        for one in people
    ]


def is_colleague(workspace_id: UUID, user_id: UUID) -> bool:
    return _members(workspace_id).filter(pk=user_id).exists()


def _members(workspace_id: UUID):
    memberships = {"memberships__workspace_id": workspace_id, "memberships__role__in": _READERS}
    return User.objects.filter(**memberships, is_active=True)


def mark(user_id: UUID) -> str:
    """How they stand in a text."""
    return f"@[{user_id}]"


def mentioned(text: str) -> list[UUID]:
    """Each once, in the order of the text."""
    return [UUID(found) for found in dict.fromkeys(MENTION.findall(text))]


def checked(workspace_id: UUID, text: str, known: Iterable[UUID] = ()) -> str:
    """The text, which mentions colleagues only, or people it mentioned before (`known`). Raises Faulty."""
    new = set(mentioned(text)) - set(known)
    if new - set(_members(workspace_id).filter(pk__in=new).values_list("pk", flat=True)):
        raise Faulty({"text": "It mentions somebody who is not here, or sees no words."})
    return text


def named(ids: Iterable[UUID]) -> dict[UUID, User]:
    """Whoever texts mention, members or not any more."""
    return User.objects.in_bulk(set(ids))


def worded(text: str, people: dict[UUID, User]) -> str:
    """The text with names in it."""
    return MENTION.sub(lambda found: f"@{people.get(UUID(found[1]), 'somebody')}", text)
