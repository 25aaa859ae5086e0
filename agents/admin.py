"""Agents and the models they may use. What an agent was told is evidence: a version never changes."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from agents.models import Agent, AgentVersion, Budget, LanguageModel, ModelCall, Provider, Tool
from agents.spending.budgets import check
from base.admin import Evidence, Rows, SecretsForm, is_set, readable, shown

IN_WORKSPACE = ("workspace", AutocompleteSelectFilter)


@admin.register(Agent)
class Agents(Rows):
    """Its key is not shown: whoever has it speaks as the platform."""

    list_display = ("name", "topic", "workspace", "connection", "live_version")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("workspace", "connection", "live_version__agent")
    search_fields = ("name", "platform_agent_id")
    autocomplete_fields = ("workspace", "connection")
    fields = (
        "workspace",
        "name",
        "topic",
        "connection",
        "platform_agent_id",
        "live_version",
        "cache_seconds",
        "prefetches",
        "call_cap_usd",
    )
    readonly_fields = ("live_version",)


@admin.register(AgentVersion)
class Versions(Evidence):
    list_display = ("agent", "number", "tier", "note", "created_by", "created_at")
    list_filter = ("tier", IN_WORKSPACE)
    list_select_related = ("agent", "created_by")
    ids = ("id", "agent")
    search_help_text = "A whole id: of the version or its agent"
    fields = (
        "agent",
        "number",
        "workspace",
        "prompt_shown",
        "first_message",
        "voice",
        "language",
        "tier",
        "temperature",
        "tools_shown",
        "note",
        "created_by",
        "created_at",
    )
    tools_shown = readable("tools")

    @admin.display(description="Prompt")
    def prompt_shown(self, row: AgentVersion) -> str:
        return shown(row.prompt)


@admin.register(Tool)
class Tools(Rows):
    list_display = ("name", "workspace", "url", "timeout_ms")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    autocomplete_fields = ("workspace",)
    fields = ("workspace", "name", "description", "parameters", "url", "timeout_ms")


class Switched(Rows):
    """Rows with a switch. What is off is not asked."""

    actions = ("enable", "disable")

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, rows: QuerySet) -> None:
        self.message_user(request, f"Enabled: {rows.update(enabled=True)}.", messages.SUCCESS)

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, rows: QuerySet) -> None:
        self.message_user(request, f"Disabled: {rows.update(enabled=False)}.", messages.SUCCESS)


@admin.register(Provider)
class Providers(Switched):
    list_display = ("name", "kind", "workspace", "has_api_key", "enabled")
    list_filter = ("kind", "enabled", IN_WORKSPACE)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    autocomplete_fields = ("workspace",)
    fields = ("workspace", "name", "kind", "base_url", "api_key", "enabled")
    has_api_key = is_set("api_key", "API key")


@admin.register(LanguageModel)
class LanguageModels(Switched):
    list_display = ("name", "provider", "workspace", "tier", "rank", "price_in", "price_out", "enabled")
    list_filter = ("tier", "enabled", IN_WORKSPACE)
    list_select_related = ("workspace", "provider")
    search_fields = ("name",)
    autocomplete_fields = ("workspace", "provider")


class BudgetForm(SecretsForm):
    def clean(self) -> dict:
        values = super().clean() or {}
        if not self.errors and (wrong := check(values["soft_usd"], values["hard_usd"])):
            self.add_error("soft_usd", wrong)
        return values


@admin.register(Budget)
class Budgets(Rows):
    form = BudgetForm
    list_display = ("__str__", "workspace", "soft_usd", "hard_usd")
    list_filter = ("period", IN_WORKSPACE)
    list_select_related = ("workspace", "agent")
    search_fields = ("agent__name", "workspace__name")
    autocomplete_fields = ("workspace", "agent")
    fields = ("workspace", "agent", "period", "soft_usd", "hard_usd")


@admin.register(ModelCall)
class ModelCalls(Evidence):
    list_display = (
        "created_at",
        "model",
        "provider",
        "feature",
        "finish",
        "error_type",
        "first_token_ms",
        "duration_ms",
        "cost_usd",
        "workspace",
    )
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("workspace",)
    ids = ("id", "call_id", "workspace")
    search_help_text = "A whole id: of the model call, its call or its workspace"
