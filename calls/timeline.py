"""Where things sit on a time line: pure geometry for the ribbon of a card and the strip of a call.

`static/calls/geometry.js` is its twin for what moves in the browser; tests hold both to the same answers.
Everything is whole numbers until it is written, so that both write the same digits.

A segment is `(start_ms, end_ms, role, words)`: who spoke when, and how many words. Times are milliseconds
since the call began.
"""

from collections.abc import Iterable, Sequence

Segment = tuple[int, int, str, int]

RIBBON_MS = 60_000
RIBBON_BARS = 97
STRIP_BARS = 282
DEAD_AIR_MS = 8_000
SLOW_REPLY_MS = 1_500
WORD_MS = 340  # how long a voice takes over a word, about
# The live strip's right edge never slides: it jumps to the next of these when the call outgrows it.
WINDOWS_MS = tuple(minutes * 60_000 for minutes in (2, 4, 8, 15, 30, 60, 120, 240, 480, 960, 1_440))
AXIS_STEPS_MS = tuple(
    seconds * 1_000 for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400)
)


def window(now_ms: int) -> int:
    """The strip's width in ms for a live call of this length."""
    return next((width for width in WINDOWS_MS if now_ms < width), WINDOWS_MS[-1])


def voiced(segments: Sequence[Segment]) -> list[Segment]:
    """Segments as they are heard. An agent's words arrive faster than its voice says them, so each of its
    segments lasts as long as its words take, about, or until somebody else begins."""
    heard = []
    for index, (start, end, role, words) in enumerate(segments):
        if role == "agent":
            until = start + words * WORD_MS
            if index + 1 < len(segments):
                until = min(until, segments[index + 1][0])
            end = max(end, until)
        heard.append((start, end, role, words))
    return heard


def bars(segments: Iterable[Segment], begin: int, now_ms: int, finish: int, count: int) -> dict[str, str]:
    """Draw speech up to now as bars in a 1000 × 40 box that spans `begin` to `finish` with `count` places:
    caller above the middle, agent below, as `{role: path}`.

    A bar stands where a word was said, about; taller where they came faster. Bars are placed from the start
    of their segment, so one that is still growing never moves those already drawn.
    """
    span = finish - begin
    step = max(1, span // count)
    paths: dict[str, list[str]] = {"caller": [], "agent": []}
    for start, end, role, words in segments:
        if role not in paths:
            continue
        pace = _pace(words, end - start)
        for index, at in enumerate(range(start, max(end, start + 1), step)):
            if not begin <= at <= now_ms:
                continue
            height = _height(pace, start, index, is_edge=index == 0 or at + step >= end)
            x = _tenths((at - begin) * 10_000 // span)
            paths[role].append(
                f"M{x} 18.5v-{_tenths(height)}" if role == "caller" else f"M{x} 21.5v{_tenths(height)}"
            )
    return {role: "".join(path) for role, path in paths.items()}


def _pace(words: int, length_ms: int) -> int:
    """How tall a segment's bars are, in percent: three steps, so that a growing one does not flicker."""
    if not words or length_ms <= 0:
        return 95
    per_minute = words * 60_000 // length_ms
    return 75 if per_minute < 90 else 95 if per_minute < 210 else 110


def _height(pace: int, start: int, index: int, *, is_edge: bool) -> int:
    texture = 55 + (start * 7 + index * index * 31 + index * 57) % 46
    tenths = min(175, 175 * pace * texture // 10_000)
    return max(15, tenths * 55 // 100 if is_edge else tenths)


def blocks(segments: Iterable[Segment], begin: int, finish: int) -> dict[str, str]:
    """Speech of a source that tells whole turns only: flat blocks, since how it sounded is not known."""
    span = finish - begin
    paths: dict[str, list[str]] = {"caller": [], "agent": []}
    for start, end, role, _ in segments:
        if role not in paths or end < begin:
            continue
        x = (max(start, begin) - begin) * 10_000 // span
        width = _tenths(max(20, (min(end, finish) - begin) * 10_000 // span - x))
        paths[role].append(f"M{_tenths(x)} {9 if role == 'caller' else 22}h{width}v9h-{width}z")
    return {role: "".join(path) for role, path in paths.items()}


def ribbon(
    segments: Sequence[Segment],
    ticks: Iterable[int],
    now_ms: int,
    *,
    level: str = "token",
    silent_ms: int = 0,
) -> dict:
    """The last minute of a call, in a 1000 × 40 box whose right edge is now.

    Returns path strings `caller`, `agent` (bars), `caller_block`, `agent_block`, `dots`, `tools`, each
    possibly empty, and `gap`: `(x, width)` of a silence that has become dead air, or None.
    """
    begin = now_ms - RIBBON_MS
    segments = voiced(segments)
    spoken = bars(segments, begin, now_ms, now_ms, RIBBON_BARS) if level == "token" else {}
    flat = blocks(segments, begin, now_ms) if level == "turn" else {}
    dots = [start for start, *_ in segments] if level == "event" else []
    gap = None
    if silent_ms > DEAD_AIR_MS:
        width = min(silent_ms, RIBBON_MS) * 10_000 // RIBBON_MS
        gap = (_tenths(10_000 - width), _tenths(width))
    return {
        "caller": spoken.get("caller", ""),
        "agent": spoken.get("agent", ""),
        "caller_block": flat.get("caller", ""),
        "agent_block": flat.get("agent", ""),
        "dots": _strokes(dots, begin, now_ms, "14v12"),
        "tools": _strokes(ticks, begin, now_ms, "3v34"),
        "gap": gap,
    }


def _strokes(times: Iterable[int], begin: int, finish: int, stroke: str) -> str:
    span = finish - begin
    inside = (at for at in times if begin <= at <= finish)
    return "".join(f"M{_tenths((at - begin) * 10_000 // span)} {stroke}" for at in inside)


def segments_of(turns: Iterable[dict], now_ms: int) -> list[Segment]:
    """What was said, of `data-turn` pictures; a turn still open lasts until now."""
    return [
        (
            turn["start_ms"],
            now_ms if turn.get("end_ms") is None else turn["end_ms"],
            turn["role"],
            turn.get("words", 0),
        )
        for turn in turns
        if turn["role"] != "tool"
    ]


def marks(turns: Iterable[dict], now_ms: int, window_ms: int) -> list[dict]:
    """What stands on the strip for each turn; x and w are percentages, the reply bar is in pixels."""
    return [_mark(turn, now_ms, window_ms) for turn in turns]


def _mark(turn: dict, now_ms: int, window_ms: int) -> dict:
    end = now_ms if turn.get("end_ms") is None else turn["end_ms"]
    reply = turn.get("reply_ms")
    height = 0 if reply is None else min(reply, 4_000) * 220 // 4_000
    return {
        "n": turn["n"],
        "role": turn["role"],
        "x": percent(turn["start_ms"], window_ms),
        "w": _hundredths(max(80, (end - turn["start_ms"]) * 10_000 // window_ms)),
        "reply": "" if reply is None else _tenths(reply // 100),
        "slow": reply is not None and reply > SLOW_REPLY_MS,
        "lat_y": _tenths(220 - height),
        "lat_h": _tenths(height),
        "failed": turn.get("state") == "failed",
    }


def axis(window_ms: int) -> list[tuple[str, str]]:
    """Labels of the time axis: `(x in percent, "1:30")`, at most eight."""
    step = next((step for step in AXIS_STEPS_MS if window_ms <= step * 8), AXIS_STEPS_MS[-1])
    times = range(0, window_ms, step)
    return [(percent(at, window_ms), clock(at)) for at in times if at * 100 <= window_ms * 96]


def strip(turns: Sequence[dict], now_ms: int, window_ms: int) -> dict:
    """A whole call: `bars`, `marks`, `axis`, where `now` is and what is `unlived` yet, in percent."""
    return {
        "bars": bars(voiced(segments_of(turns, now_ms)), 0, min(now_ms, window_ms), window_ms, STRIP_BARS),
        "marks": marks(turns, now_ms, window_ms),
        "axis": axis(window_ms),
        "now": percent(min(now_ms, window_ms), window_ms),
        "unlived": percent(max(window_ms - now_ms, 0), window_ms),
    }


def clock(ms: int) -> str:
    """2:53, or 1:02:53."""
    minutes, seconds = divmod(ms // 1_000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def percent(at: int, span: int) -> str:
    return _hundredths(at * 10_000 // span)


def _tenths(value: int) -> str:
    return f"{value // 10}.{value % 10}"


def _hundredths(value: int) -> str:
    return f"{value // 100}.{value % 100:02d}"
