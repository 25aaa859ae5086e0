"""What happened on a call. A call is the fold of its events: `calls.services.record()` is the only writer."""

from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from accounts.models import Workspace
from agents.models import Agent, AgentVersion
from base.models import Row, WorkspaceQuerySet
from platforms.events import TurnTakenBack
from platforms.models import Connection

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=1)  # between two tries of slow work
# The platform, and what models are booked under, of conversations in which an agent is tried out.
PLAYGROUND = "playground"
# Of a call, the digits of whoever the agent talks to, without the 00 some dial before a country's code.
BARE_NUMBER = models.Func(
    models.Func(
        models.Case(
            models.When(direction="outbound", then=models.F("to_number")),
            default=models.F("from_number"),
            output_field=models.CharField(),
        ),
        models.Value(r"\D"),
        models.Value(""),
        models.Value("g"),
        function="regexp_replace",
        output_field=models.CharField(),
    ),
    models.Value("^00"),
    models.Value(""),
    function="regexp_replace",
    output_field=models.CharField(),
)
LONGEST_MS = 2**31 - 1  # what a column of milliseconds holds, 24 days; all that is later is put there


# What no list says of a call, and of its agent and version: prompts are long.
_UNLISTED = (
    "created_at", "title", "words_removed_at", "numbers_removed_at", "closed_at", "revision", "embedded_at",
    "embedded_by", "judged_at", "embed_after", "judge_after",
)  # fmt: skip
_NAMED = {"agent": (Agent, ("name", "topic")), "version": (AgentVersion, ("number",))}


class CallQuerySet(WorkspaceQuerySet):
    # Whose they are, once that has been said: what narrows them may have to look something up there.
    workspace_id: UUID | None = None

    def for_workspace(self, workspace: Any) -> Self:
        found = super().for_workspace(workspace)
        found.workspace_id = getattr(workspace, "pk", workspace)
        return found

    def _clone(self) -> Self:
        found = super()._clone()
        found.workspace_id = self.workspace_id
        return found

    def live(self) -> "CallQuerySet":
        return self.filter(ended_at=None)

    def real(self) -> "CallQuerySet":
        """Those that somebody had: not what was only tried in the playground."""
        return self.exclude(platform=PLAYGROUND)

    def listed(self) -> "CallQuerySet":
        """With the names of their agents and versions, and only the columns that lists tell of."""
        others = [
            f"{name}__{field.name}"
            for name, (model, kept) in _NAMED.items()
            for field in model._meta.concrete_fields
            if not field.primary_key and field.name not in kept
        ]
        return self.select_related("agent", "version").defer(*_UNLISTED, *others)

    def due(self, column: str) -> "CallQuerySet":
        """Those for which slow work need not wait: `column` says until when it does, if at all."""
        return self.filter(models.Q(**{column: None}) | models.Q(**{f"{column}__lte": timezone.now()}))


class Call(Row):
    """One conversation, spoken or typed. We keep what happened; its status follows from that."""

    class Channel(models.TextChoices):
        PHONE = "phone"
        WEB = "web"
        CHAT = "chat"

    class Level(models.TextChoices):
        """How closely its source lets us follow it."""

        TOKEN = "token"  # noqa: S105  a token of speech
        TURN = "turn"
        EVENT = "event"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="calls")
    channel = models.CharField(max_length=6, choices=Channel, default=Channel.PHONE)
    platform = models.CharField(max_length=20)
    platform_call_id = models.CharField(max_length=100)
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True, related_name="+")
    # Null: nobody has said yet which agent of ours the platform's is (`platform_agent_id`).
    agent = models.ForeignKey(Agent, on_delete=models.SET_NULL, null=True, related_name="calls")
    platform_agent_id = models.CharField(max_length=100, blank=True)
    version = models.ForeignKey(AgentVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    level = models.CharField(max_length=5, choices=Level, default=Level.EVENT)
    # Of a chat: who typed, and what it is called in their list.
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    title = models.CharField(max_length=120, blank=True)
    direction = models.CharField(max_length=8, blank=True)
    from_number = models.CharField(max_length=60, blank=True)
    to_number = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=80, blank=True)  # the platform's own word
    outcome = models.CharField(max_length=20, blank=True)  # platforms.events.Outcome, once it has ended
    transfer = models.CharField(
        max_length=10, blank=True
    )  # platforms.events.CallTransferred.step, the furthest
    transfer_to = models.CharField(max_length=100, blank=True)  # a number or SIP address
    summary = models.TextField(blank=True)
    sentiment = models.CharField(max_length=10, blank=True)
    successful = models.BooleanField(null=True)  # in the platform's judgement
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, default=0)  # the platform's charge
    # Escalation rules that fired: [{rule, occurrence, name, at_ms, about, do, done, say, at}, …] by time.
    alerts = models.JSONField(default=list)
    # What people and models said of it afterwards (calls/models/judging.py, notes.py).
    tags = ArrayField(
        models.CharField(max_length=40), default=list
    )  # of people; in the order of the alphabet
    topics = ArrayField(models.UUIDField(), default=list)  # of Topic
    fields = models.JSONField(default=dict)  # values of custom fields, typed, by CustomField.key
    score = models.PositiveSmallIntegerField(null=True)  # of its scorecard, 0 to 100; people's counts more
    # What lists and insights ask of every call, kept once it has ended (calls/kept.py).
    reply_p95_ms = models.PositiveIntegerField(null=True)
    total_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True)  # with the models' cost
    kept_at = models.DateTimeField(null=True)  # null: anew, as something has changed
    # When retention took what was said, or the numbers. From then on nothing more is taken in.
    words_removed_at = models.DateTimeField(null=True)
    numbers_removed_at = models.DateTimeField(null=True)
    # When its topic was finished: the last thing a watcher of the live call is told.
    closed_at = models.DateTimeField(null=True)
    turn_count = models.PositiveIntegerField(default=0)
    trace_id = models.CharField(max_length=32, blank=True)
    # Goes up with every change a watcher can see, so a browser can tell new from old.
    revision = models.PositiveIntegerField(default=0)
    # When slow work was last done about it (calls/tasks.py); null again once there is something new.
    embedded_at = models.DateTimeField(null=True)
    embedded_by = models.CharField(max_length=60, blank=True)  # the model; empty: it was not kept then
    judged_at = models.DateTimeField(null=True)  # a model was asked how it went, or nobody had to be
    # Not before: it went wrong, or somebody is at it who may have died.
    embed_after = models.DateTimeField(null=True)
    judge_after = models.DateTimeField(null=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        constraints = [
            # With the workspace: one tenant's call id must never reach another's call.
            models.UniqueConstraint("workspace", "platform", "platform_call_id", name="one_row_per_call")
        ]
        indexes = [
            models.Index(fields=["workspace", "-started_at", "-id"]),
            models.Index(fields=["workspace"], condition=models.Q(ended_at=None), name="live_calls"),
            models.Index(fields=["workspace", "-ended_at"], name="calls_by_end"),
            models.Index(fields=["ended_at"], name="calls_ended"),
            models.Index(
                fields=["workspace", "opened_by", "-started_at"],
                condition=models.Q(channel="chat"),
                name="chats_of_people",
            ),
            models.Index(
                fields=["connection", "platform_agent_id"],
                condition=models.Q(agent=None),
                name="calls_without_agent",
            ),
            # The calls of one caller, newest first.
            models.Index(
                fields=["workspace", "from_number", "-started_at"],
                condition=~models.Q(from_number=""),
                name="calls_from",
            ),
            models.Index(
                fields=["workspace", "to_number", "-started_at"],
                condition=models.Q(direction="outbound") & ~models.Q(to_number=""),
                name="calls_to",
            ),
            # None of their columns changes while a call goes on: its row is written for every turn.
            models.Index(fields=["started_at"], condition=models.Q(embedded_at=None), name="calls_to_embed"),
            models.Index(
                fields=["embedded_by", "started_at"],
                condition=models.Q(embedded_at__isnull=False),
                name="calls_embedded_by",
            ),
            models.Index(fields=["started_at"], condition=models.Q(judged_at=None), name="calls_to_judge"),
            models.Index(fields=["started_at"], condition=models.Q(kept_at=None), name="calls_to_keep"),
            # What lists are narrowed and sorted by. These columns are written once a call has ended.
            models.Index(
                fields=["workspace", "total_usd", "id"],
                condition=models.Q(total_usd__isnull=False),
                name="calls_by_cost",
            ),
            models.Index(
                fields=["workspace", "reply_p95_ms", "id"],
                condition=models.Q(reply_p95_ms__isnull=False),
                name="calls_by_latency",
            ),
            models.Index(
                fields=["workspace", "score", "id"],
                condition=models.Q(score__isnull=False),
                name="calls_by_score",
            ),
            models.Index(
                models.F("workspace"),
                models.ExpressionWrapper(
                    models.F("ended_at") - models.F("started_at"), output_field=models.DurationField()
                ),
                models.F("id"),
                name="calls_by_length",
            ),
            models.Index(
                fields=["workspace", "outcome", "-started_at", "-id"],
                condition=~models.Q(outcome=""),
                name="calls_by_outcome",
            ),
            models.Index(
                fields=["workspace", "sentiment", "-started_at", "-id"],
                condition=~models.Q(sentiment=""),
                name="calls_by_sentiment",
            ),
            models.Index(
                fields=["workspace", "channel", "-started_at", "-id"],
                condition=~models.Q(channel="phone"),
                name="calls_by_channel",
            ),
            models.Index(
                fields=["workspace", "-started_at", "-id"],
                condition=~models.Q(alerts=[]),
                name="calls_escalated",
            ),
            models.Index(fields=["workspace"], condition=~models.Q(tags=[]), name="calls_tagged"),
            # Whom they are forgotten by, and what is removed of them once it is old enough (calls/privacy/).
            models.Index(models.F("workspace"), BARE_NUMBER, name="calls_by_bare_number"),
            models.Index(
                fields=["workspace", "ended_at"],
                condition=models.Q(words_removed_at=None),
                name="calls_with_words",
            ),
            models.Index(
                fields=["workspace", "ended_at"],
                condition=models.Q(numbers_removed_at=None),
                name="calls_with_numbers",
            ),
            GinIndex(fields=["tags"], name="calls_by_tag"),
            GinIndex(fields=["topics"], name="calls_by_topic"),
            GinIndex(fields=["fields"], opclasses=["jsonb_path_ops"], name="calls_by_field"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.platform_call_id}"

    @property
    def is_real(self) -> bool:
        """Whether somebody had it. What was only tried in the playground counts nowhere."""
        return self.platform != PLAYGROUND

    @property
    def version_label(self) -> str:
        """Which version answers, "v14"; in the playground it may be a "Draft". Empty: that is not known."""
        if self.version:
            return f"v{self.version.number}"
        return "" if self.is_real else "Draft"

    @property
    def status(self) -> str:
        if self.ended_at is None:
            return "live"
        return "failed" if self.outcome in ("failed", "not_connected") else "ended"

    def standing(self) -> "models.QuerySet[Turn]":
        """Its turns but those that were taken back in a chat, by number; without how they streamed."""
        back = Event.objects.filter(call=self, kind=TurnTakenBack.__name__).values("turn")
        return self.turns.exclude(key__in=back).defer("stream", "words").order_by("n")

    @property
    def caller_number(self) -> str:
        """The number of whoever the agent talks to; empty where there is none."""
        return self.to_number if self.direction == "outbound" else self.from_number

    def next_try(self) -> datetime:
        """When slow work that went wrong is tried again: as late again as it is now, so ever more seldom."""
        now = timezone.now()
        return now + min(max(now - (self.ended_at or self.started_at), SOONEST), LATEST)

    @property
    def duration_ms(self) -> int | None:
        """How long it took; None while it goes on."""
        if self.ended_at is None:
            return None
        return max(0, (self.ended_at - self.started_at) // timedelta(milliseconds=1))


class Turn(Row):
    """Something said, or something done by a tool. Its number never changes: links to it are for ever."""

    class Role(models.TextChoices):
        CALLER = "caller"
        AGENT = "agent"
        TOOL = "tool"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="turns")
    key = models.CharField(max_length=120)  # the source's own identity for it
    n = models.PositiveIntegerField()
    role = models.CharField(max_length=6, choices=Role)
    text = models.TextField(blank=True)  # of a tool: its result
    start_ms = models.PositiveIntegerField()
    end_ms = models.PositiveIntegerField(null=True)
    words = models.JSONField(default=list)  # [[text, start_ms, end_ms], …]
    stream = models.JSONField(default=list)  # [[ms since the call began, what was added], …]
    heard = models.TextField(null=True)  # what the caller heard of it before cutting in; null: all
    reply_ms = models.PositiveIntegerField(null=True)
    mood = models.FloatField(null=True)  # of a caller's: from -1, angry, to 1, delighted
    model = models.CharField(max_length=120, blank=True)
    fallback = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=20, blank=True)
    tool_name = models.CharField(max_length=64, blank=True)
    tool_arguments = models.JSONField(null=True)
    tool_ok = models.BooleanField(null=True)  # null: still running

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["n"]
        constraints = [
            models.UniqueConstraint("call", "key", name="one_turn_per_key"),
            # Checked at commit: taking in a late fact may move several numbers at once.
            models.UniqueConstraint(
                fields=["call", "n"], name="one_turn_per_number", deferrable=models.Deferrable.DEFERRED
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "created_at"],
                condition=models.Q(reply_ms__isnull=False),
                name="answers_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"turn {self.n}, {self.role}"


class Event(Row):
    """A fact as it was told to us, kept so that the call can be folded again."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="events")
    key = models.CharField(max_length=200)
    turn = models.CharField(max_length=120, blank=True)  # the turn it is about; empty: the call itself
    kind = models.CharField(max_length=30)  # the event's class in platforms/events.py
    source = models.CharField(max_length=10)  # who told us: calls/fold.py has the list
    at = models.DateTimeField()
    data = models.JSONField()

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("call", "source", "key", name="one_event_per_key")]
        indexes = [models.Index(fields=["call", "turn"])]
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
