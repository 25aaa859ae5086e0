// Tells a screen reader what is said, in whole sentences, never in tokens.

import { isSettled } from "calls/record.js";

const EVERY_MS = 1_000;

export class Say {
  #region;
  #nameOf;
  #told = new Map(); // turn key → sentences already told
  #waiting = [];
  #timer = 0;
  #segmenter = new Intl.Segmenter(document.documentElement.lang || "en", { granularity: "sentence" });

  constructor(region, nameOf) {
    this.#region = region;
    this.#nameOf = nameOf;
  }

  // What the page was opened with is there to be read; only what comes after is told.
  skip(turn) {
    this.#told.set(turn.key, Infinity);
  }

  // `isLate`: it was said while nobody could hear it, and is passed over.
  hear(turn, isLate) {
    if (turn.role === "tool" || !turn.text) return;
    // A caller's words may still change until they are final.
    if (turn.role === "caller" && !isSettled(turn)) return;
    const sentences = [...this.#segmenter.segment(turn.text)].map((one) => one.segment.trim()).filter(Boolean);
    const whole = isSettled(turn) || turn.closed ? sentences : sentences.slice(0, -1);
    const told = this.#told.get(turn.key) ?? 0;
    if (whole.length <= told) return;
    this.#told.set(turn.key, whole.length);
    if (isLate) return;
    this.#waiting.push(`${this.#nameOf(turn)}: ${whole.slice(told).join(" ")}`);
    this.#timer ||= setTimeout(() => this.#tell(), EVERY_MS);
  }

  #tell() {
    this.#timer = 0;
    this.#region.textContent = this.#waiting.splice(0).join(" ");
  }
}
