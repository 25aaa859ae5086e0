"""Whether what a model sent fits what a tool takes."""

import json
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from agents import expansion

MOST = 3  # faults that are told: a model mends them one after the other anyway
LONGEST = 200  # of one fault, which may quote what was sent


def complaint(schema: dict[str, Any], arguments: dict[str, Any]) -> str:
    """What is wrong with the arguments, in words for the model; empty if nothing is. Slow the first time: not
    for an event loop's thread.

    A schema that is none itself refuses everything: nobody can say what would be right.
    """
    known = library()
    try:
        if expansion.parts(schema) * expansion.values(arguments) > expansion.MOST_WORK:
            return "These are too many to be checked at once."
        validator = compiled(json.dumps(schema, sort_keys=True))
        faults = [fault for _, fault in zip(range(MOST), validator.iter_errors(arguments), strict=False)]
    except (known.ValidationError, known.ReferencingError, ValueError):
        return "The tool's own description of its arguments cannot be used."
    told = [f"{'.'.join(map(str, fault.instance_path))}: {fault.message}".lstrip(": ") for fault in faults]
    return "; ".join(one if len(one) <= LONGEST else one[: LONGEST - 1] + "…" for one in told)


@lru_cache(maxsize=256)
def compiled(schema: str) -> Any:
    """A validator of a schema in JSON. Raises ValueError, or the library's two errors."""
    # It fetches nothing, and no pattern of a schema is tried for ever.
    patterns = library().FancyRegexOptions(backtrack_limit=100_000)
    return library().validator_for(json.loads(schema), offline=True, pattern_options=patterns)


@cache
def library() -> Any:
    """jsonschema_rs."""
    # By name: 8 MB and 30 ms that only a process whose agents use tools needs.
    return import_module("jsonschema_rs")
