"""What people said about calls, to look at. Lists hold no words; one row's page has them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence, shown
from calls.models import Note, Review

IN_WORKSPACE = ("workspace", AutocompleteSelectFilter)


@admin.register(Note)
class Notes(Evidence):
    list_display = ("created_at", "call_id", "turn_id", "answers_id", "author", "resolved_at", "deleted_at")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("author",)
    ids = ("id", "call", "author", "answers")
    search_help_text = "A whole id: of the note, its call, author or the first note of its thread"
    fields = (
        "call",
        "turn",
        "answers",
        "author",
        "text_shown",
        "created_at",
        "edited_at",
        "deleted_at",
        "resolved_at",
        "resolved_by",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Note]:
        return super().get_queryset(request).defer("text")

    @admin.display(description="Text")
    def text_shown(self, row: Note) -> str:
        return shown(row.text)


@admin.register(Review)
class Reviews(Evidence):
    list_display = ("created_at", "call_id", "reason", "added_by", "assigned_to", "done_at", "done_by")
    list_filter = ("reason", IN_WORKSPACE)
    list_select_related = ("added_by", "assigned_to", "done_by")
    ids = ("id", "call", "assigned_to", "done_by")
    search_help_text = "A whole id: of the review, its call or whoever has it or has done it"
    fields = (
        "call",
        "reason",
        "comment",
        "added_by",
        "assigned_to",
        "created_at",
        "done_at",
        "done_by",
        "verdict",
    )
