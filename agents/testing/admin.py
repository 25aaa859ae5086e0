"""Tests of agents, their runs and how they went: looked at here, and written in the editor."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from agents.models import AgentTest, AgentTestResult, AgentTestRun
from base.admin import Evidence, readable

IN_WORKSPACE = ("workspace", AutocompleteSelectFilter)


@admin.register(AgentTest)
class Tests(Evidence):
    list_display = ("agent", "workspace", "tools", "created_by", "edited_at")
    list_filter = (IN_WORKSPACE,)
    list_select_related = ("workspace", "agent", "created_by")
    ids = ("id", "agent", "source_call")
    search_help_text = "A whole id: of the test, its agent or the call it was made from"
    fields = (
        "agent",
        "workspace",
        "name",
        "conversation_shown",
        "start",
        "tools",
        "checks_shown",
        "source_call",
        "created_by",
        "edited_at",
    )
    conversation_shown = readable("conversation")
    checks_shown = readable("checks")


@admin.register(AgentTestRun)
class TestRuns(Evidence):
    list_display = ("agent", "workspace", "version", "status", "started_by", "created_at", "ended_at")
    list_filter = ("status", IN_WORKSPACE)
    list_select_related = ("workspace", "agent", "version__agent", "started_by")
    ids = ("id", "agent", "version")
    search_help_text = "A whole id: of the run, its agent or its version"
    fields = (
        "agent",
        "workspace",
        "version",
        "revision",
        "digest",
        "content_shown",
        "status",
        "started_by",
        "created_at",
        "ended_at",
    )
    content_shown = readable("content")


@admin.register(AgentTestResult)
class TestResults(Evidence):
    list_display = ("run", "workspace", "verdict", "duration_ms", "cost_usd")
    list_filter = ("verdict", IN_WORKSPACE)
    list_select_related = ("workspace", "run__agent")
    ids = ("id", "run", "test")
    search_help_text = "A whole id: of the result, its run or its test"
    fields = (
        "run",
        "workspace",
        "test",
        "name",
        "verdict",
        "checks_shown",
        "transcript_shown",
        "error",
        "duration_ms",
        "cost_usd",
    )
    checks_shown = readable("checks")
    transcript_shown = readable("transcript")
