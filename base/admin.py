"""What every room's admin shares: rows to edit, evidence that cannot be, and secrets that never show."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Field, Model, Q, QuerySet, URLField
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget

from base.fields import EncryptedTextField

MOST_LISTED = 5_000  # rows that are counted and paged through; beyond them, search
MOST_SHOWN = 20_000  # characters of one value
KEPT = "Set. Leave empty to keep it."
NOT_SET = "Not set."
ANOTHER_ADDRESS = "Type it again: it would go to another address."


class BoundedPaginator(Paginator):
    """Counts so far and no further: a table of evidence has millions of rows."""

    object_list: QuerySet

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:MOST_LISTED].count()


class SecretsForm(forms.ModelForm):
    """Keeps a secret that was left empty, and keeps rows of different workspaces apart."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for field in self._meta.model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField) and field.name in cleaned and not cleaned[field.name]:
                cleaned[field.name] = getattr(self.instance, field.name)
                if cleaned[field.name] and cleaned.get("base_url") and "base_url" in self.changed_data:
                    # Nobody who cannot read a secret may have it sent to an address of their own.
                    self.add_error(field.name, ValidationError(ANOTHER_ADDRESS))
        workspace = cleaned.get("workspace", getattr(self.instance, "workspace", None))
        for name, value in list(cleaned.items()):
            if isinstance(value, Model) and getattr(value, "workspace", workspace) != workspace:
                self.add_error(name, ValidationError("This belongs to another workspace."))
        return cleaned


class Rows(ModelAdmin):
    """Rows that people may edit. Searched by whole ids, or by the columns in `search_fields`."""

    form = SecretsForm
    ordering = ("-id",)
    list_per_page = 50
    list_fullwidth = True
    list_filter_submit = True
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count for every choice of every filter
    warn_unsaved_form = True
    paginator = BoundedPaginator

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple:
        fields = tuple(super().get_readonly_fields(request, obj))
        # A row never moves to another workspace: what hangs off it would stay behind.
        moves = obj is not None and any(field.name == "workspace" for field in self.opts.concrete_fields)
        return (*fields, "workspace") if moves else fields

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs) -> forms.Field | None:
        if isinstance(db_field, EncryptedTextField):
            return forms.CharField(
                label=db_field.verbose_name.capitalize(),
                required=False,
                widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
            )
        if isinstance(db_field, URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        for field in self.opts.concrete_fields:
            if isinstance(field, EncryptedTextField) and field.name in form.base_fields:
                is_set = obj is not None and bool(getattr(obj, field.name))
                form.base_fields[field.name].help_text = KEPT if is_set else NOT_SET
        return form


class Evidence(Rows):
    """What happened. It is shown, and never added to, changed or deleted.

    Found by a whole id in `ids` or a whole value in `values`: columns that an index follows.
    """

    ids: tuple[str, ...] = ("id",)
    values: tuple[str, ...] = ()
    search_fields: tuple[str, ...] = ("id",)  # so that there is a box to type into
    search_help_text = "A whole id"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q()
        # There are platforms whose own ids look like ours.
        for name in (*self.ids, *self.values) if is_id(term) else self.values:
            wanted |= Q(**{name: term})
        return (queryset.filter(wanted) if wanted else queryset.none()), False


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


# --- How values are shown -------------------------------------------------------------------------------


def shown(text: str) -> SafeString | str:
    """A text of any length, as it is, up to a limit."""
    rest = len(text) - MOST_SHOWN
    text = f"{text[:MOST_SHOWN]}\n… and {rest:,} more characters" if rest > 0 else text
    return format_html('<pre class="whitespace-pre-wrap break-words text-xs">{}</pre>', text) if text else "–"


def shown_json(value: Any) -> SafeString | str:
    return shown("" if value is None else json.dumps(value, indent=2, ensure_ascii=False))


def readable(field: str, label: str = "") -> Callable:
    """A JSON column of a model, for `fields`: `data_shown = readable("data")`."""

    @admin.display(description=label or field.replace("_", " ").capitalize())
    def show(self, row: Model) -> SafeString | str:
        return shown_json(getattr(row, field))

    return show


def is_set(field: str, label: str) -> Callable:
    """Whether a secret is there, for `list_display`."""

    @admin.display(description=label, boolean=True)
    def show(self, row: Model) -> bool:
        return bool(getattr(row, field))

    return show
