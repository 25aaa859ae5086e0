"""schemathesis over the whole of our ASGI stack. It takes a second of CPU to import: tests name it by `Late`.

Half of the valid ids are exchanged for those of rows that are there, so that answers hold something to check.
"""

import json
import re

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import positive_data_acceptance

from config.asgi import application
from tests.api.described import description, operations

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


described = schemathesis.openapi.from_dict(
    json.loads(json.dumps(description())),
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


# Not `@described.parametrize()`: it makes all examples in every worker, and its tests have one id for all of
# them, of which xdist runs the first.
def ask(name: str, token: str) -> None:
    """All that is to be asked of the operation of that name, as somebody with `token`."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def keeps(case):
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        assert re.fullmatch("[0-9a-f]{32}", response.headers["x-trace-id"][0])
        # All its checks but one: a cursor that nobody was given fits its type, and is refused all the same.
        case.validate_response(response, excluded_checks=[positive_data_acceptance])

    path, method, _ = operations()[name]
    asked = build_operation_test(
        config=described.config,
        operation=described[path][method],
        test_func=keeps,
        given_kwargs={},
        feedback=FeedbackSources(),
    )
    asked()
