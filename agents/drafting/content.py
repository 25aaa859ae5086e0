"""What a version says, as plain values: which fields there are, and what is wrong with them.

A draft may hold anything of the right shape (agents/drafting/shapes.py); what is wrong with it is told while
it is written, and only a draft with nothing wrong is published.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from agents import registry
from agents.faults import ESCALATION, MODEL, PROMPT, TOOLS, VOICE, Fault
from agents.llm.tools import BUILT_IN
from agents.models import AgentVersion, LanguageModel, Tool
from agents.rules import form
from agents.variables import AGENT, COMPANY, LONGEST_VALUE, MEMORY, NAME, VARIABLE, places

Content = dict[str, Any]  # a value for each field of AgentVersion.CONTENT

SECTIONS = {
    "prompt": PROMPT,
    "variables": PROMPT,
    "first_message": VOICE,
    "voice": VOICE,
    "language": VOICE,
    "speed": VOICE,
    "tier": MODEL,
    "chain": MODEL,
    "temperature": MODEL,
    "tools": TOOLS,
    "rules": ESCALATION,
}
TEXTS = ("prompt", "first_message")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*|multi")
SLOWEST, QUICKEST = 0.5, 2.0
HOTTEST = 1.0  # not every vendor takes more


def of(version: AgentVersion | None) -> Content:
    """What a version says; None: what an agent is told that nobody has written anything for."""
    said = version or AgentVersion(prompt="")
    return {name: getattr(said, name) for name in AgentVersion.CONTENT}


def faults(workspace_id: UUID, content: Content) -> list[Fault]:
    """What is wrong with it, by section. Those that do not block are worth knowing, and no more."""
    found = [
        *_of_prompt(content),
        *_of_variables(content),
        *_of_voice(content),
        *_of_model(workspace_id, content),
        *_of_tools(workspace_id, content["tools"]),
        *form.faults(content["rules"]),
    ]
    return sorted(found, key=lambda fault: list(SECTIONS.values()).index(fault.section))


def _fault(field: str, message: str, **more: Any) -> Fault:
    return Fault(SECTIONS[field], field, message, **more)


def _of_prompt(content: Content) -> Iterator[Fault]:
    if not content["prompt"].strip():
        yield _fault("prompt", "Say what the agent is to do.")
    known = {*content["variables"], MEMORY, COMPANY, AGENT}
    for field in TEXTS:
        for name, line in places(content[field]).items():
            if name not in known:
                said = f"Nobody fills {{{{{name}}}}} unless the platform does: it stays as it is written."
                yield _fault(field, said, line=line, blocks=False)


def _of_variables(content: Content) -> Iterator[Fault]:
    for name, value in content["variables"].items():
        if not NAME.fullmatch(name):
            yield _fault("variables", f"“{name}” can be no name: letters, digits and _ . - make one.")
        elif name == MEMORY:
            yield _fault("variables", f"{{{{{MEMORY}}}}} is filled with what is known of the caller.")
        if len(value) > LONGEST_VALUE:
            yield _fault("variables", f"{name} has more than {LONGEST_VALUE:,} characters.")
        if VARIABLE.search(value):
            said = f"What {name} stands for is put in as it is: a {{{{name}}}} in it is not filled."
            yield _fault("variables", said, blocks=False)


def _of_voice(content: Content) -> Iterator[Fault]:
    if not LANGUAGE.fullmatch(content["language"]):
        yield _fault("language", "Write the language as en-GB.")
    if not SLOWEST <= content["speed"] <= QUICKEST:
        yield _fault("speed", f"The speed is between {SLOWEST} and {QUICKEST}; 1 is the voice’s own.")


def _of_model(workspace_id: UUID, content: Content) -> Iterator[Fault]:
    if not 0 <= content["temperature"] <= HOTTEST:
        yield _fault("temperature", f"The temperature is between 0 and {HOTTEST:g}.")
    chain = content["chain"]
    if not chain:
        return
    if len(set(chain)) < len(chain):
        yield _fault("chain", "A model is in the chain twice.")
    ids = [name for name in chain if _is_uuid(name)]
    rows = LanguageModel.objects.for_workspace(workspace_id).filter(pk__in=ids).select_related("provider")
    answering = {str(row.pk): row.enabled and row.provider.enabled for row in rows}
    if any(name not in answering for name in chain):
        yield _fault("chain", "A model of the chain is no longer there. Take it out.")
    if not any(answering.values()):
        yield _fault("chain", "No model of the chain is switched on, so nobody would answer.")
    elif off := [str(row) for row in rows if not answering[str(row.pk)]]:
        yield _fault("chain", f"Switched off, and passed over: {', '.join(off)}.", blocks=False)


def _of_tools(workspace_id: UUID, names: list[str]) -> Iterator[Fault]:
    for name in sorted(set(names) - tools(workspace_id, names)):
        yield _fault("tools", f"There is no tool {name}. Add it, or take it out.")
    if len(set(names)) < len(names):
        yield _fault("tools", "A tool is named twice.")


def tools(workspace_id: UUID, names: Iterable[str]) -> set[str]:
    """Those of the names that a tool has: the workspace's, one that a room registered, or a built-in one."""
    own = Tool.objects.for_workspace(workspace_id).filter(name__in=names)
    return {*own.values_list("name", flat=True), *registry.registered(), *BUILT_IN}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
