// A clock over recorded parts: plays [[ms, part], …] at some speed and hands each out when its time comes. Draws nothing.

const SILENCE_MS = 1_500;
const LEAD_MS = 300; // of a skipped silence, what is still played before the next words

export class Player {
  at = 0;
  rate = 1;
  skipsSilence = false;
  isPlaying = false;
  #events = [];
  #next = 0;
  #onParts;
  #onTime;
  #last = 0;

  // onParts(parts, {anew}): parts whose time has come, `anew` when they start from the beginning of the call;
  // onTime(ms): the clock moved, or stopped at the end.
  constructor(duration, { onParts, onTime }) {
    this.duration = duration;
    this.#onParts = onParts;
    this.#onTime = onTime;
  }

  load(events) {
    this.#events = events;
  }

  // Hand everything out again, up to where we are.
  again() {
    this.#next = 0;
    this.seek(this.at);
  }

  play() {
    if (this.isPlaying) return;
    if (this.at >= this.duration) this.seek(0);
    this.isPlaying = true;
    this.#last = performance.now();
    requestAnimationFrame((now) => this.#frame(now));
    this.#onTime(this.at);
  }

  pause() {
    this.isPlaying = false;
    this.#onTime(this.at);
  }

  seek(ms) {
    const at = Math.min(Math.max(ms, 0), this.duration);
    const anew = at < this.at || this.#next === 0;
    if (anew) this.#next = 0;
    this.at = at;
    this.#release(anew);
    this.#onTime(this.at);
  }

  #frame(now) {
    if (!this.isPlaying) return;
    this.at = Math.min(this.at + Math.max(0, now - this.#last) * this.rate, this.duration);
    this.#last = now;
    if (this.skipsSilence) this.#skip();
    this.#release(false);
    if (this.at >= this.duration) this.isPlaying = false;
    else requestAnimationFrame((later) => this.#frame(later));
    this.#onTime(this.at);
  }

  #skip() {
    const next = this.#events[this.#next]?.[0] ?? this.duration;
    if (next - this.at > SILENCE_MS) this.at = next - LEAD_MS;
  }

  #release(anew) {
    const parts = [];
    while (this.#next < this.#events.length && this.#events[this.#next][0] <= this.at) parts.push(this.#events[this.#next++][1]);
    if (parts.length || anew) this.#onParts(parts, { anew });
  }
}
