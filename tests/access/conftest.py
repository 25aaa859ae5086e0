"""Our workspace with a row of everything, and everybody who might come by: a stranger, each role, the owner
of another workspace, somebody in no workspace, and API tokens of them all."""

import re
from dataclasses import dataclass

import pytest
from django.test import Client

from accounts.models import Role, Workspace
from accounts.permissions import Permission, role_may
from accounts.tokens import create_token
from agents.models import Agent, Budget, LanguageModel, Provider, Tool
from agents.services import publish
from calls.models import Call, Erasure, Export, LegalHold, Note, Review, SavedView
from calls.services import Opening, record
from platforms.models import Connection
from tests.access.rule import ANYBODY, STAFF, Rule
from tests.agents.testing.made import make_run, make_test
from tests.api.made import make_delivery
from tests.calls.judging.made import read_in
from tests.calls.told import BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET
from tests.people import bearer, cookie_of, make_member, make_person, sign_in

WORDS = re.compile("charged twice|refunded one|two charges")
NUMBERS = re.compile("7700900142|442079460000")
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")


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
    live = record(workspace.pk, "retell", "live", ON_THE_SOCKET[:-1], source="socket", opening=opening)
    chat = record(workspace.pk, "chat", "chat-1", ON_THE_SOCKET[:-1], source="socket", opening=opening)
    connection = Connection.objects.create(workspace=workspace, platform="retell", name="Larkfield line")
    delivery = make_delivery(connection, call=ended)
    hold = LegalHold.objects.create(workspace=workspace, call=live, reason="The regulator asks.")
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
    # Deleted, its place stays, as somebody has answered it.
    note = Note.objects.create(workspace=workspace, call=ended, text="Odell was right.")
    Note.objects.create(workspace=workspace, call=ended, text="So he was.", answers=note)
    names = {
        "note_id": note.pk,
        "review_id": Review.objects.create(workspace=workspace, call=live).pk,
        **read_in(ended),
        "key": "plan",
        "tag": "vip",
        "export_id": Export.objects.create(workspace=workspace, format="csv").pk,
        "view_id": SavedView.objects.create(
            workspace=workspace, owner=make_person("anna@example.com"), name="Ours", is_shared=True
        ).pk,
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
        "name": "volume",
        "token_id": create_token(workspace, "to be revoked", Role.VIEWER, None)[0].pk,
        "delivery_id": delivery.pk,
        "erasure": Erasure.objects.create(workspace=workspace).pk,
        **dict.fromkeys(("hold", "hold_id"), hold.pk),
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
