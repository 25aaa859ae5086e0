// <agent-variables>: every name that the texts ask for or the draft gives a value, as a table.

const ASKED = /\{\{\s*([A-Za-z0-9_.-]{1,80})\s*\}\}/g;
const PLACEHOLDERS = { "per call": "the platform’s, call by call", "caller’s past": "what earlier calls told" };
const NAME = /^[A-Za-z0-9_.-]{1,80}$/;

class AgentVariables extends HTMLElement {
  #body = this.querySelector("tbody");

  connectedCallback() {
    this.editor = this.closest("agent-editor");
    if (!this.editor.page.may_edit) return;
    this.addEventListener("input", ({ target }) => target.dataset.part === "value" && this.#set(nameOf(target), target.value));
    this.addEventListener("change", ({ target }) => target.dataset.part === "name-in" && this.#named(target));
    this.addEventListener("click", ({ target }) => target.closest('[data-act="remove"]') && this.#remove(target.closest("tr")));
    this.closest(".panel").querySelector('[data-act="variable"]').addEventListener("click", () => this.#add());
    this.editor.addEventListener("draft:shown", () => this.draw());
    this.editor.addEventListener("draft:marked", () => this.draw());
  }

  // A row stays the element it is: somebody may be writing in it.
  draw() {
    const { content } = this.editor.draft;
    const rows = new Map([...this.#body.children].filter(({ dataset }) => dataset.name).map((row) => [row.dataset.name, row]));
    const found = this.#rows(content);
    for (const [name, row] of rows) if (!found.some((one) => one.name === name)) row.remove();
    for (const one of found) {
      const row = rows.get(one.name) ?? this.#blank();
      fill(row, one);
      if (!row.isConnected) this.#body.append(row);
    }
    this.querySelector("thead").hidden = !this.#body.children.length;
  }

  #rows({ prompt, first_message: first, variables }) {
    const { company, name: agent } = this.editor.page.agent;
    const known = { company_name: company, agent_name: agent };
    const asked = new Set([...`${prompt}\n${first}`.matchAll(ASKED)].map((found) => found[1]));
    const others = [...asked].filter((name) => !(name in variables)).sort();
    return [
      ...Object.entries(variables).map(([name, value]) => ({ name, value, by: "agent" })),
      ...others.map((name) => ({ name, value: known[name] ?? "", by: name in known ? "workspace" : name === "memory" ? "caller’s past" : "per call" })),
    ];
  }

  #blank() {
    return this.querySelector('[data-blank="variable"]').content.firstElementChild.cloneNode(true);
  }

  #set(name, value) {
    if (!name) return;
    const { variables } = this.editor.draft.content;
    this.#change({ ...variables, [name]: value });
  }

  // A row that nobody has named yet.
  #add() {
    const row = this.#blank();
    const input = row.querySelector('[data-part="name-in"]');
    input.hidden = false;
    row.querySelector('[data-part="name"]').hidden = true;
    row.querySelector('[data-act="remove"]').hidden = false;
    this.#body.append(row);
    this.querySelector("thead").hidden = false;
    input.focus();
  }

  #named(input) {
    const row = input.closest("tr");
    const name = input.value.trim();
    const isTaken = name in this.editor.draft.content.variables;
    input.setCustomValidity(!NAME.test(name) ? "Letters, digits and _ . - make a name." : isTaken ? "There is one of this name." : "");
    if (!input.reportValidity()) return;
    const value = row.querySelector('[data-part="value"]').value;
    row.dataset.name = name;
    fill(row, { name, value, by: "agent" });
    this.#set(name, value);
  }

  #remove(row) {
    const { [row.dataset.name]: _, ...rest } = this.editor.draft.content.variables;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    if (row.dataset.name) this.#change(rest);
    (next?.querySelector("input:not([hidden])") ?? this.closest(".panel").querySelector('[data-act="variable"]')).focus();
    this.draw();
  }

  #change(value) {
    this.dispatchEvent(new CustomEvent("draft:change", { bubbles: true, detail: { field: "variables", value } }));
  }
}

const nameOf = (element) => element.closest("tr").dataset.name;

function fill(row, { name, value, by }) {
  const part = (one) => row.querySelector(`[data-part="${one}"]`);
  row.dataset.name = name;
  part("name").textContent = name;
  part("name").hidden = false;
  part("name-in").hidden = true;
  part("set-by").textContent = by;
  const input = part("value");
  input.setAttribute("aria-label", `Value of ${name}`);
  input.placeholder = PLACEHOLDERS[by] ?? "";
  input.readOnly = by === "caller’s past";
  if (input.value !== value && document.activeElement !== input) input.value = value;
  const remove = row.querySelector('[data-act="remove"]');
  remove.hidden = by !== "agent";
  remove.setAttribute("aria-label", `Remove ${name}`);
}

customElements.define("agent-variables", AgentVariables);
