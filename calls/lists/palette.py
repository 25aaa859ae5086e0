"""What ⌘K offers of a workspace: calls on the line, agents, and calls by what was said in them."""

from uuid import UUID

from django.urls import reverse

from agents.models import Agent
from calls import parts
from calls.lists.rows import way
from calls.models import Call
from calls.search.found import look_for
from calls.search.fusion import Hit
from calls.search.why import Snippet
from calls.wording import UNKNOWN_AGENT

MOST_CALLS, MOST_AGENTS, MOST_FOUND = 20, 20, 5
_LOOKED_AT = 500  # calls on the line, agents
LONGEST = 200  # characters of a question


def names(workspace_id: UUID, text: str) -> dict[str, list[dict]]:
    """`live` and `agents` that have all of these words in what is shown of them; without words, all."""
    words = text.lower().split()
    live = Call.objects.for_workspace(workspace_id).real().live().select_related("agent", "version")
    agents = Agent.objects.for_workspace(workspace_id).select_related("live_version").order_by("name")
    return {
        "live": _having(words, map(_live, live.order_by("-started_at")[:_LOOKED_AT]))[:MOST_CALLS],
        "agents": _having(words, map(_agent, agents[:_LOOKED_AT]))[:MOST_AGENTS],
    }


def calls(workspace_id: UUID, text: str) -> dict:
    """`calls` in which this was said, or something like it, the best first; whether `meaning` was there to
    look by."""
    found = look_for(text, workspace_id)
    best = found.hits[:MOST_FOUND]
    rows, why = found.shown(best, Call.objects.for_workspace(workspace_id).listed())
    told = [_call(rows[hit.call_id], hit, why[hit.call_id]) for hit in best if hit.call_id in rows]
    return {"calls": told, "meaning": found.by_meaning}


def _having(words: list[str], offers) -> list[dict]:
    def has(offer: dict) -> bool:
        shown = f"{offer['label']} {offer['note']}".lower()
        return all(word in shown for word in words)

    return [offer for offer in offers if has(offer)]


def _live(call: Call) -> dict:
    agent = call.agent.name if call.agent else UNKNOWN_AGENT
    about = (call.agent.topic if call.agent else "") or ""
    flagged = f". {call.alerts[-1]['name']}" if call.alerts else ""
    return {
        "label": parts.who(call),
        "note": f"{agent}{f', {about}' if about else ''}{flagged}",
        "icon": "flag" if call.alerts else "wave",
        "href": reverse("calls:call", args=[call.pk]),
    }


def _agent(agent: Agent) -> dict:
    live = f"v{agent.live_version.number} live" if agent.live_version else "not published"
    return {
        "label": agent.name,
        "note": f"{agent.topic}, {live}" if agent.topic else live.capitalize(),
        "icon": "agent",
        "href": reverse("agents:agent", args=[agent.pk]),
    }


def _call(call: Call, hit: Hit, why: Snippet) -> dict:
    turn = f"#turn-{why.turn.n}" if why.turn else ""
    return {
        "label": parts.who(call),
        "note": call.agent.name if call.agent else UNKNOWN_AGENT,
        "at": call.started_at.isoformat(),
        "icon": "history",
        "how": way(hit, why),
        "pieces": why.pieces,
        "href": f"{reverse('calls:call', args=[call.pk])}{turn}",
    }
