// The last words of a call in a box of fixed size: they are added at the end, and the box rolls.
//
// A card tells only the ends of what was said, so that it stays small. Here they are joined to what is already on the
// page: words that have been shown never move or change for being told again, shorter.

import { setText } from "calls/transcript.js";

const KEPT = 12;
const MOST = 4 * KEPT; // of a card that nobody sees, and so nobody rolls
const RUNNING = "is running";

export class Roll {
  #box;
  #list;
  #blank;
  #rows = []; // {role, text, speaking, node}
  #over = 0; // px: how tall those are that are too many
  #gone = 0; // px: how tall the rows were that are not here any more

  // box: scrolls; list: holds the rows; blank: {role: <template>} of a row.
  constructor(box, list, blank) {
    this.#box = box;
    this.#list = list;
    this.#blank = blank;
    for (const node of list.querySelectorAll(".said[data-role]")) {
      const words = node.querySelector("[data-stream]");
      this.#rows.push({ role: node.dataset.role, text: words.textContent, speaking: words.classList.contains("on"), node });
    }
  }

  // said: [{role, text, speaking}, …], oldest first; at most one of them a tool. `rollAll` follows, once all is drawn.
  show(said) {
    let changed = false;
    const spoken = this.#rows.filter((row) => row.role !== "tool");
    let place = placeOf(spoken, said.filter((one) => one.role !== "tool"));
    for (const one of said) {
      const row = one.role === "tool" ? this.#toolRow(one) : spoken[place++];
      changed = (row ? this.#update(row, one) : this.#append(one)) || changed;
    }
    changed = this.#settleTools(said) || changed;
    if (!changed) return;
    if (this.#rows.length > MOST) rollAll([this]);
    this.#rows.forEach((row, index) => row.node.classList.toggle("said-prev", index < this.#rows.length - 1));
  }

  // Tools that are not told of any more have answered, and the talk went on.
  #settleTools(said) {
    const told = said.filter((one) => one.role === "tool");
    const over = this.#rows.filter((row) => row.role === "tool" && row.text.endsWith(RUNNING) && !told.some((one) => isSame(row, one)));
    for (const row of over) this.#update(row, { ...row, text: row.text.replace(RUNNING, "done") });
    return over.length > 0;
  }

  // A tool that was used before and is used again gets a row of its own.
  #toolRow(one) {
    return this.#rows.slice(-2).find((row) => row.role === "tool" && isSame(row, one));
  }

  #update(row, one) {
    const text = joined(row.text, one.text, one.speaking || row.speaking);
    if (text === row.text && row.speaking === one.speaking) return false;
    const words = row.node.querySelector("[data-stream]");
    const node = words.firstChild;
    if (node && text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
    else setText(words, text);
    words.classList.toggle("on", one.speaking);
    Object.assign(row, { text, speaking: one.speaking });
    return true;
  }

  #append({ role, text, speaking }) {
    const node = this.#blank[role].content.firstElementChild.cloneNode(true);
    const words = node.querySelector("[data-stream]");
    words.textContent = text;
    words.classList.toggle("on", speaking);
    this.#list.append(node);
    const last = this.#rows.at(-1);
    if (last) last.node.querySelector("[data-stream]").classList.remove("on");
    this.#rows.push({ role, text, speaking, node });
    return true;
  }

  // Whether there is something to roll or to forget; measured, nothing changed.
  get isUp() {
    const first = this.#rows.length - KEPT;
    const top = ({ node }) => node.getBoundingClientRect().top;
    this.#over = first > 0 ? top(this.#rows[first]) - top(this.#rows[0]) : 0;
    const { scrollTop, clientHeight, scrollHeight } = this.#box;
    return first > 0 || scrollTop + clientHeight < scrollHeight - 1;
  }

  // By scrolling, so that what rolls is not a shift of the page.
  down() {
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  // Right after `isUp` and `down`. Their room stays, so that those that are left do not move.
  forget() {
    const over = this.#rows.splice(0, Math.max(0, this.#rows.length - KEPT));
    if (!over.length) return;
    this.#gone += this.#over;
    for (const { node } of over) node.remove();
    this.#list.style.setProperty("--gone", `${this.#gone}px`);
  }
}

// Rolls of one page, or cards with one: first all that is measured, then all that moves, so it is laid out once.
export function rollAll(rolls) {
  const up = rolls.filter((one) => one.isUp);
  for (const one of up) one.down();
  for (const one of up) one.forget();
}

// Where in our rows a telling begins: the earliest place from which it goes on as ours do.
function placeOf(rows, said) {
  for (let place = 0; place < rows.length; place++) {
    if (rows.slice(place).every((row, index) => said[index] && isSame(row, said[index]))) return place;
  }
  return rows.length;
}

const bare = (text) => (text.startsWith("…") ? text.slice(1) : text);

function isSame(row, one) {
  if (row.role !== one.role) return false;
  if (row.role === "tool") return row.text.split(" ", 1)[0] === one.text.split(" ", 1)[0];
  const start = bare(one.text).slice(0, 16);
  // What a caller is still saying may be heard differently a moment later.
  return row.text.includes(start) || bare(one.text).includes(bare(row.text).slice(0, 16)) || (row.speaking && row.role === "caller");
}

// Our text with what is new in theirs, which may have lost its beginning.
export function joined(ours, theirs, isOpen) {
  if (!theirs.startsWith("…")) return isOpen || theirs.length >= ours.length ? theirs : ours;
  const tail = theirs.slice(1);
  const at = ours.lastIndexOf(tail.slice(0, 24));
  if (at < 0) return ours.endsWith(tail) ? ours : theirs;
  return ours.slice(0, at) + tail;
}
