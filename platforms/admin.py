"""Accounts at voice platforms. Their webhook secrets are rotated under Settings → Connections."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Rows, SecretsForm, is_set
from base.forms import checked_address
from platforms import services
from platforms.models import Connection


class ConnectionForm(SecretsForm):
    def clean_base_url(self) -> str:
        value = self.cleaned_data["base_url"]
        return checked_address(value) if "base_url" in self.changed_data else value


@admin.register(Connection)
class Connections(Rows):
    form = ConnectionForm
    list_display = ("name", "platform", "workspace", "has_api_key", "has_webhook_secret", "is_rotating")
    list_filter = ("platform", ("workspace", AutocompleteSelectFilter))
    list_select_related = ("workspace",)
    search_fields = ("name",)
    autocomplete_fields = ("workspace",)
    fields = ("workspace", "platform", "name", "base_url", "api_key")
    has_api_key = is_set("api_key", "API key")
    has_webhook_secret = is_set("webhook_secret", "Webhook secret")
    is_rotating = is_set("previous_webhook_secret", "Rotating")

    def get_fields(self, request: HttpRequest, obj=None):
        return (*self.fields, "has_webhook_secret", "is_rotating", "rotated_at") if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj=None) -> tuple:
        fields = super().get_readonly_fields(request, obj)
        # The platform is in the address that it posts to.
        return (*fields, "platform", "has_webhook_secret", "is_rotating", "rotated_at") if obj else fields

    def save_model(self, request: HttpRequest, obj: Connection, form, change: bool) -> None:
        by = request.user.pk
        if change:
            before = Connection.objects.get(pk=obj.pk)
            services.edit(before, name=obj.name, base_url=obj.base_url, api_key=obj.api_key, by=by)
        else:
            made = services.create(
                obj.workspace, obj.platform, obj.name, base_url=obj.base_url, api_key=obj.api_key, by=by
            )
            obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: Connection) -> None:
        services.delete(obj, by=request.user.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        for connection in queryset:
            services.delete(connection, by=request.user.pk)
