"""Every call made to a model, and what they may cost."""

from django.db import models

from accounts.models import Workspace
from agents.models.agents import Agent
from base.models import Row, WorkspaceQuerySet


class ModelCall(Row):
    """One attempt at one model: what it took, what it cost, how it ended. Failed attempts are written too."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="model_calls")
    agent = models.ForeignKey(Agent, on_delete=models.SET_NULL, null=True, related_name="+")
    call_id = models.UUIDField(null=True)  # plain: `calls` is above this room
    turn = models.CharField(max_length=120, blank=True)  # the key of the answer it was for
    trace_id = models.CharField(max_length=32, blank=True)
    feature = models.CharField(max_length=30)  # "voice", "chat", "summary", …
    provider = models.CharField(max_length=80)
    model = models.CharField(max_length=120)
    tier = models.CharField(max_length=10, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    fallback_from = models.CharField(max_length=120, blank=True)  # the model that failed before this one
    cache_hit = models.BooleanField(default=False)
    tokens_in = models.PositiveIntegerField(default=0)  # all of the prompt, cached part included
    tokens_cached = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    estimated = models.BooleanField(default=False)  # the vendor never said; counted from the text
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    first_token_ms = models.PositiveIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(default=0)
    finish = models.CharField(
        max_length=20, blank=True
    )  # stop, length, tool_calls, content_filter, cancelled, error
    error_type = models.CharField(max_length=20, blank=True)  # a typed error of the live stream
    error_code = models.CharField(max_length=60, blank=True)  # the vendor's word for it: "insufficient_quota"
    request_id = models.CharField(max_length=120, blank=True)  # the vendor's, for their support

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-id"]),
            models.Index(fields=["call_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.model} for {self.feature}"


class Budget(Row):
    """What models may cost in a UTC day or month: all of a workspace, or one of its agents."""

    class Period(models.TextChoices):
        DAY = "day"
        MONTH = "month"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="budgets")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, blank=True, related_name="budgets")
    period = models.CharField(max_length=5, choices=Period)
    soft_usd = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, blank=True
    )  # then cheaper models
    hard_usd = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)  # then none

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "agent", "period"], nulls_distinct=False, name="one_budget_per_period"
            ),
            models.CheckConstraint(
                condition=models.Q(soft_usd__isnull=True)
                | models.Q(hard_usd__isnull=True)
                | models.Q(soft_usd__lte=models.F("hard_usd")),
                name="soft_before_hard",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent or self.workspace} a {self.period}"
