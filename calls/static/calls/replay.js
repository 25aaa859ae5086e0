// The player of an ended call: its sound, with each word marked as it is heard; or, without sound or by choice, what the
// operator saw, as it arrived, with its real gaps.

import { clock } from "calls/geometry.js";
import { Heard } from "calls/heard.js";
import { takeMediaKeys, tellMedia } from "calls/media.js";
import { Player } from "calls/player.js";
import { Record } from "calls/record.js";
import { Sound } from "calls/sound.js";
import { Trail } from "calls/trail.js";
import { setIcon, setText, show } from "calls/transcript.js";
import { Wave } from "calls/wave.js";

const RATES = [0.75, 1, 1.25, 1.5, 2, 4, 8];
const FASTEST_HEARD = 2;
const ASK_AGAIN_MS = 10_000;
const MOST_ASKED = 60; // ten minutes: then a reload tells
const FRESH_ASKED = 12;

export class Replay {
  #bar;
  #page;
  #player;
  #sound = null;
  #heard = null;
  #trail;
  #record = new Record();
  #isStreamed = false;
  #turn = null; // the one that was gone to, of which the sound may say more exactly when it is heard
  #loading;

  // bar: the controls; page: {strip, url, recording, title, duration, nodeOf(key), turns(), draw(turns, record),
  // drawWhole(), clear(), show(key), mark(key), box, back}, what the call page lets a replay do to it.
  constructor(bar, page) {
    this.#bar = bar;
    this.#page = page;
    this.#player = new Player(page.duration, {
      onParts: (parts, { anew }) => this.#play(parts, anew),
      onTime: (ms) => this.#told(ms),
    });
    this.#trail = new Trail(page.box, page.back);
    bar.addEventListener("click", (event) => this.#clicked(event.target.closest("[data-act]")?.dataset.act));
    this.#control("rate").addEventListener("change", (event) => this.#setRate(Number(event.target.value)));
    this.#told(0);
    this.#listen(page.recording, 0);
  }

  get isStreamed() {
    return this.#isStreamed;
  }

  get at() {
    return this.#clock.at;
  }

  get #clock() {
    return this.#sound && !this.#isStreamed ? this.#sound : this.#player;
  }

  // Go to a moment. The whole transcript stays, unless the call is being shown as it streamed.
  seek(ms, toTurn = null) {
    this.#turn = toTurn;
    this.#player.seek(ms);
    if (this.#clock === this.#sound) {
      this.#sound.seek(ms);
      this.#trail.back();
      return;
    }
    const turn = this.#turnAt(this.#player.at);
    if (turn && !this.#isStreamed) this.#page.show(turn.key);
  }

  // Go to a turn, as its link says: "#turn-17".
  seekTo(hash) {
    const turn = this.#page.turns().find(({ n }) => `#turn-${n}` === hash);
    if (turn && !this.#isStreamed) this.seek(this.#startOf(turn), turn);
  }

  jump(step) {
    const turns = this.#page.turns();
    const now = turns.findLastIndex((turn) => this.#startOf(turn) <= this.at + 1);
    const next = turns[Math.min(Math.max(now + step, 0), turns.length - 1)];
    if (next) this.seek(this.#startOf(next), next);
  }

  async toggle() {
    if (this.#clock.isPlaying) return this.#clock.pause();
    if (!this.#sound && !(await this.#stream(true))) return;
    this.#clock.play();
  }

  // A key on the page. Returns whether it was one of ours.
  pressed(event, lettersOn) {
    const onControl = event.target.closest("button, a, summary, [role=slider]");
    const step = event.shiftKey ? 1_000 : 5_000;
    if (event.key === "ArrowLeft") this.seek(this.at - step);
    else if (event.key === "ArrowRight") this.seek(this.at + step);
    else if (event.key === " " && (!onControl || onControl.role === "slider")) this.toggle();
    else if (!lettersOn) return false;
    else if (event.key === "p") this.toggle();
    else if (event.key === "<") this.faster(-1);
    else if (event.key === ">") this.faster(1);
    else return false;
    return true;
  }

  faster(step) {
    const rates = this.#clock === this.#sound ? RATES.filter((rate) => rate <= FASTEST_HEARD) : RATES;
    this.#setRate(rates[Math.min(Math.max(rates.indexOf(this.#clock.rate) + step, 0), rates.length - 1)]);
  }

  #clicked(act) {
    if (act === "play") this.toggle();
    if (act === "previous") this.jump(-1);
    if (act === "next") this.jump(1);
    if (act === "streamed") this.#stream(!this.#isStreamed);
    if (act === "link") this.#copyLink();
    if (act === "skip") {
      this.#player.skipsSilence = !this.#player.skipsSilence;
      if (this.#sound) this.#sound.skipsSilence = this.#player.skipsSilence;
      this.#control("skip").ariaPressed = String(this.#player.skipsSilence);
    }
  }

  // --- Its sound ----------------------------------------------------------

  // Ask for all there is to draw; a recording on its way is waited for. Of a call that has ended just now (`isFresh`)
  // it may not even be known yet that there will be one.
  async #listen({ why, status, isFresh }, asked) {
    this.#say(why);
    const isWaited = (one) => one === "waiting" || (isFresh && one === "none" && asked < FRESH_ASKED);
    if (status !== "kept" && !isWaited(status)) return;
    let now = { why, status, isFresh };
    try {
      const heard = await fetchJson(this.#page.recording.heard);
      if (heard.status === "kept") return this.#open(heard);
      now = { ...heard, isFresh };
    } catch {
      now.why = "The recording did not load. Trying again.";
    }
    this.#say(now.why);
    if (asked < MOST_ASKED && (now.status === "kept" || isWaited(now.status))) setTimeout(() => this.#listen(now, asked + 1), ASK_AGAIN_MS);
  }

  #open(heard) {
    this.#heard = new Heard(heard.words, this.#page.nodeOf);
    this.#sound = new Sound(this.#page.recording.sound, heard, this.#page.duration, {
      onTime: (ms) => this.#clock === this.#sound && this.#told(ms),
      onFrame: (ms) => this.#clock === this.#sound && this.#mark(ms),
      onFail: () => this.#lose(),
    });
    this.#sound.skipsSilence = this.#player.skipsSilence;
    this.#page.strip.hear(heard, this.#page.duration);
    new Wave(this.#bar.parentElement.querySelector("[data-wave]"), heard).draw(this.#page.duration);
    this.#bar.parentElement.toggleAttribute("data-heard", true);
    this.#say("");
    this.#control("download").hidden = false;
    this.#allowRates();
    takeMediaKeys(this.#page.title, {
      play: () => this.#sound?.play(),
      pause: () => this.#sound?.pause(),
      seek: (ms) => this.seek(ms),
      at: () => this.at,
      jump: (step) => this.jump(step),
    });
    // Wherever the address has led to meanwhile.
    if (!this.#isStreamed) this.seek(this.#turn ? this.#startOf(this.#turn) : this.#player.at);
  }

  #lose() {
    this.#sound = null;
    this.#heard.clear();
    this.#trail.stop();
    this.#allowRates();
    this.#say("The recording cannot be played here. As it streamed needs none.");
    this.#told(this.#player.at);
  }

  #mark(ms) {
    if (ms > 0 || this.#sound.isPlaying) this.#heard.mark(ms);
    else this.#heard.clear();
  }

  // --- As it streamed -----------------------------------------------------

  // Show the call as it streamed up to the playhead, or whole again. False if that could not be had.
  async #stream(isOn) {
    if (isOn === this.#isStreamed) return true;
    if (isOn && !(await this.#load())) return false;
    const { at } = this;
    this.#sound?.pause();
    this.#player.pause();
    this.#heard?.clear();
    this.#trail.stop();
    this.#isStreamed = isOn;
    this.#control("streamed").ariaPressed = String(isOn);
    this.#allowRates();
    if (isOn) {
      this.#player.at = Math.min(at, this.#player.duration);
      this.#player.again();
      return true;
    }
    this.#page.drawWhole();
    this.#sound?.seek(at);
    return true;
  }

  async #load() {
    try {
      this.#player.load((await (this.#loading ??= fetchJson(this.#page.url))).events);
      return true;
    } catch {
      this.#loading = undefined; // so that the next press of Play asks again
      this.#say("The replay did not load. The transcript is complete. Press Play to try again.");
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

  // --- What is shown ------------------------------------------------------

  #told(ms) {
    if (!this.#player) return;
    const now = this.#clock;
    setText(this.#part("at"), clock(Math.floor(ms)));
    setText(this.#part("length"), clock(Math.floor(now.duration)));
    setText(this.#part("link"), clock(Math.floor(ms)));
    this.#page.strip.tick(ms, { isLive: false });
    const key = ms > 0 ? this.#keyAt(ms) : undefined;
    this.#page.mark(key);
    if (now === this.#sound) {
      this.#trail.at(key && this.#page.nodeOf(key), ms);
      tellMedia(this.#sound);
    }
    const play = this.#control("play");
    const label = now.isPlaying ? "Pause" : "Play";
    if (play.ariaLabel === label) return;
    play.ariaLabel = label;
    play.title = `${label} (P)`;
    setIcon(play.querySelector("use"), label.toLowerCase());
  }

  #keyAt(ms) {
    return this.#clock === this.#sound ? this.#heard.turnAt(ms) : this.#turnAt(ms)?.key;
  }

  #turnAt(ms) {
    return ms > 0 ? this.#page.turns().findLast((turn) => turn.start_ms <= ms) : undefined;
  }

  // Where it is heard, which may be later than where it came; else where it came.
  #startOf(turn) {
    return (this.#clock === this.#sound && this.#heard.startOf(turn.key)) || turn.start_ms;
  }

  #setRate(rate) {
    this.#clock.rate = rate;
    this.#control("rate").value = String(rate);
  }

  // Nobody understands a voice at four times its speed.
  #allowRates() {
    const isHeard = this.#clock === this.#sound;
    for (const option of this.#control("rate").options) option.disabled = option.hidden = isHeard && Number(option.value) > FASTEST_HEARD;
    this.#control("rate").value = String(this.#clock.rate);
  }

  #say(note) {
    show(this.#part("note"), note);
  }

  async #copyLink() {
    const url = new URL(location.href);
    url.hash = "";
    url.searchParams.set("t", (this.at / 1000).toFixed(1));
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

async function fetchJson(url) {
  const response = await fetch(url, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(15_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}
