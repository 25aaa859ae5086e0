// One connection to the server, looked after: EventSource, and what EventSource leaves out. Knows no page, so that a
// worker can hold it.
//
//   const line = new Line(address, {
//     part(part, { id, bulk, data }) {}, // one object of the stream, and its text; answers false if it was told before
//     state(state) {},                   // see stream.js
//     opened() {},
//     over(how, status) {},              // nothing more will come: "end", "signIn", "refused"
//   });
//
// `address()` is asked anew for each connection. EventSource gives up for good on any answer but 200 and cannot say
// which it was, so we look with fetch. It never notices a connection that died in silence, so we listen for the
// server's pulse. Times are in milliseconds.

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

export class Line {
  #address;
  #handlers;
  #source = null;
  #heard = performance.now();
  #heardAt = Date.now();
  #begun = 0; // when the connection we have, or wait for, was asked for
  #droppedAt = null;
  #tries = 0;
  #received = 0;
  #greeted = false; // the first pulse comes at once; those after it only to who has caught up
  #bulk = false;
  #lag = new Lag();
  #log = true;
  #trace = ""; // of the last answer that had one to show
  #shown = "";
  #timers = {};
  #probe = null;
  #closed = false;

  constructor(address, handlers) {
    this.#address = address;
    this.#handlers = handlers;
    this.#timers.watch = setInterval(() => this.#watch(), 1_000);
    this.#connect();
  }

  get isOpen() {
    return this.#source?.readyState === EventSource.OPEN;
  }

  close() {
    this.#closed = true;
    this.#drop();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
  }

  /** Go on from the address as it is now. A planned end of our own: nobody need notice. */
  reopen() {
    this.#droppedAt ??= performance.now();
    this.#connect();
  }

  /** Somebody looks again, or the network changed: a connection may look open and be dead. */
  wake() {
    if (this.#silent > PULSE_LATE) this.retry();
  }

  retry() {
    this.#droppedAt ??= performance.now() - this.#silent;
    this.#tries = 0;
    this.#show("reconnecting");
    this.#connect();
  }

  /** The network is said to be gone. The next sign of life says otherwise. */
  away() {
    this.#show("reconnecting");
  }

  // Some clocks stop while a machine sleeps, others are set: the longer of the two.
  get #silent() {
    return Math.max(performance.now() - this.#heard, Date.now() - this.#heardAt);
  }

  #hear() {
    this.#heard = performance.now();
    this.#heardAt = Date.now();
  }

  #connect() {
    if (this.#closed) return;
    this.#drop();
    this.#begun = performance.now();
    const source = new EventSource(this.#address());
    this.#source = source;
    source.onopen = () => this.#open();
    source.onmessage = (event) => this.#take(event);
    source.onerror = () => this.#lost(source);
    if (this.#droppedAt !== null) this.#noticeLater();
  }

  #drop() {
    this.#source?.close();
    this.#source = null;
    this.#probe?.abort();
    this.#probe = null;
    for (const name of ["retry", "quiet", "notice"]) this.#stop(name);
  }

  #open() {
    this.#hear();
    this.#stop("notice"); // bridged in time; the next planned end has a time of its own
    this.#bulk = this.#droppedAt !== null && performance.now() - this.#droppedAt > UNNOTICED;
    this.#received = 0;
    this.#greeted = false;
    this.#caughtUpSoon();
    this.#handlers.opened?.();
  }

  #take(event) {
    this.#hear();
    const { data, lastEventId: id } = event;
    if (data === "[DONE]") return this.#finish("end");
    const part = JSON.parse(data);
    if (part.type === "data-pulse") return this.#pulse(part.data);
    if (part.type === "data-reset") this.#bulk = true;
    if (this.#handlers.part(part, { id, bulk: this.#bulk, data }) === false || this.#closed) return;
    this.#tries = 0; // it came back: the next planned end is again the first
    if (this.#bulk) {
      this.#received += 1;
      this.#caughtUpSoon();
    }
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
    this.#later("quiet", QUIET, () => {
      this.#bulk = false;
      this.#live();
    });
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
    this.#stop("quiet");
    this.#droppedAt ??= performance.now();
    if (source.readyState === EventSource.CLOSED || this.#tries >= NATIVE_TRIES) return this.#again();
    this.#tries += 1;
    if (!this.#timers.notice) this.#noticeLater();
  }

  #noticeLater() {
    this.#later("notice", UNNOTICED, () => this.isOpen || this.#show("reconnecting"));
  }

  #later(name, pause, work) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(() => {
      this.#timers[name] = null;
      if (!this.#closed) work();
    }, pause);
  }

  #stop(name) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = null;
  }

  /** Try again after a while, asking first what the matter is. */
  #again(pause = null) {
    this.#drop();
    this.#droppedAt ??= performance.now();
    this.#tries += 1;
    this.#show("reconnecting");
    this.#later("retry", pause ?? pauseBefore(this.#tries), () => this.#ask());
  }

  async #ask() {
    const probe = new AbortController();
    this.#probe = probe;
    const timer = setTimeout(() => probe.abort(), PROBE_TIMEOUT);
    let status = 0;
    try {
      const answer = await fetch(this.#address(), {
        signal: probe.signal,
        cache: "no-store",
        headers: { accept: "text/event-stream" },
        redirect: "manual",
      });
      status = answer.type === "opaqueredirect" ? 401 : answer.status;
      this.#trace = answer.headers.get("x-trace-id") ?? this.#trace;
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

  #finish(how, status) {
    this.close();
    this.#handlers.over(how, status);
  }

  #watch() {
    const silent = this.#silent;
    if (silent > STALE_AFTER) this.#show("stale");
    else if (silent > PULSE_LATE && this.#shown === "live") this.#show("reconnecting");
    // A connection that is slow to open is given as long as one that has fallen silent.
    const young = this.#source && performance.now() - this.#begun < STALE_AFTER;
    const trying = this.#timers.retry || this.#probe || young;
    if (silent > STALE_AFTER && !trying) this.#again(0);
  }

  #show(name) {
    if (this.#closed) return;
    const changed = this.#shown !== name;
    this.#shown = name;
    this.#handlers.state({
      name,
      changed,
      lag: this.#lag.value,
      tries: this.#tries,
      received: this.#received, // while catching up; how many are left nobody knows
      since: this.#droppedAt ?? performance.now() - this.#silent, // performance.now() of when it was last well
      log: this.#log, // false: the server lives but hears nothing itself
      trace: this.#trace,
    });
  }
}
