// <agent-voice>: a voice by the platform's list, with a link to hear it. Where the list cannot be had, it is written.

const LONGEST_MS = 10_000;

class AgentVoice extends HTMLElement {
  #input = this.querySelector("input");
  #voices = [];

  async connectedCallback() {
    const { page } = this.closest("agent-editor");
    if (!page.may_edit || !page.voices) return;
    this.#input.addEventListener("input", () => this.#hear());
    try {
      const answer = await fetch(page.voices, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(LONGEST_MS) });
      if (!answer.ok) throw new Error(`voices: ${answer.status}`);
      this.#voices = (await answer.json()).items;
    } catch {
      this.#about("The platform’s voices could not be listed. Write one as the platform calls it.");
      return;
    }
    this.#list();
  }

  #list() {
    const list = document.createElement("datalist");
    list.id = "voices";
    list.append(...this.#voices.map(({ id, name, accent, gender }) => Object.assign(new Option([name, accent, gender].filter(Boolean).join(", "), id))));
    this.append(list);
    this.#input.setAttribute("list", list.id);
    this.#hear();
  }

  // Who it is, and how it sounds.
  #hear() {
    const voice = this.#voices.find(({ id }) => id === this.#input.value);
    const link = this.querySelector('[data-part="hear"]');
    // The platform says where: an address and nothing that a browser would run.
    const heard = voice?.preview_url?.startsWith("https://");
    link.hidden = !heard;
    if (heard) link.href = voice.preview_url;
    const unknown = this.#input.value ? "Not in the platform’s list." : `One of ${this.#voices.length} voices, or the platform’s own.`;
    this.#about(voice ? [voice.name, voice.accent, voice.gender].filter(Boolean).join(", ") : unknown);
  }

  #about(text) {
    this.querySelector('[data-part="about"]').textContent = text;
  }
}

customElements.define("agent-voice", AgentVoice);
