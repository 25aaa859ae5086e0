"""What the history page is drawn from: a list of calls, or what was found among them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import QueryDict

from calls import figures
from calls.filters import Filters
from calls.lists import columns, rows
from calls.lists.address import BOTH, WORDS, Address
from calls.models import Call
from calls.search.found import look_for
from calls.search.fusion import MOST as MOST_FOUND
from calls.sorting import NEWEST, Gone, Sort

PAGE = 50
# By what a list is sorted: what comes first, and which way that is; downwards, and upwards.
ORDERS = {
    "started": (("newest", "Newer"), ("oldest", "Older")),
    "duration": (("longest", "Longer"), ("shortest", "Shorter")),
    "latency": (("slowest", "Slower"), ("quickest", "Quicker")),
    "cost": (("dearest", "Dearer"), ("cheapest", "Cheaper")),
    "score": (("highest", "Higher"), ("lowest", "Lower")),
}
MOST_PAGES = MOST_FOUND // PAGE


def listed(address: Address, workspace_id: UUID, cursor: str, *, sees_words: bool) -> dict[str, Any]:
    """One page of a list: `rows`, queries `before` and `after` it or empty, `count`, if that `is_exact`."""
    calls = address.filters.narrow(Call.objects.for_workspace(workspace_id))
    asked, scope = calls.listed(), f"calls:{workspace_id}:{address.filters.query}"
    sort = Sort.of(address.sort)
    try:
        shown = sort.page(asked, cursor, scope, PAGE)
    except Gone:
        shown = sort.page(asked, "", scope, PAGE)
    count, is_exact = figures.about(calls)
    first, last = ORDERS[sort.name] if sort.is_descending else ORDERS[sort.name][::-1]
    return {
        "rows": rows.rows(shown.calls, sees_words=sees_words),
        "before": _at(address, "cursor", shown.before),
        "after": _at(address, "cursor", shown.after),
        "count": count,
        "is_exact": is_exact,
        "order_in_words": f"{first[0]} first",
        "before_word": first[1],
        "after_word": last[1],
    }


def found(address: Address, workspace_id: UUID, number: int) -> dict[str, Any]:
    """The same of what was looked for, the best first; `worded` and `meant` say how many were found how,
    `meaning` whether that could be asked, and `corrected` which words were looked for as others, too."""
    among = (
        address.filters.narrow(Call.objects.for_workspace(workspace_id)) if address.filters.query else None
    )
    result = look_for(address.q, workspace_id, words_alone=address.by == WORDS, among=among)
    hits = {hit.call_id: hit for hit in result.hits[(number - 1) * PAGE : number * PAGE]}
    calls, why = result.shown(list(hits.values()), Call.objects.for_workspace(workspace_id).listed())
    there = [calls[pk] for pk in hits if pk in calls]
    count = len(result.hits)
    return {
        "rows": rows.found(there, hits, why),
        "before": _at(address, "page", str(number - 1) if number > 1 else ""),
        "after": _at(address, "page", str(number + 1) if number * PAGE < count else ""),
        "count": count,
        "is_exact": count < MOST_FOUND,
        "is_search": True,
        "before_word": "Better",
        "after_word": "Further",
        "worded": result.worded,
        "meant": result.meant,
        "meaning": result.by_meaning,
        "corrected": list(result.question.corrected.items()),
    }


def page_number(text: str) -> int:
    number = int(text[:4]) if text.isascii() and text.isdecimal() else 1
    return min(max(number, 1), MOST_PAGES)


def chips(address: Address, workspace_id: UUID) -> list[dict[str, Any]]:
    """What narrows the list, each with the address of the list without it."""
    return [
        chip | {"without": address.without(chip["name"]).query}
        for chip in address.filters.chips(workspace_id)
    ]


def heads(address: Address) -> list[dict[str, Any]]:
    """The columns, and where sorting by each leads: the most first, then the other way round."""
    now = Sort.of(address.sort)
    found = []
    for column in columns.shown(address.columns):
        head: dict[str, Any] = {"column": column}
        if column.name in ORDERS and not address.q:
            is_now = column.name == now.name
            other = column.name if is_now and now.is_descending else f"-{column.name}"
            head["by"] = replace(address, sort="" if other == NEWEST else other).query
            head["now"] = ("descending" if now.is_descending else "ascending") if is_now else ""
        found.append(head)
    return found


def orders(address: Address) -> list[tuple[str, str, bool]]:
    """Every order there is, for who has no heads to press: as the address has it, in words, and whether it is
    this one."""
    now = Sort.of(address.sort).text
    found = [
        (f"{sign}{name}", f"{words[0].capitalize()} first")
        for name, both in ORDERS.items()
        for sign, words in zip(("-", ""), both, strict=True)
    ]
    return [("" if text == NEWEST else text, words, text == now) for text, words in found]


def widened(address: Address, workspace_id: UUID, chips: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of an empty list: each filter without which it has something, those that hide most first."""
    found = []
    for chip in chips:
        rest = address.without(chip["name"]).filters
        count, is_exact = figures.about(rest.narrow(Call.objects.for_workspace(workspace_id)))
        if count:
            found.append(chip | {"count": count, "is_exact": is_exact})
    return sorted(found, key=lambda chip: -chip["count"])


def links(address: Address) -> dict[str, Any]:
    """What else the page leads to: queries of lists that differ from this one in a single thing."""
    days = {name: address.filters.get(name).wanted for name in ("from", "to")}
    return {
        "pairs": [(term.name, value) for term in address.filters.terms for value in term.values],
        "cleared": replace(address, filters=Filters(zone=address.filters.zone)).query,
        "unsearched": replace(address, q="", by=BOTH).query,
        "by_both": replace(address, by=BOTH).query,
        "columnless": replace(address, columns=columns.USUAL).query,
        "exported": replace(address, sort="", columns=columns.USUAL, view=None).query,
        "chosen_columns": "" if address.columns == columns.USUAL else ",".join(address.columns),
        "usual_columns": ",".join(columns.USUAL),
        "given_from": "".join(days["from"]),
        "given_to": "".join(days["to"]),
    }


def typed(address: Address, workspace_id: UUID) -> tuple[Address, Mapping[str, str]]:
    """With the filters that were typed among the words, and what of them made no sense."""
    zone = address.filters.zone
    said, words = Filters.typed(address.q, workspace_id, zone)
    kept = address.filters
    for term in said.terms:
        kept = kept.without(term.name)
    both = "&".join(part for part in (kept.query, said.query) if part)
    return replace(address, q=words, filters=Filters.of(QueryDict(both), zone)), said.faults


def _at(address: Address, name: str, place: str) -> str:
    if not place:
        return ""
    return f"{address.query}&{name}={place}" if address.query else f"{name}={place}"
