// A run of an agent's tests, followed each second for as long as the page is in sight.
import { ask } from "agents/send.js";

const EVERY_MS = 1_000;
const OVER = ["done", "stopped"];
const FOR_GOOD = [401, 403, 404]; // asking again changes nothing

export class Run extends EventTarget {
  #api; // of the agent
  #csrf;
  #id = "";
  #timer = 0;

  // Events: "told" (detail: the run as the API has it but without transcripts, the last of them with isOver), "away"
  // (detail: words).
  constructor({ api, csrf }) {
    super();
    this.#api = api;
    this.#csrf = csrf;
    document.addEventListener("visibilitychange", () => !document.hidden && this.#id && this.#look());
  }

  get isOn() {
    return this.#id !== "";
  }

  // tests: ids; none: all of them. Answers what went wrong, in words.
  async start(tests) {
    const { ok, told } = await ask("POST", `${this.#api}/test-runs`, this.#csrf, { version: "draft", ...(tests && { tests }) });
    if (!ok) return told.error.details?.[0].problem ?? told.error.message;
    // Somebody else may be running the very same: then it is theirs.
    this.follow(told.id);
    return "";
  }

  follow(id) {
    this.#id = id;
    this.#look();
  }

  async stop() {
    const { ok, told } = await ask("POST", `/api/v1/test-runs/${this.#id}/stop`, this.#csrf);
    if (ok) this.#take(told);
    return ok ? "" : told.error.message;
  }

  async #look() {
    clearTimeout(this.#timer);
    const asked = this.#id;
    const { ok, status, told } = await ask("GET", `/api/v1/test-runs/${asked}?transcripts=false`, this.#csrf);
    if (asked !== this.#id) return;
    if (ok) return this.#take(told);
    if (FOR_GOOD.includes(status)) this.#id = "";
    this.dispatchEvent(new CustomEvent("away", { detail: told.error.message }));
    if (this.isOn) this.#later();
  }

  #take(run) {
    clearTimeout(this.#timer);
    const isOver = OVER.includes(run.status);
    this.#id = isOver ? "" : run.id;
    if (!isOver) this.#later();
    this.dispatchEvent(new CustomEvent("told", { detail: { ...run, isOver } }));
  }

  #later() {
    if (!document.hidden) this.#timer = setTimeout(() => this.#look(), EVERY_MS);
  }
}
