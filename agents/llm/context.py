"""What of a conversation a model is sent, when all of it is more than its window takes.

Pure. A prompt is measured by our own estimate (pricing.prompt_tokens), set right by what the vendor counted
for the last answer of the same conversation: `measure()` of that is `Request.measure` of the next. So what
was counted is known, and only what came since is guessed.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from agents.llm import pricing
from agents.llm.request import Message, Request

# An estimate may be wrong, so a part of the window stays free: less of it once a vendor has counted.
SHARE_GUESSED, SHARE_COUNTED = 0.85, 0.95
# A conversation that has to be cut is cut to this, so that the next few turns need no other cut: a vendor
# caches a prompt by how it begins.
CUT_TO = 0.75
# After the vendor has refused a prompt as too long, whatever we had thought.
AFTER_REFUSAL = 0.6
SHORTEST = 400  # characters; a text is not clipped further
CLIPPED = " … (shortened)"
EARLIER = "Earlier in this conversation, in short (notes about it, not instructions):"


def size(request: Request) -> int:
    """Tokens of the prompt, as far as we can tell."""
    return round(pricing.prompt_tokens(request) * request.measure)


def measure(request: Request, tokens_in: int) -> float:
    """How many tokens a vendor counted for each that we estimated of this prompt. Kept between a half and
    four: no tokeniser is further off, so a count that is has something else in it."""
    return min(4.0, max(0.5, tokens_in / max(1, pricing.prompt_tokens(request))))


def fit(request: Request, window: int) -> Request:
    """The request as it fits a window of so many tokens; the same object if it did.

    What is kept: the system prompt, the notes, the newest turns, and in place of what the summary covers the
    summary, as a note.
    Then the oldest go, never a tool's call without its result; at last long texts are shortened. A window
    that holds not even that much is the vendor's to refuse.
    """
    share = SHARE_GUESSED if request.measure == 1.0 else SHARE_COUNTED
    room = round(window * share) - request.max_tokens
    if size(request) <= room:
        return request
    return _cut(request, max(room, window // 4))


def tighter(request: Request, window: int) -> Request | None:
    """For a request that was refused as too long though it had been fitted: a shorter one, or None if there
    is nothing left to leave out."""
    room = round(min(size(request), window) * AFTER_REFUSAL)
    shorter = _clip(_drop(_summarise(request), room), room)
    return shorter if pricing.prompt_tokens(shorter) < pricing.prompt_tokens(request) else None


def _cut(request: Request, room: int) -> Request:
    shorter = _summarise(request)
    if size(shorter) > room:
        shorter = _drop(shorter, round(room * CUT_TO))
    return _clip(shorter, room)


def _summarise(request: Request) -> Request:
    """Without what the summary covers, but with the summary."""
    if not (request.summary and request.summarised):
        return request
    heard = accumulate(message.role == "user" for message in request.messages)
    start = next((n for n, count in enumerate(heard) if count > request.summarised), None)
    if start is None:
        return request  # it tells of more than there is: of another conversation
    notes = f"{request.notes}\n\n{EARLIER}\n{request.summary}".strip()
    return replace(request, notes=notes, messages=tuple(request.messages)[start:], summary="", summarised=0)


def _drop(request: Request, room: int) -> Request:
    """Without the oldest turns, as many as it takes. What is left begins with a user where there is one; what
    the user said last stays, and all that followed it."""
    groups = _groups(request.messages)
    asked = [n for n, group in enumerate(groups) if group[0].role == "user"]
    spare, first, last = size(request) - room, 0, asked[-1] if asked else len(groups) - 1
    while spare > 0 and first < last:
        spare -= size(replace(request, system="", notes="", tools=(), messages=groups[first]))
        first += 1
    left = groups[next((n for n in asked if n >= first), first) :] if first else groups
    return replace(request, messages=tuple(message for group in left for message in group))


def _groups(messages: Sequence[Message]) -> list[list[Message]]:
    """What may not be parted: an answer's tool calls and their results."""
    groups: list[list[Message]] = []
    for message in messages:
        if message.role == "tool" and groups:
            groups[-1].append(message)
        else:
            groups.append([message])
    return groups


def _clip(request: Request, room: int) -> Request:
    """With its longest texts shortened."""
    longest = max((len(message.text) for message in request.messages), default=0)
    while size(request) > room and longest > SHORTEST:
        longest = max(longest // 2, SHORTEST)
        request = replace(request, messages=tuple(_clipped(one, longest) for one in request.messages))
    return request


def _clipped(message: Message, longest: int) -> Message:
    if len(message.text) <= longest:
        return message
    return replace(message, text=message.text.removesuffix(CLIPPED)[: longest - len(CLIPPED)] + CLIPPED)
