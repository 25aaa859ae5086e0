"""The admin's lists ask the database little, however much there is."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Workspace
from agents.drafting import drafts
from agents.models import Agent, PlatformCopy, Provider
from agents.services import publish
from calls.services import Opening, record
from platforms.models import Connection
from tests.administered import address, one_of_everything, registered, superuser
from tests.agents.testing.made import make_run, make_test
from tests.api.made import make_delivery, make_model_call
from tests.calls.told import BEGAN, ON_THE_SOCKET
from tests.people import make_member


@pytest.fixture(scope="module")
def six_of_everything(for_a_module) -> None:
    one_of_everything()
    for n in range(5):
        other = Workspace.objects.create(name=f"Workspace {n}")
        line = Connection.objects.create(workspace=other, platform="retell", name=f"Line {n}")
        agent = Agent.objects.create(workspace=other, name=f"Agent {n}", connection=line)
        owner = make_member(other, "owner")
        publish(agent, prompt="Hello", by=owner)
        drafts.save(agent, {"voice": "ada"}, 0, owner)
        make_run(agent, make_test(agent))
        PlatformCopy.objects.create(workspace=other, agent=agent, version=agent.live_version)
        opening = Opening(BEGAN + timedelta(hours=n), agent_id=agent.pk, version_id=agent.live_version_id)
        call = record(other.pk, "retell", "ended", ON_THE_SOCKET, source="socket", opening=opening)
        make_delivery(line, call=call)
        make_model_call(call)
        Provider.objects.create(workspace=other, name="Vendor", kind="openai")


@pytest.fixture
def root(six_of_everything, db) -> Client:
    return superuser()


@pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.label_lower)
def test_more_rows_take_no_more_queries(root, model, django_assert_max_num_queries):
    root.get(address(model, "changelist"))

    with django_assert_max_num_queries(14):
        root.get(address(model, "changelist"))
