"""What calls sounded like, to look at: never where it was, which opens it, nor the sound itself."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence
from calls.models import Recording


@admin.register(Recording)
class Recordings(Evidence):
    list_display = ("created_at", "call_id", "status", "reason", "content_type", "size", "workspace")
    list_filter = ("status", ("workspace", AutocompleteSelectFilter))
    list_select_related = ("workspace",)
    ids = ("id", "call", "workspace")
    search_help_text = "A whole id: of the recording, its call or its workspace"
    fields = tuple(
        field.name for field in Recording._meta.fields if field.name not in ("id", "source", "file", "peaks")
    )
