"""The vendors' own SDKs and what else is large, imported by the first test that uses one.

Each takes up to a second of CPU to import, and every worker of a run imports every test.
"""

from functools import cache
from importlib import import_module
from typing import Any


class Late:
    """`Late("retell").Retell` is `retell.Retell`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest looks at all that stands in a file of tests
            raise AttributeError(name)
        return getattr(import_module(self._name), name)


anthropic, openai, retell = Late("anthropic"), Late("openai"), Late("retell")
retell_types, retell_proof = Late("retell.types"), Late("retell.lib.webhook_auth")


@cache
def _prover() -> Any:
    return retell.Retell(api_key="unused")


def retell_takes(body: str, *, api_key: str, signature: str) -> bool:
    """Whether Retell's own SDK takes a delivery for one of the platform's."""
    return _prover().verify(body, api_key=api_key, signature=signature)
