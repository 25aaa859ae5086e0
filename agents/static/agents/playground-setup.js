// The dialog that says where a conversation of the playground begins: at a turn of a call, and with which tools.
import { clock } from "calls/geometry.js";
import { word } from "calls/when.js";
import { ask } from "agents/send.js";

const SHOWN = 20;

export class PlaySetup {
  #dialog;
  #page;
  #calls = new Map();

  constructor(dialog, page) {
    this.#dialog = dialog;
    this.#page = page;
    this.#fields.call.addEventListener("change", () => this.#chosen());
  }

  // The version that is beside the draft.
  get version() {
    return Number(this.#fields.version?.value) || null;
  }

  set version(number) {
    this.#fields.version.value = number;
  }

  // { start, at, tools }, or null if all is left as it is.
  async choose({ start, tools }) {
    const { call, turn } = this.#fields;
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
    await this.#fill();
    if (start && !this.#calls.has(start.call)) call.append(new Option("The call that is here now", start.call));
    call.value = start?.call ?? "";
    this.#chosen();
    if (start?.turn !== undefined) turn.value = start.turn;
    if (tools) this.#fields.tools.value = tools;
    await new Promise((over) => this.#dialog.addEventListener("close", over, { once: true }));
    if (this.#dialog.returnValue !== "yes") return null;
    const id = call.value;
    const until = turn.value === "" || turn.value === turn.max ? undefined : turn.valueAsNumber; // none: all of it
    return { start: id ? { call: id, turn: until } : null, at: this.#calls.get(id)?.started_at ?? "", tools: id ? this.#fields.tools.value : "live" };
  }

  // The agent's newest call with words, or nothing.
  async last() {
    await this.#fill();
    return [...this.#calls.values()][0];
  }

  get #fields() {
    return this.#dialog.querySelector("form").elements;
  }

  async #fill() {
    const said = this.#dialog.querySelector('[data-part="said"]');
    said.textContent = "Looking for calls …";
    const { ok, told } = await ask("GET", `/api/v1/calls?agent=${this.#page.agent.id}&limit=${SHOWN}`, this.#page.csrf);
    said.textContent = ok ? "" : told.error.message;
    if (!ok) return;
    this.#calls = new Map(told.items.filter(({ turn_count: turns }) => turns).map((call) => [call.id, call]));
    this.#fields.call.replaceChildren(new Option("The beginning", ""), ...[...this.#calls.values()].map((call) => new Option(named(call), call.id)));
  }

  #chosen() {
    const { call, turn, tools } = this.#fields;
    const chosen = this.#calls.get(call.value);
    this.#dialog.querySelector('[data-part="turn"]').hidden = !call.value;
    turn.max = chosen?.turn_count ?? "";
    turn.value = chosen?.turn_count ?? "";
    for (const option of tools.options) option.disabled = !call.value && option.value === "recorded";
    tools.value = call.value ? "recorded" : "live";
  }
}

function named({ started_at: at, from_number: from, to_number: to, duration_ms: ms, turn_count: turns }) {
  const time = Object.assign(document.createElement("time"), { dateTime: at });
  time.dataset.when = "row";
  word(time);
  return [time.textContent, from ?? to ?? "Web caller", ms === null ? "live" : clock(ms), `${turns} turns`].join(", ");
}
