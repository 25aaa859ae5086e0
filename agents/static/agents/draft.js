// The draft of one agent: what was changed here, on its way to the server, and kept in this browser until it is there.

import { rebase } from "agents/splice.js";

const QUIET_MS = 600; // after the last change
const AGAIN_MS = [1_000, 2_000, 5_000, 10_000, 30_000];
const LONGEST_MS = 15_000;
// Refused today: whoever signs in again, or is given the right, may save it. All else is refused for what it is.
const NOT_FOR_GOOD = [401, 403];

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export class Draft extends EventTarget {
  #api;
  #headers;
  #name; // in this browser's storage
  #kept; // what is there from another visit: { revision, changes } or null
  #pending = {}; // fields changed since the last save began
  #sent = null; // those on their way
  #timer = 0;
  #tries = 0;
  #isRefused = false; // for good: it is not sent again until something of it has changed
  #server; // the fields as the server last told them

  // Events: "state" (detail { state: "unsaved" | "saving" | "saved" | "failing" | "refused", message }), "saved" (see #taken).
  constructor({ api, csrf, revision, content, agent, person }) {
    super();
    this.#api = api;
    this.#headers = { "content-type": "application/json", "x-csrftoken": csrf };
    this.#name = `draft:${person}:${agent.id}`; // others may sign in at this browser
    this.#kept = JSON.parse(localStorage.getItem(this.#name) ?? "null");
    this.#server = content;
    this.revision = revision;
    addEventListener("online", () => this.save());
  }

  // The fields as they are here.
  get content() {
    return { ...this.#server, ...this.#sent, ...this.#pending };
  }

  get isSaved() {
    return !this.#sent && !Object.keys(this.#pending).length;
  }

  // What this browser kept when the server was away, or null. It is as if it were changed now.
  recover() {
    const kept = this.#kept;
    if (!kept) return null;
    this.revision = Math.min(this.revision, kept.revision);
    this.#pending = { ...kept.changes, ...this.#pending };
    this.save();
    return kept.changes;
  }

  set(field, value) {
    if (same(this.content[field], value)) return;
    this.#pending[field] = value;
    this.#isRefused = false;
    this.#keep();
    if (this.#tries) return; // the server is away: the next try takes it along
    this.#tell("unsaved");
    this.#later(QUIET_MS);
  }

  // Now. Settled once it is there, or has failed.
  async save() {
    clearTimeout(this.#timer);
    if (this.#sent) return this.saving;
    if (this.#isRefused || !Object.keys(this.#pending).length) return;
    [this.#sent, this.#pending] = [this.#pending, {}];
    this.#tell("saving");
    this.saving = this.#send();
    await this.saving;
  }

  // What others have saved meanwhile.
  async refresh() {
    if (!this.isSaved) return;
    const answer = await this.#ask("GET");
    if (answer.ok && this.isSaved) this.#taken(await answer.json(), {});
  }

  async #send() {
    try {
      const answer = await this.#ask("PATCH", { revision: this.revision, changes: this.#sent });
      if (answer.ok) this.#taken(await answer.json(), this.#sent);
      else if (answer.status >= 500 || answer.status === 429) this.#failed();
      else this.#refused(answer.status, await answer.json().catch(() => ({})));
    } catch {
      this.#failed();
    }
  }

  #ask(method, body) {
    return fetch(`${this.#api}/draft`, { method, headers: this.#headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(LONGEST_MS) });
  }

  // A field that others changed too is shown anew; what was typed meanwhile goes on top of theirs.
  #taken(answer, sent) {
    const changed = [];
    let isHeld = false;
    for (const [field, theirs] of Object.entries(answer.content)) {
      const had = field in sent ? sent[field] : this.#server[field];
      if (same(theirs, had)) continue;
      if (field in this.#pending) {
        const both = typeof theirs === "string" ? rebase(had, this.#pending[field], theirs) : null;
        if (both === null) {
          // The server has to merge it: so it is told what this was made of.
          isHeld = true;
          continue;
        }
        this.#pending[field] = both;
      }
      changed.push(field);
    }
    this.#server = answer.content;
    if (!isHeld) this.revision = answer.revision;
    this.#sent = null;
    this.#tries = 0;
    this.#keep();
    this.#tell(this.isSaved ? "saved" : "unsaved");
    if (!this.isSaved) this.#later(QUIET_MS);
    const { faults, merged, conflicts = [], theirs = {} } = answer;
    this.dispatchEvent(new CustomEvent("saved", { detail: { revision: answer.revision, content: this.content, faults, merged, conflicts, theirs, changed } }));
  }

  #failed() {
    this.#comeBack();
    const wait = AGAIN_MS[Math.min(this.#tries, AGAIN_MS.length - 1)];
    this.#tries += 1;
    this.#tell("failing");
    this.#later(wait);
  }

  #refused(status, { error = {} }) {
    this.#comeBack();
    this.#isRefused = !NOT_FOR_GOOD.includes(status);
    if (this.#isRefused) localStorage.removeItem(this.#name);
    this.#tries = 0;
    const reasons = { 401: "You are signed out. Sign in again in another tab; your changes wait here.", 403: "Your role may not edit agents any more." };
    this.#tell("refused", reasons[status] ?? error.message ?? "The server did not take it.");
  }

  #comeBack() {
    this.#pending = { ...this.#sent, ...this.#pending };
    this.#sent = null;
    this.#keep();
  }

  #keep() {
    const changes = { ...this.#sent, ...this.#pending };
    if (Object.keys(changes).length) localStorage.setItem(this.#name, JSON.stringify({ revision: this.revision, changes }));
    else localStorage.removeItem(this.#name);
  }

  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), ms);
  }

  #tell(state, message = "") {
    this.dispatchEvent(new CustomEvent("state", { detail: { state, message } }));
  }
}
