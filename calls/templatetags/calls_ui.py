"""Parts of a page that word what calls hold: times, lengths, money."""

from datetime import UTC, datetime

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from calls import timeline, wording

register = template.Library()
register.filter("seconds", wording.seconds)
register.filter("usd", wording.usd)

# What the page says until the browser words the time in its own zone (static/calls/when.js).
FALLBACKS = {
    "minute": "%H:%M",
    "second": "%H:%M:%S",
    "day": "%a %-d %b, %H:%M",
    "date": "%-d %b, %H:%M",
    "row": "%-d %b, %H:%M",
    "stamp": "%-d %b, %H:%M",
}


@register.simple_tag
def instant(at: datetime | str | None, when: str = "minute") -> SafeString:
    """A moment as <time>; an empty one, to be filled in by the browser, where there is none yet."""
    if at is None or at == "":
        return format_html('<time data-when="{}"></time>', when)
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    moment = moment.astimezone(UTC)
    return format_html(
        '<time data-when="{}" datetime="{}">{}</time>',
        when,
        moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        moment.strftime(FALLBACKS[when]),
    )


@register.simple_tag
def icon_href(name: str) -> str:
    """Where an icon is, for a <use> whose icon changes or hides."""
    return f"{static('icons.svg')}#{name}"


@register.filter
def clock(ms: int | None) -> str:
    return "" if ms is None else timeline.clock(int(ms))


@register.filter
def outcome(name: str) -> wording.Outcome:
    return wording.outcome(name)
