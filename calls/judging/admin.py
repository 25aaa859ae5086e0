"""What calls are asked, and what they say, to look at. Definitions are changed in Settings, Analysis."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence, readable
from calls.models import CustomField, FieldValue, Reading, Score, Scorecard, Topic

IN_WORKSPACE = ("workspace", AutocompleteSelectFilter)


@admin.register(CustomField)
class CustomFields(Evidence):
    list_display = ("created_at", "name", "key", "kind", "agent", "is_active", "workspace")
    list_filter = ("kind", IN_WORKSPACE)
    list_select_related = ("agent", "workspace")
    ids = ("id", "agent")
    search_help_text = "A whole id: of the field or its agent"
    fields = (
        "workspace",
        "agent",
        "key",
        "name",
        "kind",
        "question",
        "choices_shown",
        "position",
        "is_active",
    )
    choices_shown = readable("choices")


@admin.register(FieldValue)
class FieldValues(Evidence):
    list_display = ("said_at", "call_id", "field", "model", "is_by_person")
    list_filter = ("is_by_person", IN_WORKSPACE)
    list_select_related = ("field",)
    ids = ("id", "call", "field")
    search_help_text = "A whole id: of the value, its call or field"
    fields = ("call", "field", "value_shown", "turn", "model", "said_by", "is_by_person", "said_at")
    value_shown = readable("value")


@admin.register(Scorecard)
class Scorecards(Evidence):
    list_display = ("created_at", "name", "agent", "sample_percent", "pass_mark", "is_active", "workspace")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("agent", "workspace")
    ids = ("id", "agent")
    search_help_text = "A whole id: of the scorecard or its agent"
    fields = (
        "workspace",
        "agent",
        "name",
        "checks_shown",
        "sample_percent",
        "pass_mark",
        "revision",
        "is_active",
    )
    checks_shown = readable("checks")


@admin.register(Score)
class Scores(Evidence):
    list_display = ("judged_at", "call_id", "scorecard", "points", "people_points", "model")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("scorecard",)
    ids = ("id", "call", "scorecard")
    search_help_text = "A whole id: of the score, its call or scorecard"
    fields = (
        "call",
        "scorecard",
        "revision",
        "points",
        "checks_shown",
        "model",
        "judged_at",
        "overrides_shown",
        "people_points",
        "reviewed_by",
        "reviewed_at",
    )
    checks_shown = readable("checks")
    overrides_shown = readable("overrides")


@admin.register(Topic)
class Topics(Evidence):
    list_display = ("created_at", "name", "is_active", "workspace")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("workspace",)
    ids = ("id",)
    search_help_text = "The topic’s whole id"
    fields = ("workspace", "name", "description", "is_active", "created_at")


@admin.register(Reading)
class Readings(Evidence):
    list_display = ("created_at", "status", "about", "done", "failed", "cost_usd", "workspace")
    list_filter = ("status", IN_WORKSPACE)
    list_select_related = ("workspace",)
    ids = ("id",)
    search_help_text = "The reading’s whole id"
    fields = (
        "workspace",
        "asked_by",
        "query",
        "what_shown",
        "status",
        "reason",
        "about",
        "done",
        "failed",
        "estimate_usd",
        "cost_usd",
        "last_call",
        "alive_at",
        "ended_at",
        "created_at",
    )
    what_shown = readable("what")
