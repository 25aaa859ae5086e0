"""Agents and the models they may use. What an agent was told is evidence: a version never changes.

Providers, models and budgets are held to the rules of the settings' pages, and each act is in the audit log.
"""

import json
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from agents import provision
from agents.models import (
    Agent,
    AgentDraft,
    AgentVersion,
    Budget,
    LanguageModel,
    ModelCall,
    PlatformCopy,
    Provider,
    Tool,
)
from agents.publishing.masks import without_key
from agents.setup.forms import ModelForm, check_hedge, checked_options
from agents.spending import budgets
from agents.testing import admin as admin_of_tests  # noqa: F401  it registers what it has
from agents.tooling import changes as tool_changes
from agents.tooling.admin_form import ToolAdminForm
from base.admin import Evidence, Rows, SecretsForm, is_set, readable, shown, shown_json
from base.forms import checked_address

IN_WORKSPACE = ("workspace", AutocompleteSelectFilter)


class Recorded(Rows):
    """Rows whose every change is in the audit log."""

    def save_model(self, request: HttpRequest, obj: Any, form: SecretsForm, change: bool) -> None:
        if change:
            before = type(obj).objects.get(pk=obj.pk)
            provision.edit(before, form.cleaned_data, by=request.user.pk)
        else:
            obj.pk = self.create(dict(form.cleaned_data), request.user.pk).pk

    def create(self, fields: dict[str, Any], by: Any) -> Any:
        """A row with all that was typed."""
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        provision.delete(obj, by=request.user.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            provision.delete(row, by=request.user.pk)


@admin.register(Agent)
class Agents(Recorded):
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
        "hosting",
        "live_version",
        "cache_seconds",
        "prefetches",
        "call_cap_usd",
    )
    readonly_fields = ("live_version",)

    def create(self, fields: dict[str, Any], by: Any) -> Agent:
        return provision.create_agent(fields.pop("workspace"), fields, by=by)


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
        "name",
        "workspace",
        "prompt_shown",
        "first_message",
        "voice",
        "language",
        "speed",
        "tier",
        "chain_shown",
        "temperature",
        "tools_shown",
        "variables_shown",
        "rules_shown",
        "note",
        "created_by",
        "created_at",
    )
    chain_shown = readable("chain")
    tools_shown = readable("tools")
    variables_shown = readable("variables")
    rules_shown = readable("rules")

    @admin.display(description="Prompt")
    def prompt_shown(self, row: AgentVersion) -> str:
        return shown(row.prompt)


@admin.register(AgentDraft)
class Drafts(Evidence):
    """Written in the editor, where those who write it at once are merged."""

    list_display = ("agent", "workspace", "revision", "edited_by", "edited_at")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("workspace", "agent", "edited_by")
    ids = ("id", "agent")
    search_help_text = "A whole id: of the draft or its agent"
    fields = ("agent", "workspace", "base", "revision", "content_shown", "edited_by", "edited_at")
    content_shown = readable("content")


@admin.register(PlatformCopy)
class Copies(Evidence):
    list_display = ("agent", "workspace", "version", "put_at", "checked_at", "error")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("workspace", "agent", "version__agent")
    ids = ("id", "agent")
    search_help_text = "A whole id: of the copy or its agent"
    fields = (
        "agent",
        "workspace",
        "version",
        "ours_shown",
        "theirs_shown",
        "differences_shown",
        "put_at",
        "checked_at",
        "error",
    )
    differences_shown = readable("differences")

    @admin.display(description="Ours")
    def ours_shown(self, row: PlatformCopy) -> str:
        return shown_json(without_key(row.agent, row.ours))

    @admin.display(description="Theirs")
    def theirs_shown(self, row: PlatformCopy) -> str:
        return shown_json(without_key(row.agent, row.theirs))


@admin.register(Tool)
class Tools(Recorded):
    form = ToolAdminForm
    list_display = ("name", "method", "workspace", "url", "has_headers")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    autocomplete_fields = ("workspace",)
    fields = (
        "workspace",
        "name",
        "description",
        "parameters",
        "method",
        "url",
        "headers",
        "timeout_ms",
        "retries",
    )
    has_headers = is_set("headers", "Headers")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple:
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "name") if obj else fields  # versions know it by that

    def create(self, fields: dict[str, Any], by: Any) -> Tool:
        return provision.create_tool(fields.pop("workspace"), fields, by=by)

    def delete_model(self, request: HttpRequest, obj: Tool) -> None:
        try:
            tool_changes.delete(obj, by=request.user.pk)
        except tool_changes.InUse as used:
            told = f"{obj.name} stays: {used} uses it. Publish a version without it first."
            self.message_user(request, told, messages.ERROR)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for tool in queryset:
            self.delete_model(request, tool)


class Switched(Recorded):
    """Rows with a switch. What is off is not asked."""

    actions = ("enable", "disable")

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, rows: QuerySet) -> None:
        self._switch(request, rows, "Enabled", enabled=True)

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, rows: QuerySet) -> None:
        self._switch(request, rows, "Disabled", enabled=False)

    def _switch(self, request: HttpRequest, rows: QuerySet, done: str, *, enabled: bool) -> None:
        changed = [row for row in rows if provision.edit(row, {"enabled": enabled}, by=request.user.pk)]
        self.message_user(request, f"{done}: {len(changed)}.", messages.SUCCESS)


class ProviderForm(SecretsForm):
    def clean_base_url(self) -> str:
        value = self.cleaned_data["base_url"]
        if "base_url" not in self.changed_data:
            return value
        return checked_address(value, also=settings.MODEL_HOSTS)


@admin.register(Provider)
class Providers(Switched):
    form = ProviderForm
    list_display = ("name", "kind", "workspace", "has_api_key", "enabled")
    list_filter = ("kind", "enabled", IN_WORKSPACE)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    autocomplete_fields = ("workspace",)
    fields = ("workspace", "name", "kind", "base_url", "api_key", "enabled")
    has_api_key = is_set("api_key", "API key")

    def create(self, fields: dict[str, Any], by: Any) -> Provider:
        return provision.create_provider(fields.pop("workspace"), fields, by=by)


class LanguageModelForm(SecretsForm):
    def clean_options(self) -> dict[str, Any]:
        return checked_options(json.dumps(self.cleaned_data["options"] or {}))

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for name, field in ModelForm.base_fields.items():
            try:
                field.run_validators(values.get(name))
            except ValidationError as wrong:
                self.add_error(name, wrong)
        if wrong := check_hedge(values.get("hedge_ms"), values.get("timeout_ms")):
            self.add_error("hedge_ms", wrong)
        return values


@admin.register(LanguageModel)
class LanguageModels(Switched):
    form = LanguageModelForm
    list_display = ("name", "provider", "workspace", "tier", "rank", "price_in", "price_out", "enabled")
    list_filter = ("tier", "enabled", IN_WORKSPACE)
    list_select_related = ("workspace", "provider")
    search_fields = ("name",)
    autocomplete_fields = ("workspace", "provider")

    def create(self, fields: dict[str, Any], by: Any) -> LanguageModel:
        del fields["workspace"]  # its provider's: no form takes another
        return provision.create_model(fields.pop("provider"), fields, by=by)


class BudgetForm(SecretsForm):
    def clean(self) -> dict:
        values = super().clean() or {}
        if not self.errors and (wrong := budgets.check(values["soft_usd"], values["hard_usd"])):
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

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple:
        fields = super().get_readonly_fields(request, obj)
        # Of another agent or period it would be another budget, and what is counted for it another's.
        return (*fields, "agent", "period") if obj else fields

    def save_model(self, request: HttpRequest, obj: Budget, form: BudgetForm, change: bool) -> None:
        limits: Any = {"soft": obj.soft_usd, "hard": obj.hard_usd, "by": request.user.pk}
        if change:
            budgets.change(obj, **limits)
        else:
            obj.pk = budgets.add(obj.workspace_id, obj.agent, obj.period, **limits).pk

    def delete_model(self, request: HttpRequest, obj: Budget) -> None:
        budgets.remove(obj, by=request.user.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Budget]) -> None:
        for budget in queryset:
            budgets.remove(budget, by=request.user.pk)


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
