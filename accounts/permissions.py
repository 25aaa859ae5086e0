"""What each role may do. One table; nothing else in the code compares roles."""

from enum import StrEnum

from accounts.models import Role


class Permission(StrEnum):
    SEE_CALLS = "calls.see"  # that a call happens: cards, facts, timings
    SEE_WORDS = "calls.words"  # what is said in it
    SEE_NUMBERS = "calls.numbers"  # phone numbers unmasked, where a page offers it
    STEER_CALLS = "calls.steer"  # whisper, say, transfer, end, claim
    CHAT = "chats.use"  # type to an agent oneself
    EDIT_AGENTS = "agents.edit"
    MANAGE_WORKSPACE = "workspace.manage"  # members, tokens, connections, budgets
    OWN_WORKSPACE = "workspace.own"  # plan, transfer, deletion


_VIEWER = frozenset({Permission.SEE_CALLS})
_OPERATOR = _VIEWER | {Permission.SEE_WORDS, Permission.SEE_NUMBERS, Permission.STEER_CALLS, Permission.CHAT}
_ADMIN = _OPERATOR | {Permission.EDIT_AGENTS, Permission.MANAGE_WORKSPACE}
_OWNER = _ADMIN | {Permission.OWN_WORKSPACE}

PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _OWNER,
}


def role_may(role: str, permission: Permission) -> bool:
    """Whether `role` includes `permission`. An unknown role may nothing."""
    return permission in PERMISSIONS.get(role, frozenset())


def least_role(permission: Permission) -> Role:
    """The lowest role that includes `permission`, for "You need the Operator role"."""
    return next(
        role for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN, Role.OWNER) if role_may(role, permission)
    )
