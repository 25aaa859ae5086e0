// Where things sit on a time line. The twin of calls/timeline.py: the server draws a page with that one, the browser
// goes on with this one, and tests/calls/geometry_cases.json holds both to the same answers.

export const RIBBON_MS = 60_000;
const RIBBON_BARS = 97;
export const STRIP_BARS = 282;
export const DEAD_AIR_MS = 8_000;
export const SLOW_REPLY_MS = 1_500;
const WORD_MS = 340; // how long a voice takes over a word, about
const WINDOWS_MS = [2, 4, 8, 15, 30, 60, 120, 240, 480, 960, 1_440].map((minutes) => minutes * 60_000);
const AXIS_STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400].map((s) => s * 1_000);

const floor = (a, b) => Math.floor(a / b);
const tenths = (value) => `${floor(value, 10)}.${value % 10}`;
const hundredths = (value) => `${floor(value, 100)}.${String(value % 100).padStart(2, "0")}`;

export const percent = (at, span) => hundredths(floor(at * 10_000, span));
export const windowOf = (now) => WINDOWS_MS.find((width) => now < width) ?? WINDOWS_MS.at(-1);

export function clock(ms) {
  const seconds = floor(ms, 1_000);
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [floor(seconds, 3_600), floor(seconds, 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// An agent's words arrive faster than its voice says them: its segments last as long as their words take, about, or
// until somebody else begins.
export function voiced(segments) {
  return segments.map(([start, end, role, words], index) => {
    if (role !== "agent") return [start, end, role, words];
    const until = Math.min(start + words * WORD_MS, segments[index + 1]?.[0] ?? Infinity);
    return [start, Math.max(end, until), role, words];
  });
}

// Bars stand where words were said, about; a growing segment never moves those already drawn.
export function bars(segments, begin, now, finish, count) {
  const span = finish - begin;
  const step = Math.max(1, floor(span, count));
  const paths = { caller: "", agent: "" };
  for (const [start, end, role, words] of segments) {
    if (!(role in paths)) continue;
    const pace = paceOf(words, end - start);
    const stop = Math.max(end, start + 1);
    let index = Math.max(0, floor(begin - start, step));
    for (let at = start + index * step; at < stop && at <= now; at += step, index++) {
      if (at < begin) continue;
      const height = tenths(heightOf(pace, start, index, index === 0 || at + step >= end));
      const x = tenths(floor((at - begin) * 10_000, span));
      paths[role] += role === "caller" ? `M${x} 18.5v-${height}` : `M${x} 21.5v${height}`;
    }
  }
  return paths;
}

function paceOf(words, length) {
  if (!words || length <= 0) return 95;
  const perMinute = floor(words * 60_000, length);
  return perMinute < 90 ? 75 : perMinute < 210 ? 95 : 110;
}

function heightOf(pace, start, index, isEdge) {
  const texture = 55 + ((start * 7 + index * index * 31 + index * 57) % 46);
  const height = Math.min(175, floor(175 * pace * texture, 10_000));
  return Math.max(15, isEdge ? floor(height * 55, 100) : height);
}

export function blocks(segments, begin, finish) {
  const span = finish - begin;
  const paths = { caller: "", agent: "" };
  for (const [start, end, role] of segments) {
    if (!(role in paths) || end < begin) continue;
    const x = floor((Math.max(start, begin) - begin) * 10_000, span);
    const width = tenths(Math.max(20, floor((Math.min(end, finish) - begin) * 10_000, span) - x));
    paths[role] += `M${tenths(x)} ${role === "caller" ? 9 : 22}h${width}v9h-${width}z`;
  }
  return paths;
}

const strokes = (times, begin, finish, stroke) =>
  times
    .filter((at) => begin <= at && at <= finish)
    .map((at) => `M${tenths(floor((at - begin) * 10_000, finish - begin))} ${stroke}`)
    .join("");

export function ribbon(segments, ticks, now, { level = "token", silent = 0 } = {}) {
  const begin = now - RIBBON_MS;
  segments = voiced(segments);
  const spoken = level === "token" ? bars(segments, begin, now, now, RIBBON_BARS) : {};
  const flat = level === "turn" ? blocks(segments, begin, now) : {};
  const dots = level === "event" ? segments.map(([start]) => start) : [];
  let gap = null;
  if (silent > DEAD_AIR_MS) {
    const width = floor(Math.min(silent, RIBBON_MS) * 10_000, RIBBON_MS);
    gap = [tenths(10_000 - width), tenths(width)];
  }
  return {
    caller: spoken.caller ?? "",
    agent: spoken.agent ?? "",
    caller_block: flat.caller ?? "",
    agent_block: flat.agent ?? "",
    dots: strokes(dots, begin, now, "14v12"),
    tools: strokes(ticks, begin, now, "3v34"),
    gap,
  };
}

export const segmentsOf = (turns, now) =>
  turns
    .filter((turn) => turn.role !== "tool")
    .map((turn) => [turn.start_ms, turn.end_ms ?? now, turn.role, turn.words ?? 0]);

export function marks(turns, now, width) {
  return turns.map((turn) => {
    const end = turn.end_ms ?? now;
    const reply = turn.reply_ms ?? null;
    const height = reply === null ? 0 : floor(Math.min(reply, 4_000) * 220, 4_000);
    return {
      n: turn.n,
      role: turn.role,
      x: percent(turn.start_ms, width),
      w: hundredths(Math.max(80, floor((end - turn.start_ms) * 10_000, width))),
      reply: reply === null ? "" : tenths(floor(reply, 100)),
      slow: reply !== null && reply > SLOW_REPLY_MS,
      lat_y: tenths(220 - height),
      lat_h: tenths(height),
      failed: turn.state === "failed",
    };
  });
}

export function axis(width) {
  const step = AXIS_STEPS_MS.find((one) => width <= one * 8) ?? AXIS_STEPS_MS.at(-1);
  const labels = [];
  for (let at = 0; at < width && at * 100 <= width * 96; at += step) labels.push([percent(at, width), clock(at)]);
  return labels;
}

export function strip(turns, now, width) {
  return {
    bars: bars(voiced(segmentsOf(turns, now)), 0, Math.min(now, width), width, STRIP_BARS),
    marks: marks(turns, now, width),
    axis: axis(width),
    now: percent(Math.min(now, width), width),
    unlived: percent(Math.max(width - now, 0), width),
  };
}
