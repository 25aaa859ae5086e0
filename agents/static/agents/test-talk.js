// The conversation of a test: the caller's words and the answers of tools are written in, and where the agent begins to
// answer anew is a line between them. Alt and the arrow keys move what one is in.
import { fault, objectOf } from "agents/test-checks.js";
import { plain, setIcon, show } from "calls/transcript.js";

const MOST = 60; // entries
const FRESH = { caller: () => ({ role: "caller", text: "" }), tool: (name) => ({ role: "tool", name, arguments: {}, ok: true, text: "" }) };

// One turn as it was said. `entry`: of a conversation or a transcript.
export function said(entry, blank) {
  const node = blank(entry.role);
  if (entry.role === "tool") drawTool(node, entry);
  else if (entry.role === "agent") node.querySelector('[data-part="text"]').textContent = entry.text;
  else node.querySelector("textarea").replaceWith(Object.assign(document.createElement("p"), { className: "turn-text", textContent: entry.text }));
  if (entry.role === "tool") for (const control of node.querySelectorAll("[data-slot]")) control.disabled = true;
  return node;
}

function drawTool(node, entry) {
  node.querySelector('[data-part="name"]').textContent = entry.name;
  node.querySelector(".toolrow").dataset.tone = entry.ok ? "tool" : "danger";
  show(node.querySelector('[data-part="result"]'), plain(entry.text).split("\n", 1)[0]);
  const status = node.querySelector('[data-part="status"]');
  setIcon(status.querySelector("use"), entry.ok ? "check" : "alert");
  status.querySelector("span").textContent = entry.ok ? "OK" : "Failed";
  node.querySelector('[data-slot="arguments"]').value = JSON.stringify(entry.arguments ?? {}, null, 2);
  node.querySelector('[data-slot="text"]').value = plain(entry.text);
  node.querySelector('[data-slot="ok"]').checked = entry.ok;
}

export class Talk {
  #list;
  #around; // { blank: (name) → a node, tools, mayEdit, changed }
  #entries = [];
  #start = 0;
  #broken = new Set(); // entries with JSON that is none yet

  constructor(list, around) {
    this.#list = list;
    this.#around = around;
    if (!around.mayEdit) return;
    list.addEventListener("input", ({ target }) => this.#wrote(target));
    list.addEventListener("click", ({ target }) => this.#pressed(target.closest("button")));
    list.addEventListener("keydown", (event) => this.#key(event));
  }

  get told() {
    return { conversation: structuredClone(this.#entries), start: this.#start };
  }

  get isWhole() {
    return !this.#broken.size;
  }

  show(conversation, start) {
    this.#entries = structuredClone(conversation);
    this.#start = start;
    this.#broken.clear();
    this.#draw();
  }

  add(role, at = this.#entries.length) {
    if (this.#entries.length >= MOST) return;
    this.#entries.splice(at, 0, FRESH[role](this.#around.tools[0] ?? ""));
    if (at < this.#start) this.#start += 1;
    this.#draw();
    this.#around.changed();
    const node = this.#nodes[at];
    if (role === "tool") node.querySelector("details").open = true;
    node.querySelector("[data-slot]").focus();
  }

  // Of those the server found: details whose field begins with "conversation".
  faults(details) {
    for (const node of this.#list.querySelectorAll(":scope > .turn > .fault")) node.remove();
    for (const [n, node] of this.#nodes.entries()) {
      const wrong = details.filter(({ field }) => field === `conversation.${n}` || field.startsWith(`conversation.${n}.`));
      node.append(...wrong.map(({ problem }) => fault(problem)));
    }
  }

  // One an entry, without the line between them.
  get #nodes() {
    return [...this.#list.querySelectorAll(":scope > .turn")];
  }

  #draw() {
    const open = this.#nodes.filter((node) => node.querySelector("details")?.open).map((node) => node.entry);
    const nodes = this.#entries.map((entry, n) => this.#drawn(entry, n));
    nodes.splice(this.#start, 0, this.#around.blank("start"));
    this.#list.replaceChildren(...nodes);
    for (const node of this.#nodes) if (open.includes(node.entry)) node.querySelector("details").open = true;
  }

  #drawn(entry, n) {
    const node = this.#around.mayEdit ? this.#field(entry) : said(entry, this.#around.blank);
    node.entry = entry;
    const isAnew = entry.role === "agent" && n >= this.#start;
    node.toggleAttribute("data-anew", isAnew);
    if (entry.role === "agent") node.querySelector('[data-part="anew"]').hidden = !isAnew;
    if (!this.#around.mayEdit) return node;
    const acts = this.#around.blank("turn-acts");
    const what = `${{ caller: "caller’s words", agent: "answer", tool: "tool’s answer" }[entry.role]}, turn ${n + 1}`;
    for (const [key, word] of [["[data-move='-1']", "Earlier"], ["[data-move='1']", "Later"], ["[data-act]", "Take out"]]) acts.querySelector(key).setAttribute("aria-label", `${word}: ${what}`);
    node.append(acts);
    if (entry.role === "caller") node.querySelector("textarea").setAttribute("aria-label", `Caller’s words, turn ${n + 1}`);
    return node;
  }

  #field(entry) {
    if (entry.role === "agent") return said(entry, this.#around.blank);
    const node = this.#around.blank(entry.role);
    if (entry.role === "caller") node.querySelector("textarea").value = entry.text;
    else {
      drawTool(node, entry);
      const names = this.#around.tools.includes(entry.name) || !entry.name ? this.#around.tools : [...this.#around.tools, entry.name];
      node.querySelector('[data-slot="name"]').append(...names.map((name) => new Option(name, name, name === entry.name, name === entry.name)));
    }
    return node;
  }

  #wrote(target) {
    const node = target.closest(".turn");
    const { entry } = node;
    const { slot } = target.dataset;
    if (slot === "arguments") {
      const [value, wrong] = objectOf(target.value);
      if (!wrong) entry.arguments = value;
      this.#broken[wrong ? "add" : "delete"](entry);
      this.#json(node, target, wrong && `Asked with: ${wrong}`);
    } else entry[slot] = slot === "ok" ? target.checked : target.value;
    if (slot === "text" && entry.role === "tool") this.#json(node, target, wrongAnswer(target.value), "warn");
    if (slot === "name") node.querySelector('[data-part="name"]').textContent = target.value;
    this.#around.changed();
  }

  #json(node, target, wrong, tone) {
    target.setAttribute("aria-invalid", String(Boolean(wrong)));
    node.querySelector('[data-part="json"]').replaceChildren(...(wrong ? [fault(wrong, tone)] : []));
  }

  #pressed(button) {
    if (!button) return;
    const { move, start, act } = button.dataset;
    if (start) this.#begin(this.#start + Number(start), `[data-start="${start}"]`);
    const index = this.#nodes.indexOf(button.closest(".turn"));
    if (move) this.#move(index, Number(move), `[data-move="${move}"]`);
    if (act === "drop") this.#drop(index);
  }

  #key(event) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const { target } = event;
    const index = this.#nodes.indexOf(target.closest(".turn"));
    if (event.altKey && by) {
      if (target.closest(".talk-start")) this.#begin(this.#start + by, `[data-start="${by}"]`);
      else this.#move(index, by, target.dataset.slot ? `[data-slot="${target.dataset.slot}"]` : `[data-move="${by}"]`);
    } else if (event.isComposing || this.#entries[index]?.role !== "caller" || !target.matches("textarea")) return;
    else if (event.key === "Enter" && !event.shiftKey && !event.metaKey && !event.ctrlKey) this.add("caller", index + 1);
    else if (event.key === "Backspace" && !target.value && this.#entries.length > 1) this.#drop(index);
    else return;
    event.preventDefault();
  }

  #begin(start, focus) {
    if (start < 0 || start > this.#entries.length) return;
    this.#start = start;
    this.#draw();
    this.#around.changed();
    this.#list.querySelector(`.talk-start ${focus}`).focus();
  }

  #move(index, by, focus) {
    const to = index + by;
    if (to < 0 || to >= this.#entries.length) return;
    this.#entries.splice(to, 0, ...this.#entries.splice(index, 1));
    this.#draw();
    this.#around.changed();
    this.#nodes[to].querySelector(focus)?.focus();
  }

  #drop(index) {
    this.#broken.delete(this.#entries[index]);
    this.#entries.splice(index, 1);
    if (index < this.#start) this.#start -= 1;
    this.#draw();
    this.#around.changed();
    const next = this.#nodes[Math.min(Math.max(index - 1, 0), this.#entries.length - 1)] ?? this.#list.closest("form");
    next.querySelector("textarea, [data-act=drop], [data-add]").focus();
  }
}

// A tool may answer in plain words; what begins as JSON is probably meant to be it.
function wrongAnswer(text) {
  if (!/^\s*[[{]/.test(text)) return "";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return `Answers: this begins as JSON and is not. ${error.message}`;
  }
}
