"""Settings → Analysis: what calls are asked once they are over, and many of them again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import requires
from accounts.permissions import Permission
from agents.models import Agent
from base.errors import Faulty
from base.settings_pages import frame
from calls.filters import Filters, zone_of
from calls.judging import agreement, definitions, panel, readings
from calls.judging.forms import FieldForm, ScorecardForm, TopicForm
from calls.models import Call, CustomField, Reading, Scorecard, Topic

TABS = (
    ("fields", "analysis:fields", "Fields"),
    ("scorecards", "analysis:scorecards", "Scorecards"),
    ("topics", "analysis:topics", "Topics"),
    ("readings", "analysis:readings", "Read again"),
)
MOST_READINGS = 20  # that are shown
NEW_CARD = {"sample_percent": 100, "pass_mark": 70}
BLANK = {"id": "", "question": "", "weight": 1, "is_critical": False}


def _page(request: HttpRequest, tab: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    told = frame("analysis") | {"tabs": TABS, "tab": tab} | context
    return render(request, f"settings/analysis/{tab}.html", told, status=status)


# --- Fields ---------------------------------------------------------------------------------------------


@require_GET
@requires(Permission.EDIT_AGENTS)
def fields(request: HttpRequest) -> HttpResponse:
    return _fields(request, _chosen(request, request.GET.get("agent", "")))


@require_POST
@requires(Permission.EDIT_AGENTS)
def add_field(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    agent = get_object_or_404(Agent.objects.for_workspace(request.workspace), pk=agent_id)
    form = FieldForm(request.POST, agent=agent)
    if form.is_valid():
        try:
            field = definitions.add_field(agent, form.cleaned_data, by=request.viewer.user_id)
        except Faulty as why:
            form.add_error("name", str(why))
        else:
            messages.success(request, f"Calls of {agent} that end from now on are asked for “{field.name}”.")
            return redirect(f"{reverse('analysis:fields')}?agent={agent.pk}")
    return _fields(request, agent, form=form, status=400)


@require_POST
@requires(Permission.EDIT_AGENTS)
def edit_field(request: HttpRequest, field_id: UUID) -> HttpResponse:
    rows = CustomField.objects.for_workspace(request.workspace).select_related("agent")
    field = get_object_or_404(rows, pk=field_id)
    form = FieldForm(request.POST, agent=field.agent, current=field)
    if not form.is_valid():
        return _fields(request, field.agent, typed={field.pk: form}, status=400)
    definitions.edit(field, form.cleaned_data, by=request.viewer.user_id)
    messages.success(request, f"“{field.name}” is changed. What calls said to it before stays.")
    return redirect(f"{reverse('analysis:fields')}?agent={field.agent_id}")


@require_POST
@requires(Permission.EDIT_AGENTS)
def switch_field(request: HttpRequest, field_id: UUID) -> HttpResponse:
    field = _switched(request, CustomField, field_id)
    return redirect(f"{reverse('analysis:fields')}?agent={field.agent_id}")


def _chosen(request: HttpRequest, asked: str) -> Agent | None:
    """The agent the page is about: the one asked for, or the first that has fields, or the first."""
    agents = list(Agent.objects.for_workspace(request.workspace).order_by("name"))
    with_fields = set(
        CustomField.objects.for_workspace(request.workspace).values_list("agent_id", flat=True).distinct()
    )
    agents.sort(key=lambda one: (str(one.pk) != asked, one.pk not in with_fields))
    return agents[0] if agents else None


def _fields(
    request: HttpRequest,
    agent: Agent | None,
    *,
    form: FieldForm | None = None,
    typed: dict[UUID, FieldForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    """`typed`: what was wrong about one, to stand in its dialog."""
    typed, rows = typed or {}, []
    for field in CustomField.objects.filter(agent=agent) if agent else ():
        was = {"name": field.name, "question": field.question, "choices": "\n".join(field.choices)}
        edit = typed.get(field.pk) or FieldForm(initial=was, agent=field.agent, current=field)
        rows.append({"field": field, "form": edit})
    context = {
        "agents": Agent.objects.for_workspace(request.workspace).order_by("name"),
        "agent": agent,
        "rows": rows,
        "form": form or (FieldForm(agent=agent) if agent else None),
    }
    return _page(request, "fields", context, status)


# --- Scorecards -----------------------------------------------------------------------------------------


@require_GET
@requires(Permission.EDIT_AGENTS)
def scorecards(request: HttpRequest) -> HttpResponse:
    rows = Scorecard.objects.for_workspace(request.workspace).select_related("agent")
    told = agreement.of(rows)
    return _page(request, "scorecards", {"rows": [{"card": row, "agreement": told[row]} for row in rows]})


@require_http_methods(["GET", "POST"])
@requires(Permission.EDIT_AGENTS)
def scorecard(request: HttpRequest, scorecard_id: UUID | None = None) -> HttpResponse:
    """One that is there, or a new one."""
    rows = Scorecard.objects.for_workspace(request.workspace)
    card = get_object_or_404(rows, pk=scorecard_id) if scorecard_id else None
    workspace = request.workspace.pk
    if request.method == "GET":
        was = {name: getattr(card, name) for name in ScorecardForm.base_fields} if card else NEW_CARD
        form = ScorecardForm(initial=was, workspace=workspace, current=card)
        return _scorecard(request, card, form, card.checks if card else [])
    checks = _typed_checks(request)
    data = request.POST.copy()
    data["checks"] = panel.as_json(checks)
    form = ScorecardForm(data, workspace=workspace, current=card)
    if not form.is_valid():
        return _scorecard(request, card, form, checks, status=400)
    try:
        if card:
            definitions.edit(card, form.cleaned_data, by=request.viewer.user_id)
        else:
            card = definitions.add_scorecard(workspace, form.cleaned_data, by=request.viewer.user_id)
    except Faulty as why:
        form.add_error("name", str(why))
        return _scorecard(request, card, form, checks, status=400)
    messages.success(request, f"{card.name} is saved. Calls that end from now on are judged by it.")
    return redirect("analysis:scorecards")


@require_POST
@requires(Permission.EDIT_AGENTS)
def switch_scorecard(request: HttpRequest, scorecard_id: UUID) -> HttpResponse:
    _switched(request, Scorecard, scorecard_id)
    return redirect("analysis:scorecards")


def _typed_checks(request: HttpRequest) -> list[dict[str, Any]]:
    """Each row of the editor, in their order; what is not a weight stays as it was typed."""
    told = [request.POST.getlist(f"check_{name}") for name in ("id", "question", "weight", "critical")]
    return [
        {
            "id": name,
            "question": question,
            "weight": int(weight) if weight.isascii() and weight.isdigit() else weight,
            "is_critical": critical == "yes",
        }
        for name, question, weight, critical in zip(*told, strict=False)
    ]


def _scorecard(
    request: HttpRequest, card: Scorecard | None, form: ScorecardForm, checks: list, status: int = 200
) -> HttpResponse:
    told = agreement.of([card])[card] if card else agreement.Agreement()
    rows = [{"check": check, "agreement": told.checks.get(check["id"])} for check in [*checks, BLANK]]
    return _page(
        request, "scorecard", {"card": card, "form": form, "rows": rows, "tab": "scorecards"}, status
    )


# --- Topics ---------------------------------------------------------------------------------------------


@require_GET
@requires(Permission.EDIT_AGENTS)
def topics(request: HttpRequest) -> HttpResponse:
    return _topics(request)


@require_POST
@requires(Permission.EDIT_AGENTS)
def add_topic(request: HttpRequest) -> HttpResponse:
    form = TopicForm(request.POST, workspace=request.workspace.pk)
    if form.is_valid():
        try:
            definitions.add_topic(request.workspace.pk, form.cleaned_data, by=request.viewer.user_id)
        except Faulty as why:
            form.add_error("name", str(why))
        else:
            messages.success(request, "Calls that end from now on are compared with it.")
            return redirect("analysis:topics")
    return _topics(request, form=form, status=400)


@require_POST
@requires(Permission.EDIT_AGENTS)
def edit_topic(request: HttpRequest, topic_id: UUID) -> HttpResponse:
    topic = get_object_or_404(Topic.objects.for_workspace(request.workspace), pk=topic_id)
    form = TopicForm(request.POST, workspace=request.workspace.pk, current=topic)
    if not form.is_valid():
        return _topics(request, typed={topic.pk: form}, status=400)
    definitions.edit(topic, form.cleaned_data, by=request.viewer.user_id)
    messages.success(request, f"{topic.name} is changed. Calls that have it keep it.")
    return redirect("analysis:topics")


@require_POST
@requires(Permission.EDIT_AGENTS)
def switch_topic(request: HttpRequest, topic_id: UUID) -> HttpResponse:
    _switched(request, Topic, topic_id)
    return redirect("analysis:topics")


def _topics(
    request: HttpRequest,
    *,
    form: TopicForm | None = None,
    typed: dict[UUID, TopicForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    workspace, typed, rows = request.workspace.pk, typed or {}, []
    for topic in Topic.objects.for_workspace(workspace):
        was = {"name": topic.name, "description": topic.description}
        edit = typed.get(topic.pk) or TopicForm(initial=was, workspace=workspace, current=topic)
        rows.append({"topic": topic, "form": edit})
    return _page(request, "topics", {"rows": rows, "form": form or TopicForm(workspace=workspace)}, status)


def _switched(request: HttpRequest, model: Any, row_id: UUID) -> Any:
    """Asked for no longer, or again."""
    row = get_object_or_404(model.objects.for_workspace(request.workspace), pk=row_id)
    definitions.edit(row, {"is_active": request.POST.get("active") == "1"}, by=request.viewer.user_id)
    messages.success(
        request,
        f"{row.name} is asked for again."
        if row.is_active
        else f"{row.name} is not asked for any more. What calls said stays.",
    )
    return row


# --- Readings in bulk -----------------------------------------------------------------------------------


@require_GET
@requires(Permission.EDIT_AGENTS)
def readings_page(request: HttpRequest) -> HttpResponse:
    """With `q` and `what`, what it would cost: nothing begins by looking."""
    context: dict[str, Any] = {"q": request.GET.get("q", ""), "what": _what(request.GET.getlist("what"))}
    if "q" in request.GET:
        context |= _estimated(request, context["q"], context["what"])
    return _readings(request, context)


@require_POST
@requires(Permission.EDIT_AGENTS)
def start_reading(request: HttpRequest) -> HttpResponse:
    q, what = request.POST.get("q", ""), _what(request.POST.getlist("what"))
    query, wrong = _query(request, q, what)
    if not wrong:
        by = request.viewer.user_id
        try:
            readings.start(request.workspace.pk, query, what, zone=zone_of(request), by=by, actor=by)
        except readings.Refused as why:
            wrong = str(why)
        else:
            messages.success(request, "The calls are being read. You can leave this page.")
            return redirect("analysis:readings")
    return _readings(request, {"q": q, "what": what, "wrong": wrong}, status=400)


@require_POST
@requires(Permission.EDIT_AGENTS)
def stop_reading(request: HttpRequest, reading_id: UUID) -> HttpResponse:
    reading = get_object_or_404(Reading.objects.for_workspace(request.workspace), pk=reading_id)
    readings.stop(reading, actor=request.viewer.user_id)
    messages.success(request, "It is stopped. What has been read stays.")
    return redirect("analysis:readings")


def _readings(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    found = Reading.objects.for_workspace(request.workspace).select_related("asked_by").order_by("-id")
    workspace = request.workspace.pk
    whats = [(name, label, name in context["what"]) for name, label in panel.WHAT.items()]
    rows = [panel.reading(one, workspace) for one in found[:MOST_READINGS]]
    goes_on = any(row["goes_on"] for row in rows)
    return _page(request, "readings", context | {"rows": rows, "whats": whats, "goes_on": goes_on}, status)


def _what(told: list[str]) -> list[str]:
    return [one for one in readings.WHAT if one in told]


def _query(request: HttpRequest, typed: str, what: list[str]) -> tuple[str, str]:
    """The list's address for what was typed, and what is wrong with it."""
    filters, words = Filters.typed(typed[:1_000], request.workspace.pk, zone_of(request))
    if words:
        return "", f"“{words}” is no filter. Write such as when:7d outcome:completed."
    if filters.faults:
        name, problem = next(iter(filters.faults.items()))
        return "", f"{name}: {problem}."
    return filters.query, "" if what else "Choose what they are read for."


def _estimated(request: HttpRequest, typed: str, what: list[str]) -> dict[str, Any]:
    query, wrong = _query(request, typed, what)
    if wrong:
        return {"wrong": wrong}
    try:
        return {"estimate": readings.estimate(request.workspace.pk, query, what, zone_of(request))}
    except readings.Refused as why:
        return {"wrong": str(why)}


# --- Beside a call --------------------------------------------------------------------------------------


@require_GET
@requires(Permission.SEE_WORDS)
def beside_call(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """That part of a call's page alone, after something of it was put right."""
    call = get_object_or_404(Call.objects.for_workspace(request.workspace), pk=call_id)
    return render(request, "calls/_analysis.html", {"analysis": panel.beside(request.viewer, call)})
