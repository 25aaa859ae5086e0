"""What browsers told us went wrong."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence, readable, shown
from observability.models import BrowserReport


@admin.register(BrowserReport)
class BrowserReports(Evidence):
    list_display = ("created_at", "kind", "message", "page", "count", "user", "version", "workspace")
    list_filter = ("kind", ("workspace", AutocompleteSelectFilter))
    list_select_related = ("user", "workspace")
    ids = ("id", "workspace")
    search_help_text = "A whole id: of the report or its workspace"
    fields = (
        *(field.name for field in BrowserReport._meta.fields if field.name not in ("id", "detail", "stack")),
        "stack_shown",
        "detail_shown",
    )
    detail_shown = readable("detail")

    @admin.display(description="Stack")
    def stack_shown(self, row: BrowserReport) -> str:
        return shown(row.stack)
