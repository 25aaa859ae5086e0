"""What is typed, or sent to the API, of a tool, checked with words that say what to do."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from django import forms

from agents import registry
from agents.llm.tools import BUILT_IN
from agents.models import Tool, tool_name
from agents.schemas import MOST_CHARS, faults
from agents.tooling import address
from base.forms import PartForm, checked_address
from platforms.clean import clean

# What is left out of a new one.
NEW: dict[str, Any] = {"method": "POST", "timeout_ms": 10_000, "retries": 0, "parameters": {}}
MOST_HEADERS, LONGEST_HEADER = 20, 2_000
# What HTTP itself says, and what Earshot does.
_OURS = {"host", "connection", "content-length", "content-type", "transfer-encoding", "accept-encoding"} | {
    "te",
    "trailer",
    "upgrade",
    "expect",
    "keep-alive",
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")
_HEADER_VALUE = re.compile(r"[ -~]*")
_PORTS = {"http": 80, "https": 443}


class ToolForm(PartForm):
    """A tool. With `current`, an edit of it: empty headers leave its headers alone."""

    part = "tool"
    name = forms.CharField(
        max_length=64, validators=[tool_name], error_messages={"required": "Give it a name."}
    )
    description = forms.CharField(
        max_length=2_000, error_messages={"required": "Say what it is for: models choose by it."}
    )
    method = forms.ChoiceField(choices=Tool.Method.choices)
    url = forms.CharField(max_length=200, error_messages={"required": "Give the address of its service."})
    parameters = forms.CharField(required=False, max_length=MOST_CHARS)
    headers = forms.CharField(required=False, max_length=MOST_HEADERS * LONGEST_HEADER)
    forget_headers = forms.BooleanField(required=False)
    timeout_ms = forms.IntegerField(min_value=100, max_value=60_000)
    retries = forms.IntegerField(min_value=0, max_value=5)

    def __init__(self, *args, others, current: Tool | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.others, self.current = others, current

    def clean_name(self) -> str:
        name = checked_name(self.cleaned_data["name"])
        if self.others.filter(name=name).exists():
            raise forms.ValidationError("Another tool has that name.")
        return name

    def clean_url(self) -> str:
        value = self.cleaned_data["url"]
        if self.current and value == self.current.url:
            return value  # whoever put it there may have been allowed to
        return checked_url(value)

    def clean_parameters(self) -> dict[str, Any]:
        return checked_schema(self.cleaned_data["parameters"])

    def clean_headers(self) -> str:
        return checked_headers(self.cleaned_data["headers"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.errors:
            return values
        if wrong := check_places(values["url"], values["parameters"]):
            self.add_error("url", wrong)
            return values
        is_kept = (
            self.current and self.current.headers and not (values["headers"] or values["forget_headers"])
        )
        if self.current and is_kept and origin(values["url"]) != origin(self.current.url):
            # Whoever may choose the address could otherwise have them sent to their own, and read them.
            self.add_error("headers", "Give the headers again: they would go to another address.")
        return values

    @property
    def fields_typed(self) -> dict[str, Any]:
        """Of a valid form: what is to be stored. Without `headers` where they stay as they are."""
        typed = {name: value for name, value in self.cleaned_data.items() if name != "forget_headers"}
        if self.current and not typed["headers"] and not self.cleaned_data["forget_headers"]:
            del typed["headers"]
        return typed


def checked_name(name: str) -> str:
    """A name that no tool of Earshot's has. Raises ValidationError."""
    if name in BUILT_IN or name in registry.registered():
        raise forms.ValidationError("Earshot has a tool of that name.")
    return name


def checked_url(value: str) -> str:
    """An address on the internet, or one of ours that may be asked, with places in its path and query. Raises
    ValidationError."""
    beginning, mark, rest = value.partition("?")
    site = "/".join(beginning.split("/", 3)[:3])
    plain = address.PLACE.sub("x", value)
    if "{" in site or "{" in plain or "}" in plain:
        raise forms.ValidationError("An argument’s place is written {order_id}, in the path or the query.")
    if "#" in value:
        raise forms.ValidationError("Leave out what begins with #: it is not sent.")
    if mark and not re.fullmatch(r"[!-~]*", rest):
        raise forms.ValidationError("An address has no spaces or accents. Write them as %20 and so on.")
    checked_address(plain.partition("?")[0])
    return value


def checked_schema(text: str) -> dict[str, Any]:
    """The parameters of a tool. Raises ValidationError with the first fault and its line."""
    if found := faults(text):
        where = f"Line {found[0].line}" + (f", {found[0].path}" if found[0].path else "")
        raise forms.ValidationError(f"{where}: {found[0].message}")
    return clean(json.loads(text)) if text.strip() else {}


def checked_headers(text: str) -> str:
    """A JSON object of headers as it is stored. Raises ValidationError; never repeats a value."""
    if not text:
        return ""
    try:
        headers = json.loads(text)
    except (ValueError, RecursionError):
        headers = None
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise forms.ValidationError('Give an object of texts: {"Authorization": "Bearer …"}.')
    if len(headers) > MOST_HEADERS:
        raise forms.ValidationError(f"No more than {MOST_HEADERS} headers.")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise forms.ValidationError("A header’s name has letters, digits and dashes.")
        if name.lower() in _OURS or name.lower().startswith("proxy-"):
            raise forms.ValidationError(f"{name} is said by Earshot itself.")
        if not _HEADER_VALUE.fullmatch(value) or len(value) > LONGEST_HEADER:
            raise forms.ValidationError(f"The value of {name} is too long, or has accents or lines.")
    return json.dumps(headers) if headers else ""


def check_places(url: str, parameters: dict[str, Any]) -> str:
    """What is wrong with the address beside the parameters, in one sentence; or nothing."""
    known, needed = parameters.get("properties", {}), parameters.get("required", [])
    path = url.partition("?")[0]
    for name in address.places(url):
        if name not in known:
            return f"The address has a place for {name}, which the parameters do not have."
        if name in address.places(path) and name not in needed:
            return f"The address needs {name}, so the parameters have to require it."
    return ""


def origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
