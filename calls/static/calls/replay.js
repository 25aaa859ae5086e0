// The player of an ended call. Plays what the operator saw, as it arrived, with its real gaps.

import { clock } from "calls/geometry.js";
import { Player } from "calls/player.js";
import { Record } from "calls/record.js";
import { setIcon, setText } from "calls/transcript.js";

const RATES = [1, 1.5, 2, 4, 8];

export class Replay {
  #bar;
  #page;
  #player;
  #record = new Record();
  #isStreamed = false;
  #loading;

  // bar: the controls; page: {strip, url, duration, turns(), draw(turns, record), drawWhole(), clear(), show(key), mark(key)},
  // what the call page lets a replay do to it.
  constructor(bar, page) {
    this.#bar = bar;
    this.#page = page;
    this.#player = new Player(page.duration, {
      onParts: (parts, { anew }) => this.#play(parts, anew),
      onTime: (ms) => this.#told(ms),
    });
    bar.addEventListener("click", (event) => this.#clicked(event.target.closest("[data-act]")?.dataset.act));
    this.#control("rate").addEventListener("change", (event) => this.#setRate(Number(event.target.value)));
    setText(this.#part("length"), clock(page.duration));
    this.#told(0);
  }

  get isStreamed() {
    return this.#isStreamed;
  }

  get at() {
    return this.#player.at;
  }

  // Go to a moment. The whole transcript stays, unless the call is being shown as it streamed.
  seek(ms) {
    this.#player.seek(ms);
    const turn = this.#turnAt(this.#player.at);
    if (turn && !this.#isStreamed) this.#page.show(turn.key);
  }

  jump(step) {
    const turns = this.#page.turns();
    const now = turns.findLastIndex((turn) => turn.start_ms <= this.#player.at);
    const next = turns[Math.min(Math.max(now + step, 0), turns.length - 1)];
    if (next) this.seek(next.start_ms);
  }

  async toggle() {
    if (this.#player.isPlaying) return this.#player.pause();
    if (!(await this.#stream(true))) return;
    this.#player.play();
  }

  // A key on the page. Returns whether it was one of ours.
  pressed(event, lettersOn) {
    const onControl = event.target.closest("button, a, summary, [role=slider]");
    const step = event.shiftKey ? 1_000 : 5_000;
    if (event.key === "ArrowLeft") this.seek(this.#player.at - step);
    else if (event.key === "ArrowRight") this.seek(this.#player.at + step);
    else if (event.key === " " && (!onControl || onControl.role === "slider")) this.toggle();
    else if (!lettersOn) return false;
    else if (event.key === "p") this.toggle();
    else if (event.key === "<") this.faster(-1);
    else if (event.key === ">") this.faster(1);
    else return false;
    return true;
  }

  faster(step) {
    const index = Math.min(Math.max(RATES.indexOf(this.#player.rate) + step, 0), RATES.length - 1);
    this.#setRate(RATES[index]);
    this.#control("rate").value = String(RATES[index]);
  }

  #clicked(act) {
    if (act === "play") this.toggle();
    if (act === "previous") this.jump(-1);
    if (act === "next") this.jump(1);
    if (act === "streamed") this.#stream(!this.#isStreamed);
    if (act === "link") this.#copyLink();
    if (act === "skip") {
      this.#player.skipsSilence = !this.#player.skipsSilence;
      this.#control("skip").ariaPressed = String(this.#player.skipsSilence);
    }
  }

  // Show the call as it streamed up to the playhead, or whole again. False if the recording could not be had.
  async #stream(isOn) {
    if (isOn === this.#isStreamed) return true;
    if (isOn && !(await this.#load())) return false;
    this.#isStreamed = isOn;
    this.#control("streamed").ariaPressed = String(isOn);
    if (isOn) {
      this.#player.again();
      return true;
    }
    this.#player.pause();
    this.#page.drawWhole();
    return true;
  }

  async #load() {
    try {
      this.#player.load(await (this.#loading ??= fetchEvents(this.#page.url)));
      return true;
    } catch {
      this.#loading = undefined; // so that the next press of Play asks again
      setText(this.#part("note"), "The replay did not load. The transcript is complete. Press Play to try again.");
      return false;
    }
  }

  #play(parts, anew) {
    if (!this.#isStreamed) return;
    if (anew) {
      this.#record = new Record();
      this.#page.clear();
    }
    for (const part of parts) this.#record.apply(part);
    this.#page.draw(this.#record.taken().map((key) => this.#record.turns.get(key)), this.#record);
  }

  #told(ms) {
    if (!this.#player) return;
    setText(this.#part("at"), clock(Math.floor(ms)));
    setText(this.#part("link"), clock(Math.floor(ms)));
    this.#page.strip.tick(ms, { isLive: false });
    this.#page.mark(this.#turnAt(ms)?.key);
    const play = this.#control("play");
    const label = this.#player.isPlaying ? "Pause" : "Play";
    if (play.ariaLabel === label) return;
    play.ariaLabel = label;
    play.title = `${label} (P)`;
    setIcon(play.querySelector("use"), label.toLowerCase());
  }

  #turnAt(ms) {
    return ms > 0 ? this.#page.turns().findLast((turn) => turn.start_ms <= ms) : undefined;
  }

  #setRate(rate) {
    this.#player.rate = rate;
  }

  async #copyLink() {
    const url = new URL(location.href);
    url.hash = "";
    url.searchParams.set("t", (this.#player.at / 1000).toFixed(1));
    history.replaceState(null, "", url);
    await navigator.clipboard?.writeText(url.href);
  }

  #part(name) {
    return this.#bar.querySelector(`[data-part="${name}"]`);
  }

  #control(name) {
    return this.#bar.querySelector(`[data-act="${name}"]`);
  }
}

async function fetchEvents(url) {
  const response = await fetch(url, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(15_000) });
  if (!response.ok) throw new Error(`replay answered ${response.status}`);
  return (await response.json()).events;
}
