// <agent-list>: figures beside the agents, and making an agent or importing one.
import "calls/rows.js";
import "calls/when.js";

const EVERY_MS = 10_000;
const LONGEST_MS = 15_000;
const FEWEST = 20; // replies of which a p95 says something

class AgentList extends HTMLElement {
  connectedCallback() {
    this.page = JSON.parse(document.getElementById("agents-data").textContent);
    this.#follow();
    document.addEventListener("visibilitychange", () => !document.hidden && this.#follow());
    for (const [id, send] of [["create", (form) => this.#create(form)], ["import", (form) => this.#import(form)]]) {
      document.getElementById(id)?.addEventListener("submit", (event) => {
        if (event.submitter.value !== "yes") return;
        event.preventDefault();
        this.#send(event.target, event.submitter, send);
      });
    }
  }

  // --- Figures ---

  async #follow() {
    clearTimeout(this.timer);
    try {
      const answer = await fetch(`${this.page.api}/figures`, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(LONGEST_MS) });
      if (answer.ok) for (const figures of (await answer.json()).items) this.#fill(figures);
    } catch {
      // What stands there stays; the next look may succeed.
    }
    clearTimeout(this.timer);
    if (!document.hidden) this.timer = setTimeout(() => this.#follow(), EVERY_MS);
  }

  #fill({ agent, live, ended, without_person: alone, replies, reply_p95_ms: p95, cost_per_minute_usd: cost }) {
    const row = this.querySelector(`[data-agent="${agent}"]`);
    const set = (part, text, title) => {
      const cell = row?.querySelector(`[data-part="${part}"]`);
      if (!cell || cell.textContent === text) return;
      cell.textContent = text;
      cell.title = title;
    };
    set("live", live ? String(live) : "", "Calls now");
    set("p95", replies < FEWEST ? "—" : `${(p95 / 1000).toFixed(1)} s (${replies.toLocaleString()})`, replies < FEWEST ? `p95 needs ${FEWEST} replies, has ${replies}` : `Of ${replies} replies`);
    set("alone", ended ? `${Math.floor((alone / ended) * 100)}%` : "—", `${alone} of ${ended} calls`);
    set("cost", cost === null ? "—" : `$${Number(cost).toFixed(3)}`, "Platform and models");
  }

  // --- A new agent ---

  async #send(form, button, send) {
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    const error = form.querySelector('[data-part="error"]');
    error.hidden = true;
    try {
      location.assign(`${this.page.agent}${await send(form)}/`);
    } catch (failure) {
      error.hidden = false;
      error.querySelector("span").textContent = failure instanceof Told ? failure.message : "The server gave no answer. Try again.";
      button.ariaDisabled = null;
    }
  }

  // Its id.
  async #create({ elements }) {
    const starter = this.page.starters.find(({ key }) => key === elements.starter.value);
    const { id } = await this.#post("", { name: elements.name.value.trim(), topic: elements.topic.value.trim() });
    if (starter) await this.#post(`/${id}/draft`, { revision: 0, changes: starter.content }, "PATCH");
    return id;
  }

  async #import({ elements }) {
    let file;
    try {
      file = JSON.parse(await elements.file.files[0].text());
    } catch {
      throw new Told("This file is no JSON. Choose one that Export wrote.");
    }
    return (await this.#post("/import", file)).agent.id;
  }

  async #post(path, body, method = "POST") {
    const headers = { "content-type": "application/json", "x-csrftoken": this.page.csrf };
    const answer = await fetch(this.page.api + path, { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(LONGEST_MS) });
    const said = await answer.json();
    if (!answer.ok) throw new Told(said.error.message);
    return said;
  }
}

// What went wrong, in the server's words or ours.
class Told extends Error {}

customElements.define("agent-list", AgentList);
