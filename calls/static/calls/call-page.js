// <call-page>: one call. While it is live its words stream in; when it ends the same page becomes its history.

import { makeTest } from "agents/make-test.js";
import { openAnalysis } from "calls/analysis.js";
import "calls/copy.js";
import { Facts } from "calls/facts.js";
import { Follow } from "calls/follow.js";
import { clock, windowOf } from "calls/geometry.js";
import { openNotes } from "calls/notes.js";
import { Record, isSettled, wordCount } from "calls/record.js";
import { Replay } from "calls/replay.js";
import { Say } from "calls/say.js";
import { Strip } from "calls/strip.js";
import { openTags } from "calls/tags.js";
import { Transcript, setText } from "calls/transcript.js";
import { keysOn } from "js/keys.js";
import { watch } from "calls/watch.js";

const COST_EVERY_MS = 10_000;
const isStale = () => document.documentElement.hasAttribute("data-stale");
const isTyping = ({ target }) => target.closest("input:not([type=radio]), textarea, select, dialog");

class CallPage extends HTMLElement {
  #data;
  #skew;
  #startedAt;
  #record;
  #facts;
  #strip;
  #stream;
  #transcript; // none of these three for those who may not see the words
  #follow;
  #say;
  #replay;
  #frame = 0;
  #isLate = false; // what is painted next was missed, or said while nobody looked
  #timers = [];
  #over = new AbortController();

  connectedCallback() {
    this.#data = JSON.parse(this.querySelector("#call-data").textContent);
    this.#skew = Date.parse(this.#data.now) - Date.now();
    this.#startedAt = Date.parse(this.#data.call.started_at);
    this.#record = new Record(this.#data.turns);
    this.#record.apply({ type: "data-call", data: this.#data.call });
    this.#facts = new Facts(this, this.#data);
    this.#strip = new Strip(this.querySelector(".strip"), this.#isLive ? windowOf(this.#elapsed) : this.#length);
    if (this.#data.sees_words) this.#openWords();
    this.#listen();
    // For a moment after its end what was said is still put right: the last words, and how much of them was heard.
    if (this.#isLive || (this.#data.sees_words && !this.#data.finished)) this.#watch();
    if (!this.#isLive) this.#openReplay();
    this.toggleAttribute("data-finished", this.#data.finished);
    this.#arrive();
    openAnalysis(this, { csrf: this.#data.csrf, signal: this.#over.signal });
    openTags(this, { csrf: this.#data.csrf, signal: this.#over.signal });
    if (this.#data.sees_words) openNotes(this, this.#follow, { csrf: this.#data.csrf, signal: this.#over.signal });
  }

  disconnectedCallback() {
    this.#stream?.close();
    this.#timers.forEach(clearInterval);
    this.#over.abort();
    cancelAnimationFrame(this.#frame);
  }

  get #isLive() {
    return this.#record.call.status === "live";
  }

  get #elapsed() {
    return Math.max(0, Date.now() + this.#skew - this.#startedAt);
  }

  get #length() {
    return Math.max(this.#record.call.duration_ms ?? this.#elapsed, 1_000);
  }

  #openWords() {
    this.#transcript = new Transcript(this.querySelector(".turns"), {
      templates: Object.fromEntries([...this.querySelectorAll("template[data-blank]")].map((blank) => [blank.dataset.blank, blank])),
      errors: this.#data.errors,
      startedAt: this.#startedAt,
      rules: this.#data,
    });
    this.#follow = new Follow(this.querySelector("[data-follow]"), this.querySelector("[data-newer]"));
    this.#say = new Say(this.querySelector("[data-say]"), (turn) => (turn.role === "caller" ? "Caller" : this.#data.call.agent || "Agent"));
    for (const turn of this.#record.turns.values()) this.#say.skip(turn);
  }

  // --- Live ---------------------------------------------------------------

  #watch() {
    const { stream, call, sees_words } = this.#data;
    this.#stream = watch(stream, (part, told) => this.#take(part, told?.bulk), sees_words ? `/live/stream?board=0&call=${call.id}` : stream);
    this.#timers.push(
      setInterval(() => this.#tick(), 1_000),
      setInterval(() => this.#refreshCost(), COST_EVERY_MS),
    );
    this.#tick();
  }

  #take(part, isBulk) {
    if (!this.#data.sees_words) return this.#takeCard(part);
    this.#isLate ||= isBulk || document.hidden;
    this.#record.apply(part);
    // Painted once a frame, however many words arrive; a hidden page gathers them and paints when it is seen.
    this.#frame ||= requestAnimationFrame(() => this.#paint());
  }

  // Those who may not see the words watch the call's card, which says who speaks and not what.
  #takeCard({ type, data }) {
    if (type !== "data-card" || data.id !== this.#data.call.id) return;
    if (data.status !== "live") return location.reload();
    const known = new Set(this.#data.turns.map((turn) => turn.start_ms));
    for (const [start_ms, end_ms, role, words] of data.ribbon) {
      if (!known.has(start_ms)) this.#record.turns.set(`at ${start_ms}`, { key: `at ${start_ms}`, role, start_ms, end_ms, words, state: "final" });
    }
  }

  #paint() {
    this.#frame = 0;
    const keys = this.#record.taken();
    if (this.#transcript && !this.#replay?.isStreamed) {
      for (const key of keys) this.#paintTurn(key);
      const fired = this.#transcript.fired(this.#record.call.alerts, this.#record.turns);
      if (keys.length || fired) this.#follow.grew();
    }
    this.#isLate = false;
    this.#facts.call(this.#record.call);
    this.#facts.alerts(this.#record.call);
    this.#quiet();
    if (keys.some((key) => this.#isSettled(key))) this.#facts.turns(this.#record.inOrder());
    if (!this.#isLive && !this.#replay) this.#end();
    if (!this.#record.finished) return;
    this.toggleAttribute("data-finished", true);
    this.#timers.forEach(clearInterval);
    this.#stream.close();
  }

  #paintTurn(key) {
    const turn = this.#record.turns.get(key);
    if (!turn) return this.#transcript.remove(key);
    this.#transcript.draw(turn);
    this.#say.hear(this.#transcript.heard(turn), this.#isLate);
  }

  // What stands in place of words while there are none.
  #quiet() {
    const note = this.querySelector('[data-part="quiet"]');
    if (!note) return;
    note.hidden = this.#record.turns.size > 0;
    const { wordless } = this.#data;
    const live = this.#record.call.level === "event" ? wordless.later : wordless.live;
    setText(note, this.#isLive ? live : wordless.ended);
  }

  #isSettled(key) {
    const turn = this.#record.turns.get(key);
    return turn && isSettled(turn);
  }

  #tick() {
    if (!this.#isLive || isStale()) return;
    const now = Math.floor(this.#elapsed);
    this.#facts.length(now);
    this.#strip.draw(this.#turns(), now, windowOf(now), this.#record.call.alerts);
  }

  // What the strip draws: a turn that only thinks has not spoken yet.
  #turns() {
    return this.#record
      .inOrder()
      .filter((turn) => turn.state !== "thinking")
      .map((turn) => ({ ...turn, words: turn.text === undefined ? (turn.words ?? 0) : wordCount(turn.text) }))
      .sort((a, b) => a.start_ms - b.start_ms);
  }

  async #refreshCost() {
    if (document.hidden || isStale()) return;
    try {
      const response = await fetch(this.#data.figures, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(8_000) });
      if (response.ok) this.#facts.cost((await response.json()).cost_usd);
    } catch {
      // The figure stays as old as it is; the connection pill says why.
    }
  }

  // --- Ended --------------------------------------------------------------

  // The call is over: the page becomes its history, where it stands.
  #end() {
    this.#timers.forEach(clearInterval);
    this.dataset.status = this.#record.call.status;
    this.#strip.draw(this.#turns(), this.#length, this.#length, this.#record.call.alerts);
    this.#refreshCost();
    this.#openReplay();
  }

  #openReplay() {
    this.#strip.tick(0, { isLive: false });
    const test = this.querySelector('[data-act="make-test"]');
    if (test) test.hidden = false;
    const bar = this.querySelector("[data-replay]");
    if (!bar) return;
    bar.hidden = false;
    const head = this.querySelector('[data-strip="head"]');
    for (const [name, value] of [["role", "slider"], ["tabindex", "0"], ["aria-label", "Play from"], ["aria-valuemin", "0"]]) head.setAttribute(name, value);
    this.#follow.label = () => (this.#replay.isStreamed ? `Back to ${clock(Math.floor(this.#replay.at))}` : "New messages");
    this.#replay = new Replay(bar, {
      strip: this.#strip,
      url: this.#data.replay,
      recording: { ...this.#data.recording, isFresh: this.#data.call.status === "live" },
      title: this.#data.call.who,
      duration: this.#length,
      box: this.querySelector("[data-follow]"),
      back: this.querySelector("[data-back]"),
      nodeOf: (key) => this.#transcript.nodeOf(key),
      turns: () => this.#record.inOrder(),
      draw: (turns, record) => this.#drawReplayed(turns, record),
      clear: () => this.#startOver(),
      drawWhole: () => this.#drawWhole(),
      show: (key) => this.#show(key),
      mark: (key) => this.#mark(key),
    });
  }

  #drawReplayed(turns, record) {
    for (const turn of turns) this.#transcript.draw(turn);
    const fired = this.#transcript.fired(record.call?.alerts ?? [], record.turns);
    if (turns.length || fired) this.#follow.grew();
  }

  #startOver() {
    this.#transcript.clear();
    this.#follow.toEnd();
  }

  #drawWhole() {
    const place = this.querySelector("[data-follow]").scrollTop;
    this.#transcript.clear();
    for (const turn of this.#record.inOrder()) this.#transcript.draw(turn);
    this.#transcript.fired(this.#record.call.alerts, this.#record.turns);
    this.querySelector("[data-follow]").scrollTop = place;
    this.#follow.release();
  }

  #show(key) {
    this.#transcript.nodeOf(key)?.scrollIntoView({ block: "center" });
    this.#follow.release();
  }

  #mark(key) {
    for (const node of this.querySelectorAll(".turn[data-now]")) if (node.dataset.turn !== key) node.removeAttribute("data-now");
    if (key) this.#transcript.nodeOf(key)?.setAttribute("data-now", "");
  }

  // --- The reader ---------------------------------------------------------

  #listen() {
    const { signal } = this.#over;
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    window.addEventListener("hashchange", () => this.#replay?.seekTo(location.hash), { signal });
    const svg = this.querySelector('[data-strip="svg"]');
    svg.addEventListener("pointerdown", (event) => this.#seekWith(event, svg), { signal });
    svg.addEventListener("click", (event) => this.#replay && event.preventDefault(), { signal });
    this.querySelector('[data-act="make-test"]')?.addEventListener("click", ({ currentTarget }) => this.#makeTest(currentTarget), { signal });
  }

  async #makeTest(button) {
    if (button.ariaDisabled) return;
    button.ariaDisabled = "true";
    await makeTest(this.#data.call.id, this.#data.csrf);
    button.ariaDisabled = null;
  }

  // Click or drag along the time line of an ended call.
  #seekWith(event, svg) {
    if (!this.#replay || event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    const drag = (moved) => this.#replay.seek(this.#strip.timeAt(moved));
    drag(event);
    svg.addEventListener("pointermove", drag);
    svg.addEventListener("lostpointercapture", () => svg.removeEventListener("pointermove", drag), { once: true });
  }

  #pressed(event) {
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event)) return;
    if (event.key === "End" && this.#follow) this.#follow.toEnd();
    else if (keysOn() && (event.key === "[" || event.key === "]")) this.#jump(event.key === "]" ? 1 : -1);
    else if (!this.#replay || !this.#replay.pressed(event, keysOn())) return;
    event.preventDefault();
  }

  #jump(step) {
    if (this.#replay) return this.#replay.jump(step);
    const box = this.querySelector("[data-follow]");
    if (!box) return;
    const top = box.getBoundingClientRect().top + 8;
    const nodes = [...box.querySelectorAll(".turn")];
    const first = nodes.findIndex((node) => node.getBoundingClientRect().bottom > top);
    nodes[Math.min(Math.max(first + step, 0), nodes.length - 1)]?.scrollIntoView({ block: "start" });
    this.#follow.release();
  }

  // Where the address points: a turn, a moment, or the newest words.
  #arrive() {
    if (!this.#follow) return;
    const at = Number(new URLSearchParams(location.search).get("t"));
    if (location.hash) {
      this.querySelector(":target")?.scrollIntoView({ block: "center" });
      this.#follow.release();
      this.#replay?.seekTo(location.hash);
    } else if (at > 0 && this.#replay) this.#replay.seek(at * 1000);
    else if (this.#isLive) this.#follow.toEnd();
    else this.#follow.release();
  }
}

customElements.define("call-page", CallPage);
