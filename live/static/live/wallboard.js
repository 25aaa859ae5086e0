// <wall-board>: the live calls, most urgent first, kept up to date by the board's stream.

import { Board, CROWD } from "live/board.js";
import { Order } from "live/order.js";
import { sleepless } from "live/screen.js";
import { setText } from "calls/transcript.js";
import { word } from "calls/when.js";
import { watch } from "calls/watch.js";
import { setCount } from "js/shell.js";
import { keysOn } from "js/keys.js";

const PULSE_EVERY_MS = 15_000;
const SHOWS = ["", "failing", "dead", "slow", "steady"];
const VIEWS = ["cards", "rows", "wall"];
const isStale = () => document.documentElement.hasAttribute("data-stale");
const isTyping = (event) => event.target.closest("input, textarea, select, dialog") || event.metaKey || event.ctrlKey || event.altKey;

class WallBoard extends HTMLElement {
  #board;
  #order;
  #stream;
  #timers = [];
  #show = "";
  #over = new AbortController();

  connectedCallback() {
    const data = JSON.parse(this.querySelector("#wall-data").textContent);
    this.#board = new Board(this, data);
    this.#order = new Order(this.#part("grid"), this.#board.cards);
    this.#board.onGone = (id) => this.#order.retire(id);
    this.#readAddress();
    const { signal } = this.#over;
    this.addEventListener("click", (event) => this.#clicked(event), { signal });
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    window.addEventListener("popstate", () => this.#readAddress(), { signal });
    this.#timers.push(setInterval(() => this.#tick(), 1_000), setInterval(() => this.#pulse(data.pulse), PULSE_EVERY_MS));
    this.#stream = watch(data.stream, (part) => this.#board.take(part));
    this.#tick();
  }

  disconnectedCallback() {
    this.#stream.close();
    this.#timers.forEach(clearInterval);
    this.#over.abort();
    this.#board.close();
  }

  #tick() {
    if (isStale()) return;
    this.#board.tick();
    this.#order.tick(Date.now());
    this.#draw();
  }

  // Everything around the cards that follows from them.
  #draw() {
    const cards = [...this.#board.cards.values()];
    const live = cards.filter((card) => card.isLive);
    for (const button of this.querySelectorAll("[data-show]")) {
      const { show } = button.dataset;
      const count = show ? live.filter((card) => card.shown.tier === show).length : live.length;
      setText(button.querySelector("b"), String(count));
      button.toggleAttribute("data-none", count === 0);
      button.ariaPressed = String(show === this.#show);
    }
    const isCrowd = cards.length > CROWD && cards.some((card) => card.shown.tier === "steady");
    this.toggleAttribute("data-crowd", isCrowd);
    for (const card of cards) {
      card.node.hidden = Boolean(this.#show) && card.shown.tier !== this.#show;
      card.node.toggleAttribute("data-compact", isCrowd && card.shown.tier === "steady");
    }
    setCount("live", live.length);
    const waiting = this.#order.waiting;
    setText(this.#part("waiting"), waiting && (this.#order.isHeld || this.#order.isWatched) ? `, ${waiting} moved` : "");
    const isEmpty = cards.every((card) => card.node.hidden);
    this.toggleAttribute("data-empty", isEmpty);
    this.#part("quiet").hidden = cards.length > 0;
    this.#part("none").hidden = !cards.length || !isEmpty;
  }

  #clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { show, view } = button.dataset;
    if (show !== undefined) this.#setShow(show);
    if (view) this.#setView(view);
    if ("showAll" in button.dataset) this.#setShow("");
    if ("hold" in button.dataset) this.#hold(!this.#order.isHeld);
  }

  #pressed(event) {
    if (isTyping(event) || !keysOn()) return;
    if (event.key === ".") this.#apply();
    else if (event.key === "j" || event.key === "k") this.#step(event.key === "j" ? 1 : -1);
    else if (event.key === "Escape" && this.dataset.view === "wall") this.#setView("cards");
    else return;
    event.preventDefault();
  }

  #hold(isHeld) {
    this.#order.isHeld = isHeld;
    this.querySelector("[data-hold]").ariaPressed = String(isHeld);
    this.#draw();
  }

  #apply() {
    this.#order.apply();
    this.#draw();
  }

  #step(by) {
    const links = [...this.querySelectorAll(".call:not([hidden]) .call-who")];
    const now = links.indexOf(document.activeElement);
    links[now < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(now + by, 0), links.length - 1)]?.focus();
  }

  #setShow(show) {
    this.#show = show;
    this.#writeAddress("show", show);
    this.#draw();
  }

  #setView(view) {
    this.#writeAddress("view", view === "cards" ? "" : view);
    this.#applyView(view);
  }

  #applyView(view) {
    this.dataset.view = view;
    document.documentElement.toggleAttribute("data-wall-screen", view === "wall");
    for (const button of this.querySelectorAll("[data-view][aria-pressed]")) button.ariaPressed = String(button.dataset.view === view);
    sleepless(view === "wall");
  }

  #readAddress() {
    const query = new URLSearchParams(location.search);
    const show = query.get("show") ?? "";
    this.#show = SHOWS.includes(show) ? show : "";
    this.#applyView(VIEWS.includes(query.get("view")) ? query.get("view") : "cards");
    this.#draw();
  }

  #writeAddress(name, value) {
    const url = new URL(location.href);
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    if (url.href !== location.href) history.pushState(null, "", url);
  }

  // The replies of the last quarter of an hour, which no card knows.
  async #pulse(url) {
    if (document.hidden || isStale()) return;
    let pulse;
    try {
      const response = await fetch(url, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(10_000) });
      if (!response.ok) return;
      pulse = await response.json();
    } catch {
      return; // the connection pill says so; the figures stay as old as they are
    }
    setText(this.#part("p50"), pulse.p50);
    setText(this.#part("p95"), pulse.p95);
    setText(this.#part("n"), pulse.n);
    const last = this.#part("last");
    last.hidden = !pulse.last_ended_at;
    if (!pulse.last_ended_at) return;
    last.querySelector("time").dateTime = pulse.last_ended_at;
    word(last.querySelector("time"));
  }

  #part(name) {
    return this.querySelector(`[data-wall="${name}"]`);
  }
}

customElements.define("wall-board", WallBoard);
