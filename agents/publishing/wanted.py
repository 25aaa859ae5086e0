"""An agent as its platform is to have it."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings

from agents import registry
from agents.llm.tools import BUILT_IN
from agents.models import Agent, AgentVersion, Tool
from agents.variables import MEMORY, asks_for, standing
from base.addresses import is_outside
from platforms.adapters import HOMES
from platforms.agents import Account, Home, Ids, Wanted, WantedTool
from platforms.errors import Unpublishable
from platforms.rest import account_of


def home_of(agent: Agent) -> tuple[Home, Account]:
    """Where it may be put, and with which key. Raises Unpublishable."""
    connection = agent.connection
    if connection is None:
        raise Unpublishable("This agent is on no connection. Choose one first.")
    home = HOMES.get(connection.platform)
    if home is None:
        raise Unpublishable(f"Earshot cannot put agents on {connection.get_platform_display()}.")
    if not connection.api_key:
        raise Unpublishable(f"{connection.name} has no API key. Add it in Settings, Connections.")
    return home, account_of(connection)


def ids_of(agent: Agent) -> Ids:
    return Ids(agent.platform_agent_id, agent.platform_llm_id)


def wanted(agent: Agent, version: AgentVersion) -> Wanted:
    """`agent` has a connection. Raises Unpublishable for what the platform must or can not be given."""
    connection = agent.connection
    if connection is None:
        raise Unpublishable("This agent is on no connection. Choose one first.")
    if not connection.base_url:
        _check_reachable()
    sockets = settings.EARSHOT_URL.replace("http", "ws", 1)
    ours = Wanted(
        name=agent.name,
        voice=version.voice,
        language=version.language,
        speed=version.speed,
        webhook_url=f"{settings.EARSHOT_URL}/webhooks/{connection.platform}/{connection.pk}",
        socket_url=f"{sockets}/voice/{connection.platform}/{agent.key}",
        variables={},
    )
    if agent.hosting == Agent.Hosting.OURS:
        return ours
    return replace(
        ours,
        socket_url="",
        prompt=version.prompt,
        first_message=version.first_message,
        temperature=version.temperature,
        variables=added(agent, version) | version.variables,
        tools=_tools(agent, version),
    )


def added(agent: Agent, version: AgentVersion) -> dict[str, str]:
    """What Earshot fills in calls of its own, for a platform that does not: callers are strangers there."""
    ours = {name: str(value) for name, value in standing(agent.workspace.name, agent.name, {}).items()}
    texts = f"{version.prompt}\n{version.first_message}"
    return ours | ({MEMORY: ""} if asks_for(texts, MEMORY) else {})


def _tools(agent: Agent, version: AgentVersion) -> list[WantedTool]:
    """Those of the version in its order; as in calls of our own, one that was deleted since is left out."""
    rows = {
        row.name: row for row in Tool.objects.for_workspace(agent.workspace_id).filter(name__in=version.tools)
    }
    found = []
    for name in version.tools:
        if name in BUILT_IN:
            spec = BUILT_IN[name]
            ends = name == "end_call"
            runs: Literal["end_call", "transfer_call"] = "end_call" if ends else "transfer_call"
            found.append(WantedTool(name, spec.description, spec.parameters, runs=runs))
        elif registry.find(name):
            raise Unpublishable(f"{name} runs inside Earshot, which does not answer these calls. Remove it.")
        elif name in rows:
            found.append(_tool(rows[name]))
    return found


def _tool(row: Tool) -> WantedTool:
    if row.headers:
        raise Unpublishable(
            f"{row.name} sends headers that are secret, and Earshot gives them to nobody. "
            "Remove the tool, or have Earshot answer the calls."
        )
    return WantedTool(
        row.name,
        row.description,
        row.parameters,
        method=row.method,
        url=row.url,
        timeout_ms=row.timeout_ms,
        retries=row.retries,
    )


def _check_reachable() -> None:
    """A platform on the internet has to find us there."""
    host = urlsplit(settings.EARSHOT_URL).hostname or ""
    try:
        ours = not is_outside(ip_address(host))
    except ValueError:
        ours = host == "localhost" or "." not in host
    if ours:
        raise Unpublishable(
            f"The platform cannot reach {settings.EARSHOT_URL}. EARSHOT_URL has to be on the internet."
        )
