"""What calls come to, added up by the hour they began in: sums alone, which name nobody (calls/insights/)."""

from django.db import models
from pgvector.django import VectorField

from accounts.models import Workspace
from agents.models import Agent, AgentVersion
from base.models import Row, WorkspaceQuerySet

BUCKETS = 70  # that answers are spread over by how long they took (calls/insights/spread.py has their edges)


class Hourly(Row):
    """What calls are added up by. Its id follows from that, so that it is the same when it is made again."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField()  # in UTC, from which on the calls began
    hours = models.PositiveSmallIntegerField(default=1)  # an hour, or the 24 of a day of UTC together
    agent = models.ForeignKey(Agent, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    version = models.ForeignKey(
        AgentVersion, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    platform = models.CharField(max_length=20)
    channel = models.CharField(max_length=6)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        abstract = True


class Tally(Hourly):
    """Calls that have ended, counted. What is not counted by its outcome ended without anybody saying how."""

    calls = models.PositiveIntegerField()
    completed = models.PositiveIntegerField()
    caller_hung_up = models.PositiveIntegerField()
    agent_hung_up = models.PositiveIntegerField()
    transferred = models.PositiveIntegerField()
    not_connected = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    contained = models.PositiveIntegerField()  # connected, and nobody began to hand them to a person
    escalated = models.PositiveIntegerField()  # a rule fired
    positive = models.PositiveIntegerField()  # by the sentiment at their end
    neutral = models.PositiveIntegerField()
    negative = models.PositiveIntegerField()
    moods = models.PositiveIntegerField()  # those with a mood; the sums of their first and last, -1 to 1
    mood_at_start = models.FloatField()
    mood_at_end = models.FloatField()
    duration_ms = models.BigIntegerField()
    answers = models.PositiveIntegerField()
    spread = VectorField(dimensions=BUCKETS)  # how many of the answers are in each bucket
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6)  # of the platform and of models
    tool_calls = models.PositiveIntegerField()
    tool_failures = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "hours", "hour"], name="tallies_by_hours")]

    def __str__(self) -> str:
        return f"{self.calls} calls of {self.hour:%Y-%m-%d %H} h"


class TallyPart(Hourly):
    """A part of the same calls that has a name: what something cost, or how a tool did."""

    class Kind(models.TextChoices):
        PLATFORM = "platform"  # the platform's charge, by its name
        MODEL = "model"  # what a model cost
        EMBEDDING = "embedding"  # what it cost to have words found by their meaning
        TOOL = "tool"

    kind = models.CharField(max_length=9, choices=Kind)
    name = models.CharField(max_length=120)
    n = models.PositiveIntegerField()
    failed = models.PositiveIntegerField(default=0)
    usd = models.DecimalField(max_digits=16, decimal_places=8, default=0)

    class Meta:
        indexes = [models.Index(fields=["workspace", "hours", "hour"], name="tally_parts_by_hours")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.hour:%Y-%m-%d %H} h"


class TallyMark(Row):
    """An hour whose calls have changed since they were added up, or whose sums are kept as they are because
    retention has taken calls away."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)  # null: they are added up
    is_sealed = models.BooleanField(default=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("workspace", "hour", name="one_mark_per_hour")]
        indexes = [
            models.Index(
                fields=["changed_at"], condition=models.Q(changed_at__isnull=False), name="tallies_to_make"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} h"
