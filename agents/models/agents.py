"""Agents: their versions and drafts, their tools, and how their platforms have them."""

import secrets

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from accounts.models import Workspace
from agents.models.providers import Tier
from base.fields import EncryptedTextField
from base.models import Row, WorkspaceQuerySet
from platforms.models import Connection

# Two underscores stand for a dot on the vendors' wires (they allow no dots), so a name has none of its own.
tool_name = RegexValidator(
    r"^(?!.*__)[a-z][a-z0-9_.-]*\Z", "Small letters, digits, dots, dashes and single underscores."
)


class Tool(Row):
    """Something an agent can do by asking an HTTP service. Called with a JSON body of its arguments."""

    class Method(models.TextChoices):
        GET = "GET"
        POST = "POST"
        PUT = "PUT"
        PATCH = "PATCH"
        DELETE = "DELETE"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="tools")
    name = models.CharField(max_length=64, validators=[tool_name])
    description = models.TextField()
    parameters = models.JSONField(default=dict)  # JSON Schema of the arguments
    method = models.CharField(max_length=6, choices=Method, default=Method.POST)
    url = models.URLField()
    headers = EncryptedTextField(blank=True)  # a JSON object: {"Authorization": "Bearer …"}
    timeout_ms = models.PositiveIntegerField(default=10_000)
    retries = models.PositiveSmallIntegerField(default=0)  # where nobody answered, or asked us to come again

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("workspace", "name", name="one_tool_per_name")]

    def __str__(self) -> str:
        return self.name


def new_agent_key() -> str:
    """The unguessable part of an agent's voice socket address: 192 random bits."""
    return secrets.token_urlsafe(24)


class Agent(Row):
    class Hosting(models.TextChoices):
        """Where its words come from."""

        OURS = "ours", "Earshot, over the platform's custom-LLM socket"
        PLATFORM = "platform", "the platform's own model, with our prompt and tools"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="agents")
    name = models.CharField(max_length=80)
    topic = models.CharField(max_length=80, blank=True)  # what it is for, in two words: "Billing"
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="agents"
    )
    platform_agent_id = models.CharField(max_length=100, blank=True)
    hosting = models.CharField(max_length=8, choices=Hosting, default=Hosting.OURS)
    platform_llm_id = models.CharField(max_length=100, blank=True)  # of a model that the platform hosts
    key = models.CharField(max_length=64, unique=True, default=new_agent_key)
    live_version = models.ForeignKey(
        "AgentVersion", on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )
    cache_seconds = models.PositiveIntegerField(default=0)  # how long an answer may be given again; 0: never
    prefetches = models.BooleanField(default=False)  # the first suggested question is answered ahead
    call_cap_usd = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)  # for models

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class VersionIsFinal(Exception):
    """Somebody tried to change what an agent was told."""


class AgentVersion(Row):
    """What an agent was told, for ever: a version is never changed, only followed by another.

    The database holds to that too: it refuses to update a version, or to delete one whose agent stays.
    """

    # What a version says; the rest is about it.
    CONTENT = (
        "prompt",
        "first_message",
        "voice",
        "language",
        "speed",
        "tier",
        "chain",
        "temperature",
        "tools",
        "variables",
        "rules",
    )

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    prompt = models.TextField()
    first_message = models.TextField(blank=True)  # empty: the caller speaks first
    voice = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=20, default="en-US")
    speed = models.FloatField(default=1.0)  # of the voice: 1.1 is a tenth quicker
    tier = models.CharField(max_length=10, choices=Tier, default=Tier.FAST)
    chain = models.JSONField(
        default=list
    )  # ids of models, in the order they are asked; empty: the tier's own
    temperature = models.FloatField(default=0.3)
    tools = models.JSONField(default=list)  # names of the workspace's, registered and built-in ones
    variables = models.JSONField(default=dict)  # what {{name}} in its texts stands for
    rules = models.JSONField(default=list)  # when a person has to be told, and what is done then
    name = models.CharField(max_length=60, blank=True)  # what people call this version
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("agent", "number", name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.agent} v{self.number}"

    def save(self, *args, **kwargs) -> None:
        if not self._state.adding:
            raise VersionIsFinal("A version is never changed; publish another.")
        super().save(*args, **kwargs)


class AgentDraft(Row):
    """What an agent is to be told next, while people still write it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, related_name="draft")
    # The version it began from. Null: there was none.
    base = models.ForeignKey(AgentVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    content = models.JSONField()  # each field of AgentVersion.CONTENT
    revision = models.PositiveIntegerField(default=1)  # goes up with every change, so editors can tell
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    edited_at = models.DateTimeField(auto_now=True)

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"draft of {self.agent}"


class DraftStep(Row):
    """A draft as it was at one of its last revisions: what somebody who saw no later one has changed is told
    from what others have."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    draft = models.ForeignKey(AgentDraft, on_delete=models.CASCADE, related_name="steps")
    revision = models.PositiveIntegerField()
    content = models.JSONField()

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("draft", "revision", name="one_step_per_revision")]

    def __str__(self) -> str:
        return f"{self.draft} at {self.revision}"


class PlatformCopy(Row):
    """An agent as its platform has it: what we put there, and what was found there since."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, related_name="copy")
    version = models.ForeignKey(AgentVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    # Settings as we put them (platforms/agents.py); null: left as the platform has it.
    ours = models.JSONField(default=dict)
    theirs = models.JSONField(default=dict)  # as they were last found there
    differences = models.JSONField(default=list)  # names of those that differ
    put_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)  # why they could not be read, in words for people

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.agent} at its platform"
