"""The rows of a list as HTML. A template took half of the page's time for the same: fifty rows of sixty tags.

Whatever was said, named or typed goes through `escape`; the marks around it are ours.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from base.templatetags.ui import icon, mask, role
from calls import timeline
from calls.lists.columns import FIRST, Column
from calls.lists.rows import EXACT, LIKE, SPELT, Quote, Row
from calls.templatetags.calls_ui import instant

WAYS = {EXACT: "= Exact", SPELT: "= Spelled like", LIKE: "≈ Meaning"}
NO_WORDS = "Words need the Operator role"
_SOMEWHERE = UUID(int=0)  # a call that there is not


def rows(
    some: Iterable[Row], columns: Sequence[Column], *, may_pick: bool, sees_words: bool, peeked: UUID | None
) -> SafeString:
    """A <tbody> for each: its columns, and under them what was said. `peeked`: the one beside the list."""
    # Asking for each of fifty addresses took a tenth of the page's time.
    before, after = reverse("calls:call", args=[_SOMEWHERE]).split(str(_SOMEWHERE))
    drawn = [
        _row(row, f"{before}{row.id}{after}", columns, may_pick, sees_words, is_peeked=row.id == peeked)
        for row in some
    ]
    return mark_safe("".join(drawn))  # noqa: S308  escaped below


def _row(
    row: Row, href: str, columns: Sequence[Column], may_pick: bool, sees_words: bool, *, is_peeked: bool
) -> str:
    who = escape(row.who)
    current = ' aria-current="true"' if is_peeked else ""
    start = f'<a class="row-link" href="{href}"{current}>{instant(row.started_at, "row")}</a>'
    cells = "".join(_cell(row, column, start) for column in columns)
    pick = peek = ""
    if may_pick:
        pick = (
            '<td role="cell" class="c-pick"><input type="checkbox" data-pick'
            f' data-tags="{escape(row.tags_json)}" value="{row.id}" aria-label="Pick the call of {who}"></td>'
        )
        peek = (
            '<td role="cell" class="c-pick"><button type="button" class="iconbtn" data-peek-open'
            ' tabindex="-1" title="Look at it here"'
            f' aria-label="Look at the call of {who} here">{icon("eye")}</button></td>'
        )
    if row.quote:
        said = _quote(row.quote, href)
    else:
        said = f'<span class="dim">{escape(row.wordless) if sees_words else NO_WORDS}</span>'
    return (
        f'\n<tbody role="rowgroup" class="hit-row" data-call="{row.id}"'
        f"{' data-selected' if is_peeked else ''}>"
        f'<tr role="row">{pick}{cells}</tr>'
        f'<tr role="row" class="snip">{peek}<td role="cell" colspan="{len(columns)}">{said}</td></tr></tbody>'
    )


def _cell(row: Row, column: Column, start: str) -> str:
    attributes, shown = ("", start) if column.name == FIRST else _CELLS[column.name](row)
    mark = f"num {column.mark}" if column.is_number else column.mark
    return f'<td role="cell" class="{mark}"{attributes}>{shown}</td>'


def _quote(quote: Quote, href: str) -> str:
    how = f'<span class="snip-how">{WAYS[quote.how]}</span>' if quote.how else ""
    speaker = role(quote.role) if quote.role else ""
    text = "".join(f"<mark>{escape(one)}</mark>" if hit else escape(one) for one, hit in quote.pieces)
    where = f"turn {quote.turn}" if quote.turn else "summary"
    href = f"{href}#turn-{quote.turn}" if quote.turn else href
    return f'<a href="{href}">{how}{speaker}<q>{text}</q><span class="dim">{where}</span></a>'


# --- Columns: what else is said in the tag of its cell, and what it shows --------------------------------


def _agent(row: Row) -> tuple[str, str]:
    version = f' <span class="dim">{escape(row.version)}</span>' if row.version else ""
    return "", f"{escape(row.agent)}{version}"


def _outcome(row: Row) -> tuple[str, str]:
    one = row.outcome
    return "", f'<span class="out" data-tone="{one.tone}">{icon(one.icon)}{escape(one.label)}</span>'


def _duration(row: Row) -> tuple[str, str]:
    length = "" if row.length_ms is None else timeline.clock(row.length_ms)
    return "", f'<time data-since="{row.started_at.isoformat()}">{length}</time>' if row.is_live else length


def _latency(row: Row) -> tuple[str, str]:
    if not row.slow:
        return "", row.p95
    return ' data-tone="warn"', f'<span class="sr">slow </span>{icon("gauge")}{row.p95}'


def _tags(row: Row) -> tuple[str, str]:
    return "", "".join(f'<span class="tag">{escape(tag)}</span>' for tag in row.tags)


_CELLS: dict[str, Callable[[Row], tuple[str, str]]] = {
    "caller": lambda row: ("", mask(row.who)),
    "agent": _agent,
    "outcome": _outcome,
    "duration": _duration,
    "latency": _latency,
    "sentiment": lambda row: (f' data-tone="{row.mood_tone}"', escape(row.mood)),
    "cost": lambda row: ("", escape(row.cost)),
    "turns": lambda row: ("", str(row.turns)),
    "score": lambda row: ("", "—" if row.score is None else str(row.score)),
    "tags": _tags,
    "platform": lambda row: ("", escape(row.platform)),
    "channel": lambda row: ("", escape(row.channel)),
}
