// One call as its stream tells it: takes parts in, says which turns changed. Knows no page, so that a live call, a
// replay and a test can all be read by the same few rules.

const SETTLED = new Set(["final", "interrupted", "failed", "ok"]);
export const isSettled = (turn) => SETTLED.has(turn.state);
export const wordCount = (text) => (text ? text.trim().split(/\s+/).filter(Boolean).length : 0);

export class Record {
  turns = new Map(); // key → the newest picture of that turn, words so far included
  call = null; // the newest data-call
  finished = false;
  #changed = new Set();

  constructor(turns = []) {
    for (const turn of turns) this.turns.set(turn.key, { ...turn });
  }

  // Take in one part of the stream. Parts of things the page does not draw say nothing.
  apply(part) {
    switch (part.type) {
      case "data-turn":
        return this.#picture(part.data);
      case "text-start":
        return this.#write(part.id, () => "");
      case "text-delta":
        return this.#write(part.id, (text) => text + part.delta);
      case "text-end":
        return this.#close(part.id);
      case "data-call":
        return this.#facts(part.data);
      case "data-reset":
        return this.#forget();
      case "finish":
        this.finished = true;
    }
  }

  // The keys of the turns that changed since last asked.
  taken() {
    const keys = [...this.#changed];
    this.#changed.clear();
    return keys;
  }

  inOrder() {
    return [...this.turns.values()].sort((a, b) => a.n - b.n);
  }

  #picture(turn) {
    const known = this.turns.get(turn.key);
    if (turn.state === "dropped") return this.#drop(turn.key);
    // What is settled stays so: a page drawn from the record hears the tail of the stream again. Only a caller may
    // go on, and then has been heard later than before.
    const goesOn = turn.role === "caller" && turn.end_ms > known?.end_ms;
    if (known && isSettled(known) && !isSettled(turn) && !goesOn) return;
    this.turns.set(turn.key, { text: "", ...turn, closed: isSettled(turn) });
    this.#changed.add(turn.key);
  }

  #write(key, change) {
    const turn = this.turns.get(key);
    if (!turn || isSettled(turn)) return;
    turn.text = change(turn.text);
    if (turn.text) turn.state = "speaking";
    this.#changed.add(key);
  }

  #close(key) {
    const turn = this.turns.get(key);
    if (!turn || isSettled(turn)) return;
    turn.closed = true;
    this.#changed.add(key);
  }

  // An answer that came to nothing before its first word.
  #drop(key) {
    if (this.turns.delete(key)) this.#changed.add(key);
  }

  #facts(call) {
    if (this.call && call.revision < this.call.revision) return;
    this.call = call;
  }

  // The stream lost its place. What is settled is kept until told again; what was being said is told anew.
  #forget() {
    for (const [key, turn] of this.turns) {
      if (isSettled(turn)) continue;
      this.turns.delete(key);
      this.#changed.add(key);
    }
  }
}

// What the caller heard of an answer, and what was cut off: [heard, unheard].
export function split(turn) {
  if (turn.heard === null || turn.heard === undefined) return [turn.text, ""];
  return turn.text.startsWith(turn.heard) ? [turn.heard, turn.text.slice(turn.heard.length).trimStart()] : [turn.heard, ""];
}
