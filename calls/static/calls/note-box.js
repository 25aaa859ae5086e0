// Where a note is written: grows with its text, completes "@" to a colleague, and keeps what could not be sent.

const ASKS = /(?:^|\s)@([\p{L}\p{N}.-]*(?: [\p{L}\p{N}.-]*)?)$/u; // a name that is being typed, of one word or two
let boxes = 0;

export class NoteBox {
  #form;
  #input;
  #button;
  #offer;
  #mentions;
  #isChange;
  #isSending = false;
  #send;
  #leave;
  #last = {}; // what was sent last and did not arrive: sent again as it was it is the same note

  // form: of templates/calls/_note_box.html. send(text, id) → "" or why not. leave(): Escape in an empty box.
  // isChange: of a note that is there, so that its text stays in the box until it has been changed.
  constructor(form, { mentions, send, leave = () => this.#input.blur(), isChange = false }) {
    this.#form = form;
    this.#input = form.querySelector("textarea");
    this.#button = form.querySelector("button");
    this.#offer = form.querySelector("[role=listbox]");
    this.#offer.id = `note-offer-${(boxes += 1)}`;
    this.#input.setAttribute("aria-controls", this.#offer.id);
    this.#mentions = mentions;
    this.#isChange = isChange;
    this.#send = send;
    this.#leave = leave;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
    this.#input.addEventListener("blur", () => this.#close());
    this.#offer.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the box keeps the focus
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(option);
    });
  }

  get node() {
    return this.#form;
  }

  get isEmpty() {
    return !this.#input.value.trim();
  }

  get kept() {
    return this.#mentions.kept(this.#input.value.trim());
  }

  focus() {
    this.#input.focus();
  }

  fill(kept) {
    this.#input.value = this.#mentions.typed(kept);
    this.#typed();
  }

  async #submit() {
    const typed = this.#input.value.trim();
    if (!typed || this.#isSending) return;
    if (this.#isChange) return this.#change(this.kept);
    const text = this.kept;
    const id = this.#last.text === text ? this.#last.id : newId();
    this.#last = { text, id };
    this.#input.value = "";
    this.say("");
    this.#typed();
    const why = await this.#send(text, id);
    if (!why) return;
    // What has been begun meanwhile stays, behind it.
    this.#input.value = [typed, this.#input.value].filter(Boolean).join("\n\n");
    this.#typed();
    this.say(why);
  }

  async #change(text) {
    this.#isSending = true;
    this.say((await this.#send(text)) ?? "");
    this.#isSending = false;
  }

  say(why) {
    const said = this.#form.querySelector(".note-why");
    said.hidden = !why;
    said.textContent = why;
  }

  #typed() {
    this.#button.ariaDisabled = String(this.isEmpty);
    this.#form.classList.toggle("is-filled", !this.isEmpty);
    const before = this.#input.value.slice(0, this.#input.selectionStart);
    const asked = document.activeElement === this.#input && before.match(ASKS);
    const found = asked ? this.#mentions.like(asked[1]) : [];
    const isWhole = found.length === 1 && found[0].name === asked?.[1];
    if (!found.length || isWhole) return this.#close();
    this.#offer.replaceChildren(...found.map((one, n) => this.#option(one, n, asked[1].length)));
    this.#offer.hidden = false;
    this.#mark(0);
  }

  #option({ name }, n, typed) {
    const option = document.createElement("li");
    Object.assign(option, { id: `${this.#offer.id}-${n}`, className: "menu-item", role: "option", textContent: name });
    option.dataset.typed = typed;
    return option;
  }

  get #options() {
    return this.#offer.hidden ? [] : [...this.#offer.children];
  }

  #mark(n) {
    const all = this.#options;
    const one = all[(n + all.length) % all.length];
    for (const option of all) option.ariaSelected = String(option === one);
    this.#input.setAttribute("aria-activedescendant", one.id);
  }

  #choose(option) {
    const at = this.#input.selectionStart;
    const from = at - Number(option.dataset.typed);
    this.#close();
    this.#input.setRangeText(`${option.textContent} `, from, at, "end");
    this.#typed();
  }

  #close() {
    this.#offer.hidden = true;
    this.#input.removeAttribute("aria-activedescendant");
  }

  #pressed(event) {
    const all = this.#options;
    const now = all.findIndex((option) => option.ariaSelected === "true");
    const { key } = event;
    if (event.isComposing) return;
    if (key === "Enter" && (event.metaKey || event.ctrlKey)) this.#submit();
    else if (all.length && (key === "Enter" || key === "Tab")) this.#choose(all[now]);
    else if (all.length && (key === "ArrowDown" || key === "ArrowUp")) this.#mark(now + (key === "ArrowDown" ? 1 : -1));
    else if (key === "Escape" && all.length) this.#close();
    else if (key === "Escape" && this.isEmpty) this.#leave();
    else return;
    event.preventDefault();
  }
}

// A UUIDv7, so that notes are ordered by when they were written. crypto.randomUUID needs https.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let n = 0; n < 6; n += 1) bytes[n] = Math.floor(now / 2 ** (8 * (5 - n))) % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
