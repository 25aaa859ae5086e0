"""The small marks of the interface: icons, who speaks, how finely words arrive, masked numbers."""

import json
import re
from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from base.trace import current_trace_id

register = template.Library()

ROLES = {"caller": "Caller", "agent": "Agent", "tool": "Tool", "operator": "Operator"}
LEVELS = {
    "token": (3, "Words arrive as they are spoken"),
    "turn": (2, "Words arrive one turn at a time"),
    "event": (1, "Events only, words after the call"),
}
# Folders of ES modules, each imported as "<folder>/<file>.js".
MODULE_FOLDERS = ("js", "streaming", "live", "chat", "calls", "agents", "webhooks", "observability")
_KEPT = 500  # marks that pages are full of, each made once in a process
_HIDDEN = re.compile(r"•(?:[• ]*•)?")


@register.simple_tag
@lru_cache(_KEPT)
def icon(name: str, extra: str = "") -> SafeString:
    return format_html(
        '<svg class="i {}" aria-hidden="true"><use href="{}#{}"/></svg>', extra, static("icons.svg"), name
    )


@register.simple_tag
@lru_cache(_KEPT)
def role(name: str, label: str = "") -> SafeString:
    """The shape of a speaker, with the word for screen readers."""
    words = label or ROLES.get(name, name)
    return format_html('<i class="role" data-role="{}"></i><span class="sr">{}: </span>', name, words)


@register.simple_tag
def level(name: str) -> SafeString:
    """Three bars and a word: token, turn or event."""
    lit, meaning = LEVELS[name]
    bars = format_html_join("", '<i class="{}"></i>', (("on" if n < lit else "",) for n in range(3)))
    return format_html(
        '<span class="level" data-level="{}" title="{}">{}{}</span>', name, meaning, bars, name.capitalize()
    )


@register.filter
def mask(number: str) -> SafeString:
    """A masked number with its hidden digits drawn quietly. Escapes the rest."""
    dots = _HIDDEN.sub(lambda match: f'<i class="mk">{match[0]}</i>', conditional_escape(number))
    return mark_safe(dots)  # noqa: S308  escaped above; only the dots were wrapped


@register.filter
def thousands(number: int) -> str:
    """1,204."""
    return f"{number:,}"


@register.simple_tag
def import_map() -> SafeString:
    """What the one inline script says: where "streaming/stream.js" is."""
    folders = {f"{folder}/": static(f"{folder}/") for folder in MODULE_FOLDERS}
    return mark_safe(json.dumps({"imports": folders}))  # noqa: S308  our own names and addresses


@register.simple_tag
def trace_id() -> str:
    """Of the request this page answers."""
    return current_trace_id()
