"""The API keeps to its description whatever it is asked: schemathesis asks, over the whole of our ASGI stack.

Half of the valid ids are exchanged for those of rows that are there, so that answers hold something to check.
"""

import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import positive_data_acceptance

from agents.models import Budget, LanguageModel, Provider
from config.api import api
from config.asgi import application
from tests.agents.testing.made import make_run, make_test

load_all_checks()

EXAMPLES = 3  # of each operation, besides one for each limit and each way of breaking it
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
there: dict[str, str] = {}


async def earshot(scope, receive, send) -> None:
    """All of the web process but its beginning and end, which schemathesis would keep apart for too long."""
    if scope["type"] == "lifespan":
        for moment in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{moment}.complete"})
        return
    await application(scope, receive, send)


DESCRIPTION = json.loads(json.dumps(api.get_openapi_schema()))
OPERATIONS = [f"{method.upper()} {path}" for path, item in DESCRIPTION["paths"].items() for method in item]
described = schemathesis.openapi.from_dict(
    DESCRIPTION,
    config=SchemathesisConfig.from_dict(
        {
            "generation": {"deterministic": True, "database": "none"},
            # What a path does not take is refused in one place for all of them.
            "phases": {"coverage": {"unexpected-methods": ["TRACE"]}},
        }
    ),
)
described.app = earshot


@described.hook
def map_path_parameters(context, path_parameters):
    for name, value in (path_parameters or {}).items():
        if isinstance(value, str) and UUID.fullmatch(value) and int(value[-1], 16) % 2:
            path_parameters[name] = there.get(name, value)  # examples are made before anything is there
    return path_parameters


@pytest.fixture
def world_there(transactional_db, world):
    budget = Budget.objects.create(workspace=world.workspace, period="day", hard_usd=9)
    provider = Provider.objects.create(workspace=world.workspace, name="Ollama", kind="openai")
    model = LanguageModel.objects.create(
        workspace=world.workspace, provider=provider, name="qwen3:8b", tier="fast"
    )
    test = make_test(world.agent)
    there.update(
        test_id=str(test.pk),
        run_id=str(make_run(world.agent, test).pk),
        provider=str(provider.pk),
        model=str(model.pk),
        agent_id=str(world.agent.pk),
        call_id=str(world.ended.pk),
        delivery_id=str(world.delivery.pk),
        budget_id=str(budget.pk),
    )
    return world


# Not `@described.parametrize()`: it makes all examples in every worker, and its tests have one id for all of
# them, of which xdist runs the first.
@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_keeps_to_its_description(operation, world_there, admins_token):
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def keeps(case):
        response = case.call(headers={"Authorization": f"Bearer {admins_token}"})
        assert re.fullmatch("[0-9a-f]{32}", response.headers["x-trace-id"][0])
        # All its checks but one: a cursor that nobody was given fits its type, and is refused all the same.
        case.validate_response(response, excluded_checks=[positive_data_acceptance])

    method, path = operation.split()
    asked = build_operation_test(
        config=described.config,
        operation=described[path][method],
        test_func=keeps,
        given_kwargs={},
        feedback=FeedbackSources(),
    )
    asked()


@pytest.fixture
def admins_token(world_there) -> str:
    return world_there.program("admin").token
