// The list of somebody's chats: drawn by the server, added to as they are begun and as more are asked for.

import { setText } from "calls/transcript.js";
import { word } from "calls/when.js";

const TAKES_MS = 15_000;

export class Chats {
  #root;
  #list;
  #blank;
  #api;
  #next;
  #page;

  // page: the address of a chat, with "-" for its id.
  constructor(root, { api, next, page }) {
    this.#root = root;
    this.#list = root.querySelector('[data-part="chats"]');
    this.#blank = root.querySelector('template[data-blank="row"]');
    this.#api = api;
    this.#next = next;
    this.#page = page;
    root.querySelector('[data-act="more"]').addEventListener("click", (event) => this.#more(event.currentTarget));
  }

  addressOf(id) {
    return this.#page.replace("/-/", `/${encodeURIComponent(id)}/`);
  }

  // The newest, for a title that has come or a chat that somebody began elsewhere.
  async refresh(current) {
    const { items } = await this.#ask(`limit=5`);
    for (const chat of items.reverse()) this.#draw(chat, { first: true, current });
    return items.find((chat) => chat.id === current);
  }

  async #more(button) {
    button.ariaDisabled = "true";
    try {
      const { items, next } = await this.#ask(`limit=30&cursor=${encodeURIComponent(this.#next)}`);
      for (const chat of items) this.#draw(chat, {});
      this.#next = next;
      button.hidden = !next;
    } finally {
      button.ariaDisabled = null;
    }
  }

  async #ask(query) {
    const response = await fetch(`${this.#api}?${query}`, { signal: AbortSignal.timeout(TAKES_MS) });
    if (!response.ok) throw new Error(`chats: ${response.status}`);
    return response.json();
  }

  #draw(chat, { first = false, current = "" }) {
    let row = [...this.#list.children].find((one) => one.dataset.chat === chat.id);
    const isNew = !row;
    row ??= this.#blank.content.firstElementChild.cloneNode(true);
    row.dataset.chat = chat.id;
    const link = row.querySelector("a");
    link.href = this.addressOf(chat.id);
    if (chat.id === current) link.setAttribute("aria-current", "page");
    setText(row.querySelector('[data-part="title"]'), chat.title);
    setText(row.querySelector('[data-part="agent"]'), chat.agent?.name ?? "");
    const time = row.querySelector("time");
    time.dateTime = chat.started_at;
    word(time);
    if (isNew && first) this.#list.prepend(row);
    else if (isNew) this.#list.append(row);
    this.#root.querySelector('[data-part="no-chats"]').hidden = true;
  }
}
