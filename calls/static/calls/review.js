// The review of a call, on its page: the bar it is finished from, and the form that puts a call up for one.

import { ask } from "agents/send.js";
import { wordAgo } from "calls/ago.js";
import { setText, show } from "calls/transcript.js";
import { keysOn } from "js/keys.js";
import { addToCount } from "js/shell.js";

const TYPING = "input:not([type=radio]), textarea, select, dialog, [popover]";
const reason = ({ error }) => error.details?.[0].problem ?? error.message;

export function openReview(page, csrf, signal) {
  const bar = page.querySelector(".review-bar");
  if (bar) new Bar(bar, csrf).listen(signal);
  page.querySelector('form[data-act="put-up"]')?.addEventListener("submit", (event) => putUp(event, page, csrf));
  wordAgo(page);
}

class Bar {
  #bar;
  #csrf;
  #isSending = false;

  constructor(bar, csrf) {
    this.#bar = bar;
    this.#csrf = csrf;
  }

  listen(signal) {
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    this.#bar.querySelector("form")?.addEventListener("submit", (event) => this.#finish(event));
  }

  #pressed(event) {
    if (event.key !== "d" || event.metaKey || event.ctrlKey || event.altKey || !keysOn() || event.target.closest(TYPING)) return;
    event.preventDefault();
    this.#bar.querySelector("input:not([hidden])")?.focus();
  }

  async #finish(event) {
    event.preventDefault();
    const form = event.target;
    const verdict = form.verdict.value.trim();
    if (this.#isSending) return;
    if (!verdict) {
      this.#say("Say in a sentence what came of it.");
      return form.verdict.focus();
    }
    this.#isSending = true;
    const { ok, status, told } = await ask("PATCH", `/api/v1/reviews/${this.#bar.dataset.review}`, this.#csrf, { done: true, verdict });
    this.#isSending = false;
    if (!ok && status !== 409) return this.#say(reason(told));
    // Who was beaten is told by whom; what they wrote stays in the box, should it say more.
    this.#say(ok ? "" : reason(told));
    if (!ok) return this.#next.focus();
    addToCount("reviews", -1);
    form.hidden = true;
    const said = this.#bar.querySelector(".review-said");
    said.hidden = false;
    setText(said.querySelector("span"), `Done: “${told.verdict}”`);
    this.#bar.closest("call-page").querySelector(`[data-put-up] a[href="?review=${this.#bar.dataset.review}"]`)?.closest("p").replaceChildren("It is done.");
    this.#next.classList.add("btn-primary");
    this.#next.focus();
  }

  get #next() {
    return this.#bar.querySelector('[data-of="next"]');
  }

  #say(why) {
    show(this.#bar.querySelector(".note-why"), why);
  }
}

async function putUp(event, page, csrf) {
  event.preventDefault();
  const form = event.target;
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  const told = { calls: [JSON.parse(document.getElementById("notes-data").textContent).call], comment: form.comment.value };
  if (form.assign_to.value) told.assign_to = form.assign_to.value;
  const answer = await ask("POST", "/api/v1/reviews", csrf, told);
  form.ariaBusy = null;
  if (!answer.ok) return show(form.querySelector(".note-why"), reason(answer.told));
  const [review] = answer.told.items;
  addToCount("reviews", answer.told.added);
  const box = page.querySelector("[data-put-up]");
  const said = document.createElement("p");
  const link = document.createElement("a");
  Object.assign(link, { href: `?review=${review.id}`, className: "linkbtn", textContent: "Review it" });
  const words = answer.told.added ? "It waits for review now. " : "It was up already. ";
  said.append(words, link);
  said.tabIndex = -1;
  box.querySelector(".put-up").replaceWith(said);
  said.focus();
}
