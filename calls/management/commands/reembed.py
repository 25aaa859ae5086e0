from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import models
from django.db.models import Q, QuerySet

from accounts.models import Workspace
from agents.llm.errors import ProviderError
from agents.models import Agent
from calls import embedders, embeddings, points
from calls.models import Call, Embedding
from calls.search import texts

BATCH = 200  # calls read at once
PROGRESS_EVERY = 1_000


class Command(BaseCommand):
    help = (
        "Have calls found by what was said in them, here and now: those that are not found yet, or whose "
        "meaning another model has read (EMBEDDINGS). Run again after a break, it goes on where it was."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--workspace", help="only its calls: an id or a name")
        parser.add_argument("--agent", help="only this agent's calls: an id or a name")
        parser.add_argument(
            "--anew",
            action="store_true",
            help="all of them; until its turn comes, a call is found by its words alone",
        )

    def handle(self, *, workspace: str, agent: str, anew: bool, **options: Any) -> None:
        calls = Call.objects.real().filter(Q(ended_at__isnull=False) | Q(channel=Call.Channel.CHAT))
        if workspace:
            calls = calls.filter(workspace=_one(Workspace.objects.all(), workspace, "--workspace"))
        if agent:
            calls = calls.filter(
                agent=_one(Agent.objects.filter(pk__in=calls.values("agent")), agent, "--agent")
            )
        if anew:
            for ids in _batches(calls):
                Embedding.objects.filter(call__in=ids).delete()
                Call.objects.filter(pk__in=ids).update(embedded_at=None)
            _sweep(calls)  # else what lies there already would not be asked for again
        waiting = calls.filter(Q(embedded_at=None) | ~Q(embedded_by=embedders.name()))
        count, done, placed, refused = waiting.count(), 0, 0, 0
        for ids in _batches(waiting):
            for call in Call.objects.filter(pk__in=ids).select_related("version").order_by("pk"):
                try:
                    texts.keep(call)
                    placed += embeddings.take_in(call)
                except ProviderError as error:
                    if error.falls_through:
                        raise CommandError(
                            f"{_sum(done, placed)} Then: {error}. Run it again to go on."
                        ) from error
                    refused += 1
                    embeddings.set_aside(call)
                    self.stderr.write(f"call {call.pk}: {error}")
                done += 1
                if done % PROGRESS_EVERY == 0:
                    self.stderr.write(f"{done:,} of {count:,} calls")
        _sweep(calls)
        self.stdout.write(_sum(done - refused, placed))
        if refused:
            raise CommandError(f"{refused:,} calls could not be read.")


def _batches(calls: QuerySet[Call]) -> Iterator[list[UUID]]:
    """Their ids, by age of the row, a few at a time; what is changed meanwhile does not come twice."""
    last = UUID(int=0)
    while ids := list(calls.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def _sweep(calls: QuerySet[Call]) -> None:
    for workspace_id in list(calls.order_by().values_list("workspace_id", flat=True).distinct()):
        points.sweep(workspace_id)


def _sum(calls: int, placed: int) -> str:
    return f"{calls:,} calls read, {placed:,} texts placed by {embedders.name()}."


def _one(rows: QuerySet[Any], wanted: str, option: str) -> models.Model:
    try:
        chosen = Q(pk=UUID(wanted))
    except ValueError:
        chosen = Q(name=wanted)
    found = list(rows.filter(chosen)[:2])
    if not found:
        raise CommandError(f"There is no such {option}.")
    if len(found) > 1:
        raise CommandError(f"More than one has that name: give an id as {option}.")
    return found[0]
