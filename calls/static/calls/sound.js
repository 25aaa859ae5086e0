// A clock over a recording: plays its sound, and tells the time of the call that is heard. Draws nothing.

const LEAD_MS = 300; // of a skipped silence, what is still played before the next words
const TOLD_EVERY_MS = 250;
const LONG_MS = 900; // of a silence that is worth skipping

export class Sound {
  skipsSilence = false;
  #audio = new Audio();
  #offset;
  #silences;
  #onTime;
  #onFrame;
  #told = 0;

  // heard: calls/recordings/told.py; duration: of the call, in ms; onTime(ms): the clock moved, a few times a second;
  // onFrame(ms): the same, with every frame that is painted; onFail(): it cannot be played.
  constructor(url, heard, duration, { onTime, onFrame, onFail }) {
    this.#offset = heard.offset_ms;
    this.#silences = heard.silences;
    this.duration = Math.max(duration, heard.offset_ms + heard.length_ms);
    this.#onTime = onTime;
    this.#onFrame = onFrame;
    this.#audio.preload = "metadata";
    this.#audio.src = url;
    for (const name of ["play", "pause", "seeked", "ended", "ratechange"]) this.#audio.addEventListener(name, () => this.#tell());
    this.#audio.addEventListener("play", () => this.#frame());
    this.#audio.addEventListener("error", onFail);
  }

  get at() {
    return Math.max(0, this.#audio.currentTime * 1000 + this.#offset);
  }

  get isPlaying() {
    return !this.#audio.paused && !this.#audio.ended;
  }

  get rate() {
    return this.#audio.playbackRate;
  }

  set rate(rate) {
    this.#audio.playbackRate = this.#audio.defaultPlaybackRate = rate;
  }

  play() {
    this.#audio.play().catch(() => this.#tell()); // it may not without a gesture: the button still says Play
  }

  pause() {
    this.#audio.pause();
  }

  // Nothing more is heard or asked for.
  close() {
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#audio.load();
  }

  seek(ms) {
    const at = Math.min(Math.max(ms, 0), this.duration);
    this.#audio.currentTime = Math.max(0, at - this.#offset) / 1000;
    this.#tell();
  }

  // What is heard belongs to frames that are painted; the rest of the page is told a few times a second.
  #frame() {
    if (!this.isPlaying) return;
    if (this.skipsSilence) this.#skip();
    this.#onFrame(this.at);
    if (performance.now() - this.#told >= TOLD_EVERY_MS) this.#tell();
    requestAnimationFrame(() => this.#frame());
  }

  #skip() {
    const { at } = this;
    const silence = this.#silences.find(([start, end]) => start <= at && at < end - LONG_MS);
    if (silence) this.#audio.currentTime = (silence[1] - LEAD_MS - this.#offset) / 1000;
  }

  #tell() {
    this.#told = performance.now();
    this.#onFrame(this.at);
    this.#onTime(this.at);
  }
}
