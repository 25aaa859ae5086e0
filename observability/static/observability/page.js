// <obs-now src="…">: takes in how things are every few seconds, and moves nothing under a reader.

import { wordAll } from "calls/when.js";

const EVERY_MS = 5_000;
const PATIENCE_MS = 10_000;

class ObsNow extends HTMLElement {
  #timer = null;
  #over = new AbortController();

  connectedCallback() {
    const { signal } = this.#over;
    document.addEventListener("visibilitychange", () => document.hidden || this.#look(), { signal });
    this.#later();
  }

  disconnectedCallback() {
    this.#over.abort();
    clearTimeout(this.#timer);
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), EVERY_MS);
  }

  async #look() {
    clearTimeout(this.#timer);
    if (!document.hidden) {
      try {
        const answer = await fetch(this.getAttribute("src"), { signal: AbortSignal.timeout(PATIENCE_MS), headers: { accept: "text/html" } });
        if (answer.redirected || answer.status === 403) return location.reload(); // signed out, or no longer ours to see
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        this.#take(await answer.text());
      } catch {
        this.#unknown();
      }
    }
    this.#later();
  }

  #take(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const shown = this.querySelector(`[data-part="${part.dataset.part}"]`);
      const isBoxes = part.dataset.part === "boxes"; // they keep their places, so they may always change
      const isRead = shown.matches(":hover") || shown.contains(document.activeElement);
      if (shown.innerHTML === part.innerHTML || (isRead && !isBoxes)) continue;
      const focused = shown.contains(document.activeElement) ? document.activeElement.id : "";
      const { scrollTop, scrollLeft } = shown;
      shown.replaceChildren(...part.childNodes);
      Object.assign(shown, { scrollTop, scrollLeft });
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
      wordAll(shown);
    }
  }

  // We cannot ask, so nobody may believe that all is well.
  #unknown() {
    const unknown = this.querySelector("template").content;
    for (const box of this.querySelectorAll("[data-box]")) {
      box.dataset.tone = "warn";
      box.querySelector("[data-word]").replaceChildren(unknown.cloneNode(true));
    }
  }
}

customElements.define("obs-now", ObsNow);

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, dialog")) return;
  event.preventDefault();
  document.getElementById("obs-trace").focus();
});
