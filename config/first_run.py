"""What a new Earshot begins with. It may run again: it finds what it made and leaves people's edits."""

import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.models import Membership, Role, User, Workspace
from accounts.tokens import create_token, digest, revoke_token, working_tokens
from agents.catalog import ensure_anthropic, ensure_openai, ensure_simulated
from agents.models import Agent, Provider, Tool
from agents.services import publish
from agents.testing import kept
from calls.judging import definitions
from calls.judging.forms import checked
from calls.models import Topic
from config import larkfield
from platforms.models import Connection
from simulator import API_KEY, agent_id
from simulator.stories import HOSTED

CONNECTION = "Simulated Retell"
FIRST_RUN = "First run"
CONSONANTS, VOWELS, DIGITS = "bdfghjkmnprstvz", "aeiou", "23456789"


class LoginUnknown(Exception):
    """There is an owner, but first-run.json does not know the password. Says whose."""


@dataclass(frozen=True, slots=True)
class Login:
    user: User
    workspace: Workspace
    password: str
    api_token: str


def readable_password() -> str:
    """Something a person can type from a terminal: about 56 random bits."""

    def syllables() -> str:
        return "".join(secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(2))

    number = "".join(secrets.choice(DIGITS) for _ in range(5))
    return "-".join([syllables(), syllables(), syllables(), number])


def login(told: dict[str, Any], email: str, password: str) -> Login:
    """The first workspace, its owner and a token.

    `told` is first-run.json as it stands: its login is kept. `email` and `password` are for a first owner, or
    a new password for one whose file is lost. Raises LoginUnknown when it is lost and no password is given.
    """
    workspace = Workspace.objects.order_by("id").first()
    if workspace is None:
        workspace = Workspace.objects.create(name=larkfield.WORKSPACE, plan=Workspace.Plan.PRO)
    owners = User.objects.filter(memberships__workspace=workspace, memberships__role=Role.OWNER)
    owner = owners.filter(email__iexact=told.get("email", "")).first()
    if owner is not None:
        password = told["password"]
    else:
        somebody = owners.order_by("id").first()
        if somebody and not password:
            # A database somebody uses already: nobody's password changes because a file is not here.
            raise LoginUnknown(somebody.email)
        email = email or (somebody.email if somebody else told.get("email") or larkfield.ADMIN_EMAIL)
        password = password or told.get("password") or readable_password()
        owner = User.objects.filter(email__iexact=email).first()
        if owner is None:
            owner = User.objects.create_superuser(email, password, name=larkfield.ADMIN_NAME)
        else:
            owner.set_password(password)
            owner.save(update_fields=["password"])
        Membership.objects.update_or_create(workspace=workspace, user=owner, defaults={"role": Role.OWNER})
    token = told.get("api_token", "")
    if not working_tokens().filter(digest=digest(token), workspace=workspace).exists():
        for lost in working_tokens().filter(workspace=workspace, name=FIRST_RUN):
            revoke_token(lost, owner)
        _, token = create_token(workspace, FIRST_RUN, Role.ADMIN, owner)
    return Login(owner, workspace, password, token)


def simulated_world(workspace: Workspace, owner: User, simulator_url: str) -> Connection:
    """The simulator's platform, models, tools and the agents that use them, at where it answers today."""
    connection = _connection(workspace)
    is_new = connection is None
    if is_new:
        connection = Connection.objects.create(
            workspace=workspace,
            platform=Connection.Platform.RETELL,
            name=CONNECTION,
            api_key=API_KEY,
            webhook_secret=secrets.token_urlsafe(32),
        )
    before = connection.base_url.removesuffix("/retell")
    connection.base_url = f"{simulator_url}/retell"
    connection.save(update_fields=["base_url"])
    for provider in ensure_simulated(workspace, simulator_url):
        Provider.objects.filter(pk=provider.pk).update(enabled=True)
    if is_new:
        _tools(workspace, simulator_url)
        _agents(workspace, owner, connection)
        _asked_of_calls(workspace, owner)
    else:
        for tool in Tool.objects.for_workspace(workspace).filter(url__startswith=f"{before}/"):
            tool.url = simulator_url + tool.url.removeprefix(before)
            tool.save(update_fields=["url"])
        _mend_platform_ids(connection)
    return connection


def _connection(workspace: Workspace) -> Connection | None:
    """The simulator's, whatever people call it by now: its key is like nobody else's."""
    there = Connection.objects.for_workspace(workspace).filter(platform=Connection.Platform.RETELL)
    return next((one for one in there.order_by("id") if one.api_key == API_KEY), None) or (
        there.filter(name=CONNECTION).first()
    )


def no_simulated_world(workspace: Workspace) -> None:
    """Without the simulator nothing may be sent to its models, if they are there from an earlier run."""
    Provider.objects.for_workspace(workspace).filter(language_models__name__startswith="sim-").update(
        enabled=False
    )


def vendors_models(workspace: Workspace) -> None:
    """With a vendor's key in the settings: its models, asked before simulated ones."""
    if settings.OPENAI_API_KEY:
        ensure_openai(workspace, settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL)
    if settings.ANTHROPIC_API_KEY:
        ensure_anthropic(workspace, settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL)


def _tools(workspace: Workspace, simulator_url: str) -> None:
    for name, (description, parameters) in larkfield.TOOLS.items():
        Tool.objects.get_or_create(
            workspace=workspace,
            name=name,
            defaults={
                "description": description,
                "parameters": parameters,
                "url": f"{simulator_url}/tools/{name}",
            },
        )


def _agents(workspace: Workspace, owner: User, connection: Connection) -> None:
    for plan in larkfield.AGENTS:
        agent, is_new = _agent(connection, plan.name, plan.topic)
        if not is_new:
            continue
        publish(
            agent,
            by=owner,
            note="First version",
            prompt=plan.prompt,
            first_message=plan.first_message,
            voice=plan.voice,
            language="en-GB",
            tier=plan.tier,
            tools=list(plan.tools),
            rules=list(plan.rules),
        )
        for test in larkfield.tests_of(plan):
            kept.create(agent, test, by=owner)
    _hosted_agents(connection)


def _asked_of_calls(workspace: Workspace, owner: User) -> None:
    """Fields, topics and a scorecard, so that calls have something to say to them; in a workspace that has
    none of its own."""
    if Topic.objects.for_workspace(workspace).exists():
        return
    for agent in Agent.objects.for_workspace(workspace).filter(name__in=larkfield.FIELDS):
        for key, name, kind, question, choices in larkfield.FIELDS[agent.name]:
            told = {"key": key, "name": name, "kind": kind, "question": question, "choices": choices}
            definitions.add_field(agent, told, by=owner.pk)
    for name, description in larkfield.TOPICS.items():
        definitions.add_topic(workspace.pk, {"name": name, "description": description}, by=owner.pk)
    card = {
        "name": larkfield.SCORECARD,
        "checks": checked(list(larkfield.CHECKS)),
        "sample_percent": larkfield.SAMPLE_PERCENT,
        "pass_mark": larkfield.PASS_MARK,
    }
    definitions.add_scorecard(workspace.pk, card, by=owner.pk)


def _hosted_agents(connection: Connection) -> None:
    """Agents we only hear of by webhooks: they have no version, for we tell them nothing."""
    for name, topic in larkfield.HOSTED_AGENTS.items():
        _agent(connection, name, topic)


def _agent(connection: Connection, name: str, topic: str) -> tuple[Agent, bool]:
    """(agent, whether it is new). One whose connection was deleted comes back as people left it."""
    left = Agent.objects.for_workspace(connection.workspace).filter(
        connection=None, platform_agent_id=agent_id(name)
    )
    agent = left.first()
    is_new = agent is None
    if is_new:
        agent = Agent(
            workspace=connection.workspace, name=name, topic=topic, platform_agent_id=agent_id(name)
        )
    agent.connection = connection
    agent.save()
    return agent, is_new


def _mend_platform_ids(connection: Connection) -> None:
    """In a database of before there were webhooks our ids are not the platform's, and its own agents miss."""
    mended = 0
    for plan in larkfield.AGENTS:
        made_up = Agent.objects.filter(connection=connection, platform_agent_id=f"agent_{plan.name.lower()}")
        mended += made_up.update(platform_agent_id=agent_id(plan.name))
    if mended:
        _hosted_agents(connection)


def summary(found: Login, connection: Connection | None, url: str) -> dict[str, Any]:
    """What first-run.json holds, as the contract has it. Its agents are those whose socket can be dialled."""
    hosted = {agent_id(story.agent) for story in HOSTED.values()}
    agents = (
        Agent.objects.for_workspace(found.workspace)
        .filter(connection=connection, live_version__isnull=False)
        .exclude(platform_agent_id__in=hosted)
    )
    sockets = url.replace("http", "ws", 1)
    return {
        "url": url,
        "email": found.user.email,
        "password": found.password,
        "workspace": str(found.workspace.pk),
        "api_token": found.api_token,
        "connections": [
            {
                "platform": connection.platform,
                "id": str(connection.pk),
                "webhook_url": f"{url}/webhooks/{connection.platform}/{connection.pk}",
                "webhook_secret": connection.webhook_secret,
            }
        ]
        if connection
        else [],
        "agents": [
            {
                "id": str(agent.pk),
                "name": agent.name,
                "llm_websocket_url": f"{sockets}/voice/{connection.platform}/{agent.key}",
            }
            for agent in agents.order_by("id")
        ]
        if connection
        else [],
    }


def read(path: Path) -> dict[str, Any]:
    """first-run.json as it stands, or nothing."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace first-run.json in one step; only its owner may read it."""
    handle, draft = tempfile.mkstemp(dir=path.parent)  # 0600 from the start
    with open(handle, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    os.replace(draft, path)


def path() -> Path:
    return settings.EARSHOT_HOME / "first-run.json"
