"""Who may open what: every page, stream and socket of the project, as everybody who might try.

The addresses are read from the resolvers, so a new one is walked by itself, and fails here until it has a
line in PAGES, STREAMS or SOCKETS below that says what it needs. Adding a route means adding that line:

    "calls/<uuid:call_id>/notes": Rule(Permission.SEE_WORDS, "POST", {"text": "hello"}),

A name in angle brackets, in the address or as a value of the data ("<workspace_id>"), stands for a row of
our workspace; add new ones to `Place.names`. Then the walk asks as a stranger, as each role, as the owner of
another workspace, as somebody in no workspace, and with API tokens of them all, and looks that nobody is
shown words or numbers that are not for them.
"""

import asyncio
import re
from dataclasses import dataclass, field
from functools import partial

import pytest
from asgiref.testing import ApplicationCommunicator  # channels' own keeps database connections open
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Role, Workspace
from accounts.permissions import Permission, role_may
from accounts.tokens import create_token
from agents.models import Agent, Budget, LanguageModel, Provider, Tool
from agents.services import publish
from calls.models import Call
from calls.services import Opening, record
from config import asgi
from platforms.models import Connection
from streaming import hub
from tests.agents.testing.made import make_run, make_test
from tests.api.made import make_delivery
from tests.calls.told import BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET
from tests.people import bearer, cookie_of, make_member, make_person, sign_in
from tests.webhooks import posting

ANYBODY = "anybody"
STAFF = "staff"


@dataclass(frozen=True)
class Rule:
    needs: Permission | str
    method: str = "GET"
    data: dict = field(default_factory=dict)
    answers: tuple[int, ...] = (200,)  # to those who may
    also: tuple["Rule", ...] = ()  # other methods at the same address


PAGES = {
    "": Rule(Permission.SEE_CALLS),
    "live/": Rule(Permission.SEE_CALLS),
    "live/pulse": Rule(Permission.SEE_CALLS),
    "calls/": Rule(Permission.SEE_CALLS),
    "calls/<uuid:call_id>/": Rule(Permission.SEE_CALLS),
    "calls/<uuid:call_id>/figures": Rule(Permission.SEE_CALLS),
    "calls/<uuid:call_id>/replay": Rule(Permission.SEE_WORDS),
    "chat/": Rule(Permission.CHAT),
    "agents/": Rule(Permission.SEE_CALLS),
    "agents/<uuid:agent_id>/": Rule(Permission.SEE_CALLS),
    "agents/<uuid:agent_id>/presence": Rule(Permission.EDIT_AGENTS, "POST", {"tab": "1"}),
    "agents/<uuid:agent_id>/copy": Rule(Permission.SEE_CALLS),
    "agents/<uuid:agent_id>/copy/<str:act>": Rule(Permission.EDIT_AGENTS, "POST"),
    # A chat is its own person's alone: tests/live/test_chat_page.py.
    "chat/<str:chat_id>/": Rule(Permission.CHAT, answers=(200, 404)),
    "webhooks/": Rule(Permission.SEE_CALLS),
    "webhooks/changes": Rule(Permission.SEE_CALLS),
    "webhooks/replay": Rule(Permission.MANAGE_WORKSPACE, "POST", {"id": "<delivery_id>", "dry_run": "1"}),
    "webhooks/deliveries/<uuid:delivery_id>/": Rule(Permission.SEE_CALLS),
    "webhooks/deliveries/<uuid:delivery_id>/body": Rule(Permission.SEE_WORDS),
    "webhooks/deliveries/<uuid:delivery_id>/curl": Rule(Permission.SEE_WORDS),
    "settings/": Rule(Permission.MANAGE_WORKSPACE, answers=(302,)),
    "settings/connections/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/connections/new": Rule(Permission.MANAGE_WORKSPACE),
    "settings/connections/add": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/connections/<uuid:connection_id>/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/connections/<uuid:connection_id>/state": Rule(Permission.MANAGE_WORKSPACE),
    "settings/connections/<uuid:connection_id>/edit": Rule(
        Permission.MANAGE_WORKSPACE, "POST", {"name": "Renamed"}, answers=(302,)
    ),
    "settings/connections/<uuid:connection_id>/reveal": Rule(Permission.MANAGE_WORKSPACE, "POST"),
    "settings/connections/<uuid:connection_id>/rotate": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "settings/connections/<uuid:connection_id>/finish": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(302,)
    ),
    "settings/connections/<uuid:connection_id>/undo": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(302,)
    ),
    "settings/connections/<uuid:connection_id>/test": Rule(Permission.MANAGE_WORKSPACE, "POST"),
    "settings/connections/<uuid:connection_id>/agents": Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),
    "settings/connections/<uuid:connection_id>/delete": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "observability/": Rule(Permission.MANAGE_WORKSPACE),
    "observability/now": Rule(Permission.MANAGE_WORKSPACE),
    "health/ai": Rule(Permission.SEE_CALLS),
    "settings/tokens/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/tokens/create": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/tokens/<uuid:token_id>/revoke": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(302,)),
    "settings/spend/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/spend/budgets/add": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/spend/budgets/<uuid:budget_id>/edit": Rule(
        Permission.MANAGE_WORKSPACE, "POST", {"hard": "20"}, answers=(302, 404)
    ),
    "settings/spend/budgets/<uuid:budget_id>/remove": Rule(
        Permission.MANAGE_WORKSPACE,
        "POST",
        answers=(302, 404),  # the first who may removes it
    ),
    "settings/models/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/providers/new": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/providers/add": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/models/providers/<uuid:provider_id>/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/providers/<uuid:provider_id>/edit": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "settings/models/providers/<uuid:provider_id>/switch": Rule(
        Permission.MANAGE_WORKSPACE, "POST", {"enabled": "1"}, answers=(302,)
    ),
    "settings/models/providers/<uuid:provider_id>/delete": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "settings/models/providers/<uuid:provider_id>/models/new": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/providers/<uuid:provider_id>/models/add": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "settings/models/<uuid:model_id>/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/<uuid:model_id>/edit": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/models/<uuid:model_id>/switch": Rule(
        Permission.MANAGE_WORKSPACE, "POST", {"enabled": "1"}, answers=(302,)
    ),
    "settings/models/<uuid:model_id>/delete": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/models/<uuid:model_id>/test": Rule(Permission.MANAGE_WORKSPACE, "POST"),
    "accounts/login/": Rule(ANYBODY, answers=(200, 302)),  # who is signed in already is sent on
    "accounts/logout/": Rule(ANYBODY, answers=(200, 302)),
    "accounts/workspace/": Rule(
        Permission.SEE_CALLS, "POST", {"workspace": "<workspace_id>"}, answers=(302, 404)
    ),
    "api/v1/": Rule(ANYBODY, answers=(404,)),  # only the beginning of those below
    "api/v1/openapi.json": Rule(ANYBODY),
    "api/v1/docs": Rule(ANYBODY),
    "api/v1/agents": Rule(
        Permission.SEE_CALLS, also=(Rule(Permission.EDIT_AGENTS, "POST", {"name": " "}, answers=(400,)),)
    ),
    "api/v1/agents/figures": Rule(Permission.SEE_CALLS),
    "api/v1/agents/import": Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),
    "api/v1/agents/<uuidstr:agent_id>": Rule(
        Permission.SEE_CALLS, also=(Rule(Permission.EDIT_AGENTS, "PATCH", {"topic": "Billing"}),)
    ),
    "api/v1/agents/<uuidstr:agent_id>/versions": Rule(Permission.SEE_WORDS),
    "api/v1/agents/<uuidstr:agent_id>/versions/<int:number>": Rule(Permission.SEE_WORDS),
    "api/v1/agents/<uuidstr:agent_id>/diff": Rule(Permission.SEE_WORDS, data={"from": "1", "to": "draft"}),
    "api/v1/agents/<uuidstr:agent_id>/export": Rule(Permission.SEE_WORDS),
    "api/v1/agents/<uuidstr:agent_id>/draft": Rule(
        Permission.SEE_WORDS,
        also=(
            Rule(Permission.EDIT_AGENTS, "PATCH", {"revision": 0, "changes": {"voice": "wren"}}),
            Rule(Permission.EDIT_AGENTS, "DELETE"),
        ),
    ),
    "api/v1/agents/<uuidstr:agent_id>/publish": Rule(
        # Nothing has changed since the first version.
        Permission.EDIT_AGENTS,
        "POST",
        {"note": ""},
        answers=(400,),
    ),
    "api/v1/agents/<uuidstr:agent_id>/rollback": Rule(
        Permission.EDIT_AGENTS, "POST", {"number": 1}, answers=(400,)
    ),
    "api/v1/agents/<uuidstr:agent_id>/backtest": Rule(Permission.EDIT_AGENTS, "POST", {"rules": []}),
    "api/v1/agents/<uuidstr:agent_id>/playground": Rule(
        Permission.EDIT_AGENTS, "POST", {"version": "draft"}, answers=(201,)
    ),
    "api/v1/playground/<uuidstr:call_id>": Rule(Permission.EDIT_AGENTS, answers=(404,)),  # a caller's call
    "api/v1/playground/<uuidstr:call_id>/verdict": Rule(Permission.EDIT_AGENTS, answers=(404,)),
    "api/v1/agents/<uuidstr:agent_id>/tests": Rule(
        Permission.SEE_WORDS,
        also=(Rule(Permission.EDIT_AGENTS, "POST", {"name": "Empty", "conversation": []}, answers=(400,)),),
    ),
    "api/v1/agents/<uuidstr:agent_id>/test-runs": Rule(
        Permission.SEE_WORDS,
        also=(Rule(Permission.EDIT_AGENTS, "POST", {"version": 9}, answers=(400,)),),
    ),
    "api/v1/tests/<uuidstr:test_id>": Rule(
        Permission.SEE_WORDS,
        answers=(200, 404),
        also=(
            Rule(Permission.EDIT_AGENTS, "PATCH", {"name": "Renamed"}, answers=(200, 404)),
            Rule(Permission.EDIT_AGENTS, "DELETE", answers=(200, 404)),  # the first who may
        ),
    ),
    "api/v1/test-runs/<uuidstr:run_id>": Rule(Permission.SEE_WORDS),
    "api/v1/test-runs/<uuidstr:run_id>/stop": Rule(Permission.EDIT_AGENTS, "POST"),
    # It is on no connection and nobody's copy: whoever may is told what is missing.
    "api/v1/agents/<uuidstr:agent_id>/drift": Rule(
        Permission.SEE_WORDS, also=(Rule(Permission.EDIT_AGENTS, "DELETE"),)
    ),
    **{
        f"api/v1/agents/<uuidstr:agent_id>/{act}": Rule(Permission.EDIT_AGENTS, "POST", answers=(409,))
        for act in ("push", "drift/check", "drift/keep", "drift/put-back")
    },
    "api/v1/calls": Rule(Permission.SEE_CALLS),
    "api/v1/calls/<uuidstr:call_id>": Rule(Permission.SEE_CALLS),
    "api/v1/calls/<uuidstr:call_id>/transcript": Rule(Permission.SEE_WORDS),
    "api/v1/calls/<uuidstr:call_id>/events": Rule(Permission.SEE_CALLS),
    "api/v1/chats": Rule(Permission.CHAT),
    "api/v1/chats/<str:chat_id>/messages": Rule(Permission.CHAT, answers=(200, 404)),
    "api/v1/chats/<str:chat_id>/suggestions": Rule(Permission.CHAT, answers=(200, 404)),
    "api/v1/providers": Rule(
        Permission.MANAGE_WORKSPACE, also=(Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),)
    ),
    "api/v1/providers/<uuidstr:provider>": Rule(
        Permission.MANAGE_WORKSPACE,
        "PATCH",
        {"name": "Renamed"},
        answers=(200, 404),
        also=(Rule(Permission.MANAGE_WORKSPACE, "DELETE", answers=(200, 404)),),
    ),
    "api/v1/models": Rule(
        Permission.MANAGE_WORKSPACE, also=(Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),)
    ),
    "api/v1/models/<uuidstr:model>": Rule(
        Permission.MANAGE_WORKSPACE,
        "PATCH",
        {"name": "renamed"},
        answers=(200, 404),
        also=(Rule(Permission.MANAGE_WORKSPACE, "DELETE", answers=(200, 404)),),
    ),
    "api/v1/tools": Rule(
        Permission.EDIT_AGENTS, also=(Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),)
    ),
    "api/v1/tools/own": Rule(Permission.SEE_CALLS),
    "api/v1/tools/figures": Rule(Permission.SEE_CALLS),
    "api/v1/tools/check": Rule(Permission.EDIT_AGENTS, "POST", {"schema": "{"}),
    "api/v1/tools/<uuidstr:tool>": Rule(
        Permission.EDIT_AGENTS,
        answers=(200, 404),
        also=(
            Rule(Permission.EDIT_AGENTS, "PATCH", {"description": "Looks."}, answers=(200, 404)),
            Rule(Permission.EDIT_AGENTS, "DELETE", answers=(200, 404)),
        ),
    ),
    "api/v1/tools/<uuidstr:tool>/try": Rule(
        Permission.EDIT_AGENTS, "POST", {"arguments": {}}, (200, 404, 429)
    ),
    "api/v1/model-calls": Rule(Permission.SEE_CALLS),
    "api/v1/spend": Rule(Permission.MANAGE_WORKSPACE),
    "api/v1/budgets": Rule(
        Permission.MANAGE_WORKSPACE, also=(Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),)
    ),
    "api/v1/budgets/<uuidstr:budget_id>": Rule(
        Permission.MANAGE_WORKSPACE,
        "PUT",
        {"hard_usd": "5"},
        answers=(200, 404),
        also=(Rule(Permission.MANAGE_WORKSPACE, "DELETE", answers=(200, 404)),),
    ),
    "api/v1/connections": Rule(Permission.MANAGE_WORKSPACE),
    # It has no key, so nobody is asked.
    "api/v1/connections/<uuidstr:connection_id>/voices": Rule(Permission.EDIT_AGENTS, answers=(409,)),
    "api/v1/webhooks/deliveries": Rule(Permission.SEE_CALLS),
    "api/v1/webhooks/deliveries/<uuidstr:delivery_id>": Rule(Permission.SEE_CALLS),
    "api/v1/webhooks/deliveries/<uuidstr:delivery_id>/replay": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(202,)
    ),
    "api/v1/ui-errors": Rule(Permission.SEE_CALLS, "POST", {"kind": "error"}, answers=(202,)),
    "api/chat": Rule(Permission.CHAT, "POST", answers=(400,)),
    "api/chat/<str:chat_id>/stream": Rule(Permission.CHAT, answers=(204,)),
    "api/chat/<str:chat_id>/stop": Rule(Permission.CHAT, "POST"),
    "admin/": Rule(STAFF, answers=(200, 302, 403, 404)),  # and everything below it
}
STREAMS = {
    "live/stream": Rule(Permission.SEE_CALLS),
    "live/stream?call=<uuid:call_id>": Rule(Permission.SEE_WORDS),
    "live/calls/<uuid:call_id>/stream": Rule(Permission.SEE_WORDS),
}
# For machines, beside Django and its sessions; /metrics has a token of its own.
PROBES = {"healthz": (200,), "readyz": (200,), "metrics": (404,)}
# Sockets are opened by platforms, which prove themselves by an unguessable key in the address. Each line is
# the address with everything right but the key.
SOCKETS = {
    "voice/retell/<str:key>/<str:call_id>": "voice/retell/not-the-key/call-1",
}

WORDS = re.compile("charged twice|refunded one|two charges")
NUMBERS = re.compile("7700900142|442079460000")
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")


# --- What there is to open -----------------------------------------------------------------------------


def pages(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        address = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from pages(entry, address)
        elif isinstance(entry, URLPattern):
            yield address


def rule_of(address: str) -> str:
    return "admin/" if address.startswith("admin/") else address


def test_every_page_has_a_rule():
    assert {rule_of(address) for address in pages()} == set(PAGES)


def test_every_stream_has_a_rule():
    assert {str(route.pattern) for route in asgi.http_routes} == {stream.split("?")[0] for stream in STREAMS}


def test_every_socket_has_a_rule():
    assert {str(route.pattern) for route in asgi.socket_routes} == set(SOCKETS)


# --- Our workspace, and who comes by -------------------------------------------------------------------


@dataclass(frozen=True)
class Visitor:
    name: str
    role: str = ""  # in our workspace; empty: none
    known: bool = True  # whether they can prove to be anybody at all
    elsewhere: bool = False  # a member of another workspace
    staff: bool = False
    client: Client = None
    headers: tuple = ()
    token: str = ""

    def may(self, rule: Rule) -> bool:
        if rule.needs in (ANYBODY, STAFF):
            return rule.needs == ANYBODY or self.staff
        return bool(self.role) and role_may(self.role, rule.needs)


@dataclass(frozen=True)
class Place:
    workspace: Workspace
    names: dict

    def fill(self, text: str) -> str:
        return PLACEHOLDER.sub(lambda match: str(self.names[match[1]]), text)


@pytest.fixture
def place(transactional_db):
    workspace = Workspace.objects.create(name="Larkfield Energy")
    agent = Agent.objects.create(workspace=workspace, name="Odell", topic="Billing")
    publish(agent, prompt="You answer questions about bills.")
    opening = Opening(BEGAN, level=Call.Level.TOKEN, agent_id=agent.pk, version_id=agent.live_version_id)
    ended = record(workspace.pk, "retell", "ended", ON_THE_SOCKET, source="socket", opening=opening)
    record(workspace.pk, "retell", "ended", BY_THE_PLATFORM, source="platform", opening=opening)
    record(workspace.pk, "retell", "live", ON_THE_SOCKET[:-1], source="socket", opening=opening)
    chat = record(workspace.pk, "chat", "chat-1", ON_THE_SOCKET[:-1], source="socket", opening=opening)
    connection = Connection.objects.create(workspace=workspace, platform="retell", name="Larkfield line")
    delivery = make_delivery(connection, call=ended)
    # It says "not outside" when it is tested, and so is not asked.
    provider, spare = (
        Provider.objects.create(
            workspace=workspace, name=name, kind="openai", base_url="https://localhost.", api_key="sk-ours"
        )
        for name in ("Odell's provider", "Odell's spare provider")
    )
    model, other = (
        LanguageModel.objects.create(workspace=workspace, provider=provider, name=name, tier="fast")
        for name in ("odell-1", "odell-2")
    )
    tool = Tool.objects.create(workspace=workspace, name="order.find", url="http://127.0.0.1:1/")
    kept = make_test(agent)
    names = {
        "tool": tool.pk,
        "test_id": kept.pk,
        "run_id": make_run(agent, kept).pk,
        "provider_id": provider.pk,
        "provider": spare.pk,
        "model_id": model.pk,
        "model": other.pk,
        "call_id": ended.pk,
        "chat_id": chat.platform_call_id,
        "workspace_id": workspace.pk,
        "agent_id": agent.pk,
        "number": 1,
        "connection_id": connection.pk,
        "act": "check",
        "token_id": create_token(workspace, "to be revoked", Role.VIEWER, None)[0].pk,
        "delivery_id": delivery.pk,
        "budget_id": Budget.objects.create(workspace=workspace, period="day", hard_usd=9).pk,
    }
    return Place(workspace, names)


@pytest.fixture
def visitors(place):
    theirs = Workspace.objects.create(name="Somebody else's")
    staff = make_person("staff@example.com", is_staff=True, is_superuser=True)
    people = [Visitor("a stranger", known=False, client=Client())]
    for name, user, facts in [
        *((f"our {role}", make_member(place.workspace, role), {"role": role}) for role in Role.values),
        ("another workspace's owner", make_member(theirs, "owner"), {"elsewhere": True}),
        ("somebody in no workspace", make_person("alone@example.com"), {}),
        ("our staff", staff, {"staff": True}),
    ]:
        people.append(Visitor(name, client=sign_in(user), headers=(cookie_of(user),), **facts))
    for name, workspace, role, facts in [
        *((f"our {role}'s token", place.workspace, role, {"role": role}) for role in Role.values),
        ("another workspace's token", theirs, "owner", {"elsewhere": True}),
    ]:
        _, plain = create_token(workspace, name, role, None)
        client = Client(headers={"authorization": f"Bearer {plain}"}, enforce_csrf_checks=True)
        people.append(Visitor(name, client=client, headers=(bearer(plain),), token=plain, **facts))
    wrong = "es_" + "x" * 43
    client = Client(headers={"authorization": f"Bearer {wrong}"}, enforce_csrf_checks=True)
    people.append(Visitor("a wrong token", known=False, client=client, headers=(bearer(wrong),), token=wrong))
    return people


def shown_wrongly(visitor: Visitor, shown: str) -> str:
    if WORDS.search(shown) and not (visitor.role and role_may(visitor.role, Permission.SEE_WORDS)):
        return "words"
    if NUMBERS.search(shown):
        return "a whole number"
    if "Odell" in shown and not visitor.role and not visitor.staff:
        return "our agent"
    return ""


# --- Pages ---------------------------------------------------------------------------------------------


def expected(rule: Rule, visitor: Visitor, address: str) -> tuple[int, ...]:
    """The statuses that are right for a browser asking for HTML."""
    if rule.needs == ANYBODY or (visitor.may(rule) and not visitor.token):
        return rule.answers
    if rule.needs == STAFF:
        return (302, 403)  # to the admin's door, where only staff is let in
    if visitor.token and not address.startswith(("live/", "api/", "health/")):
        return (302,) if rule.method == "GET" else (403,)  # a stranger here, without the form's token
    if not visitor.known:
        return (401,) if address.startswith("api/") else (302,)
    if visitor.elsewhere:
        return (404,) if PLACEHOLDER.search(address) else rule.answers
    return rule.answers if visitor.may(rule) else (403,)


def ask(visitor: Visitor, rule: Rule, place: Place, address: str):
    data = {name: place.fill(value) if isinstance(value, str) else value for name, value in rule.data.items()}
    send = getattr(visitor.client, rule.method.lower())
    if address.startswith("api/") and rule.method != "GET":
        send = partial(send, content_type="application/json")
    return send("/" + place.fill(address), data, headers={"accept": "text/html"})


def walked_pages():
    """Every page with an address we can fill; of the admin, those without parameters."""
    for address in pages():
        if rule_of(address) == "admin/" and re.search(r"[<(]", address):
            continue
        rule = PAGES.get(rule_of(address), Rule(STAFF))
        for one in (rule, *rule.also):
            yield address, one


def test_every_page_opens_to_those_who_may_and_to_nobody_else(place, visitors):
    wrong = []
    for visitor in visitors:
        for address, rule in walked_pages():
            if address.startswith(("accounts/logout", "admin/logout")):
                continue  # it would end the visit; below
            response = ask(visitor, rule, place, address)
            problem = shown_wrongly(visitor, response.content.decode())
            if problem or response.status_code not in expected(rule, visitor, address):
                wrong.append(f"{visitor.name}, {rule.method} /{address}: {response.status_code} {problem}")
    assert not wrong, "\n".join(wrong)


def test_those_who_may_see_words_are_shown_them(place, visitors):
    shown = {
        visitor.name
        for visitor in visitors
        if WORDS.search(ask(visitor, Rule(Permission.SEE_CALLS), place, "calls/<call_id>/").content.decode())
    }

    assert shown == {"our owner", "our admin", "our operator"}


def test_a_stranger_is_sent_to_sign_in_and_back(place, visitors):
    stranger = visitors[0]
    for address, rule in walked_pages():
        if rule.needs in (ANYBODY, STAFF) or address.startswith("api/"):
            continue
        if rule.method == "GET":
            location = ask(stranger, rule, place, address)["Location"]
            assert location == f"/accounts/login/?next=/{place.fill(address)}"


def test_nothing_is_changed_without_the_forms_token(place, visitors):
    operator = next(visitor for visitor in visitors if visitor.name == "our operator")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.client.cookies
    for address, rule in [*walked_pages(), ("accounts/logout/", Rule(ANYBODY, "POST"))]:
        if rule.method != "GET":
            assert strict.generic(rule.method, "/" + place.fill(address)).status_code == 403, address


def test_no_page_breaks_at_another_method(place, visitors):
    owner = next(visitor for visitor in visitors if visitor.name == "our owner")
    for address, rule in walked_pages():
        if rule.needs in (ANYBODY, STAFF):
            continue
        taken = {one.method for known, one in walked_pages() if known == address}
        for method in {"GET", "POST", "PUT", "DELETE", "OPTIONS"} - taken:
            response = owner.client.generic(method, "/" + place.fill(address))
            assert response.status_code == 405, (method, address)


# --- Streams -------------------------------------------------------------------------------------------


@dataclass
class Stream:
    visitor: Visitor
    address: str
    status: int = 0
    trace: bytes = b""
    shown: str = ""


async def listen(visitor: Visitor, address: str, place: Place) -> Stream:
    """Open a stream and read what it holds by now: to its end, or to the first pulse after the snapshot."""
    heard = Stream(visitor, address)
    path, _, query = place.fill(address).partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/{path}",
        "query_string": query.encode(),
        "headers": list(visitor.headers),
    }
    browser = ApplicationCommunicator(asgi.application, scope)
    await browser.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await browser.receive_output(timeout=15)
    heard.status, heard.trace = start["status"], dict(start["headers"]).get(b"x-trace-id", b"")
    more = True
    while more and heard.shown.count('"data-pulse"') < 2:
        message = await browser.receive_output(timeout=15)
        heard.shown += message.get("body", b"").decode()
        more = message.get("more_body", False)
    await browser.send_input({"type": "http.disconnect"})
    await browser.wait(timeout=15)
    return heard


def stream_status(rule: Rule, visitor: Visitor, address: str) -> int:
    if not visitor.known or not (visitor.role or visitor.elsewhere):
        return 401
    if visitor.elsewhere and PLACEHOLDER.search(address):
        return 404
    return 200 if visitor.elsewhere or visitor.may(rule) else 403


def test_every_stream_opens_to_those_who_may_and_to_nobody_else(place, visitors):
    async def everybody_listens():
        try:
            return await asyncio.gather(
                *(listen(visitor, address, place) for visitor in visitors for address in STREAMS)
            )
        finally:
            await hub.current().close()

    wrong = []
    for heard in asyncio.run(everybody_listens()):
        right = stream_status(STREAMS[heard.address], heard.visitor, heard.address)
        problem = shown_wrongly(heard.visitor, heard.shown)
        if heard.visitor.role and role_may(heard.visitor.role, Permission.SEE_WORDS):
            problem = "" if WORDS.search(heard.shown) else "no words"
        if heard.status != right or problem or not re.fullmatch(rb"[0-9a-f]{32}", heard.trace):
            wrong.append(f"{heard.visitor.name}, /{heard.address}: {heard.status}, not {right} {problem}")
        if heard.status != 200 and '"error"' not in heard.shown:
            wrong.append(f"{heard.visitor.name}, /{heard.address}: not our error: {heard.shown[:80]}")
    assert not wrong, "\n".join(wrong)


# --- Probes --------------------------------------------------------------------------------------------


def test_probes_answer_everybody_alike_and_tell_nothing_of_a_workspace(place, visitors):
    for visitor in visitors:
        for address, statuses in PROBES.items():
            heard = asyncio.run(listen(visitor, address, place))
            assert (heard.status in statuses, shown_wrongly(visitor, heard.shown)) == (True, ""), visitor.name


# --- What platforms post -------------------------------------------------------------------------------


def test_a_platforms_address_asks_everybody_for_the_same_proof(place, visitors):
    """It is no route of Django's or Channels': neither session nor token means anything there."""
    address = place.fill("/webhooks/retell/<connection_id>")

    async def everybody_posts() -> list[tuple[str, int, int]]:
        try:
            return [
                (
                    visitor.name,
                    (await posting.ask(address, "POST", visitor.headers, [b"{}"])).status,
                    (await posting.ask(address, "GET", visitor.headers)).status,
                )
                for visitor in visitors
            ]
        finally:
            await posting.close()

    assert asyncio.run(everybody_posts()) == [(visitor.name, 401, 405) for visitor in visitors]


# --- Sockets -------------------------------------------------------------------------------------------


async def knock(path: str, headers=()) -> dict:
    scope = {
        "type": "websocket",
        "path": path,
        "query_string": b"",
        "headers": list(headers),
        "subprotocols": [],
    }
    socket = ApplicationCommunicator(asgi.application, scope)
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(timeout=15)
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(timeout=15)
    return answer


def test_no_socket_opens_without_its_key(place, visitors):
    wrong = []
    for visitor in visitors:
        for address in [*SOCKETS.values(), "nowhere", "live/stream", "voice/retell/%00/\x00"]:
            answer = asyncio.run(knock("/" + address, visitor.headers))
            if answer["type"] != "websocket.close":
                wrong.append(f"{visitor.name}, /{address}: {answer['type']}")
    assert not wrong, "\n".join(wrong)
