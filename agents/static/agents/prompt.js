// <prompt-editor>: a textarea that is the truth, and behind it a <pre> that paints headings, variables and tool names.
// Writing {{ offers names. Text is set as text; no markup is made of it.
import { splice } from "agents/splice.js";

const PART = /(^#{1,3} .*$)|(\{\{\s*[A-Za-z0-9_.-]{1,80}\s*\}\})|([a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)+|[a-z]+(?:_[a-z0-9]+)+)/gm;
const OPEN = /\{\{\s*([A-Za-z0-9_.-]*)$/; // what stands before the caret while a name is written
const MOST = 8; // names offered at a time
const CHARACTERS_PER_TOKEN = 4;

class PromptEditor extends HTMLElement {
  #box = this.querySelector("textarea");
  #ink = this.querySelector("pre");
  #list = this.querySelector('[role="listbox"]');
  #chosen = 0;

  connectedCallback() {
    this.editor = this.closest("agent-editor");
    this.paint();
    this.#box.addEventListener("input", () => {
      this.paint();
      this.#changed();
      this.#offer();
    });
    if (this.#box.value !== this.#box.defaultValue) this.#changed(); // written before this module was there
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#box.addEventListener("blur", () => this.#close());
    this.#list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the caret stays where it is
      const option = event.target.closest("[role=option]");
      if (option) this.#take(option.dataset.name);
    });
    this.editor.addEventListener("draft:shown", ({ detail: { fields, content } }) => fields.includes("prompt") && this.show(content.prompt));
  }

  // The text as others made it; the caret stays with the words it is at.
  show(text) {
    const { start, end, text: added } = splice(this.#box.value, text);
    this.#box.setRangeText(added, start, end, "preserve");
    this.paint();
  }

  // At the caret, as if it were typed.
  insert(text) {
    this.#box.focus();
    document.execCommand("insertText", false, text); // the only way that Undo takes back
  }

  paint() {
    const text = this.#box.value;
    const tools = new Set(this.editor?.page.tools);
    const painted = [];
    let last = 0;
    for (const found of text.matchAll(PART)) {
      if (found[3] && !tools.has(found[3])) continue;
      const part = document.createElement(found[1] ? "b" : found[2] ? "mark" : "i");
      part.textContent = found[0];
      painted.push(text.slice(last, found.index), part);
      last = found.index + found[0].length;
    }
    this.#ink.replaceChildren(...painted, `${text.slice(last)}\n`);
    const size = this.closest(".panel").querySelector('[data-part="size"]');
    const words = text.split(/\s+/).filter(Boolean).length;
    size.textContent = `${words.toLocaleString()} word${words === 1 ? "" : "s"}, about ${Math.ceil(text.length / CHARACTERS_PER_TOKEN).toLocaleString()} tokens`;
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("draft:change", { bubbles: true, detail: { field: "prompt", value: this.#box.value } }));
  }

  // --- Names ---

  #offer() {
    const begun = OPEN.exec(this.#box.value.slice(0, this.#box.selectionStart));
    const names = begun ? this.#names().filter((name) => name.toLowerCase().startsWith(begun[1].toLowerCase())).slice(0, MOST) : [];
    if (!names.length || this.#box.readOnly) return this.#close();
    this.#list.replaceChildren(...names.map(option));
    this.#choose(0);
    if (!this.#list.matches(":popover-open")) this.#list.showPopover();
    this.#place();
    this.#box.setAttribute("aria-controls", this.#list.id);
    this.#box.setAttribute("aria-autocomplete", "list");
  }

  #names() {
    const { content } = this.editor.draft;
    const used = [...content.prompt.matchAll(/\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}/g)].map((found) => found[1]);
    return [...new Set([...Object.keys(content.variables), "company_name", "agent_name", "memory", ...used])];
  }

  #key(event) {
    if (!this.#list.matches(":popover-open") || event.isComposing) return;
    const options = [...this.#list.children];
    if (event.key === "ArrowDown") this.#choose((this.#chosen + 1) % options.length);
    else if (event.key === "ArrowUp") this.#choose((this.#chosen + options.length - 1) % options.length);
    else if ((event.key === "Enter" && !event.metaKey && !event.ctrlKey) || event.key === "Tab") this.#take(options[this.#chosen].dataset.name);
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #choose(n) {
    this.#chosen = n;
    for (const [at, one] of [...this.#list.children].entries()) one.setAttribute("aria-selected", String(at === n));
    this.#box.setAttribute("aria-activedescendant", this.#list.children[n].id);
  }

  #take(name) {
    const caret = this.#box.selectionStart;
    const begun = OPEN.exec(this.#box.value.slice(0, caret));
    const after = /^\s*\}\}/.exec(this.#box.value.slice(caret))?.[0].length ?? 0;
    this.#close();
    this.#box.setSelectionRange(begun.index, caret + after);
    this.insert(`{{${name}}}`);
    this.#close();
  }

  #close() {
    if (this.#list.matches(":popover-open")) this.#list.hidePopover();
    this.#box.removeAttribute("aria-activedescendant");
  }

  // Under the caret: the ink has the same words in the same places.
  #place() {
    const range = document.createRange();
    let left = this.#box.selectionStart;
    for (const walker = document.createTreeWalker(this.#ink, NodeFilter.SHOW_TEXT); walker.nextNode(); ) {
      const { length } = walker.currentNode;
      if (left <= length) {
        range.setStart(walker.currentNode, left);
        break;
      }
      left -= length;
    }
    const { left: x, bottom } = range.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#list;
    this.#list.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
    this.#list.style.top = `${bottom + height + 8 > innerHeight ? Math.max(8, bottom - height - 28) : bottom + 4}px`;
  }
}

function option(name, n) {
  const one = document.createElement("li");
  one.className = "menu-item";
  one.id = `offer-${n}`;
  one.role = "option";
  one.dataset.name = name;
  one.append(Object.assign(document.createElement("code"), { className: "var", textContent: name }));
  return one;
}

customElements.define("prompt-editor", PromptEditor);
