"""What the editor of one agent shows: its draft (what is live, until somebody writes), and its versions."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse

from accounts.access import Viewer
from accounts.models import Role
from accounts.permissions import Permission, least_role
from agents import registry, variables
from agents.drafting import content as contents
from agents.drafting import drafts
from agents.llm.tools import BUILT_IN
from agents.models import Agent, Tier, Tool
from agents.pages import chain, tested
from agents.rules import form, sentence
from agents.tooling import page as tooling

# id of the section, its name, and whether it takes the right to see words.
SECTIONS = (
    ("prompt", "Prompt", False),
    ("voice", "Voice", False),
    ("model", "Model", False),
    ("tools", "Tools", True),
    ("escalation", "Escalation", True),
    ("tests", "Tests", True),
    ("versions", "Versions", False),
)
# (code, name): what platforms understand and speak. Another one is kept where it was written by program.
LANGUAGES = (
    ("en-GB", "English (UK)"),
    ("en-US", "English (US)"),
    ("en-AU", "English (Australia)"),
    ("en-IN", "English (India)"),
    ("de-DE", "German"),
    ("es-ES", "Spanish (Spain)"),
    ("es-419", "Spanish (Latin America)"),
    ("fr-FR", "French"),
    ("it-IT", "Italian"),
    ("nl-NL", "Dutch"),
    ("pl-PL", "Polish"),
    ("pt-BR", "Portuguese (Brazil)"),
    ("pt-PT", "Portuguese (Portugal)"),
    ("multi", "Several, as the caller speaks"),
)
# Of a version, without its texts.
_LISTED = ("agent_id", "number", "name", "note", "created_at", "created_by")
_WORDS = ("prompt", "first_message", "variables", "rules")


def of(agent: Agent, viewer: Viewer, csrf: str) -> dict[str, Any]:
    sees_words, may_edit = viewer.may(Permission.SEE_WORDS), viewer.may(Permission.EDIT_AGENTS)
    draft = drafts.look(agent)
    live, content = contents.of(agent.live_version), contents.of(None) | draft.content
    versions = list(agent.versions.only(*_LISTED).select_related("created_by").order_by("-number"))
    changed = [name for name in live if content[name] != live[name]]
    edited = {contents.SECTIONS[name] for name in changed}
    every = chain.options(agent)
    faults = contents.faults(agent.workspace_id, content)
    tests = tested.rows(agent, draft) if sees_words else []
    return {
        "section": "agents",
        "agent": agent,
        "live": agent.live_version,
        "draft": draft if draft.edited_by_id else None,
        "next_number": versions[0].number + 1 if versions else 1,
        "content": content,
        "changed_count": len(changed),
        "sections": [
            (key, name, _mark(key, content, {"versions": versions, "tests": tests}, edited))
            for key, name, words in SECTIONS
            if sees_words or not words
        ],
        "versions": versions,
        "tested": tested.by_version(agent),
        "tests": tested.page(agent, tests),
        "variables": _variables(agent, content) if sees_words else [],
        "languages": _with(LANGUAGES, content["language"]),
        "tiers": [(tier.value, tier.label) for tier in Tier],
        "options": [option.told() for option in chain.in_order(every, content)],
        "tooling": tooling.of(agent, content, may_edit=may_edit) if sees_words else None,
        "escalation": _escalation(agent, content) if sees_words else None,
        "sees_words": sees_words,
        "may_edit": may_edit,
        "editing_role": Role(least_role(Permission.EDIT_AGENTS)).label,
        "page_data": {
            "agent": {"id": str(agent.pk), "name": agent.name, "company": agent.workspace.name},
            "api": f"/api/v1/agents/{agent.pk}",
            "presence": reverse("agents:presence", args=[agent.pk]),
            "voices": f"/api/v1/connections/{agent.connection_id}/voices" if _has_key(agent) else "",
            "csrf": csrf,
            "person": str(viewer.user_id),
            "may_edit": may_edit,
            "sees_words": sees_words,
            "next_number": versions[0].number + 1 if versions else 1,
            "live_number": agent.live_version.number if agent.live_version else None,
            "revision": draft.revision,
            "content": content if sees_words else {k: v for k, v in content.items() if k not in _WORDS},
            "live": live if sees_words else None,
            "sections": contents.SECTIONS,
            "faults": [asdict(fault) for fault in faults] if may_edit else [],
            "models": [option.told() for option in every],
            "fallback": chain.FALLBACK,
            "tools": sorted(_tools(agent)) if sees_words else [],
        },
    }


def _escalation(agent: Agent, content: dict[str, Any]) -> dict[str, Any]:
    """Its rules in words, and what the editor makes others of."""
    told = [
        {"id": rule.get("id"), "name": form.title(rule), "told": sentence.worded(rule)}
        for rule in content["rules"]
        if isinstance(rule, dict)
    ]
    return {"rules": told, "grammar": sentence.grammar(sorted(_tools(agent)))}


def _mark(section: str, content: dict[str, Any], lists: dict[str, list], edited: set[str]) -> str:
    """What stands beside a section's name: that it was edited, or how many there are."""
    if section in edited:
        return "edited"
    counted = {"tools": content["tools"], "escalation": content["rules"], **lists}
    return str(len(counted[section]) or "") if section in counted else ""


def _variables(agent: Agent, content: dict[str, Any]) -> list[dict[str, str]]:
    """Every name its texts ask for or the version gives, with what it is now and who says so. The browser's
    own is static/agents/variables.js."""
    told = variables.standing(agent.workspace.name, agent.name, content["variables"])
    asked = {name for field in contents.TEXTS for name in variables.places(content[field])}
    rows = []
    for name in [*content["variables"], *sorted(asked - set(content["variables"]))]:
        if name in content["variables"]:
            set_by = "agent"
        elif name in told:
            set_by = "workspace"
        else:
            set_by = "caller’s past" if name == variables.MEMORY else "per call"
        rows.append({"name": name, "value": str(told.get(name, "")), "set_by": set_by})
    return rows


def _has_key(agent: Agent) -> bool:
    """Whether its platform can be asked for anything."""
    return bool(agent.connection and agent.connection.api_key)


def _tools(agent: Agent) -> set[str]:
    own = Tool.objects.for_workspace(agent.workspace_id).values_list("name", flat=True)
    return {*own, *registry.registered(), *BUILT_IN}


def _with(choices: tuple[tuple[str, str], ...], chosen: str) -> tuple[tuple[str, str], ...]:
    """The choices, and the one that is made if it is none of them."""
    return choices if chosen in dict(choices) else (*choices, (chosen, chosen))
