"""Who is asking, for streams and sockets: looked up on threads, shared, and asked again."""

import asyncio
import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import access
from accounts.access import still_allowed, viewer_of
from accounts.models import Membership, Workspace
from accounts.permissions import Permission
from accounts.sessions import WORKSPACE, SessionStore
from accounts.tokens import create_token, revoke_token
from tests.people import bearer, cookie_of, make_member, make_person

pytestmark = pytest.mark.django_db(transaction=True)  # lookups use connections of their own


def scope_of(*headers, path="/live/stream"):
    return {"type": "http", "path": path, "headers": list(headers)}


def who(*headers, path="/live/stream"):
    return asyncio.run(viewer_of(scope_of(*headers, path=path)))


def allowed(*viewers):
    return asyncio.run(still_allowed(viewers))


def test_it_knows_a_person_by_their_session(maya, workspace):
    viewer = who(cookie_of(maya))

    assert (viewer.user_id, viewer.workspace_id, viewer.name) == (maya.pk, workspace.pk, "Maya Kessler")
    assert viewer.may(Permission.SEE_WORDS)
    assert not viewer.may(Permission.EDIT_AGENTS)


def test_it_knows_a_program_by_its_token(workspace):
    token, plain = create_token(workspace, "CRM", "viewer", None)

    viewer = who(bearer(plain))

    assert (viewer.token_id, viewer.user_id, viewer.role) == (token.pk, None, "viewer")
    assert not viewer.may(Permission.SEE_WORDS)


def test_a_token_counts_only_where_programs_go(workspace):
    _, plain = create_token(workspace, "CRM", "owner", None)

    assert who(bearer(plain), path="/api/v1/calls")
    assert who(bearer(plain), path="/calls/") is None


def test_a_wrong_token_is_not_saved_by_a_good_cookie(maya):
    assert who(cookie_of(maya), bearer("es_wrong")) is None


def test_a_session_remembers_its_workspace(maya):
    second = Workspace.objects.create(name="Staging")
    Membership.objects.create(workspace=second, user=maya, role="admin")
    header = cookie_of(maya)
    session = SessionStore(header[1].decode().split("=")[1])
    session[WORKSPACE] = str(second.pk)
    session.save()

    assert (who(header).workspace_id, who(header).role) == (second.pk, "admin")


def test_who_has_just_changed_workspaces_is_not_remembered_in_the_other(maya, workspace):
    """The new page's stream would show the calls of the old one."""
    second = Workspace.objects.create(name="Staging")
    Membership.objects.create(workspace=second, user=maya, role="viewer")
    header = cookie_of(maya)
    assert who(header).workspace_id == workspace.pk
    session = SessionStore(header[1].decode().split("=")[1])
    session[WORKSPACE] = str(second.pk)
    session.save()

    def of_a_page_in(workspace_id):
        viewer = asyncio.run(viewer_of(scope_of(header), workspace_id))
        return viewer.workspace_id, viewer.role

    assert of_a_page_in(str(second.pk)) == (second.pk, "viewer")
    # It says where they are, and never decides it.
    assert of_a_page_in(str(workspace.pk)) == (second.pk, "viewer")
    assert of_a_page_in("nonsense") == (second.pk, "viewer")


@pytest.mark.parametrize(
    "cookie",
    [
        b"sessionid=",
        b"sessionid=x",
        b'sessionid="\\000\\000"',
        b"\xff\xfe=\x80",
        b"sessionid=" + b"a" * 32,
        b";;;===",
    ],
)
def test_junk_is_a_stranger(db, cookie):
    assert who((b"cookie", cookie)) is None


def test_a_cookie_beside_the_sessions_is_not_read(maya):
    name, value = cookie_of(maya)
    slow = b'c="' + b"\\" * 200_000 + b'"'  # Python 3.11.7 takes a minute

    assert who((name, slow + b"; " + value + b" ;d=1")).user_id == maya.pk
    assert who((name, value + b"; sessionid=" + b"a" * 32)) is None  # the last counts, as for pages


@pytest.mark.parametrize(
    "token", [b"", b"Bearer", b"Bearer ", b"Bearer \xff\xfe", b"Basic abc", b"bearer es_" + b"x" * 9000]
)
def test_junk_tokens_are_strangers(db, token):
    assert who((b"authorization", token)) is None


def test_nobody_without_a_workspace_is_a_viewer(db):
    assert who(cookie_of(make_person("alone@example.com"))) is None


def test_a_thousand_reconnects_of_one_are_one_lookup(maya):
    header = cookie_of(maya)
    asked = []

    async def everybody_comes_back():
        memory = access._Memory(lambda keys: asked.append(keys) or access.viewers_of_sessions(keys))
        key = header[1].decode().split("=")[1]
        return await asyncio.gather(*(memory.get(key) for _ in range(1000)))

    viewers = asyncio.run(everybody_comes_back())

    assert len(asked) == 1
    assert {viewer.user_id for viewer in viewers} == {maya.pk}


def test_a_thousand_different_people_are_a_few_lookups(workspace):
    people = [make_member(workspace, "operator", f"{n}@example.com") for n in range(20)]
    keys = {cookie_of(person)[1].decode().split("=")[1]: person.pk for person in people}
    busy, asked = threading.Event(), []

    def find(keys):
        busy.wait(10)  # the database takes its time, until all have come
        asked.append(keys)
        return access.viewers_of_sessions(keys)

    async def everybody_comes_back():
        memory = access._Memory(find)
        coming = [asyncio.create_task(memory.get(key)) for key in [*keys, *map(str, range(980))]]
        await asyncio.sleep(0)
        busy.set()
        return await asyncio.gather(*coming)

    viewers = asyncio.run(everybody_comes_back())

    assert len(asked) < 20
    assert [viewer.user_id for viewer in viewers[:20]] == list(keys.values())
    assert set(viewers[20:]) == {None}


def test_a_lookup_that_fails_is_told_to_all_who_wait_and_not_remembered():
    def find(keys):
        raise ConnectionError("the database is away")

    async def ask_twice():
        memory = access._Memory(find)
        for _ in range(2):
            answers = await asyncio.gather(memory.get("a"), memory.get("b"), return_exceptions=True)
            assert [type(answer) for answer in answers] == [ConnectionError] * 2
        return memory

    memory = asyncio.run(ask_twice())
    assert not memory.kept
    assert not memory.asked


def test_what_it_remembers_is_bounded(monkeypatch):
    monkeypatch.setattr(access, "_MOST_KEPT", 10)

    async def strangers():
        memory = access._Memory(lambda keys: {})
        for n in range(50):
            await memory.get(str(n))
        return len(memory.kept)

    assert asyncio.run(strangers()) == 10


def test_it_asks_again_for_everybody_at_once(maya, workspace):
    _, plain = create_token(workspace, "CRM", "viewer", None)
    people = [make_member(workspace, "viewer", f"p{n}@example.com") for n in range(20)]
    viewers = {who(cookie_of(person)) for person in people} | {who(bearer(plain))}

    with CaptureQueriesContext(connection) as queries:
        assert access._unchanged(viewers) == viewers

    assert len(queries) == 3  # sessions, memberships, tokens


def lose_membership(maya):
    Membership.objects.filter(user=maya).delete()


def change_role(maya):
    Membership.objects.filter(user=maya).update(role="viewer")


def be_disabled(maya):
    maya.is_active = False
    maya.save()


def change_password(maya):
    maya.set_password("another one entirely")
    maya.save()


def sign_out_everywhere(maya):
    SessionStore.get_model_class().objects.all().delete()


@pytest.mark.parametrize(
    "loss", [lose_membership, change_role, be_disabled, change_password, sign_out_everywhere]
)
def test_lost_access_ends_what_was_open(maya, loss):
    viewer = who(cookie_of(maya))
    assert allowed(viewer) == {viewer}

    loss(maya)

    assert allowed(viewer) == set()


def test_a_refusal_is_remembered_at_once(maya):
    header = cookie_of(maya)
    viewer = who(header)
    lose_membership(maya)

    allowed(viewer)

    assert who(header) is None


def test_a_revoked_token_ends_what_was_open(workspace):
    token, plain = create_token(workspace, "CRM", "viewer", None)
    viewer = who(bearer(plain))
    assert allowed(viewer) == {viewer}

    revoke_token(token, None)

    assert allowed(viewer) == set()


def test_a_viewer_never_shows_its_session_key(maya):
    viewer = who(cookie_of(maya))

    assert viewer.session_key
    assert viewer.session_key not in repr(viewer)
