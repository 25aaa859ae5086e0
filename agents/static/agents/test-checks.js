// The checks of a test, as sentences whose slots are chosen and written in.

const KINDS = [["contains", "contains"], ["not_contains", "does not contain"], ["regex", "matches the pattern"], ["tool_called", "uses the tool"], ["tool_not_called", "does not use the tool"], ["judged", "is judged by a model:"]];
const KIND = { field: "kind", label: "What is checked", choices: KINDS };
const ANSWERS = { field: "answers", label: "Which answers", choices: [["any", "An answer"], ["every", "Every answer"], ["last", "The last answer"]] };
const TOOL = { field: "tool", label: "Tool", choices: [] };
const ARGUMENTS = { field: "arguments", label: "Arguments, as JSON", isJson: true };
// Words, or slots with the field of the check that they are.
const SENTENCES = {
  contains: [ANSWERS, KIND, { field: "text", label: "Words" }],
  not_contains: [ANSWERS, KIND, { field: "text", label: "Words" }],
  regex: [ANSWERS, KIND, { field: "text", label: "Pattern" }],
  tool_called: [ANSWERS, KIND, TOOL, "with", ARGUMENTS],
  tool_not_called: [ANSWERS, KIND, TOOL, "with", ARGUMENTS],
  judged: ["The conversation", KIND, { field: "question", label: "A sentence that has to be true of it" }],
};
export const OFFERED = [["contains", "words that are said"], ["not_contains", "words that are not said"], ["regex", "a pattern"], ["tool_called", "a tool that is used"], ["tool_not_called", "a tool that is not used"], ["judged", "a sentence that a model judges"]];
const MOST = 20;

// A check in words.
export function worded(check) {
  const parts = SENTENCES[check.kind] ?? [check.kind];
  return parts
    .filter((part) => part !== "with" || !isEmpty(check.arguments))
    .map((part) => {
      if (typeof part === "string") return part;
      const value = check[part.field];
      if (part.isJson) return isEmpty(value) ? "" : JSON.stringify(value);
      if (part.field === "text" || part.field === "question") return `“${value ?? ""}”`;
      return part.choices.find(([choice]) => choice === value)?.[1] ?? value;
    })
    .filter(Boolean)
    .join(" ");
}

const isEmpty = (value) => !Object.keys(value ?? {}).length;

export class Checks {
  #list;
  #around; // { blank: (name) → a node, tools, mayEdit, changed }
  #checks = [];
  #broken = new Map(); // of JSON that is none yet: check → what is typed

  constructor(list, around) {
    this.#list = list;
    this.#around = around;
    if (!around.mayEdit) return;
    list.addEventListener("input", ({ target }) => this.#wrote(target));
    list.addEventListener("click", ({ target }) => target.closest("button") && this.#drop(this.#nodes.indexOf(target.closest(".sentence"))));
  }

  get #nodes() {
    return [...this.#list.children];
  }

  get told() {
    return structuredClone(this.#checks);
  }

  get isWhole() {
    return !this.#broken.size;
  }

  show(checks) {
    this.#checks = structuredClone(checks);
    this.#broken.clear();
    this.#draw();
  }

  add(kind) {
    if (this.#checks.length >= MOST) return;
    const used = new Set(this.#checks.map(({ id }) => id));
    let n = this.#checks.length + 1;
    while (used.has(`c${n}`)) n += 1;
    this.#checks.push(this.#fresh({ id: `c${n}` }, kind));
    this.#draw();
    this.#around.changed();
    this.#nodes.at(-1).querySelector("input, [data-slot=tool]").focus();
  }

  // Of those the server found: details whose field begins with "checks".
  faults(details) {
    for (const [n, node] of this.#nodes.entries()) {
      const wrong = details.filter(({ field }) => field === `checks.${n}` || field.startsWith(`checks.${n}.`));
      node.querySelector('[data-part="faults"]').replaceChildren(...wrong.map(({ field, problem }) => fault(this.#labelled(node, field.split(".").at(2), problem))));
    }
  }

  #labelled(node, slot, problem) {
    const label = slot && node.querySelector(`[data-slot="${CSS.escape(slot)}"]`)?.getAttribute("aria-label");
    return label ? `${label}: ${problem}` : problem;
  }

  #fresh({ id, ...had }, kind) {
    const made = { id, kind };
    for (const part of SENTENCES[kind]) {
      if (typeof part === "string" || part.field === "kind") continue;
      const first = { answers: kind.includes("not_") ? "every" : "any", tool: this.#around.tools[0] ?? "", arguments: {} };
      made[part.field] = had[part.field] ?? first[part.field] ?? "";
    }
    return made;
  }

  #draw() {
    this.#list.replaceChildren(...this.#checks.map((check) => this.#drawn(check)));
    this.#list.nextElementSibling.hidden = this.#checks.length > 0;
  }

  #drawn(check) {
    const node = this.#around.blank("check");
    const said = node.querySelector('[data-part="sentence"]');
    node.firstElementChild.setAttribute("aria-label", worded(check));
    if (!this.#around.mayEdit) said.textContent = worded(check);
    else said.append(...SENTENCES[check.kind].map((part) => this.#slot(check, part)), this.#around.blank("drop"));
    return node;
  }

  // Words, or the control that a slot is.
  #slot(check, part) {
    if (typeof part === "string") return Object.assign(document.createElement("span"), { textContent: part });
    const choices = part.field === "tool" ? this.#around.tools.map((name) => [name, name]) : part.choices;
    const control = document.createElement(choices ? "select" : part.isJson ? "textarea" : "input");
    control.className = choices ? "slot-in" : "slot-in slot-wide";
    control.dataset.slot = part.field;
    control.setAttribute("aria-label", part.label);
    const value = check[part.field];
    if (choices) {
      const all = choices.some(([choice]) => choice === value) ? choices : [...choices, [value, value]];
      control.append(...all.map(([choice, label]) => new Option(label, choice, choice === value, choice === value)));
    } else if (part.isJson) {
      Object.assign(control, { value: isEmpty(value) ? "" : JSON.stringify(value), placeholder: "any arguments", rows: 1, spellcheck: false });
    } else control.value = value ?? "";
    return control;
  }

  #wrote(target) {
    const node = target.closest(".sentence");
    const check = this.#checks[this.#nodes.indexOf(node)];
    const { slot } = target.dataset;
    if (slot === "arguments") this.#wroteJson(node, check, target);
    else check[slot] = target.value;
    if (slot === "kind") {
      const index = this.#checks.indexOf(check);
      this.#broken.delete(check);
      this.#checks[index] = this.#fresh(check, target.value);
      const drawn = this.#drawn(this.#checks[index]);
      node.replaceWith(drawn);
      drawn.querySelector('[data-slot="kind"]').focus();
    }
    this.#around.changed();
  }

  #wroteJson(node, check, target) {
    const [value, wrong] = objectOf(target.value);
    target.setAttribute("aria-invalid", String(Boolean(wrong)));
    node.querySelector('[data-part="faults"]').replaceChildren(...(wrong ? [fault(`Arguments: ${wrong}`)] : []));
    if (wrong) this.#broken.set(check, target.value);
    else {
      this.#broken.delete(check);
      check.arguments = value;
    }
  }

  #drop(index) {
    this.#broken.delete(this.#checks[index]);
    this.#checks.splice(index, 1);
    this.#draw();
    this.#around.changed();
    const next = this.#nodes[Math.min(index, this.#checks.length - 1)] ?? this.#list.closest("form");
    next.querySelector('[data-slot="kind"], [data-part="add-check"]').focus();
  }
}

// A JSON object as it is typed, and what is wrong with it: [object, ""] or [null, words]. Nothing typed is {}.
export function objectOf(text) {
  if (!text.trim()) return [{}, ""];
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? [value, ""] : [null, 'This is one object: {"account_id": "LK-2041"}.'];
  } catch (error) {
    return [null, `This is not JSON yet. ${error.message}`];
  }
}

export function fault(text, tone = "danger") {
  const note = Object.assign(document.createElement("p"), { className: "fault tone", textContent: text });
  note.dataset.tone = tone;
  return note;
}
