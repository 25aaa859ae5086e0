// <tool-form>: one HTTP tool of the workspace, saved as a whole; its schema is checked while it is typed.
// Dispatches "tool:made" (detail: the tool as the API has it) and "tool:gone".
import { faultNote } from "agents/faults.js";
import { ask } from "agents/send.js";

const QUIET_MS = 300;
const LONGEST_MS = 70_000; // a tool may take a minute
const API = "/api/v1/tools";

class ToolForm extends HTMLElement {
  #timer;
  #asked = 0;

  connectedCallback() {
    this.csrf = this.closest("agent-editor").page.csrf;
    const [form, trial] = this.querySelectorAll("form");
    this.form = form;
    form.addEventListener("submit", (event) => this.#submitted(event, () => this.#save()));
    form.addEventListener("click", ({ target }) => target.dataset.act && this.#act(target.dataset.act));
    trial?.addEventListener("submit", (event) => this.#submitted(event, () => this.#try(trial)));
    const { parameters } = form.elements;
    parameters.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#check(), QUIET_MS);
    });
    parameters.addEventListener("scroll", () => this.#place());
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  #ask(method, path, body) {
    return ask(method, `${API}${path}`, this.csrf, body, { signal: AbortSignal.timeout(LONGEST_MS) });
  }

  async #submitted(event, act) {
    event.preventDefault();
    const button = event.target.querySelector('[type="submit"]');
    button.disabled = true;
    await act();
    button.disabled = false;
  }

  async #check() {
    const asked = (this.#asked += 1);
    const { ok, told } = await this.#ask("POST", "/check", { schema: this.form.elements.parameters.value });
    if (ok && asked === this.#asked) this.#faults(told.faults);
    return ok && !told.faults.length;
  }

  #faults(faults) {
    const { parameters } = this.form.elements;
    parameters.setAttribute("aria-invalid", String(faults.length > 0));
    this.line = faults[0]?.line;
    this.#place();
    this.#part("faults").replaceChildren(
      ...faults.map(({ message, line, path }) => faultNote({ line, message: path ? `${path}: ${message}` : message, blocks: true })),
    );
  }

  // The first fault's line is marked behind the text.
  #place() {
    const mark = this.#part("line");
    const { parameters } = this.form.elements;
    mark.hidden = !this.line;
    if (!this.line) return;
    const { paddingBlockStart, borderBlockStartWidth, lineHeight } = getComputedStyle(parameters);
    const top = parseFloat(paddingBlockStart) + parseFloat(borderBlockStartWidth) + (this.line - 1) * parseFloat(lineHeight);
    mark.style.insetBlockStart = `${top - parameters.scrollTop}px`;
  }

  // What the form says, or null: then it says what is wrong.
  #read() {
    const { name, method, timeout_ms: timeout, retries, description, url, headers, parameters } = this.form.elements;
    const body = { method: method.value, timeout_ms: timeout.valueAsNumber, retries: retries.valueAsNumber, description: description.value, url: url.value.trim() };
    if (name) body.name = name.value.trim();
    body.parameters = parameters.value.trim() ? JSON.parse(parameters.value) : {};
    if (!headers.value.trim()) return body;
    try {
      body.headers = JSON.parse(headers.value);
      return body;
    } catch {
      this.#problem('Headers are a JSON object: {"Authorization": "Bearer …"}.');
      return null;
    }
  }

  async #save() {
    this.#problem("");
    clearTimeout(this.#timer);
    if (!(await this.#check())) {
      this.#problem("Mend the parameters first.");
      return;
    }
    const body = this.#read();
    if (!body) return;
    const { id } = this.dataset;
    const { ok, told } = await this.#ask(id ? "PATCH" : "POST", id ? `/${id}` : "", body);
    if (!ok) {
      this.#problem(inWords(told.error));
      return;
    }
    this.form.elements.headers.value = "";
    this.#part("sent").textContent = `${told.header_names.length ? `It sends ${told.header_names.join(", ")}. ` : ""}Kept encrypted, never shown again.`;
    this.#part("saved").textContent = "Saved. Counts within 5 s, for every agent that uses it.";
    if (!id) this.#made(told);
  }

  #made(told) {
    this.dataset.id = told.id;
    this.form.elements.name.closest("label").remove();
    this.form.querySelector('[type="submit"]').textContent = `Save ${told.name}`;
    const drop = this.form.querySelector('[data-act="drop"]');
    drop.dataset.act = "delete";
    drop.textContent = "Delete it";
    this.dispatchEvent(new CustomEvent("tool:made", { bubbles: true, detail: told }));
  }

  async #act(act) {
    if (act === "delete") {
      const { ok, told } = await this.#ask("DELETE", `/${this.dataset.id}`);
      if (!ok) {
        this.#problem(inWords(told.error));
        return;
      }
    }
    this.dispatchEvent(new CustomEvent("tool:gone", { bubbles: true }));
  }

  async #try(trial) {
    const outcome = this.#part("outcome");
    const shown = this.#part("answer");
    shown.hidden = true;
    outcome.dataset.tone = "danger";
    let given;
    try {
      given = JSON.parse(trial.elements.arguments.value || "{}");
    } catch {
      outcome.textContent = "The arguments are no JSON object.";
      return;
    }
    outcome.textContent = "Asking";
    const { ok, told } = await this.#ask("POST", `/${this.dataset.id}/try`, { arguments: given });
    outcome.dataset.tone = ok && told.ok ? "ok" : "danger";
    outcome.textContent = ok ? `${told.ok ? "Answered" : "Failed"} after ${told.duration_ms} ms${told.ok ? `, as ${told.kind === "json" ? "JSON" : "text"}` : ""}` : inWords(told.error);
    if (!ok) return;
    shown.hidden = false;
    shown.textContent = told.text;
  }

  #problem(text) {
    const problem = this.#part("problem");
    problem.hidden = !text;
    problem.textContent = text;
    if (text) this.#part("saved").textContent = "";
  }
}

function inWords({ message, details }) {
  return details?.length ? details.map(({ field, problem }) => `${field.replaceAll("_", " ")}: ${problem}`).join(" ") : message;
}

customElements.define("tool-form", ToolForm);
