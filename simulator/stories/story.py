"""What a story is: the lines of a caller, and what a good agent answers to each."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

# How many different calls one story can be: other names, accounts, amounts, dates.
VARIANTS = 24

FIRST_NAMES = (
    "Amara", "Callum", "Priya", "Owen", "Leila", "Marcus", "Niamh", "Tomasz",
    "Grace", "Idris", "Helena", "Rowan", "Sabina", "Declan", "Yusuf", "Bethan",
    "Oscar", "Farah", "Gwen", "Nikhil", "Ingrid", "Samuel", "Zofia", "Elliot",
)  # fmt: skip
LAST_NAMES = (
    "Whitlock", "Adeyemi", "Farrow", "Novak", "Pemberton", "Rahman", "Castell", "Lindqvist",
    "Okafor", "Barrow", "Tennant", "Mistry", "Haldane", "Quigley", "Sorensen", "Abara",
    "Fenwick", "Marlowe", "Dacosta", "Ingham", "Rourke", "Vasquez", "Thorne", "Kowal",
)  # fmt: skip
POST_TOWNS = ("LS7", "BS3", "NR2", "SA1", "YO24", "DE1", "EX4", "PL4", "CV6", "HU5", "S11", "NG7")
POST_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
SPANISH_NAMES = (
    "Lucía Ferrer",
    "Álvaro Núñez",
    "Inés Cabañas",
    "Martín Peña",
    "Begoña Rincón",
    "Óscar Ibáñez",
)


@dataclass(frozen=True, slots=True)
class Use:
    """A tool call: its arguments, and what the tools server answers. Strings may hold {facts}.

    `status` other than 200 is a tool that fails; `seconds` is how long it takes.
    """

    name: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]
    status: int = 200
    seconds: float = 0.6


@dataclass(frozen=True, slots=True)
class Line:
    """One thing the caller says.

    When it is said: after the agent has finished and `pause` seconds; or `cuts_in` seconds into the
    agent's answer; or `adds_on` seconds after the caller's own last word, before any answer; or after
    being `quiet` for so long that the platform asks the agent to check.

    What a good agent does: says `before`, uses the tools one after the other, says `answer`.
    `reminder` is what it says when the caller stays quiet after that answer. `then` is what it does with
    the call once that is spoken, if it may: "end_call" or "transfer_call".
    """

    says: str
    answer: str
    before: str = ""
    tools: tuple[Use, ...] = ()
    pause: float = 0.7
    cuts_in: float | None = None
    adds_on: float | None = None
    quiet: float = 0.0
    reminder: str = ""
    then: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """One conversation. `pools` are tuples of facts; a variant takes one of each pool.

    With an `opening` the agent is a model of the platform's own, and that is what it says first.
    """

    name: str
    title: str
    agent: str
    lines: tuple[Line, ...]
    pools: tuple[tuple[Mapping[str, Any], ...], ...] = ()
    language: str = "en-GB"
    direction: str = "inbound"
    opening: str = ""
    # Seconds into the last answer at which the caller hangs up; None: after hearing it out.
    hangs_up_after: float | None = None
    summary: str = ""
    sentiment: str = "Neutral"
    successful: bool = True
    recording: Literal["kept", "off", "lost"] = "kept"  # by the platform

    @property
    def hosted(self) -> bool:
        return bool(self.opening)

    def facts(self, variant: int) -> dict[str, Any]:
        """Who calls and about what, in this variant: the same for the same number, always."""
        variant %= VARIANTS
        chance = random.Random(f"{self.name}:{variant}")
        first = chance.choice(FIRST_NAMES)
        last = chance.choice(LAST_NAMES)
        # Account and postcode are unique per variant, so that a conversation tells which one it is.
        letters = POST_LETTERS[variant % 20] + POST_LETTERS[variant // 20 + chance.randrange(18)]
        account = f"{chance.randrange(20, 80)}{variant:02d} {chance.randrange(1000, 9999)}"
        known: dict[str, Any] = {
            "first": first,
            "last": last,
            "name": f"{first} {last}",
            "spanish_name": chance.choice(SPANISH_NAMES),
            "account": account,
            "account_id": "LE" + account.replace(" ", ""),
            "postcode": f"{chance.choice(POST_TOWNS)} {chance.randrange(1, 10)}{letters}",
            "reference": f"{chance.choice('BCDFGHKMPR')}{chance.randrange(10, 99)}{chance.choice('JKLMNPTX')}"
            f"{chance.randrange(100, 999)}",
        }
        for pool in self.pools:
            known |= chance.choice(pool)
        return known


def render(template: Any, facts: Mapping[str, Any]) -> Any:
    """Fill {facts} into strings, however deep. A string that is one {fact} becomes the fact itself."""
    if isinstance(template, str):
        bare = template[1:-1]
        if template.startswith("{") and template.endswith("}") and bare in facts:
            return facts[bare]
        return template.format_map(facts)
    if isinstance(template, Mapping):
        return {key: render(value, facts) for key, value in template.items()}
    if isinstance(template, Iterable) and not isinstance(template, bytes):
        return [render(value, facts) for value in template]
    return template
