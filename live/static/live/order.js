// The order of the cards: worked out all the time, applied only when nobody is looking at one.

import { byUrgency, moves } from "live/attention.js";
import { rollAll } from "live/roll.js";

const EVERY_MS = 5_000;
const MOVE_MS = 260;
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Order {
  #grid;
  #cards; // id → Card
  #gone = new Set(); // cards whose time is over, kept until cards may move
  #appliedAt = 0;
  isHeld = false;

  constructor(grid, cards) {
    this.#grid = grid;
    this.#cards = cards;
  }

  retire(id) {
    if (this.#cards.has(id)) this.#gone.add(id);
  }

  // How many cards wait to move or to leave.
  get waiting() {
    const now = [...this.#grid.children].map((node) => node.dataset.call).filter((id) => !this.#gone.has(id));
    return moves(now, this.#wanted()) + this.#gone.size;
  }

  // Once a second. Returns whether anything moved.
  tick(now) {
    if (this.isHeld || now - this.#appliedAt < EVERY_MS || this.isWatched || !this.waiting) return false;
    return this.apply(now);
  }

  apply(now = Date.now()) {
    this.#appliedAt = now;
    const before = new Map([...this.#cards.values()].map((card) => [card, card.node.getBoundingClientRect()]));
    for (const id of this.#gone) {
      this.#cards.get(id)?.node.remove();
      this.#cards.delete(id);
    }
    this.#gone.clear();
    this.#wanted().forEach((id, index) => {
      const { node } = this.#cards.get(id);
      if (this.#grid.children[index] !== node) this.#grid.insertBefore(node, this.#grid.children[index] ?? null);
    });
    rollAll([...this.#cards.values()]); // a node that is moved forgets how far it was scrolled
    for (const [card, box] of before) if (card.node.isConnected) slide(card.node, box);
    return true;
  }

  #wanted() {
    return [...this.#cards.values()].filter((card) => !this.#gone.has(card.id)).sort(byPlace).map((card) => card.id);
  }

  get isWatched() {
    return this.#grid.matches(":hover") || this.#grid.contains(document.activeElement);
  }
}

const byPlace = (a, b) => byUrgency({ card: a.picture, shown: a.shown }, { card: b.picture, shown: b.shown });

const isSeen = ({ top, bottom }) => bottom > 0 && top < innerHeight;

function slide(node, from) {
  const to = node.getBoundingClientRect();
  const [x, y] = [from.left - to.left, from.top - to.top];
  if (!from.width || !to.width || (!x && !y) || !(isSeen(from) || isSeen(to))) return;
  if (isStill()) {
    node.classList.add("is-moved");
    setTimeout(() => node.classList.remove("is-moved"), 1_000);
    return;
  }
  node.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], {
    duration: MOVE_MS,
    easing: "cubic-bezier(.2, .75, .2, 1)",
  });
}
