// A live stream that looks after itself: EventSource, and what EventSource leaves out.
//
//   const stream = openStream("/live/calls/…/stream?after=…", {
//     part(part, { id, bulk }) {},   // one object of the stream; bulk while catching up: no animation, no sound
//     reset(data) {},                // forget what you have (of the call in `data`, if it names one); all of it follows
//     state(state) {},               // { name: "live" | "reconnecting" | "catching" | "stale", lag, tries, received, since, log }
//     end() {},                      // the call is over and all of it has been told
//     signIn() {}, refused(status) {},   // nothing more will come: signed out; not allowed or gone
//   });
//   stream.position; stream.close();
//
// EventSource gives up for good on any answer but 200 and cannot say which it was, so we look with fetch. It never
// notices a connection that died in silence, so we listen for the server's pulse. Times are in milliseconds.

export const PULSE_LATE = 5_000; // a pulse comes every 3 s
export const STALE_AFTER = 15_000;
const PROBE_TIMEOUT = 8_000;
const QUIET = 120; // so long without a part, and we have caught up
const UNNOTICED = 1_000; // a planned end is bridged within this; nobody need hear of it
const LONGEST_PAUSE = 30_000;
const NATIVE_TRIES = 3; // after a planned end they follow each other within a tenth of a second

/** How long to wait before try number `tries` (from 1): doubling, with enough chance in it to part a crowd. */
export function pauseBefore(tries, random = Math.random) {
  const most = Math.min(LONGEST_PAUSE, 500 * 2 ** (tries - 1));
  return most / 2 + (random() * most) / 2;
}

/** The address from which to go on after `position`. */
export function resumeAt(url, position, base = globalThis.location?.href) {
  const address = new URL(url, base);
  if (position) address.searchParams.set("after", position);
  return address.href;
}

const NUMBERED = /^([0-9a-z]+)-(\d+)-(\d+)$/;

/** Whether `id` is not after `last`, of the same log. Positions of several topics, and of none yet, are never so. */
export function isRepeat(last, id) {
  const before = NUMBERED.exec(last ?? "");
  const now = NUMBERED.exec(id);
  if (!before || !now || before[1] !== now[1] || now[2] === "0") return false;
  const ms = Number(now[2]) - Number(before[2]);
  return ms < 0 || (ms === 0 && Number(now[3]) <= Number(before[3]));
}

/** How late news are. The two clocks differ by an unknown amount, so this is the delay above the fastest pulse. */
export class Lag {
  #samples = [];

  take(sentAt, now) {
    if (!Number.isFinite(sentAt)) return this.value;
    this.#samples.push(now - sentAt);
    if (this.#samples.length > 100) this.#samples.shift();
    return this.value;
  }

  get value() {
    if (!this.#samples.length) return null;
    return Math.round(this.#samples.at(-1) - Math.min(...this.#samples));
  }
}

class Stream {
  #url;
  #handlers;
  #source = null;
  #position;
  #heard = performance.now();
  #begun = 0; // when the connection we have, or wait for, was asked for
  #droppedAt = null;
  #tries = 0;
  #received = 0;
  #opened = false; // once at least, so that coming back is catching up
  #greeted = false; // the first pulse comes at once; those after it only to who has caught up
  #bulk = false;
  #lag = new Lag();
  #log = true;
  #shown = "";
  #timers = {};
  #probe = null;
  #closed = false;
  #listening = new AbortController();

  constructor(url, handlers, { after = null } = {}) {
    this.#url = url;
    this.#handlers = handlers;
    this.#position = after ?? new URL(url, location.href).searchParams.get("after");
    this.#listen();
    this.#timers.watch = setInterval(() => this.#watch(), 1_000);
    this.#connect();
  }

  get position() {
    return this.#position;
  }

  close() {
    this.#closed = true;
    this.#drop();
    this.#listening.abort();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
  }

  #connect() {
    if (this.#closed) return;
    this.#drop();
    this.#begun = performance.now();
    const source = new EventSource(resumeAt(this.#url, this.#position));
    this.#source = source;
    source.onopen = () => this.#open();
    source.onmessage = (event) => this.#take(event);
    source.onerror = () => this.#lost(source);
  }

  #drop() {
    this.#source?.close();
    this.#source = null;
    this.#probe?.abort();
    this.#probe = null;
    clearTimeout(this.#timers.retry);
    clearTimeout(this.#timers.quiet);
  }

  #open() {
    this.#heard = performance.now();
    clearTimeout(this.#timers.notice); // bridged in time; the next planned end has a time of its own
    this.#timers.notice = null;
    this.#bulk = this.#opened;
    this.#received = 0;
    this.#opened = true;
    this.#greeted = false;
    this.#caughtUpSoon();
  }

  #take(event) {
    this.#heard = performance.now();
    if (event.data === "[DONE]") return this.#finish("end");
    const part = JSON.parse(event.data);
    if (part.type === "data-pulse") return this.#pulse(part.data);
    const id = event.lastEventId;
    if (part.type === "data-reset") {
      this.#position = id || this.#position;
      this.#bulk = true;
      this.#handlers.reset?.(part.data);
      return;
    }
    if (id && isRepeat(this.#position, id)) return;
    if (id) this.#position = id;
    this.#tries = 0; // it came back: the next planned end is again the first
    if (this.#bulk) {
      this.#received += 1;
      this.#caughtUpSoon();
    }
    this.#handlers.part(part, { id, bulk: this.#bulk });
    const name = this.#bulk ? "catching" : "live";
    if (this.#bulk || this.#shown !== name) this.#show(name);
  }

  #pulse(data) {
    this.#lag.take(Date.parse(data.at), Date.now());
    this.#log = data.log !== "away";
    if (this.#greeted) this.#bulk = false; // where words never pause, there is no quiet to tell by
    this.#greeted = true;
    if (!this.#bulk) this.#live();
  }

  #caughtUpSoon() {
    clearTimeout(this.#timers.quiet);
    this.#timers.quiet = setTimeout(() => {
      this.#bulk = false;
      this.#live();
    }, QUIET);
  }

  #live() {
    this.#tries = 0;
    this.#droppedAt = null;
    this.#show("live");
  }

  // The native reconnect goes first: it knows the server's `retry:` and sends Last-Event-ID. It never slows down,
  // though, and a server that sent everybody away to come back at once may be gone for longer.
  #lost(source) {
    if (source !== this.#source || this.#closed) return;
    clearTimeout(this.#timers.quiet);
    this.#droppedAt ??= performance.now();
    if (source.readyState === EventSource.CLOSED || this.#tries >= NATIVE_TRIES) return this.#again();
    this.#tries += 1;
    this.#timers.notice ??= this.#later("notice", UNNOTICED, () => {
      if (this.#source?.readyState !== EventSource.OPEN) this.#show("reconnecting");
    });
  }

  #later(name, pause, work) {
    return setTimeout(() => {
      this.#timers[name] = null;
      if (!this.#closed) work();
    }, pause);
  }

  /** Try again after a while, asking first what the matter is. */
  #again(pause = null) {
    this.#drop();
    this.#droppedAt ??= performance.now();
    this.#tries += 1;
    this.#show("reconnecting");
    this.#timers.retry = this.#later("retry", pause ?? pauseBefore(this.#tries), () => this.#ask());
  }

  async #ask() {
    const probe = new AbortController();
    this.#probe = probe;
    const timer = setTimeout(() => probe.abort(), PROBE_TIMEOUT);
    let status = 0;
    try {
      const answer = await fetch(resumeAt(this.#url, this.#position), {
        signal: probe.signal,
        cache: "no-store",
        headers: { accept: "text/event-stream" },
        redirect: "manual",
      });
      status = answer.type === "opaqueredirect" ? 401 : answer.status;
    } catch {
      status = 0; // no network, or no answer in time
    } finally {
      clearTimeout(timer);
      probe.abort(); // only the status was wanted
    }
    if (this.#closed || this.#probe !== probe) return;
    if (status === 200) this.#connect();
    else if (status === 204) this.#finish("end");
    else if (status === 401) this.#finish("signIn");
    else if (status === 403 || status === 404 || status === 400) this.#finish("refused", status);
    else this.#again();
  }

  #finish(how, ...rest) {
    this.close();
    this.#handlers[how]?.(...rest);
  }

  #watch() {
    const silent = performance.now() - this.#heard;
    if (silent > STALE_AFTER) this.#show("stale");
    else if (silent > PULSE_LATE && this.#shown === "live") this.#show("reconnecting");
    // A connection that is slow to open is given as long as one that has fallen silent.
    const young = this.#source && performance.now() - this.#begun < STALE_AFTER;
    const trying = this.#timers.retry || this.#probe || young;
    if (silent > STALE_AFTER && !trying) this.#again(0);
  }

  #listen() {
    const { signal } = this.#listening;
    const wake = () => {
      // A suspended tab or a changed network leaves a connection that looks open and is dead.
      if (performance.now() - this.#heard > PULSE_LATE) {
        this.#tries = 0;
        this.#again(0);
      }
    };
    addEventListener("online", wake, { signal });
    addEventListener("offline", () => this.#show("reconnecting"), { signal });
    addEventListener("pagehide", () => this.#drop(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#connect(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || wake(), { signal });
  }

  #show(name) {
    if (this.#closed) return;
    const changed = this.#shown !== name;
    this.#shown = name;
    const state = {
      name,
      lag: this.#lag.value,
      tries: this.#tries,
      received: this.#received, // while catching up; how many are left nobody knows
      since: this.#droppedAt ?? this.#heard, // performance.now() of when it was last well
      log: this.#log, // false: the server lives but hears nothing itself
    };
    this.#handlers.state?.(state);
    if (changed || this.#tries) dispatchEvent(new CustomEvent("stream:state", { detail: { ...state, url: this.#url } }));
  }
}

/** Open a stream; see the head of this file. `after`: the position the page was drawn at, if not in the url. */
export function openStream(url, handlers, options) {
  return new Stream(url, handlers, options);
}
