// Shows an answer as it comes: painted once a frame, read out in whole sentences, followed while the reader is at its end.

import { Say } from "calls/say.js";
import { wordsIn } from "calls/written.js";

const HEAR_MS = 500;

export class Reading {
  #talk;
  #follow;
  #say;
  #frame = 0;
  #heardAt = 0;
  #message = null;

  constructor(root, talk, follow) {
    this.#talk = talk;
    this.#follow = follow;
    const name = () => root.querySelector('[data-part="agent"]').textContent || "Agent";
    this.#say = new Say(root.querySelector("[data-say]"), name);
  }

  // However many parts come, they are painted together; a hidden page gathers them and paints when it is seen.
  changed(message) {
    this.#message = message;
    this.#frame ||= requestAnimationFrame(() => this.now(this.#message));
  }

  now(message) {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#talk.draw(message);
    this.#follow.grew();
    this.#hear(message);
  }

  close() {
    cancelAnimationFrame(this.#frame);
  }

  #hear(message) {
    const now = performance.now();
    if (!message.isSettled && now - this.#heardAt < HEAR_MS) return;
    this.#heardAt = now;
    const text = wordsIn(this.#talk.nodeOf(message)?.querySelectorAll('[data-kind="text"]') ?? []);
    const error = this.#talk.nodeOf(message)?.querySelector('[data-part="error"]:not([hidden]) p')?.textContent ?? "";
    const turn = { key: message.id, role: "agent", text: error ? `${text}\n${error}` : text, state: message.isSettled ? "final" : "speaking" };
    this.#say.hear(turn, document.hidden);
  }
}
