"""Parts of the page of deliveries: where a row leads, and times that count down."""

from datetime import datetime
from uuid import UUID

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webhooks.page import span

register = template.Library()
# Of the page's address when one row is opened; everything else in it stays.
_OURS = ("open", "row", "top")


@register.simple_tag(takes_context=True)
def opening(context: template.Context, delivery_id: UUID) -> str:
    """The address of this list with that delivery open."""
    query = context["request"].GET.copy()
    for name in _OURS:
        query.pop(name, None)
    query["open"] = str(delivery_id)
    return f"?{query.urlencode()}"


@register.simple_tag
def until(at: datetime) -> SafeString:
    """How long until then, as <time data-until>, which static/webhooks/deliveries.js lets tick."""
    ms = max(0, int((at - timezone.now()).total_seconds() * 1_000))
    return format_html(
        '<time data-until datetime="{}">{}</time>',
        at.isoformat(),
        f"{ms // 1_000} s" if ms < 90_000 else span(ms),
    )
