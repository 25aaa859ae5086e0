"""Ages, which tick: the server words them once, static/webhooks/setup-ages.js goes on."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_STEPS = ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h"))  # below so many seconds: unit, word


def worded(seconds: int) -> str:
    """12 s, 3 min, 5 h, 2 days."""
    for below, unit, word in _STEPS:
        if seconds < below:
            return f"{seconds // unit} {word}"
    return f"{seconds // 86_400} days"


@register.simple_tag
def age(at: datetime) -> SafeString:
    """How long ago that is, as <time data-age>."""
    seconds = max(0, int((timezone.now() - at).total_seconds()))
    return format_html('<time data-age datetime="{}">{}</time>', at.isoformat(), worded(seconds))
