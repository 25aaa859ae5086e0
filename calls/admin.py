"""What happened on calls, to look at. Lists hold no words and no whole numbers; one row's page has them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from base.admin import Evidence, readable, shown
from calls import parts
from calls.exports import admin as exports  # noqa: F401  registers its own
from calls.filters import of_status
from calls.insights import admin as insights  # noqa: F401  registers its own
from calls.judging import admin as judging  # noqa: F401  registers its own
from calls.models import Call, Digest, Embedding, Event, PlaygroundChat, Turn, Word
from calls.notes import admin as notes  # noqa: F401  registers its own
from calls.privacy import admin as privacy  # noqa: F401  registers its own
from calls.recordings import admin as recordings  # noqa: F401  registers its own
from calls.saved import admin as saved  # noqa: F401  registers its own
from calls.wording import STATUSES

IN_WORKSPACE = ("workspace", AutocompleteSelectFilter)


class StatusFilter(admin.SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        return list(STATUSES.items())

    def queryset(self, request: HttpRequest, rows: QuerySet[Call]) -> QuerySet[Call]:
        known = self.value() in STATUSES
        return of_status(rows, self.value()) if known else rows


@admin.register(Call)
class Calls(Evidence):
    list_display = ("started_at", "who", "agent", "platform", "channel", "status", "turn_count", "workspace")
    list_filter = (StatusFilter, "platform", "channel", "level", IN_WORKSPACE)
    list_select_related = ("agent", "workspace")
    ids = ("id", "agent", "workspace", "connection")
    values = ("platform_call_id",)
    search_help_text = "A whole id: of the call, its agent, connection or workspace, or the platform’s"
    fields = ("on_the_page", *(field.name for field in Call._meta.fields if field.name != "id"))

    @admin.display(description="Caller")
    def who(self, row: Call) -> str:
        return parts.who(row)

    @admin.display(description="Page")
    def on_the_page(self, row: Call) -> SafeString:
        lists = [reverse(f"admin:calls_{name}_changelist") for name in ("turn", "event")]
        turns, facts = (f"{one}?q={row.pk}" for one in lists)
        return format_html(
            '<a class="underline" href="{}">The call</a> · <a class="underline" href="{}">its turns</a>'
            ' · <a class="underline" href="{}">its facts</a>',
            reverse("calls:call", args=[row.pk]),
            turns,
            facts,
        )


@admin.register(Turn)
class Turns(Evidence):
    list_display = ("call_id", "n", "role", "key", "start_ms", "reply_ms", "model", "error")
    list_filter = ("role", IN_WORKSPACE)
    ids = ("id", "call")
    search_help_text = "A whole id: of the turn or its call"
    fields = (
        "call",
        "n",
        "role",
        "key",
        "text_shown",
        "heard",
        "start_ms",
        "end_ms",
        "reply_ms",
        "mood",
        "model",
        "fallback",
        "error",
        "tool_name",
        "arguments_shown",
        "tool_ok",
        "words_shown",
        "created_at",
    )
    arguments_shown = readable("tool_arguments")
    words_shown = readable("words")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Turn]:
        return super().get_queryset(request).defer("stream", "words", "text")

    @admin.display(description="Text")
    def text_shown(self, row: Turn) -> str:
        return shown(row.text)


@admin.register(Event)
class Facts(Evidence):
    list_display = ("at", "kind", "source", "call_id", "turn")
    list_filter = (IN_WORKSPACE,)
    ids = ("id", "call")
    search_help_text = "A whole id: of the fact or its call"
    fields = ("call", "kind", "source", "key", "turn", "at", "created_at", "data_shown")
    data_shown = readable("data")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).defer("data")


@admin.register(Embedding)
class Embeddings(Evidence):
    list_display = ("created_at", "call_id", "turn_id", "model")
    list_filter = (IN_WORKSPACE,)
    ids = ("id", "call", "turn")
    search_help_text = "A whole id: of the embedding, its call or turn"
    fields = ("call", "turn", "model", "digest", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Embedding]:
        return super().get_queryset(request).defer("vector")


@admin.register(Word)
class Words(Evidence):
    list_display = ("text", "sound", "created_at")
    list_filter = (IN_WORKSPACE,)
    ids = ("id",)
    search_help_text = "A whole id"
    fields = ("text", "sound", "created_at")


@admin.register(Digest)
class Digests(Evidence):
    list_display = ("created_at", "call_id", "heard")
    list_filter = (IN_WORKSPACE,)
    ids = ("id", "call")
    search_help_text = "A whole id: of the digest or its call"
    fields = ("call", "heard", "text_shown", "created_at")

    @admin.display(description="Text")
    def text_shown(self, row: Digest) -> str:
        return shown(row.text)


@admin.register(PlaygroundChat)
class PlaygroundChats(Evidence):
    list_display = ("created_at", "call_id", "number", "revision", "source_id", "turn", "tools")
    list_filter = ("tools", IN_WORKSPACE)
    ids = ("id", "call", "source")
    search_help_text = "A whole id: of the conversation, its call or the call it goes on from"
    fields = ("call", "number", "revision", "source", "turn", "tools", "content_shown", "created_at")
    content_shown = readable("content")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlaygroundChat]:
        return super().get_queryset(request).defer("content")
