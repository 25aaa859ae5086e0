"""Lists that people keep, to look at."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence
from calls.models import SavedView


@admin.register(SavedView)
class SavedViews(Evidence):
    list_display = ("created_at", "name", "owner", "is_shared", "workspace")
    list_filter = ("is_shared", ("workspace", AutocompleteSelectFilter))
    list_select_related = ("owner", "workspace")
    ids = ("id", "owner", "workspace")
    search_help_text = "A whole id: of the view, its owner or workspace"
    fields = tuple(field.name for field in SavedView._meta.fields if field.name != "id")
