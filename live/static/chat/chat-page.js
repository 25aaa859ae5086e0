// <chat-page>: one chat, from an empty page to a long talk. The answer that runs is the server's: a page shows it, may be
// closed and come back to it, and another tab shows it too.

import "calls/copy.js";
import { Follow } from "calls/follow.js";
import { Chats } from "chat/chats.js";
import { Composer } from "chat/composer.js";
import { Kept } from "chat/kept.js";
import { Message, textOf } from "chat/message.js";
import { Reading } from "chat/reading.js";
import { Talk } from "chat/talk.js";
import { Broken, Refused, Transport } from "chat/transport.js";
import { keysOn } from "js/keys.js";

const AGAIN_MS = [300, 1_500, 4_000]; // after a connection broke
const STORED_MS = [500, 2_000, 8_000]; // after an answer, by when what it took is written down
const newId = () => crypto.randomUUID();
const pause = (ms) => new Promise((over) => setTimeout(over, ms));
const isTyping = ({ target }) => target.closest("input:not([type=radio]), textarea, select, dialog");

class ChatPage extends HTMLElement {
  #data;
  #id; // of the chat; made here with its first message
  #talk;
  #transport;
  #composer;
  #chats;
  #follow;
  #reading;
  #tabs = null;
  #running = null; // { message, abort } of the answer that is being shown
  #looking = false;
  #learned = ""; // the answer of which it was asked what it took
  #over = new AbortController();

  connectedCallback() {
    this.#data = JSON.parse(this.querySelector("#chat-data").textContent);
    const { chat, csrf, urls, next, older } = this.#data;
    this.#id = chat;
    this.#transport = new Transport(urls.chat, csrf);
    this.#follow = new Follow(this.querySelector("[data-follow]"), this.querySelector("[data-newer]"));
    this.#talk = new Talk(this, this.#data, new Kept(urls.messages, older));
    this.#reading = new Reading(this, this.#talk, this.#follow);
    this.#chats = new Chats(this, { api: urls.chats, next, page: urls.page });
    this.#composer = new Composer(this.#part("composer"), { ask: (text) => this.#ask(text), stop: () => this.#stop() });
    this.#listen();
    this.#idle();
    this.#follow.toEnd();
    if (this.#id) this.#begin();
    if (matchMedia("(pointer: fine)").matches) this.#composer.focus();
  }

  disconnectedCallback() {
    this.#over.abort();
    this.#running?.abort.abort();
    this.#tabs?.close();
    this.#reading.close();
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  // The chat has an address: other tabs may show it too, and an answer may be running.
  #begin() {
    this.#composer.keepAgent();
    this.#tabs = new BroadcastChannel(`chat ${this.#id}`);
    this.#tabs.onmessage = () => this.#look();
    this.#look();
  }

  // --- Asking -------------------------------------------------------------

  #ask(text) {
    const edited = this.#talk.edited;
    const question = { id: edited?.id ?? newId(), role: "user", parts: [{ type: "text", text }], metadata: {} };
    const change = this.#talk.change(edited ?? null, question);
    this.#composer.text = "";
    this.#run({ trigger: "submit-message", question, messageId: edited?.id }, change);
  }

  // The last answer anew: what it says now is taken back.
  #redo() {
    const [question, answer] = this.#talk.lastTwo;
    if (!this.#running && answer) this.#run({ trigger: "regenerate-message", question, messageId: answer.id }, this.#talk.change(answer));
  }

  // change: what the page shows by now, and can take back.
  async #run({ trigger, question, messageId }, change) {
    const chat = this.#id || newId();
    this.#talk.agent = this.#composer.agent.name;
    const running = this.#show(new Message(newId()));
    const body = { id: chat, messages: [{ id: question.id, role: "user", parts: question.parts }], trigger, messageId, ...this.#composer.choices };
    try {
      const parts = await this.#transport.send(body, running.abort.signal);
      change.keep();
      if (!this.#id) this.#opened(chat, question);
      else this.#tabs.postMessage("asked");
      await this.#read(running, parts);
    } catch (error) {
      if (running.abort.signal.aborted) return;
      if (error instanceof Refused) this.#refused(running, error, question, change);
      else if (error instanceof Broken && this.#id) await this.#comeBack(running);
      else if (error instanceof Broken) this.#refused(running, error, question, change);
      else this.#broke(running, error);
    }
  }

  #opened(chat, question) {
    this.#id = chat;
    history.replaceState(null, "", this.#chats.addressOf(chat));
    this.#name(textOf(question).slice(0, 60));
    const { name, topic, version } = this.#composer.agent;
    this.#part("agent").textContent = name;
    this.#part("version").textContent = version ? ` v${version}` : "";
    this.#part("topic").textContent = topic;
    this.#part("about").hidden = false;
    this.#part("hint").hidden = true;
    this.#composer.keepAgent();
    this.#tabs = new BroadcastChannel(`chat ${chat}`);
    this.#tabs.onmessage = () => this.#look();
  }

  #name(title) {
    document.querySelector('.crumbs [data-part="title"]').textContent = title;
    document.title = `${title} · Earshot`;
  }

  // --- An answer ------------------------------------------------------------

  #show(message, abort = new AbortController()) {
    const running = { message, abort };
    this.#running = running;
    this.#talk.put(message);
    this.dataset.state = "answering";
    this.#composer.hush();
    this.#composer.busy = true;
    this.#part("asks").hidden = true;
    this.#talk.offer(false);
    this.#follow.toEnd();
    return running;
  }

  async #read(running, parts) {
    for await (const part of parts) {
      running.message.apply(part);
      if (part.type === "start") this.#talk.only(running.message);
      this.#reading.changed(running.message);
    }
    // What ends without saying so was cut off on its way.
    if (!running.message.isSettled) throw new Broken("no finish");
    await this.#finished(running);
  }

  async #finished({ message }) {
    this.#reading.now(message);
    this.#running = null;
    this.#idle();
    await Promise.allSettled([this.#settle(), this.#refreshList(), this.#suggest(message)]);
  }

  // The server's own words of it take the place of what was drawn while it came.
  async #settle() {
    await this.#talk.refresh(this.#id, 1);
    this.#talk.offer(!this.#running);
    this.#follow.grew();
  }

  // The connection broke. The answer goes on without us, and is told again from its beginning.
  async #comeBack(running) {
    for (const ms of AGAIN_MS) {
      await pause(ms * (0.75 + Math.random() / 2));
      if (running.abort.signal.aborted) return;
      try {
        const parts = await this.#transport.resume(this.#id, running.abort.signal);
        if (!parts) return await this.#gone(running);
        const again = new Message(running.message.id);
        this.#talk.replace(running.message, again);
        running.message = again;
        return await this.#read(running, parts);
      } catch (error) {
        if (running.abort.signal.aborted) return;
        if (!(error instanceof Broken)) return this.#broke(running, error);
      }
    }
    this.#broke(running, new Broken("no way back"));
  }

  // It was over before we came back: the record has it.
  async #gone(running) {
    this.#talk.drop(running.message);
    this.#running = null;
    this.#idle();
    await this.#settle();
    this.#learn();
  }

  // What an answer took is written down a moment after it is over: whom its stream did not tell asks for it again.
  async #learn() {
    const [, answer] = this.#talk.lastTwo;
    if (answer?.state !== "done" || answer.metadata.provider || answer.id === this.#learned) return;
    this.#learned = answer.id;
    for (const ms of STORED_MS) {
      await pause(ms);
      if (this.#over.signal.aborted || this.#running || this.#talk.lastTwo[1] !== answer) return;
      try {
        await this.#settle();
      } catch {
        return; // it comes with all the rest when the page is looked at
      }
      if (answer.metadata.provider) return;
    }
  }

  #broke(running, error) {
    running.message.fail({ type: error instanceof Broken ? "lost" : "internal", retryable: true });
    this.#reading.now(running.message);
    this.#running = null;
    this.#idle();
    if (!(error instanceof Broken)) reportError(error);
  }

  #idle() {
    this.dataset.state = "ready";
    this.#composer.busy = false;
    this.#talk.offer(true);
  }

  async #stop() {
    const running = this.#running;
    if (!running || !this.#id) return;
    this.dataset.state = "stopping";
    try {
      await this.#transport.stop(this.#id);
    } catch {
      this.#composer.tell("The answer could not be stopped. It goes on; try again.");
      if (this.#running === running) this.dataset.state = "answering";
    }
  }

  // --- What was refused -----------------------------------------------------

  #refused(running, error, question, change) {
    this.#talk.drop(running.message);
    change.undo();
    this.#running = null;
    this.#idle();
    if (change.isNew && !this.#composer.text) this.#composer.text = textOf(question);
    if (error.status === 401) return location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname)}`);
    if (error.code === "answer_running") return this.#look();
    const { refusals } = this.#data;
    const { why, next } = refusals[error.code ?? "lost"] ?? { why: error.message || "This could not be sent.", next: "" };
    const seconds = error.retryAfter ?? 0;
    const text = seconds ? (left) => (left ? `${why} You can go on in ${left} s.` : `${why} You can go on now.`) : `${why} ${next}`;
    this.#composer.tell(text, { seconds, action: "Try again", act: () => (change.isNew ? this.#composer.send() : this.#redo()) });
  }

  // --- What others do -------------------------------------------------------

  // Something may have happened elsewhere: another tab asked, or this one slept.
  async #look() {
    if (this.#running || this.#looking || !this.#id) return;
    this.#looking = true;
    this.dataset.state = "looking";
    try {
      const abort = new AbortController();
      const parts = await this.#transport.resume(this.#id, abort.signal);
      await this.#talk.refresh(this.#id, 20);
      if (!parts && !this.#running) {
        this.#missed();
        this.#learn();
      }
      if (!parts || this.#running) return abort.abort();
      const running = this.#show(new Message(newId()), abort);
      this.#follows(running, parts);
    } catch {
      // It is asked again when the page is looked at; what is shown stays right meanwhile.
    } finally {
      this.#looking = false;
      if (!this.#running) this.#idle();
    }
  }

  // A question that nobody is answering: what was to answer it is gone.
  #missed() {
    const [question, answer] = this.#talk.lastTwo;
    if (!question || answer) return;
    const message = new Message(newId());
    message.fail({ type: "interrupted", retryable: true });
    this.#talk.put(message);
  }

  async #follows(running, parts) {
    try {
      await this.#read(running, parts);
    } catch (error) {
      if (running.abort.signal.aborted) return;
      if (error instanceof Broken) await this.#comeBack(running);
      else this.#broke(running, error);
    }
  }

  async #refreshList() {
    const chat = await this.#chats.refresh(this.#id);
    if (!chat) return;
    this.#name(chat.title);
    const link = this.#part("call");
    link.href = this.#data.urls.call.replace("/-/", `/${chat.call}/`);
    link.hidden = false;
    const cost = this.#part("cost");
    cost.textContent = `${dollars(chat.cost_usd)} so far`;
    cost.hidden = false;
  }

  async #suggest({ state, text }) {
    if (state !== "done" || !text) return;
    const response = await fetch(this.#data.urls.suggestions.replace("/-/", `/${encodeURIComponent(this.#id)}/`), { signal: AbortSignal.timeout(20_000) });
    if (!response.ok || this.#running) return;
    const { items } = await response.json();
    const box = this.#part("asks");
    const offer = (text) => Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm", textContent: text });
    box.replaceChildren(...items.map(offer));
    box.hidden = items.length === 0;
    this.#follow.grew();
  }

  // --- The reader -----------------------------------------------------------

  #listen() {
    const { signal } = this.#over;
    // Before the shell, for which Esc leaves the field.
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal, capture: true });
    document.addEventListener("visibilitychange", () => document.hidden || this.#look(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#look(), { signal });
    this.addEventListener("click", (event) => this.#clicked(event), { signal });
  }

  #pressed(event) {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "Escape" && this.#running && !document.querySelector("dialog[open], :popover-open")) this.#stop();
    else if (event.key === "End" && !isTyping(event) && keysOn()) this.#follow.toEnd();
    else return;
    event.preventDefault();
  }

  #clicked({ target }) {
    const button = target.closest("button");
    if (button?.parentElement === this.#part("asks")) return this.#running || this.#ask(button.textContent);
    const message = button && this.#talk.messageAt(button);
    if (button?.dataset.act === "retry") this.#redo();
    else if (button?.dataset.act === "edit" && !this.#running) this.#edit(message);
    else if (button?.dataset.act === "older") this.#older(button);
  }

  #edit(message) {
    this.#talk.edited = message;
    this.#composer.text = textOf(message);
    this.#composer.focus();
    const keep = () => {
      this.#talk.edited = null;
      this.#composer.text = "";
      this.#composer.hush();
    };
    this.#composer.tell("You are rewriting your last message. Its answer will be taken back.", { action: "Keep it", act: keep });
  }

  async #older(button) {
    button.ariaDisabled = "true";
    const box = this.querySelector("[data-follow]");
    try {
      await this.#talk.addOlder(this.#id, (add) => {
        const below = box.scrollHeight - box.scrollTop;
        add();
        box.scrollTop = box.scrollHeight - below;
      });
    } finally {
      button.ariaDisabled = null;
    }
    this.#part("older").hidden = !this.#talk.hasOlder;
  }
}

const dollars = (amount) => `$${Number(amount).toFixed(amount > 0 && amount < 0.01 ? 4 : 2)}`;

customElements.define("chat-page", ChatPage);
