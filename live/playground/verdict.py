"""What the played rules say of a conversation: the fold that live calls are followed by, over its record."""

from dataclasses import dataclass, replace

from agents.models import Agent
from agents.rules import form
from agents.rules.fold import Firing
from agents.rules.follow import Follow
from agents.rules.sentence import worded
from calls.models import Call, Event, PlaygroundChat, Turn
from live import happenings
from live.playground.taken import length_ms


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule that fires, what it says, and the number of the turn it fires at; None: before the first."""

    rule: str
    name: str
    sentence: str
    turn: int | None


def firings_of(play: PlaygroundChat) -> list[Verdict]:
    """All so far, in the order of the conversation as it stands. `play` with its call and agent.

    Nothing fires while nobody has the next word: people take their time here."""
    call, rules = play.call, play.content["rules"]
    turns = list(call.standing())
    keys = {turn.key for turn in turns}
    told = [one for one in happenings.told_of(Event.objects.filter(call=call)) if one.turn in keys]
    facts = happenings.facts_of(call, play.content["language"])
    following = Follow(form.parsed(rules), replace(facts, channel=_channel(play)))
    following.take(happenings.happenings(call, told, happenings.costs_of([call.pk])))
    sentences = {rule["id"]: worded(rule) for rule in rules if isinstance(rule.get("id"), str)}
    return [
        Verdict(one.rule.id, one.rule.name, sentences[one.rule.id], _turn(one, turns))
        for one in following.firings(length_ms(turns))
    ]


def _channel(play: PlaygroundChat) -> str:
    """Where its callers would be: rules may be for telephones alone."""
    if play.source and play.source.is_real:
        return play.source.channel
    agent: Agent | None = play.call.agent
    return Call.Channel.PHONE if agent and agent.connection_id else Call.Channel.CHAT


def _turn(firing: Firing, turns: list[Turn]) -> int | None:
    about = [turn.n for turn in turns if turn.key == firing.about]
    before = [turn.n for turn in turns if turn.start_ms <= firing.at_ms]
    return next(iter(about), before[-1] if before else None)
