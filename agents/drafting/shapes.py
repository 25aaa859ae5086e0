"""The shape of what a version says, for the JSON API and for files: a draft may hold anything that fits."""

from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field, FiniteFloat, StringConstraints

from agents.drafting import compare
from agents.drafting.content import SECTIONS
from agents.faults import Fault
from agents.models import Tier
from base.api import Told
from platforms.clean import clean

LONGEST_PROMPT = 100_000
MOST = 100  # entries of a list or table

Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Number = Annotated[FiniteFloat, Field(strict=True)]


class ContentChange(Told):
    """What is left out stays as it is."""

    prompt: str = Field(None, max_length=LONGEST_PROMPT)
    first_message: str = Field(None, max_length=5_000, description="Empty: the caller speaks first.")
    voice: str = Field(None, max_length=80, description="As the platform calls it.")
    language: str = Field(None, max_length=20, examples=["en-GB"])
    speed: Number = Field(None, description="Of the voice; 1 is its own.")
    tier: Tier = None
    chain: list[Name] = Field(
        None,
        max_length=20,
        description="Ids of models, in the order they are asked. Empty: the tier’s own order.",
    )
    temperature: Number = None
    tools: list[Name] = Field(None, max_length=MOST, examples=[["account.lookup", "end_call"]])
    variables: dict[Name, Annotated[str, StringConstraints(max_length=5_000)]] = Field(
        None, max_length=MOST, description="What `{{name}}` in its texts stands for."
    )
    rules: list[dict[str, Any]] = Field(
        None, max_length=MOST, description="When a person has to be told, and what is done then."
    )

    def given(self) -> dict[str, Any]:
        """As it can be kept."""
        return clean(super().given())


class ContentOut(Schema):
    """Everything that a version says."""

    prompt: str
    first_message: str
    voice: str
    language: str
    speed: float
    tier: str
    chain: list[str]
    temperature: float
    tools: list[str]
    variables: dict[str, str]
    rules: list[dict[str, Any]]


class DraftFault(Schema):
    section: str = Field(description="Of the editor.", examples=["prompt"])
    field: str
    message: str = Field(description="What is wrong and what to do, for people.")
    line: int | None = Field(description="Of the field’s text, from 1.")
    blocks: bool = Field(description="False: worth knowing, and no reason not to publish.")


class DiffLine(Schema):
    mark: str = Field(description="`+`, `-`, or a space for what is in both.")
    text: str


class FieldChange(Schema):
    section: str = Field(examples=list(dict.fromkeys(SECTIONS.values())))
    field: str
    before: Any
    after: Any
    lines: list[DiffLine] = Field(description="Of a text: all of both, in order.")


def faults_out(faults: list[Fault]) -> list[DraftFault]:
    return [
        DraftFault(
            section=one.section, field=one.field, message=one.message, line=one.line, blocks=one.blocks
        )
        for one in faults
    ]


def changes_out(changes: list[compare.Change]) -> list[FieldChange]:
    return [
        FieldChange(
            section=one.section,
            field=one.field,
            before=one.before,
            after=one.after,
            lines=[DiffLine(mark=mark, text=text) for mark, text in one.lines],
        )
        for one in changes
    ]


class Person(Schema):
    id: UUID
    name: str
