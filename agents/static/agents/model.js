// <model-chain>: which models are asked, in which order. A tier brings its own; an order of its own is moved by buttons,
// by Alt and the arrow keys, or by dragging.

class ModelChain extends HTMLElement {
  #list = this.querySelector('[data-part="chain"]');
  #order = this.querySelector('[data-part="order"]');
  #dragged = null;

  connectedCallback() {
    this.editor = this.closest("agent-editor");
    if (!this.editor.page.may_edit) return;
    this.#order.addEventListener("change", () => this.#chosen(this.#order.value));
    this.#list.addEventListener("click", ({ target }) => this.#pressed(target.closest("button")));
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    for (const kind of ["dragstart", "dragover", "dragend"]) this.#list.addEventListener(kind, (event) => this.#drag(event));
    this.querySelector('[data-part="add"] select').addEventListener("change", ({ target }) => this.#add(target));
    this.editor.addEventListener("draft:shown", ({ detail: { fields } }) => (fields.includes("chain") || fields.includes("tier")) && this.draw());
    this.draw();
  }

  draw() {
    const { chain, tier } = this.editor.draft.content;
    const isOwn = chain.length > 0;
    this.#order.value = isOwn ? "own" : tier;
    const rows = new Map([...this.#list.children].map((row) => [row.dataset.id, row]));
    const shown = this.#models().map((model, n) => this.#row(rows.get(model.id), model, n, isOwn));
    this.#list.replaceChildren(...shown);
    this.querySelector('[data-part="none"]').hidden = shown.length > 0;
    this.#drawAdd(isOwn, chain);
  }

  // Those asked, in order.
  #models() {
    const { models, fallback } = this.editor.page;
    const { chain, tier } = this.editor.draft.content;
    if (chain.length) return chain.map((id) => models.find((model) => model.id === id)).filter(Boolean);
    return (fallback[tier] ?? []).flatMap((level) => models.filter((model) => model.tier === level && model.on));
  }

  #row(row, model, n, isOwn) {
    row ??= this.querySelector('[data-blank="option"]').content.firstElementChild.cloneNode(true);
    const set = (part, text) => (row.querySelector(`[data-part="${part}"]`).textContent = text);
    row.dataset.id = model.id;
    row.draggable = isOwn;
    set("n", n + 1);
    set("tier", model.tier[0].toUpperCase() + model.tier.slice(1));
    for (const part of ["name", "provider", "first", "cost", "share"]) set(part, model[part]);
    row.querySelector('[data-part="off"]').hidden = model.on;
    row.toggleAttribute("data-now", model.now);
    row.querySelector('[data-part="now"]').hidden = !model.now;
    row.querySelector('[data-part="acts"]').hidden = !isOwn;
    for (const [act, words] of [["up", "Ask earlier"], ["down", "Ask later"], ["remove", "Take out"]]) row.querySelector(`[data-act="${act}"]`).setAttribute("aria-label", `${words}: ${model.name}`);
    return row;
  }

  #drawAdd(isOwn, chain) {
    const add = this.querySelector('[data-part="add"]');
    const rest = this.editor.page.models.filter(({ id }) => !chain.includes(id));
    add.hidden = !isOwn || !rest.length;
    add.querySelector("select").replaceChildren(new Option("Choose one", ""), ...rest.map(({ id, name, provider }) => new Option(`${name}, ${provider}`, id)));
  }

  #chosen(order) {
    if (order === "own") this.#change("chain", this.#models().map(({ id }) => id));
    else {
      this.#change("tier", order);
      this.#change("chain", []);
    }
    this.draw();
  }

  #pressed(button) {
    if (!button) return;
    const row = button.closest("li");
    const { act } = button.dataset;
    if (act === "remove") return this.#remove(row);
    this.#move(row, act === "up" ? -1 : 1);
    button.focus();
  }

  #key(event) {
    const row = event.target.closest("li");
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || !by || !row?.draggable) return;
    event.preventDefault();
    this.#move(row, by);
    event.target.focus();
  }

  #move(row, by) {
    const chain = [...this.editor.draft.content.chain];
    const from = chain.indexOf(row.dataset.id);
    const to = from + by;
    if (to < 0 || to >= chain.length) return;
    chain.splice(to, 0, ...chain.splice(from, 1));
    this.#change("chain", chain);
    this.draw();
    this.#say(`${row.querySelector('[data-part="name"]').textContent} is asked ${to + 1} of ${chain.length}.`);
  }

  #remove(row) {
    const chain = this.editor.draft.content.chain.filter((id) => id !== row.dataset.id);
    if (!chain.length) return this.#say("One model has to stay. Choose a tier to have its own order again.");
    this.#change("chain", chain);
    this.draw();
    this.#list.querySelector('[data-act="remove"]').focus();
  }

  #add(select) {
    this.#change("chain", [...this.editor.draft.content.chain, select.value]);
    this.draw();
  }

  #drag(event) {
    if (event.type === "dragstart") {
      this.#dragged = event.target.closest("li");
      event.dataTransfer.effectAllowed = "move";
      return;
    }
    if (!this.#dragged) return;
    event.preventDefault();
    if (event.type === "dragover") {
      const over = event.target.closest("li");
      if (!over || over === this.#dragged) return;
      const { top, height } = over.getBoundingClientRect();
      over[event.clientY < top + height / 2 ? "before" : "after"](this.#dragged);
      return;
    }
    this.#dragged = null;
    this.#change("chain", [...this.#list.children].map(({ dataset }) => dataset.id));
    this.draw();
  }

  #say(text) {
    this.querySelector('[data-part="say"]').textContent = text;
  }

  #change(field, value) {
    this.dispatchEvent(new CustomEvent("draft:change", { bubbles: true, detail: { field, value } }));
  }
}

customElements.define("model-chain", ModelChain);
