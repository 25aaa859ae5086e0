"""The API keeps to its description whatever it is asked."""

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from agents.models import Budget, LanguageModel, Provider
from calls.models import Note, Review
from tests.agents.testing.made import make_run, make_test
from tests.api.described import OPERATIONS
from tests.sdks import Late

pytestmark = pytest.mark.busy

asking = Late("tests.api.asking")


@pytest.fixture
def one_connection():
    """A request's end leaves the connection that has the test's rows, as with Django's own test client."""
    ends = (request_started, request_finished)
    for moment in ends:
        moment.disconnect(close_old_connections)
    yield
    for moment in ends:
        moment.connect(close_old_connections)


@pytest.fixture(scope="module")
def there(larkfield) -> None:
    """Rows for the ids that are asked for."""
    world = larkfield
    budget = Budget.objects.create(workspace=world.workspace, period="day", hard_usd=9)
    provider = Provider.objects.create(workspace=world.workspace, name="Ollama", kind="openai")
    model = LanguageModel.objects.create(
        workspace=world.workspace, provider=provider, name="qwen3:8b", tier="fast"
    )
    test = make_test(world.agent)
    asking.there.update(
        test_id=str(test.pk),
        run_id=str(make_run(world.agent, test).pk),
        provider=str(provider.pk),
        model=str(model.pk),
        agent_id=str(world.agent.pk),
        call_id=str(world.ended.pk),
        note_id=str(Note.objects.create(workspace=world.workspace, call=world.ended, text="Odd.").pk),
        review_id=str(Review.objects.create(workspace=world.workspace, call=world.live).pk),
        delivery_id=str(world.delivery.pk),
        budget_id=str(budget.pk),
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_keeps_to_its_description(operation, there, one_connection, world):
    asking.ask(operation, world.program("admin").token)
