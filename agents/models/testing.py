"""Saved conversations that an agent has to pass, and how it did."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Workspace
from agents.models.agents import Agent, AgentVersion
from base.models import Row, WorkspaceQuerySet


class ToolsFrom(models.TextChoices):
    """Who answers for an agent's tools where no caller is on the line."""

    RECORDED = "recorded", "the recording"
    LIVE = "live", "the tools themselves"


class AgentTest(Row):
    """A conversation and what has to hold of it, whatever the agent is told next.

    `conversation`: in order, {"role": "caller" or "agent", "text"} or
    {"role": "tool", "name", "arguments", "ok", "text"}.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="tests")
    name = models.CharField(max_length=120)
    conversation = models.JSONField(default=list)
    # What is before stands as it was said; from here on the agent answers each of the caller's words anew.
    start = models.PositiveSmallIntegerField(default=0)
    tools = models.CharField(max_length=8, choices=ToolsFrom, default=ToolsFrom.RECORDED)
    checks = models.JSONField(default=list)  # agents/testing/checks.py
    source_call = models.UUIDField(null=True)  # plain: `calls` is above this room
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    edited_at = models.DateTimeField(auto_now=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("agent", "name", name="one_test_per_name")]
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class AgentTestRun(Row):
    """An agent's tests, run once over what a draft or a version tells it."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="test_runs")
    # Null while it is a draft's; once that is published, the version it became.
    version = models.ForeignKey(AgentVersion, on_delete=models.SET_NULL, null=True, related_name="test_runs")
    revision = models.PositiveIntegerField(null=True)  # of the draft
    content = models.JSONField()  # each field of AgentVersion.CONTENT, as it was run
    digest = models.CharField(max_length=32)  # of that: the same content has the same
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["agent", "-id"], name="runs_of_agents"),
            models.Index("id", condition=Q(status__in=("waiting", "running")), name="runs_under_way"),
        ]

    def __str__(self) -> str:
        return f"tests of {self.agent}"


class AgentTestResult(Row):
    """How one test went in one run."""

    class Verdict(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        PASSED = "passed"
        FAILED = "failed"
        ERROR = "error"  # nobody can say: a model was away, say
        UNCHECKED = "unchecked"  # it was held, and the test checks nothing

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(AgentTestRun, on_delete=models.CASCADE, related_name="results")
    test = models.ForeignKey(AgentTest, on_delete=models.SET_NULL, null=True, related_name="results")
    name = models.CharField(max_length=120)
    verdict = models.CharField(max_length=9, choices=Verdict, default=Verdict.WAITING)
    checks = models.JSONField(default=list)  # each as it was asked, with `ok` and `reason`
    transcript = models.JSONField(default=list)  # as AgentTest.conversation
    error = models.CharField(max_length=200, blank=True)  # in words for people
    duration_ms = models.PositiveIntegerField(null=True)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, default=0)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("run", "test", name="one_result_per_test")]
        # Whoever plays them looks for these every few seconds, in all workspaces.
        indexes = [
            models.Index("id", condition=Q(verdict__in=("waiting", "running")), name="results_under_way")
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}"

    @property
    def is_outdated(self) -> bool:
        """Whether the test was changed since this was asked for."""
        return self.test is not None and self.created_at < self.test.edited_at
