"""Slow work on calls that are over: placing what was said, judging how it went, naming chats."""

import logging
import time
from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from agents.llm.errors import ProviderError
from calls import analysis, embeddings
from calls.analysis import UnusableAnswer
from calls.embeddings import EmbeddingFailed
from calls.models import Call

logger = logging.getLogger(__name__)

PASSING = (OperationalError, InterfaceError, RedisError)
BATCH = 50  # calls looked at together
ENOUGH_SECONDS = 20.0  # others wait for this worker too; the timetable comes by again
REST_SECONDS = 60  # after the vendor of embeddings has failed
TRIES = 5  # to have a call judged, over about a quarter of an hour
PAUSE_SECONDS = 30
DAY_SECONDS = 86_400
TITLED_BY = 6  # turns of a chat; a longer one keeps the title it has
RESTING, BUSY = "calls:embeddings:rest", "calls:embeddings:busy"


@shared_task(ignore_result=True)
def catch_up() -> None:
    """Whatever there is to do about calls that have ended, and about chats: the timetable asks for it.

    Nobody rings for a single call: what a lost message or a dead worker left is found the next time.
    """
    _embed()
    for call in analysis.waiting(BATCH):
        if analysis.claim(call):
            judge_call.delay(str(call.pk))


def _embed() -> None:
    """All that wait, while there is time. Two at once would only pay twice."""
    if cache.get(RESTING) or not cache.add(BUSY, True, REST_SECONDS):
        return
    enough, tried = time.monotonic() + ENOUGH_SECONDS, set[UUID]()
    try:
        while calls := list(embeddings.waiting(BATCH, but=tried)):
            for call in calls:
                if time.monotonic() >= enough:
                    return
                tried.add(call.pk)
                embeddings.take_in(call)
                _want_title(call)
    except EmbeddingFailed as error:
        logger.warning("embeddings rest for %d s: %s", REST_SECONDS, error)
        cache.set(RESTING, True, REST_SECONDS)
    finally:
        cache.delete(BUSY)


def _want_title(call: Call) -> None:
    """Once its first answers are there, a chat is called by more than its first words. Asked for once."""
    begun = call.channel == Call.Channel.CHAT and 2 <= call.turn_count <= TITLED_BY
    if begun and cache.add(f"calls:title:{call.pk}", True, DAY_SECONDS):
        name_chat.delay(str(call.pk))


@shared_task(bind=True, acks_late=True, max_retries=TRIES, ignore_result=True)
def judge_call(self, call_id: str) -> None:
    """Have a model say how the call went. Tried again while that can help; without it the call is as good."""
    try:
        analysis.judge(UUID(call_id))
    except (ProviderError, UnusableAnswer, *PASSING) as error:
        if _is_final(error) or self.request.retries >= TRIES:
            logger.warning("call %s was not judged: %s", call_id, type(error).__name__)
            return
        pause = PAUSE_SECONDS * 2**self.request.retries
        raise self.retry(exc=error, countdown=pause) from error


@shared_task(acks_late=True, ignore_result=True)
def name_chat(call_id: str) -> None:
    """Give a chat a title that says what it is about."""
    try:
        analysis.entitle(UUID(call_id))
    except (ProviderError, UnusableAnswer, *PASSING) as error:
        logger.warning("chat %s was not named: %s", call_id, type(error).__name__)


def _is_final(error: Exception) -> bool:
    """Whether asking again would only cost more: no budget, no model, no key."""
    return isinstance(error, ProviderError) and not error.retryable
