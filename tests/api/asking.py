"""schemathesis over all of Django. It takes a second of CPU to import: tests name it by `Late`.

Not by way of ASGI: its hops between threads double what a case costs. What is around Django there, traces and
the last resort for errors, has tests of its own. That each path asks who is calling is shown by tests/access.

Half of the valid ids are exchanged for those of rows that are there, so that answers hold something to check.
"""

import json
import re

import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from tests.api.described import description, operations

load_all_checks()

EXAMPLES = 3  # of each operation, besides one for each limit and each way of breaking it
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
there: dict[str, str] = {}

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
described.app = WSGIHandler()


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
        # But two: a cursor that nobody was given fits its type, and is refused all the same; and every case
        # would be sent once more by nobody.
        case.validate_response(response, excluded_checks=[positive_data_acceptance, ignored_auth])

    path, method, _ = operations()[name]
    asked = build_operation_test(
        config=described.config,
        operation=described[path][method],
        test_func=keeps,
        given_kwargs={},
        feedback=FeedbackSources(),
    )
    asked()
