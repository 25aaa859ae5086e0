// The dialog that puts a draft to callers: what it changes, what is wrong with it, what it means for calls under way.
import { faultNote } from "agents/faults.js";
import { PublishTests } from "agents/publish-tests.js";
import { send } from "agents/send.js";

const NAMES = { prompt: "Prompt", first_message: "First message", variables: "Variables", voice: "Voice", language: "Language", speed: "Speed", tier: "Tier", chain: "Order of models", temperature: "Temperature", tools: "Tools", rules: "Escalation" };

export class Publish {
  #editor;
  #dialog;
  #tests;

  constructor(editor, dialog) {
    this.#editor = editor;
    this.#dialog = dialog;
    this.#tests = new PublishTests(editor, dialog);
    editor.querySelector('[data-act="publish"]').addEventListener("click", () => this.open());
    dialog.querySelector("form").addEventListener("submit", (event) => {
      if (event.submitter?.value !== "yes") return;
      event.preventDefault();
      this.#send();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) this.#send();
    });
  }

  async open() {
    if (this.#dialog.open) return;
    await this.#editor.draft.save();
    this.#fill();
    this.#dialog.showModal();
    this.#dialog.querySelector('[name="note"]').focus();
    this.#calls();
  }

  #part(name) {
    return this.#dialog.querySelector(`[data-part="${name}"]`);
  }

  #fill() {
    const { draft, faults, page } = this.#editor;
    const changed = Object.keys(page.live).filter((field) => JSON.stringify(page.live[field]) !== JSON.stringify(draft.content[field]));
    const lines = changed.map((field) => Object.assign(document.createElement("li"), { textContent: said(field, page.live[field], draft.content[field]) }));
    this.#part("changes").replaceChildren(...lines);
    this.#part("faults").replaceChildren(...faults.map(faultNote));
    this.#part("error").hidden = true;
    const blocked = this.#blocked(changed);
    const yes = this.#dialog.querySelector('[data-act="yes"]');
    yes.ariaDisabled = blocked ? "true" : null;
    if (blocked) this.#say(blocked);
    this.#tests.show(changed.length > 0 || page.live_number === null);
  }

  #blocked(changed) {
    const { draft, faults, page } = this.#editor;
    if (!draft.isSaved) return "The draft is not saved yet, so it cannot be published. It is kept in this browser meanwhile.";
    if (!changed.length && page.live_number !== null) return `Nothing has changed since v${page.live_number}.`;
    const blocking = faults.filter(({ blocks }) => blocks).length;
    return blocking ? `${blocking === 1 ? "One thing has" : `${blocking} things have`} to be put right first.` : "";
  }

  // How many talk with the agent now.
  async #calls() {
    const { page } = this.#editor;
    const place = this.#part("calls");
    place.textContent = " Calls under way go on with the version they began with.";
    try {
      const answer = await fetch("/api/v1/agents/figures", { headers: { accept: "application/json" }, signal: AbortSignal.timeout(5_000) });
      const { live = 0 } = (await answer.json()).items.find(({ agent }) => agent === page.agent.id) ?? {};
      if (live && page.live_number) place.textContent = live === 1 ? ` The call now on v${page.live_number} finishes on v${page.live_number}.` : ` The ${live} calls now on v${page.live_number} finish on v${page.live_number}.`;
    } catch {
      // What is said without the number is true as well.
    }
  }

  async #send() {
    const yes = this.#dialog.querySelector('[data-act="yes"]');
    if (yes.ariaDisabled === "true") return;
    yes.ariaDisabled = "true";
    const { page, draft } = this.#editor;
    const { note, name } = this.#dialog.querySelector("form").elements;
    const wrong = await send(`${page.api}/publish`, page.csrf, { note: note.value.trim(), name: name.value.trim(), revision: draft.revision });
    if (!wrong) return location.reload();
    yes.ariaDisabled = null;
    this.#say(wrong);
  }

  #say(text) {
    const error = this.#part("error");
    error.hidden = false;
    error.querySelector("span").textContent = text;
  }
}

// One change in one line.
function said(field, before, after) {
  const name = NAMES[field];
  const isShort = (value) => ["string", "number"].includes(typeof value) && String(value).length <= 40 && field !== "prompt";
  return isShort(before) && isShort(after) ? `${name}: ${before === "" ? "none" : before} → ${after === "" ? "none" : after}` : name;
}
