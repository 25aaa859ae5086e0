"""Who the tests are about: people with a role in a workspace, and how they arrive."""

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from accounts.models import Membership, User, Workspace
from accounts.sessions import SessionStore

PASSWORD = "correct horse battery"
# Argon2 takes 50 ms a password; one hash serves every person.
_hashed = ""


def make_person(email: str, **fields) -> User:
    global _hashed
    user = User(email=email, **fields)
    if not _hashed:
        user.set_password(PASSWORD)
        _hashed = user.password
    user.password = _hashed
    user.save()
    return user


def make_member(workspace: Workspace, role: str, email: str = "", **fields) -> User:
    user = make_person(email or f"{role}@{workspace.pk}.example", **fields)
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


def sign_in(user: User) -> Client:
    """With a session of `user`. By the door, which notes who comes in, it takes seventeen statements."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_of(user)
    return client


def cookie_of(user: User) -> tuple[bytes, bytes]:
    """A `cookie` header of a new session of `user`, for streams and sockets."""
    return (b"cookie", f"{settings.SESSION_COOKIE_NAME}={session_of(user)}".encode())


def session_of(user: User) -> str:
    """The key of a new one."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def bearer(plain: str) -> tuple[bytes, bytes]:
    return (b"authorization", f"Bearer {plain}".encode())
