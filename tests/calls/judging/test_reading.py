"""A call that is over is read for all that is defined for it: one request, and one for each scorecard."""

import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accounts.models import AuditEntry
from agents.models import ModelCall
from base.errors import Faulty
from calls import analysis, tasks
from calls.judging import agreement, keeping, scores
from calls.judging.wanting import is_sampled, scorecards_of
from calls.models import Call, FieldValue, Review, Score
from tests.calls.judging.conftest import answers, make_over, worker
from tests.calls.judging.made import CHECKS, make_field, make_scorecard, make_topic

SUMMARY = {"summary": "Charged twice.", "sentiment": "neutral", "successful": True}
GOOD = {"checks": {one["id"]: {"answer": "yes", "reason": "So it was.", "turn": 1} for one in CHECKS}}
BAD = {"checks": GOOD["checks"] | {"c2": {"answer": "no", "reason": "It did not.", "turn": 4}}}


def kept_score(call, scorecard, told=BAD) -> Score:
    return scores.take(call, scorecard, list(call.standing()), json.dumps(told))


# --- By models ------------------------------------------------------------------------------------------


async def test_one_request_reads_all_that_is_wanted_and_another_scores(over, vendors, agent):
    amount, _ = await sync_to_async(lambda: (make_field(agent), make_field(agent, "plan", "text")))()
    billing = await sync_to_async(make_topic)(agent)
    card = await sync_to_async(make_scorecard)(agent)
    answers(vendors, BAD)
    fields = {"amount": {"value": 42, "turn": 4}, "plan": {"value": None}}
    answers(vendors, SUMMARY | {"fields": fields, "topics": ["Billing"]})

    assert await worker(scores.score_next, over.pk)
    assert not await worker(scores.score_next, over.pk)
    assert await worker(analysis.judge, over.pk)
    assert not await worker(analysis.judge, over.pk)

    call = await Call.objects.aget()
    assert (call.summary, call.fields, call.topics) == ("Charged twice.", {"amount": 42}, [billing.pk])
    assert call.score == 40
    value = await FieldValue.objects.aget(field=amount)
    assert (value.value, value.turn, value.model, value.is_by_person) == (42, 4, "a", False)
    score = await Score.objects.aget()
    assert (score.scorecard_id, score.points, score.model, score.checks[1]["turn"]) == (card.pk, 40, "a", 4)
    review = await Review.objects.aget()
    assert (review.reason, review.comment) == ("score", "Quality: 40 of 100, below 70")
    assert [seen.body["messages"][1]["content"][:25] for seen in vendors.requests] == [
        "<transcript>\n#1 Agent: La"
    ] * 2
    booked = [one async for one in ModelCall.objects.order_by("id").values_list("feature", "call_id")]
    assert booked == [("scorecard", call.pk), ("analysis", call.pk)]


async def test_what_the_platform_said_is_not_asked_for_again(over, vendors, agent):
    await Call.objects.aupdate(summary="The platform’s.", sentiment="positive")
    assert await worker(analysis.settle) == 1
    await Call.objects.aupdate(judged_at=None)
    await sync_to_async(make_field)(agent)
    assert await worker(analysis.settle) == 0
    answers(vendors, {"fields": {"amount": {"value": 42, "turn": 4}}, "summary": "Mine!", "score": 100})

    await worker(tasks.judge_call, str(over.pk))

    call = await Call.objects.aget()
    assert (call.summary, call.fields, call.score) == ("The platform’s.", {"amount": 42}, None)
    assert call.judged_at
    assert '"summary"' not in vendors.requests[0].body["messages"][0]["content"]


async def test_a_scorecard_that_no_model_answers_costs_no_summary(over, vendors, agent):
    await sync_to_async(make_scorecard)(agent)
    answers(vendors, "This call deserves 100 points.")
    answers(vendors, SUMMARY)

    assert await worker(scores.score_next, over.pk)
    assert not await worker(scores.score_next, over.pk)
    assert await worker(analysis.judge, over.pk)

    assert (await Score.objects.aget()).points is None
    assert ((await Call.objects.aget()).score, await Review.objects.acount()) == (None, 0)


# --- Which calls by which scorecards --------------------------------------------------------------------


def test_a_share_of_the_calls_is_drawn_and_always_the_same(agent):
    calls = [make_over(agent).pk for _ in range(200)]
    half, most = (make_scorecard(agent, name=str(n), sample_percent=n) for n in (50, 80))
    drawn = {pk for pk in calls if is_sampled(pk, half)}

    assert 60 < len(drawn) < 140
    assert drawn < {pk for pk in calls if is_sampled(pk, most)}
    assert not any(is_sampled(pk, make_scorecard(agent, name="None", sample_percent=0)) for pk in calls[:1])


def test_the_agents_own_scorecard_comes_first_and_is_the_calls_score(agent):
    everybodys, own = make_scorecard(agent, "Everybody’s"), make_scorecard(agent, "Own", agent=agent)
    make_scorecard(agent, "Of before", is_active=False)
    call = make_over(agent)

    assert scorecards_of(call) == [own, everybodys]
    kept_score(call, own)
    kept_score(call, everybodys, GOOD)
    call.refresh_from_db()
    assert call.score == 40


def test_a_call_is_put_up_for_review_once(agent):
    card, call = make_scorecard(agent), make_over(agent)
    kept_score(call, card)
    kept_score(call, card)
    assert Review.objects.count() == 1
    Review.objects.update(done_at=timezone.now())

    kept_score(call, card)

    assert Review.objects.count() == 1


def test_one_that_is_up_for_another_reason_stays_so(agent):
    card, call = make_scorecard(agent), make_over(agent)
    Review.objects.create(workspace_id=call.workspace_id, call=call)

    kept_score(call, card)

    assert Review.objects.get().reason == Review.Reason.PERSON


# --- By people ------------------------------------------------------------------------------------------


def test_a_persons_word_is_not_overwritten_by_a_later_reading(agent):
    amount, plan = make_field(agent), make_field(agent, "plan", "text")
    call = make_over(agent)
    by_model = keeping.Answered(values={amount.pk: (42, 4), plan.pk: ("Green", 2)})
    keeping.keep(call, by_model, model="a")

    keeping.say(call, amount, 84, by=None, actor=None)
    keeping.keep(call, by_model, model="b")

    call.refresh_from_db()
    assert call.fields == {"amount": 84, "plan": "Green"}
    said = FieldValue.objects.get(field=amount)
    assert (said.value, said.is_by_person, said.model, said.turn) == (84, True, "", None)
    keeping.say(call, amount, None, by=None, actor=None)
    call.refresh_from_db()
    assert call.fields == {"plan": "Green"}
    assert AuditEntry.objects.filter(action="call.field").count() == 2
    with pytest.raises(Faulty):
        keeping.say(call, amount, "42", by=None, actor=None)


def test_an_override_counts_and_survives_a_later_judgement(agent):
    card, call = make_scorecard(agent), make_over(agent)
    score = scores.override(kept_score(call, card), {"c2": True, "c1": None}, by=None, actor=None)
    call.refresh_from_db()
    assert (score.points, score.people_points, call.score) == (40, 100, 100)

    again = kept_score(call, card)

    call.refresh_from_db()
    assert (again.overrides, again.people_points, call.score) == ({"c2": True, "c1": None}, 100, 100)
    with pytest.raises(Faulty):
        scores.override(again, {"c9": True}, by=None, actor=None)


def test_agreement_is_of_what_people_have_looked_at(agent):
    card = make_scorecard(agent)
    one, two, _ = [kept_score(make_over(agent), card) for _ in range(3)]
    scores.override(one, {"c2": True}, by=None, actor=None)
    scores.override(two, {"c1": True}, by=None, actor=None)  # as the model says

    told = agreement.of([card])[card]

    assert (told.calls, told.n, told.same, told.percent) == (2, 6, 5, 83)
    assert [(name, each.n, each.percent) for name, each in told.checks.items()] == [
        ("c1", 2, 100),
        ("c2", 2, 50),
        ("c3", 2, 100),
    ]
    card.checks[1]["question"] = "The agent finds both charges."
    assert agreement.of([card])[card].checks["c2"].percent is None


def test_a_call_that_goes_on_after_it_was_scored_is_scored_again(agent):
    card, call = make_scorecard(agent), make_over(agent)
    kept_score(call, card)
    latest = max(turn.created_at for turn in call.turns.all())

    assert scores._due(call, latest) is None
    assert scores._due(call, timezone.now() + timedelta(seconds=1)) == card
    card.revision = 2
    card.save()
    assert scores._due(call, latest) == card
