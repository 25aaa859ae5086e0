// <agent-editor> keeps what its sections change. A section that changed a field dispatches
//   new CustomEvent("draft:change", { bubbles: true, detail: { field, value } })
// and once it is saved, "draft:saved" is dispatched on this element, detail:
//   { revision, content, faults, merged, conflicts, theirs, changed }
// where `changed` names the fields that others changed. A section shows a field anew on "draft:shown", detail:
//   { fields, content }
// which comes for those, and for what this browser had kept while the server was away.
// An input with data-field="speed" is a section by itself. An element with data-faults="speed voice" is where what is
// wrong with those fields is said. `draft` (agents/draft.js) is open to what is inside, and `page` what the server told.
import "calls/when.js";
import { Draft } from "agents/draft.js";
import { faultNote } from "agents/faults.js";
import { Presence } from "agents/presence.js";
import { Publish } from "agents/publish.js";

const NAMES = { prompt: "Prompt", variables: "Variables", first_message: "First message", voice: "Voice", language: "Language", speed: "Speed", tier: "Model", chain: "Model", temperature: "Temperature", tools: "Tools", rules: "Escalation" };
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

class AgentEditor extends HTMLElement {
  constructor() {
    super();
    this.page = JSON.parse(document.getElementById("agent-data").textContent);
    this.draft = new Draft(this.page);
  }

  connectedCallback() {
    this.#followSections();
    if (!this.page.may_edit) return;
    this.addEventListener("draft:change", ({ detail: { field, value } }) => this.#change(field, value));
    this.draft.addEventListener("state", ({ detail }) => this.#say(detail));
    this.draft.addEventListener("saved", ({ detail }) => this.#saved(detail));
    for (const input of this.querySelectorAll("input[data-field], select[data-field], textarea[data-field]")) this.#bind(input);
    this.publish = new Publish(this, document.getElementById("publish"));
    this.presence = new Presence(this);
    addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("visibilitychange", () => document.hidden && this.draft.save());
    this.#faults(this.page.faults);
    // Sections are defined by modules of their own, some of them after this one.
    setTimeout(() => this.#recover());
  }

  // To be read by the person who writes, until they put it away.
  note(text, { tone = "none", act = "Fine", done = () => {} } = {}) {
    const note = this.querySelector('[data-blank="note"]').content.firstElementChild.cloneNode(true);
    note.dataset.tone = tone;
    note.querySelector("span").textContent = text;
    const button = note.querySelector("button");
    button.textContent = act;
    button.addEventListener("click", () => {
      note.remove();
      done();
    });
    this.part("notes").append(note);
  }

  part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  #recover() {
    const kept = this.draft.recover();
    if (!kept) return;
    this.#show(Object.keys(kept), this.draft.content);
    this.note("What you wrote while it could not be saved is back.");
  }

  #bind(input) {
    const read = () => (input.type === "number" ? input.valueAsNumber : input.value);
    input.addEventListener("input", () => {
      if (input.type === "number" && Number.isNaN(input.valueAsNumber)) return;
      this.#change(input.dataset.field, read());
    });
    // Somebody may have written before this module was there.
    if (input.value !== (input.defaultValue ?? input.value)) input.dispatchEvent(new Event("input"));
  }

  #change(field, value) {
    this.draft.set(field, value);
    this.#mark();
  }

  #saved(detail) {
    this.#show(detail.changed, detail.content);
    this.#faults(detail.faults);
    this.#mark();
    const others = [...new Set(detail.changed.map((field) => NAMES[field]))];
    const who = this.presence.names || "Somebody else";
    if (others.length) this.note(`${who} changed ${others.join(", ")} too. Both are in the draft now.`);
    for (const field of detail.conflicts) this.#conflict(field, detail.theirs[field], who);
    this.dispatchEvent(new CustomEvent("draft:saved", { detail }));
  }

  #conflict(field, theirs, who) {
    const take = () => {
      this.#change(field, theirs);
      this.#show([field], this.draft.content);
    };
    this.note(`${who} wrote something else in the same place of ${NAMES[field]}. Yours was kept.`, { tone: "warn", act: "Take theirs", done: take });
  }

  // Fields that were changed elsewhere. Elements of sections hear of it by "draft:saved"; plain inputs are filled here.
  #show(fields, content) {
    for (const field of fields) {
      const input = this.querySelector(`:is(input, select, textarea)[data-field="${field}"]`);
      if (input && input.value !== String(content[field])) input.value = content[field];
    }
    this.dispatchEvent(new CustomEvent("draft:shown", { detail: { fields, content } }));
  }

  #say({ state, message }) {
    const words = { unsaved: "Saving", saving: "Saving", saved: `Saved ${clock.format(new Date())}`, failing: "Not saved, trying again", refused: `Not saved. ${message}` };
    const label = this.part("saved");
    if (label.textContent === words[state]) return;
    label.textContent = words[state];
    label.dataset.tone = state === "failing" || state === "refused" ? "warn" : "";
  }

  // What of the draft is not what is live.
  #mark() {
    const { live, sections, next_number: next } = this.page;
    const content = this.draft.content;
    const changed = Object.keys(live).filter((field) => JSON.stringify(live[field]) !== JSON.stringify(content[field]));
    const edited = new Set(changed.map((field) => sections[field]));
    for (const link of this.querySelectorAll("[data-section]")) {
      const { section } = link.dataset;
      const many = { tools: content.tools, escalation: content.rules }[section]?.length;
      if (!["tests", "versions"].includes(section)) link.querySelector('[data-part="mark"]').textContent = edited.has(section) ? "edited" : many || "";
    }
    this.part("draft").hidden = !changed.length && this.page.live_number !== null;
    this.part("draft-text").textContent = `v${next} draft${changed.length ? `, ${changed.length} change${changed.length > 1 ? "s" : ""}` : ""}`;
    this.dispatchEvent(new CustomEvent("draft:marked", { detail: { changed } }));
  }

  #faults(faults) {
    this.faults = faults;
    for (const place of this.querySelectorAll("[data-faults]")) {
      const fields = place.dataset.faults.split(" ");
      place.replaceChildren(...faults.filter(({ field }) => fields.includes(field)).map(faultNote));
    }
    for (const link of this.querySelectorAll("[data-section]")) {
      link.toggleAttribute("data-faulty", faults.some(({ section, blocks }) => blocks && section === link.dataset.section));
    }
  }

  #key(event) {
    if (!(event.metaKey || event.ctrlKey) || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key.toLowerCase() === "s") this.draft.save();
    else if (event.key === "Enter") this.publish.open();
    else return;
    event.preventDefault();
  }

  // The section in sight is marked in the list; where somebody writes is told to others.
  #followSections() {
    const panels = [...this.querySelectorAll(".edit-form > .panel[id]")];
    const inSight = new Map();
    const form = this.querySelector(".edit-form");
    let isNamed = false; // by the address, until somebody scrolls: the last ones cannot come to the top
    const watch = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) inSight.set(target.id, isIntersecting);
        if (isNamed) return;
        const first = panels.find(({ id }) => inSight.get(id));
        if (first) this.#current(first.id);
      },
      { root: form, rootMargin: "-48px 0px -60% 0px" },
    );
    for (const panel of panels) watch.observe(panel);
    for (const moved of ["wheel", "touchmove", "pointerdown", "keydown"]) form.addEventListener(moved, () => (isNamed = false), { passive: true });
    const go = () => {
      isNamed = this.#current(location.hash.slice(1));
    };
    addEventListener("hashchange", go);
    go();
  }

  #current(id) {
    if (!this.querySelector(`[data-section="${CSS.escape(id)}"]`)) return false;
    for (const link of this.querySelectorAll("[data-section]")) {
      if (link.dataset.section === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    return true;
  }
}

customElements.define("agent-editor", AgentEditor);
