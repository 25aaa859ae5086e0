// Notes of a call: those about all of it in the side panel, those about a turn at that turn. What others write comes by
// asking again now and then: the call's stream is for the call.

import { ask } from "agents/send.js";
import { NoteBox } from "calls/note-box.js";
import { Mentions } from "calls/mentions.js";
import { Thread, counted, firstLine, of } from "calls/thread.js";
import { setText } from "calls/transcript.js";
import { openReview } from "calls/review.js";
import { keysOn } from "js/keys.js";
import { toast } from "js/toast.js";

const EVERY_MS = 30_000;
const TYPING = "input:not([type=radio]), textarea, select, dialog, [popover]";
const byAge = (a, b) => (a.created_at === b.created_at ? (a.id < b.id ? -1 : 1) : a.created_at < b.created_at ? -1 : 1);
const reason = ({ error }) => error.details?.[0].problem ?? error.message;

// page: <call-page>; follow: what holds its words still while somebody writes among them.
export function openNotes(page, follow, { csrf, signal }) {
  new Notes(page, follow, csrf).listen(signal);
  openReview(page, csrf, signal);
}

class Notes {
  #page;
  #follow;
  #csrf;
  #data;
  #panel;
  #shared;
  #box;
  #notes = new Map();
  #changes = 0; // of ours, so that an answer that is older than one of them is left alone
  #asked = 0; // how often it was asked what there is,
  #taken = 0; // and which of the answers was taken last: one that it has overtaken is older
  #threads = new Map(); // by the id of the first note
  #ways = new Map(); // the rows of the panel that lead to those at a turn, likewise
  #places = new Map(); // { node, box } by the number of the turn

  constructor(page, follow, csrf) {
    this.#page = page;
    this.#follow = follow;
    this.#csrf = csrf;
    this.#data = JSON.parse(document.getElementById("notes-data").textContent);
    this.#panel = page.querySelector("[data-notes]");
    const mentions = new Mentions(this.#data.people);
    const blank = (name) => page.querySelector(`[data-blank-note="${name}"]`).content.firstElementChild.cloneNode(true);
    const acts = {
      answer: (first, text, id) => this.#add({ id, text, answers: first.id, turn: first.turn }),
      edit: (note, text) => this.#edit(note, text),
      remove: (note) => this.#remove(note),
      resolve: (first, isResolved) => this.#resolve(first, isResolved),
    };
    this.#shared = { blank, mentions, me: this.#data.me, isAdmin: this.#data.is_admin, acts };
    this.#box = new NoteBox(this.#panel.querySelector(":scope > .note-box"), { mentions, send: (text, id) => this.#add({ id, text }) });
    this.#take(this.#data.items);
  }

  listen(signal) {
    const page = this.#page;
    page.addEventListener("click", ({ target }) => target.closest('[data-act="note"]') && this.#write(target.closest(".turn")), { signal });
    page.addEventListener("focusin", ({ target }) => target.closest(".turn-notes textarea") && this.#follow.hold(true), { signal });
    page.addEventListener("focusout", ({ target }) => target.closest(".turn-notes textarea") && this.#follow.hold(false), { signal });
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    window.addEventListener("hashchange", () => this.#arrive(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#refresh(), { signal });
    const timer = setInterval(() => document.hidden || this.#refresh(), EVERY_MS);
    // Turns come, and are drawn anew by a replay: their notes go with them.
    const turns = new MutationObserver(() => this.#place());
    turns.observe(page.querySelector(".turns"), { childList: true });
    signal.addEventListener("abort", () => [clearInterval(timer), turns.disconnect()]);
    this.#arrive();
  }

  // --- What there is --------------------------------------------------------

  #take(items) {
    const pending = [...this.#notes.values()].filter((note) => note.pending && !items.some(({ id }) => id === note.id));
    this.#notes = new Map([...items, ...pending].map((note) => [note.id, note]));
    for (const { mentions } of items) this.#shared.mentions.learn(mentions);
    this.#draw();
  }

  async #refresh() {
    const before = this.#changes;
    const asked = (this.#asked += 1);
    const items = [];
    for (let cursor = ""; cursor !== null; ) {
      const { ok, told } = await ask("GET", `${this.#address}?limit=200&cursor=${cursor}`, this.#csrf);
      if (!ok) return; // it is asked again soon
      items.push(...told.items);
      cursor = told.next;
    }
    if (before !== this.#changes || asked < this.#taken) return;
    this.#taken = asked;
    this.#take(items);
  }

  get #address() {
    return `/api/v1/calls/${this.#data.call}/notes`;
  }

  #put(note) {
    this.#changes += 1;
    this.#notes.set(note.id, note);
    this.#shared.mentions.learn(note.mentions);
    this.#draw();
  }

  #drop(id) {
    this.#changes += 1;
    this.#notes.delete(id);
    this.#draw();
  }

  // --- What is done ---------------------------------------------------------

  // Shown at once, as being sent; "" or why it was not.
  async #add({ id, text, turn, answers }) {
    const now = new Date().toISOString();
    this.#put({ id, text, turn: turn ?? null, answers: answers ?? null, author: this.#data.me, mentions: [], created_at: now, pending: true });
    this.#threads.get(answers ?? id).open();
    const asked = { id, text, ...(answers ? { answers } : turn && { turn }) };
    const { ok, status, told } = await ask("POST", this.#address, this.#csrf, asked, { keepalive: true });
    if (ok) {
      this.#put(told);
      if (answers && this.#notes.has(answers)) this.#put({ ...this.#notes.get(answers), resolved_at: null, resolved_by: null });
      return "";
    }
    this.#drop(id);
    // Once its text is back in its box.
    if (status === 409) setTimeout(() => this.#refresh());
    return reason(told);
  }

  async #edit(note, text) {
    const { ok, status, told } = await ask("PATCH", `/api/v1/notes/${note.id}`, this.#csrf, { text });
    if (!ok) return status === 404 ? "This note was deleted meanwhile." : reason(told);
    this.#put(told);
    return "";
  }

  async #remove(note) {
    const dialog = document.getElementById("note-delete");
    setText(of(dialog, "text"), `“${firstLine(note, this.#shared.mentions)}”`);
    dialog.returnValue = "keep";
    dialog.showModal();
    await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
    if (dialog.returnValue !== "delete") return;
    const { ok, status, told } = await ask("DELETE", `/api/v1/notes/${note.id}`, this.#csrf);
    if (!ok && status !== 404 && status !== 409) return toast(reason(told), { tone: "warn" });
    this.#changes += 1;
    await this.#refresh();
  }

  async #resolve(first, isResolved) {
    const { ok, told } = await ask("POST", `/api/v1/notes/${first.id}/${isResolved ? "resolve" : "reopen"}`, this.#csrf);
    if (ok) this.#put(told);
    else toast(reason(told), { tone: "warn" });
  }

  // --- Where it stands ------------------------------------------------------

  #draw() {
    const notes = [...this.#notes.values()].sort(byAge);
    const firsts = notes.filter((note) => !note.answers);
    for (const [id, thread] of this.#threads) if (!firsts.some((first) => first.id === id)) this.#end(id, thread);
    const rows = firsts.map((first) => this.#drawThread(first, notes));
    arrange(of(this.#panel, "threads"), rows);
    const n = notes.filter((note) => !note.deleted_at).length;
    const count = of(this.#panel, "count");
    count.hidden = n === 0;
    setText(count, String(n));
    of(this.#panel, "none").hidden = n > 0;
    this.#place();
  }

  // What stands for the thread in the panel: itself, or a way to its turn.
  #drawThread(first, notes) {
    const known = this.#threads.get(first.id);
    const thread = known ?? new Thread(this.#shared);
    const all = [first, ...notes.filter((note) => note.answers === first.id)];
    thread.draw(all);
    if (!known) {
      this.#threads.set(first.id, thread);
      if (first.turn === null && !first.resolved_at) thread.open();
    }
    for (const [n, { threads }] of this.#places) if (n !== first.turn) threads.delete(thread);
    if (first.turn === null) return thread.node;
    this.#placeOf(first.turn).threads.add(thread);
    return this.#wayTo(first, all.filter((note) => !note.deleted_at).length);
  }

  #wayTo(first, n) {
    const row = this.#ways.get(first.id) ?? this.#shared.blank("row");
    this.#ways.set(first.id, row);
    row.querySelector("a").href = `#note-${first.id}`;
    setText(of(row, "initials"), first.author?.initials ?? "–");
    setText(of(row, "line"), firstLine(first, this.#shared.mentions));
    setText(of(row, "where"), `turn ${first.turn}${n > 1 ? `, ${counted(n)}` : ""}`);
    row.toggleAttribute("data-resolved", Boolean(first.resolved_at));
    return row;
  }

  // A thread that is gone. What somebody was about to answer is a note of its own, if they still want to send it.
  #end(id, thread) {
    this.#threads.delete(id);
    const turn = [...this.#places].find(([, place]) => place.threads.delete(thread))?.[0];
    const { unsent } = thread;
    thread.node.remove();
    if (!unsent) return;
    const box = turn === undefined ? this.#box : this.#boxAt(turn);
    box.fill(unsent);
    box.say("What this answers was deleted meanwhile. It can be sent as a note of its own.");
  }

  #placeOf(turn) {
    if (!this.#places.has(turn)) {
      const node = document.createElement("div");
      node.className = "turn-notes";
      this.#places.set(turn, { node, threads: new Set(), box: null });
    }
    return this.#places.get(turn);
  }

  #place() {
    for (const [n, { node, threads, box }] of this.#places) {
      const wanted = [...[...threads].map((thread) => thread.node), ...(box ? [box.node] : [])];
      arrange(node, wanted);
      const turn = document.getElementById(`turn-${n}`);
      if (!wanted.length) node.remove();
      else if (turn && node.parentNode !== turn) turn.append(node);
    }
  }

  #boxAt(turn) {
    const place = this.#placeOf(turn);
    const close = () => {
      place.box?.node.remove();
      place.box = null;
      this.#place();
    };
    place.box ??= new NoteBox(this.#shared.blank("box"), {
      mentions: this.#shared.mentions,
      leave: () => {
        close();
        document.querySelector(`#turn-${turn} .turn-note`)?.focus();
      },
      send: async (text, id) => {
        const why = await this.#add({ id, text, turn });
        if (!why && place.box?.isEmpty) close();
        return why;
      },
    });
    this.#place();
    return place.box;
  }

  // --- The reader -----------------------------------------------------------

  // A note at that turn: an answer if there is a thread that is open still.
  #write(turn) {
    const n = Number(turn.dataset.n);
    const threads = [...(this.#places.get(n)?.threads ?? [])].filter((thread) => !thread.node.hasAttribute("data-resolved"));
    if (threads.length) threads.at(-1).answer();
    else this.#boxAt(n).focus();
  }

  #pressed(event) {
    if (event.key !== "n" || event.metaKey || event.ctrlKey || event.altKey || !keysOn() || event.target.closest(TYPING)) return;
    event.preventDefault();
    const turn = document.activeElement.closest(".turn") ?? this.#page.querySelector(".turn[data-now]");
    if (turn) return this.#write(turn);
    this.#showPanel();
    this.#box.focus();
  }

  // On a narrow page the panel is behind a tab.
  #showPanel() {
    this.#page.querySelector("#pane-side").checked = true;
  }

  #arrive() {
    const id = location.hash.match(/^#note-([0-9a-f-]{36})$/)?.[1];
    const note = this.#notes.get(id);
    const thread = note && this.#threads.get(note.answers ?? note.id);
    if (!thread) return;
    thread.open();
    const item = thread.nodeOf(id);
    for (const other of this.#page.querySelectorAll(".note-one[data-shown]")) other.removeAttribute("data-shown");
    item.setAttribute("data-shown", "");
    if (this.#panel.contains(item)) this.#showPanel();
    else this.#page.querySelector("#pane-words").checked = true;
    item.scrollIntoView({ block: "center" });
    item.focus({ preventScroll: true });
    this.#follow.release();
  }
}

// What stays is not moved: somebody may be writing in it.
function arrange(parent, wanted) {
  for (const child of [...parent.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((one, n) => parent.children[n] !== one && parent.insertBefore(one, parent.children[n] ?? null));
}
