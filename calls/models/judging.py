"""What is asked of every call once it is over: fields, scorecards and topics, and what was answered."""

from django.conf import settings
from django.db import models

from accounts.models import Workspace
from agents.models import Agent
from base.models import Row, WorkspaceQuerySet
from calls.models.calls import Call


class CustomField(Row):
    """Something an agent's calls are asked for: "Which plan did they ask about?"."""

    class FieldKind(models.TextChoices):
        TEXT = "text"
        NUMBER = "number"
        BOOLEAN = "boolean"
        CHOICE = "choice"
        DATE = "date"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="custom_fields")
    # In addresses and in Call.fields; never changes. Fields of one key on several agents are of one kind.
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=7, choices=FieldKind)
    question = models.CharField(max_length=400)  # to the model that reads the call
    choices = models.JSONField(default=list)  # of a choice: texts
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)  # false: it is not asked for any more, its values stay

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["position", "created_at"]
        constraints = [models.UniqueConstraint("agent", "key", name="one_field_per_key")]

    def __str__(self) -> str:
        return self.name


class FieldValue(Row):
    """What a call says to a field, why, and who says so. Call.fields has the value for lists and filters."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="field_values")
    field = models.ForeignKey(CustomField, on_delete=models.CASCADE, related_name="+")
    value = models.JSONField(null=True)  # of the field's kind; null: the call does not say
    turn = models.PositiveIntegerField(null=True)  # the number of the turn that says it
    model = models.CharField(max_length=120, blank=True)
    # A person's word counts more than a model's, and is not asked for again.
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    is_by_person = models.BooleanField(default=False)
    said_at = models.DateTimeField()

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("call", "field", name="one_value_per_field")]

    def __str__(self) -> str:
        return f"{self.field_id} of {self.call_id}"


class Scorecard(Row):
    """How good a call was, as weighted checks that a model, and after it a person, answers."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, related_name="+")  # null: all
    name = models.CharField(max_length=60)
    # [{id, question, weight (1 to 10), is_critical}]: a critical one that fails makes the score 0.
    checks = models.JSONField(default=list)
    sample_percent = models.PositiveSmallIntegerField(default=100)  # of the calls that end
    pass_mark = models.PositiveSmallIntegerField(default=70)  # below it a call is put up for review
    revision = models.PositiveIntegerField(default=1)  # goes up when its checks change
    is_active = models.BooleanField(default=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("workspace", "name", name="one_scorecard_per_name")]

    def __str__(self) -> str:
        return self.name


class Score(Row):
    """A call by a scorecard. What a person says of a check stands beside what the model said."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="scores")
    scorecard = models.ForeignKey(Scorecard, on_delete=models.CASCADE, related_name="scores")
    revision = models.PositiveIntegerField()  # of the scorecard
    # [{id, question, weight, is_critical, ok (null: it does not apply), reason, turn}]
    checks = models.JSONField(default=list)
    points = models.PositiveSmallIntegerField(null=True)  # the model's, 0 to 100; null: nothing applied
    model = models.CharField(max_length=120, blank=True)
    judged_at = models.DateTimeField()
    overrides = models.JSONField(default=dict)  # {check's id: true | false | null}
    people_points = models.PositiveSmallIntegerField(null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("call", "scorecard", name="one_score_per_scorecard")]
        indexes = [models.Index(fields=["workspace", "-judged_at"], name="scores_by_time")]

    def __str__(self) -> str:
        return f"{self.scorecard_id} of {self.call_id}"


class Topic(Row):
    """What calls are about, as a workspace names it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=400)
    is_active = models.BooleanField(default=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("workspace", "name", name="one_topic_per_name")]

    def __str__(self) -> str:
        return self.name


class Reading(Row):
    """Many calls that are read again, for fields, scorecards or topics that were not there before."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    query = models.CharField(max_length=4_000, blank=True)  # which calls: the list's address
    zone = models.CharField(max_length=80, default="UTC")  # whose days the query means
    what = models.JSONField(default=list)  # of "fields", "scorecards", "topics"
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    about = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    estimate_usd = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    last_call = models.UUIDField(null=True)  # where it goes on
    reason = models.CharField(max_length=200, blank=True)  # why it ended before its end
    alive_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created_at"], name="readings_by_time")]

    def __str__(self) -> str:
        return f"reading, {self.status}"
