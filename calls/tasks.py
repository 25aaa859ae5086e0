"""Slow work on calls that are over: having what was said found, judging how it went, naming chats."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.core.cache import cache
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from agents.llm.errors import ProviderError
from agents.llm.whole import SLOT, UnusableAnswer
from base import slow
from base.turns import one_at_a_time
from calls import analysis, embedders, embeddings, kept
from calls.judging import scores
from calls.models import Call
from calls.search import texts

logger = logging.getLogger(__name__)

PASSING = (OperationalError, InterfaceError, RedisError)
TOO_MUCH = "54"  # how PostgreSQL's errors begin that say so of a text: it will say so again
KEEP_SECONDS = 2.0  # what calls came to is kept for so long at a time
BATCH = 50  # calls looked at together
ENOUGH_SECONDS = 5.0  # others wait for this worker too; the timetable comes by again
BUSY_SECONDS = 60.0  # longer than a batch takes (calls/embeddings.py)
REST_SECONDS = 60  # after the vendor of embeddings has failed
TRIES = 5  # to have a call judged, over about a quarter of an hour
PAUSE_SECONDS = 30
DAY_SECONDS = 86_400
CLAIM_SECONDS = 1_800  # until a title is asked for again of which nothing is heard
TITLED_BY = 6  # turns of a chat; a longer one keeps the title it has
AT_ONCE = 5  # calls given to be judged with every tick: about as many as are judged until the next
IN_TURN_SECONDS = 5
# One call is read at a time, since models that hang must leave places to other slow work. Longer than
# anything that is asked of a model takes (agents/llm/whole.py).
READING_SECONDS = 120.0
RESTING, BUSY, READING = "calls:embeddings:rest", "calls:embeddings:busy", SLOT


@shared_task(ignore_result=True)
def catch_up() -> None:
    """Whatever there is to do about calls that have ended, and about chats: the timetable asks for it.

    Nobody rings for a single call: what a lost message or a dead worker left is found the next time.
    """
    try:
        kept.catch_up(KEEP_SECONDS)
    finally:
        try:
            _embed()
        finally:
            _give_out()


def _embed() -> None:
    """All that wait, while there is time. Two at once would only pay twice."""
    with one_at_a_time(BUSY, BUSY_SECONDS) as ours:
        if not ours:
            return
        enough = time.monotonic() + ENOUGH_SECONDS

        def may_go_on() -> bool:
            return time.monotonic() < enough and ours.goes_on()

        found = _have_found(may_go_on)
        if not cache.get(RESTING):
            # A vendor may hang.
            with slow.place() if embedders.are_bought() else nullcontext(True) as free:
                if free:
                    _place(may_go_on, found)


def _have_found(may_go_on: Callable[[], bool]) -> dict[UUID, int]:
    """By their words: whoever looks for a call that has just ended need not wait for a vendor, nor for all
    the calls of an import. Answers the revision of each."""
    found: dict[UUID, int] = {}
    for call in texts.waiting(BATCH):
        if not may_go_on():
            break
        try:
            texts.keep(call)
            found[call.pk] = call.revision
        except Exception as error:
            if _passes(error):
                raise
            logger.warning("call %s cannot be found by its words: %s", call.pk, _named(error))
            embeddings.set_aside(call)
    return found


def _place(may_go_on: Callable[[], bool], found: Mapping[UUID, int]) -> None:
    tried = set[UUID]()
    while calls := list(embeddings.waiting(BATCH, but=tried)):
        for call in calls:
            if not may_go_on():
                return
            tried.add(call.pk)
            try:
                if found.get(call.pk) != call.revision:
                    texts.keep(call)
                embeddings.take_in(call, may_go_on)
            except Exception as error:
                if _passes(error):
                    raise
                if isinstance(error, ProviderError) and error.falls_through:
                    logger.warning("embeddings rest for %d s: %s", REST_SECONDS, error)
                    cache.set(RESTING, True, REST_SECONDS)
                    return
                # These texts are refused, or their workspace's budget is used up: not so the others.
                logger.warning("call %s was not embedded: %s", call.pk, _named(error))
                embeddings.set_aside(call)
            else:
                if call.embedded_at is None:  # else nobody has said anything new
                    _want_title(call)


def _passes(error: Exception) -> bool:
    """Whether it is nothing of the call that was looked at: others would meet it, too."""
    if isinstance(error, OperationalError):
        return not (getattr(error.__cause__, "sqlstate", None) or "").startswith(TOO_MUCH)
    return isinstance(error, (*PASSING, SoftTimeLimitExceeded))


def _named(error: Exception) -> str:
    """An error of the vendor's in our words; of any other its name alone: it may quote what was said."""
    return str(error) if isinstance(error, ProviderError) else type(error).__name__


def _give_out() -> None:
    """To be judged, a few at a time."""
    analysis.settle()
    for call in analysis.waiting(AT_ONCE):
        if analysis.claim(call):
            try:
                _want_title(call)  # if it was lost
                judge_call.delay(str(call.pk))
            except Exception:
                analysis.give_back(call)
                raise


def _want_title(call: Call) -> None:
    """Once its first answers are there, a chat is called by more than its first words. Asked for once, and
    again if nothing came of that."""
    begun = call.channel == Call.Channel.CHAT and 2 <= call.turn_count <= TITLED_BY
    if begun and cache.add(_title(call.pk), True, CLAIM_SECONDS):
        try:
            name_chat.delay(str(call.pk))
        except Exception:
            cache.delete(_title(call.pk))
            raise


def _title(call_id: object) -> str:
    return f"calls:title:{call_id}"


@shared_task(bind=True, acks_late=True, max_retries=TRIES, ignore_result=True, slow=IN_TURN_SECONDS)
def judge_call(self, call_id: str) -> None:
    """Have a model say how the call went: by its scorecards, then all else that is asked of it, one request
    at a time. Tried again while that can help; without it the call is as good."""
    more = False
    try:
        with one_at_a_time(READING, READING_SECONDS) as free:
            if free:
                more = scores.score_next(UUID(call_id))
                if not more:
                    analysis.judge(UUID(call_id))
    except (ProviderError, UnusableAnswer, *PASSING) as error:
        if _is_final(error) or self.request.retries >= TRIES:
            logger.warning("call %s was not judged: %s", call_id, type(error).__name__)
            analysis.give_up(UUID(call_id))
            return
        pause = PAUSE_SECONDS * 2**self.request.retries
        raise self.retry(exc=error, countdown=pause) from error
    if more:
        judge_call.delay(call_id)
    elif not free:
        # As often as it was tried: waiting for a turn is no fresh start.
        judge_call.apply_async((call_id,), countdown=IN_TURN_SECONDS, retries=self.request.retries)


@shared_task(acks_late=True, ignore_result=True, slow=IN_TURN_SECONDS)
def name_chat(call_id: str) -> None:
    """Give a chat a title that says what it is about."""
    try:
        with one_at_a_time(READING, READING_SECONDS) as free:
            if free:
                analysis.entitle(UUID(call_id))
                cache.set(_title(call_id), True, DAY_SECONDS)
    except (ProviderError, UnusableAnswer, *PASSING) as error:
        logger.warning("chat %s was not named: %s", call_id, type(error).__name__)
        return
    if not free:
        name_chat.apply_async((call_id,), countdown=IN_TURN_SECONDS)


def _is_final(error: Exception) -> bool:
    """Whether asking again would only cost more: no budget, no model, no key."""
    return isinstance(error, ProviderError) and not error.retryable
