// How the conversations of this page hang together. Each that says something else at a line of the caller's is one of
// its own; which came of which is kept for as long as the tab is open.

export class Branches {
  #name;
  #known; // id → { of, nth, start, taken }: went on from `of` before its caller's line number `nth`

  constructor(agent) {
    this.#name = `playground:${agent}`;
    this.#known = JSON.parse(sessionStorage.getItem(this.#name) ?? "{}");
  }

  // start: { call, turn } it began from, or null; taken: how many of the caller's lines came from there.
  add(id, { of = null, nth = 0, start = null, taken = 0 }) {
    this.#known[id] = { of, nth, start, taken };
    sessionStorage.setItem(this.#name, JSON.stringify(this.#known));
  }

  knows(id) {
    return id in this.#known;
  }

  of(id) {
    return this.#known[id] ?? { of: null, nth: 0, start: null, taken: 0 };
  }

  // The conversations that differ from `id` in the caller's line number `nth`, oldest first, and which of them it is.
  at(id, nth) {
    const first = this.#first(id, nth);
    const all = Object.keys(this.#known).filter((one) => this.#before(one, nth) === one && this.#first(one, nth) === first);
    if (!all.includes(first)) all.unshift(first);
    return { all, here: all.indexOf(this.#before(id, nth)) };
  }

  // That it came of with the same line there: later lines may have been said otherwise since.
  #before(id, nth) {
    let one = id;
    while (this.#known[one]?.of && this.#known[one].nth > nth) one = this.#known[one].of;
    return one;
  }

  #first(id, nth) {
    let one = this.#before(id, nth);
    while (this.#known[one]?.of && this.#known[one].nth === nth) one = this.#before(this.#known[one].of, nth);
    return one;
  }
}
