// The tags of a call: chips that lead to all calls of that tag, are taken off, and added from those that there are.

import { ask } from "agents/send.js";
import { show } from "calls/transcript.js";
import { keysOn } from "js/keys.js";

const TYPING = "input:not([type=radio]), textarea, select, dialog, [popover]";
const SOON_MS = 200;
const kept = (text) => text.normalize("NFC").split(/\s+/).filter(Boolean).join(" ").toLowerCase(); // calls/tags.py

export function openTags(page, { csrf, signal }) {
  const form = page.querySelector(".tag-add");
  if (form) new Tags(page.querySelector("[data-tags]"), form, csrf).listen(signal);
}

class Tags {
  #block;
  #form;
  #input;
  #csrf;
  #acts = Promise.resolve(); // one after the other, so that what is answered last is what there is
  #waiting = 0;
  #soon = 0;

  constructor(block, form, csrf) {
    this.#block = block;
    this.#form = form;
    this.#input = form.querySelector("input");
    this.#csrf = csrf;
  }

  listen(signal) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add(kept(this.#input.value));
    });
    this.#input.addEventListener("focus", () => this.#offer());
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#soon);
      this.#soon = setTimeout(() => this.#offer(), SOON_MS);
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Backspace" && !this.#input.value) this.#buttons.at(-1)?.focus();
    });
    this.#block.addEventListener("click", ({ target }) => {
      const chip = target.closest('[data-act="untag"]')?.closest("[data-tag]");
      if (chip) this.#remove(chip);
    });
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
  }

  #pressed(event) {
    if (event.key !== "t" || event.metaKey || event.ctrlKey || event.altKey || !keysOn() || event.target.closest(TYPING)) return;
    event.preventDefault();
    document.querySelector("#pane-side").checked = true;
    this.#input.focus();
  }

  get #list() {
    return this.#block.querySelector('[data-of="tags"]');
  }

  get #buttons() {
    return [...this.#list.querySelectorAll("button")];
  }

  get #tags() {
    return [...this.#list.children].map(({ dataset }) => dataset.tag);
  }

  async #offer() {
    const { ok, told } = await ask("GET", `/api/v1/tags?limit=20&q=${encodeURIComponent(kept(this.#input.value))}`, this.#csrf);
    if (!ok) return; // a tag can be typed whole
    const there = this.#tags;
    const options = told.items.filter(({ tag }) => !there.includes(tag)).map(({ tag, calls }) => new Option(`${calls} ${calls === 1 ? "call" : "calls"}`, tag));
    this.#form.querySelector("datalist").replaceChildren(...options);
  }

  #add(tag) {
    if (!tag) return;
    this.#input.value = "";
    this.#act("PUT", tag, [...this.#tags, tag], () => {
      this.#input.value ||= tag;
    });
  }

  #remove(chip) {
    const at = [...this.#list.children].indexOf(chip);
    this.#act("DELETE", chip.dataset.tag, this.#tags.filter((tag) => tag !== chip.dataset.tag));
    (this.#buttons[Math.min(at, this.#buttons.length - 1)] ?? this.#input).focus();
  }

  // Shown at once; what the server answers is what stays. back(): when it refused.
  #act(method, tag, shown, back = () => {}) {
    const wasThere = this.#tags.includes(tag);
    this.#draw(shown);
    this.#say("");
    this.#waiting += 1;
    this.#block.ariaBusy = "true";
    this.#acts = this.#acts.then(async () => {
      const address = `${this.#block.dataset.tags}${encodeURIComponent(tag)}`;
      const { ok, told } = await ask(method, address, this.#csrf, undefined, { keepalive: true }); // also while they leave
      this.#waiting -= 1;
      if (ok && !this.#waiting) this.#draw(told.tags);
      if (!this.#waiting) this.#block.ariaBusy = null;
      if (ok) return;
      this.#draw([...this.#tags.filter((one) => one !== tag), ...(wasThere ? [tag] : [])]);
      this.#say(told.error.details?.[0].problem ?? told.error.message);
      back();
    });
  }

  #draw(tags) {
    const known = new Map([...this.#list.children].map((chip) => [chip.dataset.tag, chip]));
    const wanted = [...new Set(tags)].sort().map((tag) => known.get(tag) ?? this.#chip(tag));
    for (const chip of known.values()) if (!wanted.includes(chip)) chip.remove();
    wanted.forEach((chip, n) => this.#list.children[n] !== chip && this.#list.insertBefore(chip, this.#list.children[n] ?? null));
  }

  #chip(tag) {
    const chip = this.#block.querySelector("[data-blank-tag]").content.firstElementChild.cloneNode(true);
    const link = chip.querySelector("a");
    chip.dataset.tag = tag;
    Object.assign(link, { href: `/calls/?tag=${encodeURIComponent(tag)}`, textContent: tag });
    chip.querySelector("button").ariaLabel = `Take off ${tag}`;
    return chip;
  }

  #say(why) {
    show(this.#form.querySelector(".note-why"), why);
  }
}
