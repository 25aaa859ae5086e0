"""Payloads as no platform would send them, for tests that nothing goes wrong with them."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 0, 2**31, 2**63, 2**64, 10**30, 1e308, -0.0, 0.1, 1795000000000, 9999999999999])
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["\x00", "\ud800", "c0", "r1", "x" * 5_000, "{}", "[", "user", "agent", "NaN", "-1"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
DEEP = "nothing but brackets"
BRACKETS = "[" * 200 + "]" * 200


def places(value: Any, way: tuple = ()) -> list[tuple]:
    """The way to everything inside a JSON value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [found for key in keys for found in [(*way, key), *places(value[key], (*way, key))]]


@st.composite
def mutated(draw, payloads: list[dict]) -> bytes:
    """One of these payloads with a few of its values replaced, taken away or doubled, as a body."""
    payload = copy.deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(0, 4))):
        *way, last = draw(st.sampled_from(places(payload) or [("event",)]))
        inside = payload
        for key in way:
            inside = inside[key]
        match draw(st.sampled_from(["replace", "replace", "remove", "double"])):
            case "remove":
                inside.pop(last, None) if isinstance(inside, dict) else inside.pop(last)
            case "double" if isinstance(inside, list):
                inside.append(copy.deepcopy(inside[last]))
            case _:
                inside[last] = draw(JSON | st.just(DEEP))
    return json.dumps(payload).replace(json.dumps(DEEP), BRACKETS).encode()
