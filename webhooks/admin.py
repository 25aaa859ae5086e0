"""What platforms told us, to look at and to replay."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence, readable, shown
from webhooks import doorbell
from webhooks.models import Delivery, Unproven
from webhooks.services import replay


@admin.register(Delivery)
class Deliveries(Evidence):
    list_display = (
        "created_at",
        "kind",
        "platform_call_id",
        "status",
        "attempts",
        "processing_ms",
        "repeats",
        "error",
        "connection",
    )
    list_filter = ("status", ("workspace", AutocompleteSelectFilter))
    list_select_related = ("connection",)
    ids = ("id", "call", "connection", "workspace")
    values = ("call__platform_call_id", "digest")
    search_help_text = "A whole id: of the delivery, its call, connection or workspace, or the platform’s"
    fields = (
        *(field.name for field in Delivery._meta.fields if field.name not in ("id", "body", "headers")),
        "headers_shown",
        "body_shown",
    )
    headers_shown = readable("headers")
    actions = ("replay_chosen",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).defer("body", "headers")

    @admin.display(description="Body")
    def body_shown(self, row: Delivery) -> str:
        return "Erased" if row.body is None else shown(bytes(row.body).decode(errors="backslashreplace"))

    @admin.action(description="Replay", permissions=["replay"])
    def replay_chosen(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        replayed = sum(1 for _ in replay(chosen, by=request.user.pk))
        doorbell.ring()
        self.message_user(request, f"To be applied again: {replayed}.", messages.SUCCESS)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_delivery")


@admin.register(Unproven)
class UnprovenAttempts(Evidence):
    list_display = ("connection", "count", "last_at")
    list_filter = (("workspace", AutocompleteSelectFilter),)
    list_select_related = ("connection",)
    ids = ("id", "connection", "workspace")
    search_help_text = "A whole id: of the connection or its workspace"
    fields = ("connection", "workspace", "count", "last_at", "recent_shown")
    recent_shown = readable("recent", "The last of them")
