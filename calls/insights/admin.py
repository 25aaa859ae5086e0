"""What calls come to, to look at: sums alone."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence
from calls.models import Tally, TallyMark, TallyPart

IN_WORKSPACE = ("workspace", AutocompleteSelectFilter)
SEARCHED = "A whole id: of the row, its workspace, agent or version"


@admin.register(Tally)
class Tallies(Evidence):
    list_display = ("hour", "hours", "agent", "platform", "channel", "calls", "answers", "cost_usd")
    list_filter = ("hours", IN_WORKSPACE)
    list_select_related = ("agent",)
    ids = ("id", "workspace", "agent", "version")
    search_help_text = SEARCHED
    fields = tuple(field.name for field in Tally._meta.fields if field.name not in ("id", "spread"))


@admin.register(TallyPart)
class TallyParts(Evidence):
    list_display = ("hour", "hours", "kind", "name", "agent", "n", "failed", "usd")
    list_filter = ("kind", "hours", IN_WORKSPACE)
    list_select_related = ("agent",)
    ids = ("id", "workspace", "agent", "version")
    search_help_text = SEARCHED
    fields = tuple(field.name for field in TallyPart._meta.fields if field.name != "id")


@admin.register(TallyMark)
class TallyMarks(Evidence):
    list_display = ("hour", "workspace", "changed_at", "is_sealed")
    list_filter = ("is_sealed", IN_WORKSPACE)
    list_select_related = ("workspace",)
    ids = ("id", "workspace")
    search_help_text = "A whole id: of the mark or its workspace"
    fields = ("workspace", "hour", "changed_at", "is_sealed", "created_at")
