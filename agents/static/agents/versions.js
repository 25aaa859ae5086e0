// <agent-versions>: the list with what each version changed, the dialog that compares any two, and restoring one.
import { drawDiff } from "agents/diff.js";
import { send } from "agents/send.js";

const LONGEST_MS = 15_000;

class AgentVersions extends HTMLElement {
  connectedCallback() {
    this.editor = this.closest("agent-editor");
    const { page } = this.editor;
    if (!page.sees_words) return;
    this.addEventListener("click", ({ target }) => {
      const { restore } = target.closest("button")?.dataset ?? {};
      if (restore) this.#ask(restore);
      else if (target.closest(".vers-pick")) this.#pick(target.closest("li"));
    });
    this.compare = document.getElementById("compare");
    this.editor.querySelector('[data-act="compare"]')?.addEventListener("click", () => this.#open());
    this.compare.addEventListener("change", () => this.#beside());
    const sure = document.querySelector('#restore [data-act="restore"]');
    sure?.addEventListener("click", () => this.#restore(sure));
    this.editor.addEventListener("draft:marked", ({ detail: { changed } }) => {
      const row = this.querySelector('[data-version="draft"]');
      if (row) row.hidden = !changed.length;
    });
  }

  // What a version changed of the one before it.
  async #pick(row) {
    const to = row.dataset.version;
    const from = to === "draft" ? this.editor.page.live_number : row.nextElementSibling?.dataset.version;
    for (const one of this.querySelectorAll("[data-version]")) one === row ? one.setAttribute("aria-current", "true") : one.removeAttribute("aria-current");
    const place = this.querySelector('[data-part="diff"]');
    if (!from) drawDiff(place, [], "the first", name(to));
    else await this.#draw(place, from, to);
  }

  #open() {
    const { live_number: live } = this.editor.page;
    const part = (one) => this.compare.querySelector(`[data-part="${one}"]`);
    const isDraft = !this.editor.querySelector('[data-part="draft"]').hidden;
    const numbers = [...part("from").options].map(({ value }) => value);
    part("to").value = isDraft ? "draft" : String(live);
    part("from").value = isDraft ? String(live) : (numbers[numbers.indexOf(String(live)) + 1] ?? String(live));
    this.compare.showModal();
    this.#beside();
  }

  #beside() {
    const part = (one) => this.compare.querySelector(`[data-part="${one}"]`);
    return this.#draw(part("diff"), part("from").value, part("to").value, { beside: true });
  }

  async #draw(place, from, to, options) {
    await this.editor.draft.save();
    const asked = (this.asked = {});
    try {
      const answer = await fetch(`${this.editor.page.api}/diff?from=${from}&to=${to}`, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(LONGEST_MS) });
      if (!answer.ok) throw new Error(`diff: ${answer.status}`);
      const { changes } = await answer.json();
      const names = Object.fromEntries(this.editor.page.models.map((model) => [model.id, `${model.name}, ${model.provider}`]));
      if (asked === this.asked) drawDiff(place, changes, name(from), name(to), { ...options, names });
    } catch {
      place.replaceChildren(Object.assign(document.createElement("p"), { className: "diff-head", textContent: "The versions could not be compared. Choose again to try once more." }));
    }
  }

  #ask(number) {
    const dialog = document.getElementById("restore");
    dialog.dataset.number = number;
    dialog.querySelector('[data-part="number"]').textContent = `v${number}`;
    dialog.querySelector('[data-part="error"]').hidden = true;
    dialog.showModal();
  }

  async #restore(button) {
    const dialog = document.getElementById("restore");
    const { api, csrf } = this.editor.page;
    button.ariaDisabled = "true";
    await this.editor.draft.save();
    const said = await send(`${api}/rollback`, csrf, { number: Number(dialog.dataset.number) });
    if (!said) return location.reload();
    button.ariaDisabled = null;
    const error = dialog.querySelector('[data-part="error"]');
    error.hidden = false;
    error.querySelector("span").textContent = said;
  }
}

const name = (version) => (version === "draft" ? "draft" : `v${version}`);

customElements.define("agent-versions", AgentVersions);
