// One thread of notes: a line that opens in place to all that was written, and a box to answer in.

import { NoteBox } from "calls/note-box.js";
import { wordAgo } from "calls/ago.js";
import { setText } from "calls/transcript.js";

const NOBODY = { name: "A program or somebody who left", initials: "–" };
export const counted = (n) => `${n} ${n === 1 ? "note" : "notes"}`;
export const firstLine = ({ deleted_at, text }, mentions) => (deleted_at ? "Deleted" : mentions.typed(text).trim().split("\n", 1)[0]);
export const of = (node, name) => node.querySelector(`[data-of="${name}"]`);

export class Thread {
  node;
  #shared;
  #first;
  #box;
  #notes = new Map(); // <li> by id

  // shared: { blank(name), mentions, me, isAdmin, acts }; acts: answer(first, text, id), edit(note, text) → why not;
  // remove(note), resolve(first, isResolved).
  constructor(shared) {
    this.#shared = shared;
    this.node = shared.blank("thread");
    this.#box = new NoteBox(this.node.querySelector(".note-box"), {
      mentions: shared.mentions,
      send: (text, id) => shared.acts.answer(this.#first, text, id),
    });
    this.node.addEventListener("click", ({ target }) => this.#clicked(target.closest("[data-act]")));
  }

  get unsent() {
    return this.#box.kept;
  }

  // notes: the first, and those that answer it by age.
  draw(notes) {
    const [first] = notes;
    const { mentions } = this.#shared;
    this.#first = first;
    const author = first.author ?? NOBODY;
    const said = notes.filter((note) => !note.deleted_at);
    setText(of(this.node, "initials"), author.initials);
    setText(of(this.node, "who"), author.name);
    setText(of(this.node, "line"), firstLine(first, mentions));
    setText(of(this.node, "n"), counted(said.length));
    this.node.toggleAttribute("data-resolved", Boolean(first.resolved_at));
    setText(this.node.querySelector('[data-act="resolve"]'), first.resolved_at ? "Reopen" : "Resolve");
    setText(of(this.node, "resolved"), first.resolved_at ? `Resolved by ${(first.resolved_by ?? NOBODY).name}` : "");
    this.#drawNotes(notes);
  }

  open() {
    this.node.open = true;
  }

  nodeOf(id) {
    return this.#notes.get(id);
  }

  answer() {
    this.open();
    this.#box.focus();
  }

  #drawNotes(notes) {
    const list = of(this.node, "notes");
    const ids = new Set(notes.map(({ id }) => id));
    for (const [id, item] of this.#notes) {
      if (ids.has(id)) continue;
      item.remove();
      this.#notes.delete(id);
    }
    notes.forEach((note, n) => {
      const item = this.#notes.get(note.id) ?? this.#shared.blank("note");
      this.#notes.set(note.id, item);
      if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null);
      this.#drawNote(item, note);
    });
  }

  #drawNote(item, note) {
    const { mentions, me, isAdmin } = this.#shared;
    const isMine = note.author?.id === me.id;
    item.id = `note-${note.id}`;
    item.note = note;
    setText(of(item, "author"), (note.author ?? NOBODY).name);
    const link = of(item, "link");
    link.href = `#${item.id}`;
    const time = link.querySelector("time");
    if (time.dateTime !== note.created_at) Object.assign(time, { dateTime: note.created_at, title: "" });
    wordAgo(item);
    setText(of(item, "state"), note.pending ? "sending" : note.edited_at && !note.deleted_at ? "edited" : "");
    const text = of(item, "text");
    text.classList.toggle("dim", Boolean(note.deleted_at));
    if (note.deleted_at) text.replaceChildren("This note was deleted.");
    else text.replaceChildren(...mentions.split(note.text).map((part) => (part.id ? mention(part, me) : part)));
    const isDone = Boolean(note.pending || note.deleted_at || item.querySelector(".note-box"));
    of(item, "acts").hidden = isDone || !(isMine || isAdmin);
    item.querySelector('[data-act="edit"]').hidden = !isMine;
  }

  #clicked(button) {
    const act = button?.dataset.act;
    const item = button?.closest(".note-one");
    if (act === "resolve") this.#shared.acts.resolve(this.#first, !this.#first.resolved_at);
    else if (act === "delete") this.#shared.acts.remove(item.note);
    else if (act === "edit") this.#edit(item);
  }

  #edit(item) {
    if (item.querySelector(".note-box")) return;
    const { mentions, acts, blank } = this.#shared;
    const text = of(item, "text");
    const back = () => {
      box.node.remove();
      text.hidden = false;
      this.#drawNote(item, item.note);
      item.querySelector('[data-act="edit"]').focus();
    };
    const box = new NoteBox(blank("box"), {
      mentions,
      leave: back,
      isChange: true,
      send: async (changed) => {
        const why = await acts.edit(item.note, changed);
        if (!why) back();
        return why;
      },
    });
    text.hidden = true;
    of(item, "acts").hidden = true;
    text.after(box.node);
    box.fill(item.note.text);
    box.focus();
  }
}

function mention({ id, name }, me) {
  const words = document.createElement("b");
  words.className = "mention";
  words.toggleAttribute("data-me", id === me.id);
  words.textContent = `@${name}`;
  return words;
}
