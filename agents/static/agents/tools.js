// <agent-tools>: which tools this version has, how each did in the last 24 hours, and the workspace's own to set up.
import "agents/tool-form.js";

const LONGEST_MS = 10_000;
const POOR = 0.95; // of what worked; below it a tool is pointed out
const lang = document.documentElement.lang;
const number = new Intl.NumberFormat(lang);
const seconds = new Intl.NumberFormat(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 1 });

class AgentTools extends HTMLElement {
  #list = this.querySelector('[data-part="list"]');

  connectedCallback() {
    this.editor = this.closest("agent-editor");
    this.#figures();
    if (!this.editor.page.may_edit) return;
    this.addEventListener("change", ({ target }) => target.dataset.part === "on" && this.#use(target.closest(".tool").dataset.tool, target.checked));
    this.addEventListener("tool:made", ({ target, detail }) => this.#made(target.closest(".tool"), detail));
    this.addEventListener("tool:gone", ({ target }) => this.#gone(target.closest(".tool")));
    this.closest(".panel").querySelector('[data-act="tool"]').addEventListener("click", () => this.#add());
    this.editor.addEventListener("draft:shown", () => this.#show());
  }

  #use(name, isOn) {
    const others = this.editor.draft.content.tools.filter((one) => one !== name);
    const value = isOn ? [...others, name] : others;
    this.dispatchEvent(new CustomEvent("draft:change", { bubbles: true, detail: { field: "tools", value } }));
  }

  #show() {
    const { tools } = this.editor.draft.content;
    for (const row of this.#list.children) row.querySelector('[data-part="on"]').checked = tools.includes(row.dataset.tool);
  }

  #add() {
    const open = this.#list.querySelector('[data-tool=""]');
    const row = open ?? this.querySelector('[data-blank="tool"]').content.firstElementChild.cloneNode(true);
    if (!open) this.#list.prepend(row);
    row.querySelector('[name="name"]').focus();
  }

  // It is there: used by this version from the start, and drawn whole with the next look at the page.
  #made(row, { name, description }) {
    row.dataset.tool = name;
    row.querySelector('[data-part="name"]').textContent = name;
    row.querySelector('[data-part="description"]').textContent = description;
    const on = row.querySelector('[data-part="on"]');
    on.disabled = false;
    on.checked = true;
    on.setAttribute("aria-label", `${name} is used by this version`);
    this.#use(name, true);
  }

  #gone(row) {
    if (row.dataset.tool) this.#use(row.dataset.tool, false);
    row.remove();
    this.closest(".panel").querySelector('[data-act="tool"]').focus();
  }

  async #figures() {
    try {
      const answer = await fetch(this.dataset.figures, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(LONGEST_MS) });
      if (!answer.ok) return;
      for (const one of (await answer.json()).items) this.#tell(one);
    } catch {
      // Without figures the list is as good; the next look at the page asks again.
    }
  }

  #tell({ name, calls, worked, p95_ms: p95 }) {
    const row = this.#list.querySelector(`[data-tool="${CSS.escape(name)}"]`);
    if (!row) return;
    const part = (which) => row.querySelector(`[data-part="${which}"]`);
    part("calls").textContent = number.format(calls);
    part("p95").textContent = p95 === null ? "" : `${seconds.format(p95 / 1_000)} s`;
    part("worked").textContent = share.format(worked / calls);
    part("worked").dataset.tone = worked / calls < POOR ? "danger" : "";
  }
}

customElements.define("agent-tools", AgentTools);
