"""Who is asking: from a session cookie or an API token to a Viewer, for pages, streams and sockets alike.

Streams and sockets look up here and never through Channels' own middleware, which handles one lookup at a
time: a thousand browsers coming back together are a few lookups, shared and on threads of their own,
and each of those asks for as many as have come meanwhile.
"""

import asyncio
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import ApiToken, Membership, User
from accounts.permissions import Permission, role_may
from accounts.sessions import WORKSPACE, SessionStore
from accounts.tokens import digest, used_tokens, working_tokens

KEPT_S = 5.0  # how old a remembered answer may be; with a re-check every 10 s, lost access ends within 15 s
KEPT_NOBODY_S = 1.0
_MOST_KEPT = 10_000
_MOST_TOGETHER = 200
_TOKEN_SEEN_EVERY = timedelta(minutes=1)
TOKEN_PATHS = ("/api/", "/live/", "/health/")

_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="access")
_LONGEST_S = 10


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person in one workspace, or one program with its token. Equal while nothing about it changes."""

    user_id: UUID | None
    workspace_id: UUID
    role: str
    name: str
    token_id: UUID | None = None
    session_key: str = field(default="", repr=False)  # what to ask again; never to be logged or sent

    @property
    def actor_id(self) -> UUID | None:
        """Whom the audit log names: the person, or the program's token."""
        return self.user_id or self.token_id

    def may(self, permission: Permission) -> bool:
        return role_may(self.role, permission)


# --- From a request's credentials to a Viewer (synchronous: views, and the threads below) -----------------


def bearer_of(authorization: str, path: str) -> str | None:
    """The API token sent with a request, on the paths where one counts. None: look at the cookie instead."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer" and path.startswith(TOKEN_PATHS):
        return token.strip()
    return None


def viewer_of_token(token_digest: str) -> Viewer | None:
    return viewers_of_tokens([token_digest]).get(token_digest)


def viewers_of_tokens(digests: Sequence[str]) -> dict[str, Viewer]:
    """By the digest of the token. Whoever is missing is nobody."""
    tokens = used_tokens(digests)
    now = timezone.now()
    seen = [
        token.token_id
        for token in tokens
        if token.last_used_at is None or token.last_used_at < now - _TOKEN_SEEN_EVERY
    ]
    if seen:
        ApiToken.objects.filter(pk__in=seen).update(last_used_at=now)
    return {
        token.digest: Viewer(
            user_id=None,
            workspace_id=token.workspace_id,
            role=token.role,
            name=token.name,
            token_id=token.token_id,
        )
        for token in tokens
    }


def viewers_of_sessions(keys: Sequence[str]) -> dict[str, Viewer]:
    """By the key of the session. Whoever is missing is nobody."""
    sessions = _sessions(keys)
    people = {_person_of(data) for data in sessions.values()} - {None}
    users = {user.pk: user for user in User.objects.filter(pk__in=people, is_active=True)}
    places = _memberships(users.values())
    viewers = {}
    for key, data in sessions.items():
        user = users.get(_person_of(data))
        if user is None or not _signed_in(user, data):
            continue
        membership = current(places[user.pk], data.get(WORKSPACE))
        if membership:
            viewers[key] = viewer_of_member(user, membership, key)
    return viewers


def _person_of(data: dict) -> UUID | None:
    try:
        return UUID(str(data.get(SESSION_KEY)))
    except ValueError:
        return None  # a session of nobody, or of another time; those asked for beside it are not its fault


def memberships_of(user: User) -> list[Membership]:
    """The person's places, with their workspaces, those joined first before others."""
    return _memberships([user])[user.pk]


def _memberships(users: Iterable[User]) -> dict[UUID, list[Membership]]:
    """Of each of these people, with their workspaces, those joined first before others."""
    places = defaultdict(list)
    for row in Membership.objects.filter(user__in=users).select_related("workspace").order_by("id"):
        places[row.user_id].append(row)
    return places


def current(memberships: list[Membership], workspace_id: str | None) -> Membership | None:
    """The one in `workspace_id` (what their session remembers), else the one joined first."""
    remembered = (row for row in memberships if str(row.workspace_id) == workspace_id)
    return next(remembered, None) or next(iter(memberships), None)


def viewer_of_member(user: User, membership: Membership, session_key: str) -> Viewer:
    return Viewer(
        user_id=user.pk,
        workspace_id=membership.workspace_id,
        role=membership.role,
        name=str(user),
        session_key=session_key,
    )


def _sessions(keys: Iterable[str]) -> dict[str, dict]:
    rows = Session.objects.filter(session_key__in=list(keys), expire_date__gt=timezone.now())
    return {row.session_key: SessionStore().decode(row.session_data) for row in rows}


def _signed_in(user: User, data: dict) -> bool:
    """Whether the session still speaks for `user`: a changed password ends every older session."""
    if BACKEND_SESSION_KEY not in data or str(user.pk) != data.get(SESSION_KEY):
        return False
    kept = data.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(kept, known) for known in hashes)


# --- The same for streams and sockets (asynchronous, remembered for a moment) ------------------------------


class _Memory:
    """Answers of `find`, kept for seconds; the same question asked meanwhile waits for the first answer, and
    others that no thread is free for are asked together."""

    def __init__(self, find: Callable[[Sequence[str]], dict[str, Viewer]]) -> None:
        self.find = find
        self.kept: OrderedDict[str, tuple[float, Viewer | None]] = OrderedDict()
        self.asked: dict[str, asyncio.Future] = {}
        self.waiting: deque[tuple[str, Future]] = deque()

    async def get(self, key: str) -> Viewer | None:
        until, viewer = self.kept.get(key, (0.0, None))
        if time.monotonic() < until:
            return viewer
        loop = asyncio.get_running_loop()
        asked = self.asked.get(key)
        if asked is None or asked.get_loop() is not loop:
            question: Future = Future()
            self.waiting.append((key, question))
            _pool.submit(self._answer)
            asked = self.asked[key] = asyncio.wrap_future(question)
            asked.add_done_callback(lambda done: self._keep(key, done))
        async with asyncio.timeout(_LONGEST_S):
            return await asyncio.shield(asked)

    def _answer(self) -> None:
        """On a thread: for all who wait now. There are as many calls as questions, so most find none."""
        questions: dict[str, list[Future]] = defaultdict(list)
        while len(questions) < _MOST_TOGETHER:
            try:
                key, question = self.waiting.popleft()
            except IndexError:
                break
            if question.set_running_or_notify_cancel():
                questions[key].append(question)
        if not questions:
            return
        try:
            found = _on_thread(self.find, list(questions))
        except Exception as error:
            for question in chain.from_iterable(questions.values()):
                question.set_exception(error)
            return
        for key, asking in questions.items():
            for question in asking:
                question.set_result(found.get(key))

    def _keep(self, key: str, done: asyncio.Future) -> None:
        if self.asked.get(key) is done:
            del self.asked[key]
        if done.cancelled() or done.exception():
            return
        viewer = done.result()
        self.kept[key] = (time.monotonic() + (KEPT_S if viewer else KEPT_NOBODY_S), viewer)
        self.kept.move_to_end(key)
        while len(self.kept) > _MOST_KEPT:
            self.kept.popitem(last=False)

    def forget(self, viewers: set[Viewer]) -> None:
        for key in [key for key, (_, viewer) in self.kept.items() if viewer in viewers]:
            del self.kept[key]


def _on_thread(work: Callable, *args):
    try:
        return work(*args)
    finally:
        connection.close()  # back into the pool: this thread must not keep one for itself


_by_session = _Memory(viewers_of_sessions)
_by_token = _Memory(viewers_of_tokens)


async def viewer_of(scope: dict, workspace_id: str = "") -> Viewer | None:
    """Who opened this stream or socket: by API token on its paths, else by session cookie. None: nobody.

    `workspace_id`: where their page was drawn. Who has just changed to it is not remembered as elsewhere.
    """
    headers = {name: value.decode("latin-1") for name, value in reversed(scope["headers"])}
    token = bearer_of(headers.get(b"authorization", ""), scope["path"])
    if token is not None:
        return await _by_token.get(digest(token))
    key = _session_key(headers.get(b"cookie", ""))
    if not key:
        return None
    viewer = await _by_session.get(key)
    if viewer and workspace_id and str(viewer.workspace_id) != workspace_id:
        _by_session.kept.pop(key, None)
        viewer = await _by_session.get(key)
    return viewer


async def still_allowed(viewers: Iterable[Viewer]) -> set[Viewer]:
    """Those of `viewers` whose session or token, workspace and role are what they were. Asks the database."""
    asked = set(viewers)
    if not asked:
        return set()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_LONGEST_S):
        allowed = await loop.run_in_executor(_pool, _on_thread, _unchanged, asked)
    _by_session.forget(asked - allowed)
    _by_token.forget(asked - allowed)
    return allowed


def _session_key(cookies: str) -> str:
    """As Django finds it, but without reading the others, which may take long (config/protocol.py)."""
    key = ""
    for cookie in cookies.split(";"):
        name, _, value = cookie.partition("=")
        if name.strip() == settings.SESSION_COOKIE_NAME:
            key = value.strip()
    return key if SessionStore.readable(key) else ""


def _unchanged(viewers: set[Viewer]) -> set[Viewer]:
    people = [viewer for viewer in viewers if viewer.token_id is None]
    programs = [viewer for viewer in viewers if viewer.token_id is not None]
    return _unchanged_people(people) | _unchanged_programs(programs)


def _unchanged_people(people: list[Viewer]) -> set[Viewer]:
    if not people:
        return set()
    sessions = _sessions(viewer.session_key for viewer in people)
    memberships = Membership.objects.select_related("user").filter(
        user_id__in={viewer.user_id for viewer in people},
        workspace_id__in={viewer.workspace_id for viewer in people},
        user__is_active=True,
    )
    places: dict[tuple[UUID | None, UUID], Membership] = {
        (row.user_id, row.workspace_id): row for row in memberships
    }

    def unchanged(viewer: Viewer) -> bool:
        row = places.get((viewer.user_id, viewer.workspace_id))
        data = sessions.get(viewer.session_key)
        return bool(row and data and row.role == viewer.role and _signed_in(row.user, data))

    return {viewer for viewer in people if unchanged(viewer)}


def _unchanged_programs(programs: list[Viewer]) -> set[Viewer]:
    if not programs:
        return set()
    tokens = working_tokens().in_bulk([viewer.token_id for viewer in programs])

    def unchanged(viewer: Viewer) -> bool:
        token = tokens.get(viewer.token_id)
        return bool(token and (token.workspace_id, token.role) == (viewer.workspace_id, viewer.role))

    return {viewer for viewer in programs if unchanged(viewer)}
