// The player of the drawer beside the list: a recording with its two speakers, played and gone through. The page of the
// call has all the rest.

import { clock } from "calls/geometry.js";
import { Sound } from "calls/sound.js";
import { drawMarks } from "calls/strip.js";
import { setIcon, setText } from "calls/transcript.js";
import { Wave } from "calls/wave.js";

const SETTLE_MS = 200; // who walks the list with J and K asks for no recording on the way

export class Glance {
  #box;
  #wave = null;
  #sound = null;
  #heard = null;
  #leaving = new AbortController();

  // box: as templates/lists/_peek.html draws it.
  constructor(box) {
    this.#box = box;
    this.#play.addEventListener("click", () => this.toggle());
    this.#line.addEventListener("input", () => this.#open()?.seek(Number(this.#line.value)));
    setTimeout(() => this.#listen(), SETTLE_MS);
  }

  close() {
    this.#leaving.abort();
    this.#wave?.close();
    this.#sound?.close();
  }

  toggle() {
    const sound = this.#open();
    if (!sound) return;
    if (sound.isPlaying) sound.pause();
    else sound.play();
  }

  get #play() {
    return this.#box.querySelector("button");
  }

  get #line() {
    return this.#box.querySelector("input");
  }

  async #listen() {
    const { signal } = this.#leaving;
    if (signal.aborted) return;
    try {
      const answer = await fetch(this.#box.dataset.heard, { signal, headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const heard = await answer.json();
      if (heard.status !== "kept") return this.#say(heard.why);
      this.#heard = heard;
    } catch (error) {
      if (!signal.aborted) this.#say(`The recording did not load: ${error.message}.`);
      return;
    }
    const length = Math.max(Number(this.#line.max), this.#heard.offset_ms + this.#heard.length_ms);
    this.#line.max = length;
    setText(this.#part("length"), clock(Math.floor(length)));
    this.#play.disabled = this.#line.disabled = false;
    this.#wave = new Wave(this.#box.querySelector("canvas"), this.#heard);
    this.#wave.draw(length);
    this.#box.querySelector(".player-marks").replaceChildren(...drawMarks(this.#heard, JSON.parse(this.#box.dataset.marks), length));
  }

  // Nothing of the sound itself is asked for before somebody wants to hear it.
  #open() {
    if (!this.#heard) return null;
    this.#sound ??= new Sound(this.#box.dataset.sound, this.#heard, Number(this.#line.max), {
      onTime: (ms) => this.#told(ms),
      onFrame: () => {},
      onFail: () => this.#say("The recording cannot be played here."),
    });
    return this.#sound;
  }

  #told(ms) {
    this.#line.value = ms;
    this.#line.setAttribute("aria-valuetext", clock(Math.floor(ms)));
    setText(this.#part("at"), clock(Math.floor(ms)));
    const label = this.#sound.isPlaying ? "Pause" : "Play";
    if (this.#play.ariaLabel === label) return;
    this.#play.ariaLabel = label;
    this.#play.title = `${label} (P)`;
    setIcon(this.#play.querySelector("use"), label.toLowerCase());
  }

  #say(why) {
    this.#play.disabled = this.#line.disabled = true;
    setText(this.#part("why"), why);
  }

  #part(name) {
    return this.#box.querySelector(`[data-part="${name}"]`);
  }
}
