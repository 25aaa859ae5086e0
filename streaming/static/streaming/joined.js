// A stream on the connection that all tabs of one person share: the tab's end. See stream.js, and shared.js for the other.

import { Direct, tell } from "./direct.js";

const HELLO_MS = 10_000; // a worker that has not answered by then never will; one that cannot be had says so at once
const ROUND_MS = 1_000;
const MOST_SILENT_ROUNDS = 8; // the worker says something every 3 s,
const ROUNDS_TO_ANSWER = 2; // and answers when it is woken

export class Joined {
  #url;
  #handlers;
  #share;
  #position;
  #port = null;
  #direct = null;
  #silent = 0; // rounds, not time: they do not go on while a tab is suspended
  #timers = {};
  #listening = new AbortController();

  constructor(url, handlers, after, share) {
    this.#url = url;
    this.#handlers = handlers;
    this.#share = share;
    this.#position = after ?? new URL(url, location.href).searchParams.get("after");
    this.#listen();
    this.#join();
  }

  get position() {
    return this.#direct ? this.#direct.position : this.#position;
  }

  close() {
    this.#leave();
    this.#listening.abort();
    this.#direct?.close();
  }

  retry() {
    if (this.#direct) this.#direct.retry();
    else this.#say({ do: "retry" });
  }

  #join() {
    this.#leave();
    let worker;
    try {
      worker = new SharedWorker(new URL("shared.js", import.meta.url), { type: "module", name: this.#share.who });
    } catch {
      return this.#goAlone(); // forbidden here
    }
    worker.onerror = () => worker.port === this.#port && this.#goAlone();
    this.#port = worker.port;
    this.#port.onmessage = ({ data }) => this.#hear(data);
    const url = new URL(this.#url, location.href).href;
    const as = new URL(this.#share.as ?? this.#url, location.href).href;
    this.#say({ do: "join", url, as, after: this.#position });
    this.#timers.hello = setTimeout(() => this.#goAlone(), HELLO_MS);
  }

  #leave() {
    clearTimeout(this.#timers.hello);
    clearInterval(this.#timers.rounds);
    this.#timers = {};
    if (!this.#port) return;
    this.#say({ do: "leave" });
    this.#port.onmessage = null;
    this.#port.close();
    this.#port = null;
  }

  #goAlone() {
    this.#leave();
    this.#listening.abort(); // from now on it listens itself
    this.#direct = new Direct(this.#url, this.#handlers, this.#position);
  }

  #say(message) {
    this.#port?.postMessage(message);
  }

  #hear({ told, state, over, left, broken }) {
    this.#silent = 0;
    clearTimeout(this.#timers.hello);
    this.#timers.rounds ??= setInterval(() => this.#round(), ROUND_MS);
    if (told) this.#takeAll(told);
    else if (state) this.#tell(state);
    else if (over) this.#finish(over);
    else if (left) this.#join(); // we did not answer for long; what was said until then has been taken
    else if (broken) reportError(new Error(`shared.js: ${broken}`));
    else this.#say({ do: "answer" });
  }

  #takeAll(told) {
    const port = this.#port;
    for (const one of told) {
      if (this.#port !== port) return; // closed by one of those before
      try {
        this.#take(one);
      } catch (error) {
        reportError(error); // it is no other part's harm
      }
    }
  }

  #take({ data, id, bulk }) {
    const part = JSON.parse(data);
    this.#position = id;
    if (part.type === "data-reset") this.#handlers.reset?.(part.data);
    else this.#handlers.part(part, { id, bulk });
  }

  #tell({ ago, isOurs, ...state }) {
    tell(this.#handlers, { ...state, since: performance.now() - ago }, this.#url, isOurs);
  }

  #finish({ how, status }) {
    this.close();
    this.#handlers[how]?.(status);
  }

  #round() {
    this.#silent += 1;
    if (this.#silent > MOST_SILENT_ROUNDS) this.#join(); // it was killed, or we were suspended: a new one, or the same
  }

  #wake() {
    this.#silent = Math.max(this.#silent, MOST_SILENT_ROUNDS - ROUNDS_TO_ANSWER);
    this.#say({ do: "wake" });
  }

  #listen() {
    const { signal } = this.#listening;
    addEventListener("online", () => this.#wake(), { signal });
    addEventListener("offline", () => this.#say({ do: "away" }), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake(), { signal });
    // The worker would not hear of it otherwise; and a page that is kept for Back must hold nothing.
    addEventListener("pagehide", () => this.#leave(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#join(), { signal });
  }
}
