"""Calls read many at a time, for a reading: a few side by side, newest first, from where it stands."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from celery.exceptions import SoftTimeLimitExceeded
from django.core.cache import cache
from django.db import InterfaceError, OperationalError
from django.db.models import Q, Sum
from django.utils import timezone

from agents.llm import paid, router
from agents.llm.errors import ProviderError
from agents.llm.request import Request
from agents.llm.whole import UnusableAnswer, object_in, whole
from agents.models import ModelCall
from calls.analysis import FEATURE
from calls.judging import asking, keeping, readings, scores
from calls.judging.reader import request, transcript
from calls.judging.wanting import Wanted, scorecards_of, wanted_of
from calls.models import Call, Reading, Turn

logger = logging.getLogger(__name__)

AT_ONCE = 4  # calls
PATIENCE = timedelta(minutes=15)  # without an answer of any model
FORGOTTEN_S = 3_600
AWAY = (OperationalError, InterfaceError)  # the database, which comes back
SILENT = "No model answered for a quarter of an hour."


class Waits(Exception):
    """No model answers for now: it is gone on with later."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request about a call, and what to do with the answer."""

    call: Call
    request: Request
    take: Callable[[str], object]


def read_piece(reading: Reading) -> bool:
    """The next few calls; False once there are none left, or it has ended. Raises Waits."""
    current = Reading.objects.get(pk=reading.pk)
    if current.status not in readings.UNDER_WAY:
        return False
    Reading.objects.filter(pk=reading.pk, status=Reading.Status.WAITING).update(status=Reading.Status.RUNNING)
    calls = _next(current)
    if not calls:
        readings.end(current, Reading.Status.DONE)
        return False
    questions = [one for call in calls for one in _questions(current, call)]
    answers = paid.run(_ask_all([one.request for one in questions]))
    cost = _cost(current, calls)
    errors = [one for one in answers if isinstance(one, ProviderError)]
    if spent := next((one for one in errors if one.type == "budget_exceeded" and not one.retryable), None):
        _take_all(questions, answers)
        readings.progress(current, done=0, failed=0, cost_usd=cost)
        readings.end(current, Reading.Status.STOPPED, spent.message[:200])
        return False
    if questions and len(errors) == len(questions):
        if timezone.now() - _silent_since(current) > PATIENCE:
            readings.end(current, Reading.Status.STOPPED, SILENT)
            return False
        raise Waits(errors[0].type)
    cache.delete(_silent(current))
    failed = _take_all(questions, answers)
    readings.progress(current, done=len(calls), failed=len(failed), cost_usd=cost, last_call=calls[-1].pk)
    return True


def _next(reading: Reading) -> Sequence[Call]:
    """By id: what a reading itself changes, and calls that end meanwhile, move nothing."""
    rows = readings.calls_of(reading.workspace_id, reading.query, reading.zone)
    behind = Q(pk__lt=reading.last_call) if reading.last_call else Q(created_at__lte=reading.created_at)
    return list(rows.filter(behind).select_related("agent").order_by("-id")[:AT_ONCE])


def _questions(reading: Reading, call: Call) -> list[Question]:
    turns = list(call.standing())
    words = transcript(turns, numbered=True)
    if not words:
        return []
    found, booked = [], booked_under(reading)
    wanted = wanted_of(call, fields=readings.FIELDS in reading.what, topics=readings.TOPICS in reading.what)
    if wanted:
        system, tokens = asking.system(wanted), asking.most_tokens(wanted)
        made = request(call, FEATURE, system, words, max_tokens=tokens, turn=booked, capped=False)
        found.append(Question(call, made, lambda answer: _keep(call, wanted, turns, answer)))
    if readings.SCORECARDS in reading.what:
        for one in scorecards_of(call):
            made = scores.asked(call, one, words, turn=booked, capped=False)
            found.append(Question(call, made, lambda answer, by=one: scores.take(call, by, turns, answer)))
    return found


def booked_under(reading: Reading) -> str:
    """What the requests of a reading are found again by."""
    return f"reading {reading.pk}"


def _keep(call: Call, wanted: Wanted, turns: Sequence[Turn], answer: str) -> None:
    told = asking.answered(object_in(answer), wanted, {turn.n for turn in turns})
    keeping.keep(call, told, model=keeping.model_of(call, FEATURE))


async def _ask_all(requests: Sequence[Request]) -> list[str | BaseException]:
    await router.look()
    return await asyncio.gather(*map(_ask, requests))


async def _ask(made: Request) -> str | BaseException:
    """An answer, or the vendor's error: what breaks otherwise is a mistake of ours, and told."""
    try:
        return await whole(made)
    except ProviderError as error:
        return error


def _take_all(questions: Sequence[Question], answers: Sequence[str | BaseException]) -> set:
    """Calls of which an answer was none."""
    failed = set()
    for question, answer in zip(questions, answers, strict=True):
        if isinstance(answer, BaseException):
            failed.add(question.call.pk)
            continue
        try:
            question.take(answer)
        except UnusableAnswer:
            failed.add(question.call.pk)
        except (SoftTimeLimitExceeded, *AWAY):
            raise
        except Call.DoesNotExist:
            continue  # it was erased meanwhile
        except Exception:
            # One call must not have its piece read, and paid for, again and again.
            logger.exception("what was read of call %s was not kept", question.call.pk)
            failed.add(question.call.pk)
    if failed:
        logger.warning("of a piece of a reading %d calls were not read", len(failed))
    return failed


def _silent_since(reading: Reading) -> datetime:
    now = timezone.now()
    return now if cache.add(_silent(reading), now, FORGOTTEN_S) else cache.get(_silent(reading), now)


def _silent(reading: Reading) -> str:
    return f"calls:readings:silent:{reading.pk}"


def _cost(reading: Reading, calls: Sequence[Call]) -> Decimal:
    made = ModelCall.objects.for_workspace(reading.workspace_id).filter(call_id__in=[one.pk for one in calls])
    spent = made.filter(turn=booked_under(reading), created_at__gte=reading.alive_at or reading.created_at)
    return spent.aggregate(usd=Sum("cost_usd"))["usd"] or Decimal(0)
