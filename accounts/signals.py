"""Signing in, failing to, and signing out leave a row in the audit log."""

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from accounts import access, audit
from accounts.models import User


@receiver(user_logged_in)
def note_login(request, user: User, **kwargs) -> None:
    _note("session.login", user)


@receiver(user_logged_out)
def note_logout(request, user: User | None, **kwargs) -> None:
    if user is not None:
        _note("session.logout", user)


@receiver(user_login_failed)
def note_refusal(credentials: dict, **kwargs) -> None:
    # Only an account's id is kept, never what was typed: people type passwords into the wrong box.
    email = str(credentials.get("email") or credentials.get("username") or "")
    _note("session.refused", User.objects.filter(email__iexact=email).first() if email else None)


def _note(action: str, user: User | None) -> None:
    membership = access.current(access.memberships_of(user), None) if user else None
    audit.note(action, workspace=membership.workspace_id if membership else None, actor=user)
