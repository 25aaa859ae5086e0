"""One word to many browsers: our product beside the floors and its peers, in turns.

Figures are on-CPU seconds of the server per million deliveries (one token that reaches one reader), which the
machine's other work disturbs less than wall time; ratios within one loop are what counts.
"""

import itertools
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench import deaf, processes, systems, trial
from bench.systems import C_FLOOR, DAPHNE, FLOOR, NGINX, NODE, OURS, STARLETTE, STOCK, STOCK_DAPHNE
from bench.targets import Target
from bench.trial import Figures, Workload

# What is far off takes its turn in every fourth loop only.
SELDOM = 4
WARM_UP = Workload("", 20, 20, "")
FAR = (C_FLOOR, FLOOR, NODE, DAPHNE, STARLETTE, STOCK, STOCK_DAPHNE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Who is measured: `close` in every loop (or every other), `far` seldom; and what ratios are to."""

    workload: Workload
    close: Sequence[str] = (NGINX, OURS)
    far: Sequence[str] = FAR
    yardstick: str = NGINX
    every: int = 1


COMPARISONS = [
    # First, since only a server that has not had as many readers before shows what a connection keeps.
    Comparison(Workload("A1000", 1000, 1, "one call, 1,000 readers")),
    Comparison(Workload("A100", 100, 1, "one call, 100 readers")),
    Comparison(
        Workload("A2000", 2000, 1, "one call, 2,000 readers: 100,000 a second"),
        far=(C_FLOOR, FLOOR, NODE),
        every=2,
    ),
    Comparison(Workload("B", 500, 20, "20 calls, 25 readers of each")),
    Comparison(Workload("C", 200, 20, "20 calls on each of 200 connections", all_calls=True)),
    Comparison(
        Workload("bursts", 500, 1, "one call, 500 readers, 5 tokens at once", burst=5),
        close=(NODE, OURS),
        far=(NGINX,),
        yardstick=NODE,
    ),
    Comparison(
        Workload("fast", 100, 1, "one call, 100 readers", rate=200.0),
        close=(OURS,),
        far=(NGINX, DAPHNE),
        every=2,
    ),
]
NAMES = [each.workload.name for each in COMPARISONS]


@dataclass(slots=True)
class Taken:
    """Of each system, its figures by loop."""

    comparison: Comparison
    figures: dict[str, dict[int, Figures]] = field(default_factory=dict)

    @property
    def yardstick(self) -> str:
        wanted = self.comparison.yardstick
        return wanted if wanted in self.figures else next(iter(self.figures))

    def middle(self, name: str, figure: str) -> float | None:
        """The median of a figure; None if that system was not measured."""
        taken = self.figures.get(name)
        return statistics.median(getattr(each, figure) for each in taken.values()) if taken else None

    def ratio(self, name: str, to: str) -> float | None:
        """Of CPU, within the same loop; the median of the loops that both took part in."""
        mine, its = self.figures.get(name, {}), self.figures.get(to, {})
        both = [mine[loop].cpu / its[loop].cpu for loop in mine if loop in its and its[loop].cpu]
        return statistics.median(both) if both else None


def run(loops: int, seconds: float, only: str = "", named: str = "") -> Iterator[str]:
    """All systems in turns, `loops` times; the tables' lines and, last, the targets."""
    chosen = [each for each in COMPARISONS if only in ("", each.workload.name)]
    turns = itertools.count()
    with ExitStack() as stack:
        programs = stack.enter_context(processes.native_programs())
        ground = stack.enter_context(systems.ground(most_turns(len(chosen), loops)))
        source = stack.enter_context(trial.source(ground))
        known, missing = systems.known(programs, ground)
        yield from (f"Missing here: {what}." for what in missing)
        wanted = {name for each in chosen for name in (*each.close, *each.far)} | {OURS, DAPHNE}
        served = {
            name: stack.enter_context(system())
            for name, system in known.items()
            if name in wanted and named in name
        }
        for system in served.values():
            trial.turn(ground, system, source, programs["load"], WARM_UP, next(turns), 0.3)
        taken = {}
        for comparison in chosen:
            taken[comparison.workload.name] = of = Taken(comparison)
            for loop in range(loops):
                for name in in_turn(comparison, loop, served):
                    figures = trial.turn(
                        ground,
                        served[name],
                        source,
                        programs["load"],
                        comparison.workload,
                        next(turns),
                        seconds,
                    )
                    of.figures.setdefault(name, {})[loop] = figures
                    trial.wait_until_quiet(served[name].pid)
            yield from table(of)
        if "A1000" in taken:
            yield from connecting(taken["A1000"])
        if "B" in taken:
            yield from publishing(taken["B"])
        held = {}
        if only in ("", "deaf"):
            both = {name: served[name] for name in (OURS, DAPHNE) if name in served}
            held = deaf.run(ground, both, source, programs["load"], turns, loops)
            yield from deaf.table(held)
        yield from verdicts(taken, held)


def most_turns(comparisons: int, loops: int) -> int:
    """Each has calls of its own: warming up, every system in every loop, and those who never read."""
    systems_known = len(FAR) + 2
    return systems_known + loops * (comparisons * systems_known + 4)


def in_turn(comparison: Comparison, loop: int, served: dict) -> list[str]:
    """Who takes part in this loop: forth and back, so that nobody is always first."""
    if loop % comparison.every:
        return []
    due = (*comparison.close, *(comparison.far if loop % SELDOM == 0 else ()))
    names = [name for name in served if name in due]
    return names if loop // comparison.every % 2 == 0 else names[::-1]


def table(taken: Taken) -> Iterator[str]:
    workload = taken.comparison.workload
    if not taken.figures:
        return
    yield f"\n{workload.name}: {workload.meaning}, {workload.rate:g} tokens/s a call"
    yield f"{'':<32} {'CPU s/M':>8} {'ratio':>6} {'p50 ms':>8} {'p99 ms':>8} {'lost':>7} {'frames':>7}"
    for name in taken.figures:
        figures = (taken.middle(name, each) for each in ("cpu", "p50", "p99", "lost", "frames"))
        cpu, p50, p99, lost, frames = figures
        ratio = taken.ratio(name, taken.yardstick)
        yield (
            f"  {name:<30} {cpu:>8.2f} {'–' if ratio is None else f'{ratio:.2f}':>6} {p50:>8.1f} {p99:>8.1f}"
            f" {lost:>7.1%} {frames:>7.0%}"
        )
    most = max(len(loops) for loops in taken.figures.values())
    yield f"  (ratio to {taken.yardstick}, loop by loop; medians of {most} loops or fewer)"


def connecting(taken: Taken) -> Iterator[str]:
    """1,000 readers come, 64 at a time; what each keeps, before and after something was said."""
    yield f"\n{'connecting in A1000':<32} {'a second':>9} {'CPU ms each':>12} {'KB idle':>8} {'KB after':>9}"
    for name, loops in taken.figures.items():
        # Later ones find the memory of those before.
        first = loops[min(loops)]
        connects, connect_ms = taken.middle(name, "connects"), taken.middle(name, "connect_ms")
        yield f"  {name:<30} {connects:>9.0f} {connect_ms:>12.2f} {first.idle_kb:>8.1f} {first.kb:>9.1f}"


def publishing(taken: Taken) -> Iterator[str]:
    """What saying a token costs whoever says it, and Redis; less what speaking to nobody costs."""
    yield f"\n{'publishing in B: CPU ms per 1,000 tokens':<48} {'source':>7} {'Redis':>7}"
    for name in taken.figures:
        source_ms, redis_ms = taken.middle(name, "source_ms"), taken.middle(name, "redis_ms")
        yield f"  {name:<46} {source_ms:>7.1f} {redis_ms:>7.1f}"


def verdicts(taken: dict[str, Taken], held: dict) -> Iterator[str]:
    """Every target that was measured, and whether it was met."""
    targets: list[Target] = []

    def ratio(name: str, to: str, most: float) -> None:
        if name in taken:
            what = f"{name}: CPU of ours to {to}"
            targets.append(Target(what, taken[name].ratio(OURS, to), most, "×"))

    def figure(name: str, of: str, most: float, unit: str, what: str, scale: float = 1.0) -> None:
        if name in taken:
            value = taken[name].middle(OURS, of)
            targets.append(Target(f"{name}: {what}", None if value is None else value * scale, most, unit))

    for name in ("A100", "A1000", "A2000", "B"):
        ratio(name, NGINX, 1.0)
    ratio("C", NGINX, 0.2)
    ratio("A100", STOCK_DAPHNE, 0.1)
    ratio("bursts", NODE, 1.0)
    figure("A2000", "p99", 30, "ms", "p99 at 100,000 deliveries a second on one core")
    figure("A2000", "lost", 0, "%", "lost of them", 100)
    for name in ("A100", "A1000", "B"):
        figure(name, "p99", 26, "ms", "delay p99, a tick and 10 ms")
    figure("fast", "frames", 40, "%", "frames of 200 tokens a second", 100)
    figure("fast", "p99", 25, "ms", "delay p99 at 200 tokens a second")
    if "A1000" in taken and OURS in taken["A1000"].figures:
        first = next(iter(taken["A1000"].figures[OURS].values()))
        targets.append(Target("A1000: memory of a connection", first.kb, 20, "KB"))
    targets += deaf.targets(held)
    yield from Target.table(targets)
