"""What a page, a stream or a socket needs, and what it answers to those who may."""

from dataclasses import dataclass, field

from accounts.permissions import Permission

ANYBODY = "anybody"
STAFF = "staff"


@dataclass(frozen=True)
class Rule:
    needs: Permission | str
    method: str = "GET"
    data: dict = field(default_factory=dict)
    answers: tuple[int, ...] = (200,)  # to those who may
    also: tuple["Rule", ...] = ()  # other methods at the same address
    names_rows: bool = True  # false: what its address names is the same in every workspace
