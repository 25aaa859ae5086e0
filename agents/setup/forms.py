"""What is typed, or sent to the API, of providers and models, checked with words that say what to do."""

import json
from typing import Any

from django import forms
from django.conf import settings

from agents.models import LanguageModel, Provider, Tier
from base.forms import MOST_SECRET, PartForm, check_secret, checked_address
from platforms.clean import clean

# What Earshot says itself in every request, and what would make an answer unreadable.
OURS = {"model", "messages", "system", "tools", "temperature", "max_tokens", "max_completion_tokens"} | {
    "stream",
    "stream_options",
    "n",
}
MOST_OPTIONS = 4_000  # characters


class ProviderForm(PartForm):
    """A provider. With `current`, an edit of it: an empty key leaves its key alone."""

    part = "provider"
    name = forms.CharField(max_length=80, error_messages={"required": "Give it a name."})
    kind = forms.ChoiceField(
        choices=Provider.Kind.choices, error_messages={"invalid_choice": "Choose what it speaks."}
    )
    base_url = forms.CharField(required=False, max_length=200)
    api_key = forms.CharField(required=False, max_length=MOST_SECRET, widget=forms.PasswordInput)
    forget_api_key = forms.BooleanField(required=False)

    def __init__(self, *args, others, current: Provider | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.others, self.current = others, current

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if self.others.filter(name__iexact=name).exists():
            raise forms.ValidationError("Another provider has that name.")
        return name

    def clean_base_url(self) -> str:
        value = self.cleaned_data["base_url"]
        if self.current and value == self.current.base_url:
            return value  # whoever put it there may have been allowed to
        return checked_address(value, also=settings.MODEL_HOSTS)

    def clean_api_key(self) -> str:
        return check_secret(self.cleaned_data["api_key"], least=1)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        current = self.current
        if current is None or self.errors or values["api_key"] or values["forget_api_key"]:
            return values
        if current.api_key and values["base_url"] != current.base_url:
            # Whoever may choose the address could otherwise have the key sent to their own, and read it.
            self.add_error("api_key", "Type the key again: it would go to another address.")
        return values

    @property
    def fields_typed(self) -> dict[str, Any]:
        """Of a valid form: what is to be stored. Without `api_key` where that stays as it is."""
        typed = {name: self.cleaned_data[name] for name in ("name", "kind", "base_url")}
        if self.cleaned_data["forget_api_key"]:
            typed["api_key"] = ""
        elif self.cleaned_data["api_key"] or self.current is None:
            typed["api_key"] = self.cleaned_data["api_key"]
        return typed


class ModelForm(PartForm):
    """A model at a provider."""

    part = "model"
    name = forms.RegexField(
        r"^[!-~]+$",
        max_length=120,
        error_messages={"required": "Give its name.", "invalid": "A model’s name has no spaces or accents."},
    )
    tier = forms.ChoiceField(choices=Tier.choices)
    rank = forms.IntegerField(min_value=0, max_value=999)
    context_tokens = forms.IntegerField(min_value=256, max_value=100_000_000)
    price_in = forms.DecimalField(min_value=0, max_digits=10, decimal_places=4)
    price_out = forms.DecimalField(min_value=0, max_digits=10, decimal_places=4)
    price_cached = forms.DecimalField(required=False, min_value=0, max_digits=10, decimal_places=4)
    timeout_ms = forms.IntegerField(min_value=100, max_value=300_000)
    retries = forms.IntegerField(min_value=0, max_value=5)
    hedge_ms = forms.IntegerField(required=False, min_value=50, max_value=300_000)
    takes_temperature = forms.BooleanField(required=False)
    options = forms.CharField(
        required=False,
        max_length=MOST_OPTIONS,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def __init__(self, *args, others, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.others = others

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if self.others.filter(name=name).exists():
            raise forms.ValidationError("This provider has a model of that name.")
        return name

    def clean_options(self) -> dict[str, Any]:
        return checked_options(self.cleaned_data["options"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if wrong := check_hedge(values.get("hedge_ms"), values.get("timeout_ms")):
            self.add_error("hedge_ms", wrong)
        return values


class DeleteForm(PartForm):
    """Its name, typed again."""

    part = "delete"
    name = forms.CharField(max_length=120, error_messages={"required": "Type the name to delete it."})

    def __init__(self, *args, expected: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        if self.cleaned_data["name"] != self.expected:
            raise forms.ValidationError("That is not its name.")
        return self.cleaned_data["name"]


def initial_of(model: LanguageModel) -> dict[str, Any]:
    """What a form begins with. Prices without the zeros that only their column has."""
    values = {name: getattr(model, name) for name in ModelForm.base_fields}
    for name in ("price_in", "price_out", "price_cached"):
        if values[name] is not None:
            values[name] = f"{values[name].normalize():f}"
    values["options"] = json.dumps(model.options, indent=2) if model.options else ""
    return values


def check_hedge(hedge_ms: int | None, timeout_ms: int | None) -> str:
    """What is wrong with the two in one sentence, or nothing."""
    late = hedge_ms is not None and timeout_ms is not None and hedge_ms >= timeout_ms
    return "That is no sooner than the time-out." if late else ""


def checked_options(text: str) -> dict[str, Any]:
    """A JSON object with nothing in it that Earshot says itself. Raises ValidationError."""
    if not text:
        return {}
    try:
        options = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise forms.ValidationError(f"This is not JSON: {error.msg.lower()}, {where}.") from None
    except (ValueError, RecursionError):
        raise forms.ValidationError("This is not JSON that can be sent.") from None
    if not isinstance(options, dict):
        raise forms.ValidationError('Give an object, such as {"reasoning_effort": "none"}.')
    if ours := sorted(OURS & options.keys()):
        raise forms.ValidationError(f"Earshot says {', '.join(ours)} itself.")
    return clean(options)


def _refuse(constant: str) -> None:
    raise ValueError(constant)
