"""`/insights/`: what all calls together come to."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from calls.filters import Filters, zone_of
from calls.insights import asked, charts, tables
from calls.insights.asked import Asked
from calls.insights.charts import OF_VERSIONS
from calls.insights.metrics import METRICS
from calls.insights.report import report
from calls.insights.spread import ENOUGH

SEVERAL = "As in the address"
OF_DAYS = ("when", "from", "to")
FIELDS = (
    ("when", "When", ""),
    ("agent", "Agent", "All agents"),
    ("version", "Version", "All versions"),
    ("platform", "Platform", "All platforms"),
    ("channel", "Channel", "All channels"),
    ("compare", "Compared with", ""),
)


@require_GET
@requires(Permission.SEE_CALLS)
def insights(request: HttpRequest) -> HttpResponse:
    wanted = Asked.of(request.GET, zone_of(request))
    found = report(request.workspace.pk, wanted)
    choices = asked.choices(request.workspace.pk, wanted)
    figures = tables.figures(found)
    context = {
        "section": "insights",
        "asked": wanted,
        "fields": _fields(wanted, choices),
        "report": found,
        "figures": figures,
        "unused": _unused(request),
        "is_compared": any(one["change"] for one in figures),
        "charts": tables.shown(found),
        "tools": charts.tools(found),
        "versions": tables.versions(found),
        "of_versions": [METRICS[name].label for name in OF_VERSIONS],
        "against": _against(wanted, choices["compare"]),
        "as_table": request.GET.get("view") == "table",
        "enough": ENOUGH,
        "calls_query": wanted.calls(),
        "now": timezone.now(),
    }
    return render(request, "calls/insights.html", context)


@require_GET
@requires(Permission.SEE_CALLS)
def as_csv(request: HttpRequest, name: str) -> HttpResponse:
    """A chart's table, by the chart's name, of what the same address asks for."""
    wanted = Asked.of(request.GET, zone_of(request))
    text = tables.as_csv(name, report(request.workspace.pk, wanted))
    if text is None:
        raise Http404
    days = f"{wanted.period.first}_{wanted.period.last}"
    answer = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}_{days}.csv"'
    return answer


def _fields(wanted: Asked, choices: dict[str, dict[str, str]]) -> list[dict]:
    """The form above: each with its options. Several values, as an address may have, are one option more."""
    given = wanted.filters.given
    chosen = {name: given.get(name, "") for name in asked.DIMENSIONS}
    chosen |= {"when": wanted.when, "compare": wanted.compare}
    return [
        {
            "name": name,
            "label": label,
            "options": [*([("", any_of)] if any_of else []), *choices[name].items()]
            + ([] if chosen[name] in {"", *choices[name]} else [(chosen[name], SEVERAL)]),
            "chosen": chosen[name],
        }
        for name, label, any_of in FIELDS
    ]


def _unused(request: HttpRequest) -> list[str]:
    """What the list of calls would go by at such an address, and figures do not: by label; where it makes no
    sense there either, by name."""
    filters, used = Filters.of(request.GET, zone_of(request)), {*asked.DIMENSIONS, *OF_DAYS}
    labels = [one["label"] for one in filters.chips(request.workspace.pk) if one["name"] not in used]
    wrong = [name for name in filters.faults if name not in used]
    return [*(["Search"] if request.GET.get("q") else []), *labels, *wrong]


def _against(wanted: Asked, known: dict[str, str]) -> str:
    """What figures are compared with, in words; empty: nothing."""
    if wanted.compare == asked.NOTHING:
        return ""
    if wanted.compare == asked.BEFORE:
        days = wanted.period.length
        return "the day before" if days == 1 else f"the {days} days before"
    return known.get(wanted.compare, "another version")
