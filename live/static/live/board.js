// The cards there are: takes the board's stream in, makes, patches and ends cards. Where they stand is order.js' matter.

import { Card } from "live/card.js";
import { rollAll } from "live/roll.js";

const LINGERS_MS = 8_000; // how long a finished call keeps its card
const RETOLD_MS = 3_000; // after a reset, how long until what was not told again is taken to be over
const ANNOUNCE_EVERY_MS = 5_000;
export const CROWD = 24; // above this many calls, steady ones become one-line rows
// As often as anybody can read; each drawing costs a whole frame, whatever changed. A call tells four pictures a second.
const drawsEveryMs = (cards) => (cards > CROWD ? 160 : 100);

export class Board {
  cards = new Map(); // id → Card
  onGone = () => {};
  #root;
  #seesWords;
  #skew;
  #retold = null; // ids told since the stream last lost its place
  #blanks;
  #waiting = new Map(); // id → its newest picture, until they are drawn
  #timer = 0;
  #drawnAt = 0;
  #visible;
  #sized;
  #announcedAt = 0;
  #tiers = new Map();

  // data: {now: ISO, cards: [...], sees_words}
  constructor(root, data) {
    this.#root = root;
    this.#seesWords = data.sees_words;
    this.#skew = Date.parse(data.now) - Date.now();
    this.#blanks = Object.fromEntries([...root.querySelectorAll("template[data-row]")].map((row) => [row.dataset.row, row]));
    this.#visible = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        const card = this.cards.get(target.dataset.call);
        card?.see(isIntersecting, this.now);
        if (card) rollAll([card]);
      }
    });
    this.#sized = new ResizeObserver((boxes) => {
      const heights = boxes.map(({ target }) => target.scrollHeight);
      boxes.forEach(({ target }, index) => (target.scrollTop = heights[index]));
    });
    for (const picture of data.cards) this.#adopt(this.#grid.querySelector(`[data-call="${picture.id}"]`), picture);
  }

  close() {
    clearTimeout(this.#timer);
    this.#visible.disconnect();
    this.#sized.disconnect();
  }

  // The server's clock: times on cards are its.
  get now() {
    return Date.now() + this.#skew;
  }

  take(part) {
    switch (part.type) {
      case "data-card":
        return this.#wait(part.data);
      case "data-gone":
        return this.onGone(part.data.id);
      case "data-reset":
        return this.#recount();
    }
  }

  tick() {
    const { now } = this;
    for (const card of this.cards.values()) card.tick(now);
    this.#announce();
  }

  // Drawn together, however many arrive: first all that changes, then all that scrolls.
  #wait(picture) {
    this.#retold?.add(picture.id);
    this.#waiting.set(picture.id, picture);
    this.#timer ||= setTimeout(() => this.#draw(), Math.max(0, this.#drawnAt + drawsEveryMs(this.cards.size) - performance.now()));
  }

  #draw() {
    this.#timer = 0;
    this.#drawnAt = performance.now();
    const drawn = [...this.#waiting.values()];
    this.#waiting.clear();
    // New ones are rolled once they are laid out.
    const known = drawn.map(({ id }) => this.cards.get(id)).filter(Boolean);
    for (const picture of drawn) this.#picture(picture);
    rollAll(known);
  }

  #picture(picture) {
    const card = this.cards.get(picture.id);
    if (!card && picture.status === "live") return this.#add(picture);
    const wasLive = card?.isLive;
    card?.update(picture, this.now);
    // The stream says when a card goes; a browser that loses the stream works it out.
    if (wasLive && !card.isLive) setTimeout(() => this.onGone(picture.id), LINGERS_MS);
  }

  // At the end of the grid, where it moves nobody.
  #add(picture) {
    const node = this.#root.querySelector("#card-blank").content.firstElementChild.cloneNode(true);
    node.dataset.call = picture.id;
    this.#grid.append(node);
    this.#adopt(node, picture).fill(this.now);
  }

  #adopt(node, picture) {
    const card = new Card(node, picture, { now: this.now, blanks: this.#blanks, seesWords: this.#seesWords });
    this.cards.set(picture.id, card);
    this.#visible.observe(node);
    this.#sized.observe(node.querySelector(".call-words"));
    return card;
  }

  // What the stream tells next is every call there is. What it does not tell is over.
  #recount() {
    this.#retold = new Set();
    setTimeout(() => {
      for (const id of this.cards.keys()) if (!this.#retold.has(id)) this.onGone(id);
      this.#retold = null;
    }, RETOLD_MS);
  }

  // One sentence at most every five seconds, for a call that has become worse.
  #announce() {
    let sentence = "";
    for (const card of this.cards.values()) {
      const was = this.#tiers.get(card.id);
      const is = card.shown.tier;
      if (was !== undefined && was !== is && ["failing", "dead", "slow"].includes(is)) {
        sentence ||= `${card.shown.text}, ${card.picture.agent}, ${card.picture.who}`;
      }
      this.#tiers.set(card.id, is);
    }
    for (const id of this.#tiers.keys()) if (!this.cards.has(id)) this.#tiers.delete(id);
    if (!sentence || Date.now() - this.#announcedAt < ANNOUNCE_EVERY_MS) return;
    this.#announcedAt = Date.now();
    this.#root.querySelector('[data-wall="say"]').textContent = sentence;
  }

  get #grid() {
    return this.#root.querySelector('[data-wall="grid"]');
  }
}
