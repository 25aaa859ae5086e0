// The time line of one call. The server draws it first (templates/calls/_strip.html); this goes on drawing it.

import { clock, percent, strip } from "calls/geometry.js";

const LONG_SILENCE_MS = 3_000;
const SVG = "http://www.w3.org/2000/svg";

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

function draw(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

export class Strip {
  #root;
  #width;
  #told = "";
  #flagged = null;

  constructor(root, width) {
    this.#root = root;
    this.#width = width;
  }

  get width() {
    return this.#width;
  }

  // turns: pictures with `words` counted; width: of the window in ms; alerts: the rules that fired.
  draw(turns, now, width, alerts) {
    const shape = strip(turns, now, width);
    this.#path("caller", shape.bars.caller);
    this.#path("agent", shape.bars.agent);
    // Marks are links somebody may be pointing at: only redrawn when there is something new to point at.
    const told = `${width} ${turns.map((turn) => `${turn.n}${turn.state}${turn.reply_ms}`).join()}`;
    if (told !== this.#told) {
      this.#told = told;
      this.#part("marks").replaceChildren(...shape.marks.flatMap((mark) => drawMark(mark)));
    }
    const flagged = `${width} ${alerts.map((alert) => alert.at_ms).join()}`;
    if (flagged !== this.#flagged) {
      this.#flagged = flagged;
      this.#part("flags").replaceChildren(...alerts.map((alert) => drawFlag(alert, width)));
    }
    if (width !== this.#width) {
      this.#width = width;
      this.#part("axis").replaceChildren(
        ...shape.axis.map(([x, label]) => draw("text", { class: "axis", x: `${x}%`, y: 93 }, label)),
      );
    }
    this.#place(shape.now, shape.unlived);
  }

  // What is only known of a call that can be heard: where nobody spoke, and where the caller cut in.
  hear(heard, width) {
    this.#part("heard").replaceChildren(...drawHeard(heard, width));
  }

  // Where we are: the present of a live call, the playhead of an ended one.
  tick(now, { isLive }) {
    const at = Math.min(Math.max(now, 0), this.#width);
    this.#place(percent(Math.floor(at), this.#width), isLive ? percent(Math.floor(this.#width - at), this.#width) : "0.00");
    const head = this.#part("head");
    head.setAttribute("aria-valuemax", Math.floor(this.#width / 1000));
    head.setAttribute("aria-valuenow", Math.floor(at / 1000));
    head.setAttribute("aria-valuetext", clock(Math.floor(at)));
  }

  // Milliseconds at a pointer.
  timeAt(event) {
    const box = this.#part("svg").getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return Math.round(share * this.#width);
  }

  #place(now, unlived) {
    const line = this.#part("now");
    line.setAttribute("x1", `${now}%`);
    line.setAttribute("x2", `${now}%`);
    const rest = this.#part("unlived");
    rest.setAttribute("x", `${now}%`);
    rest.setAttribute("width", `${unlived}%`);
  }

  #path(name, d) {
    const path = this.#part(name);
    if (path.getAttribute("d") !== d) path.setAttribute("d", d);
  }

  #part(name) {
    return this.#root.querySelector(`[data-strip="${name}"]`);
  }
}

// Silences and where the caller cut in, of a recording.
function drawHeard({ silences, cuts }, width) {
  const long = silences.filter(([start, end]) => end - start >= LONG_SILENCE_MS);
  return [
    ...long.map(([start, end]) => drawSilence(Math.max(0, start), Math.min(end, width), width)),
    ...cuts.map(([at, n]) => drawCut(at, n, width)),
  ];
}

// The same marks beside a list: of a recording, and of the tools and rules of its call.
export function drawMarks(heard, { tools, rules }, width) {
  return [
    ...drawHeard(heard, width),
    ...tools.map(({ at_ms, failed }) => drawTool({ x: percent(at_ms, width), failed })),
    ...rules.map((alert) => drawFlag(alert, width)),
  ];
}

function drawMark(mark) {
  const nodes = [];
  if (mark.reply) nodes.push(drawReply(mark));
  if (mark.role === "tool") nodes.push(drawTool(mark));
  else if (mark.n) nodes.push(drawHit(mark));
  return nodes;
}

function drawReply(mark) {
  const bar = draw("rect", { class: mark.slow ? "lat is-slow" : "lat", x: -4, y: mark.lat_y, width: 4, height: mark.lat_h, rx: 1 });
  bar.append(draw("title", {}, `Turn ${mark.n} replied in ${mark.reply} s`));
  const box = draw("svg", { x: `${mark.x}%`, y: 58, overflow: "visible" }, bar);
  if (mark.slow) box.append(draw("text", { class: "lat-n", x: 5, y: 21 }, mark.reply));
  return box;
}

function drawTool(mark) {
  const failed = mark.failed ? " is-failed" : "";
  return draw(
    "svg",
    { x: `${mark.x}%`, y: 14, overflow: "visible" },
    draw("path", { class: `tick${failed}`, d: "M0 0v40" }),
    draw("path", { class: `tick-head${failed}`, d: "M0 -7l3.5 3.5L0 0l-3.5-3.5z" }),
  );
}

function drawSilence(start, end, width) {
  const gap = draw("rect", { class: "silence", x: `${percent(start, width)}%`, y: 33, width: `${percent(Math.max(0, end - start), width)}%`, height: 2 });
  gap.append(draw("title", {}, `Silence, ${seconds(end - start)}`));
  return gap;
}

function drawCut(at, n, width) {
  return draw(
    "svg",
    { x: `${percent(Math.min(at, width), width)}%`, y: 14, overflow: "visible" },
    draw("path", { class: "tick is-cut", d: "M0 0v40" }),
    draw("path", { class: "tick-cut", d: "M-3.5 -7h7L0 -1z" }),
    draw("title", {}, `Cut off by the caller, turn ${n}`),
  );
}

function drawFlag(alert, width) {
  return draw(
    "svg",
    { x: `${percent(alert.at_ms, width)}%`, y: 14, overflow: "visible" },
    draw("path", { class: "tick is-rule", d: "M0 -12v54" }),
    draw("path", { class: "tick-flag", d: "M0 -12.5h9l-2 3 2 3H0z" }),
    draw("title", {}, alert.name),
  );
}

function drawHit(mark) {
  const hit = draw("rect", { class: "hit", x: `${mark.x}%`, y: 12, width: `${mark.w}%`, height: 44, rx: 3 });
  return draw("a", { href: `#turn-${mark.n}`, "aria-label": `Turn ${mark.n}`, tabindex: -1 }, hit);
}
