// Marks the word that is heard, and what is still to come, without touching the words: they are ranges over the text
// that is there (CSS custom highlights). A browser that knows none shows the turn that is heard, and no word.

const PAUSE_MS = 300; // between two words, in which the last one stays marked
const NOW = "word-now", AHEAD = "word-ahead";

// The last of `list` for which timeOf() is not after ms: its index, or -1.
export function lastBefore(list, ms, timeOf) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(list[middle]) <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// The word that is heard at a time: its index, or -1 in a pause. words: [[from, to, start_ms, end_ms, …], …] by start.
export function wordAt(words, ms) {
  const index = lastBefore(words, ms, (word) => word[2]);
  if (index < 0 || ms >= Math.max(words[index][3], words[index][2] + 1) + PAUSE_MS) return -1;
  return index;
}

export class Heard {
  #turns; // [[key, words], …] by the start of the first word
  #words; // of all of them: [[from, to, start_ms, end_ms, key], …]
  #nodeOf;
  #marked = -2;
  #ranges = new Map(); // key → what is ahead of that turn

  // words: {key: [[from, to, start_ms, end_ms], …]}; nodeOf(key): where the turn is drawn.
  constructor(words, nodeOf) {
    this.#turns = Object.entries(words).filter(([, placed]) => placed.length).sort(([, a], [, b]) => a[0][2] - b[0][2]);
    this.#words = this.#turns.flatMap(([key, placed]) => placed.map((word) => [...word, key])).sort((a, b) => a[2] - b[2]);
    this.#nodeOf = nodeOf;
  }

  // When a turn's first word is spoken, if that is known.
  startOf(key) {
    return this.#turns.find(([other]) => other === key)?.[1][0][2];
  }

  // The turn that is heard, or was last.
  turnAt(ms) {
    return this.#turns[lastBefore(this.#turns, ms, ([, placed]) => placed[0][2])]?.[0];
  }

  mark(ms) {
    if (!("highlights" in CSS)) return;
    const index = wordAt(this.#words, ms);
    if (index === this.#marked) return;
    this.#marked = index;
    const word = this.#words[index];
    const range = word && this.#range(word[4], word[0], word[1]);
    CSS.highlights.set(NOW, new Highlight(...(range ? [range] : [])));
    this.#lookAhead(ms);
  }

  clear() {
    this.#marked = -2;
    this.#ranges.clear();
    if (!("highlights" in CSS)) return;
    CSS.highlights.delete(NOW);
    CSS.highlights.delete(AHEAD);
  }

  #lookAhead(ms) {
    let isNew = false;
    for (const [key, placed] of this.#turns) {
      const next = placed[lastBefore(placed, ms, (word) => word[2]) + 1];
      const known = this.#ranges.get(key);
      const text = textOf(this.#nodeOf(key));
      if (next && known?.startContainer === text) {
        if (known.startOffset !== next[0]) known.setStart(text, Math.min(next[0], text.length));
        continue;
      }
      if (!next && !known) continue;
      const range = next && text && this.#range(key, next[0], text.length);
      if (range) this.#ranges.set(key, range);
      else this.#ranges.delete(key);
      isNew = true;
    }
    if (isNew || !CSS.highlights.has(AHEAD)) CSS.highlights.set(AHEAD, new Highlight(...this.#ranges.values()));
  }

  #range(key, from, to) {
    const text = textOf(this.#nodeOf(key));
    if (!text || to > text.length || from >= to) return null;
    const range = new Range();
    range.setStart(text, from);
    range.setEnd(text, to);
    return range;
  }
}

function textOf(node) {
  const text = node?.querySelector('[data-part="text"]')?.firstChild;
  return text?.nodeType === Node.TEXT_NODE ? text : null;
}
