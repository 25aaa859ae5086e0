// A stream on a connection of this page's own. See stream.js.

import { Line } from "./line.js";
import { isRepeat, resumeAt } from "./positions.js";

export class Direct {
  #handlers;
  #line = null;
  #listening = new AbortController();
  position;

  constructor(url, handlers, after) {
    this.#handlers = handlers;
    this.position = after ?? new URL(url, location.href).searchParams.get("after");
    this.#open(url);
    this.#listen(url);
  }

  close() {
    this.#line?.close();
    this.#listening.abort();
  }

  retry() {
    this.#line?.retry();
  }

  #open(url) {
    this.#line?.close();
    this.#line = new Line(() => resumeAt(url, this.position), {
      part: (part, told) => this.#take(part, told),
      state: (state) => tell(this.#handlers, state, url),
      over: (how, status) => {
        this.close();
        this.#handlers[how]?.(status);
      },
    });
  }

  #take(part, { id, bulk }) {
    if (part.type !== "data-reset" && id && isRepeat(this.position, id)) return false;
    this.position = id || this.position;
    if (part.type === "data-reset") this.#handlers.reset?.(part.data);
    else this.#handlers.part(part, { id, bulk });
    return true;
  }

  #listen(url) {
    const { signal } = this.#listening;
    addEventListener("online", () => this.#line?.wake(), { signal });
    addEventListener("offline", () => this.#line?.away(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#line?.wake(), { signal });
    // A page that is kept for Back must hold no connection.
    addEventListener("pagehide", () => {
      this.#line?.close();
      this.#line = null;
    }, { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#open(url), { signal });
  }
}

/** Tell a page how its stream goes, and whoever listens on the window, if it is to be told of this one. */
export function tell(handlers, { changed, trace, ...state }, url, isOurs = true) {
  handlers.state?.(state);
  if (isOurs && (changed || state.tries)) dispatchEvent(new CustomEvent("stream:state", { detail: { ...state, trace, url } }));
}
