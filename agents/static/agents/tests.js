// <agent-tests>: the conversations an agent has to pass, how each went last, and running them on the draft.
// Dispatches "tests:told" when any of that has changed; `standing` is what the dialog that publishes shows of it.
import { word } from "calls/when.js";
import { setIcon } from "calls/transcript.js";
import { makeTest } from "agents/make-test.js";
import { ask } from "agents/send.js";
import { pickCall } from "agents/test-calls.js";
import "agents/test-form.js";
import { Run } from "agents/test-run.js";

const UNDO_MS = 10_000;
const LONGEST_NAME = 120;
const NEW = { name: "", conversation: [{ role: "caller", text: "" }], start: 0, tools: "recorded", checks: [] };
const many = (count) => `${count} test${count === 1 ? "" : "s"}`;

class AgentTests extends HTMLElement {
  #rows = new Map(); // id → { id, name, checks, edited_at, result }
  #verdicts;
  #run;
  #going = new Map(); // rows that are deleted unless somebody undoes it → what deletes them

  connectedCallback() {
    this.editor = this.closest("agent-editor");
    const { rows, run, verdicts } = JSON.parse(this.querySelector("#tests-data").textContent);
    this.#verdicts = verdicts;
    for (const row of rows) this.#rows.set(row.id, row);
    this.#run = new Run(this.editor.page);
    this.#run.addEventListener("told", ({ detail }) => this.#took(detail));
    this.#run.addEventListener("away", ({ detail }) => {
      this.#say(detail);
      this.#told();
    });
    if (run) this.#run.follow(run);
    this.#overs();
    addEventListener("hashchange", () => this.#arrive());
    this.#arrive();
    if (this.editor.page.may_edit) this.#listen();
  }

  // Those that passed, failed, could not be judged and check nothing on exactly this draft, and those it was not put to
  // as they are now.
  get standing() {
    const of = { passed: [], failed: [], error: [], unchecked: [], running: [], missing: [] };
    for (const row of this.#rows.values()) {
      const verdict = this.#isOfDraft(row.result) ? row.result.verdict : "missing";
      of[verdict === "waiting" ? "running" : verdict].push(row);
    }
    return { ...of, count: this.#rows.size, isRunning: this.#run.isOn };
  }

  rowOf(id) {
    return this.#rows.get(id) ?? {};
  }

  blank(name) {
    return this.querySelector(`template[data-blank="${name}"]`).content.firstElementChild.cloneNode(true);
  }

  // What a result is of, in a word.
  over(result) {
    if (result.outdated) return "earlier test";
    if (result.version) return `v${result.version}`;
    return this.#isOfDraft(result) ? "draft" : "earlier draft";
  }

  // tests: ids; none: all. What is written here is saved first, and the draft too.
  async run(tests) {
    if (this.#run.isOn) return;
    this.#say("Saving …");
    for (const form of this.querySelectorAll("agent-test")) {
      if (!(await form.save())) return this.#say("Mend the test that is marked first.");
    }
    await this.editor.draft.save();
    if (!this.editor.draft.isSaved) return this.#say("The draft is not saved yet, so it cannot be tested.");
    this.#say(await this.#run.start(tests));
  }

  async stop() {
    const wrong = await this.#run.stop();
    if (wrong) this.#say(wrong);
  }

  // A test is on the server as its form has it.
  saved(node, { id, name, checks, edited_at }) {
    const { result = null } = this.#rows.get(id) ?? {};
    const row = { id, name, checks: checks.length, edited_at, result: result && { ...result, outdated: true } };
    this.#rows.set(id, row);
    node.dataset.test = id;
    node.id = `test-${id}`;
    this.#drawRow(node, row);
    this.#told();
  }

  duplicate(node, test) {
    const names = new Set([...this.#rows.values()].map(({ name }) => name));
    const name = test.name.replace(/ \(\d+\)$/, "").slice(0, LONGEST_NAME - " (100)".length);
    let n = 2;
    while (names.has(`${name} (${n})`)) n += 1;
    this.#begin({ ...test, name: `${name} (${n})` }, node);
  }

  // It goes a little later: until then it can be had back.
  drop(node) {
    const { test: id } = node.dataset;
    const row = this.#rows.get(id);
    if (!row) {
      node.remove();
      return this.#told();
    }
    const gone = this.blank("gone");
    gone.querySelector("span").textContent = `“${row.name}” is deleted.`;
    const undo = gone.querySelector("button");
    const back = () => {
      clearTimeout(timer);
      this.#going.delete(gone);
      this.#rows.set(id, row);
      gone.replaceWith(node);
      this.#told();
    };
    const go = async () => {
      clearTimeout(timer);
      this.#going.delete(gone);
      if (gone.contains(document.activeElement)) this.#panel.querySelector('[data-act="test"]').focus();
      gone.hidden = true;
      const { ok, status, told } = await ask("DELETE", `/api/v1/tests/${id}`, this.editor.page.csrf, undefined, { keepalive: true });
      if (ok || status === 404) {
        gone.remove();
        return this.#told();
      }
      back();
      this.#say(`“${row.name}” is not deleted. ${told.error.message}`);
    };
    const timer = setTimeout(go, UNDO_MS);
    undo.addEventListener("click", () => {
      back();
      node.querySelector("summary").focus();
    });
    this.#going.set(gone, go);
    this.#rows.delete(id);
    node.replaceWith(gone);
    undo.focus();
    this.#told();
  }

  get #panel() {
    return this.closest(".panel");
  }

  get #nodes() {
    return [...this.#part("list").querySelectorAll(".test[data-test]")];
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  #listen() {
    this.#panel.addEventListener("click", ({ target }) => this.#pressed(target.closest("button")?.dataset.act));
    this.editor.addEventListener("draft:saved", () => this.#overs());
    document.addEventListener("playground:make-test", async ({ detail }) => {
      const made = await makeTest(detail.call, this.editor.page.csrf, detail.turn);
      if (made) this.#openForCheck(this.#add(made));
    });
    addEventListener("pagehide", () => this.#going.forEach((go) => go()));
    addEventListener("beforeunload", (event) => {
      if ([...this.querySelectorAll("agent-test")].some(({ isChanged }) => isChanged)) event.preventDefault();
    });
  }

  async #pressed(act) {
    if (act === "test") this.#begin(NEW);
    if (act === "run") this.run();
    if (act === "stop") this.stop();
    if (act === "from-call") pickCall(this.editor.page, (made) => this.#openForCheck(this.#add(made)));
  }

  #begin(test, after = null) {
    const node = this.blank("test");
    if (after) after.after(node);
    else this.#part("list").append(node);
    this.#drawRow(node, { id: "", name: test.name || "New test", checks: test.checks.length, result: null });
    node.querySelector("agent-test").begin(test);
    this.#open(node);
    this.#told();
    node.querySelector('[name="name"]').focus();
  }

  // One that was made elsewhere on this page.
  #add(test) {
    const node = this.blank("test");
    this.#part("list").append(node);
    this.saved(node, test);
    return node;
  }

  #open(node) {
    node.querySelector("details").open = true;
    node.scrollIntoView({ block: "start" });
  }

  #openForCheck(node) {
    this.#open(node);
    node.querySelector("agent-test").openForCheck();
  }

  // The address may name one.
  #arrive() {
    const node = location.hash.startsWith("#test-") && document.getElementById(location.hash.slice(1));
    if (!node) return;
    const settings = document.querySelector(".edit .view-tabs input");
    if (settings) settings.checked = true;
    this.#openForCheck(node);
  }

  // --- How they went ------------------------------------------------------

  #took(run) {
    for (const result of run.results) {
      const row = this.#rows.get(result.test);
      if (!row) continue;
      const failed = result.checks.find(({ ok }) => ok === false);
      row.result = { run: run.id, verdict: result.verdict, passed: result.checks.filter(({ ok }) => ok).length, of: result.checks.length, at: run.ended_at ?? run.created_at, version: run.version, revision: run.revision, failed: failed ?? null, error: result.error ?? "", outdated: new Date(run.created_at) < new Date(row.edited_at) };
      const node = this.#nodes.find(({ dataset }) => dataset.test === row.id);
      if (!node) continue;
      this.#drawRow(node, row);
      if (run.isOver) node.querySelector("agent-test").ran();
    }
    this.#tell(run);
    this.#told();
  }

  #tell({ results, isOver, status }) {
    const is = (verdict) => results.filter((result) => result.verdict === verdict).length;
    const done = results.length - is("waiting") - is("running");
    const progress = this.#part("progress");
    progress.hidden = isOver;
    progress.max = results.length || 1;
    progress.value = done;
    if (!isOver) return this.#say(`${done} of ${results.length} done`);
    const stopped = status === "stopped" ? "Stopped. " : "";
    const unchecked = is("unchecked") ? `, ${is("unchecked")} without a check` : "";
    this.#say(`${stopped}${is("passed")} of ${many(results.length)} passed${unchecked}.`);
  }

  #drawRow(node, { name, checks, result }) {
    const part = (which) => node.querySelector(`[data-part="${which}"]`);
    const [text, icon, tone] = this.#verdicts[result?.verdict ?? ""];
    const isJudged = result && !["waiting", "running"].includes(result.verdict);
    part("name").textContent = name;
    const verdict = part("verdict");
    verdict.dataset.tone = tone;
    verdict.title = result?.error ?? "";
    verdict.querySelector("span").textContent = text;
    setIcon(verdict.querySelector("use"), icon);
    part("checks").textContent = isJudged && result.of ? `${result.passed} of ${result.of} check${result.of === 1 ? "" : "s"}` : `${checks} check${checks === 1 ? "" : "s"}`;
    part("over").textContent = isJudged ? this.over(result) : "";
    const time = node.querySelector("time");
    time.hidden = !isJudged;
    if (!isJudged) return;
    time.dateTime = result.at;
    word(time);
  }

  // The draft has moved on, or this has just begun: what was run over which.
  #overs() {
    for (const node of this.#nodes) {
      const row = this.#rows.get(node.dataset.test);
      if (row?.result) this.#drawRow(node, row);
    }
    this.dispatchEvent(new CustomEvent("tests:told"));
  }

  // Also what was published since, where the draft says it again.
  #isOfDraft(result) {
    return Boolean(result) && !result.outdated && result.revision === this.editor.draft.revision;
  }

  #say(text) {
    this.#part("said").textContent = text;
  }

  #told() {
    const { size } = this.#rows;
    const isEmpty = !this.#part("list").childElementCount;
    this.#part("none").hidden = !isEmpty;
    this.#part("bar").hidden = isEmpty;
    this.editor.querySelector('[data-section="tests"] [data-part="mark"]').textContent = size || "";
    const [run, stop] = ["run", "stop"].map((act) => this.querySelector(`[data-act="${act}"]`));
    if (run) {
      const isIn = [run, stop].includes(document.activeElement);
      run.hidden = this.#run.isOn;
      run.ariaDisabled = size ? null : "true";
      stop.hidden = !this.#run.isOn;
      if (isIn) (this.#run.isOn ? stop : run).focus();
    }
    this.dispatchEvent(new CustomEvent("tests:told"));
  }
}

customElements.define("agent-tests", AgentTests);
