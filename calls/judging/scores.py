"""Scores of calls: asked for one by one, written down, and put right by people."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from agents.llm.request import Request
from agents.llm.whole import UnusableAnswer, ask
from base.errors import Faulty
from calls.judging import reader, scoring
from calls.judging.keeping import model_of
from calls.judging.wanting import is_sampled, scorecards_of
from calls.models import Call, Review, Score, Scorecard, Turn

logger = logging.getLogger(__name__)
FEATURE = "scorecard"


def score_next(call_id: UUID) -> bool:
    """Have a model judge the call by the next scorecard that it was drawn for; False if there is none.

    One request: whoever asks has others waiting. Raises ProviderError.
    """
    call = Call.objects.real().filter(pk=call_id, judged_at=None).select_related("agent").first()
    if call is None:
        return False
    turns = list(call.standing())
    words = reader.transcript(turns, numbered=True)
    scorecard = _due(call, max(turn.created_at for turn in turns)) if words else None
    if scorecard is None:
        return False
    try:
        take(call, scorecard, turns, ask(asked(call, scorecard, words)))
    except UnusableAnswer:
        # It is not worth a call's summary: what was asked comes to nothing, and is not asked again.
        logger.warning("call %s was not judged by scorecard %s", call.pk, scorecard.pk)
        _keep(
            call,
            scorecard,
            [check | {"ok": None, "reason": scoring.UNCLEAR, "turn": None} for check in scorecard.checks],
        )
    return True


def asked(call: Call, scorecard: Scorecard, words: str, *, turn: str = "", capped: bool = True) -> Request:
    tokens = scoring.most_tokens(scorecard)
    system = scoring.system(scorecard)
    return reader.request(call, FEATURE, system, words, max_tokens=tokens, turn=turn, capped=capped)


def take(call: Call, scorecard: Scorecard, turns: list[Turn], answer: str) -> Score:
    """What a model said. Raises UnusableAnswer."""
    return _keep(call, scorecard, scoring.marks(answer, scorecard, {turn.n for turn in turns}))


@transaction.atomic
def override(
    score: Score, overrides: Mapping[str, bool | None], *, by: UUID | None, actor: UUID | None
) -> Score:
    """What a person says of its checks; where they say nothing they agree with the model. Raises Faulty."""
    locked = Score.objects.select_for_update(of=("self",)).select_related("call").get(pk=score.pk)
    known = {check["id"] for check in locked.checks}
    if faults := {f"overrides.{name}": "There is no such check." for name in overrides if name not in known}:
        raise Faulty(faults)
    locked.overrides = dict(overrides)
    locked.people_points = scoring.points(locked.checks, overrides)
    locked.reviewed_by_id, locked.reviewed_at = by, timezone.now()
    locked.save(update_fields=["overrides", "people_points", "reviewed_by", "reviewed_at"])
    _tell(locked.call)
    audit.note(
        "call.score",
        workspace=locked.workspace_id,
        actor=actor,
        target=f"call:{locked.call_id}",
        detail={"scorecard": str(locked.scorecard_id), "overrides": len(overrides)},
    )
    return locked


def counts(score: Score) -> int | None:
    """What it comes to: people's word, once there is one."""
    return score.points if score.reviewed_at is None else score.people_points


def _due(call: Call, since: datetime) -> Scorecard | None:
    """The first that has not judged the call as it stands."""
    done = dict(call.scores.filter(judged_at__gte=since).values_list("scorecard_id", "revision"))
    drawn = (one for one in scorecards_of(call) if is_sampled(call.pk, one))
    return next((one for one in drawn if done.get(one.pk) != one.revision), None)


@transaction.atomic
def _keep(call: Call, scorecard: Scorecard, checks: list[scoring.Check]) -> Score:
    Call.objects.select_for_update(of=("self",)).only("pk").get(pk=call.pk)
    before = Score.objects.filter(call=call, scorecard=scorecard).first()
    facts: dict[str, Any] = {
        "workspace_id": call.workspace_id,
        "revision": scorecard.revision,
        "checks": checks,
        "points": scoring.points(checks),
        "model": model_of(call, FEATURE),
        "judged_at": timezone.now(),
    }
    if before and before.reviewed_at:
        left = {check["id"] for check in checks}
        overrides = {name: ok for name, ok in before.overrides.items() if name in left}
        facts |= {"overrides": overrides, "people_points": scoring.points(checks, overrides)}
    score, _ = Score.objects.update_or_create(call=call, scorecard=scorecard, defaults=facts)
    _tell(call)
    if score.reviewed_at is None and score.points is not None and score.points < scorecard.pass_mark:
        _put_up(call, scorecard, score.points)
    return score


def _tell(call: Call) -> None:
    """The call has the score of its agent's own scorecard; without one, of the workspace's first."""
    found = call.scores.select_related("scorecard")
    order = sorted(found, key=lambda one: (one.scorecard.agent_id is None, one.scorecard.created_at))
    told = next((points for points in map(counts, order) if points is not None), None)
    Call.objects.filter(pk=call.pk).update(score=told, kept_at=None)


def _put_up(call: Call, scorecard: Scorecard, got: int) -> None:
    """For review: once, and not while it is up for another reason."""
    if Review.objects.filter(call=call, reason=Review.Reason.SCORE).exists():
        return
    comment = f"{scorecard.name}: {got} of 100, below {scorecard.pass_mark}"
    review = Review(workspace_id=call.workspace_id, call=call, reason=Review.Reason.SCORE, comment=comment)
    Review.objects.bulk_create([review], ignore_conflicts=True)
