// One card of the board: keeps the nodes that templates/live/_card.html drew equal to the call's newest picture.

import { clock, DEAD_AIR_MS, ribbon } from "calls/geometry.js";
import { maskInto, setLevel } from "calls/marks.js";
import { seconds, setIcon, setText } from "calls/transcript.js";
import { Attention, silence } from "live/attention.js";
import { Roll } from "live/roll.js";

export class Card {
  picture;
  shown; // why it is where it is: see attention.js
  node;
  #isVisible = true;
  #isBehind = false; // pictures came while nobody could see the card
  #attention = new Attention();
  #roll;
  #seesWords;

  // node: the <li>; blanks: {role: <template>} of a row of words.
  constructor(node, picture, { now, blanks, seesWords }) {
    this.node = node;
    this.#seesWords = seesWords;
    this.#roll = new Roll(node.querySelector(".call-words"), this.#part("roll"), blanks);
    this.picture = picture;
    this.tick(now);
  }

  get id() {
    return this.picture.id;
  }

  get isLive() {
    return this.picture.status === "live";
  }

  // Take in a newer picture.
  update(picture, now) {
    if (picture.revision < this.picture.revision) return;
    this.picture = picture;
    this.#isBehind = true;
    this.#catchUp(now);
  }

  // Whether the card is on the screen. One that is not costs next to nothing.
  see(isVisible, now) {
    this.#isVisible = isVisible;
    this.#catchUp(now);
  }

  #catchUp(now) {
    if (!this.#isVisible) return;
    if (this.#isBehind) {
      this.#words();
      this.#facts();
      this.#isBehind = false;
    }
    this.tick(now);
  }

  // Draw the facts of a card that was cloned empty.
  fill(now) {
    const { id } = this.picture;
    const who = this.#part("who");
    this.node.dataset.call = id;
    who.id = `who-${id}`;
    who.href = `/calls/${id}/`;
    this.node.firstElementChild.setAttribute("aria-labelledby", who.id);
    this.#words();
    this.#facts();
    this.tick(now);
  }

  // Whether its last words are out of sight: they are new, or the card was moved or resized.
  get isUp() {
    return this.#isVisible && this.#roll.isUp;
  }

  down() {
    this.#roll.down();
  }

  forget() {
    this.#roll.forget();
  }

  // Once a second: what changes because time passes.
  tick(now) {
    this.shown = this.#attention.update(this.picture, now);
    if (!this.#isVisible) return;
    const { tone, icon, text } = this.shown;
    if (this.node.dataset.tone !== tone) this.node.dataset.tone = tone;
    this.node.toggleAttribute("data-ended", !this.isLive);
    setText(this.#part("why"), text);
    this.#part("why-icon").toggleAttribute("hidden", !icon);
    if (icon) setIcon(this.#part("why-icon").firstElementChild, icon);
    setText(this.#part("note"), this.#note(now));
    setText(this.#part("length"), clock(this.#length(now)));
    this.#ribbon(now);
  }

  #length(now) {
    return Math.max(0, this.picture.duration_ms ?? now - Date.parse(this.picture.started_at));
  }

  #note(now) {
    if (this.shown.tier === "dead") {
      const length = Math.floor(((this.shown.over ?? now) - this.shown.since) / 1000);
      return this.shown.over ? `was ${length} s` : `${length} s`;
    }
    return this.shown.note && this.picture.reply_p50_ms !== null ? `${seconds(this.picture.reply_p50_ms)} p50` : "";
  }

  #words() {
    if (!this.#seesWords || this.picture.level === "event") return;
    const { lines, now, tool } = this.picture;
    const said = lines.map(({ role, text }) => ({ role, text, speaking: false }));
    if (tool) said.push({ role: "tool", text: `${tool.name} ${TOOL_STATES[tool.state] ?? tool.state}`, speaking: false });
    if (now?.text) said.push({ role: now.role, text: now.text, speaking: now.speaking });
    this.#roll.show(said);
  }

  #facts() {
    const { who, agent, topic, version, reply_p50_ms, slow, mood, tools, level } = this.picture;
    maskInto(this.#part("who"), who);
    setText(this.#part("agent"), agent);
    setText(this.#part("topic"), `${topic ? ` ${topic}` : ""}${version ? `, v${version}` : ""}`);
    setLevel(this.node.querySelector(".level"), level);
    this.#part("later").hidden = level !== "event";
    if (!this.#seesWords) this.#part("unseen").hidden = level === "event";
    this.#vital("reply", reply_p50_ms === null ? "—" : seconds(reply_p50_ms), slow ? "warn" : "");
    this.#vital("mood", ...moodWords(mood));
    this.#vital("tools", ...toolWords(tools));
  }

  #vital(name, text, tone) {
    const vital = this.#part(name);
    setText(vital.querySelector("dd"), text);
    vital.dataset.tone = tone;
  }

  #ribbon(now) {
    const { ribbon: segments, ticks, level, started_at } = this.picture;
    const at = this.#length(now);
    const silent = this.isLive ? silence(this.picture, now) : 0;
    const shape = ribbon(this.#stretched(segments, at), ticks, at, { level, silent: silent > DEAD_AIR_MS ? Math.floor(silent) : 0 });
    for (const path of this.node.querySelectorAll("path[data-rib]")) {
      const d = shape[path.dataset.rib];
      if (path.getAttribute("d") !== d) path.setAttribute("d", d);
    }
    const gap = this.node.querySelector('[data-rib="gap"]');
    gap.toggleAttribute("hidden", !shape.gap);
    if (!shape.gap) return;
    gap.setAttribute("x", shape.gap[0]);
    gap.setAttribute("width", shape.gap[1]);
  }

  // Whoever is speaking goes on until the next picture says otherwise.
  #stretched(segments, at) {
    const last = segments.at(-1);
    if (!this.isLive || !this.picture.now?.speaking || !last) return segments;
    return [...segments.slice(0, -1), [last[0], Math.max(last[1], at), last[2], last[3]]];
  }

  #part(name) {
    return this.node.querySelector(`[data-part="${name}"]`);
  }
}

export const TOOL_STATES = { running: "is running", ok: "worked", failed: "failed" };

const ARROWS = { falling: " ↘", rising: " ↗", "": "" };

// The Mood vital: [words, tone].
export function moodWords(mood) {
  return mood ? [`${mood.word}${ARROWS[mood.trend]}`, mood.word === "Upset" ? "warn" : ""] : ["—", ""];
}

// The Tools vital: [words, tone].
export function toolWords({ ok, failed, running }) {
  if (failed) return [`${failed} failed`, "danger"];
  if (running) return ["waiting", "warn"];
  return [ok ? `${ok} ok` : "none", ""];
}
