"""Files that lists were made into, to look at: what was asked for, not what is in them."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence
from calls.models import Export


@admin.register(Export)
class Exports(Evidence):
    list_display = ("created_at", "asked_by", "format", "status", "done", "about", "size", "workspace")
    list_filter = ("status", "format", ("workspace", AutocompleteSelectFilter))
    list_select_related = ("asked_by", "workspace")
    ids = ("id", "asked_by", "workspace")
    search_help_text = "A whole id: of the export, whoever asked for it or its workspace"
    fields = tuple(field.name for field in Export._meta.fields if field.name != "id")
