// <agent-test>: one test of the list, drawn when it is opened: its conversation, its checks, how it went last. It is
// saved as a whole, by its button or ⌘S. <agent-tests> around it keeps the list.
import { ask } from "agents/send.js";
import { Checks, OFFERED, fault } from "agents/test-checks.js";
import { drawResult } from "agents/test-result.js";
import { Talk } from "agents/test-talk.js";

const API = "/api/v1/tests";

class AgentTest extends HTMLElement {
  #test; // as the server has it; without an id until it is saved
  #talk;
  #checks;
  #opened = null; // once it is drawn, or cannot be
  isChanged = false;

  connectedCallback() {
    this.tests = this.closest("agent-tests");
    this.row = this.closest(".test");
    this.closest("details").addEventListener("toggle", ({ target }) => target.open && this.open());
  }

  get form() {
    return this.querySelector("form");
  }

  // A new one, which is not on the server yet.
  begin(test) {
    this.#test = test;
    this.#draw();
    this.isChanged = true;
  }

  open() {
    this.#opened ??= this.#test ? Promise.resolve() : this.#fetch();
    return this.#opened;
  }

  // It was just made from a conversation: what has to hold is for its maker to say.
  async openForCheck() {
    await this.open();
    if (this.#checks && !this.#checks.told.length) this.#part("add-check")?.focus();
  }

  async #fetch() {
    const { test: id } = this.row.dataset;
    const { ok, told } = await this.#ask("GET", `${API}/${id}`);
    if (!ok) {
      this.replaceChildren(Object.assign(document.createElement("p"), { className: "dim", textContent: told.error.message }));
      this.#opened = null;
      return;
    }
    this.#test = told;
    this.#draw();
    await this.ran();
    if (this.row.matches(":target")) this.row.scrollIntoView({ block: "start" });
  }

  // A run of it is over, or was when this was opened.
  async ran() {
    const { result } = this.tests.rowOf(this.row.dataset.test);
    if (!this.form || !result) return;
    const { ok, told } = await this.#ask("GET", `/api/v1/test-runs/${result.run}?test=${this.#test.id}`);
    if (ok && told.results.length) drawResult(this.#part("last"), told.results[0], this.tests.over(result), this.#blank);
  }

  // Answers whether it is on the server as it stands here.
  async save() {
    if (!this.isChanged) return true;
    const wrong = this.#unfinished();
    this.#problem(wrong);
    if (wrong) return false;
    const { id } = this.#test;
    const body = this.#told();
    const { ok, told } = await this.#ask(id ? "PATCH" : "POST", id ? `${API}/${id}` : `${this.tests.editor.page.api}/tests`, body);
    this.#faults(ok ? [] : (told.error.details ?? []));
    if (!ok) {
      this.#problem(told.error.details ? "" : told.error.message);
      return false;
    }
    this.#test = told;
    this.isChanged = false;
    this.#part("saved").textContent = "Saved";
    this.tests.saved(this.row, told);
    return true;
  }

  #blank = (name) => this.tests.blank(name);

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  #ask(method, address, body) {
    return ask(method, address, this.tests.editor.page.csrf, body);
  }

  #draw() {
    this.replaceChildren(this.#blank("form"));
    const { page } = this.tests.editor;
    const around = { blank: this.#blank, tools: page.tools, mayEdit: page.may_edit, changed: () => this.#changed() };
    this.#talk = new Talk(this.#part("conversation"), around);
    this.#checks = new Checks(this.#part("checks"), around);
    const { name, tools } = this.form.elements;
    name.value = this.#test.name;
    tools.value = this.#test.tools;
    this.#talk.show(this.#test.conversation, this.#test.start);
    this.#checks.show(this.#test.checks);
    this.form.addEventListener("submit", (event) => event.preventDefault());
    if (page.may_edit) this.#listen();
  }

  #listen() {
    const adding = this.#part("add-check");
    adding.append(new Option("Add a check …", ""), ...OFFERED.map(([kind, words]) => new Option(words, kind)));
    adding.addEventListener("change", () => {
      const kind = adding.value;
      adding.value = "";
      if (kind) this.#checks.add(kind);
    });
    this.form.addEventListener("submit", () => this.save());
    this.form.addEventListener("click", ({ target }) => this.#pressed(target.closest("button")));
    for (const field of ["name", "tools"]) this.form.elements[field].addEventListener("input", () => this.#changed());
    this.addEventListener("keydown", (event) => {
      if (!(event.metaKey || event.ctrlKey) || event.altKey || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      event.stopPropagation();
      this.save();
    });
  }

  #pressed(button) {
    if (!button) return;
    const { add, act } = button.dataset;
    if (add) this.#talk.add(add);
    if (act === "run-one") this.#run();
    if (act === "duplicate") this.tests.duplicate(this.row, this.#told());
    if (act === "delete") this.tests.drop(this.row);
  }

  async #run() {
    if (await this.save()) this.tests.run([this.#test.id]);
  }

  #changed() {
    this.isChanged = true;
    this.#part("saved").textContent = "Not saved";
    this.#problem("");
  }

  #told() {
    const { name, tools } = this.form.elements;
    return { name: name.value.trim(), tools: tools.value, checks: this.#checks.told, ...this.#talk.told };
  }

  #unfinished() {
    return this.#talk.isWhole && this.#checks.isWhole ? "" : "Mend the JSON that is marked first.";
  }

  // Each at its field; what belongs to none of them stands at the top.
  #faults(details) {
    const [ofTalk, ofChecks] = ["conversation.", "checks."].map((begin) => details.filter(({ field }) => field.startsWith(begin)));
    this.#talk.faults(ofTalk);
    this.#checks.faults(ofChecks);
    const rest = details.filter((one) => !ofTalk.includes(one) && !ofChecks.includes(one));
    this.#part("faults").replaceChildren(...rest.map(({ field, problem }) => fault(field === "name" ? `Name: ${problem}` : problem)));
    this.form.elements.name.setAttribute("aria-invalid", String(rest.some(({ field }) => field === "name")));
    if (details.length) (this.querySelector(".fault:not([hidden])") ?? this.form).scrollIntoView({ block: "nearest" });
  }

  #problem(text) {
    const problem = this.#part("problem");
    problem.hidden = !text;
    problem.textContent = text;
  }
}

customElements.define("agent-test", AgentTest);
