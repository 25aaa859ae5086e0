import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from accounts.models import User
from calls.models import Call
from tests.calls.made import A_SHORT_CALL, make_call
from tests.people import make_member, sign_in


@dataclass
class Colleague:
    """Somebody signed in, who asks the API as the pages do."""

    user: User
    client: Client

    def ask(self, method: str, path: str, body: object = None, status: int = 200) -> dict:
        told = json.dumps(body) if body is not None else ""
        answer = self.client.generic(method, f"/api/v1/{path}", told, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    @property
    def id(self) -> str:
        return str(self.user.pk)


@pytest.fixture
def joins(workspace) -> Callable[..., Colleague]:
    def joins(name: str, role: str = "operator", to=workspace) -> Colleague:
        user = make_member(to, role, f"{name.replace(' ', '.').lower()}@{to.pk}.example", name=name)
        return Colleague(user, sign_in(user))

    return joins


@pytest.fixture
def priya(joins) -> Colleague:
    return joins("Priya Nair")


@pytest.fixture
def maya(joins) -> Colleague:
    return joins("Maya Kessler")


@pytest.fixture
def call(agent) -> Call:
    return make_call(agent, A_SHORT_CALL)
