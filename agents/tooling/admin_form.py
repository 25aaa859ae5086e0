"""A tool as the admin has it, held to the rules of the editor's form."""

import json
from typing import Any

from django.core.exceptions import ValidationError

from agents.tooling.forms import (
    check_places,
    checked_headers,
    checked_name,
    checked_schema,
    checked_url,
    origin,
)
from base.admin import ANOTHER_ADDRESS, SecretsForm


class ToolAdminForm(SecretsForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if "parameters" in self.fields:  # not for those who may only look
            self.fields["parameters"].required = False  # Django takes {} for nothing

    def clean_name(self) -> str:
        return checked_name(self.cleaned_data["name"])

    def clean_url(self) -> str:
        value = self.cleaned_data["url"]
        return checked_url(value) if "url" in self.changed_data else value

    def clean_parameters(self) -> dict[str, Any]:
        return checked_schema(json.dumps(self.cleaned_data["parameters"] or {}))

    def clean_headers(self) -> str:
        return checked_headers(self.cleaned_data["headers"])

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data.get("headers")
        values = super().clean()
        if self.errors:
            return values
        if wrong := check_places(values["url"], values["parameters"]):
            self.add_error("url", ValidationError(wrong))
            return values
        # The instance has its old address until the form is saved.
        was = self.initial.get("url", "")
        if not typed and values["headers"] and origin(values["url"]) != origin(was):
            self.add_error("headers", ValidationError(ANOTHER_ADDRESS))
        return values
