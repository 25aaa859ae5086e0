"""What is said in a benchmark: how, how fast, and what the calls are called."""

from dataclasses import dataclass

CALLS = 20  # the most that one connection carries


@dataclass(frozen=True, slots=True)
class Speech:
    """What the source is asked for, as one JSON object on a line.

    `how` names what is spoken to (`publish.SINKS`), `to` its port where it has one. `burst` tokens are said
    at once, `rate` is of single tokens; `size` bytes of padding go with each. `tagged`: each names its call.
    """

    how: str
    to: int
    run: int
    calls: int
    rate: float  # tokens a second and call
    seconds: float
    burst: int = 1
    size: int = 0
    tagged: bool = False
    workspace: str = ""


def call_id(run: int, call: int) -> str:
    """No two runs share a call: whatever was said before is not told again."""
    return call_ids(run) % call


def call_ids(run: int) -> str:
    """With a `%` for the call's number, as the load clients fill it in."""
    return f"0195c0de-{run:04d}-7000-8000-%012d"
