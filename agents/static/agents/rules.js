// <agent-rules>: escalation rules as sentences whose slots are chosen and written in, and what they would have fired on.
// What a sentence may say is the server's (agents/rules/sentence.py): parts are words, or slots with a path in the rule.
import { clock } from "calls/geometry.js";

const LONGEST_MS = 30_000;
const SHOWN = 20; // firings of a backtest
const WIDE = new Set(["then.say", "when.pattern"]);

const at = (rule, field) => field.split(".").reduce((part, name) => part?.[name], rule);

function put(rule, field, value) {
  const [part, name] = field.includes(".") ? field.split(".") : [null, field];
  if (part) rule[part] = { ...rule[part], [name]: value };
  else rule[name] = value;
}

class AgentRules extends HTMLElement {
  #grammar;
  #rules = [];
  #hits; // of the last week, by the rule's id; unknown until they have come

  connectedCallback() {
    this.editor = this.closest("agent-editor");
    this.#count();
    if (!this.editor.page.may_edit) return;
    this.#grammar = JSON.parse(this.querySelector("#rules-grammar").textContent);
    this.closest(".panel").querySelector('[data-act="rule"]').addEventListener("click", () => this.#add());
    this.#part("rules").addEventListener("click", (event) => this.#clicked(event));
    this.#part("rules").addEventListener("input", ({ target }) => this.#wrote(target));
    this.#part("rules").addEventListener("keydown", (event) => this.#key(event));
    this.querySelector('[data-act="backtest"]').addEventListener("click", (event) => this.#backtest(event.currentTarget));
    this.editor.addEventListener("draft:shown", ({ detail }) => detail.fields.includes("rules") && this.#show());
    this.editor.addEventListener("draft:saved", () => this.#faults());
    this.#show();
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  get #nodes() {
    return [...this.#part("rules").children];
  }

  #show() {
    this.#rules = structuredClone(this.editor.draft.content.rules ?? []);
    this.#draw();
  }

  #draw() {
    this.#part("rules").replaceChildren(...this.#rules.map((rule) => this.#drawn(rule)));
    this.#part("none").hidden = this.#rules.length > 0;
    this.#faults();
    this.#showHits();
  }

  async #count() {
    try {
      const answer = await fetch(`${this.editor.page.api}/rules/figures`, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(LONGEST_MS) });
      if (!answer.ok) return;
      this.#hits = new Map((await answer.json()).items.map((one) => [one.rule, one]));
      this.#showHits();
    } catch {
      // Nothing is said of them then.
    }
  }

  #showHits() {
    if (!this.#hits) return;
    for (const node of this.#nodes) {
      const { hits, calls } = this.#hits.get(node.dataset.rule) ?? { hits: 0, calls: 0 };
      const shown = node.querySelector('[data-part="hits"]');
      shown.textContent = hits === 0 ? "no hits" : hits === 1 ? "1 hit" : `${hits.toLocaleString()} hits`;
      shown.title = `In ${calls} of this agent’s calls of the last 7 days`;
    }
  }

  #drawn(rule) {
    const node = this.querySelector('[data-blank="rule"]').content.firstElementChild.cloneNode(true);
    const { trigger, action, when, then, only, titles } = this.#grammar;
    const name = node.querySelector('[data-part="name"]');
    const fill = (part, parts) => node.querySelector(`[data-part="${part}"]`).replaceChildren(...parts.flatMap((one) => this.#slot(rule, one)));
    node.dataset.rule = rule.id;
    node.firstElementChild.setAttribute("aria-label", rule.name || titles[rule.when?.trigger] || "Rule");
    fill("sentence", ["When", trigger, ...(when[rule.when?.trigger] ?? []), "then", action, ...(then[rule.then?.do] ?? [])]);
    fill("only", ["Only", ...only.filter((part) => !part.shown_if || at(rule, part.shown_if))]);
    node.querySelector('[data-part="on"]').checked = rule.on !== false;
    name.value = rule.name ?? "";
    name.placeholder = titles[rule.when?.trigger] ?? "";
    return node;
  }

  // Words, or the control that a slot is.
  #slot(rule, part) {
    if (typeof part === "string") return [Object.assign(document.createElement("span"), { textContent: part })];
    const value = at(rule, part.field) ?? part.value;
    const control = document.createElement({ choice: "select", lines: "textarea" }[part.kind] ?? "input");
    control.className = WIDE.has(part.field) ? "slot-in slot-wide" : "slot-in";
    control.dataset.slot = part.field;
    control.setAttribute("aria-label", part.label);
    if (part.kind === "choice") {
      const isListed = part.choices.some(([choice]) => choice === value);
      const choices = isListed ? part.choices : [...part.choices, [value, String(value)]];
      control.append(...choices.map(([choice, label]) => new Option(label, JSON.stringify(choice), choice === value, choice === value)));
    } else {
      control.value = part.kind === "lines" ? value.join("\n") : value;
      if (part.kind !== "lines") control.type = part.kind;
      control.spellcheck = part.field === "then.say";
    }
    return [control];
  }

  #wrote(target) {
    const node = target.closest(".sentence");
    const rule = this.#rules[this.#nodes.indexOf(node)];
    const { slot, part } = target.dataset;
    if (part === "on") rule.on = target.checked;
    if (part === "name") rule.name = target.value;
    if (slot) {
      if (target.type === "number" && Number.isNaN(target.valueAsNumber)) return;
      put(rule, slot, valueOf(target));
      // Another sentence: its own slots, as they are before anybody chooses.
      if (slot === "when.trigger") rule.when = this.#fresh("when", rule.when.trigger, { trigger: rule.when.trigger });
      if (slot === "then.do") rule.then = this.#fresh("then", rule.then.do, { do: rule.then.do, say: rule.then.say });
      if (["when.trigger", "then.do", "only.hours"].includes(slot)) {
        if (slot === "only.hours" && target.value !== '""') rule.only.zone ??= Intl.DateTimeFormat().resolvedOptions().timeZone;
        const drawn = this.#drawn(rule);
        node.replaceWith(drawn);
        this.#showHits();
        drawn.querySelector(`[data-slot="${slot}"]`).focus();
      }
    }
    this.#changed();
  }

  #fresh(part, which, values) {
    const made = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
    for (const slot of this.#grammar[part][which] ?? []) {
      if (typeof slot !== "string") made[slot.field.slice(part.length + 1)] ??= slot.value;
    }
    return made;
  }

  #changed() {
    this.#part("none").hidden = this.#rules.length > 0;
    this.dispatchEvent(new CustomEvent("draft:change", { bubbles: true, detail: { field: "rules", value: structuredClone(this.#rules) } }));
  }

  #add() {
    if (this.#rules.length >= this.#grammar.most) return;
    const used = new Set(this.#rules.map(({ id }) => id));
    let n = this.#rules.length + 1;
    while (used.has(`r${n}`)) n += 1;
    const trigger = this.#grammar.trigger.value;
    this.#rules.push({ id: `r${n}`, name: "", on: true, when: this.#fresh("when", trigger, { trigger }), only: {}, cooldown_s: 60, then: { do: "alert" } });
    this.#draw();
    this.#changed();
    this.#nodes.at(-1).querySelector("select").focus();
  }

  #clicked({ target }) {
    const button = target.closest("button");
    if (!button) return;
    const index = this.#nodes.indexOf(button.closest(".sentence"));
    if (button.dataset.move) this.#move(index, Number(button.dataset.move), `[data-move="${button.dataset.move}"]`);
    if (button.dataset.act === "remove") {
      this.#rules.splice(index, 1);
      this.#draw();
      this.#changed();
      (this.#nodes[Math.min(index, this.#rules.length - 1)] ?? this.closest(".panel")).querySelector('select, [data-act="rule"]').focus();
    }
  }

  #key(event) {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const node = event.target.closest(".sentence");
    const { slot } = event.target.dataset;
    this.#move(this.#nodes.indexOf(node), event.key === "ArrowUp" ? -1 : 1, slot ? `[data-slot="${slot}"]` : "select");
  }

  #move(index, by, focus) {
    const to = index + by;
    if (to < 0 || to >= this.#rules.length) return;
    this.#rules.splice(to, 0, ...this.#rules.splice(index, 1));
    this.#draw();
    this.#changed();
    this.#nodes[to].querySelector(focus)?.focus();
  }

  // What is wrong with a rule is said beneath it; its path begins with its place.
  #faults() {
    const faults = this.editor.faults ?? [];
    for (const [n, node] of this.#nodes.entries()) {
      const wrong = faults.filter(({ field }) => field === `rules.${n}` || field.startsWith(`rules.${n}.`));
      node.querySelector('[data-part="faults"]').replaceChildren(
        ...wrong.map(({ field, message }) => {
          const label = node.querySelector(`[data-slot="${field.replace(`rules.${n}.`, "")}"]`)?.getAttribute("aria-label");
          const note = Object.assign(document.createElement("p"), { className: "fault tone", textContent: label ? `${label}: ${message}` : message });
          note.dataset.tone = "danger";
          return note;
        }),
      );
    }
  }

  // --- Would have fired ---------------------------------------------------

  async #backtest(button) {
    const { api, csrf } = this.editor.page;
    button.disabled = true;
    this.#part("result").textContent = "Looking back…";
    this.#part("firings").replaceChildren();
    try {
      const answer = await fetch(`${api}/backtest`, { method: "POST", headers: { "content-type": "application/json", "x-csrftoken": csrf }, body: JSON.stringify({ rules: this.#rules, last: 100 }), signal: AbortSignal.timeout(LONGEST_MS) });
      const told = await answer.json();
      if (!answer.ok) throw new Error(answer.status === 400 ? "Mend what is marked first." : told.error.message);
      this.#tell(told);
    } catch (error) {
      this.#part("result").textContent = error instanceof TypeError || error.name === "TimeoutError" ? "The server gave no answer. Try again." : error.message;
    } finally {
      button.disabled = false;
    }
  }

  #tell({ calls, fired_on, items }) {
    const last = calls === 1 ? "the last call" : `the last ${calls} calls`;
    this.#part("result").textContent = calls ? `Would have fired on ${fired_on} of ${last}.` : "This agent has had no calls yet.";
    this.#part("firings").replaceChildren(
      ...items.slice(0, SHOWN).map(({ name, at_ms, call }) => {
        const link = Object.assign(document.createElement("a"), { href: `/calls/${call.id}/?t=${at_ms / 1000}` });
        link.append(...[name, call.who, clock(at_ms)].map((text) => Object.assign(document.createElement("span"), { textContent: text })));
        const item = document.createElement("li");
        item.append(link);
        return item;
      }),
    );
  }
}

function valueOf(control) {
  if (control.tagName === "SELECT") return JSON.parse(control.value);
  if (control.tagName === "TEXTAREA") return control.value.split("\n").map((line) => line.trim()).filter(Boolean);
  return control.type === "number" ? Math.round(control.valueAsNumber) : control.value;
}

customElements.define("agent-rules", AgentRules);
