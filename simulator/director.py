"""Who calls when: places calls, several at once, the same ones for the same seed."""

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from simulator.platform.call import Call
from simulator.platform.studio import Agent
from simulator.stories import HOSTED, STORIES, VARIANTS, Story
from simulator.world import World

# Human seconds at which the first calls come, and then how many are kept live.
OPENING = (0.3, 1.5, 3.0, 4.6, 6.3, 8.2)
CROWD = 6  # or one more
CROWD_GAP = (0.8, 3.5)
MOST_LIVE = 200
# Every sixth call is one of an agent the platform hosts itself, and comes soon after the one before.
HOSTED_EVERY, HOSTED_AT = 6, 4
HOSTED_GAP = (0.5, 1.5)
# Every twelfth call that we place reaches nobody.
UNANSWERED_EVERY, UNANSWERED_AT = 12, 4
UNANSWERED = ("dial_no_answer", "dial_busy", "dial_no_answer", "dial_failed")
KNOCK_EVERY = 0.25
KNOCK_WITHIN = 2.0
OFFICE = "+442079460"  # London numbers kept for drama, as are 07700 900xxx and 555-01xx


@dataclass(frozen=True, slots=True)
class Placement:
    """One call to come. `gap`: human seconds after the one before; `crowd`: place it when fewer are live.

    `never`: why it does not connect, if it does not.
    """

    number: int
    story: Story
    variant: int
    caller: str
    office: str
    gap: float
    crowd: int
    never: str = ""

    @property
    def numbers(self) -> tuple[str, str]:
        """(from, to)."""
        pair = (self.caller, self.office)
        return pair if self.story.direction == "inbound" else pair[::-1]


def plan(
    seed: int,
    rate: float | None = None,
    stories: Sequence[Story] = (),
    hosted: Sequence[Story] = (),
    crowd: int = CROWD,
) -> Iterator[Placement]:
    """Every call there will be, in order: a function of the seed, the rate and the crowd alone.

    `rate` is calls a minute; without one the opening is brisk and then a crowd is kept. Calls of hosted
    agents are drawn apart: the others are the same with and without them.
    """
    opening = OPENING[:crowd]
    ours = _calls(random.Random(f"{seed}:plan"), rate, crowd, stories or tuple(STORIES.values()), opening)
    theirs = _calls(random.Random(f"{seed}:hosted"), rate, crowd, hosted or tuple(HOSTED.values()), ())
    unanswered = itertools.cycle(UNANSWERED)
    dialled = itertools.count()
    for number in itertools.count():
        placement = next(theirs if number % HOSTED_EVERY == HOSTED_AT else ours)
        outbound = placement.story.direction == "outbound"
        fails = outbound and next(dialled) % UNANSWERED_EVERY == UNANSWERED_AT
        yield replace(placement, number=number, never=next(unanswered) if fails else "")


def _calls(
    chance: random.Random,
    rate: float | None,
    crowd: int,
    stories: Sequence[Story],
    opening: Sequence[float],
) -> Iterator[Placement]:
    """Calls that tell these stories; without a rate the first ones come as `opening` says."""
    told = itertools.chain.from_iterable(_rounds(chance, stories))
    gaps = [later - sooner for sooner, later in itertools.pairwise((0.0, *opening))]
    for number, story in enumerate(told):
        if rate is not None:
            gap = opening[0] if opening and number == 0 else 60 / rate * chance.uniform(0.75, 1.25)
        elif number < len(opening):
            gap = gaps[number] * chance.uniform(0.9, 1.05)
        else:
            gap = chance.uniform(*(CROWD_GAP if opening else HOSTED_GAP))
        brisk = rate is not None or number < len(opening)
        yield Placement(
            number=number,
            story=story,
            variant=chance.randrange(VARIANTS),
            caller=_caller(chance),
            office=f"{OFFICE}{chance.randrange(100, 110):03d}",
            gap=gap,
            crowd=MOST_LIVE if brisk else chance.randint(crowd, crowd + 1),
        )


def _rounds(chance: random.Random, stories: Sequence[Story]) -> Iterator[list[Story]]:
    """All stories again and again in a new order, neighbours at different agents where possible."""
    while True:
        by_agent: dict[str, list[Story]] = {}
        for story in chance.sample(stories, len(stories)):
            by_agent.setdefault(story.agent, []).append(story)
        turns = itertools.zip_longest(*chance.sample(list(by_agent.values()), len(by_agent)))
        yield [story for turn in turns for story in turn if story is not None]


def _caller(chance: random.Random) -> str:
    if chance.random() < 0.85:
        return f"+447700900{chance.randrange(1000):03d}"
    return f"+1{chance.choice((212, 312, 415, 617))}5550{chance.randrange(100, 200)}"


class Director:
    """Places the calls of the plan at the agents it was told, until it has placed `calls` of them.

    `destinations`: agent name → llm_websocket_url. A story whose agent is not among them goes to another.
    Calls of agents the platform hosts are placed only where webhooks tell somebody of them.
    """

    def __init__(
        self,
        world: World,
        destinations: dict[str, str],
        *,
        rate: float | None = None,
        crowd: int = CROWD,
        calls: int | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._world = world
        self._agents = {name: world.phone.register(name, url) for name, url in destinations.items()}
        self._hosted = {
            story.agent: world.phone.register(story.agent) for story in HOSTED.values() if world.webhooks
        }
        wanted = (one for one in plan(world.seed, rate, crowd=crowd) if self._hosted or not one.story.hosted)
        self._plan = itertools.islice(wanted, calls)
        self._say = say
        self._live: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Place calls and wait for their ends. Cancelled: hangs up every call that is live."""
        try:
            for placement in self._plan:
                await self._world.pace.sleep(placement.gap)
                await self._wait_for_room(placement.crowd)
                agent = self._agent_for(placement)
                if not agent.hosted:
                    await self._wait_for_answer(agent.llm_websocket_url)
                task = asyncio.create_task(self._place(placement, agent))
                self._live.add(task)
                task.add_done_callback(self._gone)
            while self._live:
                await asyncio.wait(self._live)
        finally:
            for task in self._live:
                task.cancel()
            await asyncio.gather(*self._live, return_exceptions=True)

    def _agent_for(self, placement: Placement) -> Agent:
        if placement.story.hosted:
            return self._hosted[placement.story.agent]
        known = self._agents.get(placement.story.agent)
        others = list(self._agents.values())
        return known or others[placement.number % len(others)]

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._live.discard(task)
        self._ended.set()

    async def _wait_for_room(self, crowd: int) -> None:
        while len(self._live) >= crowd:
            self._ended.clear()
            await self._ended.wait()

    async def _wait_for_answer(self, url: str) -> None:
        """Knock until somebody listens at this address."""
        place = urlsplit(url)
        port = place.port or (443 if place.scheme in {"wss", "https"} else 80)
        told = False
        while True:
            try:
                async with asyncio.timeout(KNOCK_WITHIN):
                    _, writer = await asyncio.open_connection(place.hostname, port)
                writer.close()
                return
            except (OSError, TimeoutError):
                if not told:
                    self._say(f"Waiting for {place.hostname}:{port} to answer.")
                    told = True
                await asyncio.sleep(KNOCK_EVERY)

    async def _place(self, placement: Placement, agent: Agent) -> None:
        def placed(call: Call) -> None:
            self._say(f"{call.id} placed: {placement.story.title}, at {agent.name} ({self._count()} live)")

        story = placement.story
        try:
            call = await self._world.phone.call(
                story,
                agent,
                variant=placement.variant,
                numbers=placement.numbers,
                never=placement.never,
                on_placed=placed,
            )
        except Exception as error:
            # One broken call must not end the others; it is told, and the next one comes.
            self._say(f"A call broke ({story.name}): {type(error).__name__}: {error}")
            return
        seconds = call.duration_ms / 1000
        self._say(
            f"{call.id} ended after {seconds:.0f} s: {call.disconnection_reason} ({self._count()} live)"
        )

    def _count(self) -> int:
        return len(self._world.phone.live)
