"""What is left of callers who were forgotten, and what must not be: to look at."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence, readable
from calls.models import Erasure, LegalHold, Tombstone

IN_WORKSPACE = ("workspace", AutocompleteSelectFilter)


@admin.register(Erasure)
class Erasures(Evidence):
    list_display = ("created_at", "status", "about", "done", "held", "live", "ended_at", "workspace")
    list_filter = ("status", IN_WORKSPACE)
    list_select_related = ("workspace",)
    ids = ("id", "workspace", "asked_by")
    search_help_text = "A whole id: of the erasure, who asked for it or its workspace"
    # Not whom it is about.
    fields = (
        "status",
        "about",
        "done",
        "held",
        "live",
        "counts_shown",
        "asked_by",
        "alive_at",
        "ended_at",
        "created_at",
    )
    counts_shown = readable("counts")


@admin.register(Tombstone)
class Tombstones(Evidence):
    list_display = ("created_at", "digest", "workspace")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("workspace",)
    ids = ("id",)
    search_help_text = "A whole id"
    fields = ("digest", "workspace", "created_at")


@admin.register(LegalHold)
class LegalHolds(Evidence):
    list_display = ("created_at", "call_id", "placed_by", "lifted_at", "workspace")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("placed_by", "workspace")
    ids = ("id", "call", "workspace")
    search_help_text = "A whole id: of the hold, its call or its workspace"
    fields = ("call", "caller", "reason", "placed_by", "created_at", "lifted_at", "lifted_by")
