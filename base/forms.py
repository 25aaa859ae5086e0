"""What forms of the settings share: addresses and secrets are checked with words that say what to do."""

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings

from base.addresses import PrivateAddress, leads_home

_AT_HOME = ("localhost", "127.0.0.1", "::1")
_PLAIN = re.compile(r"[!-~]+")
_LEAST_SECRET, MOST_SECRET = 16, 500


def check_base_url(value: str) -> str:
    """An https address, or http on this machine. Raises ValidationError."""
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  reading it checks it
    except ValueError:
        raise forms.ValidationError(
            "This is not an address. Give one such as https://api.example.com."
        ) from None
    # Spaces and lines: urlsplit() would leave some of them out of what it is asked about.
    if parts.scheme not in ("http", "https") or not parts.hostname or not _PLAIN.fullmatch(value):
        raise forms.ValidationError("This is not an address. Give one such as https://api.example.com.")
    if parts.scheme == "http" and parts.hostname not in _AT_HOME:
        raise forms.ValidationError("Give an https address: an API key must not travel in the clear.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise forms.ValidationError("Leave out user names, queries and fragments.")
    return value.rstrip("/")


def checked_address(value: str, also: Sequence[str] = ()) -> str:
    """An https address on the internet, or one of our own that may be asked: PRIVATE_HOSTS, and `also`.
    Raises ValidationError."""
    if not value:
        return ""
    # Its form is the same either way; whether it may be plain http is found by where it leads.
    checked = check_base_url(value.replace("http://", "https://", 1))
    try:
        is_home = leads_home(checked, [*settings.PRIVATE_HOSTS, *also])
    except PrivateAddress as private:
        raise forms.ValidationError(
            f"{private} is on a private network. Whoever runs Earshot can allow it: PRIVATE_HOSTS."
        ) from None
    if is_home:
        return value.rstrip("/")
    return check_base_url(value.rstrip("/"))


def check_secret(value: str, least: int = _LEAST_SECRET) -> str:
    """A key as it is pasted. Raises ValidationError; never repeats it."""
    if value and not _PLAIN.fullmatch(value):
        raise forms.ValidationError("A key has no spaces or accents. Copy it again.")
    if value and len(value) < least:
        raise forms.ValidationError(f"A key has at least {least} characters. Copy all of it.")
    return value


def as_typed(values: dict[str, Any]) -> dict[str, str]:
    """JSON values as a form has them: pages and programs are held to the same rules."""
    return {name: _as_typed(value) for name, value in values.items()}


def _as_typed(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value) if value else ""
    return "on" if value is True else str(value)


class PartForm(forms.Form):
    """One of several forms on a page: its fields' ids are its own."""

    part = ""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, auto_id=f"{self.part}-%s", **kwargs)
